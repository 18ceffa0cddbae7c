// The table of routes as a server: the doors first, then the checks of each route, then the route itself; and whatever goes
// wrong on the way as a problem.
//
// What always holds: nothing of a request is read before it has passed the doors and its caller may ask for it; nothing is
// done before all of it was checked; every answer, the refusals of the HTTP parser included, carries the id of its request.
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { onAbort } from '../../client/on-abort.js'
import { DtrError } from '../../errors.js'
import type { Log } from '../../log.js'
import { contextOf } from '../../tracing/trace-context.js'
import type { Caller, Callers } from '../callers.js'
import { Assets } from '../dashboard/assets.js'
import { readJson } from '../json-body.js'
import { Checker } from './check.js'
import { DOCS_POLICY, docsPage } from './docs-page.js'
import { checkContentType, type Doors, hasBody } from './doors.js'
import { jsonOf } from './json-text.js'
import { openApiOf } from './open-api.js'
import { HttpRefusal, headersOf, PROBLEM_TYPE, problemOf } from './problem.js'
import type { Answer, Call, Route } from './route.js'
import type { Serving } from './serving.js'

export interface AppOptions {
  readonly routes: readonly Route[]
  readonly serving: Serving
  readonly doors: Doors
  readonly callers: Callers
  /** Aborted when the gateway ends: who waits is answered with what is known. */
  readonly stopping: AbortSignal
}

/** A payload of the greatest size in JSON, where each byte may take six, and what is said beside it. */
const BODY_BYTES_MAX = 8 * 1024 * 1024
const HEADER_BYTES_MAX = 16 * 1024
const HEADERS_MS = 10_000
const BODY_MS = 30_000
/** Of a body of lines, which may be long. */
const REQUEST_MS = 3_600_000
const KEEP_ALIVE_MS = 60_000
const CONNECTIONS_MAX = 8_192
const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
} as const

export async function buildApp({ routes, serving, doors, callers, stopping }: AppOptions): Promise<FastifyInstance> {
  const { log, version } = serving
  const nextId = requestIds()
  const app = fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    genReqId: nextId,
    exposeHeadRoutes: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: REQUEST_MS,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 200 },
    http: { maxHeaderSize: HEADER_BYTES_MAX, headersTimeout: HEADERS_MS },
    clientErrorHandler: (error, socket) => refuseBytes(error, socket, nextId()),
    frameworkErrors: (error, request, reply) => void refuse(asDtrError(error), request, reply, log),
  })
  app.server.maxConnections = CONNECTIONS_MAX
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => done(null, text))
  // A body of lines is read by its route; of what may not pass the content type was refused before.
  app.addContentTypeParser('*', (_request, _body, done) => done(null))

  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURITY_HEADERS)
    reply.header('x-request-id', request.id)
    doors.check(request.headers)
  })
  app.addHook('onResponse', async (request, reply) => {
    const { method, id } = request
    serving.metrics.served(method, request.routeOptions.url, reply.statusCode, reply.elapsedTime / 1_000)
    const tookMs = Math.round(reply.elapsedTime)
    log.debug(`${method} ${pathOf(request)} ${reply.statusCode}`, { request: id, tookMs })
  })
  app.setErrorHandler((error, request, reply) => refuse(asDtrError(error), request, reply, log))
  app.setNotFoundHandler((request, reply) => refuse(notThere(request, routes), request, reply, log))

  for (const route of routes) addRoute(app, route, { serving, callers, stopping })
  const document = jsonOf(openApiOf(routes, version))
  app.get('/openapi.json', (_request, reply) => reply.type('application/json; charset=utf-8').send(document))
  const page = docsPage(routes, version)
  app.get('/docs', (_request, reply) =>
    reply.type('text/html; charset=utf-8').header('content-security-policy', DOCS_POLICY).send(page),
  )
  const assets = new Assets()
  const give = (name: string, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const served = assets.serve(name, request.headers)
    if (served === undefined) return refuse(notThere(request, routes), request, reply, log)
    return reply.code(served.status).headers(served.headers).send(served.body)
  }
  app.get('/', (request, reply) => give('index.html', request, reply))
  app.get<{ Params: { name: string } }>('/dashboard/:name', (request, reply) =>
    give(request.params.name, request, reply),
  )
  await app.ready()
  return app
}

type Means = Pick<AppOptions, 'serving' | 'callers' | 'stopping'>

function addRoute(app: FastifyInstance, route: Route, { serving, callers, stopping }: Means): void {
  const { takesLines = false } = route
  const read = readerOf(route)
  const admitted = new WeakMap<FastifyRequest, Caller>()
  app.route({
    method: route.method,
    url: route.path,
    onRequest: async (request) => {
      checkContentType(request.headers, takesLines)
      admitted.set(request, await callers.admit(request.headers, route.role))
      if (!takesLines) limitBody(request)
    },
    handler: async (request, reply) => {
      const { id, headers, url, raw } = request
      const asked = read(request)
      const caller = admitted.get(request)!
      const gone = new AbortController()
      const leave = onAbort(stopping, () => gone.abort())
      const unwatch = caller.watch(() => raw.destroy())
      reply.raw.once('close', () => {
        leave()
        unwatch()
        gone.abort()
      })
      const { rights } = caller
      const served = { ...serving, link: serving.link.for(rights) }
      const call = { ...asked, id, headers, rights, url, stream: raw, signal: gone.signal, serving: served }
      const { tracing } = serving
      if (tracing === undefined) return send(await route.handle(call), reply, serving)
      const context = contextOf(headers.traceparent, headers.tracestate)
      return tracing.within(context, async () => send(await route.handle(call), reply, serving))
    },
  })
}

