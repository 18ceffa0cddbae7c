// What `npm pack` gives: nothing superfluous, types that resolve, and a cluster that runs from a folder elsewhere.
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { linksOf } from '../docs/documents.js'
import { Cluster, until } from '../processes/cluster.js'
import { install, pack, ROOT, run, temporaryFolder } from './packed.js'

const folder = temporaryFolder(t)
const { tarball, files } = await pack(folder)
const offline = await install(folder, tarball)
const needsRegistry = offline === undefined ? {} : { skip: `npm could not get the dependencies: ${offline.message}` }

t.test('it holds the program, its sources and what the README links to, and nothing else', async (t) => {
  const expected = [
    /^(package\.json|README\.md|CHANGELOG\.md|CONTRIBUTING\.md|SECURITY\.md|LICENSE)$/,
    /^bin\/dtr\.js$/,
    /^dist\/src\/.*\.(js|d\.ts)(\.map)?$/,
    /^src\/.*\.(tsx?|md|proto)$/,
    /^src\/gateway\/dashboard\/(index\.html|style\.css|icon\.svg)$/,
    /^docs\/.*\.(md|svg|png|mjs)$/,
    /^bench\/(RESULTS\.md|\w+\.svg)$/,
    /^examples\/.*\.(md|ts|mjs|py|csv|service|sh)$/,
    /^examples\/sentiment\/(Makefile|package(-lock)?\.json|measured\.json|wrong\.svg)$/,
    /^deploy\/.*\.(md|json)$/,
  ]
  t.same(
    files.filter((file) => !expected.some((pattern) => pattern.test(file))),
    [],
  )
  for (const file of ['bin/dtr.js', 'dist/src/index.d.ts', 'src/protocol/PROTOCOL.md', 'LICENSE']) {
    t.ok(files.includes(file), file)
  }
  const links = files.filter((file) => file.endsWith('.md')).flatMap((file) => linksOf(file))
  t.same(
    links.filter(({ path }) => !files.some((file) => file === path || file.startsWith(`${path}/`))),
    [],
    'what its documents link to is in it',
  )
  t.notOk(files.some((file) => /(^|\/)(node_modules|logs|\.dtr|test)\//.test(file) || file.endsWith('.tsbuildinfo')))
})

t.test('every source map finds its source in it', async (t) => {
  const maps = files.filter((file) => file.endsWith('.map') && isCurrent(file))
  t.ok(maps.length > 100)
  for (const file of maps) {
    const { sources } = JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as { sources: string[] }
    const missing = sources.filter((source) => !files.includes(join(file, '..', source)))
    t.same(missing, [], file)
  }
})

/** What was compiled before its source was renamed lies about in a clone; `prepack` removes it. */
function isCurrent(file: string): boolean {
  const [, name] = /^dist\/src\/(.*)\.(js|d\.ts)\.map$/.exec(file) ?? []
  return files.includes(`src/${name}.ts`)
}

t.test('publint and Are the types wrong? are content', async (t) => {
  const publint = await run('npx', ['publint', 'run', tarball, '--strict'], { cwd: ROOT })
  t.match(publint.stdout, /All good/)
  await t.resolves(run('npx', ['attw', tarball], { cwd: ROOT }))
})

t.test('a user of TypeScript', needsRegistry, async (t) => {
  writeFileSync(join(folder, 'use.ts'), USE)
  const examples = files.filter((file) => /^examples\/.*\.ts$/.test(file))
  const isOurs = (path: string): boolean => !path.endsWith('node_modules')
  cpSync(join(ROOT, 'examples'), join(folder, 'examples'), { recursive: true, filter: isOurs })
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const strict = ['--noEmit', '--strict', '--target', 'es2023', '--lib', 'es2023']
  const kinds = [
    // Once with the types of all dependencies looked into, which takes a quarter of a minute.
    ['--module', 'nodenext', '--skipLibCheck', 'false'],
    ['--module', 'esnext', '--moduleResolution', 'bundler', '--skipLibCheck', 'true'],
  ]
  for (const kind of kinds) {
    const checked = run(process.execPath, [tsc, ...strict, ...kind, 'use.ts', ...examples], { cwd: folder })
    await t.resolves(
      checked.catch((error: { stdout: string }) => Promise.reject(new Error(error.stdout))),
      kind.join(' '),
    )
  }
})

const USE = `
import { connect, DtrError, defineTasks, NonRetryableError, startCluster, type TaskEnd } from 'dtr'

export default defineTasks({
  async greet(payload: { name: string }, ctx) {
    ctx.log(\`attempt \${ctx.attempt}\`, { key: ctx.idempotencyKey })
    if (ctx.signal.aborted) throw new NonRetryableError('too late')
    return { text: \`hello \${payload.name}\` }
  },
  slow: { timeout: '30s', retries: 1, run: (_payload, ctx) => ctx.taskId },
})

const cluster = await startCluster({ workers: 2, tasks: ['./tasks.js'], tell: (line) => console.log(line) })
const client = await connect({ data: '.dtr' })
const handle = await client.submit<{ text: string }>('greet', { name: 'Ada' }, { priority: 5, timeout: '10s' })
const { text } = await handle.result()
for await (const end of client.map<{ text: string }>('greet', [{ name: text }])) {
  console.log(end.index, end.result?.text, end.error?.code)
}
const ended: TaskEnd = await handle.ended()
// @ts-expect-error a priority is a number
await client.submit('greet', {}, { priority: 'high' })
console.log(ended.state, new DtrError('busy', 'later').retriable)
client.close()
await cluster.stop()
`

t.test('a cluster from a folder elsewhere', needsRegistry, async (t) => {
  const cluster = await Cluster.create(t, { bin: join(folder, 'node_modules/.bin/dtr') })
  const { master, first, last } = cluster.ports
  const ports = ['--port', String(master), '--worker-ports', `${first}-${last}`]
  writeFileSync(join(cluster.folder, 'one.txt'), 'one')
  const shown = await cluster.run(['start', '--workers', '2', '--exit', ...ports]).ended
  t.equal(shown.code, 0, 'the demonstration')

  writeFileSync(join(folder, 'tasks.js'), TASKS)
  const launcher = cluster.run(['start', '--workers', '2', '--tasks', join(folder, 'tasks.js'), ...ports])
  const client = await until('a master', () => cluster.client().catch(() => undefined))
  await cluster.untilReady(client, ['worker-1', 'worker-2'])
  const map = cluster.run(['map', 'greet'], '{"name":"Ada"}\n{"name":"Grace"}\n')
  t.equal((await map.ended).code, 0, map.stderr)
  t.match(map.stdout, /hello Ada/)

  writeFileSync(join(folder, 'producer.js'), PRODUCER)
  const produced = await run(process.execPath, ['producer.js', cluster.data], { cwd: folder })
  t.equal(produced.stdout, 'hello Alan\n')
  launcher.kill('SIGINT')
  t.equal((await launcher.ended).code, 0, launcher.stderr)
  t.notOk(readdirSync(folder).includes('.dtr'), 'nothing was left where it is installed')
})

const TASKS = `
import { defineTasks } from 'dtr'
export default defineTasks({ greet: ({ name }) => ({ text: 'hello ' + name }) })
`

const PRODUCER = `
import { connect } from 'dtr'
const client = await connect({ data: process.argv[2] })
const handle = await client.submit('greet', { name: 'Alan' })
console.log((await handle.result()).text)
client.close()
`
