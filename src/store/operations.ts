// What each operation does to the rows, and its outcome. Operations are idempotent by their own ids: a batch that is
// applied again (`work.retried`) finds its own traces, changes nothing more, and answers what it answered before.
import { isDeepStrictEqual } from 'node:util'
import type { LogText } from '../task/log-tail.js'
import { type AttemptRecord, decideRetry, isTerminal, type TaskSpec } from '../task/task.js'
import { createKey, revokeKey } from './keys.js'
import { mayBeReplica } from './polls.js'
import { prune } from './prune.js'
import { pardon } from './reputations.js'
import {
  type CompletedRow,
  type Completion,
  endedOf,
  grantOf,
  isHeldBy,
  newRow,
  type Rows,
  sameContent,
  type TaskRow,
} from './rows.js'
import {
  type AttachOperation,
  type CancelOperation,
  type CheckpointOperation,
  type ExpiredTask,
  type ExpireOperation,
  type Grant,
  type LeaseRef,
  LOGS_BYTES_MAX,
  type Operation,
  type OperationOutcome,
  type RetryOperation,
  type SettleOperation,
  type SubmitOperation,
} from './store.js'
import type { Work } from './work.js'

type SettleOutcome = Extract<OperationOutcome, { kind: 'settle' }>

/** The common outcomes, made once. */
const ACCEPTED: OperationOutcome = { kind: 'submit', status: 'accepted' }
const RECORDED: SettleOutcome = { kind: 'settle', status: 'recorded', state: 'completed' }

/** As one after the other; common neighbours cost less together. */
export function operateAll(work: Work, operations: readonly Operation[]): OperationOutcome[] {
  const outcomes: OperationOutcome[] = []
  for (let from = 0; from < operations.length; from = outcomes.length) {
    const submits = alike(operations, from, isCommonSubmit)
    submitAll(work, submits, outcomes)
    const completions = alike(operations, from + submits.length, isCommonCompletion)
    completeAll(work, completions, outcomes)
    const other = operations[outcomes.length]
    if (submits.length + completions.length === 0 && other !== undefined) outcomes.push(operate(work, other))
  }
  return outcomes
}

/** As many in a row, from there on, as are such. */
function alike<Such extends Operation>(
  operations: readonly Operation[],
  from: number,
  isSuch: (operation: Operation) => operation is Such,
): readonly Such[] {
  const found: Such[] = []
  for (let operation = operations[from]; operation !== undefined; operation = operations[from + found.length]) {
    if (!isSuch(operation)) break
    found.push(operation)
  }
  return found
}

function isCommonSubmit(operation: Operation): operation is SubmitOperation {
  return operation.kind === 'submit' && operation.task.vote === undefined
}

type CompletionOperation = SettleOperation & Completion

function isCommonCompletion(operation: Operation): operation is CompletionOperation {
  if (operation.kind !== 'settle' || operation.ending.kind !== 'completed') return false
  return operation.log === undefined && !mayBeReplica(operation.taskId)
}

function operate(work: Work, operation: Operation): OperationOutcome {
  switch (operation.kind) {
    case 'submit':
      return submit(work, operation)
    case 'settle':
      return settleVote(work, operation)
    case 'checkpoint':
      return checkpoint(work, operation)
    case 'cancel':
      return cancel(work, operation)
    case 'retry':
      return retry(work, operation)
    case 'attach':
      return attach(work, operation)
    case 'enlist':
      work.rows.enlist(operation.incarnation, operation.about, operation)
      return { kind: 'enlist' }
    case 'expire':
      return expire(work, operation)
    case 'prune':
      return prune(work, operation)
    case 'create-key':
      return createKey(work, operation)
    case 'revoke-key':
      return revokeKey(work, operation)
    case 'pardon':
      return { kind: 'pardon', status: pardon(work, operation.voter) ? 'pardoned' : 'kept' }
  }
}

function submit(work: Work, { task }: SubmitOperation): OperationOutcome {
  const fresh = newRow(task, work.now)
  if (work.room > 0 && work.rows.insert([fresh])[0] === true) {
    work.moved(task, undefined, 'pending')
    if (task.vote !== undefined) work.polls.begin(fresh, task.vote)
    return ACCEPTED
  }
  return submitKnown(work, task)
}

/** Tasks that are not voted on. */
function submitAll(work: Work, submits: readonly SubmitOperation[], outcomes: OperationOutcome[]): void {
  // To know what room there is costs a look at the counts.
  if (submits.length === 0) return
  if (work.room < submits.length) {
    for (const operation of submits) outcomes.push(submit(work, operation))
    return
  }
  const inserted = work.rows.insert(submits.map(({ task }) => newRow(task, work.now)))
  for (const [index, { task }] of submits.entries()) {
    if (inserted[index]) work.moved(task, undefined, 'pending')
    outcomes.push(inserted[index] ? ACCEPTED : submitKnown(work, task))
  }
}

