// The gateway's one client of the master, and how long a request waits for an answer. After a loss the client finds the
// master again by itself; a request that comes meanwhile waits for it, and is then told to come again: it never hangs.
import type { Client } from '../client/client.js'
import { DtrError } from '../errors.js'
import type { Rights } from '../task/roles.js'
import { limitedTo, workingWith } from './limited-client.js'

const ASK_MS = 10_000
/** Unanswered, those included that nobody waits for any more: while a master is away they only gather. */
const OPEN_MAX = 5_000

export class ClusterLink {
  #open = 0

  constructor(
    private readonly client: Client,
    private readonly whole?: ClusterLink,
  ) {}

  /** For a caller with these rights: workers are its key's, and it sees as far as that allows. What waits is counted together. */
  for({ id, types }: Rights): ClusterLink {
    if (id === undefined && types === undefined) return this
    const own = id === undefined ? this.client : workingWith(id, this.client)
    return new ClusterLink(types === undefined ? own : limitedTo(types, own), this.whole ?? this)
  }

  /**
   * The answer to what `ask` asks.
   * @throws DtrError `unreachable` where the master does not give one in time, `busy` where too many wait for one
   */
  async ask<Value>(ask: (client: Client) => Promise<Value>, withinMs = ASK_MS): Promise<Value> {
    if (this.whole !== undefined) return this.whole.ask(() => ask(this.client), withinMs)
    if (this.#open >= OPEN_MAX) throw new DtrError('busy', `${OPEN_MAX} requests wait for the master already`)
    this.#open += 1
    const answered = (): void => {
      this.#open -= 1
    }
    const work = ask(this.client)
    work.then(answered, answered)
    return within(work, withinMs, unanswered)
  }

  /** Without a limit of its own: for what waits. */
  use<Value>(ask: (client: Client) => Promise<Value>): Promise<Value> {
    return ask(this.client)
  }

  close(): void {
    this.client.close()
  }
}

function unanswered(ms: number): DtrError {
  return new DtrError('unreachable', `the master has not answered within ${ms / 1_000} s`, {
    hint: 'it may be starting again; what was asked may still be done',
    retryAfterMs: 1_000,
  })
}

/** @throws what `late` says where `work` takes longer */
async function within<Value>(work: Promise<Value>, ms: number, late: (ms: number) => Error): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late(ms)), ms)
  })
  // Nobody listens to an answer that comes later.
  work.catch(() => {})
  return Promise.race([work, tooLate]).finally(() => clearTimeout(timer))
}
