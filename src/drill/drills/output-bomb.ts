// Tasks that print without measure, by themselves and by processes that they start: neither memory nor the logs grow with
// it, and heartbeats go on.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Drill } from '../drill.js'
import { needs } from '../needs.js'
import { nobodyBlamed, verdict } from '../verdicts.js'

const MIB = 1_048_576
const PRINTED = 1_024 * MIB
const PRINTED_QUICK = 64 * MIB
/** Tasks that print at the same time, and how many processes each of them starts for it. */
const BOMBS = 4
const PRINTERS = 3
const MEMORY_MAX = 256 * MIB
/** Five files of 10 MB for each of three processes, and the one that is written. */
const LOGS_MAX = 3 * 6 * 10 * MIB

export const outputBomb: Drill = {
  name: 'output-bomb',
  promises: ['P1', 'P6', 'P9', 'P17', 'P19', 'P23'],
  summary: `${BOMBS} tasks and their children print ${PRINTED / MIB} MiB at once (--quick: ${PRINTED_QUICK / MIB}), beside others`,
  needs: [needs.proc],
  async run(stage) {
    const { cluster } = await stage.start({ workers: 2, slots: 3 })
    const prints = stage.quick ? PRINTED_QUICK : PRINTED
    stage.stream(50, { ms: [20, 100] })
    stage.inject(`submit of ${BOMBS} tasks that print ${prints / MIB} MiB together`, () => {})
    const share = prints / (BOMBS * (1 + PRINTERS))
    const bombs = await stage.submit(BOMBS, { ms: 0, prints: share, printers: PRINTERS })
    await stage.until('them to end', () => {
      const ended = new Set(stage.signs.flatMap(({ what, task }) => (what === 'end' ? [task] : [])))
      return bombs.every((bomb) => ended.has(bomb))
    })
    const history = await stage.settle()
    for (const name of cluster.names) {
      const bytes = peakMemory(cluster.pidOf(name))
      stage.measure(`MiB of memory at most: ${name}`, bytes / MIB, 'count')
      stage.judge(verdict('P23', `${name} stays below 256 MiB`, bytes < MEMORY_MAX ? [] : [`${bytes} bytes`]))
    }
    const logged = bytesBelow(stage.settings.logs)
    stage.measure('MiB of logs', logged / MIB, 'count')
    stage.judge(verdict('P23', 'logs are bounded', logged < LOGS_MAX ? [] : [`${logged} bytes`]))
    stage.judge(nobodyBlamed(history))
  },
}

/** As the kernel remembers it. */
function peakMemory(pid: number): number {
  const [, kib = '0'] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kib) * 1_024
}

function bytesBelow(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
}
