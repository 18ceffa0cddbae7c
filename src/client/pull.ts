// Workers that pull, for whoever runs one or stands between one and the master, as a gateway does. Each call says for which
// worker it speaks, and nothing is held here: two clients may speak for the same worker by turns.
import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { WallMs } from '../clock.js'
import { checkObject, checkOptions, checkSignal, shown } from '../config/options.js'
import { DtrError } from '../errors.js'
import {
  BALLOT_BYTES_MAX,
  CHECKPOINT_BYTES_MAX,
  PAYLOAD_BYTES_MAX,
  PullBeat,
  PullCheckpoint,
  PullClaim,
  type PullEndingField,
  type PulledTaskField,
  PullRegister,
  PullSettle,
  type PullWorkerField,
} from '../protocol/messages.js'
import type { Encoding } from '../task/task.js'
import { jsonText } from './json.js'
import { onAbort } from './on-abort.js'
import type { AnswerTo, Request } from './requests.js'

/** What a worker says of itself. */
export interface PullRegistration {
  /** Task types that it can run; without them every type. */
  readonly types?: readonly string[] | undefined
  /** `default` where there are none. */
  readonly queues?: readonly string[] | undefined
  /** So many tasks at a time; 1,000 where unset, which is the most. */
  readonly slots?: number | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly model?: string | undefined
  readonly version?: string | undefined
  /** The worker's own, as text. */
  readonly meta?: string | undefined
}

export interface PullWorker {
  readonly id: string
  readonly kind: 'pull'
  readonly state: 'active' | 'stale' | 'offline'
  /** Undefined: every type. */
  readonly types: readonly string[] | undefined
  readonly queues: readonly string[]
  readonly slots: number
  readonly labels: Readonly<Record<string, string>>
  readonly model: string | undefined
  readonly version: string | undefined
  readonly meta: string | undefined
  /** Tasks that it holds. */
  readonly running: number
  /** Since the master started. */
  readonly completed: number
  readonly failed: number
  readonly heardMsAgo: number
  /** Why it is given nothing more. */
  readonly quarantined: string | undefined
}

/** A worker that has just registered, and the times that hold for it. */
export interface RegisteredPullWorker extends PullWorker {
  /** Length of a lease, where a claim says nothing else. */
  readonly leaseMs: number
  /** It is shown as stale after so long without a word. */
  readonly staleMs: number
}

export interface ClaimOptions {
  /** At most so many, from 1 to 100; 1 where unset. Fewer come where they do not fit into one answer. */
  readonly max?: number | undefined
  /** Only these, of those that it has registered for. */
  readonly types?: readonly string[] | undefined
  /** Length of the lease, from 100 ms to 7 days; else that of the cluster. */
  readonly leaseMs?: number | undefined
  /** Wait so long for something to come, at most 60 s; not at all where unset. */
  readonly waitMs?: number | undefined
  /** Whoever asked is gone: what comes all the same is handed back, uncharged. */
  readonly signal?: AbortSignal | undefined
}

export interface PulledTask {
  readonly id: string
  /** Fences all that is said of this attempt. */
  readonly leaseId: string
  readonly leaseMs: number
  /** About when the lease ends, by this machine's clock. The master counts by its own. */
  readonly leaseUntil: WallMs
  readonly queue: string
  readonly type: string
  /** JSON, or base64. */
  readonly payload: string
  readonly encoding: Encoding
  readonly attempt: number
  readonly maxAttempts: number
  readonly timeoutMs: number | undefined
  /** About when the task must have ended, by this machine's clock: from then on no result counts. */
  readonly deadlineUntil: WallMs | undefined
  /** A process died beside it before: it had better run alone. */
  readonly suspect: boolean
  readonly meta: string | undefined
  /** The last that an attempt before this one kept, as JSON. */
  readonly checkpoint: string | undefined
  /** It is voted on by what its code says: `settle` it with a `ballot`. */
  readonly ballot: boolean
}

