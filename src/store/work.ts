// One batch while it is being applied: its time, what it has ended and what it has added to the counts so far.
import type { WallMs } from '../clock.js'
import { decideEnding, type Ending, type EndingDecision, isTerminal, type TaskState } from '../task/task.js'
import { endedOf, type Rows, rowAfter, type TaskRow } from './rows.js'
import type { Batch, EndedTask, StoreLimits } from './store.js'

type Change = { -readonly [State in TaskState]?: number }

export class Work {
  readonly now: WallMs
  readonly retried: boolean
  /** Of a retried batch: the leases that its own claims may have granted already, after its operations. */
  readonly #ownLeases: ReadonlySet<string>
  readonly #ended = new Map<string, EndedTask>()
  /** By queue, then type: written as one row each at the end, however many tasks moved. */
  readonly #changes = new Map<string, Map<string, Change>>()
  #pendingBefore: number | undefined
  #pendingChange = 0

  constructor(
    readonly rows: Rows,
    batch: Batch,
    readonly limits: StoreLimits,
  ) {
    this.now = batch.now
    this.retried = batch.retried
    const offers = batch.retried ? batch.claims.flatMap((claim) => claim.offers) : []
    this.#ownLeases = new Set(offers.map(({ leaseId }) => leaseId))
  }

  /** What an incarnation ran before the claims of this batch: what those granted, its operations have not seen. */
  running(incarnation: string): readonly TaskRow[] {
    return this.rows.running(incarnation).filter(({ leaseId }) => !this.#ownLeases.has(leaseId ?? ''))
  }

  /** P24: whether there is room for one more pending task. */
  get full(): boolean {
    this.#pendingBefore ??= this.rows.pending()
    return this.#pendingBefore + this.#pendingChange >= this.limits.pendingMax
  }

  /** Counts a task that came (no `from`) or changed its state. */
  moved(task: { readonly queue: string; readonly type: string }, from: TaskState | undefined, to: TaskState): void {
    const change = this.#changeOf(task.queue, task.type)
    if (from !== undefined) change[from] = (change[from] ?? 0) - 1
    change[to] = (change[to] ?? 0) + 1
    this.#pendingChange += (to === 'pending' ? 1 : 0) - (from === 'pending' ? 1 : 0)
  }

  ended(task: EndedTask): void {
    this.#ended.set(task.id, task)
  }

  /** Ends the current attempt of a running task: what that means is decided in task/task.ts and nowhere else. */
  endAttempt(row: TaskRow, ending: Ending, settledLease = row.settledLease): EndingDecision {
    const decision = decideEnding(row, ending, this.now)
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
    this.moved(before, before.state, after.state)
    if (isTerminal(after.state)) this.ended(endedOf(after))
  }

  /** Writes the counts; what is left is the outcome's. */
  finish(): readonly EndedTask[] {
    for (const [queue, types] of this.#changes) {
      for (const [type, change] of types) {
        for (const [state, count] of Object.entries(change)) {
          if (count !== 0) this.rows.addToCount(queue, type, state as TaskState, count)
        }
      }
    }
    return [...this.#ended.values()]
  }

  #changeOf(queue: string, type: string): Change {
    const types = this.#changes.get(queue) ?? new Map<string, Change>()
    this.#changes.set(queue, types)
    const change = types.get(type) ?? {}
    types.set(type, change)
    return change
  }
}
