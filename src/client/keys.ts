// Keys of the cluster as a program handles them: `client.keys`. A key is made here, and its text leaves this process by
// nobody but its caller: the master is told what checks it.
import { createHash, randomBytes } from 'node:crypto'
import type { Clock, MonoMs } from '../clock.js'
import { checkOptions, shown } from '../config/options.js'
import { DtrError } from '../errors.js'
import { makeAccessKey, readAccessKey, verifierOf } from '../protocol/access-key.js'
import type { KeyField } from '../protocol/messages.js'
import { checkText, proverOf } from '../protocol/proofs.js'
import { KEY_ROLES, type KeyRole, TYPED_ROLES } from '../task/roles.js'
import type { AnswerTo, Request } from './requests.js'
import { type Duration, readMs } from './spec.js'

/** A key without what is secret of it: `id`, `role`, `types`, `name`, and times in milliseconds since 1970. */
export type Key = KeyField

export interface KeyOptions {
  /** `read`: looks; `submit`: and submits, cancels, retries; `worker`: is a worker and no more; `admin`: all. */
  readonly role: KeyRole
  /** A key to submit or to work with may be for these task types only. */
  readonly types?: string | readonly string[] | undefined
  /** For people: who has it, what it is for. */
  readonly name?: string | undefined
  /** It opens nothing from then on, by the master's wall clock; without it, until it is revoked. */
  readonly expires?: Duration | undefined
}

export interface CreatedKey extends Key {
  /** The key itself. Nobody can tell it again. */
  readonly token: string
}

interface KeysOptions {
  /** 16 hex digits. */
  readonly cluster: string
  readonly clock: Clock
  request<Asked extends Request>(request: Asked): Promise<AnswerTo<Asked>>
}

interface Checked {
  readonly answer: Promise<Key | undefined>
  /** Until then it is believed; always, while it is on its way. */
  until: MonoMs
}

const OPTION_NAMES = ['role', 'types', 'name', 'expires']
const TYPE = /^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$/
const TYPES_MAX = 32
const NAME_CHARS_MAX = 100
const EXPIRES_MS_MAX = 36_600 * 24 * 3_600_000
/** Answers of `check` that are remembered; the oldest is forgotten for one more. */
const CHECKED_MAX = 1_000
const NONCE_BYTES = 16

export class Keys {
  readonly #options: KeysOptions
  /** By a hash of the text, in the order in which they were asked. */
  readonly #checked = new Map<string, Checked>()

  /** @internal Use `client.keys`. */
  constructor(options: KeysOptions) {
    this.#options = options
  }

