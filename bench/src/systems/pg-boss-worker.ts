// One worker of pg-boss.
import { setTimeout as pause } from 'node:timers/promises'
import PgBoss from 'pg-boss'
import { sayDone, sayReady, settingsOf } from '../children.js'
import { type PAYLOAD, RESULT } from '../system.js'
import type { PgBossSettings } from './pg-boss.js'

/** Where nothing is there to do. */
const IDLE_MS = 5

const { url, queue, batch } = settingsOf<PgBossSettings>()
const boss = new PgBoss({ connectionString: url, supervise: false, schedule: false })
boss.on('error', (error) => console.error(error))
await boss.start()
sayReady()
for (;;) {
  const jobs = await boss.fetch<typeof PAYLOAD>(queue, { batchSize: batch })
  if (jobs.length === 0) {
    await pause(IDLE_MS)
    continue
  }
  // Its types know the result of one job alone; what it stores, with many, is that of each.
  await boss.complete(queue, jobs.map(({ id }) => id) as unknown as string, RESULT)
  sayDone(jobs.length)
}
