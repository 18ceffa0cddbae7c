// The feed of the whole cluster: what is noted of attempts as they come and go, and what is told to those who ask.
import type { ErrorField, FeedOutcome, MasterToClient } from '../../protocol/messages.js'
import { LIST_MAX } from '../../protocol/messages.js'
import type { ExpiredTask, Grant, OperationOutcome, SettleOperation } from '../../store/store.js'
import type { Session, Turn, WorkerState } from '../state.js'

/** An answer is all that is kept behind what was told before. Who asks is told of attempts from now on. */
export function tellFeed(
  turn: Turn,
  session: Session,
  { re, master, after }: { readonly re: number; readonly master?: string; readonly after?: number },
): void {
  const { feed, settings } = turn.state
  if (feed.listen(turn.at.monoMs)) for (const worker of turn.state.workers.values()) knowHeld(turn, worker)
  const { next, gap, list } = feed.behind(master === settings.incarnation ? after : undefined, LIST_MAX)
  turn.send(session.id, {
    ...{ type: 'fed', re, master: settings.incarnation, at: turn.at.wallMs, next, gap },
    ...{ counts: { ...feed.counts }, list: [...list] },
  } satisfies MasterToClient)
}

/** What ran before is known by its lease alone. */
function knowHeld({ state: { feed } }: Turn, { incarnation, leases }: WorkerState): void {
  for (const lease of leases.which(({ started, ended }) => started && !ended)) {
    feed.knows({ task: '', lease, worker: incarnation })
  }
}

/** A worker is back, with what it holds. */
export function feedHeld(turn: Turn, worker: string, live: readonly { taskId: string; leaseId: string }[]): void {
  const { feed } = turn.state
  if (!feed.isOn(turn.at.monoMs)) return
  for (const { taskId, leaseId } of live) feed.knows({ task: taskId, lease: leaseId, worker })
}

export function feedSubmitted({ state: { feed }, at }: Turn): void {
  if (feed.isOn(at.monoMs)) feed.counts.submitted += 1
}

/** It has left for its worker. Who pulls it begins at once. */
export function feedGranted({ state: { feed }, at }: Turn, grant: Grant, pulled: boolean): void {
  if (!feed.isOn(at.monoMs)) return
  const { taskId, leaseId, holder, type, attempt, runAt } = grant
  feed.counts.granted += 1
  feed.granted(at.monoMs, {
    ...{ task: taskId, lease: leaseId, worker: holder, type, attempt },
    ...(runAt !== undefined && { waitedMs: Math.max(0, at.wallMs - runAt) }),
  })
  if (pulled) feed.began(at.wallMs, leaseId)
}

export function feedStarted({ state: { feed }, at }: Turn, list: readonly { readonly lease: string }[]): void {
  if (!feed.isOn(at.monoMs)) return
  for (const { lease } of list) feed.began(at.wallMs, lease)
}

/** An attempt has ended, and that is on disk. */
export function feedSettled(
  { state: { feed }, at }: Turn,
  { taskId, leaseId, holder = '', ending }: SettleOperation,
  { state, runAt, refused }: Extract<OperationOutcome, { kind: 'settle' }>,
): void {
  if (!feed.isOn(at.monoMs)) return
  const what = whatOf(ending.kind, state)
  feed.counts[what] += 1
  const error: ErrorField | undefined = refused ?? ('error' in ending ? ending.error : undefined)
  const message = ending.kind === 'returned' ? ending.reason : error?.message
  const lease = { task: taskId, lease: leaseId, worker: holder }
  feed.ended(at, lease, { what, message, code: error?.code, runAt: state === 'pending' ? runAt : undefined })
}

function whatOf(ending: SettleOperation['ending']['kind'], state: string | undefined): FeedOutcome {
  if (ending === 'returned') return 'returned'
  if (state === 'cancelled' || state === 'completed') return state
  if (ending === 'lost') return 'lost'
  return state === 'pending' ? 'retried' : 'failed'
}

/** Attempts that were cut off with their worker, or whose leases are over. */
export function feedLost(
  { state: { feed }, at }: Turn,
  worker: string,
  tasks: readonly ExpiredTask[],
  message: string,
) {
  if (!feed.isOn(at.monoMs)) return
  for (const { id, leaseId } of tasks) {
    feed.counts.lost += 1
    feed.ended(at, { task: id, lease: leaseId, worker }, { what: 'lost', code: 'lost', message })
  }
}
