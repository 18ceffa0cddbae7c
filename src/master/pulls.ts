// Workers that pull, as the master knows them. They have no session: any client may speak for any of them, so that whoever
// stands between them and the master holds nothing.
//
// What always holds:
// - a lease has an end of its own, by this master's monotonic clock (P20), and lives on by what names its task alone;
// - how long it is stands in its id, so that a master that has just started gives it a full one;
// - `leases` changes on outcomes only;
// - workers, leases and claims that wait are bounded (P23).
import type { Instant, MonoMs, WallMs } from '../clock.js'
import { DtrError } from '../errors.js'
import type { PullRegister, PullWorkerField } from '../protocol/messages.js'
import type { ClaimRoute, EveryType, HeldLease, Holder } from '../store/store.js'
import { DEFAULT_QUEUE } from '../task/task.js'
import type { PullSettings, SessionId } from './events.js'
import type { LeaseProgress } from './leases.js'

const WORKERS_MAX = 10_000
/** What they have said of themselves, in all. */
const ABOUT_CHARS_MAX = 16 * 1024 * 1024
const LEASES_MAX = 100_000
const CLAIMS_WAITING_MAX = 10_000
const SLOTS_MAX = 1_000
/** Settled leases that are remembered, for who settles again without naming one (P6). */
const SETTLED_MAX = 16
/** Of one that has gone offline it is still shown that it was here. */
const SHOWN_MS = 3_600_000
/** Silent for so many times as long as one that is stale. */
const OFFLINE_AFTER = 3
/** How precise the end of a wait is: ends that are near each other are one. */
const WAIT_STEP_MS = 20
/** One that does not wait is answered by the next batch; and where that takes long, after this. */
const IMMEDIATE_MS = 500
/** Between two looks at which routes are served. */
const SERVED_MS = 500
const SUFFIX = '#pull'

export type PullAbout = Omit<PullRegister, 'type' | 're' | 'worker'>

export interface PulledLease {
  readonly taskId: string
  readonly leaseId: string
  readonly type: string
  readonly grantedAt: MonoMs
  /** From then on it is over, however often it is renewed. By the monotonic clock since it was granted (P20). */
  readonly deadlineAt: MonoMs | undefined
  lengthMs: number
  endsAt: MonoMs
  /** To be told to its worker. */
  cancelled: boolean
  /** Its settlement or its expiry is gathered or in flight. */
  ending: boolean
  /** As its worker told last. */
  progress?: LeaseProgress
}

export interface PullWorker {
  readonly name: string
  readonly holder: string
  about: PullAbout
  heardAt: MonoMs
  /** By task. */
  readonly leases: Map<string, PulledLease>
  /** By task: the last few that it has settled. */
  readonly settled: Map<string, string>
  /** Its claims that wait, or are in flight. */
  claims: number
  /** Offers in the batch in flight. */
  offered: number
  /** It is being forgotten. */
  leaving: boolean
  /** Why it is given nothing more. */
  quarantined: string | undefined
  completed: number
  failed: number
}

/** A claim that has no answer yet. */
export interface WaitingClaim {
  readonly session: SessionId
  readonly re: number
  readonly worker: PullWorker
  readonly max: number
  readonly leaseMs: number
  readonly until: MonoMs
  /** It does not wait for what may come. */
  readonly immediate: boolean
  readonly routeKey: string
  readonly routes: readonly ClaimRoute[]
  readonly everyType: EveryType | undefined
  /** Its offers are in the batch in flight. */
  inFlight: boolean
  /** In which generation there was nothing for its worker, although there was for others that ask alike. */
  passedOver?: number
  /** It was answered, or its session has ended. */
  over: boolean
}

export class Pulls {
  readonly workers = new Map<string, PullWorker>()
  /** By what they ask for, in the order in which they came. */
  readonly waiting = new Map<string, Set<WaitingClaim>>()
  /** Not later than the first end of a wait. */
  waitsUntil: MonoMs | undefined
  sweepAt: MonoMs
  #waiting = 0
  #leased = 0
  #aboutChars = 0
  #served: { readonly at: MonoMs; readonly routes: ReadonlySet<string> } | undefined

  constructor(
    readonly settings: PullSettings,
    at: Instant,
    holders: readonly Holder[],
  ) {
    this.sweepAt = at.monoMs + settings.sweepMs
    for (const { incarnation, about, leases = [] } of holders) {
      if (!isPull(incarnation)) continue
      const worker = this.know(nameOf(incarnation), about === undefined ? {} : JSON.parse(about), at.monoMs)
      for (const lease of leases) this.#restore(worker, lease, at)
    }
  }

