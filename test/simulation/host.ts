// A host as its worker sees it: it obeys the pipe's messages, runs users' code as the plan has it, and its watchdog ends it
// with the lease and with its worker. What host/main.ts and host/watchdog.ts do, without their process.
import type { AttemptInput, AttemptOutcome } from '../../src/runner/runner.js'
import type { AbortReason } from '../../src/worker/events.js'
import type { HostHandle } from '../../src/worker/host/hosts.js'
import type { FromHost, ToHost, ToWatchdog } from '../../src/worker/host/pipe-messages.js'
import type { HostOptions } from '../../src/worker/host/process.js'
import type { Run } from './happenings.js'
import type { Process } from './machine.js'
import type { RunPlan } from './plan-tasks.js'
import type { Scene } from './scene.js'
import type { WorkerLife } from './worker.js'

const BOOT_MS = [20, 120] as const
const FIRST_SIGN_EVERY_MS = 500

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
  readonly plan: RunPlan
  over: boolean
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
  #begun = 0
  #cancelSign = (): void => {}
  #types: readonly string[] | undefined
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
    this.#main = new Pipe(scene, this.process, (message) => this.#whenFree(() => this.#receive(message)), bootedAt)
    this.#watchdog = new Pipe(scene, this.process, (limits) => this.#watch(limits), bootedAt)
    this.#said = new Pipe(scene, worker.process, (tell) => tell(), timeline.now)
    this.#said.say(() => options.spawned(this.pid))
    this.#main.say({ type: 'load', modules: [], builtins: false })
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

  run(list: readonly AttemptInput[]): void {
    this.#main.say({ type: 'run', list })
  }

  abort(leaseId: string, reason: AbortReason): void {
    const told = this.#executions.get(leaseId)
    if (told !== undefined) this.scene.tell({ kind: 'aborted', run: told.run, reason })
    this.#main.say({ type: 'abort', leaseId, reason })
  }

  watch(limits: ToWatchdog): void {
    this.#watchdog.say(limits)
  }

  kill(): void {
    this.#ordered = true
    this.scene.timeline.after(this.scene.random.skewed(0.1, 3), () => this.process.die())
  }

  // --- The watchdog: a thread that no code can block -----------------------------------------------------------------

  #watch({ deadlineMs, signEveryMs }: ToWatchdog): void {
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
      const begun = this.#begun
      this.#said.say(() => this.options.alive({ begun }))
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
        // Told of together, then one after the other: what holds the thread keeps the rest from beginning.
        this.#say({ type: 'began', leaseIds: message.list.map(({ leaseId }) => leaseId) })
        for (const attempt of message.list) this.#whenFree(() => this.#begin(attempt))
        return
      case 'abort': {
        const execution = this.#executions.get(message.leaseId)
        if (execution !== undefined) this.#abort(execution, message.reason)
      }
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

  #say(message: FromHost): void {
    this.#said.say(() => this.options.said([message]))
  }

  #begin({ taskId, leaseId, attempt, payload, type }: AttemptInput): void {
    const { scene, worker, process } = this
    this.#begun += 1
    if (this.#types?.includes(type) !== true) {
      return this.#say({ type: 'outcomes', list: [{ leaseId, outcome: { kind: 'unserved' } }] })
    }
    const { task } = JSON.parse(payload) as { task: number }
    const runs = scene.plan.tasks[task]!.runs
    const plan = runs[Math.min(attempt, runs.length) - 1]!
    const run: Run = {
      taskId,
      leaseId,
      attempt,
      worker,
      host: process,
      beganAt: scene.timeline.now,
      endedAt: undefined,
    }
    const execution: Execution = { run, plan, over: false }
    this.#executions.set(leaseId, execution)
    scene.tell({ kind: 'began', run })
    const endless = plan.end === 'never-ends'
    if (plan.hogs) this.#waiting = []
    if (endless) return
    process.clock.wakeAt(process.clock.now().monoMs + plan.ms, () => {
      if (plan.hogs) {
        this.#end(execution)
        this.#free()
      } else this.#whenFree(() => this.#end(execution))
    })
  }

  #free(): void {
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const run of waiting) this.#whenFree(run)
  }

  #end(execution: Execution): void {
    const { run, plan } = execution
    if (execution.over || !this.process.alive) return
    switch (plan.end) {
      case 'completes': {
        const result = JSON.stringify(`${run.leaseId} ${'x'.repeat(plan.bytes)}`)
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
    }
  }

  #abort(execution: Execution, reason: string): void {
    if (execution.plan.abort === 'deaf') return
    const { clock } = this.process
    clock.wakeAt(clock.now().monoMs + this.scene.random.skewed(1, 300), () =>
      this.#whenFree(() => {
        const error = { code: 'task_failed', message: `ended itself: ${reason}` } as const
        if (!execution.over) this.#finish(execution, { kind: 'failed', error, final: false })
      }),
    )
  }

  #finish(execution: Execution, outcome: AttemptOutcome): void {
    this.#over(execution, outcome.kind)
    this.#say({ type: 'outcomes', list: [{ leaseId: execution.run.leaseId, outcome }] })
  }

  #over(execution: Execution, how: string): void {
    execution.over = true
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
    this.#said.say(() => this.options.ended(code, signal))
  }
}
