// What stands behind `:::`, the command of a map, and what its ends mean.
import t from 'tap'
import { spelledOut } from '../../src/cli/arguments.js'
import { COMMANDS } from '../../src/cli/commands.js'
import { splitInputs } from '../../src/cli/inputs.js'
import { MapJob, outputOf } from '../../src/cli/map-job.js'
import { TaskFailedError } from '../../src/client/task-end.js'
import { DtrError } from '../../src/errors.js'
import type { ErrorField } from '../../src/protocol/messages.js'

t.test('behind ::: all are inputs, whatever they look like', async (t) => {
  const typed = ['map', '--exec', 'echo {}', ':::', '-a', '--resume', '-', '', '--', ':::x']
  const spelled = spelledOut(typed, COMMANDS)
  t.notOk(
    spelled.slice(4).some((word) => word.startsWith('-')),
    'nothing that yargs would take for a flag',
  )
  t.same(splitInputs(spelled.slice(3)), { words: [], inputs: typed.slice(4) })
  t.same(splitInputs(['checksum', ':::']), { words: ['checksum'], inputs: [] })
  t.same(splitInputs(['checksum']), { words: ['checksum'], inputs: undefined })
  t.throws(() => splitInputs([':::', 'a', '\0:::', 'b']), { code: 'bad_input', message: /a second :::/ })
  t.same(spelledOut(['submit', 'echo', ':::', '-'], COMMANDS), ['submit', 'echo', ':::', '\0-'], 'of a map alone')
})

t.test('the command of an input, as a shell would read it', async (t) => {
  const job = new MapJob('echo {} {.} {/} {//} {/.} {#}')
  t.equal(job.shown('a/b c.txt', 7), `echo 'a/b c.txt' 'a/b c' 'b c.txt' a 'b c' 7`)
  t.same(job.payload('x', 7), { input: 'x', number: 7 })
  t.equal(new MapJob('echo').shown('x', 1), 'echo x', 'at the end where it has no place')
  t.equal(new MapJob('echo').payload('x', 1), 'x')
  t.equal(new MapJob('echo').type, new MapJob('echo {}').type)
  t.not(new MapJob('echo').type, new MapJob('echo -n').type)
  t.not(job.key(1), job.key(2))
  t.match(new MapJob('echo').refusal('-n', 1), /would be taken for an option/)
  t.equal(new MapJob('echo --').refusal('-n', 1), undefined)
  t.throws(() => new MapJob('no-such-command-at-all {}'), { code: 'bad_input', message: /^exec: "no-such-command/ })
})

const failed = (error: ErrorField | undefined): ReturnType<typeof outputOf> =>
  outputOf({
    index: 0,
    state: 'failed',
    error: new TaskFailedError({ id: 'x', state: 'failed', ...(error && { error }) }),
  })

t.test('what an end gives: output, exit code, signal', async (t) => {
  const result = { stdout: 'a\n', stderr: 'b' }
  t.match(outputOf({ index: 0, state: 'completed', result }), { stderr: 'b', exitCode: 0, signal: 0 })
  t.equal(outputOf({ index: 0, state: 'completed', result }).stdout.toString(), 'a\n')
  const bytes = outputOf({ index: 0, state: 'completed', result: { stdout: '/wA=', stderr: '', encoding: 'base64' } })
  t.same([...bytes.stdout], [0xff, 0])
  t.match(failed({ code: 'non_retryable', message: 'exit code 3: no', exitCode: 3 }), {
    ...{ stderr: 'exit code 3: no\n', exitCode: 3, signal: 0 },
  })
  t.match(failed({ code: 'non_retryable', message: 'signal SIGKILL', signal: 'SIGKILL' }), { exitCode: 0, signal: 9 })
  t.match(failed({ code: 'timeout', message: 'too long' }), { exitCode: -1, signal: 15 })
  t.match(failed({ code: 'lost', message: 'gone' }), { exitCode: -1, signal: 0 })
  const refused = outputOf({ index: 0, state: 'failed', error: new DtrError('too_large', 'payload: too large') })
  t.match(refused, { stderr: 'payload: too large\n', exitCode: -1, signal: 0 })
})
