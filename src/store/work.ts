// One batch while it is being applied: its time, what it has ended and what it has added to the counts so far.
import type { WallMs } from '../clock.js'
import { Histogram } from '../task/histogram.js'
import { decideEnding, type Ending, type EndingDecision, isTerminal, type TaskState } from '../task/task.js'
import { mayBeReplica, Polls } from './polls.js'
import { bytesOf, endedOf, type Given, grantOf, type Rows, rowAfter, type Size, type TaskRow } from './rows.js'
import type { Batch, EndedTask, Grant, StoreLimits } from './store.js'

/** Added up in place: once for each task that moves. */
type Sum = { -readonly [Key in keyof Size]: Size[Key] }
type Change = { [State in TaskState]?: Sum }

export class Work {
  /** Random, and the same when the batch is applied again. */
  readonly batchId: string
  readonly now: WallMs
  readonly retried: boolean
  /** Of a retried batch: the leases that its own claims may have granted already, after its operations. */
  readonly #ownLeases: ReadonlySet<string>
  /** Tasks that were submitted once more: forgotten now, they would be new ones if this batch is applied again. */
  readonly resubmitted = new Set<string>()
  readonly polls: Polls = new Polls(this)
  readonly #ended = new Map<string, EndedTask>()
  /** By queue, then type: written as one row each at the end, however many tasks moved. */
  readonly #changes = new Map<string, Map<string, Change>>()
  readonly #given: Given[] = []
  #waits: Histogram | undefined
  #pendingBefore: number | undefined
  #pendingChange = 0
  #keptBefore: Size | undefined
  readonly #keptChange: Sum = { count: 0, bytes: 0 }

  constructor(
    readonly rows: Rows,
    batch: Batch,
    readonly limits: StoreLimits,
  ) {
    this.batchId = batch.id
    this.now = batch.now
    this.retried = batch.retried
    const offers = batch.retried ? batch.claims.flatMap((claim) => claim.offers) : []
    this.#ownLeases = new Set(offers.map(({ leaseId }) => leaseId))
  }

  /** What an incarnation ran before the claims of this batch: what those granted, its operations have not seen. */
  running(incarnation: string): readonly TaskRow[] {
    return this.rows.running(incarnation).filter(({ leaseId }) => !this.#ownLeases.has(leaseId ?? ''))
  }

  /** P24: for so many more pending tasks. */
  get room(): number {
    this.#pendingBefore ??= this.rows.pending()
    return Math.max(0, this.limits.pendingMax - this.#pendingBefore - this.#pendingChange)
  }

  /** How many tasks have ended and are kept, as this batch has it so far. */
  get kept(): Size {
    this.#keptBefore ??= this.rows.kept()
    const { count, bytes } = this.#keptBefore
    return { count: count + this.#keptChange.count, bytes: bytes + this.#keptChange.bytes }
  }

  /**
   * Counts a task that came (no `from`), changed its state, or was forgotten (no `to`).
   * @param bytes of its payload and result, where one of the two states is an end
   */
  moved(
    task: { readonly queue: string; readonly type: string },
    from: TaskState | undefined,
    to: TaskState | undefined,
    bytes = 0,
  ): void {
    const change = this.#changeOf(task.queue, task.type)
    if (from !== undefined) this.#count(change, from, -1, -bytes)
    if (to !== undefined) this.#count(change, to, 1, bytes)
  }

  #count(change: Change, state: TaskState, by: number, bytes: number): void {
    const size = change[state] ?? { count: 0, bytes: 0 }
    change[state] = size
    size.count += by
    if (state === 'pending') this.#pendingChange += by
    if (!isTerminal(state)) return
    size.bytes += bytes
    this.#keptChange.count += by
    this.#keptChange.bytes += bytes
  }

  /** Whatever looks at what is runnable must be told of it first (`writeGiven`): neighbours cost less together. */
  give(given: Given): Grant {
    const { head, offer, maxAttempts } = given
    this.#given.push(given)
    this.moved(head, 'pending', 'running')
    this.granted(head.runAt)
    const payload = head.payload ?? this.rows.payload(head)
    return grantOf(head, offer, payload, head.maxAttempts ?? maxAttempts, head.attempt + 1)
  }

  writeGiven(): void {
    if (this.#given.length > 0) this.rows.grant(this.#given.splice(0), this.now)
  }

  /** How long what this batch grants had waited. */
  get waits(): Histogram | undefined {
    return this.#waits
  }

  granted(runAt: WallMs): void {
    this.#waits ??= new Histogram()
    this.#waits.add(this.now - runAt)
  }

  /** @param ballot of its own code, where that gave one with the result */
  ended(task: EndedTask, ballot?: string): void {
    this.#ended.set(task.id, task)
    if (mayBeReplica(task.id)) this.polls.ended(task.id, ballot)
  }

  /** By the first try of this batch. */
  endedBefore(row: TaskRow): void {
    this.ended(endedOf(row))
    if (row.voting === true) this.polls.changed(row.id)
  }

  /** Ends the current attempt of a running task: what that means is decided in task/task.ts and nowhere else. */
  endAttempt(row: TaskRow, ending: Ending, settledLease = row.settledLease): EndingDecision {
    const decision = decideEnding(row, ending, this.now, () => this.rows.story(row.id))
    if (decision.record !== undefined) this.rows.record(row.id, decision.record)
    this.replace(row, { ...rowAfter(row, decision, this.now), ...(settledLease !== undefined && { settledLease }) })
    return decision
  }

  /** Ends a task that waits. */
  endPending(row: TaskRow, state: 'cancelled' | 'failed', error?: TaskRow['error']): void {
    const { error: _, ...kept } = row
    this.replace(row, { ...kept, state, gated: false, endedAt: this.now, ...(error !== undefined && { error }) })
  }

  replace(before: TaskRow, after: TaskRow): void {
    this.rows.update(after)
    const ends = isTerminal(before.state) || isTerminal(after.state)
    this.moved(before, before.state, after.state, ends ? bytesOf(after) : 0)
    if (isTerminal(after.state)) this.ended(endedOf(after))
    else if (mayBeReplica(after.id)) this.polls.left(after.id)
    if (after.voting === true && isTerminal(after.state)) this.polls.changed(after.id)
  }

  /** Writes the counts; what is left is the outcome's. */
  finish(): readonly EndedTask[] {
    for (const [queue, types] of this.#changes) {
      for (const [type, change] of types) {
        for (const [state, size] of Object.entries(change)) {
          if (size.count !== 0 || size.bytes !== 0) this.rows.addToCount(queue, type, state as TaskState, size)
        }
      }
    }
    return [...this.#ended.values()]
  }

  #changeOf(queue: string, type: string): Change {
    const types = this.#changes.get(queue) ?? new Map<string, Change>()
    const change = types.get(type)
    if (change !== undefined) return change
    const none: Change = {}
    this.#changes.set(queue, types.set(type, none))
    return none
  }
}
