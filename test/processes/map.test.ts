// `dtr map` over real files, through the death of two workers and of the master: exactly what sha256sum gives.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { Cluster, until } from './cluster.js'

interface Line {
  readonly index: number
  readonly id: string
  readonly state: string
  readonly result?: { path: string; sha256: string; bytes: number; lines: number }
  readonly error?: { message: string }
}

const parse = (text: string): Line[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)

function someFiles(count: number): string[] {
  const modules = resolve(import.meta.dirname, '../../../node_modules')
  const found: string[] = []
  for (const name of readdirSync(modules, { recursive: true, encoding: 'utf8' })) {
    const file = join(modules, name)
    if (statSync(file, { throwIfNoEntry: false })?.isFile() === true) found.push(file)
    if (found.length === count) break
  }
  return found
}

t.test('checksums of real files, two workers and the master killed on the way', async (t) => {
  const cluster = await Cluster.create(t, { tasks: [] })
  const { master, workers } = await cluster.start(5, ['--builtins'])
  const files = someFiles(3_000)
  const map = cluster.run(['map', 'checksum', '--lines', '--data', cluster.data], `${files.join('\n')}\n`)
  const lines = (): number => map.stdout.split('\n').length - 1
  await until('a first part', () => lines() > 300)
  workers[0]!.kill()
  await until('a second part', () => lines() > 800)
  master.kill()
  await master.ended
  workers[1]!.kill()
  await cluster.master()
  const { code } = await map.ended
  t.equal(code, 0, map.stderr)
  const results = parse(map.stdout)
  t.equal(results.length, files.length)
  t.same(
    results.map(({ index }) => index).sort((a, b) => a - b),
    files.map((_, index) => index),
  )
  for (const { index, result } of results) {
    const bytes = readFileSync(files[index]!)
    const expected = createHash('sha256').update(bytes).digest('hex')
    if (result?.sha256 !== expected || result.bytes !== bytes.length) t.fail(`${files[index]} differs`)
  }
})

t.test('--ordered gives the order of the input; a failed task is in the output and in the code', async (t) => {
  const cluster = await Cluster.create(t)
  await cluster.start(2)
  const inputs = Array.from({ length: 50 }, (_, index) => ({
    key: String(index),
    ms: (50 - index) % 7,
    witness: cluster.witnessFile,
  }))
  const ordered = cluster.run(['map', 'work', '--ordered'], inputs.map((input) => JSON.stringify(input)).join('\n'))
  t.equal((await ordered.ended).code, 0, ordered.stderr)
  t.same(
    parse(ordered.stdout).map(({ index }) => index),
    inputs.map((_, index) => index),
  )
  const failing = cluster.run(['map', 'fails', '--retries', '0'], JSON.stringify(inputs[0]))
  t.equal((await failing.ended).code, 1)
  t.match(parse(failing.stdout), [{ index: 0, state: 'failed', error: { message: /fails as asked/ } }])
})

t.test('Ctrl-C cancels what has not run and exits with 130', async (t) => {
  const cluster = await Cluster.create(t)
  const { client } = await cluster.start(1)
  const { gate } = cluster.gate()
  const payload = { witness: cluster.witnessFile, ms: 0 }
  // All but the first are as long as nobody opens the gate.
  const inputs = Array.from({ length: 200 }, (_, key) => ({ ...payload, key: `${key}`, ...(key > 0 && { gate }) }))
  const map = cluster.run(['map', 'work'], inputs.map((input) => JSON.stringify(input)).join('\n'))
  await until('a first result', () => parse(map.stdout).length > 0)
  map.kill('SIGINT')
  t.equal((await map.ended).code, 130)
  const count = async (state: string): Promise<number> =>
    (await client.status()).counts.filter((of) => of.state === state).reduce((sum, of) => sum + of.count, 0)
  t.equal(await count('pending'), 0)
  // What ran is cancelled when its code has ended.
  await until('nothing to run any more', async () => (await count('running')) === 0)
  t.equal(await count('cancelled'), 199)
})
