// Batches and outcomes on their way between the threads. A copy costs by the object and by the name of each field, many times
// more than what the fields hold: so many objects of one shape go as columns, and a column of one value as that value.
import type { TaskSpec } from '../../task/task.js'
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

/** Neighbours of one shape. */
interface Run {
  readonly count: number
  readonly names: readonly string[]
  readonly columns: readonly Column[]
}
type Column = { readonly each: readonly unknown[] } | { readonly all: unknown }
export type Packed = readonly Run[]

type Fields = Readonly<Record<string, unknown>>

export function pack(objects: readonly object[]): Packed {
  const runs: Run[] = []
  for (let from = 0; from < objects.length; ) {
    const names = Object.keys(objects[from]!)
    const columns: unknown[][] = names.map(() => [])
    let to = from
    for (; to < objects.length && isSame(Object.keys(objects[to]!), names); to += 1) {
      const fields = objects[to] as Fields
      for (let index = 0; index < names.length; index += 1) columns[index]!.push(fields[names[index]!])
    }
    runs.push({ count: to - from, names, columns: columns.map(columnOf) })
    from = to
  }
  return runs
}

export function unpack<Item extends object>(packed: Packed): Item[] {
  const objects: object[] = []
  for (const { count, names, columns } of packed) {
    const make = makerOf(names)
    const values = columns.map((column) =>
      'each' in column ? column.each : new Array<unknown>(count).fill(column.all),
    )
    for (let at = 0; at < count; at += 1) objects.push(make(values, at))
  }
  return objects as Item[]
}

type Maker = (values: readonly (readonly unknown[])[], at: number) => object
/** By the names of its fields, of which there are as many as there are shapes in the code. */
const makers = new Map<string, Maker>()

/** One literal for each shape, written by code: to add one field after the other takes four times as long. */
function makerOf(names: readonly string[]): Maker {
  const shape = JSON.stringify(names)
  const known = makers.get(shape)
  if (known !== undefined) return known
  const fields = names.map((name, index) => `${JSON.stringify(name)}: values[${index}][at]`)
  const made = new Function('values', 'at', `return { ${fields.join(', ')} }`) as Maker
  makers.set(shape, made)
  return made
}

function columnOf(values: readonly unknown[]): Column {
  const [first] = values
  return values.every((value) => value === first) ? { all: first } : { each: values }
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  if (some.length !== others.length) return false
  for (let index = 0; index < some.length; index += 1) if (some[index] !== others[index]) return false
  return true
}

/** Operations in their order: neighbours of the two common kinds as one. */
type PackedOperations =
  | { readonly kind: 'submits'; readonly tasks: Packed }
  | { readonly kind: 'completions'; readonly settled: Packed; readonly endings: Packed }
  | { readonly kind: 'other'; readonly operation: Operation }

type Completion = SettleOperation & { readonly ending: { readonly kind: 'completed' } }

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
  return { ...packed, operations: packed.operations.flatMap(unpackOperations), claims }
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
  for (let from = 0; from < operations.length; ) {
    const submits = neighbours(operations, from, isSubmit)
    const completions = neighbours(operations, from, isCompletion)
    if (submits.length > 0) {
      packed.push({ kind: 'submits', tasks: pack(submits.map(({ task }) => task)) })
    } else if (completions.length > 0) {
      const settled = pack(completions.map(({ taskId, leaseId, holder }) => ({ taskId, leaseId, holder })))
      packed.push({ kind: 'completions', settled, endings: pack(completions.map(({ ending }) => ending)) })
    } else {
      packed.push({ kind: 'other', operation: operations[from]! })
    }
    from += Math.max(1, submits.length + completions.length)
  }
  return packed
}

function neighbours<Kind extends Operation>(
  operations: readonly Operation[],
  from: number,
  is: (operation: Operation) => operation is Kind,
): Kind[] {
  const found: Kind[] = []
  for (let at = from; at < operations.length; at += 1) {
    const operation = operations[at]!
    if (!is(operation)) break
    found.push(operation)
  }
  return found
}

function isSubmit(operation: Operation): operation is SubmitOperation {
  return operation.kind === 'submit'
}

function isCompletion(operation: Operation): operation is Completion {
  return operation.kind === 'settle' && operation.ending.kind === 'completed' && operation.log === undefined
}

function unpackOperations(packed: PackedOperations): Operation[] {
  if (packed.kind === 'other') return [packed.operation]
  if (packed.kind === 'submits') return unpack<TaskSpec>(packed.tasks).map((task) => ({ kind: 'submit', task }))
  const endings = unpack<Completion['ending']>(packed.endings)
  return unpack<Completion>(packed.settled).map(({ taskId, leaseId, holder }, index) => ({
    kind: 'settle',
    taskId,
    leaseId,
    holder,
    ending: endings[index]!,
  }))
}
