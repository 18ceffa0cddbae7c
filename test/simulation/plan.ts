// One seed draws everything: how large the cluster is, what its network and disk are like, which tasks it is given, how
// their code behaves, and how often what goes wrong. Nothing else is chosen anywhere.
import type { Keep } from '../../src/master/events.js'
import type { DiskOptions } from './disk.js'
import type { NetworkOptions } from './network.js'
import { drawForLine, drawLater, drawTask, type TaskPlan, TYPES } from './plan-tasks.js'
import { drawLies, drawVoted, drawVotes, type Lies } from './plan-votes.js'
import { Random } from './random.js'

export const FAULTS = [
  'kill-worker',
  'kill-worker-and-reset',
  'kill-host',
  'kill-two',
  'kill-master',
  'kill-client',
  'freeze-worker',
  'freeze-host',
  'freeze-both',
  'freeze-master',
  'cut',
  'stall',
  'block-one-way',
  'block',
  'flap',
  'slow-disk',
  'step-wall-clock',
  'drain-worker',
  'end-worker-now',
  'restart-master',
  'end-master-now',
  'change-modules',
  'reload-worker',
  'rival',
] as const
export type Fault = (typeof FAULTS)[number]

export interface WorkerPlan {
  readonly slots: number
  readonly types: readonly string[]
  /** On the computer of the master: only then its death can be proven. */
  readonly besideMaster: boolean
  readonly clockRate: number
  /** It listens where no master looks, and dials in by itself. */
  readonly joins: boolean
  /** Each of its slots has a host of its own. */
  readonly isolate: boolean
  /** A host that has begun so many attempts gives way to another. */
  readonly recycleAfter: number | undefined
  /** What its code says of tasks that are voted on. */
  readonly lies?: Lies
}

/** A worker that pulls. */
export interface PullerPlan {
  /** Undefined: every type. */
  readonly types: readonly string[] | undefined
  readonly slots: number
  readonly leaseMs: number
  readonly beatMs: number
  readonly waitMs: number
  /** How often it loses an answer, is late, forgets its lease, repeats itself, while things go wrong. */
  readonly oddShare: number
  /** It dies about so long after it began, while things go wrong. */
  readonly livesMs: number
  readonly lies?: Lies
}

export interface Plan {
  readonly seed: number
  readonly workers: readonly WorkerPlan[]
  readonly pullers: readonly PullerPlan[]
  readonly clients: number
  readonly tasks: readonly TaskPlan[]
  readonly network: NetworkOptions
  readonly disk: DiskOptions
  /** Submits are busy from so many pending tasks on (P24). */
  readonly pendingMax: number
  readonly keep: Keep
  /** How long things go wrong. */
  readonly faultsMs: number
  /** Between two faults on average; and how often one brings another with it. */
  readonly faultEveryMs: number
  readonly companyShare: number
  readonly faults: Readonly<Record<Fault, number>>
  readonly killGraceMs: number
  readonly drainMs: number
  /** Pauses of processes that are within the margin of the lease, and clocks that are nearly right (P7). */
  readonly pausesMsMax: number
}

/** Fewer would never wait for each other. */
const TASKS_FOR_LINES = 100

export function drawPlan(seed: number): Plan {
  const random = new Random(seed)
  const workers = Array.from({ length: random.whole(1, 4) }, (_, index) => drawWorker(random.fork(), index))
  const clients = random.whole(1, 2)
  const faultsMs = random.pick([10_000, 30_000, 60_000])
  const count = Math.floor(random.skewed(1, 30))
  // Tiny ones are held ready at workers, long ones are not.
  const msMax = random.pick([12_000, 12_000, 12_000, 20])
  const bytesMax = random.pick([0, 0, 0, 2_000, 200_000])
  const later = new Random(seed ^ 0x1a7e5)
  const shares = { checkpointShare: later.pick([0, 0.8]), deadlineShare: later.pick([0, 0, 0.3]) }
  const lines = new Random(seed ^ 0x11e5)
  const inLines = msMax === 20 && lines.chance(0.4)
  const drawn = (from: Random, index: number): TaskPlan =>
    drawLater(later, drawTask(from.fork(), { index, clients, faultsMs, bytesMax, msMax }), shares)
  const tasks = Array.from({ length: count }, (_, index) => drawn(random, index))
  if (inLines) {
    for (let index = count; index < TASKS_FOR_LINES; index += 1) tasks.push(drawn(lines, index))
    for (const [index, task] of tasks.entries()) tasks[index] = drawForLine(lines, task)
  }
  const calm = random.chance(0.1)
  return withVotes({
    seed,
    workers,
    pullers: drawPullers(new Random(seed ^ 0x9011)),
    clients,
    tasks,
    network: {
      delayMs: [0.02, random.pick([0.5, 5, 80])],
      splitShare: random.pick([0, 0.1, 0.5]),
      windowBytes: random.pick([64, 256, 1_024]) * 1_024,
    },
    disk: {
      store: random.pick(['memory', 'memory', 'memory', 'memory', 'memory', 'memory', 'memory', 'sqlite']),
      applyMs: [0.2, random.pick([3, 30, 200])],
      failShare: random.pick([0, 0, 0.02, 0.2]),
      failReadShare: random.pick([0, 0, 0.05]),
    },
    pendingMax: random.pick([10_000, 10_000, 10_000, 3]),
    keep: drawKeep(random.fork()),
    faultsMs,
    faultEveryMs: calm ? Number.POSITIVE_INFINITY : random.pick([1_000, 3_000, 8_000]),
    companyShare: random.pick([0, 0.3, 0.6]),
    faults: drawFaults(random.fork()),
    killGraceMs: random.pick([500, 5_000]),
    drainMs: random.pick([1_000, 10_000]),
    pausesMsMax: random.pick([1_500, 8_000, 25_000]),
  })
}

