// Holds what was parsed against the table of messages that this side accepts (PROTOCOL.md 1 and 3). No I/O.
//
// A known type with a wrong shape is a fault. An unknown type is none: it is answered `unsupported`, and unknown fields
// are let through unread, because that is how two versions of the protocol work together (P27).
import type { TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import type { JsonObject } from './json.js'
import { broken } from './lines.js'
import type { Message, MessageTable, Unsupported } from './messages.js'

export type Checked =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'unknown'; readonly answer: Unsupported }

const WHAT_CHARS_MAX = 128

export class MessageChecker {
  readonly #table: MessageTable
  readonly #validators = new Map<string, Validator>()

  constructor(table: MessageTable) {
    this.#table = table
  }

  /** @throws DtrError `protocol` that names the field */
  check(row: JsonObject): Checked {
    const { type } = row
    if (typeof type !== 'string') throw broken('a message has no type')
    const validator = this.#validatorOf(type)
    if (validator === undefined) return { kind: 'unknown', answer: unsupported(type, row.re) }
    if (!validator.Check(row)) throw broken(`${type}: ${flawOf(validator, row)}`)
    return { kind: 'message', message: row as unknown as Message }
  }

  /** Compiled when first seen: a process that never hears a type does not pay for it. */
  #validatorOf(type: string): Validator | undefined {
    const known = this.#validators.get(type)
    if (known !== undefined || !Object.hasOwn(this.#table, type)) return known
    const validator = Compile(this.#table[type] as TSchema)
    this.#validators.set(type, validator)
    return validator
  }
}

const checkers = new WeakMap<MessageTable, MessageChecker>()

/** One checker a table, whatever the number of connections. */
export function checkerOf(table: MessageTable): MessageChecker {
  const checker = checkers.get(table) ?? new MessageChecker(table)
  checkers.set(table, checker)
  return checker
}

/** What is wrong with a row that a schema refused: a path of the schema and a rule of ours, nothing of the content. */
export function flawOf(validator: Validator, row: JsonObject): string {
  const [first] = validator.Errors(row)
  return first === undefined ? 'has the wrong shape' : `${first.instancePath || 'it'} ${first.message}`
}

function unsupported(type: string, re: unknown): Unsupported {
  const what = type.slice(0, WHAT_CHARS_MAX)
  return typeof re === 'number' && Number.isSafeInteger(re) && re >= 0
    ? { type: 'unsupported', what, re }
    : { type: 'unsupported', what }
}
