// The store in memory: for simulations and tests. It keeps the same promises as the others but one: it ends with its
// process. Rows are never changed in place, so what was handed out stays as it was.
import type { WallMs } from '../clock.js'
import { DtrError } from '../errors.js'
import type { AttemptRecord, Encoding, TaskState } from '../task/task.js'
import { applyBatch, readTasks } from './apply.js'
import {
  type CompletedRow,
  defined,
  type GrantedRow,
  type Head,
  inClaimOrder,
  type NewTaskRow,
  type Rows,
  type TaskRow,
} from './rows.js'
import { Sorted } from './sorted.js'
import type { ClaimRoute, Count, Holder, Offer, Place, Store, StoreLimits } from './store.js'

export function openMemoryStore(limits: StoreLimits): Store {
  const rows = new MemoryRows()
  let closed = false
  /** As an async function, so that whatever it throws rejects. */
  const whileOpen = async <Answer>(answer: () => Answer): Promise<Answer> => {
    if (closed) throw new DtrError('stopping', 'the store is closed')
    return answer()
  }
  return {
    apply: (batch) => whileOpen(() => applyBatch(rows, batch, limits)),
    get: (ids) => whileOpen(() => readTasks(rows, ids)),
    counts: () => whileOpen(() => rows.counts()),
    holders: () => whileOpen(() => rows.holders()),
    close: async () => {
      closed = true
    },
  }
}

class MemoryRows implements Rows {
  readonly #tasks = new Map<string, TaskRow>()
  readonly #bySeq = new Map<number, TaskRow>()
  readonly #runnable = new Map<string, Sorted<TaskRow>>()
  readonly #gated = new Sorted<TaskRow>((a, b) => a.runAt - b.runAt || a.seq - b.seq)
  readonly #expiring = new Sorted<TaskRow>((a, b) => (a.expiresAt ?? 0) - (b.expiresAt ?? 0) || a.seq - b.seq)
  readonly #running = new Map<string, Sorted<TaskRow>>()
  readonly #stories = new Map<string, AttemptRecord[]>()
  readonly #recordsByHolder = new Map<string, (AttemptRecord & { readonly taskId: string })[]>()
  readonly #incarnations = new Map<string, { readonly beat: number; readonly place: Place | undefined }>()
  readonly #counts = new Map<string, Count>()
  #lastSeq = 0

  task(id: string): TaskRow | undefined {
    return this.#tasks.get(id)
  }

