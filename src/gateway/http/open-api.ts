// The OpenAPI document, made of the table of routes: the very schemas that check requests.
import type { TObject, TSchema } from 'typebox'
import type { Route, Told } from './route.js'

type Json = Readonly<Record<string, unknown>>

/** OpenAPI 3.1, whose schemas are JSON Schema as ours are. Pure. */
export function openApiOf(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Record<string, Json>> = {}
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'dtr',
      version,
      description: 'A durable, self-healing task cluster over HTTP. What goes wrong is told as RFC 9457 has it.',
    },
    tags: [...new Set(routes.map(({ topic }) => topic))].map((name) => ({ name })),
    paths,
    components: { schemas: { Problem: PROBLEM }, securitySchemes: { key: KEY } },
  }
}

/** Optional: whether a gateway wants one is its owner's to say. */
const KEY: Json = { type: 'http', scheme: 'bearer', description: 'a key of `dtr key create`, with the role in x-role' }

const PROBLEM: Json = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code', 'request_id'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'what is wrong, with the field and its limit' },
    code: { type: 'string', description: 'a code of dtr; scripts may hang on it' },
    field: { type: 'string' },
    hint: { type: 'string', description: 'what to do' },
    retry_after_ms: { type: 'integer' },
    request_id: { type: 'string', description: 'as in the log of the gateway' },
  },
}

function operationOf(route: Route): Json {
  const { method, path, topic, about, role, params, query, body, takesLines = false, bodyOptional = false } = route
  const parameters = [...parametersOf(params, 'path'), ...parametersOf(query, 'query')]
  return {
    operationId: `${method.toLowerCase()}${path.replace(/[/:_]+(\w)/g, (_all, letter: string) => letter.toUpperCase())}`,
    tags: [topic],
    summary: about,
    'x-role': role,
    ...(role !== 'open' && { security: [{}, { key: [] }] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && {
      requestBody: { required: !bodyOptional, content: { 'application/json': { schema: body } } },
    }),
    ...(takesLines && { requestBody: { required: true, content: { 'application/x-ndjson': {} } } }),
    responses: {
      ...Object.fromEntries(Object.entries(route.answers).map(([status, told]) => [status, responseOf(told)])),
      default: {
        description: 'what went wrong',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  }
}

function responseOf({ about, schema, type = 'application/json' }: Told): Json {
  const content =
    schema === undefined && type === 'application/json'
      ? {}
      : { content: { [type]: schema === undefined ? {} : { schema } } }
  return { description: about, ...content }
}

function parametersOf(schema: TObject | undefined, where: 'path' | 'query'): readonly Json[] {
  const required = new Set((schema as { readonly required?: readonly string[] } | undefined)?.required ?? [])
  return Object.entries(schema?.properties ?? {}).map(([name, part]) => ({
    name,
    in: where,
    required: where === 'path' || required.has(name),
    ...describe(part),
    ...((part as { readonly type?: unknown }).type === 'array' && { style: 'form', explode: false }),
    schema: part,
  }))
}

function describe(part: TSchema): Json {
  const { description } = part as { readonly description?: string }
  return description === undefined ? {} : { description }
}
