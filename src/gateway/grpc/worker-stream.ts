// The stream of one worker: its heartbeats, progress and results one way, assignments and cancels the other. It stands on the
// operations for workers that pull (client/pull.ts): what the worker holds, and until when, is the master's to know.
//
// What always holds:
// - the worker is given no more than it said it would take, what is on its way to it included;
// - nothing is claimed for a stream that is not read, or is over: what comes all the same goes back, uncharged;
// - a result is answered when it is on disk, or says why not; of those at most RESULTS_MAX are read and not answered.
import { setTimeout as after } from 'node:timers/promises'
import type { Client } from '../../client/client.js'
import type { PullEnding, PulledTask, PullHeard, PullSettled, Renewal } from '../../client/pull.js'
import type { WallMs } from '../../clock.js'
import { DtrError, messageOf } from '../../errors.js'
import type { ClusterLink } from '../cluster-link.js'
import { readJson } from '../json-body.js'
import type { Both } from './calls.js'
import { bytesOf, carriedIn, encodingOf } from './carried.js'
import type { AssignedTask } from './generated/orchestrator/v1/AssignedTask.js'
import type { RecordedOutcome } from './generated/orchestrator/v1/RecordedOutcome.js'
import type { TaskAssignment } from './generated/orchestrator/v1/TaskAssignment.js'
import type { TaskCheckpoint__Output as Checkpoint } from './generated/orchestrator/v1/TaskCheckpoint.js'
import type { TaskProgress__Output as Progress } from './generated/orchestrator/v1/TaskProgress.js'
import type { TaskResult__Output as Result } from './generated/orchestrator/v1/TaskResult.js'
import type { WorkerHeartbeat__Output as Heartbeat } from './generated/orchestrator/v1/WorkerHeartbeat.js'
import type { WorkerResponse__Output as Message } from './generated/orchestrator/v1/WorkerResponse.js'
import type { GrpcServing } from './serving.js'
import { asDtrError } from './status.js'
import { partsOf, timeOf } from './times.js'

/** What it says of itself when its stream begins. */
export interface About {
  readonly workerId: string
  readonly types: readonly string[] | undefined
  readonly queues: readonly string[] | undefined
  readonly labels: Readonly<Record<string, string>>
  readonly model: string | undefined
  readonly version: string | undefined
  readonly leaseMs: number | undefined
}

interface Parts {
  readonly both: Both<Message, TaskAssignment>
  readonly serving: GrpcServing
  /** As far as its key allows to see. */
  readonly link: ClusterLink
  readonly signal: AbortSignal
}

/** A cancel reaches a worker with the answer to its next heartbeat. */
const HEARTBEAT_MS = 2_000
const CLAIM_MAX = 100
const CLAIM_WAIT_MS = 30_000
const SLOTS_MAX = 1_000
const RESULTS_MAX = 256
/** After an answer that the master could not give. */
const AGAIN_MS = 500

const RECORDED: Readonly<Record<PullSettled, RecordedOutcome>> = {
  recorded: 'RECORDED_OUTCOME_RECORDED',
  cancelled: 'RECORDED_OUTCOME_CANCELLED',
  stale: 'RECORDED_OUTCOME_STALE',
}

export class WorkerStream {
  readonly #about: About
  readonly #parts: Parts
  readonly #over = new AbortController()
  readonly #signal: AbortSignal
  /** Tasks on their way to it: assigned, and not named by a heartbeat yet, each until its lease ends. */
  readonly #onTheirWay = new Map<string, WallMs>()
  /** So many would it take, by what it said last. */
  #wanted = 0
  #leaving = false
  /** As it is registered. */
  #slots = 0
  #claim: { readonly max: number; readonly stop: AbortController } | undefined
  /** Results and progress that the master has not answered. */
  #open = 0
  #wake = (): void => {}

  constructor(about: About, parts: Parts) {
    this.#about = about
    this.#parts = parts
    this.#signal = AbortSignal.any([parts.signal, this.#over.signal])
  }

  /** The worker has opened another stream. */
  replaced(): void {
    this.#over.abort(new DtrError('conflict', `worker ${this.#about.workerId} has opened another stream`))
  }

  /** Until the worker has closed its side. @throws DtrError why it cannot go on */
  async serve(first: Heartbeat, messages: AsyncIterator<Message>): Promise<void> {
    await this.#register(first)
    await this.#heard(first)
    const fed = this.#feed()
    const read = this.#read(messages)
    const replaced = new Promise<never>((_resolve, reject) => {
      this.#over.signal.addEventListener('abort', () => reject(this.#over.signal.reason), { once: true })
    })
    for (const part of [fed, read, replaced]) part.catch(() => {})
    try {
      await Promise.race([read, fed.then(() => read), replaced])
    } finally {
      this.#over.abort(new DtrError('cancelled', 'the stream is over'))
      this.#wake()
    }
  }

