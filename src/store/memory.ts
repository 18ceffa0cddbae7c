// The store in memory: for simulations and tests. It keeps the same promises as the others but one: it ends with its
// process. Rows are never changed in place, so what was handed out stays as it was.
import type { WallMs } from '../clock.js'
import { DtrError } from '../errors.js'
import type { Tally } from '../task/reputation.js'
import { type AttemptRecord, isTerminal, type TaskState } from '../task/task.js'
import { applyBatch, readLogs, readReputations, readTasks } from './apply.js'
import { listFailures, listTasks, matches, summaryOf, WALKED_ROWS_MAX } from './listing.js'
import {
  bytesOf,
  type Checkpoint,
  type CompletedRow,
  type Completion,
  defined,
  type EndedRow,
  type Given,
  type Head,
  type Identity,
  inClaimOrder,
  isHeldBy,
  type KeyRows,
  type NewTaskRow,
  nameOf,
  type PollRow,
  type PollRows,
  type ReplicaRow,
  type ReputationRows,
  type Rows,
  type Settled,
  type Size,
  type TallyKey,
  type TaskRow,
  type VoterRow,
  type Walk,
  type Who,
} from './rows.js'
import { Sorted } from './sorted.js'
import type {
  ClaimRoute,
  Count,
  HeldLease,
  Holder,
  KeptLog,
  KeyRecord,
  Offer,
  Place,
  Quarantine,
  ReputationRecord,
  Store,
  StoreLimits,
  TaskFilter,
} from './store.js'

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
    list: (filter, page) => whileOpen(() => listTasks(rows, filter, page)),
    logs: (id, after) => whileOpen(() => readLogs(rows, id, after)),
    failures: (filter, cursor) => whileOpen(() => listFailures(rows, filter, cursor)),
    counts: () => whileOpen(() => rows.counts()),
    holders: () => whileOpen(() => rows.holders()),
    keys: () => whileOpen(() => rows.keys.all()),
    reputations: () => whileOpen(() => readReputations(rows)),
    close: async () => {
      closed = true
    },
  }
}

class MemoryRows implements Rows {
  readonly keys = new MemoryKeys()
  readonly polls = new MemoryPolls()
  readonly reputations = new MemoryReputations()
  readonly #tasks = new Map<string, TaskRow>()
  readonly #bySeq = new Map<number, TaskRow>()
  readonly #runnable = new Map<string, Sorted<TaskRow>>()
  readonly #gated = new Sorted<TaskRow>((a, b) => a.runAt - b.runAt || a.seq - b.seq)
  readonly #expiring = new Sorted<TaskRow>((a, b) => (a.expiresAt ?? 0) - (b.expiresAt ?? 0) || a.seq - b.seq)
  readonly #failed = new Sorted<TaskRow>(byEnd)
  readonly #endedOtherwise = new Sorted<TaskRow>(byEnd)
  readonly #running = new Map<string, Sorted<TaskRow>>()
  readonly #stories = new Map<string, AttemptRecord[]>()
  readonly #recordsByHolder = new Map<string, (AttemptRecord & { readonly taskId: string })[]>()
  readonly #checkpoints = new Map<string, Checkpoint>()
  readonly #incarnations = new Map<string, Incarnation>()
  readonly #counts = new Map<string, Count & Size>()
  /** The oldest first. */
  #logs: (KeptLog & { readonly taskId: string; readonly bytes: number })[] = []
  #logBytes = 0
  #lastLog = 0
  #lastSeq = 0

  task(id: string): TaskRow | undefined {
    return this.#tasks.get(id)
  }

