// What a route is: its place, who may use it, what it takes, what it answers. The table of all of them checks requests,
// writes the OpenAPI document and the page of it, and is what the tests walk: nothing about a route stands elsewhere.
import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { Static, TObject, TSchema } from 'typebox'
import type { Rights } from '../../task/roles.js'
import type { Role } from '../callers.js'
import type { Serving } from './serving.js'

export type Method = 'GET' | 'POST' | 'DELETE'

/** What a route does, and to whom a reader of the documents would look for it. */
export type Topic = 'tasks' | 'jobs' | 'workers that pull' | 'the cluster' | 'this gateway'

export interface Call<Params = unknown, Query = unknown, Body = unknown> {
  readonly params: Params
  readonly query: Query
  readonly body: Body
  readonly headers: IncomingHttpHeaders
  /** What the caller may do: the role of the route was checked, task types are for who knows them. */
  readonly rights: Rights
  /** Of this request, in the log and in a problem. */
  readonly id: string
  /** The path and query as they were asked for. */
  readonly url: string
  /** Of a route that takes NDJSON: its bytes as they come. */
  readonly stream: Readable
  /** Aborted when the caller has gone, or the gateway ends. */
  readonly signal: AbortSignal
  readonly serving: Serving
}

export type Answer =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body: unknown }
  | { readonly type: string; readonly text: string }
  | {
      readonly type: string
      readonly pieces: AsyncIterable<string>
      readonly headers?: Readonly<Record<string, string>>
    }

export interface Told {
  readonly about: string
  /** None for a text or a stream. */
  readonly schema?: TSchema
  /** Where it is no JSON. */
  readonly type?: string
}

interface Words {
  readonly method: Method
  /** With `:name` for a parameter. */
  readonly path: string
  readonly role: Role
  readonly topic: Topic
  /** In one line. */
  readonly about: string
  /** By status. What goes wrong is always a problem (RFC 9457), and need not be listed. */
  readonly answers: Readonly<Record<number, Told>>
  /** A body of lines, read as it comes. */
  readonly takesLines?: boolean
  /** A body may be left out. */
  readonly bodyOptional?: boolean
}

export interface Route extends Words {
  readonly params: TObject | undefined
  readonly query: TObject | undefined
  readonly body: TSchema | undefined
  /** What `params`, `query` and `body` are was checked against their schemas. */
  handle(call: Call): Promise<Answer>
}

type Read<Schema extends TSchema | undefined> = Schema extends TSchema ? Static<Schema> : undefined

interface Parts<
  Params extends TObject | undefined,
  Query extends TObject | undefined,
  Body extends TSchema | undefined,
> {
  readonly params?: Params
  readonly query?: Query
  readonly body?: Body
  readonly handle: (call: Call<Read<Params>, Read<Query>, Read<Body>>) => Promise<Answer>
}

/** A route whose handler knows what its schemas say. */
export function route<
  Params extends TObject | undefined = undefined,
  Query extends TObject | undefined = undefined,
  Body extends TSchema | undefined = undefined,
>({ params, query, body, handle, ...words }: Words & Parts<Params, Query, Body>): Route {
  return {
    ...words,
    params,
    query,
    body,
    handle: (call) => handle(call as Call<Read<Params>, Read<Query>, Read<Body>>),
  }
}
