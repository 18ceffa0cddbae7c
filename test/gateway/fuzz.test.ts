// Requests as nobody means them: fields of any kind, half right and all wrong, in whatever order. None is answered with a
// 500, and what is answered well is what the table of routes says. `HTTP_SEED=7 HTTP_REQUESTS=20000` asks for others, and more.

import t from 'tap'
import { Compile } from 'typebox/compile'
import { SubmitBody } from '../../src/gateway/http/fields.js'
import type { Route } from '../../src/gateway/http/route.js'
import { ROUTES } from '../../src/gateway/http/routes.js'
import { Random } from '../simulation/random.js'
import { type Answered, serveMaster } from './served.js'

const SEED = Number(process.env.HTTP_SEED ?? 1)
const REQUESTS = Number(process.env.HTTP_REQUESTS ?? 3_000)

const served = await serveMaster(t)
const random = new Random(SEED)
/** Not streams of what never ends, nor what is refused. */
const ASKED = ROUTES.filter(({ path }) => !/events$|reset$/.test(path))
/** Of tasks that are there, so that not every id is unknown. */
const ids: string[] = ['unknown']
const keys = [
  'type',
  'payload',
  'data',
  'text',
  'worker_id',
  'task_id',
  'lease_id',
  'result',
  'ids',
  'max',
  'wait',
  'meta',
  '__proto__',
]

function value(depth = 0): unknown {
  const kinds: readonly (() => unknown)[] = [
    () =>
      random.pick([
        null,
        true,
        false,
        '',
        'echo',
        'w1',
        'a b',
        '\u0000',
        '\ud800',
        '30s',
        '-1ms',
        '1e3',
        'x'.repeat(300),
      ]),
    () => random.pick([0, 1, -1, 5, 1.5, 1e21, 2 ** 53, -1e9]),
    () => random.pick(ids),
    () => (depth > 2 ? [] : Array.from({ length: random.whole(0, 3) }, () => value(depth + 1))),
    () => (depth > 2 ? {} : object(keys, depth + 1)),
  ]
  return random.pick(kinds)()
}

function object(names: readonly string[], depth = 0): object {
  const fields = Array.from({ length: random.whole(0, 4) }, () => [random.pick(names), value(depth)] as const)
  return Object.fromEntries(fields)
}

/** Near to what its schema wants, more often than not. */
function like(schema: Schema): unknown {
  if (random.chance(0.15)) return value()
  if (schema.enum !== undefined) return random.pick(schema.enum)
  switch (random.pick([schema.type ?? 'any'].flat())) {
    case 'object': {
      const wanted = Object.entries(schema.properties ?? {})
      const said = wanted.filter(([name]) => random.chance(schema.required?.includes(name) ? 0.95 : 0.15))
      return Object.fromEntries(said.map(([name, part]) => [name, like(part)]))
    }
    case 'array':
      return Array.from({ length: random.whole(0, 3) }, () => like(schema.items ?? {}))
    case 'integer':
      return random.pick([schema.minimum ?? 0, schema.maximum ?? 9, 1, 2])
    case 'boolean':
      return random.chance(0.5)
    case 'string':
      return random.pick(['echo', 'w1', random.pick(ids), '1ms', ''])
    default:
      return value()
  }
}

interface Schema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly minimum?: number
  readonly maximum?: number
}

function ask(route: Route): Promise<Answered> {
  const id = random.chance(0.8) ? random.pick(ids) : random.pick(['..', '%00', 'a%2Fb', '\u20ac', 'x'.repeat(250)])
  const path = route.path.replace(/:\w+/g, encodeURIComponent(decodeURIComponent(id)))
  const query = like((route.query ?? {}) as Schema)
  const asked = Object.entries(query ?? {}).map(([name, part]) => [name, String(part)] as const)
  // Nobody here waits for the sake of it.
  const words = new URLSearchParams(
    asked.map(([name, part]) => [name, name === 'wait' ? '1ms' : part]) as [string, string][],
  )
  const payload = random.chance(0.05)
    ? random.pick(['', '{', 'null', '"x"', '[]', '{"a":1}{', '\u0000'])
    : bodyOf(route)
  const type = route.takesLines === true ? 'application/x-ndjson' : 'application/json'
  const sends = route.method === 'POST' || random.chance(0.05)
  const given = sends ? { payload, headers: { 'content-type': type } } : {}
  const answered = served.ask(route.method, `${path}?${words.toString()}`, undefined, given)
  return words.get('answer') === 'results' ? withEnds(answered) : answered
}

function bodyOf(route: Route): string {
  if (route.takesLines !== true) return JSON.stringify(withoutWait(like((route.body ?? {}) as Schema))) ?? ''
  const lines = Array.from({ length: random.whole(0, 3) }, () => JSON.stringify(like(SubmitBody as Schema)))
  return lines.join('\n')
}

/** Who asks for results is answered when there are some: nobody works here, so what waits is cancelled until then. */
async function withEnds(answered: Promise<Answered>): Promise<Answered> {
  let isOver = false
  const over = answered.finally(() => {
    isOver = true
  })
  while (!isOver) {
    const { tasks } = await served.client.page({ states: ['pending'] }, { limit: 500 })
    await served.client.cancel(tasks.map(({ id }) => id))
  }
  return over
}

function withoutWait(body: unknown): unknown {
  return typeof body === 'object' && body !== null && 'wait' in body ? { ...body, wait: '1ms' } : body
}

const told = new Map(
  ROUTES.flatMap((route) =>
    Object.entries(route.answers).flatMap(([status, { schema }]) =>
      schema === undefined
        ? []
        : [[`${status} ${route.method} ${route.path}`, Compile(schema)] as [string, ReturnType<typeof Compile>]],
    ),
  ),
)

t.test(`${REQUESTS} requests, seed ${SEED}`, { timeout: 30_000 + REQUESTS * 30 }, async (t) => {
  const statuses = new Map<number, number>()
  const wrong: string[] = []
  const well = new Set<string>()
  for (let count = 0; count < REQUESTS; count += 1) {
    const route = random.pick(ASKED)
    const { status, body, text, headers } = await ask(route)
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    const what = `${route.method} ${route.path}`
    if (status >= 500) wrong.push(`request ${count}, ${what}: ${status} ${text.slice(0, 300)}`)
    if (status >= 400 && !String(headers['content-type']).startsWith('application/problem+json'))
      wrong.push(`${what}: ${text}`)
    if (status >= 400) continue
    const schema = told.get(`${status} ${what}`)
    if (schema === undefined && body !== undefined) wrong.push(`request ${count}, ${what}: ${status} is not told of`)
    if (schema !== undefined && body !== undefined && !schema.Check(body)) {
      wrong.push(`request ${count}, ${what}: ${JSON.stringify(schema.Errors(body)[0])} ${text.slice(0, 500)}`)
    }
    well.add(what)
    const made = body?.id ?? body?.job_id
    if (typeof made === 'string' && ids.length < 200) ids.push(made)
  }
  t.comment(
    [...statuses]
      .sort()
      .map(([status, times]) => `${status}: ${times}`)
      .join(', '),
  )
  t.same(wrong.slice(0, 10), [], `seed ${SEED}`)
  t.same(
    ASKED.filter(({ role }) => role !== 'worker')
      .map(({ method, path }) => `${method} ${path}`)
      .filter((what) => !well.has(what)),
    [],
    'each was also asked well; a lease nobody guesses',
  )
})
