// New code under running work: dtr reload, with real processes.
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Cluster, until } from './cluster.js'

/** A module whose tasks say which edition of it they are; `slow` runs until the file `go` is there. */
function edition(name: string): string {
  return `
import { existsSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
const edition: string = '${name}'
export default {
  which: () => edition,
  async slow({ begun, go }: { begun: string; go: string }) {
    const { writeFileSync } = await import('node:fs')
    writeFileSync(begun, '')
    while (!existsSync(go)) await setTimeout(20)
    return edition
  },
}`
}

t.test('a task runs across a reload in the old code, new ones meet the new code', async (t) => {
  const cluster = await Cluster.create(t, { tasks: ['./tasks.ts'] })
  const module = join(cluster.folder, 'tasks.ts')
  const [begun, go] = [join(cluster.folder, 'begun'), join(cluster.folder, 'go')]
  writeFileSync(module, edition('first'))
  const { client } = await cluster.start(2, ['--slots', '2'])
  const slow = await client.submit('slow', { begun, go })
  await until('the slow task to begin', () => existsSync(begun))

  writeFileSync(module, edition('second'))
  const reload = cluster.run(['reload', '--data', cluster.data])
  t.equal((await reload.ended).code, 0, reload.stderr)
  t.same(reload.stdout.trim().split('\n').sort(), ['w1  reloaded', 'w2  reloaded'])
  for (let index = 0; index < 4; index += 1) {
    t.equal(await (await client.submit('which')).result(), 'second')
  }
  writeFileSync(go, '')
  t.equal(await slow.result(), 'first', 'what ran was not disturbed')
  const [found] = await client.get([slow.id])
  t.equal(found?.attempt, 1)

  writeFileSync(module, `${edition('third')}\nconst a = = 1`)
  const broken = cluster.run(['reload', '--data', cluster.data])
  t.equal((await broken.ended).code, 1)
  t.match(broken.stdout, /^w[12] {2}refused: \.\/tasks\.ts:14:11: .*\n$/, 'it stops at the first, and names the line')
  t.equal(await (await client.submit('which')).result(), 'second', 'the old code stays in service')

  writeFileSync(module, edition('fourth'))
  const mended = cluster.run(['reload', '--data', cluster.data, '--json'])
  t.equal((await mended.ended).code, 0, mended.stderr)
  t.equal(await (await client.submit('which')).result(), 'fourth')
})

t.test('a module that cannot be loaded: nothing starts, exit code 2', async (t) => {
  const cluster = await Cluster.create(t)
  writeFileSync(join(cluster.folder, 'broken.ts'), 'const a: number = 1\nconst b = = 2\n')
  const { master, first, last } = cluster.ports
  const ports = ['--port', String(master), '--worker-ports', `${first}-${last}`]
  const start = cluster.run(['start', '--tasks', './broken.ts', '--data', cluster.data, ...ports])
  t.equal((await start.ended).code, 2)
  t.equal(start.stderr, 'dtr: ./broken.ts:2:11: Unexpected "="\n')
  t.same(cluster.records(), [])
})

t.test(
  'start --watch: a save is enough, what runs finishes in the old code, a broken save changes nothing',
  async (t) => {
    const cluster = await Cluster.create(t)
    const module = join(cluster.folder, 'tasks.ts')
    const [begun, go] = [join(cluster.folder, 'begun'), join(cluster.folder, 'go')]
    writeFileSync(module, edition('first'))
    const { master, first, last } = cluster.ports
    const ports = ['--port', String(master), '--worker-ports', `${first}-${last}`, '--logs', cluster.logs]
    const start = cluster.run(['start', '--watch', '--tasks', './tasks.ts', '--workers', '2', '--slots', '2', ...ports])
    const client = await until('a master', () => cluster.client().catch(() => undefined))
    await cluster.untilReady(client, ['worker-1', 'worker-2'])
    const which = async (): Promise<unknown> => (await client.submit('which')).result()
    const told = (pattern: RegExp): Promise<unknown> =>
      until(`${pattern} on its terminal`, () => pattern.test(start.stderr))
    t.equal(await which(), 'first')
    const slow = await client.submit('slow', { begun, go })
    await until('the slow task to begin', () => existsSync(begun))

    writeFileSync(module, edition('second'))
    await until('the new code', async () => (await which()) === 'second')
    await told(/worker-\d.*: loaded its tasks anew/)
    writeFileSync(go, '')
    t.equal(await slow.result(), 'first', 'what ran was not disturbed')
    const [found] = await client.get([slow.id])
    t.equal(found?.attempt, 1)

    writeFileSync(module, `${edition('third')}\nconst a = = 1`)
    await told(/worker-\d.*: goes on with the old tasks: \.\/tasks\.ts:14:11: /)
    t.equal(await which(), 'second', 'the old code stays in service')

    writeFileSync(module, edition('fourth'))
    await until('the mended code', async () => (await which()) === 'fourth')
    start.kill('SIGINT')
    t.equal((await start.ended).code, 0, start.stderr)
  },
)