/** A task that a worker goes on with. Without its lease: the one that the worker has on it now. */
export interface Renewal {
  readonly id: string
  readonly leaseId?: string | undefined
  /** From now on the lease is so long. */
  readonly leaseMs?: number | undefined
  /** How far it is, from 0 to 100, for whoever watches the task; and the same in words. */
  readonly percent?: number | undefined
  readonly message?: string | undefined
}

export interface RenewedLease {
  readonly id: string
  readonly leaseId: string
  readonly leaseMs: number
  readonly leaseUntil: WallMs
}

export interface PullHeard {
  readonly worker: PullWorker
  readonly renewed: readonly RenewedLease[]
  /** Named, and not its own any more: it should end them, for no result of them counts. */
  readonly lost: readonly string[]
  /** All that it holds and somebody has cancelled, named or not: they are over with whatever it settles. */
  readonly cancelled: readonly string[]
}

export type PullEnding =
  /**
   * @param result any JSON value, or bytes
   * @param ballot what it votes for, any JSON, at most 4 KiB; where the task asks for one
   */
  | { readonly outcome: 'completed'; readonly result?: unknown; readonly ballot?: unknown }
  | {
      readonly outcome: 'failed'
      readonly error:
        | string
        | {
            readonly message: string
            readonly code?: string
            readonly stack?: string
            /** How its process ended, where it had one of its own. */
            readonly exitCode?: number
            readonly signal?: string
          }
      /** Another attempt would change nothing. */
      readonly final?: boolean | undefined
    }
  /** Handed back, uncharged. @param started false: its code never began */
  | { readonly outcome: 'returned'; readonly started?: boolean | undefined }

/** `cancelled`: it was to be cancelled, and is so now. `stale`: the lease is not this worker's any more, nothing was changed. */
export type PullSettled = 'recorded' | 'stale' | 'cancelled'

type Ask = <Asked extends Request>(request: Asked) => Promise<AnswerTo<Asked>>

const ABOUT_NAMES = ['types', 'queues', 'slots', 'labels', 'model', 'version', 'meta']
const ENDING_NAMES = {
  completed: ['result', 'ballot'],
  failed: ['error', 'final'],
  returned: ['started'],
} as const

export class PullWorkers {
  constructor(
    private readonly ask: Ask,
    private readonly wallMs: () => WallMs,
  ) {}

  /** @internal What is said by this one is said of workers that came with the key of this id, to whoever speaks for them. */
  withKey(key: string): PullWorkers {
    const ask: Ask = (request) => this.ask(request.type === 'pull-requeue' ? request : { ...request, key })
    return new PullWorkers(ask, this.wallMs)
  }

  /**
   * The worker is known from now on, also after a restart of the master, until nothing was heard of it for an hour beyond the
   * time in which it is shown as offline. To register again changes what is known.
   * @throws DtrError `bad_input`, `too_large`
   */
  async register(workerId: string, about: PullRegistration = {}): Promise<RegisteredPullWorker> {
    checkOptions(about, ABOUT_NAMES)
    const { labels, ...rest } = about
    const listed = labels && Object.entries(labels).map(([name, value]) => ({ name, value }))
    const asked = { type: 'pull-register', worker: workerId, ...present({ ...rest, labels: listed }) }
    const { worker, leaseMs, staleMs } = await this.ask(checked(PullRegister, asked))
    return { ...workerOf(worker), leaseMs, staleMs }
  }

  /**
   * The worker lives, and goes on with the tasks that it names: their leases begin anew, and those of no others.
   * @throws DtrError `not_found` for a worker that has not registered
   */
  async beat(workerId: string, options: { readonly tasks?: readonly Renewal[] | undefined } = {}): Promise<PullHeard> {
    checkOptions(options, ['tasks'])
    const tasks = options.tasks?.map((task) => {
      checkOptions(task, ['id', 'leaseId', 'leaseMs', 'percent', 'message'], 'task')
      const { leaseId, ...rest } = task
      return present({ ...rest, lease: leaseId })
    })
    const asked = { type: 'pull-beat', worker: workerId, ...present({ tasks }) }
    const { worker, renewed, lost, cancelled } = await this.ask(checked(PullBeat, asked))
    const now = this.wallMs()
    return {
      worker: workerOf(worker),
      renewed: renewed.map(({ id, lease, leaseMs }) => ({ id, leaseId: lease, leaseMs, leaseUntil: now + leaseMs })),
      lost,
      cancelled,
    }
  }