/** It has come before, or there is no room for it. */
function submitKnown(work: Work, task: TaskSpec): OperationOutcome {
  const row = work.rows.task(task.id)
  if (row === undefined) return { kind: 'submit', status: 'busy' }
  work.resubmitted.add(row.id)
  if (!sameContent(row, task) || !sameVote(work, row, task)) return { kind: 'submit', status: 'conflict' }
  return { kind: 'submit', status: 'existing', state: row.state }
}

function sameVote({ polls }: Work, { id, voting }: TaskRow, { vote }: TaskSpec): boolean {
  if (voting !== true || vote === undefined) return voting !== true && vote === undefined
  return isDeepStrictEqual(polls.ruleOf(id), vote)
}

/** What has no vote where its code was to give one is an attempt that failed: done again it would have none either. */
function settleVote(work: Work, operation: SettleOperation): OperationOutcome {
  const error = work.polls.whyNone(operation)
  if (error === undefined) return settle(work, operation)
  return { ...settle(work, { ...operation, ending: { kind: 'failed', error, final: true } }), refused: error }
}

function settle(work: Work, operation: SettleOperation): SettleOutcome {
  const { ending, log } = operation
  if (log !== undefined) keepLog(work, operation, log)
  if (ending.kind === 'completed') {
    const completion = { ...operation, ending }
    const [completed] = work.rows.complete([completion], work.now)
    if (completed !== undefined) return recorded(work, completion, completed)
  }
  return endOther(work, operation)
}

/** Tasks that are no replicas, and attempts that said nothing. */
function completeAll(work: Work, completions: readonly CompletionOperation[], outcomes: OperationOutcome[]): void {
  if (completions.length === 0) return
  const completed = work.rows.complete(completions, work.now)
  for (const [index, operation] of completions.entries()) {
    const row = completed[index]
    outcomes.push(row === undefined ? endOther(work, operation) : recorded(work, operation, row))
  }
}

function recorded(work: Work, { taskId, ending }: Completion, completed: CompletedRow): SettleOutcome {
  work.moved(completed, 'running', 'completed', completed.bytes)
  const { result, encoding, ballot } = ending
  const { origin } = completed
  work.ended(
    // Each written out: to add a field to a copy takes longer than all the rest of this.
    origin === undefined
      ? { id: taskId, state: 'completed', result, resultEncoding: encoding }
      : { id: taskId, state: 'completed', result, resultEncoding: encoding, origin },
    ballot,
  )
  return RECORDED
}

/** Where it has not completed in one step. */
function endOther(work: Work, operation: SettleOperation): SettleOutcome {
  const { taskId, leaseId, ending } = operation
  const row = work.rows.task(taskId)
  if (row === undefined) return { kind: 'settle', status: 'stale' }
  if (isHeldBy(row, operation)) {
    const { state, runAt } = work.endAttempt(row, ending, leaseId)
    return { kind: 'settle', status: 'recorded', state, ...(state === 'pending' && { runAt }) }
  }
  if (!settledBefore(work.rows, row, leaseId)) return { kind: 'settle', status: 'stale' }
  if (work.retried && isTerminal(row.state)) work.ended(endedOf(row))
  return { kind: 'settle', status: 'recorded', state: row.state, ...(row.state === 'pending' && { runAt: row.runAt }) }
}

/** With the attempt that ends here, and with no other (P5). */
function keepLog({ rows, now, limits }: Work, settled: SettleOperation, log: LogText): void {
  const row = rows.task(settled.taskId)
  if (row === undefined || !isHeldBy(row, settled)) return
  const { taskId, leaseId } = settled
  rows.keepLog(taskId, { ...log, attempt: row.attempt, leaseId, endedAt: now })
  rows.dropLogs(limits.logBytesMax ?? LOGS_BYTES_MAX)
}

/** P6: whether this lease's own worker settled it already. What was ended over its head as lost is stale for it. */
function settledBefore(rows: Rows, row: TaskRow, leaseId: string): boolean {
  if (row.settledLease === leaseId) return true
  if (row.state === 'completed' && row.leaseId === leaseId) return true
  return rows.story(row.id).some((record) => record.leaseId === leaseId && reportedByWorker(record))
}

function reportedByWorker({ outcome }: AttemptRecord): boolean {
  return outcome !== 'lost'
}

function checkpoint({ rows, retried }: Work, operation: CheckpointOperation): OperationOutcome {
  const kept = rows.keepCheckpoint(operation, operation.value) || (retried && wasKept(rows, operation))
  return { kind: 'checkpoint', status: kept ? 'recorded' : 'stale' }
}

/** By the first try of this batch, in which the attempt ended behind it. */
function wasKept(rows: Rows, { taskId, leaseId }: CheckpointOperation): boolean {
  if (rows.checkpoint(taskId)?.leaseId === leaseId) return true
  const row = rows.task(taskId)
  return row?.state === 'completed' && row.leaseId === leaseId
}

