// What survives a master: the in-memory store, behind a disk that is slow and fails, before or after what it was told to do
// took effect. A master that dies meanwhile never hears which.
import { DtrError } from '../../src/errors.js'
import type { Batch, Outcome, Store } from '../../src/store/store.js'
import type { Process } from './machine.js'
import type { Random } from './random.js'
import { openDisk, type StoreKind } from './stores.js'

export interface DiskOptions {
  readonly store: StoreKind
  readonly applyMs: readonly [number, number]
  /** Share of batches that fail while faults are on: half of them before they took effect, half after. */
  readonly failShare: number
  readonly failReadShare: number
}

export interface Watch {
  /** It is given to the disk for the first time. */
  taken(batch: Batch): void
  /** It takes effect now, with `apply`. */
  applied(batch: Batch, apply: () => Promise<Outcome>): Promise<Outcome>
}

export class Disk {
  /** Faults are on. */
  failing = true
  /** Until when each write takes so long. */
  slowUntil = 0
  slowMs = 0

  private constructor(
    readonly store: Store,
    private readonly random: Random,
    private readonly options: DiskOptions,
    private readonly watch: Watch,
  ) {}

  static async open(random: Random, options: DiskOptions, pendingMax: number, watch: Watch): Promise<Disk> {
    // Whoever is quarantined is given nothing for ever: what only liars could do would never end (P17).
    const limits = { pendingMax, quarantineShare: 1 }
    return new Disk(await openDisk(options.store, limits), random, options, watch)
  }

  /** As this process sees it. */
  for(process: Process): Store {
    const read = <Answer>(ask: () => Promise<Answer>): Promise<Answer> => this.#read(process, ask)
    let last: Promise<unknown> = Promise.resolve()
    return {
      apply: (batch) => {
        if (!batch.retried) this.watch.taken(batch)
        const done = last.then(() => this.#apply(process, batch))
        last = done.catch(() => {})
        return done
      },
      get: (ids) => read(() => this.store.get(ids)),
      list: (filter, page) => read(() => this.store.list(filter, page)),
      failures: (filter, cursor) => read(() => this.store.failures(filter, cursor)),
      logs: (id, after) => read(() => this.store.logs(id, after)),
      counts: () => read(() => this.store.counts()),
      holders: () => this.store.holders(),
      keys: () => this.store.keys(),
      reputations: () => this.store.reputations(),
      close: async () => {},
    }
  }

  async #apply(process: Process, batch: Batch): Promise<Outcome> {
    const fails = this.failing && this.random.chance(this.options.failShare)
    const before = fails && this.random.chance(0.5)
    await this.#wait(process)
    if (before) throw new DtrError('store_failed', 'the disk failed, before it did anything')
    const outcome = await this.watch.applied(batch, () => this.store.apply(batch))
    await this.#wait(process)
    if (fails) throw new DtrError('store_failed', 'the disk failed, after all was done')
    return outcome
  }

  async #read<Answer>(process: Process, ask: () => Promise<Answer>): Promise<Answer> {
    await this.#wait(process)
    if (this.failing && this.random.chance(this.options.failReadShare)) {
      throw new DtrError('store_failed', 'the disk failed to read')
    }
    return ask()
  }

  /** Resolves never where the process dies meanwhile. */
  #wait(process: Process): Promise<void> {
    const { timeline } = process.computer
    const [min, max] = this.options.applyMs
    const slowMs = timeline.now < this.slowUntil ? this.random.between(0, this.slowMs) : 0
    return new Promise((resolve) => {
      timeline.after(this.random.skewed(min, max) + slowMs, () => process.deliver(resolve))
    })
  }
}
