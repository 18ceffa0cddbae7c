// The tables of PROTOCOL.md: read from the document, and written from the schemas, so that the two can be compared.
import { readFileSync } from 'node:fs'

/** What is needed here of a JSON schema. */
export interface Schema {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly maxItems?: number
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly bytesMax?: number
}

const DOCUMENT = readFileSync(new URL('../../../src/protocol/PROTOCOL.md', import.meta.url), 'utf8')

export type Tables = ReadonlyMap<string, readonly (readonly string[])[]>

/** What stands below each heading, up to the next. */
function sections(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  let lines: string[] = []
  for (const line of DOCUMENT.split('\n')) {
    const heading = /^#+ (.+)$/.exec(line)?.[1]
    if (heading === undefined) {
      lines.push(line)
      continue
    }
    lines = []
    found.set(heading, lines)
  }
  return found
}

/** The cells of the table below each heading, without the table's own head. */
export function readTables(): Tables {
  const rows = (lines: readonly string[]): string[][] =>
    lines
      .filter((line) => line.startsWith('|'))
      .slice(2)
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      )
  return new Map([...sections()].map(([heading, lines]) => [heading, rows(lines)]))
}

/** The names in the sentence "... may send ...: `a`, `b`." below a heading. */
export function readMaySend(heading: string): readonly string[] {
  const text = sections().get(heading)?.join(' ') ?? ''
  const list = / may send[^:]*:([^.]*)\./.exec(text)?.[1] ?? ''
  return [...list.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? '')
}

/** Writes schemas as the document does: with its words for kinds of fields, and its names for parts. */
export class TableWriter {
  readonly #words: ReadonlyMap<string, string>
  readonly #parts: ReadonlyMap<string, string>

  constructor(tables: Tables) {
    const words = tables.get('3.1 Kinds of fields') ?? []
    this.#words = new Map(words.map(([word, meaning]) => [meaning ?? '', word ?? '']))
    const parts = [...tables].filter(([heading]) => heading.startsWith('part: '))
    this.#parts = new Map(parts.map(([heading, rows]) => [keyOf(rows), heading.slice('part: '.length)]))
  }

  /** One row a field: its name, with a question mark where it may be missing, and its kind. */
  rows(schema: Schema): readonly (readonly string[])[] {
    return Object.entries(schema.properties ?? {}).map(([name, field]) => [
      schema.required?.includes(name) === true ? `\`${name}\`` : `\`${name}\`?`,
      this.kind(field),
    ])
  }

  kind(schema: Schema): string {
    if (schema.const !== undefined) return JSON.stringify(schema.const)
    if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' or ')
    if (schema.anyOf !== undefined) return schema.anyOf.map((option) => this.kind(option)).join(' or ')
    if (schema.items !== undefined) {
      const most = schema.maxItems === undefined ? '' : `, at most ${schema.maxItems}`
      return `list of ${this.kind(schema.items)}${most}`
    }
    if (schema.properties !== undefined) return this.#parts.get(keyOf(this.rows(schema))) ?? 'a part without a name'
    const meaning = scalar(schema)
    return this.#words.get(meaning) ?? meaning
  }
}

function keyOf(rows: readonly (readonly string[])[]): string {
  return rows.map(([name, kind]) => `${name}: ${kind}`).join('\n')
}

function scalar(schema: Schema): string {
  if (schema.type !== 'string') return `${schema.type}${range(schema.minimum, schema.maximum, '')}`
  if (schema.pattern !== undefined) {
    return `text like \`${schema.pattern}\`${range(schema.minLength, schema.maxLength, ' characters')}`
  }
  if (schema.maxLength !== undefined) return `text, at most ${schema.maxLength} characters`
  return `text, at most ${schema.bytesMax} bytes of UTF-8`
}

function range(min: number | undefined, max: number | undefined, unit: string): string {
  if (min === undefined) return ''
  return max === undefined ? ` from ${min}${unit}` : ` from ${min} to ${max}${unit}`
}
