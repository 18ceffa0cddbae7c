// Checks a payload against the schema of its type (P12): JSON Schema, TypeBox's included, or any schema with `~standard`.

import { messageOf } from '../errors.js'
import { TaskRefused } from '../task/define.js'

/** Without a promise where it can: the code of a task begins as soon as its payload is checked. */
export type PayloadCheck = (payload: unknown) => CheckedPayload | Promise<CheckedPayload>
/** `value` is what the schema made of the payload, `refusal` names the field. */
export type CheckedPayload = { readonly value: unknown } | { readonly refusal: string }

/** The part of https://standardschema.dev that is used here. */
interface StandardSchema {
  readonly '~standard': { validate(value: unknown): StandardResult | Promise<StandardResult> }
}
interface StandardResult {
  readonly value?: unknown
  readonly issues?: readonly { readonly message: string; readonly path?: readonly unknown[] }[]
}

/** @throws DtrError `bad_input` for what is no schema */
export async function payloadCheck(type: string, schema: object): Promise<PayloadCheck> {
  return '~standard' in schema ? standardCheck(schema as StandardSchema) : jsonSchemaCheck(type, schema)
}

function standardCheck(schema: StandardSchema): PayloadCheck {
  return (payload) => {
    const result = schema['~standard'].validate(payload)
    return 'then' in result ? Promise.resolve(result).then(checkedBy) : checkedBy(result)
  }
}

function checkedBy({ issues, value }: StandardResult): CheckedPayload {
  const [first] = issues ?? []
  if (first === undefined) return { value }
  const path = (first.path ?? []).map((part) => (isSegment(part) ? String(part.key) : String(part)))
  return { refusal: refusalOf(path, first.message) }
}

function isSegment(part: unknown): part is { key: PropertyKey } {
  return typeof part === 'object' && part !== null && 'key' in part
}

async function jsonSchemaCheck(type: string, schema: object): Promise<PayloadCheck> {
  const validator = await compile(type, schema)
  return (payload) => {
    if (validator.Check(payload)) return { value: payload }
    const errors = validator.Errors(payload)
    // Of a union every branch complains: the deepest complaint is about the branch that was meant.
    const [first] = [...errors].sort((left, right) => depth(right.instancePath) - depth(left.instancePath))
    if (first === undefined) return { refusal: 'the payload does not match its schema' }
    const path = first.instancePath.split('/').slice(1)
    return { refusal: refusalOf(path, first.message) }
  }
}

/** The compiler is loaded when there is something to compile: a host without schemas starts faster. */
async function compile(type: string, schema: object) {
  const { Compile } = await import('typebox/compile')
  try {
    return Compile(schema)
  } catch (error) {
    throw new TaskRefused(`the schema of task type "${type}" cannot be used: ${messageOf(error)}`, [type, 'schema'])
  }
}

function depth(path: string): number {
  return path.split('/').length
}

function refusalOf(path: readonly string[], message: string): string {
  return path.length === 0 ? `the payload ${message}` : `the payload's field ${path.join('.')} ${message}`
}
