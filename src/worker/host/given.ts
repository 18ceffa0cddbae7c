// What a host was given, by its number: host and worker count alike, from 1 and in the order of the pipe, those that were taken
// back left out. So an attempt goes back by a number, and its lease, far longer, is said once.
//
// What always holds: of an epoch that was recalled those up to `begun` have begun, and no other one ever does, whatever of
// it is still on its way; a number that is not under way is said by no host of ours.
import { DtrError } from '../../errors.js'
import type { AttemptOutcome } from '../../runner/runner.js'
import type { HostOutcome } from '../events.js'
import type { Began, FromHost, HostRow, Outcomes } from './from-host.js'
import type { Recalled } from './pipe-messages.js'

export class Given {
  /** Until they end. */
  readonly #leases = new Map<number, string>()
  #count = 0
  /** So many were told to begin. */
  #told = 0
  /** The last epoch that was recalled, and how many had begun by its end. */
  #closed = 0
  #begun = 0

  add(list: readonly { readonly leaseId: string }[]): void {
    for (const { leaseId } of list) {
      this.#count += 1
      this.#leases.set(this.#count, leaseId)
    }
  }

  /** @throws DtrError `protocol` for what is not under way */
  understand(row: HostRow): FromHost {
    if (row.type === 'began') return { type: 'began', leaseIds: this.#began(row) }
    if (row.type === 'outcomes') return { type: 'outcomes', list: this.#outcomes(row) }
    return row
  }

  /** Those that begin now, and were not told of before. */
  #began({ epoch, upTo }: Began): string[] {
    const last = epoch <= this.#closed ? Math.min(upTo, this.#begun) : upTo
    if (last > this.#count) throw unsaid()
    const leaseIds: string[] = []
    for (; this.#told < last; this.#told += 1) leaseIds.push(this.#leases.get(this.#told + 1)!)
    return leaseIds
  }

  #outcomes({ nths, tookMs, outcomes }: Outcomes): HostOutcome[] {
    return nths.map((nth, index) => {
      const leaseId = nth <= this.#told ? this.#leases.get(nth) : undefined
      const said = outcomes[index]
      const took = tookMs[index]
      if (leaseId === undefined || said === undefined || took === undefined) throw unsaid()
      this.#leases.delete(nth)
      const outcome: AttemptOutcome =
        typeof said === 'string' ? { kind: 'completed', result: said, encoding: 'json' } : said
      return { leaseId, outcome, tookMs: took }
    })
  }

  recalled({ epoch, begun }: Recalled): void {
    for (let nth = begun + 1; nth <= this.#count; nth += 1) this.#leases.delete(nth)
    this.#closed = epoch
    this.#begun = begun
    this.#count = begun
    this.#told = Math.min(this.#told, begun)
  }
}

function unsaid(): DtrError {
  return new DtrError('protocol', 'a host says what it was not given')
}