  /** Whether nothing has to be looked at again and again. */
  get idle(): boolean {
    return this.workers.size === 0
  }

  get roomForLeases(): number {
    return LEASES_MAX - this.#leased
  }

  /** Registered, and on disk. */
  know(name: string, about: PullAbout, at: MonoMs): PullWorker {
    this.#served = undefined
    this.#aboutChars += charsOf(about)
    const known = this.workers.get(name)
    if (known !== undefined) {
      this.#aboutChars -= charsOf(known.about)
      known.about = about
      known.heardAt = at
      return known
    }
    const worker: PullWorker = {
      ...{ name, holder: holderOf(name), about, heardAt: at },
      ...{ leases: new Map(), settled: new Map(), claims: 0, offered: 0, leaving: false, completed: 0, failed: 0 },
      quarantined: undefined,
    }
    this.workers.set(name, worker)
    return worker
  }

  /** It is not known any more: it held nothing. */
  forget(worker: PullWorker): void {
    this.#aboutChars -= charsOf(worker.about)
    this.workers.delete(worker.name)
  }

  /** @throws DtrError where no more may be known */
  checkRoom(name: string, about: PullAbout): void {
    const known = this.workers.get(name)
    const chars = this.#aboutChars + charsOf(about) - (known === undefined ? 0 : charsOf(known.about))
    if ((known !== undefined || this.workers.size < WORKERS_MAX) && chars <= ABOUT_CHARS_MAX) return
    throw new DtrError(
      'too_large',
      `${this.workers.size} workers that pull are known, with ${this.#aboutChars} characters about them; at most ${WORKERS_MAX} with ${ABOUT_CHARS_MAX}`,
    )
  }

  lease(
    worker: PullWorker,
    lease: Pick<PulledLease, 'taskId' | 'leaseId' | 'type' | 'lengthMs' | 'cancelled'>,
    { monoMs, wallMs }: Instant,
    deadlineAt?: WallMs,
  ): void {
    worker.leases.set(lease.taskId, {
      ...lease,
      ...{ grantedAt: monoMs, endsAt: monoMs + lease.lengthMs, ending: false },
      deadlineAt: deadlineAt === undefined ? undefined : monoMs + Math.max(0, deadlineAt - wallMs),
    })
    this.#leased += 1
  }

  release(worker: PullWorker, taskId: string, leaseId: string): void {
    if (worker.leases.get(taskId)?.leaseId !== leaseId) return
    worker.leases.delete(taskId)
    this.#leased -= 1
  }

  settled(worker: PullWorker, taskId: string, leaseId: string): void {
    worker.settled.set(taskId, leaseId)
    if (worker.settled.size > SETTLED_MAX) worker.settled.delete(worker.settled.keys().next().value!)
  }

  leaseOf(holder: string, taskId: string): PulledLease | undefined {
    return isPull(holder) ? this.workers.get(nameOf(holder))?.leases.get(taskId) : undefined
  }

  /** A cancel that is on disk: its worker hears of it when it speaks next. */
  cancel(holder: string, taskId: string, leaseId: string): void {
    const lease = this.leaseOf(holder, taskId)
    if (lease?.leaseId === leaseId) lease.cancelled = true
  }

  // --- Claims that wait ------------------------------------------------------------------------------------------------

  get mayWait(): boolean {
    return this.#waiting < CLAIMS_WAITING_MAX
  }

  wait(asked: Omit<WaitingClaim, 'until' | 'immediate' | 'inFlight' | 'over'>, at: MonoMs, waitMs: number): void {
    const immediate = waitMs === 0
    const until = Math.ceil((at + (immediate ? IMMEDIATE_MS : waitMs)) / WAIT_STEP_MS) * WAIT_STEP_MS
    const claims = this.waiting.get(asked.routeKey) ?? new Set()
    this.waiting.set(asked.routeKey, claims.add({ ...asked, until, immediate, inFlight: false, over: false }))
    asked.worker.claims += 1
    this.#waiting += 1
    this.waitsUntil = Math.min(this.waitsUntil ?? until, until)
  }

  /** Those that ask for this had their turn: the others are first now. */
  waitBehind(routeKey: string): void {
    const claims = this.waiting.get(routeKey)
    this.waiting.delete(routeKey)
    if (claims !== undefined) this.waiting.set(routeKey, claims)
  }