  /**
   * Goes on with one task.
   * @returns the lease, and whether somebody has cancelled the task; undefined where it is not this worker's any more
   */
  async renew(workerId: string, task: Renewal): Promise<(RenewedLease & { readonly cancelled: boolean }) | undefined> {
    const { renewed, cancelled } = await this.beat(workerId, { tasks: [task] })
    const [lease] = renewed
    return lease && { ...lease, cancelled: cancelled.includes(lease.id) }
  }

  /**
   * What is next for the worker, in the one order of all: on disk as its own when it is told. Where the answer is lost the
   * lease runs out by itself.
   * @throws DtrError `not_found` for a worker that has not registered, `bad_input` for a type that it has not registered for
   */
  async claim(workerId: string, options: ClaimOptions = {}): Promise<readonly PulledTask[]> {
    checkOptions(options, ['max', 'types', 'leaseMs', 'waitMs', 'signal'])
    const { signal, ...rest } = options
    checkSignal(signal)
    signal?.throwIfAborted()
    const answer = this.ask(checked(PullClaim, { type: 'pull-claim', worker: workerId, ...present(rest) }))
    const { list } = signal === undefined ? await answer : await this.#unlessGone(workerId, answer, signal)
    const now = this.wallMs()
    return list.map((task) => pulledTask(task, now))
  }

  /** How an attempt ended: on disk when it is answered. The same, sent again, is answered as before. */
  async settle(
    workerId: string,
    settlement: { readonly id: string; readonly leaseId?: string | undefined } & PullEnding,
  ): Promise<PullSettled> {
    checkObject(settlement, 'settlement')
    const { id, leaseId } = settlement
    const ending = endingOf(settlement)
    const asked = { type: 'pull-settle', worker: workerId, id, ...present({ lease: leaseId }), ending }
    return (await this.ask(checked(PullSettle, asked))).status
  }

  /**
   * Keeps how far an attempt has come: the next one, wherever it runs, is claimed with it.
   * @param value any JSON, at most CHECKPOINT_BYTES_MAX
   * @returns on disk when it is `recorded`; `stale`: the lease is not this worker's any more, and nothing was kept
   */
  async checkpoint(
    workerId: string,
    task: { readonly id: string; readonly leaseId?: string | undefined; readonly value: unknown },
  ): Promise<'recorded' | 'stale'> {
    checkOptions(task, ['id', 'leaseId', 'value'], 'task')
    const value = jsonText(task.value, 'value')
    const bytes = Buffer.byteLength(value)
    if (bytes > CHECKPOINT_BYTES_MAX)
      throw new DtrError('too_large', `value: ${bytes} bytes are more than the limit of ${CHECKPOINT_BYTES_MAX}`)
    const asked = { type: 'pull-checkpoint', worker: workerId, id: task.id, ...present({ lease: task.leaseId }), value }
    return (await this.ask(checked(PullCheckpoint, asked))).status
  }

  /** Looks now for leases that are over, and gives their tasks to others. @returns how many there were */
  async requeueStale(): Promise<number> {
    return (await this.ask({ type: 'pull-requeue' })).count
  }

  async #unlessGone<Answer extends { readonly list: readonly PulledTaskField[] }>(
    workerId: string,
    answer: Promise<Answer>,
    signal: AbortSignal,
  ): Promise<Answer> {
    const gone = new Promise<never>((_, reject) => {
      const leave = onAbort(signal, () => reject(signal.reason))
      answer.then(leave, leave)
    })
    try {
      return await Promise.race([answer, gone])
    } catch (error) {
      if (signal.aborted) void answer.then(({ list }) => this.#handBack(workerId, list)).catch(() => {})
      throw error
    }
  }

  async #handBack(workerId: string, list: readonly PulledTaskField[]): Promise<void> {
    const settled = list.map(({ id, lease }) =>
      this.settle(workerId, { id, leaseId: lease, outcome: 'returned', started: false }),
    )
    await Promise.all(settled)
  }
}

