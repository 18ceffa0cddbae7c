// What becomes of a command: its input, its output, its exit code, and what it leaves behind.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ExecRunner } from '../../src/runner/exec.js'
import type { AttemptInput, AttemptOutcome } from '../../src/runner/runner.js'
import { attemptOf } from '../conformance/runner.js'
import { until } from '../worker/fake-master.js'
import { isAlive } from '../worker/workers.js'
import { TestControl } from './control.js'

/** A command of Linux. */
const NO_SETSID = process.platform !== 'linux'
const groups = { add: async () => {}, remove() {} }

interface Given {
  readonly control?: TestControl
  readonly killGraceMs?: number
  readonly execFinal?: readonly string[]
  readonly execOutput?: readonly string[]
  readonly attempt?: Partial<AttemptInput>
}

function run(command: string, payload: unknown = null, given: Given = {}): Promise<AttemptOutcome> {
  const { control = new TestControl(), killGraceMs = 60_000, execFinal = [], execOutput } = given
  const runner = new ExecRunner({ exec: [`x=${command}`], execFinal, execOutput, killGraceMs, groups })
  return runner.run(attemptOf('x', JSON.stringify(payload), given.attempt), control)
}

/** A command that runs a script, which finds the file at `$1`. */
const script = (text: string, file: string): string => `sh -c '${text}' sh ${file}`
const pidIn = (file: string): Promise<number> =>
  until(`a pid in ${file}`, () => (existsSync(file) ? Number(readFileSync(file, 'utf8')) || undefined : undefined))

t.test('the payload is its input where no argument takes it', async (t) => {
  t.match(await run('cat', { a: [1] }), { result: '{"a":[1]}', encoding: 'json' })
  t.match(await run('cat', null, { attempt: { payload: '/wA=', encoding: 'base64' } }), {
    result: '/wA=',
    encoding: 'base64',
  })
  t.match(await run('echo {}', null, { attempt: { payload: '/wA=', encoding: 'base64' } }), {
    ...{ kind: 'failed', final: true, error: { code: 'payload_refused', message: /is bytes/ } },
  })
  t.match(await run('true', 'x'.repeat(1_000_000)), { result: '""' }, 'it need not be read')
  t.match(await run('cat {}', '/dev/null'), { result: '""' }, 'none where an argument took it')
})

