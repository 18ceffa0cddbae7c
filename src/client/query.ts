// Which tasks a person asks for: what they wrote, as the filter of the protocol.
import { Compile } from 'typebox/compile'
import type { WallMs } from '../clock.js'
import { checkOptions, shown } from '../config/options.js'
import { readDuration } from '../config.js'
import { DtrError } from '../errors.js'
import { type FailureField, TaskFilterField } from '../protocol/messages.js'
import { TASK_STATES, type TaskState } from '../task/task.js'

/** A date, or how long ago: `30m`, `1h`, `7d`. */
export type Moment = Date | string

/** What is not named matches everything. */
export interface TaskQuery {
  readonly states?: TaskState | readonly TaskState[] | undefined
  readonly types?: string | readonly string[] | undefined
  readonly queues?: string | readonly string[] | undefined
  /** Submitted at or after, and before. */
  readonly since?: Moment | undefined
  readonly before?: Moment | undefined
  /** Ended at or after, and before: then only tasks that have ended. */
  readonly endedSince?: Moment | undefined
  readonly endedBefore?: Moment | undefined
  /** `key` of a group of `failures()`: only tasks that failed so. */
  readonly failure?: string | undefined
}

const NAMES = ['states', 'types', 'queues', 'since', 'before', 'endedSince', 'endedBefore', 'failure'] as const
/** Kinds of failures that are told at most: beyond it nobody reads them, and memory stays bounded. */
const GROUPS_MAX = 1_000
const EXAMPLES_MAX = 3

const schema = Compile(TaskFilterField)

/** @throws DtrError `bad_input` that names the field */
export function filterOf(query: TaskQuery, now: WallMs): TaskFilterField {
  checkOptions(query, NAMES, 'query')
  const states = listed(query.states, 'states')
  const odd = states?.find((state) => !TASK_STATES.includes(state))
  if (odd !== undefined) throw new DtrError('bad_input', `states: "${odd}" is none of ${TASK_STATES.join(', ')}`)
  const given = {
    states: states && [...new Set(states)],
    types: listed(query.types, 'types'),
    queues: listed(query.queues, 'queues'),
    createdSince: momentOf(query.since, 'since', now),
    createdBefore: momentOf(query.before, 'before', now),
    endedSince: momentOf(query.endedSince, 'endedSince', now),
    endedBefore: momentOf(query.endedBefore, 'endedBefore', now),
    failure: query.failure,
  }
  const filter: unknown = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  if (schema.Check(filter)) return filter
  const [error] = schema.Errors(filter)
  throw new DtrError('bad_input', `${error?.instancePath.split('/')[1] ?? 'query'}: ${error?.message ?? 'is refused'}`)
}

function listed<Item extends string>(value: Item | readonly Item[] | undefined, name: string): Item[] | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string') return [value]
  if (Array.isArray(value) && !value.some((item) => typeof item !== 'string')) return [...value]
  throw new DtrError('bad_input', `${name}: ${shown(value)} is neither a text nor a list of texts`)
}

function momentOf(moment: Moment | undefined, name: string, now: WallMs): WallMs | undefined {
  if (moment === undefined) return undefined
  if (typeof moment !== 'string' && !(moment instanceof Date)) {
    throw new DtrError('bad_input', `${name}: ${shown(moment)} is neither a Date nor a text such as 1h`)
  }
  const at = moment instanceof Date ? moment.getTime() : now - readDuration(moment, name)
  if (!Number.isFinite(at)) throw new DtrError('bad_input', `${name}: is no valid date`)
  return Math.max(0, at)
}

/** Groups of several answers, the newest tasks first, as one. */
export class JoinedFailures {
  readonly #groups = new Map<string, FailureField>()

  add(groups: readonly FailureField[]): void {
    for (const group of groups) {
      const known = this.#groups.get(group.key)
      if (known !== undefined) this.#groups.set(group.key, joined(known, group))
      else if (this.#groups.size < GROUPS_MAX) this.#groups.set(group.key, group)
    }
  }

  /** The most frequent first. */
  get all(): readonly FailureField[] {
    return [...this.#groups.values()].sort((a, b) => b.count - a.count || b.lastAt - a.lastAt)
  }
}

function joined(newer: FailureField, older: FailureField): FailureField {
  return {
    ...newer,
    count: newer.count + older.count,
    firstAt: Math.min(newer.firstAt, older.firstAt),
    lastAt: Math.max(newer.lastAt, older.lastAt),
    examples: [...newer.examples, ...older.examples].slice(0, EXAMPLES_MAX),
  }
}
