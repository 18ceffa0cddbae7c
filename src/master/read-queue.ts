// Questions to the store that wait for their turn. One is read at a time, for it may hold some megabytes (P23), and the store has
// one thread; of the sessions each has its turn, so that who asks much makes nobody wait; and for who does not read
// nothing is read.
import type { Clock } from '../clock.js'
import { DtrError, messageOf } from '../errors.js'
import type { Store } from '../store/store.js'
import type { Read, ReadAnswer, SessionId } from './events.js'
import { ask } from './reads.js'

export interface ReadQueueOptions {
  readonly clock: Clock
  readonly store: Store
  hasRoom(session: SessionId): boolean
  answered(read: Read, answer: ReadAnswer): void
}

/** After that it is seen whether those that did not read have read. */
const LOOK_AGAIN_MS = 20

export class ReadQueue {
  /** In the order of their turns. */
  readonly #waiting = new Map<SessionId, readonly Read[]>()
  #reading = false
  #cancelLook: (() => void) | undefined
  #closed = false

  constructor(private readonly options: ReadQueueOptions) {}

  push(read: Read): void {
    this.#waiting.set(read.session, [...(this.#waiting.get(read.session) ?? []), read])
    this.#readOn()
  }

  close(): void {
    this.#closed = true
    this.#cancelLook?.()
  }

  #readOn(): void {
    if (this.#reading || this.#closed) return
    const read = this.#next()
    if (read !== undefined) void this.#read(read)
    else if (this.#waiting.size > 0) this.#lookAgain()
  }

  #next(): Read | undefined {
    for (const [session, [read, ...rest]] of this.#waiting) {
      if (!this.options.hasRoom(session)) continue
      this.#waiting.delete(session)
      if (rest.length > 0) this.#waiting.set(session, rest)
      return read
    }
    return undefined
  }

  async #read(read: Read): Promise<void> {
    this.#reading = true
    const answer = await ask(this.options.store, read).catch((error): ReadAnswer => {
      const code = error instanceof DtrError ? error.code : 'store_failed'
      return { kind: 'failed', code, message: messageOf(error) }
    })
    this.#reading = false
    if (!this.#closed) this.options.answered(read, answer)
    this.#readOn()
  }

  #lookAgain(): void {
    if (this.#cancelLook !== undefined) return
    const { clock } = this.options
    this.#cancelLook = clock.wakeAt(clock.now().monoMs + LOOK_AGAIN_MS, () => {
      this.#cancelLook = undefined
      this.#readOn()
    })
  }
}
