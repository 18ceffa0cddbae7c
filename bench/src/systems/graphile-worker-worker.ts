// One worker of Graphile Worker.
import { Logger, run, WorkerPreset } from 'graphile-worker'
import { sayDone, sayReady, settingsOf } from '../children.js'
import { poolOf } from '../servers/postgres.js'
import { RESULT } from '../system.js'
import type { GraphileSettings } from './graphile-worker.js'

const { url, results, concurrency } = settingsOf<GraphileSettings>()
const pool = poolOf(url)
const STORE =
  'insert into results select id, result::json from unnest($1::text[], $2::text[]) as ended (id, result) on conflict do nothing'
/** Notifications of all sessions wait for each other, so only who waits for one asks for it. */
const STORE_AND_NOTIFY = `with ended as (insert into results values ($1, $2)) select pg_notify('results', $1)`

interface Ended {
  readonly id: string
  readonly result: string
  readonly stored: (insert: Promise<unknown>) => void
}

let ended: Ended[] = []
let inserting = false

/** Resolves when it is stored: one insert is on its way, the next gathers. */
function store(id: string, result: unknown): Promise<unknown> {
  return new Promise((stored) => {
    ended.push({ id, result: JSON.stringify(result), stored })
    if (!inserting) setImmediate(insert)
    inserting = true
  })
}

async function insert(): Promise<void> {
  while (ended.length > 0) {
    const batch = ended
    ended = []
    const inserted = pool.query(STORE, [batch.map(({ id }) => id), batch.map(({ result }) => result)])
    for (const { stored } of batch) stored(inserted)
    await inserted.catch(() => {})
  }
  inserting = false
}

const runner = await run({
  preset: {
    extends: [WorkerPreset],
    worker: {
      connectionString: url,
      concurrentJobs: concurrency,
      localQueue: { size: 500 },
      completeJobBatchDelay: 0,
      failJobBatchDelay: 0,
    },
  },
  logger: new Logger(() => () => {}),
  taskList: {
    noop: async (_payload, { job }) => {
      if (results) await store(job.id, RESULT)
    },
    told: async (_payload, { job, query }) => {
      await query(STORE_AND_NOTIFY, [job.id, JSON.stringify(RESULT)])
    },
  },
})
runner.events.on('job:complete', () => sayDone(1))
sayReady()