function withVotes(plan: Plan): Plan {
  const votes = drawVotes(plan.seed)
  if (votes === undefined) return plan
  const count = plan.workers.length + votes.extraWorkers
  const workers = Array.from({ length: count }, (_, index) => {
    const worker = plan.workers[index] ?? drawWorker(votes.random.fork(), index)
    return { ...worker, lies: drawLies(votes) }
  })
  const voters = workers.filter(({ types }) => types === TYPES).length
  return {
    ...plan,
    workers,
    pullers: plan.pullers.map((puller) => ({ ...puller, lies: drawLies(votes) })),
    tasks: plan.tasks.map((task) => drawVoted(votes, task, voters)),
  }
}

function drawWorker(random: Random, index: number): WorkerPlan {
  return {
    slots: random.whole(1, 4),
    // The first serves everything, so that nothing waits for ever.
    types: index === 0 || random.chance(0.7) ? TYPES : [random.pick(TYPES)],
    besideMaster: random.chance(0.6),
    clockRate: random.pick([1, 1, random.between(0.995, 1.005)]),
    joins: random.chance(0.2),
    isolate: random.chance(0.2),
    recycleAfter: random.pick([undefined, undefined, undefined, 1, 4]),
  }
}

/** By chance of its own: what older seeds draw stays as it was. */
function drawPullers(random: Random): PullerPlan[] {
  const count = random.pick([0, 0, 0, 0, 1, 2])
  return Array.from({ length: count }, () => {
    const leaseMs = random.pick([1_000, 5_000, 15_000])
    return {
      types: random.pick([undefined, TYPES, [random.pick(TYPES)]]),
      slots: random.whole(1, 3),
      leaseMs,
      beatMs: leaseMs / 4,
      waitMs: random.pick([0, 0, 2_000, 20_000]),
      oddShare: random.pick([0, 0.05, 0.3]),
      livesMs: random.pick([Number.POSITIVE_INFINITY, 20_000, 4_000]),
    }
  })
}

function drawKeep(random: Random): Keep {
  const forEver = { completedMs: undefined, failedMs: undefined, tasks: 1_000_000, bytes: 2 ** 30 }
  if (random.chance(0.6)) return forEver
  return {
    completedMs: random.pick([undefined, 2_000, 20_000]),
    failedMs: random.pick([undefined, 2_000, 20_000]),
    tasks: random.pick([1_000_000, 2]),
    bytes: random.pick([2 ** 30, 100_000]),
  }
}

/** Most seeds know a few kinds of faults only: where all come at once, none shows what it does. */
function drawFaults(random: Random): Record<Fault, number> {
  const number = random.pick([1, 2, 2, 3, undefined, undefined])
  const only = number === undefined ? undefined : Array.from({ length: number }, () => random.pick(FAULTS))
  const share = random.pick([0.15, 0.4, 1])
  const weights = FAULTS.map((fault) => {
    const comes = only === undefined ? random.chance(share) : only.includes(fault)
    return [fault, comes ? random.between(0.2, 1) : 0] as const
  })
  return Object.fromEntries(weights) as Record<Fault, number>
}

/** Whether nothing but these goes wrong; and the disk does what it is told. */
export function knowsOnly(plan: Plan, ...faults: readonly Fault[]): boolean {
  return plan.disk.failShare === 0 && faultsAmong(plan, ...faults)
}

/** Whether nothing but these goes wrong, the disk aside. */
export function faultsAmong(plan: Plan, ...faults: readonly Fault[]): boolean {
  return FAULTS.every((fault) => plan.faults[fault] === 0 || faults.includes(fault))
}

/** Whether what the master sends to a worker that lives arrives. */
export function sparesMessages({ faults }: Plan): boolean {
  const harmful = [
    'kill-master',
    'restart-master',
    'end-master-now',
    'kill-two',
    'rival',
    'cut',
    'stall',
    'block',
    'block-one-way',
    'flap',
  ] as const
  return harmful.every((fault) => faults[fault] === 0)
}