  // --- What it says -------------------------------------------------------------------------------------------------------

  async #read(messages: AsyncIterator<Message>): Promise<void> {
    for (;;) {
      const { done, value } = await messages.next()
      if (done === true || this.#signal.aborted) break
      if (value.heartbeat) await this.#heard(value.heartbeat)
      else if (value.checkpoint) this.#work(this.#kept(value.checkpoint))
      else if (value.progress) this.#work(this.#progressed(value.progress))
      else if (value.result) {
        // At once: the next heartbeat counts it as free already.
        if (!this.#onTheirWay.delete(value.result.taskId)) this.#wanted += 1
        this.#work(this.#ended(value.result))
      }
      await this.#until(() => this.#open < RESULTS_MAX)
    }
    // Who has said all waits for what became of it.
    await this.#until(() => this.#open === 0)
  }

  #work(work: Promise<void>): void {
    this.#open += 1
    // Of a stream that is over nobody waits for it: the worker says it again in the next one.
    void work
      .catch((error) => this.#parts.serving.log.debug(`of ${this.#about.workerId}: ${messageOf(error)}`))
      .finally(() => {
        this.#open -= 1
        this.#changed()
      })
  }

  async #heard({ availableSlots, running, leaving }: Heartbeat): Promise<void> {
    for (const { taskId } of running) this.#onTheirWay.delete(taskId)
    this.#wanted = availableSlots
    this.#leaving = leaving
    const needed = Math.min(SLOTS_MAX, availableSlots + running.length)
    if (needed > this.#slots) await this.#ask((client) => this.#registerFor(client, needed))
    const { leaseMs } = this.#about
    const tasks = running.map(({ taskId, leaseId }) => ({ id: taskId, leaseId: leaseId || undefined, leaseMs }))
    this.#changed()
    await this.#beat(tasks)
  }

  async #progressed({ taskId, leaseId, percent, message }: Progress): Promise<void> {
    const { leaseMs } = this.#about
    await this.#beat([{ id: taskId, leaseId: leaseId || undefined, leaseMs, percent, message: message || undefined }])
  }

