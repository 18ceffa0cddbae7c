// What a worker knows, in one place; decide/ changes it, one duty a file.
//
//   assign            started told          host says so            code ends, or is ended
//   ------> ready ------------------> sent ---------------> begun ------------------------> (settled, unrecorded)
//             ^                        |                      |
//             +---- its host died -----+                      +--> adrift --(lease over)--> (settled, unrecorded)
//                                                             +--> dead --(whose fault?)--> (settled, unrecorded)
//
// What always holds:
// - an attempt is in `attempts` until it is settled, and its settlement in `unrecorded` until a master has answered it;
// - a checkpoint is in `checkpoints` for no longer than its attempt is in `attempts`;
// - code begins only after `started` was sent, and only while the lease is alive (design: section 4, P7);
// - at most `slots` attempts have a host, but for a line (decide/line.ts): of it at most so many run.
import type { MonoMs } from '../clock.js'
import { SETTINGS } from '../config.js'
import type { ServedType } from '../runner/runner.js'
import type { TaskError } from '../task/task.js'
import { type Attempt, Attempts } from './attempts.js'
import { Checkpoints } from './checkpoints.js'
import type { HostId, SessionId } from './events.js'
import { Reports } from './reports.js'
import { Took } from './took.js'
import { Unrecorded } from './unrecorded.js'

export { type Attempt, NEVER } from './attempts.js'

/** What does not change in a worker's life. */
export interface WorkerConfig {
  readonly name: string
  readonly pid: number
  readonly hostname: string
  /** Boot id and network namespace (section 5, proof of death). */
  readonly machine: string
  /** Proves to its master that it is the same life that connects again. */
  readonly token?: string | undefined
  readonly version: string
  readonly slots: number
  readonly queues: readonly string[]
  readonly model?: string | undefined
  /** Each slot has a host of its own: no task shares a process with another. */
  readonly isolate: boolean
  /** The log wants a line of each task. */
  readonly tellsDebug: boolean
  /** It leaves so long after it lost its master; undefined: never. */
  readonly masterTimeoutMs: number | undefined
  readonly killGraceMs: number
  /** Limit of a run where neither task nor type has one. */
  readonly defaultTimeoutMs: number | undefined
  readonly care: Care
}

/** What a worker looks after in its hosts; undefined: not. */
export interface Care {
  /** A host that has begun so many attempts gives way to a new one. */
  readonly recycleAfter?: number | undefined
  /** The same for one that has so much memory. */
  readonly recycleBytes?: number | undefined
  /** What the tasks of one slot may have. */
  readonly slotBytesMax?: number | undefined
  /** Code that lets nothing else have its turn for so long is told of. */
  readonly blockedMs?: number | undefined
}

export interface Timings {
  readonly heartbeatMs: number
  readonly suspectMs: number
  readonly leaseMs: number
  readonly codeDeadMs: number
}

export interface Session {
  readonly id: SessionId
  readonly master: string
  readonly registeredAt: MonoMs
  /** It may be given work and results from here on. */
  welcomed: boolean
  /** Its last authenticated line, the handshake included. */
  heardAt: MonoMs
  /** The last `assign.seq`, echoed in every beat. */
  seen: number
  nextBeatAt: MonoMs
  /** When the beats that were not confirmed yet were sent. */
  readonly sentAt: Map<number, MonoMs>
  ailingTold: boolean
}

/** There is no master: since when, and how much of the countdown was told. */
export interface Loss {
  readonly at: MonoMs
  marksTold: number
}

export interface Host {
  readonly id: HostId
  /**
   * `own`: of a further slot, where each has one (`isolate`). `solo`: for one suspect task only (P11). `next`: to be the main
   * one, with new code; `heir`: to take the place of one that is recycled; `old`: new work does not come to it any more, and
   * it ends when it is empty.
   */
  role: 'main' | 'own' | 'solo' | 'next' | 'heir' | 'old'
  phase: 'starting' | 'ready' | 'ending'
  pid: number | undefined
  /** It is killed if it has not loaded its modules by then. */
  readonly readyBy: MonoMs
  aliveAt: MonoMs
  silent: boolean
  /** So many attempts were given to it; those that were taken back do not count. */
  given: number
  /** So many attempts it has said to begin. */
  begins: number
  line: HostLine
  /** As it said last; and before its first attempt. */
  memoryBytes: number
  freshBytes: number
  /** Its code lets nothing else have its turn, and that was told. */
  blocked: boolean
  /** Takes its place once it is ready. */
  heir: HostId | undefined
  /** Those of them that have a limit and may wait for the code of one before them; `nth` of all in this host. */
  untimed: { readonly attempt: Attempt; readonly nth: number }[]
  /** Why the worker killed it, where it did. */
  killedFor: 'neighbour' | 'silence' | 'drain' | 'lease' | 'idle' | 'loading' | 'memory' | undefined
  /** What was thrown outside every promise, why its modules could not be loaded, or of what it has taken too much. */
  lastWords: TaskError | undefined
}

