// One seed from its plan to its verdict.
import { type Checker, checkers } from './checkers/all.js'
import { Cluster } from './cluster.js'
import { Facts } from './facts.js'
import { Faults } from './faults.js'
import type { Happening } from './happenings.js'
import { drawPlan, type Plan } from './plan.js'
import { replicasMax } from './plan-votes.js'
import { Scene } from './scene.js'

export const CRASH = 'crash'

/** A promise that was broken. */
export interface Breach {
  readonly promise: string
  readonly what: string
  /** The task that it is about. */
  readonly taskId?: string | undefined
}

export interface Verdict {
  readonly seed: number
  readonly plan: Plan
  readonly breach: Breach | undefined
  readonly digest: string
  readonly lines: readonly string[]
  readonly happened: number
  readonly virtualMs: number
}

/** What nobody caught ends the run that it came from: only one is under way at a time. */
let crashed = (_error: unknown): void => {}
process.on('uncaughtException', (error) => crashed(error))

export async function runSeed(seed: number, keepTrace = false): Promise<Verdict> {
  const plan = drawPlan(seed)
  const judges: readonly Checker[] = checkers()
  const facts = new Facts()
  let breach: Breach | undefined
  const watch = (happening: Happening, scene: Scene): void => {
    if (breach !== undefined) return
    facts.see(happening)
    for (const judge of judges) {
      const found = judge.see(happening, { scene, facts, now: scene.timeline.now })
      if (found === undefined) continue
      breach = { promise: judge.promise, ...found }
      return scene.breach(breach)
    }
  }
  crashed = (error) => {
    breach ??= { promise: CRASH, what: error instanceof Error ? String(error.stack) : String(error) }
  }
  const scene = new Scene(plan, keepTrace, watch)
  await play(scene, () => breach !== undefined).catch(crashed)
  const { timeline, trace } = scene
  const { happened, now } = timeline
  return { seed, plan, breach, digest: trace.digest(), lines: trace.lines, happened, virtualMs: now }
}

async function play(scene: Scene, broken: () => boolean): Promise<void> {
  const { timeline, plan } = scene
  const cluster = new Cluster(scene)
  await cluster.start()
  const faults = new Faults(cluster)
  await timeline.run(() => broken() || timeline.now >= plan.faultsMs)
  if (broken()) return
  faults.heal()
  const until = timeline.now + patienceMs(plan)
  await timeline.run(() => broken() || cluster.over || timeline.now > until)
  if (broken()) return
  scene.tell({ kind: 'over', inTime: cluster.over, rows: await cluster.rows() })
}

/** In which all must end once nothing goes wrong (P17): leases and workers that leave first, then all work one by one. */
function patienceMs({ tasks, killGraceMs }: Plan): number {
  const ofTask = tasks.map((task) => {
    const { spec, runs } = task
    const longest = Math.max(...runs.map(({ ms }) => ms), spec.timeoutMs ?? 0) + killGraceMs + 2_000
    const attempts = spec.maxAttempts ?? 5
    return (spec.delayMs ?? 0) + replicasMax(task) * (attempts * longest + 1_000 * 2 ** attempts)
  })
  return 90_000 + 2 * ofTask.reduce((sum, ms) => sum + ms, 0)
}