  /**
   * Makes a key; it is on disk when this resolves. Needs the secret of the cluster or an `admin` key, as do `list` and `revoke`.
   * @throws DtrError `bad_input`, `forbidden`, `conflict` where there are too many keys
   */
  async create(options: KeyOptions): Promise<CreatedKey> {
    const { role, types, name, expiresMs } = readOptions(options)
    const token = makeAccessKey(this.#options.cluster)
    const made = readAccessKey(token)
    const about = {
      ...{ id: made.id, role },
      ...(types !== undefined && { types }),
      ...(name !== undefined && { name }),
      ...(expiresMs !== undefined && { expiresMs }),
    }
    const answer = await this.#options.request({ type: 'create-key', ...about, ...verifierOf(made) })
    if (answer.status === 'full') {
      throw new DtrError('conflict', 'there are as many keys as a cluster can have, and none has ended', {
        hint: 'dtr key list shows them; revoke those that nobody uses',
      })
    }
    if (answer.key === undefined)
      throw new DtrError('conflict', `there is another key with the id ${made.id}; try again`)
    return { ...answer.key, token }
  }

  /** All of them, those that were revoked or have expired too, in the order in which they were made. */
  async list(): Promise<readonly Key[]> {
    return (await this.#options.request({ type: 'list-keys' })).list
  }

  /**
   * From now on it opens nothing, and all who are connected with it are closed. Durable when it resolves.
   * @throws DtrError `not_found`
   */
  async revoke(id: string): Promise<void> {
    if (!/^[0-9a-f]{12}$/.test(id)) {
      // It may be a key, and that must not be repeated.
      throw new DtrError('bad_input', 'id: is no id of a key, which has 12 hex digits', {
        hint: 'dtr key list tells them',
      })
    }
    const { status } = await this.#options.request({ type: 'revoke-key', id })
    if (status === 'unknown') {
      throw new DtrError('not_found', `there is no key ${id}`, { hint: 'dtr key list tells the ids' })
    }
  }

  /**
   * Whether a key that somebody else gave is good, and for what; undefined where it is not. For programs that act for others,
   * such as a gateway. The answer is believed for two seconds, so that it may be asked for each request; a key that was
   * revoked is refused after that at the latest.
   */
  check(token: string): Promise<Key | undefined> {
    const now = this.#options.clock.now().monoMs
    const hash = createHash('sha256').update(String(token), 'utf8').digest('base64')
    const known = this.#checked.get(hash)
    if (known !== undefined && now < known.until) return known.answer
    const answer = this.#ask(token, (validMs) => {
      checked.until = now + validMs
    })
    const checked: Checked = { answer, until: Number.POSITIVE_INFINITY }
    this.#checked.delete(hash)
    this.#checked.set(hash, checked)
    const forget = (): void => {
      if (this.#checked.get(hash) === checked) this.#checked.delete(hash)
    }
    // Only what is good is remembered: who tries others finds no place here.
    checked.answer.then((key) => key === undefined && forget(), forget)
    for (const oldest of this.#checked.keys()) {
      if (this.#checked.size <= CHECKED_MAX) break
      this.#checked.delete(oldest)
    }
    return checked.answer
  }

  async #ask(token: string, valid: (validMs: number) => void): Promise<Key | undefined> {
    const key = readOrNone(token)
    if (key === undefined || key.cluster !== this.#options.cluster) return undefined
    const nonce = randomBytes(NONCE_BYTES).toString('hex')
    const proof = proverOf(key).prove(checkText(key.id, nonce))
    const answer = await this.#options.request({ type: 'check-key', id: key.id, nonce, proof })
    valid(answer.validMs)
    return answer.key
  }
}

function readOrNone(token: string): ReturnType<typeof readAccessKey> | undefined {
  try {
    return readAccessKey(token)
  } catch (error) {
    if (error instanceof DtrError) return undefined
    throw error
  }
}

function readOptions(options: KeyOptions) {
  checkOptions(options, OPTION_NAMES)
  const { role, name } = options
  if (!KEY_ROLES.includes(role)) {
    throw new DtrError('bad_input', `role: ${shown(role)} is none of ${KEY_ROLES.join(', ')}`)
  }
  if (name !== undefined && (typeof name !== 'string' || name.length > NAME_CHARS_MAX)) {
    throw new DtrError('bad_input', `name: is no text of at most ${NAME_CHARS_MAX} characters`)
  }
  const expiresMs = readMs(options.expires, 'expires')
  if (expiresMs !== undefined && !(expiresMs >= 1 && expiresMs <= EXPIRES_MS_MAX)) {
    throw new DtrError('bad_input', 'expires: is not from 1ms to 36600d', {
      hint: 'a key without it is good until it is revoked',
    })
  }
  return { role, types: readTypes(options), name, expiresMs }
}

function readTypes({ types, role }: KeyOptions): string[] | undefined {
  if (types === undefined) return undefined
  const list = [...new Set(typeof types === 'string' ? [types] : types)]
  if (!TYPED_ROLES.includes(role)) {
    throw new DtrError(
      'bad_input',
      `types: are for keys with the role ${TYPED_ROLES.join(' or ')}, and not for ${role}`,
    )
  }
  if (list.length < 1 || list.length > TYPES_MAX) {
    throw new DtrError('bad_input', `types: ${list.length} of them; a key is for 1 to ${TYPES_MAX} task types`)
  }
  const odd = list.find((type) => typeof type !== 'string' || !TYPE.test(type))
  if (odd !== undefined) throw new DtrError('bad_input', `types: ${shown(odd)} is no name of a task type`)
  return list
}
