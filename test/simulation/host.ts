// A host as its worker sees it: it obeys the pipe's messages, runs users' code as the plan has it, and its watchdog ends it
// with the lease and with its worker. What host/main.ts and host/watchdog.ts do, without their process.
import type { AttemptInput, AttemptOutcome } from '../../src/runner/runner.js'
import type { HostHandle } from '../../src/worker/host/hosts.js'
import type { FromHost, ToHost, ToWatchdog } from '../../src/worker/host/pipe-messages.js'
import type { HostOptions } from '../../src/worker/host/process.js'
import type { Run } from './happenings.js'
import type { Process } from './machine.js'
import type { RunPlan } from './plan.js'
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
  #cancelDeadline = (): void => {}
  #signEveryMs = 0
  #cancelSign = (): void => {}
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

  send(message: ToHost): void {
    const told = message.type === 'abort' ? this.#executions.get(message.leaseId) : undefined
    if (told !== undefined && message.type === 'abort') {
      this.scene.tell({ kind: 'aborted', run: told.run, reason: message.reason })
    }
    this.#main.say(message)
  }

  watch(limits: ToWatchdog): void {
    this.#watchdog.say(limits)
  }

  kill(): void {
    this.scene.timeline.after(this.scene.random.skewed(0.1, 3), () => this.process.die())
  }

  // --- The watchdog: a thread that no code can block -----------------------------------------------------------------

  #watch({ deadlineMs, signEveryMs }: ToWatchdog): void {
    this.#cancelDeadline()
    this.#cancelDeadline = this.process.clock.wakeAt(deadlineMs, () => this.process.die())
    this.#giveSigns(signEveryMs)
  }

  #giveSigns(everyMs: number): void {
    if (everyMs === this.#signEveryMs) return
    this.#signEveryMs = everyMs
    this.#cancelSign()
    const sign = (): void => {
      this.#said.say(() => this.options.alive())
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
        return this.#say({ type: 'ready', types: this.worker.options.plan.types.map((type) => ({ type })) })
      case 'run':
        return this.#begin(message.attempt)
      case 'abort': {
        const execution = this.#executions.get(message.leaseId)
        if (execution !== undefined) this.#abort(execution, message.reason)
      }
    }
  }

  #say(message: FromHost): void {
    this.#said.say(() => this.options.said([message]))
  }

  #begin({ taskId, leaseId, attempt, payload }: AttemptInput): void {
    const { scene, worker, process } = this
    const { task } = JSON.parse(payload) as { task: number }
    const runs = scene.plan.tasks[task]!.runs
    const plan = runs[Math.min(attempt, runs.length) - 1]!
    this.#say({ type: 'began', leaseId })
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
      case 'kills-its-host':
        this.#exit = { code: 1 }
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
    this.#say({ type: 'outcome', leaseId: execution.run.leaseId, outcome })
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
    const { code, signal } = this.#exit
    this.#said.say(() => this.options.ended(code, signal))
  }
}
