// Commands that hear no SIGTERM, with children that hear none either: none of these processes is left after a timeout, a
// cancel, a kill of the process that runs them, or a kill of its worker.
import type { MonoMs } from '../../clock.js'
import { sendSignal } from '../cluster.js'
import { DEAF_CHILDREN, familiesOf, SERVES_COMMANDS, untilNoneOf } from '../commands.js'
import type { Drill } from '../drill.js'
import { needs } from '../needs.js'
import type { Stage } from '../stage.js'
import { within } from '../verdicts.js'

/** After the grace (P13), and after a kill (P18); and what it takes to look. */
const SLACK_MS = 1_500
const TIMEOUT_MS = 2_000
const DEAF = { ms: 200, firstMs: 600_000, deafChildren: DEAF_CHILDREN, asCommand: true } as const

export const grandchildren: Drill = {
  name: 'grandchildren',
  promises: ['P1', 'P6', 'P7', 'P9', 'P13', 'P17'],
  summary: 'commands and children that hear no SIGTERM: a timeout, a cancel, kills of host and worker',
  needs: [needs.proc],
  async run(stage) {
    await stage.start({ workers: 3, slots: 4, settings: SERVES_COMMANDS })
    stage.stream(50, { ms: [20, 100] })
    const timed = await stage.submit(2, { ...DEAF, timeoutMs: TIMEOUT_MS, retries: 0, endsWith: 'timeout' })
    const unwanted = await stage.submit(2, { ...DEAF, endsWith: 'cancelled' })
    const [ofTimed, ofUnwanted] = await Promise.all([timed, unwanted].map((tasks) => familiesOf(stage, tasks)))
    stage.saw(
      `${ofTimed!.length + ofUnwanted!.length} processes of ${timed.length + unwanted.length} commands are there`,
    )
    const startedMs = Math.max(...startsOf(stage, timed))
    const { killGrace } = stage.settings
    const toldMs = stage.inject('cancel of two of them', () => {})
    await stage.client.cancel(unwanted)
    const [timedOverMs, unwantedOverMs] = await Promise.all(
      [ofTimed!, ofUnwanted!].map((all) => untilNoneOf(stage, all)),
    )
    const afterTimeoutMs = timedOverMs! - startedMs - TIMEOUT_MS
    const words = (what: string): string => `after a ${what} no process of it is left within the grace and 1.5 s`
    stage.measure('gone after a timeout', afterTimeoutMs)
    stage.measure('gone after a cancel', unwantedOverMs! - toldMs)
    stage.judge(within('P13', words('timeout'), afterTimeoutMs, killGrace + SLACK_MS))
    stage.judge(within('P13', words('cancel'), unwantedOverMs! - toldMs, killGrace + SLACK_MS))
    await kill(stage, 'host')
    await kill(stage, 'worker')
    await stage.settle()
  },
}

async function kill(stage: Stage, what: 'host' | 'worker'): Promise<void> {
  const [task = ''] = await stage.submit(1, DEAF)
  const family = await familiesOf(stage, [task])
  const host = stage.signs.find((sign) => sign.task === task)!.pid
  const workers = stage.cluster.names.filter((name) => name !== 'master')
  const victim = workers.find((name) => stage.cluster.hostsOf(name).includes(host))!
  const pid = what === 'host' ? host : stage.cluster.pidOf(victim)
  const text = `kill -9 of ${what === 'host' ? 'the host of ' : ''}${victim}, which runs ${family.length} processes`
  const atMs = stage.inject(text, () => sendSignal(pid, 'SIGKILL'))
  const overMs = await untilNoneOf(stage, family)
  stage.measure(`gone after a kill of the ${what}`, overMs - atMs)
  const words = `after a kill of the ${what} no process of a command is left within 1.5 s`
  stage.judge(within('P13', words, overMs - atMs, SLACK_MS))
  if (what === 'host') return
  await stage.cluster.startWorkers([victim])
  stage.heal(`another process as ${victim}`)
}

function startsOf(stage: Stage, tasks: readonly string[]): readonly MonoMs[] {
  return stage.signs.flatMap(({ what, task, atMs }) => (what === 'start' && tasks.includes(task) ? [atMs] : []))
}
