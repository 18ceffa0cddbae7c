// Whatever was thrown, as a bounded error that can travel: users' code may throw anything, also what throws again when it
// is looked at.
import type { ErrorCode } from '../errors.js'
import type { TaskError } from '../task/task.js'

/** As messages.ts limits them. */
const MESSAGE_CHARS_MAX = 4_000
const STACK_CHARS_MAX = 8_000
/** Behind each other, and beside. */
const CAUSES_MAX = 3

export function taskErrorOf(thrown: unknown, code: ErrorCode): TaskError {
  const text = attempt(() => textOf(thrown)) ?? attempt(() => textOf(thrown, 0))
  const message = cut(text ?? 'something that cannot be shown was thrown', MESSAGE_CHARS_MAX)
  const stack = attempt(() => (thrown instanceof Error && typeof thrown.stack === 'string' ? thrown.stack : undefined))
  return { code, message, ...(stack !== undefined && { stack: cut(stack, STACK_CHARS_MAX) }) }
}

/** With what was behind it: `fetch failed` alone tells nobody why. */
function textOf(thrown: unknown, causesMax = CAUSES_MAX): string {
  if (!(thrown instanceof Error)) return typeof thrown === 'string' ? thrown : `thrown: ${describe(thrown)}`
  const text = ownText(thrown)
  if (causesMax === 0) return text
  const causes = causesOf(thrown).filter((cause) => !repeats(text, cause))
  if (causes.length === 0) return text
  return `${text} (caused by ${causes.map((cause) => textOf(cause, causesMax - 1)).join('; ')})`
}

/** Many end with the message of their cause. */
function repeats(text: string, cause: unknown): boolean {
  return cause instanceof Error && cause.message !== '' && text.endsWith(cause.message)
}

function causesOf(thrown: Error): readonly unknown[] {
  const several: readonly unknown[] = thrown instanceof AggregateError ? thrown.errors.slice(0, CAUSES_MAX) : []
  return thrown.cause === undefined ? several : [thrown.cause, ...several]
}

function ownText(thrown: Error): string {
  const message = String(thrown.message)
  if (thrown.name === 'Error' && message !== '') return message
  return message === '' ? String(thrown.name) : `${thrown.name}: ${message}`
}

function describe(thrown: unknown): string {
  return typeof thrown === 'object' && thrown !== null ? (JSON.stringify(thrown) ?? String(thrown)) : String(thrown)
}

function attempt<Value>(look: () => Value): Value | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}

/** A cut may leave half of a surrogate pair, and a throw may have brought one: what travels is well-formed. */
function cut(text: string, charsMax: number): string {
  const short = text.length <= charsMax ? text : `${text.slice(0, charsMax - 3)}...`
  return Buffer.from(short, 'utf8').toString('utf8')
}
