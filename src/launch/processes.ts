// The processes that a launcher has started and not seen end. Tells of every end, and starts again what `respawn` says.
import { rawMonoMs } from '../clock.js'
import { type Child, type ChildRole, describeExit, type Exit } from './child.js'
import { RespawnPause } from './respawn.js'

/** A place in the cluster: whatever process fills it. */
export interface Place {
  readonly name: string
  readonly start: () => Child
}

export interface ProcessesOptions {
  /** Whether the place of a process that ended so is to be filled again. */
  readonly respawns: (child: Child, exit: Exit) => boolean
  readonly tell: (line: string) => void
  readonly ready: (child: Child, port: number) => void
  readonly ended: (child: Child, exit: Exit) => void
}

export class Processes {
  readonly #options: ProcessesOptions
  readonly #living = new Map<string, Child>()
  readonly #pauses = new Map<string, NodeJS.Timeout>()

  constructor(options: ProcessesOptions) {
    this.#options = options
  }

  get living(): readonly Child[] {
    return [...this.#living.values()]
  }

  /** Nothing lives, and nothing will. */
  get over(): boolean {
    return this.#living.size === 0 && this.#pauses.size === 0
  }

  /** Nothing else lives or will: what only serves the others has nobody left to serve. */
  onlyLeft(role: ChildRole): boolean {
    return this.#pauses.size === 0 && this.#living.size > 0 && this.living.every((child) => child.role === role)
  }

  start(place: Place, pause = new RespawnPause()): Child {
    const startedMs = rawMonoMs()
    const child = place.start()
    this.#living.set(place.name, child)
    child.ready.then(
      (port) => this.#options.ready(child, port),
      () => {},
    )
    void child.exited.then((exit) => {
      this.#living.delete(place.name)
      this.#options.tell(`${place.name} (pid ${child.pid}) ended: ${describeExit(exit)}`)
      if (this.#options.respawns(child, exit)) this.#startLater(place, pause, pause.after(rawMonoMs() - startedMs))
      this.#options.ended(child, exit)
    })
    return child
  }

  /** What has ended and waits to be started again stays ended. */
  forgetPauses(): void {
    for (const timer of this.#pauses.values()) clearTimeout(timer)
    this.#pauses.clear()
  }

  signal(signal: NodeJS.Signals): void {
    for (const child of this.#living.values()) child.kill(signal)
  }

  #startLater(place: Place, pause: RespawnPause, waitMs: number): void {
    this.#options.tell(`${place.name} is started again in ${waitMs / 1_000} s`)
    const timer = setTimeout(() => {
      this.#pauses.delete(place.name)
      const child = this.start(place, pause)
      child.ready.catch((error: Error) => this.#options.tell(`${place.name}: ${error.message}`))
    }, waitMs)
    this.#pauses.set(place.name, timer)
  }
}
