// Tasks that are voted on, and workers that lie: who is asked for how many votes, and what code says that is not honest. By
// chance of their own: what older seeds draw stays as it was.
import { readVoteRule } from '../../src/task/quorum.js'
import type { TaskPlan } from './plan-tasks.js'
import { UNSERVED } from './plan-tasks.js'
import { Random } from './random.js'

/** `alone`: each lie is one of its own; `together`: all of them say the same. */
export type Lies = 'alone' | 'together' | undefined

export interface VotesPlan {
  /** Workers beside those that the seed has anyway, so that there are enough to disagree. */
  readonly extraWorkers: number
  readonly taskShare: number
  readonly liarShare: number
  readonly random: Random
  /** Which tasks wait for all replicas: a stream of its own. */
  readonly waiting: Random
}

/** How far apart honest votes may be where they are numbers, and what is tolerated. */
const NOISE = 0.4
const TOLERANCE = 0.5

/** Of one seed in four; the salt is one that leaves the kept seeds (seeds.txt) as they were. */
export function drawVotes(seed: number): VotesPlan | undefined {
  const random = new Random(seed ^ 0xba11e)
  if (!random.chance(0.25)) return undefined
  const [extraWorkers, taskShare, liarShare] = [random.whole(0, 4), random.pick([0.3, 1]), random.pick([0, 0.3, 0.6])]
  return { extraWorkers, taskShare, liarShare, random, waiting: new Random(seed ^ 0xa11) }
}

export function drawLies({ random, liarShare }: VotesPlan): Lies {
  return random.chance(liarShare) ? random.pick(['alone', 'together'] as const) : undefined
}

/** @param voters that serve every type: where a poll may want more, its task is over after a while without its quorum */
export function drawVoted({ random, waiting, taskShare }: VotesPlan, task: TaskPlan, voters: number): TaskPlan {
  const { spec, runs, cancelAtMs } = task
  if (spec.type === UNSERVED || !random.chance(taskShare)) return task
  const replicas = random.whole(1, 4)
  const quorum = random.whole(1, replicas)
  const maxReplicas = replicas + random.whole(0, 3)
  const all = waiting.chance(0.3) && 2 * quorum > replicas
  const vote = {
    ...{ replicas, quorum, maxReplicas, on: '/label' },
    ...(random.chance(0.3) && { tolerance: TOLERANCE }),
    ...(all && { all }),
    ...(random.chance(0.4) && { spread: 'host' as const }),
  }
  // Code that never votes shows nothing, so most of it does.
  const voting = runs.map((run) => ({
    ...run,
    ms: run.ms / 3,
    end: random.chance(0.7) ? ('completes' as const) : run.end,
  }))
  const enough = maxReplicas <= voters
  return {
    ...task,
    spec: { ...spec, vote, ...(!enough && { expiresMs: spec.expiresMs ?? random.whole(1_000, 30_000) }) },
    runs: voting,
    // It is the votes of before a retry that must not count after it. One that waits for more than there are would wait for ever.
    retryAfterMs: enough && random.chance(0.5) ? random.skewed(10, 10_000) : undefined,
    cancelAtMs: cancelAtMs ?? (random.chance(0.15) ? task.submitAtMs + random.skewed(100, 10_000) : undefined),
  }
}

/** What the code of one attempt says, as text. @param leaseId makes it that of this attempt, and its chance */
export function resultOf(task: TaskPlan, leaseId: string, lies: Lies, bytes: number): string {
  const fill = 'x'.repeat(bytes)
  const { vote, payload } = task.spec
  if (vote === undefined) return JSON.stringify(`${leaseId} ${fill}`)
  const index = (JSON.parse(payload) as { task: number }).task
  return JSON.stringify({ by: leaseId, label: labelOf(index, leaseId, lies, vote.tolerance !== undefined), fill })
}

function labelOf(index: number, leaseId: string, lies: Lies, noisy: boolean): number {
  const chance = new Random(hashOf(leaseId))
  if (lies === 'together') return -1
  if (lies === 'alone') return -2 - chance.whole(0, 5)
  return noisy ? index + chance.between(0, NOISE) : index
}

function hashOf(text: string): number {
  let hash = 17
  for (const char of text) hash = (Math.imul(hash, 31) + char.charCodeAt(0)) | 0
  return hash
}

/** The lease whose code gave a result. */
export function leaseOf(result = ''): string | undefined {
  return /^(?:"|\{"by":")([^\s"]+)/.exec(result)?.[1]
}

/** So many may be sent out of a task. */
export function replicasMax({ spec: { vote } }: TaskPlan): number {
  return vote === undefined ? 1 : readVoteRule(vote).maxReplicas
}
