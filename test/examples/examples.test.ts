// The examples do what examples/README.md says, in a cluster of real processes.
import { createHash } from 'node:crypto'
import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { ROOT, run } from '../package/packed.js'
import { Cluster } from '../processes/cluster.js'

const EXAMPLES = join(ROOT, 'examples')
const TSX = join(ROOT, 'node_modules/tsx/dist/cli.mjs')
const MODULES = ['checksums', 'totals', 'words', 'mail-once'].map((name) => join(EXAMPLES, name, 'tasks.ts'))

t.test('tasks of the examples', async (t) => {
  const cluster = await Cluster.create(t, { tasks: MODULES, environment: { DIE_AFTER_SENDING: '1' } })
  cpSync(join(EXAMPLES, 'totals/orders.csv'), join(cluster.folder, 'orders.csv'))
  const { client } = await cluster.start(2)

  t.test('checksums', async (t) => {
    const map = cluster.run(['map', 'sha256', '--lines'], 'orders.csv\n')
    t.equal((await map.ended).code, 0, map.stderr)
    const sha256 = createHash('sha256')
      .update(readFileSync(join(cluster.folder, 'orders.csv')))
      .digest('hex')
    t.match(JSON.parse(map.stdout), { state: 'completed', result: { file: 'orders.csv', sha256 } })
  })

  t.test('totals', async (t) => {
    const good = await client.submit('totals', { file: 'orders.csv', column: 'amount' })
    t.same(await good.result(), { rows: 3, total: 100 })
    const noColumn = await client.submit('totals', { file: 'orders.csv', column: 'size' })
    await t.rejects(noColumn.result(), { code: 'non_retryable', message: /has no column size/ })
    const wrong = await client.submit('totals', { file: 'orders.csv' })
    await t.rejects(wrong.result(), { code: 'payload_refused', message: /column/ })
  })

  t.test('words', async (t) => {
    const text = resolve(EXAMPLES, 'README.md')
    const { stdout } = await run(process.execPath, [TSX, join(EXAMPLES, 'words/producer.ts'), text, text], {
      cwd: cluster.folder,
    })
    t.equal(stdout.trim().split('\n').length, 10)
    t.match(stdout, /^ +\d+ tasks$/m)
  })

  t.test('mail-once: sent once, though its first attempt dies after sending', async (t) => {
    const letter = await client.submit('letter', { to: 'ada@example.org', text: 'Hello' })
    t.same(await letter.result(), { sent: 'before' })
    const [sent, ...more] = readdirSync(join(cluster.folder, 'outbox'))
    t.same(more, [])
    t.match(readFileSync(join(cluster.folder, 'outbox', sent!), 'utf8'), 'ada@example.org')
  })
})

t.test('testing: the tests of the example are green', async (t) => {
  const { stdout } = await run(process.execPath, [TSX, '--test', '--test-reporter', 'tap', 'testing/greet.test.ts'], {
    cwd: EXAMPLES,
    env: withoutHooks(),
  })
  t.match(stdout, /^# pass 2$/m)
})

/** What the test runner gave this process would make the inner one report to it. */
function withoutHooks(): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _context, TAP: _tap, ...rest } = process.env
  return rest
}