t.test('what it prints is the result: JSON, text or bytes, as it is', async (t) => {
  t.match(await run('echo {}', 'hello'), { result: '"hello\\n"', encoding: 'json' })
  t.match(await run('echo {}', ' {"a" : 12345678901234567890} '), { result: '{"a" : 12345678901234567890}' })
  t.match(await run('printf {}', '\\377'), { result: '/w==', encoding: 'base64' })
  const deep = await run(`head -c 100000 ${join(t.testdir({ deep: '['.repeat(100_000) }), 'deep')}`)
  t.match(deep, { kind: 'completed', result: /^"\[\[/ })
})

t.test('output beyond the limit is counted, and the command is not held up', async (t) => {
  t.match(await run('head -c 9000000 /dev/zero'), {
    ...{
      kind: 'failed',
      final: true,
      error: { code: 'too_large', message: /has 9000000 bytes, and the limit is 1048576/ },
    },
  })
  const quoted = await run(`head -c 600000 ${join(t.testdir({ quotes: '"'.repeat(600_000) }), 'quotes')}`)
  t.match(quoted, { error: { code: 'too_large', message: /1200002 bytes/ } }, 'as it travels')
})

t.test('how it ended is told with the end of its standard error', async (t) => {
  t.match(await run("sh -c 'echo one >&2; echo two >&2; exit 3'"), {
    ...{ kind: 'failed', final: false },
    error: { code: 'task_failed', exitCode: 3, message: 'exit code 3: one\ntwo' },
  })
  t.match(await run("sh -c 'exit 3'", null, { execFinal: ['x=3'] }), {
    ...{ final: true, error: { code: 'non_retryable', exitCode: 3, message: 'exit code 3' } },
  })
  t.match(await run("sh -c 'kill -KILL $$'", null, { execFinal: ['x=1-255'] }), {
    ...{ final: false, error: { code: 'task_failed', signal: 'SIGKILL', message: 'signal SIGKILL' } },
  })
  const long = await run("sh -c 'yes line | head -c 100000 >&2; echo the end >&2; exit 1'")
  if (long.kind !== 'failed') return t.fail(long.kind)
  t.match(long.error.message, /the end$/)
  t.ok(long.error.message.length < 5_000)
})

t.test('more arguments than the system takes are the fault of the payload', async (t) => {
  const many = Array.from({ length: 40 }, () => 'x'.repeat(100_000))
  t.match(await run('echo {}', many), { kind: 'failed', final: true, error: { code: 'too_large' } })
})

t.test('it knows its task', async (t) => {
  const told = await run(`sh -c 'echo "$DTR_TASK_ID $DTR_LEASE_ID $DTR_ATTEMPT"'`)
  t.match(told, { result: '"task-1 lease-1 1\\n"' })
})

t.test('told to end: SIGTERM, also where it is stopped; what it still prints is no result', async (t) => {
  const folder = t.testdir({})
  for (const [name, text] of [
    ['listens', 'trap "exit 0" TERM; echo $$ > "$1"; while :; do sleep 0.05; done'],
    ['stopped', 'echo $$ > "$1"; kill -STOP $$'],
  ] as const) {
    const file = join(folder, name)
    const control = new TestControl()
    const outcome = run(script(text, file), null, { control })
    await pidIn(file)
    control.abort(new Error('told to end'))
    t.match(await outcome, { kind: 'failed', error: { message: /told to end/ } })
  }
  const control = new TestControl()
  control.abort(new Error('before it began'))
  t.match(await run('sleep 600', null, { control }), { kind: 'failed', error: { signal: 'SIGTERM' } })
})

t.test('what does not listen is killed after the grace, with its grandchildren, and with nobody else', async (t) => {
  const file = join(t.testdir({}), 'pid')
  const beside = new TestControl()
  const neighbour = run('sleep 600', null, { control: beside })
  const control = new TestControl()
  const deaf = 'trap "" TERM; sleep 600 & echo $! > "$1"; wait'
  const outcome = run(script(deaf, file), null, { control, killGraceMs: 300 })
  const grandchild = await pidIn(file)
  const toldAt = performance.now()
  control.abort(new Error('told to end'))
  t.match(await outcome, { kind: 'failed', error: { signal: 'SIGKILL' } })
  t.ok(performance.now() - toldAt >= 290, 'it had its grace')
  await until('the end of the grandchild', () => !isAlive(grandchild))
  beside.abort()
  t.match(await neighbour, { error: { signal: 'SIGTERM' } }, 'the neighbour ran on until it was told as well')
})

t.test('what it leaves behind ends with it, whether it holds its output or not', async (t) => {
  const folder = t.testdir({})
  for (const [name, text] of [
    ['holds', 'sleep 600 & echo $! > "$1"; echo done'],
    ['closed', 'sleep 600 > /dev/null 2>&1 & echo $! > "$1"; echo done'],
  ] as const) {
    const file = join(folder, name)
    t.match(await run(script(text, file)), { kind: 'completed', result: '"done\\n"' }, name)
    const left = await pidIn(file)
    await until(`the end of what it left (${name})`, () => !isAlive(left))
  }
})

t.test('what has left its group and holds its output keeps no slot for long', { skip: NO_SETSID }, async (t) => {
  const file = join(t.testdir({}), 'pid')
  const outcome = await run(`setsid --fork sh -c 'echo $$ > "$1"; exec sleep 600' sh ${file}`)
  t.match(outcome, { kind: 'completed' })
  const left = await pidIn(file)
  t.ok(isAlive(left), 'nobody can know of it')
  process.kill(left, 'SIGKILL')
})

t.test('where its output is the result as it is: both streams, to the byte', async (t) => {
  const given = { execOutput: ['x'] }
  t.match(await run("sh -c 'echo 1; echo two >&2'", null, given), {
    ...{ kind: 'completed', result: '{"stdout":"1\\n","stderr":"two\\n"}', encoding: 'json' },
  })
  t.match(await run('printf {}', '\\377', given), { result: '{"stdout":"/w==","encoding":"base64","stderr":""}' })
  t.match(await run('head -c 9000000 /dev/zero', null, given), { kind: 'failed', error: { code: 'too_large' } })
})

t.test('any end of a command can be the last: an exit code, a signal, a timeout', async (t) => {
  const given = { execFinal: ['x=any'] }
  t.match(await run("sh -c 'exit 3'", null, given), { final: true, error: { exitCode: 3 } })
  t.match(await run("sh -c 'kill -KILL $$'", null, given), { final: true, error: { signal: 'SIGKILL' } })
  const control = new TestControl()
  control.abort()
  t.match(await run('sleep 600', null, { ...given, control }), { kind: 'failed', final: true })
})
