// A host as its worker sees it: it obeys the pipe's messages, runs users' code as the plan has it, and its watchdog ends it
// with the lease and with its worker. What host/main.ts and host/watchdog.ts do, without their process.
import type { AttemptInput, AttemptOutcome } from '../../src/runner/runner.js'
import type { AbortReason, CheckpointAnswer } from '../../src/worker/events.js'
import { attemptsOf, columnsOf } from '../../src/worker/host/attempt-columns.js'
import { Checkpoints } from '../../src/worker/host/checkpoints.js'
import { Gate } from '../../src/worker/host/gate.js'
import { Given } from '../../src/worker/host/given.js'
import type { HostHandle } from '../../src/worker/host/hosts.js'
import { Line } from '../../src/worker/host/line.js'
import type { HostRow, Limits, ToHost, ToWatchdog } from '../../src/worker/host/pipe-messages.js'
import type { HostOptions } from '../../src/worker/host/process.js'
import { checkpointOf } from './checkers/p05-checkpoints.js'
import type { Run } from './happenings.js'
import type { Process } from './machine.js'
import { type RunPlan, type TaskPlan, tells } from './plan-tasks.js'
import { resultOf } from './plan-votes.js'
import type { Scene } from './scene.js'
import type { WorkerLife } from './worker.js'

const BOOT_MS = [20, 120] as const
const FIRST_SIGN_EVERY_MS = 500
/** How code ended that says that another attempt would be in vain. */
export const FOR_GOOD = 'failed for good'

/** One direction between two processes: in order, never lost once it was said. */
class Pipe<Item> {
  #lastAt: number

  constructor(
    private readonly scene: Scene,
    private readonly to: Process,
    private readonly take: (item: Item) => void,
    openAt: number,
  ) {
    this.#lastAt = openAt
  }

  say(item: Item): void {
    const { timeline, random } = this.scene
    this.#lastAt = Math.max(this.#lastAt, timeline.now + random.skewed(0.02, 2))
    timeline.at(this.#lastAt, () => this.to.deliver(() => this.take(item)))
  }
}

interface Execution {
  readonly run: Run
  /** The how many-th that its host began. */
  readonly nth: number
  readonly task: TaskPlan
  readonly plan: RunPlan
  readonly type: string
  /** It tells what it does. */
  readonly told: boolean
  /** By its own clock. */
  readonly beganMs: number
  over: boolean
  /** So many of its checkpoints were asked for. */
  kept: number
  /** Of those that it waits for. */
  unanswered: number
  /** It has come to its end, but for these. */
  isDone: boolean
}

export class SimulatedHost implements HostHandle {
  readonly process: Process
  readonly pid: number
  readonly #main: Pipe<ToHost>
  readonly #watchdog: Pipe<ToWatchdog>
  readonly #said: Pipe<() => void>
  readonly #executions = new Map<string, Execution>()
  /** What waits for the main thread, while code keeps it busy. */
  #waiting: (() => void)[] | undefined
  /** Its worker or its watchdog ends it. */
  #ordered = false
  #cancelDeadline = (): void => {}
  #signEveryMs = 0
  readonly #gate = new Gate()
  /** Its worker's. */
  readonly #given = new Given()
  #line: Line
  #epoch = 0
  #memoryBytes = 0
  #cancelSign = (): void => {}
  #types: readonly string[] | undefined
  readonly #checkpoints = new Checkpoints((checkpoint) => this.#say({ type: 'checkpoint', ...checkpoint }))
  #exit: { code?: number; signal?: string } = { signal: 'SIGKILL' }

  constructor(
    private readonly scene: Scene,
    private readonly worker: WorkerLife,
    private readonly options: HostOptions,
  ) {
    const { timeline, random } = scene
    this.process = scene.process(worker.process.computer, `${worker.incarnation}/host`)
    this.pid = this.process.pid
    worker.hosts.add(this)
    worker.listener.hold(this.process)
    const bootedAt = timeline.now + random.between(...BOOT_MS)
    this.#line = new Line(options.slots)
    this.#main = new Pipe(scene, this.process, (message) => this.#whenFree(() => this.#receive(message)), bootedAt)
    this.#watchdog = new Pipe(scene, this.process, (message) => this.#heed(message), bootedAt)
    this.#said = new Pipe(scene, worker.process, (tell) => tell(), timeline.now)
    this.#said.say(() => options.spawned(this.pid))
    this.#main.say({ type: 'load', slots: options.slots, modules: [], builtins: false })
    timeline.at(bootedAt, () => this.process.deliver(() => this.#giveSigns(FIRST_SIGN_EVERY_MS)))
    this.process.onDeath(() => this.#died())
    // The watchdog waits on the worker's pipe.
    worker.process.onDeath(() =>
      timeline.after(random.skewed(0.1, 5), () => this.process.deliver(() => this.process.die())),
    )
  }

  /** Attempts whose code runs in it. */
  get running(): number {
    return this.#executions.size
  }

  run(list: readonly AttemptInput[], epoch: number): void {
    this.#given.add(list)
    this.#main.say({ type: 'run', epoch, list: columnsOf(list) })
  }

  recall(epoch: number): void {
    this.#watchdog.say({ recall: epoch })
  }

  abort(leaseId: string, reason: AbortReason): void {
    const told = this.#executions.get(leaseId)
    if (told !== undefined) this.scene.tell({ kind: 'aborted', run: told.run, reason })
    this.#main.say({ type: 'abort', leaseId, reason })
  }

  checkpointed(answer: CheckpointAnswer): void {
    this.#main.say({ type: 'checkpointed', ...answer })
  }

  watch(limits: Limits): void {
    this.#watchdog.say(limits)
  }

  kill(): void {
    this.#ordered = true
    this.scene.timeline.after(this.scene.random.skewed(0.1, 3), () => this.process.die())
  }

  // --- The watchdog: a thread that no code can block -----------------------------------------------------------------

  #heed(message: ToWatchdog): void {
    if (!('recall' in message)) return this.#watch(message)
    const epoch = message.recall
    const begun = this.#gate.close(epoch)
    this.#said.say(() => {
      this.#given.recalled({ epoch, begun })
      this.options.recalled({ epoch, begun })
    })
  }

