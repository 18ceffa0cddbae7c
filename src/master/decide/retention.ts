// When ended tasks are forgotten (which ones: store/prune.ts). To forget a task costs about what it cost to write one, so it
// waits for a moment with nothing else to commit. Where no such moment comes, each batch forgets more tasks than it ends:
// what is kept stays bounded under any load.
import type { MonoMs, WallMs } from '../../clock.js'
import type { OperationOutcome, PruneOperation } from '../../store/store.js'
import type { SessionId } from '../events.js'
import type { MasterState, QueuedOperation, Turn } from '../state.js'

/** Between two looks where nothing was left to forget. */
export const LOOK_MS = 5_000
/** So long it waits for a quiet moment. */
const PATIENCE_MS = 10_000
/** In a quiet moment: whoever comes meanwhile waits for no more than these. */
const QUIET_MAX = 200
/** Beside other work; how many it is hangs on how many tasks end. */
const BUSY_MIN = 50
const BUSY_MAX = 1_000

/**
 * What the next batch forgets.
 * @param beside what else is in it; undefined where that is nothing
 */
export function pruning(
  turn: Pick<Turn, 'at' | 'state'>,
  beside: readonly QueuedOperation[] | undefined,
): PruneOperation | undefined {
  const { at, state } = turn
  const { retention } = state
  if (at.monoMs < retention.lookAt || state.stopping !== undefined) return undefined
  if (retention.asked.length > 0) return forgetting(turn)
  if (beside !== undefined) {
    retention.waitsSince ??= at.monoMs
    if (at.monoMs < retention.waitsSince + PATIENCE_MS) return undefined
  }
  const { completedMs, failedMs, tasks, bytes } = state.settings.keep
  return {
    kind: 'prune',
    completedBefore: before(at.wallMs, completedMs),
    failedBefore: before(at.wallMs, failedMs),
    keptMax: tasks,
    keptBytesMax: bytes,
    limit: beside === undefined ? QUIET_MAX : limitBeside(beside),
  }
}

/** A person waits for it: it does not wait for a quiet moment. */
function forgetting({ state: { retention, settings } }: Pick<Turn, 'state'>): PruneOperation {
  const endedBefore = Math.max(...retention.asked.map(({ before }) => before))
  for (const request of retention.asked) request.begun = true
  const { tasks: keptMax, bytes: keptBytesMax } = settings.keep
  return {
    kind: 'prune',
    completedBefore: endedBefore,
    failedBefore: endedBefore,
    keptMax,
    keptBytesMax,
    limit: BUSY_MAX,
  }
}

/** Forgets all tasks that have ended by now, and answers when none of them is left. */
export function forgetEnded({ at, state: { retention } }: Turn, session: SessionId, re: number): void {
  retention.asked.push({ session, re, before: at.wallMs + 1, begun: false, count: 0 })
  retention.lookAt = at.monoMs
}

/** Twice as many as end by it, about. */
function limitBeside(operations: readonly QueuedOperation[]): number {
  const ending = operations.filter(({ operation }) => operation.kind === 'settle').length
  return Math.min(BUSY_MAX, Math.max(BUSY_MIN, 2 * ending))
}

export function pruned(turn: Turn, outcome: Extract<OperationOutcome, { kind: 'prune' }>): void {
  const { retention, journal } = turn.state
  if (outcome.pruned > 0) journal.forgot(outcome.pruned)
  // Its patience is not asked for twice: what has begun in a busy time goes on until nothing is left.
  if (!outcome.more) retention.waitsSince = undefined
  const begun = retention.asked.filter((request) => request.begun)
  for (const request of begun) request.count += outcome.pruned
  if (!outcome.more) {
    for (const { session, re, count } of begun) turn.send(session, { type: 'forgot-ended', re, count })
    retention.asked = retention.asked.filter((request) => !request.begun)
  }
  retention.lookAt = turn.at.monoMs + (outcome.more || retention.asked.length > 0 ? 0 : LOOK_MS)
}

/** Once it is due nobody has to be woken: after every step the driver asks for a batch. */
export function nextPruning({ retention }: MasterState, now: MonoMs): MonoMs | undefined {
  return retention.lookAt > now ? retention.lookAt : undefined
}

function before(now: WallMs, keptMs: number | undefined): WallMs {
  return keptMs === undefined ? 0 : now - keptMs
}
