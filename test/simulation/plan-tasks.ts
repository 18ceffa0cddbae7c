// The tasks of a plan: what clients submit, and how their code behaves.
import type { SubmittedTask } from '../../src/protocol/messages.js'
import type { Random } from './random.js'

export const TYPES = ['a', 'b'] as const
/** No worker knows it. */
export const UNSERVED = 'nobodys'

/** How the code of one attempt behaves. */
export interface RunPlan {
  readonly ms: number
  readonly end:
    | 'completes'
    | 'fails'
    | 'fails-for-good'
    | 'kills-its-host'
    | 'is-killed'
    | 'fills-memory'
    | 'never-ends'
    | 'refuses'
  /** What it makes of an abort. */
  readonly abort: 'listens' | 'deaf'
  /** It does not let anything else of its host's main thread run. */
  readonly hogs: boolean
  /** Of its result. */
  readonly bytes: number
  /** When it keeps how far it has come, counted from its begin. */
  readonly checkpointsAtMs: readonly number[]
  /** It does not end before the last of these was answered. */
  readonly waits: boolean
  /** Where it listens: it says that another attempt would be in vain. */
  readonly endsForGood: boolean
}

export interface TaskPlan {
  readonly spec: SubmittedTask
  readonly client: number
  readonly submitAtMs: number
  readonly cancelAtMs: number | undefined
  /** A person sends it back so long after its end, which is of no use where it completed. */
  readonly retryAfterMs: number | undefined
  /** By attempt; the last one counts for all that follow. */
  readonly runs: readonly RunPlan[]
}

export interface TaskTerms {
  readonly index: number
  readonly clients: number
  readonly faultsMs: number
  readonly bytesMax: number
  /** Of a run. */
  readonly msMax: number
}

/** Whether the code of this task tells what it does, and its client watches it: most do not, as in life. */
export function tells(task: number): boolean {
  return task % 4 === 0
}

export function drawTask(random: Random, { index, clients, faultsMs, bytesMax, msMax }: TaskTerms): TaskPlan {
  const runs = Array.from({ length: random.whole(1, 4) }, () => drawRun(random, bytesMax, msMax))
  const endless = runs.some(({ end }) => end === 'never-ends')
  // Tiny ones come close together, or no two of them would ever wait.
  const submitAtMs = random.between(0, faultsMs * (msMax > 1_000 ? 0.8 : 0.02))
  const type = random.chance(0.03) ? UNSERVED : random.pick(TYPES)
  const spec: SubmittedTask = {
    id: `00000000-0000-7000-8000-${String(index).padStart(12, '0')}`,
    type,
    payload: JSON.stringify({ task: index, fill: 'x'.repeat(Math.floor(random.skewed(0, bytesMax))) }),
    ...(random.chance(0.4) && { priority: random.whole(-2, 2) }),
    ...(random.chance(0.2) && { delayMs: random.whole(1, 8_000) }),
    ...(random.chance(0.6) && { maxAttempts: random.whole(1, 4) }),
    ...((endless || random.chance(0.2)) && { timeoutMs: random.whole(200, 6_000) }),
    ...((type === UNSERVED || random.chance(0.1)) && { expiresMs: random.whole(100, 20_000) }),
    // Its client asks for the end by itself.
    ...(index % 5 === 1 && { untold: true }),
  }
  return {
    spec,
    client: random.whole(0, clients - 1),
    submitAtMs,
    retryAfterMs: type !== UNSERVED && random.chance(0.15) ? random.skewed(10, 10_000) : undefined,
    cancelAtMs: random.chance(0.15) ? submitAtMs + random.skewed(0, 15_000) : undefined,
    runs,
  }
}

function drawRun(random: Random, bytesMax: number, msMax: number): RunPlan {
  const end = random.weighted({
    completes: 10,
    fails: 3,
    'fails-for-good': 0.5,
    'kills-its-host': 1,
    'is-killed': 1,
    'fills-memory': 0.7,
    refuses: 0.3,
    'never-ends': 0.7,
  } as const)
  return {
    ms: random.skewed(1, msMax),
    end: end ?? 'completes',
    abort: random.chance(0.6) ? 'listens' : 'deaf',
    hogs: random.chance(0.1),
    bytes: Math.floor(random.skewed(0, bytesMax)),
    checkpointsAtMs: [],
    waits: false,
    endsForGood: false,
  }
}

/** What was thought of later is drawn from a stream of its own, so that seeds stay what they were. */
export interface LaterTerms {
  /** Of runs with checkpoints, and of tasks with a deadline. */
  readonly checkpointShare: number
  readonly deadlineShare: number
}

export function drawLater(random: Random, task: TaskPlan, { checkpointShare, deadlineShare }: LaterTerms): TaskPlan {
  const deadline = random.chance(deadlineShare) ? { deadlineMs: random.whole(100, 30_000) } : {}
  const runs = task.runs.map((drawn): RunPlan => {
    const run = { ...drawn, endsForGood: random.chance(0.2) }
    if (run.hogs || !random.chance(checkpointShare)) return run
    const times = Array.from({ length: random.whole(1, 4) }, () => random.between(0, run.ms))
    return { ...run, checkpointsAtMs: times.sort((a, b) => a - b), waits: random.chance(0.5) }
  })
  return { ...task, spec: { ...task.spec, ...deadline }, runs }
}

/** Most take next to nothing, so that a host is given lines of them; and some hold up what stands behind them. */
export function drawForLine(random: Random, task: TaskPlan): TaskPlan {
  const runs = task.runs.map((run): RunPlan => {
    const ms = random.chance(0.1) ? random.between(150, 2_000) : run.ms / 40
    // A host that dies is rare among so many.
    const end = random.chance(0.1) ? run.end : 'completes'
    return { ...run, ms, end, hogs: random.chance(0.3), checkpointsAtMs: run.checkpointsAtMs.filter((at) => at < ms) }
  })
  return { ...task, spec: { ...task.spec, delayMs: 0, maxAttempts: random.chance(0.1) ? 1 : 4 }, runs }
}
