// What is the function runner's own: what functions may throw and return, schemas, and what a task is told.

import t from 'tap'
import Type from 'typebox'
import type { LogEntry } from '../../src/log.js'
import { PAYLOAD_BYTES_MAX, CHECKPOINT_BYTES_MAX as WIRE_CHECKPOINT_BYTES_MAX } from '../../src/protocol/messages.js'
import { FunctionRunner } from '../../src/runner/function.js'
import {
  type AttemptInput,
  type AttemptOutcome,
  CHECKPOINT_BYTES_MAX,
  RESULT_BYTES_MAX,
} from '../../src/runner/runner.js'
import { BALLOT_BYTES_MAX } from '../../src/task/ballot.js'
import type { TaskContext } from '../../src/task/context.js'
import { checkTasks, type TaskDefinition } from '../../src/task/define.js'
import { attemptOf } from '../conformance/runner.js'
import { TestControl } from './control.js'

const control = new TestControl()

function runnerOf(definition: TaskDefinition, lines: LogEntry[] = []): Promise<FunctionRunner> {
  return FunctionRunner.open(checkTasks({ task: definition }, 'the test'), (_attempt, entry) => lines.push(entry))
}

async function runOnce(
  definition: TaskDefinition,
  payload = 'null',
  given?: Partial<AttemptInput>,
): Promise<AttemptOutcome> {
  return (await runnerOf(definition)).run(attemptOf('task', payload, given), control)
}

t.test('a result fits where a payload fits, and a checkpoint into the wire', async (t) => {
  t.equal(RESULT_BYTES_MAX, PAYLOAD_BYTES_MAX)
  t.equal(CHECKPOINT_BYTES_MAX, WIRE_CHECKPOINT_BYTES_MAX)
})

t.test('a task is told what it needs to make its side effects safe', async (t) => {
  let seen: TaskContext | undefined
  const lines: LogEntry[] = []
  const runner = await runnerOf((_payload, ctx) => {
    seen = ctx
    ctx.log('begun')
    ctx.log.warn('look', { at: 1 })
  }, lines)
  await runner.run(attemptOf('task', '1', { attempt: 3, meta: '{"by":"me"}' }), control)
  t.match(seen, { taskId: 'task-1', idempotencyKey: 'task-1', leaseId: 'lease-1', attempt: 3, maxAttempts: 5 })
  t.match(seen, { type: 'task', queue: 'default', meta: '{"by":"me"}' })
  t.equal(seen?.signal, control.signal)
  t.same(lines, [
    { level: 'info', text: 'begun' },
    { level: 'warn', text: 'look', fields: { at: 1 } },
  ])
})

t.test('whatever is thrown becomes a bounded error', async (t) => {
  const hostile = {
    toString() {
      throw new Error('no')
    },
    toJSON() {
      throw new Error('no')
    },
  }
  const monster = new Error('x'.repeat(100_000))
  monster.stack = '\ud800'.repeat(100_000)
  const getter = Object.defineProperty(new Error(), 'message', {
    get() {
      throw new Error('no')
    },
  })
  const own = new Error('itself')
  own.cause = own
  const loop = new Error('round', { cause: new Error('and') })
  Object.assign(loop.cause as Error, { cause: loop })
  const badCause = Object.defineProperty(new Error('plain'), 'cause', {
    get() {
      throw new Error('no')
    },
  })
  const refused = new AggregateError([new Error('connect ::1'), new Error('connect 127.0.0.1')])
  const thrown: [unknown, RegExp][] = [
    [undefined, /thrown: undefined/],
    [null, /thrown: null/],
    ['just text', /^just text$/],
    [{ code: 7 }, /thrown: {"code":7}/],
    [Symbol('s'), /Symbol\(s\)/],
    [hostile, /cannot be shown/],
    [getter, /cannot be shown/],
    [monster, /^x+\.\.\.$/],
    [new TypeError('wrong'), /^TypeError: wrong$/],
    [new Error(), /^Error$/],
    [
      new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') }),
      /^TypeError: fetch failed \(caused by ECONN\w+\)$/,
    ],
    [new Error('why: gone', { cause: new TypeError('gone') }), /^why: gone$/],
    [
      new Error('a', { cause: refused }),
      /^a \(caused by AggregateError \(caused by connect ::1; connect 127\.0\.0\.1\)\)$/,
    ],
    [new Error('a', { cause: 'text' }), /^a \(caused by text\)$/],
    [own, /^itself$/],
    [loop, /^round \(caused by and \(caused by round \(caused by and\)\)\)$/],
    [badCause, /^plain$/],
  ]
  for (const [what, message] of thrown) {
    const outcome = await runOnce(() => {
      throw what
    })
    if (outcome.kind !== 'failed') return t.fail('did not fail')
    t.match(outcome.error.message, message)
    t.ok(outcome.error.message.length <= 4_000)
    t.ok((outcome.error.stack ?? '').length <= 8_000)
    t.equal(Buffer.from(JSON.stringify(outcome)).toString(), JSON.stringify(outcome), 'it is text')
  }
})

t.test('results that cannot be written are final', async (t) => {
  const circle: { self?: unknown } = {}
  circle.self = circle
  for (const result of [circle, 10n, { toJSON: () => 10n }, () => 1, Symbol('s')]) {
    t.match(await runOnce(() => result), { kind: 'failed', final: true, error: { code: 'non_retryable' } })
  }
  t.match(await runOnce(() => undefined), { kind: 'completed', result: 'null' })
  t.match(await runOnce(() => Buffer.alloc(0)), { kind: 'completed', result: '', encoding: 'base64' })
})