/** What of a request its schemas speak of, checked. */
function readerOf(route: Route): (request: FastifyRequest) => Pick<Call, 'params' | 'query' | 'body'> {
  const params = route.params && new Checker(route.params, 'path')
  const query = new Checker(route.query ?? { type: 'object', properties: {}, additionalProperties: false }, 'query')
  const body = route.body && new Checker(route.body, 'body')
  return (request) => {
    params?.check(request.params)
    const asked = query.checkQuery(request.query as Readonly<Record<string, unknown>>)
    return { params: request.params, query: asked, body: readBody(request, body, route.bodyOptional === true) }
  }
}

function readBody({ body: text }: FastifyRequest, checker: Checker | undefined, optional: boolean): unknown {
  if (typeof text !== 'string' || text === '') {
    if (checker === undefined || optional) return undefined
    throw new DtrError('bad_input', 'body: is missing', { hint: `say -d '{...}'` })
  }
  const body = readJson(text, 'body')
  // Where a route takes none an empty one does no harm.
  checker?.check(body)
  return body
}

/** A body that does not come is not waited for. */
function limitBody({ raw }: FastifyRequest): void {
  if (!hasBody(raw.headers)) return
  const timer = setTimeout(() => raw.destroy(), BODY_MS)
  raw.once('end', () => clearTimeout(timer)).once('close', () => clearTimeout(timer))
}

function send(answer: Answer, reply: FastifyReply, serving: Serving): FastifyReply {
  if ('headers' in answer && answer.headers !== undefined) reply.headers(answer.headers)
  if ('pieces' in answer) {
    // Pieces are made as they are taken: a caller that reads slowly costs one of them.
    serving.metrics.streams(1)
    reply.raw.once('close', () => serving.metrics.streams(-1))
    return reply.type(answer.type).send(Readable.from(answer.pieces, { objectMode: false, highWaterMark: 16_384 }))
  }
  if ('text' in answer) return reply.type(answer.type).send(answer.text)
  const { status = 200, body } = answer
  return reply.code(status).type('application/json; charset=utf-8').send(jsonOf(body))
}

// --- What goes wrong -----------------------------------------------------------------------------------------------------

function refuse(error: DtrError, request: FastifyRequest, reply: FastifyReply, log: Log): FastifyReply {
  const problem = problemOf(error, request.id)
  const level = problem.status >= 500 ? (problem.status === 503 ? 'warn' : 'error') : 'debug'
  const text = `${request.method} ${pathOf(request)} ${problem.status}: ${error.message}`
  log.write({ level, text, fields: { request: request.id } })
  if (problem.code === 'internal' && error.cause instanceof Error) {
    log.error(error.cause.stack ?? String(error.cause), { request: request.id })
  }
  reply.header('x-request-id', request.id)
  return reply.code(problem.status).headers(headersOf(error, problem)).type(PROBLEM_TYPE).send(jsonOf(problem))
}

/** Without its query, which may hold anything. */
function pathOf({ url }: FastifyRequest): string {
  return url.split('?')[0] ?? ''
}

/** Errors of Fastify carry the status that they mean; all others are mistakes of ours. */
function asDtrError(error: unknown): DtrError {
  if (error instanceof DtrError) return error
  const { statusCode, message } = error as { readonly statusCode?: number; readonly message?: string }
  if (statusCode === 413) return new DtrError('too_large', `body: is larger than ${BODY_BYTES_MAX} bytes`)
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new HttpRefusal(statusCode, 'bad_input', message ?? 'is refused')
  }
  return new DtrError('internal', 'an error of dtr itself; the log of the gateway tells more', { cause: error })
}

function notThere(request: FastifyRequest, routes: readonly Route[]): DtrError {
  const path = pathOf(request)
  const methods = routes.filter((route) => matches(route.path, path)).map(({ method }) => method)
  if (methods.length === 0) {
    return new DtrError('not_found', `there is no ${path.slice(0, 100)} here`, {
      hint: 'GET /docs tells what there is',
    })
  }
  return new HttpRefusal(405, 'bad_input', `${request.method} is not for ${path.slice(0, 100)}`, {
    hint: `it takes ${methods.join(' and ')}`,
    headers: { allow: methods.join(', ') },
  })
}

function matches(pattern: string, path: string): boolean {
  const parts = path.replace(/\/$/, '').split('/')
  const wanted = pattern.split('/')
  return wanted.length === parts.length && wanted.every((part, index) => part.startsWith(':') || part === parts[index])
}

/** What is no HTTP, or too much of it: said before there is a request. */
function refuseBytes(error: NodeJS.ErrnoException, socket: Socket, id: string): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const [status, words, detail] = STATUS_OF[error.code ?? ''] ?? [400, 'Bad Request', 'this is no request of HTTP']
  const body = jsonOf(problemOf(new HttpRefusal(status, 'bad_input', detail), id))
  socket.end(
    `HTTP/1.1 ${status} ${words}\r\ncontent-type: ${PROBLEM_TYPE}\r\nx-request-id: ${id}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}

const STATUS_OF: Readonly<Record<string, readonly [number, string, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large', `headers: are larger than ${HEADER_BYTES_MAX} bytes`],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout', 'the request did not come in time'],
}

/** Short, and of no other gateway. */
function requestIds(): () => string {
  const own = randomBytes(4).toString('hex')
  let count = 0
  return () => {
    count += 1
    return `${own}-${count}`
  }
}
