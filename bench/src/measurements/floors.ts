// What the machine gives at best, for comparison: lines over loopback, the same rows in SQLite, a sync of the disk.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import ndjson from 'ndjson'
import { openStore } from '../../../dist/src/store/open.js'
import { type Figure, percentile } from '../figures.js'
import { syncMs } from '../machine.js'
import { oneByOne, PAYLOAD, RESULT } from '../system.js'
import { bareWay } from './bare-way.js'

export interface FloorOptions {
  readonly runs: number
  readonly lines: number
  readonly rows: number
  /** Tasks whose bare way is gone. */
  readonly ways: number
}

const BATCH = 512
/** So many times what is measured, before: statements and checks are compiled then. */
const WARM = 5
const WAY = 'the bare way of one task: a line from client over master, store, worker, host and back, two rows written'
export const BARE_WAY = `${WAY}, p50`
export const BARE_WAY_P99 = `${WAY}, p99`
export const BARE_WAY_TOGETHER = 'the same without a thread for the store and a process for the host, p50'
export const STORE_ALONE =
  "dtr's own store alone, one task: submitted and claimed in one batch, completed in another, p50"

export async function floors({ runs, lines, rows, ways }: FloorOptions): Promise<readonly Figure[]> {
  const [single, many, pings, sqlite, sync]: [number[], number[], number[], number[], number[]] = [[], [], [], [], []]
  const [apart, apart99, together, store]: [number[], number[], number[], number[]] = [[], [], [], []]
  for (let run = 0; run < runs; run += 1) {
    single.push(await echoed(lines, 1))
    many.push(await echoed(lines, 64))
    pings.push(await pingMs(Math.ceil(lines / 20)))
    sqlite.push(lifecycles(rows))
    sync.push(syncMs() * 1_000)
    const way = await bareWay({ apart: true, count: ways })
    apart.push(percentile(way, 0.5) * 1_000)
    apart99.push(percentile(way, 0.99) * 1_000)
    together.push(percentile(await bareWay({ apart: false, count: ways }), 0.5) * 1_000)
    store.push(percentile(await storeAlone(ways), 0.5) * 1_000)
  }
  return [
    { name: 'ndjson echo over loopback, one a line', unit: 'tasks/s', values: single },
    { name: 'ndjson echo over loopback, 64 a line', unit: 'tasks/s', values: many },
    { name: 'ndjson ping-pong over loopback', unit: 'us', values: pings.map((ms) => ms * 1_000) },
    { name: `better-sqlite3 alone, batches of ${BATCH}: insert, claim, complete`, unit: 'tasks/s', values: sqlite },
    { name: 'fdatasync of 4 KiB', unit: 'us', values: sync },
    { name: BARE_WAY, unit: 'us', values: apart },
    { name: BARE_WAY_P99, unit: 'us', values: apart99 },
    { name: BARE_WAY_TOGETHER, unit: 'us', values: together },
    { name: STORE_ALONE, unit: 'us', values: store },
  ]
}

