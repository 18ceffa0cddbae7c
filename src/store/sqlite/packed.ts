// Batches and outcomes on their way between the threads. A copy costs by the object and by the name of each field, many times
// more than what the fields hold: so many objects of one shape go as columns, and a column of one value as that value.
import type { Ending, TaskSpec } from '../../task/task.js'
import type {
  Batch,
  Claim,
  ClaimOutcome,
  Grant,
  Offer,
  Operation,
  Outcome,
  SettleOperation,
  SubmitOperation,
} from '../store.js'

/** Neighbours of one shape, or one and the same object many times. */
type Run =
  | { readonly count: number; readonly names: readonly string[]; readonly columns: readonly Column[] }
  | { readonly count: number; readonly same: object }
type Column =
  | { readonly each: readonly unknown[] }
  | { readonly all: unknown }
  /** Long texts of which there are few: the numbers of each among them. */
  | { readonly few: readonly string[]; readonly at: readonly number[] }
export type Packed = readonly Run[]

/** So many different texts at most are few. */
const FEW = 16

export function pack(objects: readonly object[]): Packed {
  const runs: Run[] = []
  for (let from = 0; from < objects.length; ) {
    const first = objects[from]!
    let to = from + 1
    while (to < objects.length && objects[to] === first) to += 1
    if (to > from + 1) {
      runs.push({ count: to - from, same: first })
    } else {
      const names = Object.keys(first)
      while (to < objects.length && hasShape(objects[to]!, names)) to += 1
      const columns = shapeOf(names).take(objects, from, to)
      runs.push({ count: to - from, names, columns: columns.map(columnOf) })
    }
    from = to
  }
  return runs
}

export function unpack<Item extends object>(packed: Packed): Item[] {
  const objects: object[] = []
  for (const run of packed) {
    if ('same' in run) {
      for (let at = 0; at < run.count; at += 1) objects.push(run.same)
    } else {
      const columns = run.columns.map((column) => valuesOf(column, run.count))
      shapeOf(run.names).put(objects, columns, run.count)
    }
  }
  return objects as Item[]
}

interface Shape {
  /** To columns. */
  take(objects: readonly object[], from: number, to: number): unknown[][]
  /** From columns. */
  put(objects: object[], columns: readonly (readonly unknown[])[], count: number): void
}
/** By the names of its fields, of which there are as many as there are shapes in the code. */
const shapes = new Map<string, Shape>()

/** Written as code, a literal for each shape: to read and to add one field after the other takes four times as long. */
function shapeOf(names: readonly string[]): Shape {
  const key = JSON.stringify(names)
  const known = shapes.get(key)
  if (known !== undefined) return known
  const all = (write: (name: string, index: number) => string): string =>
    names.map((name, index) => write(JSON.stringify(name), index)).join('; ')
  const literal = names.map((name, index) => `${JSON.stringify(name)}: column${index}[at]`).join(', ')
  const made: Shape = {
    take: new Function(
      ...['objects', 'from', 'to'],
      `${all((_, index) => `const column${index} = []`)}
      for (let at = from; at < to; at += 1) { const object = objects[at]; ${all((name, index) => `column${index}.push(object[${name}])`)} }
      return [${names.map((_, index) => `column${index}`).join(', ')}]`,
    ) as Shape['take'],
    put: new Function(
      ...['objects', 'columns', 'count'],
      `${all((_, index) => `const column${index} = columns[${index}]`)}
      for (let at = 0; at < count; at += 1) objects.push({ ${literal} })`,
    ) as Shape['put'],
  }
  shapes.set(key, made)
  return made
}

function columnOf(values: readonly unknown[]): Column {
  const [first] = values
  if (values.every((value) => value === first)) return { all: first }
  return fewOf(values) ?? { each: values }
}

function fewOf(values: readonly unknown[]): Column | undefined {
  const numbers = new Map<unknown, number>()
  const at: number[] = []
  for (const value of values) {
    let number = numbers.get(value)
    if (number === undefined) {
      if (typeof value !== 'string' || numbers.size === FEW) return undefined
      number = numbers.size
      numbers.set(value, number)
    }
    at.push(number)
  }
  return 4 * numbers.size > at.length ? undefined : { few: [...numbers.keys()] as string[], at }
}

function valuesOf(column: Column, count: number): readonly unknown[] {
  if ('each' in column) return column.each
  return 'all' in column ? new Array<unknown>(count).fill(column.all) : column.at.map((number) => column.few[number])
}

