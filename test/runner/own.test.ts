// Runners of users' own: what is wrong with one is told at the start by file, and what one gives back is checked.
import { join } from 'node:path'
import t from 'tap'
import { openRunner } from '../../src/runner/open.js'
import { attemptOf } from '../conformance/runner.js'
import { TestControl } from './control.js'

const open = (modules: string[], runners: string[]) => openRunner({ modules, builtins: false, runners, log: () => {} })

t.test('a module that is no runner is refused by file and field', async (t) => {
  const cases: readonly (readonly [text: string, message: RegExp])[] = [
    ['export const x = 1', /default export is no runner/],
    ['export default { types: [], run() {} }', /default export is no runner/],
    ['export default { types: [{ type: "a" }] }', /default export is no runner/],
    ['export default { types: ["a"], run() {} }', /types\[0\] is not an object/],
    ['export default { types: [{ type: "a" }, { type: "a b" }], run() {} }', /types\[1\]\.type is not a name/],
    ['export default { types: [{ type: "a", timeout: 1 }], run() {} }', /unknown field "timeout"; known are/],
    ['export default { types: [{ type: "a", timeoutMs: 0 }], run() {} }', /timeoutMs must be a whole number from 1/],
    ['export default { types: [{ type: "a", maxAttempts: 1001 }], run() {} }', /maxAttempts must be .* to 1000/],
    ['export default { types: [{ type: "a" }, { type: "a" }], run() {} }', /"a" is defined twice/],
    ['throw new Error("at load")', /:1:\d+: .*at load/],
  ]
  for (const [index, [text, message]] of cases.entries()) {
    const folder = t.testdir({ [`r${index}.mjs`]: text })
    await t.rejects(open([], [join(folder, `r${index}.mjs`)]), { code: 'bad_input', message }, text)
  }
  await t.rejects(open([], ['/no/such/runner.mjs']), { message: /there is no such file/ })
})

t.test('a type is served by one of them all', async (t) => {
  const folder = t.testdir({
    'tasks.mjs': 'export default { one: () => 1 }',
    'runner.mjs':
      'export default { types: [{ type: "two" }], run: async () => ({ kind: "completed", result: "2", encoding: "json" }) }',
    'other.mjs': 'export default { types: [{ type: "one" }], run() {} }',
  })
  const [tasks, runner, other] = ['tasks.mjs', 'runner.mjs', 'other.mjs'].map((file) => join(folder, file))
  const both = await open([tasks!], [runner!])
  t.same(
    both.types.map(({ type }) => type),
    ['one', 'two'],
  )
  for (const [type, result] of Object.entries({ one: '1', two: '2' })) {
    t.match(await both.run(attemptOf(type, 'null'), new TestControl()), { kind: 'completed', result })
  }
  t.same(await both.run(attemptOf('three', 'null'), new TestControl()), { kind: 'unserved' })
  await t.rejects(open([tasks!], [other!]), { message: /"one" is defined twice: in .*tasks\.mjs and in .*other\.mjs/ })
})

t.test('what it gives back is an outcome, or a final failure that says what is wrong with it', async (t) => {
  // Gives back what its payload says.
  const folder = t.testdir({
    'mirror.mjs': 'export default { types: [{ type: "mirror" }], run: async ({ payload }) => JSON.parse(payload) }',
  })
  const runner = await open([], [join(folder, 'mirror.mjs')])
  const mirror = (outcome: unknown) => runner.run(attemptOf('mirror', JSON.stringify(outcome)), new TestControl())
  const error = { code: 'task_failed', message: 'm', exitCode: 3, signal: 'SIGTERM' }
  t.same(await mirror({ kind: 'failed', error, final: false }), { kind: 'failed', error, final: false })
  t.same(await mirror({ kind: 'completed', result: 'AAE=', encoding: 'base64' }), {
    ...{ kind: 'completed', result: 'AAE=', encoding: 'base64' },
  })
  const wrong: readonly (readonly [outcome: unknown, message: RegExp])[] = [
    [null, /no kind/],
    [{ kind: 'done' }, /none of completed, failed, unserved/],
    [{ kind: 'completed', result: 1, encoding: 'json' }, /result is not a text/],
    [{ kind: 'completed', result: '1' }, /encoding is neither/],
    [{ kind: 'completed', result: '{', encoding: 'json' }, /result is not json/],
    [{ kind: 'completed', result: '*', encoding: 'base64' }, /result is not base64/],
    [{ kind: 'completed', result: '1', encoding: 'json', ballot: 1 }, /ballot is not JSON as text/],
    [{ kind: 'completed', result: '1', encoding: 'json', ballot: `"${'x'.repeat(4_095)}"` }, /longer than 4096 bytes/],
    [{ kind: 'failed', error, final: 'no' }, /final is neither true nor false/],
    [{ kind: 'failed', final: true }, /no error/],
    [{ kind: 'failed', error: { code: 'mine', message: 'm' }, final: true }, /code of its error/],
    [{ kind: 'failed', error: { code: 'task_failed' }, final: true }, /no message/],
  ]
  for (const [outcome, message] of wrong) {
    const given = { kind: 'failed', final: true, error: { code: 'non_retryable', message } }
    t.match(await mirror(outcome), given, JSON.stringify(outcome))
  }
  const long = await mirror({ kind: 'failed', error: { code: 'task_failed', message: 'x'.repeat(9_000) }, final: true })
  t.ok(long.kind === 'failed' && long.error.message.length <= 4_000)
})

t.test('what a runner keeps is JSON as text, and what was kept before comes with the attempt', async (t) => {
  const folder = t.testdir({
    'keeps.mjs': `export default { types: [{ type: 'keeps' }], async run({ payload, checkpoint }, { checkpoint: keep }) {
      await keep(JSON.parse(payload))
      return { kind: 'completed', result: checkpoint ?? 'null', encoding: 'json' }
    } }`,
  })
  const runner = await open([], [join(folder, 'keeps.mjs')])
  const control = new TestControl()
  const attempt = attemptOf('keeps', JSON.stringify('{"at":2}'), { attempt: 2, checkpoint: '{"at":1}' })
  t.match(await runner.run(attempt, control), { kind: 'completed', result: '{"at":1}' })
  t.same(control.kept, ['{"at":2}'])
  for (const wrong of ['{at', '"\ud800"', 7]) {
    const refused = await runner.run(attemptOf('keeps', JSON.stringify(wrong)), control)
    t.match(refused, { kind: 'failed', error: { message: /the checkpoint is not JSON as text/ } }, String(wrong))
  }
  t.equal(control.kept.length, 1)
})
