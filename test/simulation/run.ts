// One seed from its plan to its verdict.
import { type Checker, checkers } from './checkers/all.js'
import { Cluster } from './cluster.js'
import { Faults } from './faults.js'
import type { Happening } from './happenings.js'
import { drawPlan, type Plan } from './plan.js'
import { Scene } from './scene.js'

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

class Broken extends Error {
  constructor(readonly breach: Breach) {
    super(`${breach.promise}: ${breach.what}`)
  }
}

export async function runSeed(seed: number, keepTrace = false): Promise<Verdict> {
  const plan = drawPlan(seed)
  const judges: readonly Checker[] = checkers()
  const watch = (happening: Happening, scene: Scene): void => {
    for (const judge of judges) {
      const found = judge.see(happening, scene)
      if (found !== undefined) throw new Broken({ promise: judge.promise, ...found })
    }
  }
  const scene = new Scene(plan, keepTrace, watch)
  let breach: Breach | undefined
  try {
    await play(scene)
  } catch (error) {
    breach =
      error instanceof Broken ? error.breach : { promise: 'crash', what: String((error as Error).stack ?? error) }
  }
  const { timeline, trace } = scene
  return {
    seed,
    plan,
    breach,
    digest: trace.digest(),
    lines: trace.lines,
    happened: timeline.happened,
    virtualMs: timeline.now,
  }
}

async function play(scene: Scene): Promise<void> {
  const { timeline, plan } = scene
  const cluster = new Cluster(scene)
  await cluster.start()
  const faults = new Faults(cluster)
  await timeline.run(() => timeline.now >= plan.faultsMs)
  faults.heal()
  const until = timeline.now + patienceMs(plan)
  await timeline.run(() => cluster.allTold || timeline.now > until)
  scene.tell({ kind: 'over', inTime: cluster.allTold, rows: await cluster.rows() })
}

/** In which all must end once nothing goes wrong (P17): leases and workers that leave first, then all work one by one. */
function patienceMs({ tasks, killGraceMs }: Plan): number {
  const ofTask = tasks.map(({ spec, runs }) => {
    const longest = Math.max(...runs.map(({ ms }) => ms), spec.timeoutMs ?? 0) + killGraceMs + 2_000
    const attempts = spec.maxAttempts ?? 5
    return (spec.delayMs ?? 0) + attempts * longest + 1_000 * 2 ** attempts
  })
  return 90_000 + 2 * ofTask.reduce((sum, ms) => sum + ms, 0)
}
