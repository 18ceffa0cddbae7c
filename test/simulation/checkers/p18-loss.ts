// P18: a worker that loses its master has no code running after 12 s, and leaves at 30 s +/- 1 s with code 0; nothing of it
// is alive 2 s later.
import type { Happening } from '../happenings.js'
import { CODE_DEAD_MS } from '../master.js'
import { MASTER_TIMEOUT_MS, type WorkerLife } from '../worker.js'
import type { Checker, Found, Known } from './all.js'

const PRECISION_MS = 1_000
const GONE_MS = 2_000
/** Clocks of workers are not quite right, and its pipe takes a moment. */
const CODE_LATE_MS = 200

export class Loss implements Checker {
  readonly promise = 'P18'
  readonly #workers = new Set<WorkerLife>()

  see(happening: Happening, known: Known): Found | undefined {
    if (happening.kind === 'worker-started') this.#workers.add(happening.worker)
    if (happening.kind === 'worker-ended') {
      this.#workers.delete(happening.worker)
      return this.#left(happening, known)
    }
    return this.#codeRuns(known) ?? this.#stays(known)
  }

  #codeRuns({ facts, now }: Known): Found | undefined {
    for (const { worker, host, leaseId, taskId } of facts.active) {
      if (host.frozen) continue
      const until = Math.max((worker.confirmedAt ?? 0) + CODE_DEAD_MS + CODE_LATE_MS, host.thawedAt + PRECISION_MS)
      if (now > until) {
        return {
          what: `${leaseId} runs ${Math.round(now - (worker.confirmedAt ?? 0))} ms after its last confirmed beat`,
          taskId,
        }
      }
    }
    return undefined
  }

  #stays({ now }: Known): Found | undefined {
    for (const { process, contactAt, incarnation } of this.#workers) {
      if (process.frozen || contactAt === undefined) continue
      const since = Math.max(contactAt, process.thawedAt)
      if (now > since + (MASTER_TIMEOUT_MS + PRECISION_MS) * 1.01 + GONE_MS) {
        return { what: `${incarnation} is alive ${Math.round(now - contactAt)} ms after it lost its master` }
      }
    }
    return undefined
  }

  #left({ worker, code }: Extract<Happening, { kind: 'worker-ended' }>, { now }: Known): Found | undefined {
    // One whose first host died does not know what it serves, and is of no use to any master.
    if (code === undefined || worker.draining || worker.stoppedAt !== undefined || worker.contactAt === undefined)
      return undefined
    const afterMs = now - worker.contactAt
    if (afterMs < (MASTER_TIMEOUT_MS - PRECISION_MS) * 0.99) {
      return { what: `${worker.incarnation} left ${Math.round(afterMs)} ms after it lost its master` }
    }
    return code === 0 ? undefined : { what: `${worker.incarnation} left with code ${code}` }
  }
}