/** What a host has beyond its slots (decide/line.ts). */
export interface HostLine {
  /** Goes with each that it is given: one that was recalled is over. */
  epoch: number
  recalled: boolean
  /** It was, and nothing has ended in it since. */
  stuck: boolean
  /** When somebody looks next whether one has to wait; NEVER where it has none. */
  lookAt: MonoMs
}

/** What tasks of this worker have lately been like: so many ended while so long something ran, both ever less with time. */
export interface Pace {
  readonly at: MonoMs
  readonly ended: number
  readonly busyMs: number
  /** Of a payload. */
  readonly bytes: number
}

export interface Drain {
  /** What still runs is told to end; NEVER once that was done. */
  signalAt: MonoMs
  killAt: MonoMs
  /** Work whose code had begun was handed back: the exit code says so (P21). */
  handedBack: boolean
  /** When the last attempt was settled: results wait a moment for a master to record them. */
  emptySince: MonoMs | undefined
}

/** The task modules are being loaded anew. */
export interface Reload {
  /** The host that is to be the main one; undefined only within a step. */
  host: HostId | undefined
  readonly asked: readonly { readonly session: SessionId; readonly re: number }[]
}

/** What happened since the last line about it. */
export interface Tally {
  readonly counts: Map<string, number>
  toldAt: MonoMs
}

export interface State {
  readonly config: WorkerConfig
  timings: Timings
  /** By their types. */
  served: ReadonlyMap<string, ServedType>
  session: Session | undefined
  /** In its life. */
  registrations: number
  loss: Loss | undefined
  /** When the last confirmed beat was sent, by whichever session: the lease counts from there. */
  confirmedAt: MonoMs | undefined
  /** What the lease's own deadlines have done since the last confirmed beat. */
  lease: 'alive' | 'aborted' | 'ended'
  readonly attempts: Attempts
  readonly hosts: Map<HostId, Host>
  hostsMade: number
  /** When a host of this machine or the master last died, as far as this worker knows. */
  deathAt: MonoMs
  /** Hosts in a row that died without having been given anything to do. */
  idleDeaths: number
  spawnNotBefore: MonoMs | undefined
  readonly unrecorded: Unrecorded
  readonly reports: Reports
  readonly checkpoints: Checkpoints
  drain: Drain | undefined
  reload: Reload | undefined
  /** Hosts are not recycled before: the last one that was to take another's place could not be made ready. */
  recycleNotBefore: MonoMs
  beats: number
  /** Of its own process; 0: not known yet. */
  memoryBytes: number
  /** What its tasks have lately been like; undefined: nothing has ended yet. */
  pace: Pace | undefined
  /** From where their code began, by the clocks of their hosts. */
  readonly took: Took
  readonly tally: Tally
  accepting: boolean
  exited: boolean
}

export function newState(config: WorkerConfig): State {
  return {
    config,
    timings: {
      heartbeatMs: SETTINGS.heartbeat.default,
      suspectMs: SETTINGS.suspect.default,
      leaseMs: SETTINGS.lease.default,
      codeDeadMs: SETTINGS.codeDead.default,
    },
    served: new Map(),
    session: undefined,
    registrations: 0,
    loss: undefined,
    confirmedAt: undefined,
    lease: 'alive',
    attempts: new Attempts(),
    hosts: new Map(),
    hostsMade: 0,
    deathAt: Number.NEGATIVE_INFINITY,
    idleDeaths: 0,
    spawnNotBefore: undefined,
    unrecorded: new Unrecorded(),
    reports: new Reports(config.slots),
    checkpoints: new Checkpoints(),
    drain: undefined,
    reload: undefined,
    recycleNotBefore: Number.NEGATIVE_INFINITY,
    beats: 0,
    memoryBytes: 0,
    pace: undefined,
    took: new Took(),
    tally: { counts: new Map(), toldAt: Number.NEGATIVE_INFINITY },
    accepting: false,
    exited: false,
  }
}

/** Whether there is a master that gives work and was heard of lately. */
export function hasMaster({ session, timings }: State, at: MonoMs): boolean {
  return session?.welcomed === true && at < session.heardAt + timings.suspectMs
}
