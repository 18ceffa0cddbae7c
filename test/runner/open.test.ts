// Task modules: which are taken, from anywhere, and what is told of those that are not. Builtins.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { openRunner } from '../../src/runner/open.js'
import { attemptOf } from '../conformance/runner.js'
import { TestControl } from './control.js'

const log = () => {}
const control = new TestControl()

t.test('modules in every form', async (t) => {
  const folder = t.testdir({
    'plain.mjs': 'export default { one: () => 1, two: { run: () => 2, retries: 1 } }',
    'common.cjs': 'module.exports = { three: async () => 3 }',
    'compiled.cjs': 'exports.__esModule = true; exports.default = { four: () => 4 }',
  })
  const modules = ['plain.mjs', 'common.cjs', 'compiled.cjs'].map((file) => join(folder, file))
  const runner = await openRunner({ modules, builtins: false, log })
  t.same(
    runner.types.map(({ type }) => type),
    ['one', 'two', 'three', 'four'],
  )
  t.match(await runner.run(attemptOf('four', 'null'), control), { kind: 'completed', result: '4' })
})

t.test('a module may import or require dtr from a folder where it is not installed', async (t) => {
  const body = 'module.exports = defineTasks({ hello: () => { throw new NonRetryableError("by name") } })'
  const folder = t.testdir({
    'esm.mjs': 'import { defineTasks } from "dtr"; export default defineTasks({ greet: () => "hi" })',
    'common.cjs': `const { defineTasks, NonRetryableError } = require("dtr"); ${body}`,
  })
  // In a process of its own: how names are resolved is the process's.
  const open = fileURLToPath(new URL('../../src/runner/open.js', import.meta.url))
  const modules = JSON.stringify(['esm.mjs', 'common.cjs'].map((file) => join(folder, file)))
  const script = `
    import { openRunner } from ${JSON.stringify(open)}
    const runner = await openRunner({ modules: ${modules}, builtins: false, log() {} })
    const attempt = { taskId: 't', leaseId: 'l', type: 'hello', queue: 'default', payload: '1', encoding: 'json', attempt: 1, maxAttempts: 1 }
    console.log(JSON.stringify([runner.types, await runner.run(attempt, new AbortController())]))
    process.exit()`
  const ran = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  t.equal(ran.stderr, '')
  t.match(JSON.parse(ran.stdout), [[{ type: 'greet' }, { type: 'hello' }], { kind: 'failed', final: true }])
})

t.test('which types there are is known across modules', async (t) => {
  const folder = t.testdir({
    'a.mjs': 'export default { same: () => 1 }',
    'b.mjs': 'export default { same: () => 2, echo: () => 3 }',
  })
  const open = (files: string[], builtins = false) =>
    openRunner({ modules: files.map((file) => join(folder, file)), builtins, log })
  await t.rejects(open(['a.mjs', 'b.mjs']), {
    code: 'bad_input',
    message: /"same" is defined twice: in .*a\.mjs and in .*b\.mjs/,
  })
  await t.rejects(open(['b.mjs'], true), {
    code: 'bad_input',
    message: /"echo" is defined twice: in the built-in tasks and in .*b\.mjs/,
  })
})

t.test('the built-in tasks', async (t) => {
  const runner = await openRunner({ modules: [], builtins: true, log })
  const run = (type: string, payload: unknown, attempt = 1) =>
    runner.run(attemptOf(type, JSON.stringify(payload), { attempt }), control)
  t.same(runner.types.map(({ type }) => type).sort(), ['checksum', 'echo', 'flaky', 'primes', 'sentiment', 'sleep'])

  const text = 'one\ntwo\n\nfour without an end'
  const path = join(t.testdir({ file: text }), 'file')
  const sha256 = createHash('sha256').update(text).digest('hex')
  const result = JSON.stringify({ path, sha256, bytes: text.length, lines: 3 })
  t.match(await run('checksum', path), { kind: 'completed', result })
  t.match(await run('checksum', { path }), { kind: 'completed', result })
  t.match(await run('checksum', join(path, 'no')), { kind: 'failed', final: true, error: { code: 'non_retryable' } })
  t.match(await run('checksum', '/'), { kind: 'failed', final: true })
  t.match(await run('checksum', { file: path }), { kind: 'failed', final: true, error: { code: 'payload_refused' } })

  t.match(await run('echo', { a: [1] }), { kind: 'completed', result: '{"a":[1]}' })
  t.match(await run('sleep', { ms: 1 }), { kind: 'completed', result: '{"ms":1}' })
  t.match(await run('sleep', { ms: -1 }), { error: { code: 'payload_refused', message: /ms/ } })
  t.match(await run('primes', { below: 100 }), { result: '{"below":100,"count":25,"largest":97}' })
  t.match(await run('primes', { below: 2 }), { result: '{"below":2,"count":0,"largest":null}' })
  t.match(await run('flaky', { failures: 2 }, 2), { kind: 'failed', final: false })
  t.match(await run('flaky', { failures: 2 }, 3), { kind: 'completed', result: '{"attempts":3}' })
})
