// A thousand workers lose their connections at the same moment and come back at the same moment.
import { rawMonoMs } from '../../clock.js'
import type { Drill } from '../drill.js'
import { FakeWorker } from '../fake-workers.js'
import { needs } from '../needs.js'
import { nobodyBlamed, within } from '../verdicts.js'

const WORKERS = 1_000
const WORKERS_QUICK = 300
/** P26. */
const AT_WORK_MS_MAX = 10_000
const TASK_MS = 2_000

export const reconnectBurst: Drill = {
  name: 'reconnect-burst',
  promises: ['P1', 'P6', 'P8', 'P9', 'P17', 'P26'],
  summary: `${WORKERS} workers (--quick: ${WORKERS_QUICK}; fakes that speak the protocol) reconnect at once`,
  needs: [needs.proc],
  async run(stage) {
    const { cluster } = await stage.start({ workers: 0, slots: 1, realTimers: true })
    const count = stage.quick ? WORKERS_QUICK : WORKERS
    const options = { port: stage.settings.port, key: cluster.key, heartbeatMs: stage.settings.heartbeat }
    const fakes = Array.from({ length: count }, (_, index) => new FakeWorker(`fake-${index + 1}`, options))
    const runs = fakes.map((fake) => fake.run())
    stage.onEnd(async () => {
      for (const fake of fakes) fake.end()
      await Promise.all(runs)
    })
    await stage.until('all to be welcomed', () => fakes.every(({ welcomedMs }) => welcomedMs !== undefined))
    stage.saw(`${count} workers have dialled in`)
    await stage.submit(3 * count, { ms: TASK_MS })
    await stage.until('all to be at work', () => fakes.every(({ startedMs }) => startedMs !== undefined))
    const atMs = stage.inject(`the connections of all ${count} workers are cut`, () => {
      for (const fake of fakes) fake.cut()
    })
    await stage.until('all to be back', () => fakes.every(({ welcomedMs }) => welcomedMs !== undefined))
    const backMs = rawMonoMs() - atMs
    stage.heal(`all ${count} are back`)
    stage.measure('all were back after', backMs)
    await stage.until('all to be at work again', () => fakes.every(({ startedMs }) => startedMs !== undefined))
    const lastMs = Math.max(...fakes.map(({ startedMs = 0 }) => startedMs)) - atMs
    stage.measure('all had begun a new task after', lastMs)
    stage.judge(within('P26', 'all were at work within 10 s', lastMs, AT_WORK_MS_MAX))
    stage.judge(nobodyBlamed(await stage.settle()))
  },
}