  insert(row: NewTaskRow): boolean {
    if (this.#tasks.has(row.id)) return false
    this.#lastSeq += 1
    this.#put(defined({ ...row, seq: this.#lastSeq }))
    return true
  }

  update(row: TaskRow): void {
    this.#unlist(this.#existing(row.seq))
    this.#put(row)
  }

  complete(taskId: string, leaseId: string, result: string, encoding: Encoding, now: WallMs): CompletedRow | undefined {
    const row = this.#tasks.get(taskId)
    if (row?.state !== 'running' || row.leaseId !== leaseId || row.cancelRequested) return undefined
    const { error: _, ...kept } = row
    this.update({ ...kept, state: 'completed', result, resultEncoding: encoding, endedAt: now })
    return row
  }

  heads(route: ClaimRoute, limit: number): readonly Head[] {
    return this.#runnable.get(keyOf(route))?.first(limit) ?? []
  }

  grant(seq: number, offer: Offer, maxAttempts: number, now: WallMs): GrantedRow {
    const row = this.#existing(seq)
    if (row.state !== 'pending') throw new Error(`task ${row.id} was granted while ${row.state}`)
    const granted: TaskRow = {
      ...row,
      state: 'running',
      attempt: row.attempt + 1,
      maxAttempts: row.maxAttempts ?? maxAttempts,
      leaseId: offer.leaseId,
      holder: offer.holder,
      grantedAt: now,
    }
    this.update(granted)
    return granted
  }

  leased(offer: Offer): TaskRow | undefined {
    return this.running(offer.holder).find((row) => row.leaseId === offer.leaseId)
  }

  running(incarnation: string): readonly TaskRow[] {
    return this.#running.get(incarnation)?.first(Number.POSITIVE_INFINITY) ?? []
  }

  openGates(now: WallMs, limit: number): void {
    const due = this.#gated.first(limit).filter((row) => row.runAt <= now)
    for (const row of due) this.update({ ...row, gated: false })
  }

  overdue(now: WallMs, limit: number): readonly TaskRow[] {
    return this.#expiring.first(limit).filter((row) => row.expiresAt !== undefined && row.expiresAt <= now)
  }

  failedAt(endedAt: WallMs): readonly TaskRow[] {
    return [...this.#tasks.values()].filter(
      (row) => row.state === 'failed' && row.endedAt === endedAt && row.expiresAt !== undefined,
    )
  }

  nextDueAt(): WallMs | undefined {
    const times = [this.#gated.first(1)[0]?.runAt, this.#expiring.first(1)[0]?.expiresAt]
    const known = times.filter((time) => time !== undefined)
    return known.length === 0 ? undefined : Math.min(...known)
  }

  record(taskId: string, record: AttemptRecord): void {
    this.#stories.set(taskId, [...this.story(taskId), record])
    const records = this.#recordsByHolder.get(record.holder) ?? []
    records.push({ ...record, taskId })
    this.#recordsByHolder.set(record.holder, records)
  }

  story(taskId: string): readonly AttemptRecord[] {
    return this.#stories.get(taskId) ?? []
  }

  recordsOf(incarnation: string, endedAt: WallMs): readonly (AttemptRecord & { readonly taskId: string })[] {
    return (this.#recordsByHolder.get(incarnation) ?? []).filter((record) => record.endedAt === endedAt)
  }

  beat(incarnation: string): number | undefined {
    return this.#incarnations.get(incarnation)?.beat
  }

  remember(incarnation: string, place: Place | undefined): void {
    const known = this.#incarnations.get(incarnation)
    this.#incarnations.set(incarnation, { beat: known?.beat ?? 0, place: place ?? known?.place })
  }

  forget(incarnation: string): void {
    this.#incarnations.delete(incarnation)
  }

  pending(): number {
    return this.counts().reduce((sum, { state, count }) => sum + (state === 'pending' ? count : 0), 0)
  }

  addToCount(queue: string, type: string, state: TaskState, change: number): void {
    const key = JSON.stringify([queue, type, state])
    const count = (this.#counts.get(key)?.count ?? 0) + change
    if (count === 0) this.#counts.delete(key)
    else this.#counts.set(key, { queue, type, state, count })
  }

  counts(): readonly Count[] {
    return [...this.#counts.values()]
  }

  holders(): readonly Holder[] {
    return [...this.#running.keys()].map((incarnation) => {
      const { beat = 0, place } = this.#incarnations.get(incarnation) ?? {}
      return { incarnation, beat, running: this.running(incarnation).length, ...(place && { place }) }
    })
  }

  #existing(seq: number): TaskRow {
    const row = this.#bySeq.get(seq)
    if (row === undefined) throw new Error(`no task has seq ${seq}`)
    return row
  }

  #put(row: TaskRow): void {
    this.#tasks.set(row.id, row)
    this.#bySeq.set(row.seq, row)
    if (row.state === 'running') listOf(this.#running, row.holder ?? '', bySubmission).add(row)
    if (row.state !== 'pending') return
    if (row.gated) this.#gated.add(row)
    else listOf(this.#runnable, keyOf(row), inClaimOrder).add(row)
    if (row.expiresAt !== undefined) this.#expiring.add(row)
  }

  #unlist(row: TaskRow): void {
    this.#gated.delete(row)
    this.#expiring.delete(row)
    drop(this.#runnable, keyOf(row), row)
    drop(this.#running, row.holder ?? '', row)
  }
}

function bySubmission(a: TaskRow, b: TaskRow): number {
  return a.seq - b.seq
}

function keyOf(route: { readonly queue: string; readonly type: string }): string {
  return JSON.stringify([route.queue, route.type])
}

function listOf(
  lists: Map<string, Sorted<TaskRow>>,
  key: string,
  order: (a: TaskRow, b: TaskRow) => number,
): Sorted<TaskRow> {
  const list = lists.get(key) ?? new Sorted(order)
  lists.set(key, list)
  return list
}

/** Keeps no empty lists. */
function drop(lists: Map<string, Sorted<TaskRow>>, key: string, row: TaskRow): void {
  const list = lists.get(key)
  list?.delete(row)
  if (list?.first(1).length === 0) lists.delete(key)
}
