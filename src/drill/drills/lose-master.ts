// The master is gone for good: workers end their code in time, leave in time, and nothing of them is left.
import { rawMonoMs } from '../../clock.js'
import { formatDuration } from '../../config.js'
import { describeExit } from '../../launch/child.js'
import { sendSignal } from '../cluster.js'
import type { Drill } from '../drill.js'
import { needs } from '../needs.js'
import { verdict, within } from '../verdicts.js'

const EXIT_MARGIN_MS = 1_000
/** From the last deadline to the signal that ends the code. */
const END_MARGIN_MS = 250
const LEFT_OVER_MS_MAX = 2_000

export const loseMaster: Drill = {
  name: 'lose-master',
  promises: ['P1', 'P6', 'P7', 'P9', 'P17', 'P18'],
  summary: 'kill -9 of the master for good, while a task hogs its processor',
  needs: [needs.proc],
  foreign: true,
  async run(stage) {
    const { cluster } = await stage.start({ workers: 3, slots: 1 })
    const { codeDead, masterTimeout } = stage.settings
    const timeoutMs = Number(masterTimeout)
    await stage.submit(1, { ms: 10, firstMs: timeoutMs + 5_000, spins: true })
    await stage.submit(2, { ms: 10, firstMs: timeoutMs + 5_000 })
    const workers = cluster.names.filter((name) => name !== 'master')
    await stage.until('all workers to be busy', () => workers.every((name) => stage.livesAt(name).length > 0))
    await stage.submit(20, { ms: [10, 50] })
    const hosts = workers.flatMap((name) => cluster.hostsOf(name))
    const exits = workers.map((name) => cluster.exit(name))
    const pid = cluster.pidOf('master')
    const atMs = stage.inject(`kill -9 of the master (pid ${pid}), and none in its place`, () =>
      sendSignal(pid, 'SIGKILL'),
    )
    const left = (await Promise.all(exits)).map((exit) => ({ ...exit, afterMs: Math.round(exit.atMs - atMs) }))
    for (const { name, afterMs } of left) stage.measure(`${name} left after`, afterMs)
    const early = left.filter(({ code, afterMs }) => code !== 0 || Math.abs(afterMs - timeoutMs) > EXIT_MARGIN_MS)
    const wrong = early.map((exit) => `${exit.name}: ${describeExit(exit)} after ${formatDuration(exit.afterMs)}`)
    const words = `all left with code 0, ${formatDuration(timeoutMs)} after the loss, a second more or less`
    stage.judge(verdict('P18', words, wrong))
    const last = Math.max(...stage.signs.map((sign) => sign.atMs)) - atMs
    stage.measure('last sign of life of any code after', last)
    stage.judge(
      within('P18', `no code ran after ${formatDuration(codeDead)}`, last, codeDead + END_MARGIN_MS, -Infinity),
    )
    const leftMs = rawMonoMs()
    await stage.until('no process to be left', () => hosts.every((host) => !sendSignal(host, 0)))
    stage.judge(within('P18', 'no process of theirs was left 2 s later', rawMonoMs() - leftMs, LEFT_OVER_MS_MAX))
    await cluster.startMaster()
    await cluster.startWorkers(workers)
    stage.heal('a master and workers on the same folder')
    await stage.settle()
  },
}
