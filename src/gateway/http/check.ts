// Params, queries and bodies against their schemas. What is refused is named with its field, its value and its limit.
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { nearest } from '../../config/nearest.js'
import { shown } from '../../config/options.js'
import { DtrError } from '../../errors.js'

type Properties = Readonly<Record<string, TSchema & { readonly type?: unknown }>>

export class Checker {
  readonly #compiled: ReturnType<typeof Compile>
  readonly #properties: Properties
  readonly #what: string

  /** @param what how errors call the whole: `body`, `query` */
  constructor(schema: TSchema, what: string) {
    this.#compiled = Compile(schema)
    this.#properties = ((schema as { properties?: Properties }).properties ?? {}) as Properties
    this.#what = what
  }

  /** @throws DtrError `bad_input` that names the field */
  check(value: unknown): void {
    if (this.#compiled.Check(value)) return
    throw this.#refusal(value)
  }

  /** A query, whose values are texts: numbers, words of yes and no, and lists with commas are read first. */
  checkQuery(query: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    const read = Object.fromEntries(Object.entries(query).map(([name, text]) => [name, this.#read(name, text)]))
    this.check(read)
    return read
  }

  #read(name: string, text: unknown): unknown {
    const kind = Object.hasOwn(this.#properties, name) ? this.#properties[name]?.type : undefined
    if (kind === 'array') return (Array.isArray(text) ? text : [text]).flatMap((item) => String(item).split(','))
    if (typeof text !== 'string') throw new DtrError('bad_input', `${name}: is given more than once`)
    if (kind === 'integer' && /^-?\d{1,15}$/.test(text)) return Number(text)
    if (kind === 'boolean') return text === '' || text === 'true' ? true : text === 'false' ? false : text
    return text
  }

  #refusal(value: unknown): DtrError {
    const errors = this.#compiled.Errors(value)
    // A name that was mistyped explains the one that is missing.
    const error = errors.find(({ keyword }) => keyword === 'boolean') ?? errors[0]
    const path = error?.instancePath.split('/').slice(1) ?? []
    const name = path.length === 0 ? this.#what : path.join('.')
    // `additionalProperties: false` is a schema that refuses whatever is there.
    if (error?.keyword === 'boolean') return this.#unknown(path.at(-1) ?? '', path.slice(0, -1))
    if (error?.keyword === 'required') {
      const missing = [...path, error.params.requiredProperties[0]].join('.')
      return new DtrError('bad_input', `${missing}: is missing`)
    }
    const part = path.reduce<unknown>((at, key) => (at as Readonly<Record<string, unknown>> | undefined)?.[key], value)
    return new DtrError('bad_input', `${name}: ${shown(part)} ${error?.message ?? 'is refused'}`)
  }

  #unknown(name: string, path: readonly string[]): DtrError {
    const known = path.length === 0 ? Object.keys(this.#properties) : []
    const near = nearest(name, known)
    const field = [...path, name.slice(0, 100)].join('.')
    return new DtrError('bad_input', `unknown field ${field} in the ${this.#what}`, {
      ...((near !== undefined || known.length > 0) && {
        hint: near === undefined ? `known are ${known.join(', ')}` : `did you mean: ${near}`,
      }),
    })
  }
}