function cancel(work: Work, { taskId, types }: CancelOperation): OperationOutcome {
  const row = work.rows.task(taskId)
  if (row === undefined || types?.includes(row.type) === false) return { kind: 'cancel', status: 'unknown' }
  // One and the same batch cancelled it, then retried it: what it is now came after this.
  if (row.state !== 'cancelled' && retriedBefore(work, row)) {
    return { kind: 'cancel', status: 'ended', state: 'cancelled' }
  }
  if (row.state === 'running') {
    if (!row.cancelRequested) work.rows.update({ ...row, cancelRequested: true })
    return { kind: 'cancel', status: 'cancelling', state: 'running', leaseId: row.leaseId, holder: row.holder }
  }
  if (row.state === 'pending') {
    work.endPending(row, 'cancelled')
    return { kind: 'cancel', status: 'cancelled', state: 'cancelled' }
  }
  if (!work.retried || row.state !== 'cancelled') return { kind: 'cancel', status: 'ended', state: row.state }
  work.endedBefore(row)
  return { kind: 'cancel', status: 'cancelled', state: 'cancelled' }
}

function retry(work: Work, { taskId, types }: RetryOperation): OperationOutcome {
  const row = work.rows.task(taskId)
  if (row === undefined || types?.includes(row.type) === false) return { kind: 'retry', status: 'unknown' }
  if (retriedBefore(work, row)) {
    if (row.voting === true) work.polls.changed(row.id)
    return { kind: 'retry', status: 'retried', state: 'pending' }
  }
  // Behind this very retry the first try ended it, perhaps by a cancel: when it was asked for there was nothing to retry.
  if (work.retried && row.endedAt === work.now) return { kind: 'retry', status: 'kept', state: row.state }
  const decision = decideRetry(row, work.now, work.batchId)
  if (decision === undefined) return { kind: 'retry', status: 'kept', state: row.state }
  if (work.room === 0) return { kind: 'retry', status: 'busy', state: row.state }
  const { record, ...changes } = decision
  const { endedAt: _, expiresAt: __, deadlineAt: ___, ...kept } = row
  work.rows.record(taskId, record)
  const again = { ...kept, ...changes }
  work.replace(row, again)
  if (row.voting === true) work.polls.beginAgain(again)
  return { kind: 'retry', status: 'retried', state: 'pending' }
}

/** Whether the first try of this very batch retried the task: whatever it is now, that came of it. */
function retriedBefore(work: Work, row: TaskRow): boolean {
  if (!work.retried) return false
  return work.rows.story(row.id).some(({ outcome, leaseId }) => outcome === 'retried' && leaseId === work.batchId)
}

function attach(work: Work, { incarnation, leases, place, voter, model }: AttachOperation): OperationOutcome {
  const { rows } = work
  rows.remember(incarnation, place, { voter, model })
  if (work.retried) endedBefore(work, incarnation)
  const running = new Map(work.running(incarnation).map((row) => [row.leaseId, row]))
  const live: Grant[] = []
  const stale: LeaseRef[] = []
  for (const lease of leases) {
    const row = running.get(lease.leaseId)
    if (row?.id === lease.taskId) live.push(grantOf(row, { leaseId: lease.leaseId, holder: incarnation }, row.payload))
    else stale.push(lease)
  }
  for (const { leaseId } of live) running.delete(leaseId)
  for (const row of running.values()) {
    work.endAttempt(row, { kind: 'returned', reason: 'undelivered', started: false })
  }
  return { kind: 'attach', live, stale, returned: running.size }
}

function expire(work: Work, operation: ExpireOperation): OperationOutcome {
  const { rows } = work
  const { incarnation, beat, error } = operation
  if ((rows.beat(incarnation) ?? 0) !== beat) return { kind: 'expire', status: 'moved', tasks: [] }
  const { leases } = operation
  const before = work.retried ? endedBefore(work, incarnation) : []
  const isOver = (leaseId: string): boolean => leases === undefined || leases.some((lease) => lease.leaseId === leaseId)
  const tasks = before.filter(({ leaseId }) => isOver(leaseId))
  const unstarted = new Set(operation.unstarted)
  for (const row of leases === undefined ? work.running(incarnation) : heldBy(work.rows, incarnation, leases)) {
    const leaseId = row.leaseId ?? ''
    const { state } = work.endAttempt(row, { kind: 'lost', started: !unstarted.has(leaseId), error })
    tasks.push({ id: row.id, leaseId, state })
  }
  if (leases === undefined) rows.forget(incarnation)
  return { kind: 'expire', status: 'expired', tasks }
}

/** One by one: a worker may hold much that is not over. */
function heldBy(rows: Rows, holder: string, leases: readonly LeaseRef[]): TaskRow[] {
  return leases.flatMap((lease) => {
    const row = rows.task(lease.taskId)
    return row !== undefined && isHeldBy(row, { ...lease, holder }) ? [row] : []
  })
}

/** What the first try of this batch ended over the head of this incarnation, as far as it left a line in the story. */
function endedBefore(work: Work, incarnation: string): ExpiredTask[] {
  return work.rows.recordsOf(incarnation, work.now).flatMap(({ taskId, leaseId, outcome }) => {
    const row = work.rows.task(taskId)
    if (row === undefined || (outcome !== 'lost' && outcome !== 'cancelled')) return []
    if (isTerminal(row.state)) work.ended(endedOf(row))
    return [{ id: taskId, leaseId, state: row.state }]
  })
}