  #watch({ deadlineMs, signEveryMs }: Limits): void {
    this.#cancelDeadline()
    this.#cancelDeadline = this.process.clock.wakeAt(deadlineMs, () => {
      this.#ordered = true
      this.process.die()
    })
    this.#giveSigns(signEveryMs)
  }

  #giveSigns(everyMs: number): void {
    if (everyMs === this.#signEveryMs) return
    this.#signEveryMs = everyMs
    this.#cancelSign()
    const sign = (): void => {
      const { begun } = this.#gate
      this.#said.say(() => this.options.alive({ begun, memoryBytes: this.#memoryBytes, blockedMs: 0 }))
      this.#cancelSign = this.process.clock.wakeAt(this.process.clock.now().monoMs + everyMs, sign)
    }
    sign()
  }

  // --- The main thread -----------------------------------------------------------------------------------------------

  #whenFree(run: () => void): void {
    if (!this.process.alive) return
    if (this.#waiting === undefined) run()
    else this.#waiting.push(run)
  }

  #receive(message: ToHost): void {
    switch (message.type) {
      case 'load':
        return this.#load()
      case 'run':
        if (message.epoch !== this.#epoch) {
          this.#epoch = message.epoch
          this.#line.clear()
          this.#gate.open(message.epoch)
        }
        this.#line.add(attemptsOf(message.list))
        return this.#beginMore()
      case 'abort': {
        const execution = this.#executions.get(message.leaseId)
        if (execution !== undefined) this.#abort(execution, message.reason)
        return
      }
      case 'checkpointed':
        this.#checkpoints.answered(message)
    }
  }

  /** Some are told of together, and then begin one after the other: what holds the thread, or all slots, keeps the rest. */
  #beginMore(): void {
    while (this.#waiting === undefined && this.process.alive) {
      const list = this.#line.tell()
      if (list.length > 0) this.#say({ type: 'began', epoch: this.#epoch, upTo: this.#gate.begun + list.length })
      if (!this.#line.mayBegin) return
      if (!this.#gate.pass()) {
        this.#line.clear()
        return
      }
      this.#begin(this.#line.begin())
    }
  }

  /** The modules as they are on disk now. */
  #load(): void {
    this.#types = this.worker.options.modules.types
    if (this.#types !== undefined) return this.#say({ type: 'ready', types: this.#types.map((type) => ({ type })) })
    this.#say({ type: 'unfit', message: 'a module is broken' })
    this.#exit = { code: 1 }
    this.process.die()
  }

  #say(...rows: HostRow[]): void {
    this.#said.say(() => this.options.said(rows.map((row) => this.#given.understand(row))))
  }

  /** What the code of an attempt tells names its lease: so it shows whose it is taken for. */
  #report({ leaseId, attempt }: Pick<AttemptInput, 'leaseId' | 'attempt'>, part: number): HostRow {
    const text = `${leaseId}\n`
    const log = { at: part * text.length, text }
    return { type: 'reports', list: [{ leaseId, progress: { percent: attempt, message: leaseId }, log }] }
  }

  #begin({ taskId, leaseId, attempt, payload, type, checkpoint }: AttemptInput): void {
    const nth = this.#gate.begun
    const { scene, worker, process } = this
    this.#line.letGo(type, 0)
    if (this.#types?.includes(type) !== true) {
      this.#line.ended(type, 0)
      return this.#say({ type: 'outcomes', nths: [nth], tookMs: [0], outcomes: [{ kind: 'unserved' }] })
    }
    const { task } = JSON.parse(payload) as { task: number }
    const planned = scene.plan.tasks[task]!
    const { runs } = planned
    const plan = runs[Math.min(attempt, runs.length) - 1]!
    const run: Run = {
      taskId,
      leaseId,
      attempt,
      worker,
      host: process,
      beganAt: scene.timeline.now,
      endedAt: undefined,
      checkpoint,
    }
    const beganMs = process.clock.now().monoMs
    const execution: Execution = {
      run,
      nth,
      task: planned,
      plan,
      type,
      beganMs,
      told: tells(task),
      over: false,
      kept: 0,
      unanswered: 0,
      isDone: false,
    }
    this.#executions.set(leaseId, execution)
    scene.tell({ kind: 'began', run })
    if (execution.told) this.#say(this.#report({ leaseId, attempt }, 0))
    const endless = plan.end === 'never-ends'
    for (const ms of plan.checkpointsAtMs) {
      process.clock.wakeAt(process.clock.now().monoMs + ms, () => this.#whenFree(() => this.#keep(execution)))
    }
    if (plan.hogs) this.#waiting = []
    if (endless) return
    process.clock.wakeAt(process.clock.now().monoMs + plan.ms, () => {
      if (plan.hogs) {
        this.#end(execution)
        this.#free()
      } else this.#whenFree(() => this.#end(execution))
    })
  }

  #keep(execution: Execution): void {
    const { run, plan } = execution
    if (execution.over || !this.process.alive) return
    execution.kept += 1
    const n = execution.kept
    const value = checkpointOf(run.leaseId, n)
    this.scene.tell({ kind: 'keeps', run, n, value })
    if (plan.waits) execution.unanswered += 1
    const answered = (): void => {
      if (!plan.waits) return
      execution.unanswered -= 1
      if (execution.isDone) this.#end(execution)
    }
    this.#checkpoints.keep(run.leaseId, value).then(() => {
      if (this.process.alive) this.scene.tell({ kind: 'kept', run, n })
      answered()
    }, answered)
  }

  #free(): void {
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const run of waiting) this.#whenFree(run)
    this.#beginMore()
  }

  #end(execution: Execution): void {
    const { run, plan } = execution
    if (execution.over || !this.process.alive) return
    execution.isDone = true
    if (execution.unanswered > 0) return
    switch (plan.end) {
      case 'completes': {
        const { lies } = this.worker.options.plan
        const result = resultOf(execution.task, run.leaseId, lies, plan.bytes)
        return this.#finish(execution, { kind: 'completed', result, encoding: 'json' })
      }
      case 'fails':
      case 'fails-for-good': {
        const final = plan.end === 'fails-for-good'
        const error = { code: final ? 'non_retryable' : 'task_failed', message: 'as planned' } as const
        return this.#finish(execution, { kind: 'failed', error, final })
      }
      case 'refuses': {
        const error = { code: 'payload_refused', message: 'as planned' } as const
        return this.#finish(execution, { kind: 'failed', error, final: true })
      }
      case 'kills-its-host':
        this.#exit = { code: 1 }
        return this.process.die()
      case 'is-killed':
        // By the system, which has no memory left for it.
        return this.process.die()
      case 'fills-memory':
        // It goes on, until its worker ends it for that.
        this.#memoryBytes = Number.MAX_SAFE_INTEGER
        return
    }
  }

  #abort(execution: Execution, reason: string): void {
    if (execution.plan.abort === 'deaf') return
    const { clock } = this.process
    clock.wakeAt(clock.now().monoMs + this.scene.random.skewed(1, 300), () =>
      this.#whenFree(() => {
        const error = { code: 'task_failed', message: `ended itself: ${reason}` } as const
        const final = execution.plan.endsForGood
        if (!execution.over) this.#finish(execution, { kind: 'failed', error, final })
      }),
    )
  }

  #finish(execution: Execution, outcome: AttemptOutcome): void {
    this.#over(execution, outcome.kind === 'failed' && outcome.final ? FOR_GOOD : outcome.kind)
    const tookMs = Math.max(0, this.process.clock.now().monoMs - execution.beganMs)
    this.#line.ended(execution.type, tookMs)
    const tells = execution.told ? [this.#report(execution.run, 1)] : []
    this.#say(...tells, { type: 'outcomes', nths: [execution.nth], tookMs: [tookMs], outcomes: [outcome] })
    this.#beginMore()
  }

  #over(execution: Execution, how: string): void {
    execution.over = true
    if (execution.plan.end === 'fills-memory') this.#memoryBytes = 0
    this.#checkpoints.ended(execution.run.leaseId)
    execution.run.endedAt = this.scene.timeline.now
    this.#executions.delete(execution.run.leaseId)
    this.scene.tell({ kind: 'ended', run: execution.run, how })
  }

  #died(): void {
    for (const execution of this.#executions.values()) this.#over(execution, 'its host is dead')
    this.worker.hosts.delete(this)
    const byItself = !this.#ordered && this.worker.process.alive
    this.scene.tell({ kind: 'host-ended', worker: this.worker, host: this.process, byItself })
    const { code, signal } = this.#exit
    this.#said.say(() =>
      this.options.ended({
        ...(code !== undefined && { exitCode: code }),
        ...(signal !== undefined && { signal }),
      }),
    )
  }
}