  insert(rows: readonly NewTaskRow[]): readonly boolean[] {
    return rows.map((row) => this.#insertOne(row))
  }

  #insertOne(row: NewTaskRow): boolean {
    if (this.#tasks.has(row.id)) return false
    this.#lastSeq += 1
    const none = {
      state: 'pending',
      attempt: 0,
      uncharged: 0,
      forgiven: 0,
      suspect: false,
      cancelRequested: false,
    } as const
    this.#put(defined({ ...row, ...none, seq: this.#lastSeq }))
    return true
  }

  update(row: TaskRow): void {
    this.#unlist(this.#existing(row.seq))
    this.#put(row)
  }

  complete(list: readonly Completion[], now: WallMs): readonly (CompletedRow | undefined)[] {
    return list.map((completion) => this.#completeOne(completion, now))
  }

  #completeOne(completion: Completion, now: WallMs): CompletedRow | undefined {
    const row = this.#tasks.get(completion.taskId)
    if (row === undefined || !isHeldBy(row, completion) || row.cancelRequested) return undefined
    const { result, encoding } = completion.ending
    const { error: _, ...kept } = row
    this.update({ ...kept, state: 'completed', result, resultEncoding: encoding, endedAt: now })
    this.#checkpoints.delete(row.id)
    return { ...row, bytes: bytesOf({ payload: row.payload, result }) }
  }

  keepCheckpoint(lease: Settled, value: string): boolean {
    const row = this.#tasks.get(lease.taskId)
    if (row === undefined || !isHeldBy(row, lease)) return false
    this.#checkpoints.set(row.id, { leaseId: lease.leaseId, value })
    return true
  }

  checkpoint(taskId: string): Checkpoint | undefined {
    return this.#checkpoints.get(taskId)
  }

  heads(route: ClaimRoute, limit: number): readonly Head[] {
    return this.#runnable.get(keyOf(route))?.first(limit) ?? []
  }

  runnableTypes(queue: string, limit: number): readonly string[] {
    const routes = [...this.#runnable.keys()].map((key): [string, string] => JSON.parse(key))
    const types = routes.flatMap(([of, type]) => (of === queue ? [type] : []))
    return types.sort().slice(0, limit)
  }

  payload({ seq }: Head): string {
    return this.#existing(seq).payload
  }

  grant(given: readonly Given[], now: WallMs): void {
    for (const { head, offer, maxAttempts } of given) {
      const row = this.#existing(head.seq)
      if (row.state !== 'pending') throw new Error(`task ${row.id} was granted while ${row.state}`)
      this.update({
        ...row,
        state: 'running',
        attempt: row.attempt + 1,
        maxAttempts: row.maxAttempts ?? maxAttempts,
        leaseId: offer.leaseId,
        holder: offer.holder,
        grantedAt: now,
      })
    }
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

  walk(filter: TaskFilter, before: number, limit: number): Walk {
    const newestFirst = [...this.#bySeq.keys()].filter((seq) => seq < before).sort((a, b) => b - a)
    const found = []
    for (const [walked, seq] of newestFirst.entries()) {
      if (found.length === limit || walked === WALKED_ROWS_MAX) return { found, next: seq + 1 }
      const task = summaryOf(this.#existing(seq))
      if (matches(task, filter)) found.push(task)
    }
    return { found }
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

  keepLog(taskId: string, log: Omit<KeptLog, 'seq'>): void {
    this.#lastLog += 1
    this.#logs.push({ ...log, taskId, seq: this.#lastLog, bytes: Buffer.byteLength(log.text) })
    this.#logBytes += Buffer.byteLength(log.text)
  }

  logs(taskId: string, after: number, limit: number): readonly KeptLog[] {
    const found = this.#logs.filter((log) => log.taskId === taskId && log.seq > after).slice(0, limit)
    return found.map(({ taskId: _, bytes: __, ...log }) => log)
  }

  dropLogs(bytesMax: number): void {
    while (this.#logBytes > bytesMax) this.#logBytes -= this.#logs.shift()!.bytes
  }

  endedFirst(which: 'failed' | 'others', limit: number): readonly EndedRow[] {
    const line = which === 'failed' ? this.#failed : this.#endedOtherwise
    return line.first(limit).map((row) => {
      const { seq, id, queue, type, state, endedAt = 0, voting = false } = row
      return { seq, id, queue, type, state, endedAt, voting, bytes: bytesOf(row) }
    })
  }

  remove({ seq, id, voting }: EndedRow): void {
    if (voting === true) this.polls.remove(id)
    this.#unlist(this.#existing(seq))
    this.#tasks.delete(id)
    this.#bySeq.delete(seq)
    // The next submission follows the last that there is, as in a table that gives out its row numbers.
    while (this.#lastSeq > 0 && !this.#bySeq.has(this.#lastSeq)) this.#lastSeq -= 1
    for (const { holder } of this.story(id)) {
      const others = this.#recordsByHolder.get(holder)?.filter(({ taskId }) => taskId !== id) ?? []
      if (others.length === 0) this.#recordsByHolder.delete(holder)
      else this.#recordsByHolder.set(holder, others)
    }
    this.#stories.delete(id)
    this.#checkpoints.delete(id)
    const logs = this.#logs.filter(({ taskId }) => taskId === id)
    if (logs.length === 0) return
    for (const { bytes } of logs) this.#logBytes -= bytes
    this.#logs = this.#logs.filter(({ taskId }) => taskId !== id)
  }

  beat(incarnation: string): number | undefined {
    return this.#incarnations.get(incarnation)?.beat
  }

  remember(incarnation: string, place: Place | undefined, { voter, model }: Identity): void {
    const known = this.#incarnations.get(incarnation) ?? { beat: 0 }
    this.#incarnations.set(incarnation, defined({ ...known, ...(place && { place }), voter, model }))
  }

  enlist(incarnation: string, about: string, { voter, model }: Identity): void {
    const known = this.#incarnations.get(incarnation) ?? { beat: 0 }
    this.#incarnations.set(incarnation, defined({ ...known, about, voter, model }))
  }

  whoIs(incarnation: string): Who {
    const { voter, model, place } = this.#incarnations.get(incarnation) ?? {}
    return defined({ voter: voter ?? nameOf(incarnation), machine: place?.machine, model })
  }

  forget(incarnation: string): void {
    this.#incarnations.delete(incarnation)
  }

  pending(): number {
    return this.counts().reduce((sum, { state, count }) => sum + (state === 'pending' ? count : 0), 0)
  }

  kept(): Size {
    const sum = { count: 0, bytes: 0 }
    for (const { state, count, bytes } of this.#counts.values()) {
      if (!isTerminal(state)) continue
      sum.count += count
      sum.bytes += bytes
    }
    return sum
  }

  addToCount(queue: string, type: string, state: TaskState, change: Size): void {
    const key = JSON.stringify([queue, type, state])
    const before = this.#counts.get(key) ?? { count: 0, bytes: 0 }
    const count = before.count + change.count
    if (count === 0) this.#counts.delete(key)
    else this.#counts.set(key, { queue, type, state, count, bytes: before.bytes + change.bytes })
  }

  counts(): readonly Count[] {
    return [...this.#counts.values()].map(({ bytes: _, ...count }) => count)
  }

  holders(): readonly Holder[] {
    const enlisted = [...this.#incarnations].flatMap(([incarnation, { about }]) =>
      about === undefined ? [] : [incarnation],
    )
    return [...new Set([...this.#running.keys(), ...enlisted])].map((incarnation) => {
      const { beat = 0, place, about } = this.#incarnations.get(incarnation) ?? {}
      const running = this.running(incarnation)
      const holder = { incarnation, beat, running: running.length, ...(place && { place }) }
      return about === undefined ? holder : { ...holder, about, leases: running.map(heldLease) }
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
    if (row.state === 'failed') this.#failed.add(row)
    else if (isTerminal(row.state)) this.#endedOtherwise.add(row)
    if (row.state !== 'pending') return
    if (row.gated) this.#gated.add(row)
    else if (row.voting !== true) listOf(this.#runnable, keyOf(row), inClaimOrder).add(row)
    if (row.expiresAt !== undefined) this.#expiring.add(row)
  }

  #unlist(row: TaskRow): void {
    this.#gated.delete(row)
    this.#expiring.delete(row)
    this.#failed.delete(row)
    this.#endedOtherwise.delete(row)
    drop(this.#runnable, keyOf(row), row)
    drop(this.#running, row.holder ?? '', row)
  }
}

interface Incarnation extends Identity {
  readonly beat: number
  readonly place?: Place
  readonly about?: string
}

function heldLease({ id: taskId, leaseId = '', type, cancelRequested, deadlineAt }: TaskRow): HeldLease {
  return { taskId, leaseId, type, cancelRequested, ...(deadlineAt !== undefined && { deadlineAt }) }
}

class MemoryPolls implements PollRows {
  readonly #polls = new Map<string, PollRow>()
  readonly #replicas = new Map<string, ReplicaRow>()
  readonly #byParent = new Map<string, string[]>()

  get(taskId: string): PollRow | undefined {
    return this.#polls.get(taskId)
  }

  put(poll: PollRow): void {
    this.#polls.set(poll.taskId, poll)
  }

  replica(taskId: string): ReplicaRow | undefined {
    return this.#replicas.get(taskId)
  }

  replicas(parentId: string): readonly ReplicaRow[] {
    return (this.#byParent.get(parentId) ?? []).map((id) => this.#replicas.get(id)!)
  }

  /** They come in the order of their numbers. */
  putReplica(replica: ReplicaRow): void {
    const { taskId, parentId } = replica
    if (!this.#replicas.has(taskId)) this.#byParent.set(parentId, [...(this.#byParent.get(parentId) ?? []), taskId])
    this.#replicas.set(taskId, defined(replica))
  }

  remove(taskId: string): void {
    this.#polls.delete(taskId)
    for (const id of this.#byParent.get(taskId) ?? []) this.#replicas.delete(id)
    this.#byParent.delete(taskId)
  }
}

class MemoryReputations implements ReputationRows {
  readonly #records = new Map<string, ReputationRecord>()
  readonly #voters = new Map<string, VoterRow>()

  tally({ voter, type, model }: TallyKey): Tally | undefined {
    return this.#records.get(JSON.stringify([voter, type, model ?? '']))
  }

  put(record: ReputationRecord): void {
    const { voter, type, model } = record
    this.#records.set(JSON.stringify([voter, type, model ?? '']), defined(record))
  }

  best(limit: number): readonly ReputationRecord[] {
    const byKey = [...this.#records].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, record]) => record)
    return byKey.sort((one, other) => other.matched - one.matched).slice(0, limit)
  }

  voter(voter: string): VoterRow | undefined {
    return this.#voters.get(voter)
  }

  putVoter(row: VoterRow): void {
    this.#voters.set(row.voter, row)
  }

  quarantined(): readonly Quarantine[] {
    const found = [...this.#voters.values()].flatMap(({ voter, quarantine }) =>
      quarantine === undefined ? [] : [{ voter, ...quarantine }],
    )
    return found.sort((one, other) => one.since - other.since || (one.voter < other.voter ? -1 : 1))
  }

  endStreaks(voter: string): void {
    for (const [key, record] of this.#records)
      if (record.voter === voter) this.#records.set(key, { ...record, streak: 0 })
  }
}

class MemoryKeys implements KeyRows {
  readonly #keys = new Map<string, KeyRecord>()

  get(id: string): KeyRecord | undefined {
    return this.#keys.get(id)
  }

  all(): readonly KeyRecord[] {
    return [...this.#keys.values()].sort((one, other) => (one.id < other.id ? -1 : 1))
  }

  insert(key: KeyRecord): void {
    this.#keys.set(key.id, key)
  }

  revoke(id: string, now: WallMs): void {
    const key = this.#keys.get(id)
    if (key !== undefined) this.#keys.set(id, { ...key, revokedAt: now })
  }

  remove(id: string): void {
    this.#keys.delete(id)
  }
}

function bySubmission(a: TaskRow, b: TaskRow): number {
  return a.seq - b.seq
}

function byEnd(a: TaskRow, b: TaskRow): number {
  return (a.endedAt ?? 0) - (b.endedAt ?? 0) || a.seq - b.seq
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