  endWait(claim: WaitingClaim): void {
    if (claim.over) return
    claim.over = true
    claim.worker.claims -= 1
    this.#waiting -= 1
    const claims = this.waiting.get(claim.routeKey)
    claims?.delete(claim)
    if (claims?.size === 0) this.waiting.delete(claim.routeKey)
  }

  /** Those of which this holds. */
  which(holds: (claim: WaitingClaim) => boolean): WaitingClaim[] {
    return [...this.waiting.values()].flatMap((claims) => [...claims].filter(holds))
  }

  /** What it may be given now. */
  roomOf({ about, leases, offered, quarantined }: PullWorker): number {
    if (quarantined !== undefined) return 0
    return Math.max(0, (about.slots ?? SLOTS_MAX) - leases.size - offered)
  }

  // --- How they are ----------------------------------------------------------------------------------------------------

  stateOf({ heardAt, leaving }: PullWorker, at: MonoMs): PullWorkerField['state'] {
    const silentMs = at - heardAt
    if (leaving || silentMs > OFFLINE_AFTER * this.settings.staleMs) return 'offline'
    return silentMs > this.settings.staleMs ? 'stale' : 'active'
  }

  /** Its name is not free for whoever proves to be somebody else: it is there, or something of it goes on. */
  isTaken(worker: PullWorker, at: MonoMs): boolean {
    const { leases, claims, offered, about } = worker
    if (leases.size + claims + offered > 0) return true
    return about.key !== undefined && this.stateOf(worker, at) !== 'offline'
  }

  /** It is nobody that anything depends on. */
  isForgettable(worker: PullWorker, at: MonoMs): boolean {
    const { leases, claims, offered, heardAt, leaving } = worker
    if (leaving || leases.size + claims + offered > 0) return false
    return this.stateOf(worker, at) === 'offline' && at - heardAt > SHOWN_MS
  }

  field(worker: PullWorker, at: MonoMs): PullWorkerField {
    const { name, about, leases, completed, failed, heardAt, quarantined } = worker
    const { key: _, ...told } = about
    return {
      ...told,
      name,
      state: this.stateOf(worker, at),
      queues: queuesOf(about),
      slots: about.slots ?? SLOTS_MAX,
      running: leases.size,
      completed,
      failed,
      heardMsAgo: Math.max(0, Math.round(at - heardAt)),
      ...(quarantined !== undefined && { quarantined }),
    }
  }

  /** Routes that those serve who are active, as `nameRoute` writes them. */
  served(at: MonoMs, nameRoute: (queue: string, type: string) => string): ReadonlySet<string> {
    if (this.#served !== undefined && at - this.#served.at < SERVED_MS) return this.#served.routes
    const routes = new Set<string>()
    for (const worker of this.workers.values()) {
      if (worker.quarantined !== undefined || this.stateOf(worker, at) !== 'active') continue
      for (const queue of queuesOf(worker.about))
        for (const type of worker.about.types ?? [EVERY_TYPE]) routes.add(nameRoute(queue, type))
    }
    this.#served = { at, routes }
    return routes
  }

  #restore(worker: PullWorker, held: HeldLease, at: Instant): void {
    const { taskId, leaseId, type, cancelRequested, deadlineAt } = held
    const lengthMs = lengthOf(leaseId) ?? this.settings.leaseMs
    this.lease(worker, { taskId, leaseId, type, lengthMs, cancelled: cancelRequested }, at, deadlineAt)
  }
}

/** No type has this name. */
export const EVERY_TYPE = '*'

export function isPull(incarnation: string): boolean {
  return incarnation.endsWith(SUFFIX)
}

export function holderOf(name: string): string {
  return `${name}${SUFFIX}`
}

function nameOf(incarnation: string): string {
  return incarnation.slice(0, -SUFFIX.length)
}

export function queuesOf({ queues }: PullAbout): string[] {
  return queues === undefined || queues.length === 0 ? [DEFAULT_QUEUE] : queues
}

/** `<batch>.<n>.<length>`. */
export function leaseIdOf(batchId: string, index: number, lengthMs: number): string {
  return `${batchId}.${index}.${lengthMs}`
}

function lengthOf(leaseId: string): number | undefined {
  const length = /^[^.]+\.\d+\.(\d+)$/.exec(leaseId)?.[1]
  return length === undefined ? undefined : Number(length)
}

function charsOf(about: PullAbout): number {
  return JSON.stringify(about).length
}