/** Without a list of its names, which would be one object more for each. */
function hasShape(object: object, names: readonly string[]): boolean {
  let index = 0
  for (const name in object) {
    if (name !== names[index]) return false
    index += 1
  }
  return index === names.length
}

/** Operations in their order: neighbours of the two common kinds as one. */
type PackedOperations =
  | { readonly kind: 'submits'; readonly tasks: Packed }
  | { readonly kind: 'completions'; readonly completed: Packed }
  | { readonly kind: 'other'; readonly operation: Operation }

type Completion = SettleOperation & { readonly ending: Completed }
type Completed = Extract<Ending, { kind: 'completed' }>
/** A completion, flat. */
type Flat = Pick<Completion, 'taskId' | 'leaseId' | 'holder'> & Omit<Completed, 'kind'>

export interface PackedBatch extends Omit<Batch, 'operations' | 'claims'> {
  readonly operations: readonly PackedOperations[]
  readonly claims: readonly (Omit<Claim, 'offers'> & { readonly offers: Packed })[]
}

export interface PackedOutcome extends Omit<Outcome, 'operations' | 'claims' | 'ended'> {
  readonly operations: Packed
  readonly claims: readonly (Omit<ClaimOutcome, 'grants'> & { readonly grants: Packed })[]
  readonly ended: Packed
}

export function packBatch(batch: Batch): PackedBatch {
  const claims = batch.claims.map((claim) => ({ ...claim, offers: pack(claim.offers) }))
  return { ...batch, operations: packOperations(batch.operations), claims }
}

export function unpackBatch(packed: PackedBatch): Batch {
  const claims = packed.claims.map((claim) => ({ ...claim, offers: unpack<Offer>(claim.offers) }))
  return { ...packed, operations: unpackOperations(packed.operations), claims }
}

export function packOutcome(outcome: Outcome): PackedOutcome {
  const claims = outcome.claims.map((claim) => ({ ...claim, grants: pack(claim.grants) }))
  return { ...outcome, operations: pack(outcome.operations), claims, ended: pack(outcome.ended) }
}

export function unpackOutcome(packed: PackedOutcome): Outcome {
  const claims = packed.claims.map((claim): ClaimOutcome => ({ ...claim, grants: unpack<Grant>(claim.grants) }))
  return { ...packed, operations: unpack(packed.operations), claims, ended: unpack(packed.ended) }
}

function packOperations(operations: readonly Operation[]): PackedOperations[] {
  const packed: PackedOperations[] = []
  for (let at = 0; at < operations.length; ) {
    const from = at
    const tasks: TaskSpec[] = []
    for (let next = operations[at]; next !== undefined && isSubmit(next); next = operations[at]) {
      tasks.push(next.task)
      at += 1
    }
    if (tasks.length > 0) packed.push({ kind: 'submits', tasks: pack(tasks) })
    const completed: Flat[] = []
    for (let next = operations[at]; next !== undefined && isCompletion(next); next = operations[at]) {
      const { taskId, leaseId, holder, ending } = next
      completed.push({
        taskId,
        leaseId,
        holder,
        result: ending.result,
        encoding: ending.encoding,
        ballot: ending.ballot,
      })
      at += 1
    }
    if (completed.length > 0) packed.push({ kind: 'completions', completed: pack(completed) })
    if (at > from) continue
    packed.push({ kind: 'other', operation: operations[at]! })
    at += 1
  }
  return packed
}

function isSubmit(operation: Operation): operation is SubmitOperation {
  return operation.kind === 'submit'
}

function isCompletion(operation: Operation): operation is Completion {
  return operation.kind === 'settle' && operation.ending.kind === 'completed' && operation.log === undefined
}

function unpackOperations(runs: readonly PackedOperations[]): Operation[] {
  const operations: Operation[] = []
  for (const run of runs) {
    if (run.kind === 'other') operations.push(run.operation)
    else if (run.kind === 'submits') {
      for (const task of unpack<TaskSpec>(run.tasks)) operations.push({ kind: 'submit', task })
    } else {
      for (const { taskId, leaseId, holder, result, encoding, ballot } of unpack<Flat>(run.completed)) {
        const ending: Completed =
          ballot === undefined
            ? { kind: 'completed', result, encoding }
            : { kind: 'completed', result, encoding, ballot }
        operations.push({ kind: 'settle', taskId, leaseId, holder, ending })
      }
    }
  }
  return operations
}
