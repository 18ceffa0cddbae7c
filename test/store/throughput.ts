// How fast the SQLite store applies batches, by hand: `node dist/test/store/throughput.js [folder] [batches] [bytes] [kept]`.
// Each batch submits, claims and completes 512 tasks; every commit is on disk before the next begins. With `kept` each
// batch also forgets what has ended beyond so many tasks. Of a loaded machine only the processor time says something: it is
// that of all threads, so it has in it what the way between the threads costs.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { rawMonoMs } from '../../src/clock.js'
import { openStore } from '../../src/store/open.js'
import type { Batch, Operation } from '../../src/store/store.js'

const SIZE = 512
const parent = process.argv[2] ?? tmpdir()
const batches = Number(process.argv[3] ?? 100)
const payload = JSON.stringify('x'.repeat(Number(process.argv[4] ?? 64)))

const keptMax = process.argv[5] === undefined ? undefined : Number(process.argv[5])

const folder = mkdtempSync(join(parent, 'dtr-throughput-'))
const store = await openStore({ kind: 'sqlite', folder, limits: { pendingMax: 10_000_000 } })
const newIds = () => Array.from({ length: batches * SIZE }, () => v7())
let ids = newIds()
const leases: { taskId: string; leaseId: string }[] = []

const batch = (operations: readonly Operation[], claims: Batch['claims'] = []): Batch => ({
  id: v7(),
  now: Date.now(),
  operations,
  claims,
  retried: false,
})
const submits = (n: number): Operation[] =>
  ids.slice(n * SIZE, (n + 1) * SIZE).map((id) => ({
    kind: 'submit',
    task: { id, queue: 'default', type: 'echo', payload, encoding: 'json', priority: 0, origin: 'client#1' },
  }))
const claims = (n: number): Batch['claims'] => [
  {
    routes: [{ queue: 'default', type: 'echo' }],
    offers: ids.slice(n * SIZE, (n + 1) * SIZE).map((id) => ({ leaseId: `${id}.0`, holder: `worker-${n % 5}#1` })),
  },
]
const completes = (n: number): Operation[] =>
  leases.slice(n * SIZE, (n + 1) * SIZE).map(({ taskId, leaseId }) => ({
    kind: 'settle',
    taskId,
    leaseId,
    ending: { kind: 'completed', result: payload, encoding: 'json' },
  }))

const prunes: readonly Operation[] =
  keptMax === undefined
    ? []
    : [{ kind: 'prune', completedBefore: 0, failedBefore: 0, keptMax, keptBytesMax: 2 ** 40, limit: SIZE }]

async function measure(what: string, apply: (n: number) => Promise<void>): Promise<void> {
  const began = rawMonoMs()
  const cpu = process.cpuUsage()
  let longestMs = 0
  for (let n = 0; n < batches; n += 1) {
    const from = rawMonoMs()
    await apply(n)
    longestMs = Math.max(longestMs, rawMonoMs() - from)
  }
  const seconds = (rawMonoMs() - began) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  const cpuUs = (user + system) / (batches * SIZE)
  const rate = Math.round((batches * SIZE) / seconds)
  console.log(
    `${what.padEnd(20)} ${rate} tasks/s, ${cpuUs.toFixed(1)} us of processor time a task, ` +
      `${((seconds / batches) * 1_000).toFixed(1)} ms a batch, longest ${longestMs.toFixed(0)} ms`,
  )
}

async function claim(n: number, operations: readonly Operation[]): Promise<void> {
  const outcome = await store.apply(batch(operations, claims(n)))
  leases.push(...outcome.claims.flatMap(({ grants }) => grants))
}

await measure('submit', async (n) => void (await store.apply(batch(submits(n)))))
await measure('claim', (n) => claim(n, []))
await measure('complete', async (n) => void (await store.apply(batch(completes(n)))))
ids = newIds()
leases.length = 0
await measure('all three in one', (n) => claim(n, [...submits(n), ...(n > 0 ? completes(n - 1) : []), ...prunes]))
await store.close()
rmSync(folder, { recursive: true })