t.test('the limit of a result is one of bytes', async (t) => {
  t.match(await runOnce(() => 'x'.repeat(RESULT_BYTES_MAX - 2)), { kind: 'completed' })
  t.match(await runOnce(() => 'ä'.repeat(RESULT_BYTES_MAX / 2)), { kind: 'failed', error: { code: 'too_large' } })
})

t.test('a ballot is asked of its code where the attempt asks for one, and nowhere else', async (t) => {
  const asked = { ballot: true }
  let calls = 0
  const task = {
    run: async () => ({ text: 'A', at: Math.random() }),
    ballot: async ({ text }: { text: string }) => {
      calls += 1
      return { text: text.toLowerCase() }
    },
  }
  t.match(await runOnce(task, 'null', asked), { kind: 'completed', result: /"at"/, ballot: '{"text":"a"}' })
  t.notOk('ballot' in (await runOnce(task)))
  t.equal(calls, 1)
  const votes = (ballot: (result: unknown) => unknown) => runOnce({ run: () => 1, ballot }, 'null', asked)
  t.match(await votes(() => 'x'.repeat(BALLOT_BYTES_MAX - 2)), { kind: 'completed' })
  t.match(await votes(() => 'ä'.repeat(BALLOT_BYTES_MAX / 2)), {
    ...{ kind: 'failed', final: true },
    error: { code: 'too_large', message: 'the ballot has 4098 bytes, and the limit is 4096: give a hash of it' },
  })
  for (const none of [undefined, 10n, () => 1]) {
    t.match(await votes(() => none), {
      ...{ kind: 'failed', final: true },
      error: { code: 'non_retryable', message: /^the ballot/ },
    })
  }
  const broken = await votes(() => {
    throw new Error('no idea')
  })
  t.match(broken, { kind: 'failed', final: false, error: { code: 'task_failed', message: 'no idea' } })
  let ran = false
  const without = await runOnce(() => (ran = true), 'null', asked)
  t.match(without, { kind: 'failed', final: true, error: { message: /"task" gives no ballot as JSON/ } })
  t.notOk(ran, 'that nothing can be made of it is known before')
})

t.test('bytes arrive as bytes, and a payload that is not JSON is refused', async (t) => {
  const length = (payload: unknown) => (payload as Buffer).length
  t.match(await runOnce(length, 'AP8B', { encoding: 'base64' }), { kind: 'completed', result: '3' })
  t.match(await runOnce(length, '{'), {
    kind: 'failed',
    final: true,
    error: { code: 'payload_refused', message: /not JSON/ },
  })
})

t.test('a schema refuses with the name of the field (P12)', async (t) => {
  const run = (payload: unknown) => payload
  const plain = {
    type: 'object',
    required: ['size'],
    properties: { size: { type: 'object', properties: { width: { type: 'integer' } } } },
  }
  const typebox = Type.Object({ size: Type.Object({ width: Type.Integer() }) })
  for (const schema of [plain, typebox]) {
    const refused = await runOnce({ run, schema }, '{"size":{"width":"5"}}')
    t.match(refused, { kind: 'failed', final: true, error: { code: 'payload_refused', message: /size\.width/ } })
    t.match(await runOnce({ run, schema }, '{"size":{"width":5}}'), { kind: 'completed' })
    t.match(await runOnce({ run, schema }, '{}'), { kind: 'failed', error: { message: /size/ } })
  }
})

t.test('a schema with `~standard` does as well, sync or not, and may change the payload', async (t) => {
  const standard = (wait: boolean) => ({
    '~standard': {
      version: 1,
      vendor: 'test',
      validate(value: unknown) {
        const ok = { value: { doubled: Number(value) * 2 } }
        const refused = { issues: [{ message: 'is no number', path: ['a', { key: 0 }] }] }
        const result = typeof value === 'number' ? ok : refused
        return wait ? Promise.resolve(result) : result
      },
    },
  })
  for (const wait of [false, true]) {
    const schema = standard(wait)
    t.match(await runOnce({ run: (payload) => payload, schema }, '4'), { kind: 'completed', result: '{"doubled":8}' })
    t.match(await runOnce({ run: (payload) => payload, schema }, '"x"'), {
      error: { code: 'payload_refused', message: /a\.0 is no number/ },
    })
  }
})

t.test('the defaults of a type are told', async (t) => {
  const { types } = await runnerOf({ run: () => 1, timeout: '2s', retries: 1 })
  t.same(types, [{ type: 'task', timeoutMs: 2_000, maxAttempts: 2 }])
})

t.test('a task keeps what JSON can say, and is told what was kept last', async (t) => {
  const control = new TestControl()
  const seen: unknown[] = []
  const runner = await runnerOf(async (payload, ctx) => {
    seen.push(ctx.lastCheckpoint)
    const { checkpoint } = ctx
    await checkpoint(payload)
  })
  await runner.run(attemptOf('task', '{"at":2}', { checkpoint: '{"at":1}' }), control)
  await runner.run(attemptOf('task', 'null'), control)
  t.same(seen, [{ at: 1 }, undefined])
  t.same(control.kept, ['{"at":2}', 'null'])
})

t.test('a checkpoint that JSON cannot say is a mistake of the code, told at once', async (t) => {
  const circle: Record<string, unknown> = {}
  circle.self = circle
  for (const value of [undefined, () => {}, 1n, circle]) {
    const outcome = await runOnce((_payload, ctx) => void ctx.checkpoint(value))
    t.match(outcome, { kind: 'failed', final: false, error: { message: /^DtrError: the checkpoint / } }, typeof value)
  }
})