  /** A master that is away for a while is no reason to end a stream: it gives all leases time when it is back. */
  async #beat(tasks: readonly Renewal[]): Promise<void> {
    const { workerId } = this.#about
    let heard: PullHeard | undefined
    try {
      heard = await this.#ask((client) => client.pull.beat(workerId, { tasks }))
    } catch (error) {
      if (!asDtrError(error).retriable) throw error
      return
    }
    const leaseOf = (id: string) => tasks.find((task) => task.id === id)?.leaseId ?? ''
    for (const id of heard.lost) await this.#say({ lost: { taskId: id, leaseId: leaseOf(id) } })
    for (const id of heard.cancelled) await this.#say({ cancel: { taskId: id, leaseId: leaseOf(id) } })
  }

  async #kept({ taskId, leaseId, value }: Checkpoint): Promise<void> {
    const recorded = await this.#answered(async (client) => {
      const task = { id: taskId, leaseId: leaseId || undefined, value: readJson(value, 'value') }
      return client.pull.checkpoint(this.#about.workerId, task)
    })
    await this.#say({ recorded: { taskId, leaseId, checkpoint: true, ...recorded } })
  }

  async #ended(result: Result): Promise<void> {
    const { taskId, leaseId } = result
    const recorded = await this.#answered(async (client) => {
      const settlement = { id: taskId, leaseId: leaseId || undefined, ...endingOf(result) }
      return client.pull.settle(this.#about.workerId, settlement)
    })
    await this.#say({ recorded: { taskId, leaseId, ...recorded } })
  }

  /** Asked again after a restart of the master, for as long as that takes. */
  async #answered(
    ask: (client: Client) => Promise<PullSettled>,
  ): Promise<{ readonly outcome: RecordedOutcome; readonly message?: string }> {
    try {
      return { outcome: RECORDED[await this.#parts.link.use(ask)] }
    } catch (error) {
      const { retriable, message } = asDtrError(error)
      if (retriable) throw error
      return { outcome: 'RECORDED_OUTCOME_REFUSED', message }
    }
  }

  // --- What it is given ---------------------------------------------------------------------------------------------------

  async #feed(): Promise<void> {
    while (!this.#signal.aborted) {
      const max = this.#room()
      if (max > 0) await this.#claimUpTo(max)
      else await this.#change()
    }
  }

  async #claimUpTo(max: number): Promise<void> {
    const stop = new AbortController()
    this.#claim = { max, stop }
    const { workerId, types, leaseMs } = this.#about
    const signal = AbortSignal.any([this.#signal, stop.signal])
    try {
      const tasks = await this.#parts.link.use((client) =>
        client.pull.claim(workerId, { max, types, leaseMs, waitMs: CLAIM_WAIT_MS, signal }),
      )
      for (const task of tasks) await this.#assign(task)
    } catch (error) {
      if (signal.aborted) return
      const { code, retriable } = asDtrError(error)
      if (code === 'not_found') await this.#ask((client) => this.#registerFor(client, this.#slots))
      else if (!retriable) throw error
      await after(AGAIN_MS, undefined, { signal }).catch(() => {})
    } finally {
      this.#claim = undefined
    }
  }

  async #assign(task: PulledTask): Promise<void> {
    if (this.#signal.aborted) {
      const { workerId } = this.#about
      const back = { id: task.id, leaseId: task.leaseId, outcome: 'returned', started: false } as const
      await this.#parts.link.use((client) => client.pull.settle(workerId, back))
      return
    }
    this.#onTheirWay.set(task.id, task.leaseUntil)
    await this.#say({ task: assignedView(task) })
  }

  /** So many more may be claimed. */
  #room(): number {
    if (this.#leaving) return 0
    const now = this.#parts.serving.clock.now().wallMs
    for (const [id, until] of this.#onTheirWay) if (until <= now) this.#onTheirWay.delete(id)
    return Math.min(CLAIM_MAX, this.#wanted - this.#onTheirWay.size)
  }

  #say(assignment: TaskAssignment): Promise<void> {
    return this.#parts.both.write(assignment)
  }

  // --- Means ----------------------------------------------------------------------------------------------------------------

  async #register({ availableSlots, running }: Heartbeat): Promise<void> {
    const slots = Math.min(SLOTS_MAX, Math.max(1, availableSlots + running.length))
    const { leaseMs, staleMs } = await this.#ask((client) => this.#registerFor(client, slots))
    const { workerId, leaseMs: ownMs } = this.#about
    const heartbeatInterval = partsOf(Math.min(HEARTBEAT_MS, staleMs / 4, (ownMs ?? leaseMs) / 4))
    const { version } = this.#parts.serving
    await this.#say({ greeting: { workerId, version, heartbeatInterval, lease: partsOf(ownMs ?? leaseMs) } })
  }

  async #registerFor(client: Client, slots: number): Promise<{ readonly leaseMs: number; readonly staleMs: number }> {
    const { workerId, leaseMs: _own, ...about } = this.#about
    this.#slots = slots
    return client.pull.register(workerId, { ...about, slots })
  }

  #ask<Value>(ask: (client: Client) => Promise<Value>): Promise<Value> {
    return this.#parts.link.ask(ask)
  }

  /** What it would take, or what is open, is another number: a claim that asks for too much is taken back. */
  #changed(): void {
    if (this.#claim !== undefined && this.#room() < this.#claim.max) this.#claim.stop.abort()
    this.#wake()
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds() && !this.#signal.aborted) await this.#change()
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      const before = this.#wake
      this.#wake = () => {
        this.#wake = () => {}
        before()
        resolve()
      }
    })
  }
}

function endingOf({ outcome, output, outputEncoding, ballot, error, returned, final }: Result): PullEnding {
  switch (outcome) {
    case 'output':
      return {
        outcome: 'completed',
        result: carriedIn(output ?? Buffer.alloc(0), outputEncoding, 'output'),
        ...(ballot !== '' && { ballot: readJson(ballot, 'ballot') }),
      }
    case 'error': {
      const { message = '', code, stack, processEnd, exitCode, signal } = error ?? {}
      const told = {
        message: message || 'no reason was given',
        ...(code && { code }),
        ...(stack && { stack }),
        ...(processEnd === 'exitCode' && { exitCode }),
        ...(processEnd === 'signal' && { signal }),
      }
      return { outcome: 'failed', error: told, final }
    }
    case 'returned':
      return { outcome: 'returned', started: returned?.started ?? false }
    case undefined:
      throw new DtrError('bad_input', 'outcome: is missing; say output, error or returned')
  }
}

function assignedView(task: PulledTask): AssignedTask {
  const { id, leaseId, type, queue, payload, encoding, attempt, maxAttempts, timeoutMs, meta } = task
  return {
    ...{ taskId: id, leaseId, name: type, queue, attempt, maxAttempts, meta: meta ?? '' },
    ...{ payload: bytesOf(payload, encoding), payloadEncoding: encodingOf(encoding) },
    ...{ timeout: timeoutMs === undefined ? null : partsOf(timeoutMs), leaseUntil: timeOf(task.leaseUntil) },
    ...{ deadline: timeOf(task.deadlineUntil), checkpoint: task.checkpoint ?? '' },
    ballot: task.ballot,
  }
}
