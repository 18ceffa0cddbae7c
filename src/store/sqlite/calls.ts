// What passes between the store and its thread. Calls are answered one at a time, in the order in which they were made;
// the very first reply says that the data file is open.
import { DtrError, type ErrorCode } from '../../errors.js'
import type {
  Count,
  FailurePage,
  Holder,
  KeyRecord,
  LogPage,
  PageRequest,
  Reputations,
  StoreLimits,
  TaskFilter,
  TaskPage,
  TaskWithStory,
} from '../store.js'
import type { PackedBatch, PackedOutcome } from './packed.js'

export interface ThreadOptions {
  readonly file: string
  readonly limits: StoreLimits
}

export type Call =
  | { readonly kind: 'apply'; readonly batch: PackedBatch }
  | { readonly kind: 'get'; readonly ids: readonly string[] }
  | { readonly kind: 'list'; readonly filter: TaskFilter; readonly page: PageRequest }
  | { readonly kind: 'failures'; readonly filter: TaskFilter; readonly cursor: string | undefined }
  | { readonly kind: 'logs'; readonly id: string; readonly after: number | undefined }
  | { readonly kind: 'counts' }
  | { readonly kind: 'holders' }
  | { readonly kind: 'keys' }
  | { readonly kind: 'reputations' }
  | { readonly kind: 'close' }

export interface Answers {
  apply: PackedOutcome
  get: readonly TaskWithStory[]
  list: TaskPage
  failures: FailurePage
  logs: LogPage
  counts: readonly Count[]
  holders: readonly Holder[]
  keys: readonly KeyRecord[]
  reputations: Reputations
  close: undefined
}

export type Reply =
  | { readonly ok: true; readonly answer: unknown }
  /** Errors lose their class on the way between threads. */
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string; readonly hint: string | undefined }
  | { readonly ok: false; readonly code?: undefined; readonly bug: Error }

export function failure(error: unknown): Reply {
  if (error instanceof DtrError) return { ok: false, code: error.code, message: error.message, hint: error.hint }
  return { ok: false, bug: error instanceof Error ? error : new Error(String(error)) }
}

export function errorOf(reply: Extract<Reply, { ok: false }>): Error {
  if (reply.code === undefined) return reply.bug
  return new DtrError(reply.code, reply.message, reply.hint === undefined ? {} : { hint: reply.hint })
}
