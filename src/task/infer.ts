// What the compiler knows of tasks: payloads by their schemas, and words that are none. At run time the same is refused by
// `define.ts` and `schema-words.ts`.
import type { Static } from 'typebox'
import type { TaskContext } from './context.js'
import type { Keyword, NamedKeyword, SchemaKeyword, TypeWord } from './schema-words.js'

/** The part of https://standardschema.dev that types need. */
interface StandardTypes<Output> {
  readonly '~standard': { readonly types?: { readonly output: Output } | undefined }
}

/** What a schema lets through. */
export type PayloadOf<Schema> =
  Schema extends StandardTypes<infer Output> ? Output : Schema extends object ? Static<Schema> : unknown

/** A method, so that a task may say what its payload looks like: that is for its `schema` to hold. */
export type TaskFunction = { run(payload: unknown, ctx: TaskContext): unknown }['run']

export interface TaskWithDefaults<Schema = object> {
  // Nothing is inferred from it: to look for a schema behind the types of a payload costs the compiler seconds.
  run(payload: NoInfer<PayloadOf<Schema>>, ctx: TaskContext): unknown
  /** JSON Schema (TypeBox's, or a plain object), or any schema with `~standard`. What it refuses ends the task (P12). */
  readonly schema?: Schema
  /** Limit of one run, with its unit: `30s`. */
  readonly timeout?: string
  /** Attempts after the first, for tasks that name none. */
  readonly retries?: number
  /**
   * Of what it returned, what that votes for where the task is voted on with `compare: 'own'`: any JSON, at most 4 KiB. That it
   * takes what `run` returns is for `Typed` to hold.
   */
  // biome-ignore lint/suspicious/noExplicitAny: what `run` returns is not known yet where this is looked at
  ballot?(result: any): unknown
}

/** What `defineTasks` takes besides what it was given: it says what payloads are, and refuses words that are none. */
export type Typed<Schemas, Definitions> = {
  [Type in keyof Schemas]: TaskFunction | TaskWithDefaults<Schemas[Type]>
} & { [Type in keyof Definitions]: OnlyKnown<Definitions[Type]> }

// Where a word is none the compiler says that its value is not assignable to one of these. They are objects: a text and
// a number have nothing in common, and what is impossible would make the whole task so, wherever the mistake is.
declare const nothing: unique symbol
export interface NoFieldOfATask {
  readonly [nothing]: never
}
export interface NoKeywordOfJsonSchema {
  readonly [nothing]: never
}
export interface NoTypeOfJsonSchema {
  readonly [nothing]: never
}

type OnlyKnown<Task> = Task extends (...args: never) => unknown
  ? unknown
  : { [Field in Exclude<keyof Task, keyof TaskWithDefaults>]: NoFieldOfATask } & (Task extends {
      readonly schema: infer Schema
    }
      ? { readonly schema: OnlyKeywords<Schema> }
      : unknown) &
      (Task extends { run(...args: never): infer Result }
        ? { readonly ballot?: (result: Awaited<Result>) => unknown }
        : unknown)

/** Of a schema that is written in the module; what a library made is the library's to check. */
type OnlyKeywords<Schema> = Schema extends readonly unknown[]
  ? { [Index in keyof Schema]: OnlyKeywords<Schema[Index]> }
  : Schema extends { readonly '~kind': unknown } | { readonly '~standard': unknown } | ((...args: never) => unknown)
    ? unknown
    : Schema extends object
      ? { [Word in keyof Schema]: Entry<Word, Schema[Word]> }
      : unknown

type Entry<Word, Value> = Word extends SchemaKeyword
  ? OnlyKeywords<Value>
  : Word extends NamedKeyword
    ? { [Name in keyof Value]: OnlyKeywords<Value[Name]> }
    : Word extends 'type'
      ? OnlyTypes<Value>
      : Word extends Keyword | `x-${string}` | `~${string}`
        ? unknown
        : string extends Word
          ? unknown
          : NoKeywordOfJsonSchema

type OnlyTypes<Value> = Value extends readonly unknown[]
  ? { [Index in keyof Value]: OnlyTypes<Value[Index]> }
  : Value extends TypeWord
    ? unknown
    : string extends Value
      ? unknown
      : NoTypeOfJsonSchema

/** What a task returns: `client.submit<TaskResult<typeof tasks.resize>>('resize', payload)`. */
export type TaskResult<Task> = Task extends { run(...args: never): infer Result } | ((...args: never) => infer Result)
  ? Awaited<Result>
  : never

/** What it is submitted with: `const payload: TaskPayload<typeof tasks.resize>`. */
export type TaskPayload<Task> = Task extends { run(...args: infer Args): unknown } | ((...args: infer Args) => unknown)
  ? Args extends [infer Payload, ...unknown[]]
    ? Payload
    : unknown
  : never
