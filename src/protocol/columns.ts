// Long lists on the wire (PROTOCOL.md 1.1): many objects with the same fields travel as columns, each name written once
// and a value that all of them share as well. Only bytes: messages are made, checked and read as lists. No I/O.
import type { JsonObject } from './json.js'
import { COLUMN_CHARS_MAX, COLUMNS_MAX, LIST_MAX } from './limits.js'
import { broken } from './lines.js'

type Value = string | number | boolean | null
interface Columns {
  /** How many objects. */
  readonly count: number
  /** What all of them have in common. */
  readonly all: Readonly<Record<string, Value>>
  /** A value for each of them, in their order. */
  readonly each: Readonly<Record<string, readonly unknown[]>>
}

/** Fewer are as short in a list. */
const ROWS_MIN = 8

/** @returns the message with columns for its list, where that says the same; else the message as it is */
export function withColumns(message: object): object {
  const { list } = message as { list?: unknown }
  if (!Array.isArray(list) || list.length < ROWS_MIN || list.length > LIST_MAX) return message
  const [first] = list
  if (typeof first !== 'object' || first === null || Array.isArray(first)) return message
  const names = Object.keys(first)
  if (names.length === 0 || names.length > COLUMNS_MAX || !names.every(isName)) return message
  const columns = remembered(takers, names.join(), () => takerOf(names))(list, isShared)
  return columns === undefined ? message : { ...message, list: undefined, columns }
}

/**
 * @returns the row with a list for its columns, where it has any
 * @throws DtrError `protocol` for columns that are none
 */
export function withList(row: JsonObject): JsonObject {
  if (row.columns === undefined) return row
  const { columns, ...rest } = row
  if (row.list !== undefined) throw broken('a message has a list and columns')
  return { ...rest, list: listOf(columns) }
}

function listOf(columns: unknown): readonly object[] {
  if (!isObject(columns) || !isObject(columns.all) || !isObject(columns.each))
    throw broken('columns: they are incomplete')
  const { count, all, each } = columns as unknown as Columns
  if (!Number.isSafeInteger(count) || count < 1 || count > LIST_MAX) {
    throw broken(`columns: their count is none from 1 to ${LIST_MAX}`)
  }
  const [ofAll, ofEach] = [Object.keys(all), Object.keys(each)]
  if (ofEach.length === 0) throw broken('columns: no object has anything of its own')
  if (ofAll.length + ofEach.length > COLUMNS_MAX) throw broken(`columns: they are more than ${COLUMNS_MAX}`)
  if (!ofEach.every(isName) || !ofAll.every(isName)) throw broken('columns: a name is not made of letters')
  if (ofAll.some((name) => Object.hasOwn(each, name))) throw broken('columns: one stands in both places')
  for (const name of ofEach) {
    const values = each[name]
    if (!Array.isArray(values) || values.length !== count)
      throw broken('columns: not all of them are as long as their count')
  }
  // A short line must not become long texts many times over (P23).
  if (!ofAll.every((name) => isShared(all[name]))) {
    throw broken(
      `columns: what all have is a text of at most ${COLUMN_CHARS_MAX} characters, a number, true, false or null`,
    )
  }
  return remembered(givers, `${ofEach.join()} ${ofAll.join()}`, () => giverOf(ofEach, ofAll))(count, all, each)
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isShared(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= COLUMN_CHARS_MAX
  return typeof value === 'number' || typeof value === 'boolean' || value === null
}

/** Nothing else is ever made into code. What every object inherits would be found where it is not. */
function isName(name: string): boolean {
  return /^[A-Za-z]{1,64}$/.test(name) && !(name in Object.prototype)
}

// --- By shape --------------------------------------------------------------------------------------------------------
// Written as code, a literal for each shape: to read and to add one field after the other takes four times as long.

type Taker = (list: readonly unknown[], isShared: (value: unknown) => boolean) => Columns | undefined
type Giver = (count: number, all: Columns['all'], each: Columns['each']) => readonly object[]

/** Ours are some tens. A peer that thinks of ever new ones has them made anew, and fills no memory. */
const SHAPES_MAX = 256
const takers = new Map<string, Taker>()
const givers = new Map<string, Giver>()

function remembered<Made>(known: Map<string, Made>, key: string, make: () => Made): Made {
  const found = known.get(key)
  if (found !== undefined) return found
  const made = make()
  if (known.size === SHAPES_MAX) known.clear()
  known.set(key, made)
  return made
}

/** It gives up where one has other fields, or one that JSON leaves out. */
function takerOf(names: readonly string[]): Taker {
  const all = (write: (name: string, index: number) => string): string => names.map(write).join('\n')
  return new Function(
    ...['list', 'isShared'],
    `const count = list.length
    ${all((name, index) => `const column${index} = new Array(count), first${index} = list[0].${name}; let same${index} = isShared(first${index})`)}
    for (let at = 0; at < count; at += 1) {
      const object = list[at]
      let fields = 0
      for (const name in object) fields += 1
      if (fields !== ${names.length}) return undefined
      ${all((name, index) => `const value${index} = object.${name}; if (value${index} === undefined) return undefined; column${index}[at] = value${index}; if (value${index} !== first${index}) same${index} = false`)}
    }
    if (${names.map((_, index) => `same${index}`).join(' && ')}) return undefined
    const all = {}, each = {}
    ${all((name, index) => `if (same${index}) all.${name} = first${index}; else each.${name} = column${index}`)}
    return { count, all, each }`,
  ) as Taker
}

/** In the order of the alphabet, so that what is read has one shape whatever its sender's objects had in common. */
function giverOf(ofEach: readonly string[], ofAll: readonly string[]): Giver {
  const fields = [
    ...ofEach.map((name, index) => `${name}: each${index}[at]`),
    ...ofAll.map((name, index) => `${name}: all${index}`),
  ].sort()
  return new Function(
    ...['count', 'all', 'each'],
    `${ofEach.map((name, index) => `const each${index} = each.${name}`).join('\n')}
    ${ofAll.map((name, index) => `const all${index} = all.${name}`).join('\n')}
    const list = new Array(count)
    for (let at = 0; at < count; at += 1) list[at] = { ${fields.join(', ')} }
    return list`,
  ) as Giver
}
