// Those who wait for the end of a task (`?wait=30s`). A client that follows a task does so until it ends, whoever has gone
// meanwhile: so each task is followed once, for all who wait for it, and of so many at most; and who has gone is forgotten.
import type { Client } from '../../client/client.js'
import { DtrError } from '../../errors.js'

const FOLLOWED_MAX = 10_000

type Waiter = (error?: Error) => void

export class Ends {
  readonly #followed = new Map<string, Set<Waiter>>()

  /**
   * Resolves when the task has ended, the time is up, or `signal` says so.
   * @throws DtrError `not_found` where there is no such task, `busy` where too many are waited for
   */
  async wait(client: Client, id: string, ms: number, signal: AbortSignal): Promise<void> {
    const waiters = this.#follow(client, id)
    await atMost(ms, signal, (done) => {
      waiters.add(done)
      return () => waiters.delete(done)
    })
  }

  #follow(client: Client, id: string): Set<Waiter> {
    const known = this.#followed.get(id)
    if (known !== undefined) return known
    if (this.#followed.size >= FOLLOWED_MAX) {
      throw new DtrError('busy', `wait: the ends of ${FOLLOWED_MAX} tasks are awaited here already`, {
        hint: 'ask again without wait, or later',
        retryAfterMs: 5_000,
      })
    }
    const waiters = new Set<Waiter>()
    this.#followed.set(id, waiters)
    const tell: Waiter = (error) => {
      this.#followed.delete(id)
      for (const waiter of waiters) waiter(error)
    }
    client
      .task(id)
      .ended()
      .then(() => tell(), tell)
    return waiters
  }
}

/** The same for one that waits alone. @throws what `work` does until then */
export function endedWithin(work: Promise<unknown>, ms: number, signal: AbortSignal): Promise<void> {
  return atMost(ms, signal, (done) => {
    work.then(() => done(), done)
    return () => {}
  })
}

/** Until `done` is called, the time is up, or `signal` says so. @param begin returns what is done then */
function atMost(ms: number, signal: AbortSignal, begin: (done: Waiter) => () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let leave = (): void => {}
    const done: Waiter = (error) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', enough)
      leave()
      if (error === undefined) resolve()
      else reject(error)
    }
    const enough = (): void => done()
    const timer = setTimeout(enough, ms)
    signal.addEventListener('abort', enough, { once: true })
    leave = begin(done)
    if (signal.aborted) done()
  })
}
