// Worker processes of the systems that are compared: each says when it is ready, and how many tasks it has done, durably.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** How often a worker says how far it is. */
const TELL_MS = 5

export class Children {
  readonly #children: ChildProcess[] = []
  #done = 0
  #wanted: { readonly count: number; readonly resolve: () => void; readonly reject: (why: Error) => void } | undefined

  /** @param script beside the systems. @param settings reach it as its first argument */
  async start(count: number, script: string, settings: unknown): Promise<void> {
    const path = fileURLToPath(new URL(`./systems/${script}`, import.meta.url))
    const ready = Array.from({ length: count }, async () => {
      const child = fork(path, [JSON.stringify(settings)])
      this.#children.push(child)
      await new Promise<void>((resolve, reject) => {
        child.on('message', (message: { ready?: true; done?: number }) => {
          if (message.ready) resolve()
          this.#count(message.done ?? 0)
        })
        child.once('exit', (code) => {
          const why = new Error(`${script} ended with ${code}`)
          reject(why)
          this.#wanted?.reject(why)
        })
      })
    })
    await Promise.all(ready)
  }

  #count(done: number): void {
    this.#done += done
    if (this.#wanted !== undefined && this.#done >= this.#wanted.count) this.#wanted.resolve()
  }

  /** Resolves when so many more than now are done. */
  async more(count: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#wanted = { count: this.#done + count, resolve, reject }
    })
    this.#wanted = undefined
  }

  async end(): Promise<void> {
    const children = this.#children.splice(0)
    const exits = children.map((child) => (child.exitCode === null ? once(child, 'exit') : undefined))
    for (const child of children) child.kill('SIGKILL')
    await Promise.all(exits)
  }
}

/** The worker's side. */
export function settingsOf<Settings>(): Settings {
  return JSON.parse(process.argv[2] ?? '{}') as Settings
}

export function sayReady(): void {
  process.send?.({ ready: true })
}

let untold = 0

/** So many tasks are done, and that is stored. */
export function sayDone(count: number): void {
  if (untold === 0) {
    setTimeout(() => {
      process.send?.({ done: untold })
      untold = 0
    }, TELL_MS)
  }
  untold += count
}