/** Both ends of the echo share this process, as a client and a master share a machine. */
async function withEcho<Value>(use: (socket: ReturnType<typeof connect>) => Promise<Value>): Promise<Value> {
  const server = createServer((socket) => {
    socket.setNoDelay(true)
    const out = ndjson.stringify()
    out.pipe(socket)
    socket.pipe(ndjson.parse()).on('data', (row) => out.write(row))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.setNoDelay(true)
  await once(socket, 'connect')
  const value = await use(socket)
  socket.destroy()
  server.close()
  await once(server, 'close')
  return value
}

/** @returns tasks a second, `size` of them in each line */
function echoed(count: number, size: number): Promise<number> {
  return withEcho(async (socket) => {
    const line = Array.from({ length: size }, () => ({ id: '01a1fea1-0000-7000-8000-000000000000', ...PAYLOAD }))
    const out = ndjson.stringify()
    out.pipe(socket)
    let back = 0
    const began = performance.now()
    const all = new Promise<void>((resolve) => {
      socket.pipe(ndjson.parse()).on('data', (row: unknown[]) => {
        back += row.length
        if (back >= count) resolve()
      })
    })
    for (let sent = 0; sent < count; sent += size) if (!out.write(line)) await once(out, 'drain')
    await all
    return (count / (performance.now() - began)) * 1_000
  })
}

function pingMs(count: number): Promise<number> {
  return withEcho(async (socket) => {
    const out = ndjson.stringify()
    out.pipe(socket)
    const back = socket.pipe(ndjson.parse())
    const began = performance.now()
    for (let n = 0; n < count; n += 1) {
      const answered = once(back, 'data')
      out.write({ n })
      await answered
    }
    return (performance.now() - began) / count
  })
}

/** Insert, claim and complete of each row, a transaction a batch, synchronous=FULL. @returns lifecycles a second */
function lifecycles(count: number): number {
  const folder = mkdtempSync(join(tmpdir(), 'dtr-bench-sqlite-'))
  const database = new Database(join(folder, 'floor.db'))
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.exec(`
    CREATE TABLE tasks (seq INTEGER PRIMARY KEY, state INTEGER NOT NULL, lease TEXT, payload TEXT NOT NULL, result TEXT);
    CREATE INDEX runnable ON tasks (seq) WHERE state = 0;
  `)
  const insert = database.prepare('INSERT INTO tasks (state, payload) VALUES (0, ?)')
  const claim = database.prepare(
    'UPDATE tasks SET state = 1, lease = ? WHERE seq = (SELECT seq FROM tasks WHERE state = 0 ORDER BY seq LIMIT 1) RETURNING seq, payload',
  )
  const complete = database.prepare('UPDATE tasks SET state = 2, result = ? WHERE seq = ? AND lease = ?')
  const [payload, result] = [JSON.stringify(PAYLOAD), JSON.stringify(RESULT)]
  const batch = database.transaction((first: number) => {
    for (let n = 0; n < BATCH; n += 1) insert.run(payload)
    for (let n = 0; n < BATCH; n += 1) claim.get(`lease-${first + n}`)
  })
  const settle = database.transaction((first: number) => {
    for (let n = 0; n < BATCH; n += 1) complete.run(result, first + n + 1, `lease-${first + n}`)
  })
  const began = performance.now()
  let done = 0
  for (; done < count; done += BATCH) {
    batch(done)
    settle(done)
  }
  const rate = (done / (performance.now() - began)) * 1_000
  database.close()
  rmSync(folder, { recursive: true })
  return rate
}

/** What of a task is the store's: its thread, its checks, rows and commits. @returns how long each took, in milliseconds */
async function storeAlone(count: number): Promise<readonly number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'dtr-bench-store-'))
  const store = await openStore({ kind: 'sqlite', folder, limits: { pendingMax: 1_000 } })
  const [holder, encoding, retried] = ['worker-1#1', 'json', false] as const
  const [payload, result] = [JSON.stringify(PAYLOAD), JSON.stringify(RESULT)]
  const routes = [{ queue: 'default', type: 'noop' }]
  let n = 0
  const one = async (): Promise<void> => {
    n += 1
    const taskId = `01a1fea1-0000-7000-8000-${String(n).padStart(12, '0')}`
    const leaseId = `batch-${n}.0`
    const task = { id: taskId, queue: 'default', type: 'noop', payload, encoding, priority: 0 }
    const taken = await store.apply({
      ...{ id: `batch-${n}`, now: Date.now(), retried, operations: [{ kind: 'submit', task }] },
      claims: [{ routes, offers: [{ leaseId, holder }] }],
    })
    if (taken.claims[0]?.grants.length !== 1) throw new Error('a task was not granted')
    const ending = { kind: 'completed', result, encoding } as const
    await store.apply({
      ...{ id: `done-${n}`, now: Date.now(), retried, claims: [] },
      operations: [{ kind: 'settle', taskId, leaseId, holder, ending }],
    })
  }
  await oneByOne(WARM * count, one)
  const took = await oneByOne(count, one)
  await store.close()
  rmSync(folder, { recursive: true })
  return took
}
