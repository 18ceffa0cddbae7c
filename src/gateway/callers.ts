// Who asks: the key that a request carries, checked with the master, and what it may do. On loopback a caller without one may
// do all, unless keys are required there; anywhere else each needs one.
//
// What always holds: a key that is not good opens nothing, also where none is needed; no answer and no line of log has
// a key in it; what goes on for long with a key that has ended ends a few seconds after it.
import type { Client } from '../client/client.js'
import { DtrError } from '../errors.js'
import { checkRights, type KeyRole, type Rights } from '../task/roles.js'
import type { ClusterLink } from './cluster-link.js'

/** What a key must allow: `open` needs none. */
export type Role = 'open' | KeyRole

export type CheckKey = Client['keys']['check']

/** Whose requests go on for long is looked at again so often: a key once for all of its requests. */
const AGAIN_MS = 5_000
const EVERYTHING: Rights = { role: 'admin' }
/** More than any key has: nothing longer is hashed. */
const KEY_CHARS_MAX = 256

/** Headers of HTTP, or metadata of gRPC. */
export interface Credentials {
  readonly authorization?: string | undefined
}

export class Caller {
  constructor(
    readonly rights: Rights,
    private readonly follow: (ended: () => void) => () => void,
  ) {}

  /** Calls `ended` once, when its key opens nothing any more. @returns ends the looking */
  watch(ended: () => void): () => void {
    return this.follow(ended)
  }
}

export class Callers {
  /** Whose requests are under way, by key. */
  readonly #followed = new Map<string, Set<() => void>>()
  #again: NodeJS.Timeout | undefined

  /** @param required whether a caller without a key is refused */
  constructor(
    private readonly link: Pick<ClusterLink, 'ask'>,
    readonly required: boolean,
  ) {}

  /**
   * Whoever said this of itself, where that is enough for the role.
   * @throws DtrError `unauthorised` without a good key, `forbidden` where it is for something else
   */
  async admit({ authorization: given }: Credentials, role: Role): Promise<Caller> {
    if (given === undefined && (role === 'open' || !this.required)) return new Caller(EVERYTHING, () => () => {})
    const token = tokenOf(given)
    const rights = await this.#check(token)
    if (rights === undefined) throw unknown('this key is none, was revoked, or has expired')
    if (role !== 'open') checkRights(rights, role)
    return new Caller(rights, (ended) => this.#follow(token, ended))
  }

  #check(token: string): Promise<Rights | undefined> {
    return this.link.ask((client) => client.keys.check(token))
  }

  #follow(token: string, ended: () => void): () => void {
    const followers = this.#followed.get(token) ?? new Set()
    this.#followed.set(token, followers.add(ended))
    this.#again ??= setInterval(() => this.#lookAgain(), AGAIN_MS).unref()
    return () => {
      followers.delete(ended)
      if (followers.size === 0 && this.#followed.get(token) === followers) this.#followed.delete(token)
    }
  }

  #lookAgain(): void {
    if (this.#followed.size === 0) {
      clearInterval(this.#again)
      this.#again = undefined
    }
    for (const [token, followers] of this.#followed) {
      const over = (rights: Rights | undefined): void => {
        if (rights === undefined) for (const ended of [...followers]) ended()
      }
      // Where the master does not answer nothing is known, and nothing ends.
      this.#check(token).then(over, () => {})
    }
  }
}

function tokenOf(header: string | undefined): string {
  if (header === undefined) throw unknown('this needs a key')
  const [, token] = /^Bearer +([\w-]+) *$/i.exec(header) ?? []
  if (token === undefined || token.length > KEY_CHARS_MAX) throw unknown('authorization: is not Bearer and a key')
  return token
}

function unknown(message: string): DtrError {
  return new DtrError('unauthorised', message, {
    hint: 'dtr key create makes one; it comes as `authorization: Bearer KEY`',
  })
}
