// W3C trace context (https://www.w3.org/TR/trace-context/) as it travels in the `meta` of a task. Pure.
//
// The members `traceparent` and `tracestate` of that object are it, whoever wrote them. A client of dtr writes them first and
// after a blank, which JSON text of a user's object never has there: so the one who runs the task can take them out again to the
// character, and the code of the task is given the meta that its user gave.
//
// What always holds: what is no valid context is as if it were not there; a context never makes a meta too long.
import { META_CHARS_MAX } from '../protocol/limits.js'

export interface TraceContext {
  readonly traceparent: string
  readonly tracestate?: string
}

/** Version, trace, parent, flags. Later versions may say more, which is not passed on; ff is none. */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-((?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const TRACEPARENT_CHARS_MAX = 256
const SAMPLED = 1
const TRACESTATE = /^[\x20-\x7e]{1,512}$/
const WRITTEN_HEAD = '{ "traceparent":"'
const WRITTEN = /^\{ "traceparent":"([0-9a-f-]{55})"(?:,"tracestate":("(?:[^"\\]|\\.){1,512}"))?(.*)$/s

/** Undefined for what is no context: it came from outside, and may be anything. */
export function contextOf(traceparent: unknown, tracestate?: unknown): TraceContext | undefined {
  if (typeof traceparent !== 'string' || traceparent.length > TRACEPARENT_CHARS_MAX) return undefined
  const [, version, ids, flags = '', more] = TRACEPARENT.exec(traceparent.trim()) ?? []
  if (ids === undefined || (version === '00' && more !== undefined)) return undefined
  // Of the flags only this one is known.
  const sampled = Number.parseInt(flags, 16) & SAMPLED
  const parent = { traceparent: `00-${ids}-0${sampled}` }
  return typeof tracestate === 'string' && TRACESTATE.test(tracestate) ? { ...parent, tracestate } : parent
}

/** The meta of a user's task with the context in front. As it was where a user wrote a context, or there is no room for one. */
export function metaWith(meta: string | undefined, { traceparent, tracestate }: TraceContext): string | undefined {
  const state = tracestate === undefined ? '' : `,"tracestate":${JSON.stringify(tracestate)}`
  const head = `{ "traceparent":"${traceparent}"${state}`
  if (meta === undefined) return `${head} }`
  if (!meta.startsWith('{') || namesContext(meta)) return meta
  const whole = meta === '{}' ? `${head}}` : `${head},${meta.slice(1)}`
  return whole.length <= META_CHARS_MAX ? whole : meta
}

/** What `metaWith` was given. */
export function metaWithout(meta: string): string | undefined {
  if (!meta.startsWith(WRITTEN_HEAD)) return meta
  const [, , , rest] = WRITTEN.exec(meta) ?? []
  if (rest === ' }') return undefined
  if (rest === '}') return '{}'
  return rest?.startsWith(',') ? `{${rest.slice(1)}` : meta
}

/** The context in a meta, whoever wrote it. */
export function contextIn(meta: string): TraceContext | undefined {
  if (!meta.includes('"traceparent"')) return undefined
  const { traceparent, tracestate } = membersOf(meta)
  return contextOf(traceparent, tracestate)
}

function namesContext(meta: string): boolean {
  return meta.includes('"traceparent"') && Object.hasOwn(membersOf(meta), 'traceparent')
}

function membersOf(meta: string): Readonly<Record<string, unknown>> {
  try {
    const value = JSON.parse(meta) as unknown
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
