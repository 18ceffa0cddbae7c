// The hosts to scan: IP addresses as they are, names as all the addresses they have, looked up again and again, so that
// a name behind which machines come and go (a headless service of Kubernetes) is followed.
//
// What always holds: nobody waits for a name server. addresses() is what is known, and a lookup that fails changes it
// not: a name server that is down costs no worker.
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { messageOf } from '../errors.js'
import type { Log } from '../log.js'

export type Resolve = (name: string) => Promise<readonly string[]>

export const resolveAll: Resolve = async (name) => {
  const found = await lookup(name, { all: true })
  return found.map(({ address }) => address)
}

interface Name {
  addresses: readonly string[]
  asking: boolean
  failing: boolean
}

export class HostNames {
  readonly #fixed: readonly string[]
  readonly #names: ReadonlyMap<string, Name>
  readonly #resolve: Resolve
  readonly #log: Log

  constructor(hosts: readonly string[], resolve: Resolve, log: Log) {
    this.#fixed = hosts.filter((host) => isIP(host) !== 0)
    const names = hosts.filter((host) => isIP(host) === 0)
    this.#names = new Map(names.map((name) => [name, { addresses: [], asking: false, failing: false }]))
    this.#resolve = resolve
    this.#log = log
  }

  addresses(): ReadonlySet<string> {
    return new Set([...this.#fixed, ...[...this.#names.values()].flatMap(({ addresses }) => addresses)])
  }

  /** Asks for every name that is not being asked for. What comes is there the next time. */
  refresh(): void {
    for (const [text, name] of this.#names) if (!name.asking) void this.#ask(text, name)
  }

  async #ask(text: string, name: Name): Promise<void> {
    name.asking = true
    try {
      name.addresses = await this.#resolve(text)
      name.failing = false
    } catch (error) {
      if (!name.failing) this.#log.warn(`cannot look up the host ${text}, and goes on trying: ${messageOf(error)}`)
      name.failing = true
    }
    name.asking = false
  }
}