export function workerOf({ name, labels = [], ...field }: PullWorkerField): PullWorker {
  return {
    id: name,
    kind: 'pull',
    state: field.state,
    types: field.types,
    queues: field.queues,
    slots: field.slots,
    labels: Object.fromEntries(labels.map(({ name, value }) => [name, value])),
    model: field.model,
    version: field.version,
    meta: field.meta,
    running: field.running,
    completed: field.completed,
    failed: field.failed,
    heardMsAgo: field.heardMsAgo,
    quarantined: field.quarantined,
  }
}

function pulledTask(field: PulledTaskField, now: WallMs): PulledTask {
  const { lease, timeoutMs, deadlineMs, suspect = false, meta, checkpoint, ballot = false, ...task } = field
  const deadlineUntil = deadlineMs === undefined ? undefined : now + deadlineMs
  return {
    ...task,
    leaseId: lease,
    leaseUntil: now + task.leaseMs,
    timeoutMs,
    deadlineUntil,
    suspect,
    meta,
    checkpoint,
    ballot,
  }
}

function endingOf(settlement: PullEnding): PullEndingField {
  const names = ENDING_NAMES[settlement.outcome]
  if (names === undefined) {
    throw new DtrError('bad_input', `outcome: ${shown(settlement.outcome)} is none of completed, failed, returned`)
  }
  checkOptions(settlement, ['id', 'leaseId', 'outcome', ...names], 'settlement')
  switch (settlement.outcome) {
    case 'completed':
      return { outcome: 'completed', ...resultOf(settlement.result), ...ballotOf(settlement.ballot) }
    case 'failed': {
      const { error, final } = settlement
      const { message, code = 'task_failed', ...more } = typeof error === 'string' ? { message: error } : (error ?? {})
      const { stack, exitCode, signal } = more
      return {
        outcome: 'failed',
        error: { code, message, ...present({ stack, exitCode, signal }) },
        ...present({ final }),
      } as PullEndingField
    }
    case 'returned':
      return { outcome: 'returned', ...present({ started: settlement.started }) } as PullEndingField
  }
}

function resultOf(result: unknown): { result: string; encoding?: 'base64' } {
  const isBytes = result instanceof Uint8Array
  const text = isBytes ? Buffer.from(result).toString('base64') : jsonText(result ?? null, 'result')
  const bytes = Buffer.byteLength(text)
  if (bytes > PAYLOAD_BYTES_MAX) {
    throw new DtrError('too_large', `result: ${bytes} bytes are more than the limit of ${PAYLOAD_BYTES_MAX}`)
  }
  return isBytes ? { result: text, encoding: 'base64' } : { result: text }
}

function ballotOf(ballot: unknown): { ballot?: string } {
  if (ballot === undefined) return {}
  const text = jsonText(ballot, 'ballot')
  const bytes = Buffer.byteLength(text)
  if (bytes <= BALLOT_BYTES_MAX) return { ballot: text }
  throw new DtrError('too_large', `ballot: ${bytes} bytes are more than the limit of ${BALLOT_BYTES_MAX}`, {
    hint: 'give a hash of it',
  })
}

function present(given: object): object {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

const compiled = new Map<TSchema, ReturnType<typeof Compile>>()

/** What would be no message of the protocol would cost the connection. @throws DtrError `bad_input` that names the field */
function checked<Schema extends TSchema>(schema: Schema, asked: object): Omit<Static<Schema>, 're'> {
  const validator = compiled.get(schema) ?? Compile(schema)
  compiled.set(schema, validator)
  const message = { ...asked, re: 0 }
  if (!validator.Check(message)) {
    const [error] = validator.Errors(message)
    const field = error?.instancePath.slice(1).replaceAll('/', '.') ?? ''
    const name = field === 'worker' || field === '' ? 'workerId' : field
    throw new DtrError('bad_input', `${name}: ${error?.message ?? 'is refused'}`)
  }
  return asked as Omit<Static<Schema>, 're'>
}
