// Tasks that are voted on, within one batch: their replicas go out, their votes are gathered, and their verdict is carried out.
// What the votes mean is decided in task/quorum.ts and nowhere else.
//
// A task that is voted on waits behind a gate that no time opens; its replicas are tasks like others, under ids that follow
// from its own, so that a batch that is applied again makes no second ones. A grant gives a replica's seat to a voter.
//
// What always holds:
// - a voter has at most one seat of a poll, unless its code failed there or it gave the replica back;
// - a vote is what was recorded for the seat's own lease (P5), once; of a poll that is over no vote counts;
// - who is quarantined is granted nothing;
// - verdict, canonical result, what the votes turned out to be (reputations.ts) and the end of all other replicas are one transaction with the vote that decides.
import { createHash } from 'node:crypto'
import type { WallMs } from '../clock.js'
import { ballotOf, noBallot } from '../task/ballot.js'
import { agreesWith, decideQuorum, sentAtFirst, type Verdict, type Vote, type VoteRule } from '../task/quorum.js'
import { type Credit, throwDice } from '../task/reputation.js'
import { isTerminal, type TaskError, type TaskState } from '../task/task.js'
import { creditVote, doubtOf } from './reputations.js'
import { endedOf, type NewTaskRow, type PollRow, type ReplicaRow, type Rows, type TaskRow, type Who } from './rows.js'
import type { EndedTask, Quarantine, SettleOperation, StoppedLease, StoreLimits } from './store.js'

/** What it needs of the batch that is being applied (work.ts). */
export interface PollWork {
  readonly batchId: string
  readonly rows: Rows
  readonly now: WallMs
  readonly retried: boolean
  readonly limits: StoreLimits
  moved(task: NewTaskRow, from: undefined, to: TaskState): void
  replace(before: TaskRow, after: TaskRow): void
  endPending(row: TaskRow, state: 'cancelled' | 'failed', error?: TaskError): void
  ended(task: EndedTask): void
}

const VERSION_AT = 14
const REPLICA_VERSION = '8'
/** Of a ballot: a longer one is kept as its hash. */
const BALLOT_CHARS_MAX = 200

/** UUIDv8: whoever sees one looks whether it is a replica; no other task pays for that. */
export function mayBeReplica(id: string): boolean {
  return id[VERSION_AT] === REPLICA_VERSION
}

/** Of a task that is submitted anew after it was forgotten they are others: replicas may be kept for longer than it was. */
function replicaIdOf({ id, createdAt }: Pick<NewTaskRow, 'id' | 'createdAt'>, n: number): string {
  const hex = createHash('sha256').update(`${id}/${createdAt}/${n}`).digest('hex')
  const variant = '89ab'[Number.parseInt(hex[16]!, 16) % 4]
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** Who has a part in a poll, while claims are met. */
interface Seats {
  readonly rule: VoteRule
  readonly byReplica: Map<string, Who>
}

export class Polls {
  /** Leases of replicas that were not needed any more while they ran. */
  readonly stopped = new Map<string, StoppedLease>()
  /** Replicas were sent out beside those of a submit. */
  reissued = false
  readonly #quarantined: Quarantine[] = []
  readonly #changed = new Set<string>()
  readonly #seats = new Map<string, Seats>()
  /** By replica, in place of reading it for each that asks. */
  readonly #parents = new Map<string, string | undefined>()
  readonly #who = new Map<string, Who>()
  #barred: ReadonlySet<string> | undefined

  constructor(private readonly work: PollWork) {}

  /** By votes of this batch, also those that its first try counted. */
  get quarantined(): readonly Quarantine[] {
    const { rows, now, retried } = this.work
    return retried ? rows.reputations.quarantined().filter(({ since }) => since === now) : this.#quarantined
  }

  begin(parent: NewTaskRow, rule: VoteRule): void {
    const { polls } = this.work.rows
    polls.put({ taskId: parent.id, rule, first: 1, issued: sentAtFirst(rule) })
    for (let n = 1; n <= sentAtFirst(rule); n += 1) this.#send(parent, n)
  }

  /** A person retries it: the votes of before do not count any more. */
  beginAgain(parent: TaskRow): void {
    const { polls } = this.work.rows
    const poll = polls.get(parent.id)
    if (poll === undefined) return
    const { checked: _, ...before } = poll
    this.#issue(parent, { ...before, first: poll.issued + 1 }, sentAtFirst(poll.rule))
    this.#changed.add(parent.id)
  }

  ruleOf(taskId: string): VoteRule | undefined {
    return this.work.rows.polls.get(taskId)?.rule
  }

  /** It is looked at once more before this batch ends. */
  changed(parentId: string): void {
    this.#changed.add(parentId)
  }

  /** Whether it is a replica whose code says itself what it votes for. */
  asksBallot(id: string): boolean {
    if (!mayBeReplica(id)) return false
    const { polls } = this.work.rows
    const replica = polls.replica(id)
    return replica !== undefined && polls.get(replica.parentId)?.rule.compare === 'own'
  }

  /** Why what it completed with is no result: its code was to give a ballot, and gave none. */
  whyNone({ taskId, ending }: SettleOperation): TaskError | undefined {
    if (ending.kind !== 'completed' || !this.asksBallot(taskId)) return undefined
    if (ballotOf({ compare: 'own' }, ending) !== undefined) return undefined
    const type = this.work.rows.task(taskId)?.type ?? ''
    return { code: 'non_retryable', message: noBallot(type) }
  }

  /** A task has ended that may be a replica. */
  ended(id: string, own?: string): void {
    const { polls } = this.work.rows
    const replica = polls.replica(id)
    if (replica === undefined) return
    this.#changed.add(replica.parentId)
    if (replica.state !== 'open') return
    const row = this.work.rows.task(id)
    const poll = polls.get(replica.parentId)
    if (row === undefined || poll === undefined) return
    if (row.state !== 'completed') return polls.putReplica({ ...withoutSeat(replica), state: 'void' })
    // Too late for a verdict, or for the round in which it was sent out.
    const parent = this.work.rows.task(replica.parentId)
    const counts = parent?.state === 'pending' && replica.n >= poll.first
    const { result = '', resultEncoding: encoding = 'json' } = row
    const ballot = counts ? ballotOf(poll.rule, { result, encoding, ballot: own }) : undefined
    polls.putReplica({
      ...replica,
      ...(ballot === undefined ? { state: 'void' } : { state: 'cast', ballot: kept(ballot) }),
    })
  }

  /** It waits again, and its seat is free. */
  left(id: string): void {
    const { polls } = this.work.rows
    const replica = polls.replica(id)
    if (replica !== undefined) polls.putReplica({ ...withoutSeat(replica), state: 'open' })
  }

  /** Decides whatever has changed. One end may bring others, of replicas that are not needed any more. */
  decide(): void {
    for (const parentId of this.#changed) {
      this.#changed.delete(parentId)
      this.#decide(parentId)
    }
  }

  #decide(parentId: string): void {
    const { rows, now, retried } = this.work
    const parent = rows.task(parentId)
    const poll = rows.polls.get(parentId)
    if (parent === undefined || poll === undefined) return
    const replicas = rows.polls.replicas(parentId)
    if (isTerminal(parent.state)) {
      if (retried && parent.endedAt === now) this.work.ended(endedOf(parent))
      return this.#stop(replicas)
    }
    // Cancelled and retried in one batch it never was over: those of before end now.
    this.#stop(replicas.filter(({ n }) => n < poll.first))
    const round = replicas.filter(({ n }) => n >= poll.first)
    const verdict = verdictOf(poll, round)
    if (verdict.kind === 'agreed') this.#agree(parent, poll, round, verdict.votes)
    else if (verdict.kind === 'doubtful') this.#believe(parent, poll, round, verdict.vote)
    else if (verdict.kind === 'failed')
      this.work.endPending(parent, 'failed', this.#whyFailed(poll, round, verdict.most))
    else if (verdict.more > 0) this.#issue(parent, poll, verdict.more)
  }

  /** Or not, and then others are asked. That is decided once: it is written down, and the dice fall but one way in this batch. */
  #believe(parent: TaskRow, poll: PollRow, round: readonly ReplicaRow[], vote: Cast): void {
    const { rows, batchId } = this.work
    const doubt = doubtOf(rows, { ...vote, type: parent.type })
    if (throwDice(batchId, parent.id) >= doubt) return this.#agree(parent, poll, round, [vote])
    rows.polls.put({ ...poll, checked: true })
    this.#decide(parent.id)
  }

  #agree(parent: TaskRow, { rule }: PollRow, round: readonly ReplicaRow[], votes: readonly Cast[]): void {
    const { rows, now } = this.work
    // One of them may have been forgotten already, where little is kept, but not the one that decides: it has just come.
    const canonical = votes.map(({ taskId }) => rows.task(taskId)).find((row) => row?.state === 'completed')
    if (canonical === undefined) return this.#askAgain(parent, round)
    for (const replica of round) {
      const { ballot } = replica
      if (ballot === undefined) continue
      const agreed = agreesWith(rule, ballot, votes)
      rows.polls.putReplica({ ...replica, agreed })
      this.#credit(parent, replica, agreed, votes.length > 1)
    }
    const { error: _, ...kept } = parent
    const { result = 'null', resultEncoding = 'json' } = canonical
    this.work.replace(parent, { ...kept, state: 'completed', result, resultEncoding, endedAt: now })
  }

  /** While others were waited for all that was agreed on has been forgotten: of that no vote is left. */
  #askAgain(parent: TaskRow, round: readonly ReplicaRow[]): void {
    const { rows } = this.work
    for (const { ballot: _, ...replica } of round) {
      if (replica.state === 'cast' && rows.task(replica.taskId)?.state !== 'completed')
        rows.polls.putReplica({ ...withoutSeat(replica), state: 'void' })
    }
    this.#decide(parent.id)
  }

  /** @param proven not one alone said so */
  #credit({ type }: TaskRow, { voter, model }: ReplicaRow, agreed: boolean, proven: boolean): void {
    if (voter === undefined || (!agreed && !proven)) return
    const what: Credit = agreed ? (proven ? 'matched' : 'alone') : 'wrong'
    const quarantine = creditVote(this.work, { voter, type, model }, what)
    if (quarantine !== undefined) this.#quarantined.push(quarantine)
  }

  #whyFailed({ rule }: PollRow, round: readonly ReplicaRow[], most: number): TaskError {
    const cast = round.filter(({ state }) => state === 'cast').length
    const last = round.findLast(({ state }) => state === 'void')
    const error = last === undefined ? undefined : this.work.rows.task(last.taskId)?.error
    const because = error === undefined ? '' : `; the last that gave none: ${error.message}`
    const message = `no quorum: of ${cast} votes from ${round.length} replicas at most ${most} agreed, and ${rule.quorum} must`
    return { code: 'no_quorum', message: `${message}${because}` }
  }

  #issue(parent: TaskRow, poll: PollRow, more: number): void {
    const { issued } = poll
    this.reissued = true
    this.work.rows.polls.put({ ...poll, issued: issued + more })
    for (let n = issued + 1; n <= issued + more; n += 1) this.#send(parent, n)
  }

  #send(parent: NewTaskRow, n: number): void {
    const { rows, now } = this.work
    const {
      id: parentId,
      queue,
      type,
      payload,
      encoding,
      priority,
      maxAttemptsGiven,
      timeoutMs,
      meta,
      deadlineAt,
    } = parent
    const runAt = Math.max(parent.runAt, now)
    const replica: NewTaskRow = {
      ...{ id: replicaIdOf(parent, n), queue, type, payload, encoding, priority, timeoutMs, meta },
      ...{ maxAttempts: maxAttemptsGiven, maxAttemptsGiven, deadlineAt, expiresAt: deadlineAt },
      ...{ createdAt: now, runAt, gated: runAt > now, origin: undefined, description: `replica ${n} of ${parentId}` },
    }
    // A task that somebody else submitted under this very id is none of ours: the place counts as one without a vote.
    const [isNew] = rows.insert([replica])
    rows.polls.putReplica({ taskId: replica.id, parentId, n, state: isNew ? 'open' : 'void' })
    if (isNew) this.work.moved(replica, undefined, 'pending')
    else this.#changed.add(parentId)
  }

  /** Nobody needs them any more. */
  #stop(replicas: readonly ReplicaRow[]): void {
    const { rows } = this.work
    for (const { taskId, state } of replicas) {
      const row = state === 'open' ? rows.task(taskId) : undefined
      if (row?.state === 'pending') this.work.endPending(row, 'cancelled')
      if (row?.state !== 'running') continue
      if (!row.cancelRequested) rows.update({ ...row, cancelRequested: true })
      const { leaseId = '', holder = '' } = row
      this.stopped.set(leaseId, { taskId, leaseId, holder })
    }
  }

  // --- Seats -----------------------------------------------------------------------------------------------------------

  /** Claims come behind all that quarantines. */
  isBarred(holder: string): boolean {
    this.#barred ??= new Set(this.work.rows.reputations.quarantined().map(({ voter }) => voter))
    return this.#barred.size > 0 && this.#barred.has(this.#whoIs(holder).voter)
  }

  /**
   * Whether this worker may run it, if it is a replica: not where it has a part in the poll already.
   * @param apart nor where another machine might
   */
  maySeat(taskId: string, holder: string, apart: boolean): boolean {
    const seats = this.#seatsOf(taskId)
    if (seats === undefined) return true
    const { voter, machine } = this.#whoIs(holder)
    const strict = apart && seats.rule.spread === 'host' && machine !== undefined
    for (const [replicaId, seat] of seats.byReplica) {
      if (replicaId === taskId) continue
      if (seat.voter === voter || (strict && seat.machine === machine)) return false
    }
    return true
  }

  seat(taskId: string, holder: string): void {
    const { polls } = this.work.rows
    const replica = polls.replica(taskId)
    if (replica === undefined) return
    const who = this.#whoIs(holder)
    polls.putReplica({ ...withoutSeat(replica), ...who })
    this.#seats.get(replica.parentId)?.byReplica.set(taskId, who)
  }

  /** Claims alone change them, and come last in a batch. */
  #seatsOf(taskId: string): Seats | undefined {
    if (!mayBeReplica(taskId)) return undefined
    const { polls } = this.work.rows
    if (!this.#parents.has(taskId)) this.#parents.set(taskId, polls.replica(taskId)?.parentId)
    const parentId = this.#parents.get(taskId)
    if (parentId === undefined) return undefined
    const known = this.#seats.get(parentId)
    const poll = known === undefined ? polls.get(parentId) : undefined
    if (poll === undefined) return known
    const byReplica = new Map<string, Who>()
    for (const { taskId: id, n, voter, machine } of polls.replicas(parentId)) {
      if (voter !== undefined && n >= poll.first) byReplica.set(id, { voter, machine })
    }
    const seats = { rule: poll.rule, byReplica }
    this.#seats.set(parentId, seats)
    return seats
  }

  #whoIs(holder: string): Who {
    const known = this.#who.get(holder)
    if (known !== undefined) return known
    const who = this.work.rows.whoIs(holder)
    this.#who.set(holder, who)
    return who
  }
}

type Cast = Vote & Pick<ReplicaRow, 'taskId' | 'model'>

function verdictOf({ rule, first, issued, checked }: PollRow, round: readonly ReplicaRow[]): Verdict<Cast> {
  const votes = round.flatMap(({ n, taskId, voter = '', model, ballot }) =>
    ballot === undefined ? [] : [{ n, taskId, voter, model, ballot }],
  )
  const open = round.filter(({ state }) => state === 'open').length
  return decideQuorum(rule, { votes, open, issued: issued - first + 1, ...(checked && { checked }) })
}

function withoutSeat({ voter: _, machine: __, model: ___, ...replica }: ReplicaRow): ReplicaRow {
  return replica
}

/** As people can read it, or as what tells it from others. No ballot looks like a hash: it is JSON, or begins otherwise. */
function kept(ballot: string): string {
  if (ballot.length <= BALLOT_CHARS_MAX) return ballot
  return `sha256:${createHash('sha256').update(ballot).digest('hex')}`
}
