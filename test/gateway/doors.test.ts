// What no route lets in, walked over the table of all of them: nothing of it ever reaches the cluster.
import t, { type Test } from 'tap'
import { hostOf } from '../../src/gateway/http/doors.js'
import type { Route } from '../../src/gateway/http/route.js'
import { ROUTES } from '../../src/gateway/http/routes.js'
import { type Answered, nobody, type Served, serve } from './served.js'

const served = await serve(t, nobody())

/** A path that this route has. */
function pathOf({ path }: Route): string {
  return path.replace(/:\w+/g, 'some-id')
}

async function refused(
  t: Test,
  route: Route,
  status: number,
  more: { headers?: Record<string, string>; payload?: string; query?: Record<string, string> },
): Promise<Answered> {
  const answer = await served.ask(route.method, pathOf(route), undefined, more)
  const what = `${route.method} ${route.path} ${JSON.stringify(more).slice(0, 100)}`
  t.equal(answer.status, status, `${what}: ${answer.text.slice(0, 200)}`)
  t.match(answer.headers['content-type'], /^application\/problem\+json/, what)
  t.match(answer.body, { status, code: String, detail: String, request_id: answer.headers['x-request-id'] }, what)
  t.equal(answer.headers['access-control-allow-origin'], undefined, 'no other site reads it')
  return answer
}

t.test('a Host that was not meant', async (t) => {
  for (const route of ROUTES) {
    for (const host of ['evil.example', 'localhost.evil.example', '10.0.0.1:8000', '127.0.0.1.nip.io', 'a@localhost']) {
      await refused(t, route, 403, { headers: { host } })
    }
  }
})

t.test('a page of another site, whatever its method', async (t) => {
  for (const route of ROUTES) {
    await refused(t, route, 403, { headers: { 'sec-fetch-site': 'cross-site' } })
    await refused(t, route, 403, { headers: { 'sec-fetch-site': 'same-site' } })
    await refused(t, route, 403, { headers: { origin: 'https://evil.example' } })
    await refused(t, route, 403, { headers: { origin: 'null' } })
  }
})

t.test('a body that is not JSON by its type, or none at all', async (t) => {
  const types = [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonx',
  ]
  for (const route of ROUTES) {
    for (const type of types) await refused(t, route, 415, { headers: { 'content-type': type }, payload: '{}' })
    await refused(t, route, 415, { headers: { 'content-type': 'application/json; charset=utf-16' }, payload: '{}' })
  }
})

t.test('fields that are not known, in the query and in the body', async (t) => {
  for (const route of ROUTES) {
    if (route.body !== undefined && route.bodyOptional !== true) {
      await refused(t, route, 400, { headers: { 'content-type': 'application/json' }, payload: '' })
      await refused(t, route, 400, { headers: { 'content-type': 'application/json' }, payload: '{' })
      await refused(t, route, 400, { headers: { 'content-type': 'application/json' }, payload: '[]' })
    }
    const body = route.body === undefined ? {} : { headers: { 'content-type': 'application/json' }, payload: '{}' }
    const answer = await refused(t, route, 400, { ...body, query: { surprise: '1' } })
    t.match(answer.body, { code: 'bad_input', detail: /surprise/ })
  }
})

t.test('numbers of a query out of their limits', async (t) => {
  const numbers = ROUTES.flatMap((route) =>
    Object.entries(route.query?.properties ?? {})
      .filter(([, schema]) => (schema as { type?: string }).type === 'integer')
      .map(([name]) => [route, name] as const),
  )
  t.ok(numbers.length > 0)
  for (const [route, name] of numbers) {
    for (const value of ['0', '-1', '1e3', '501', '99999999999999999999', '', 'x', '1.5']) {
      const { body } = await refused(t, route, 400, { query: { [name]: value } })
      t.equal(body.field, name, `${name}=${value}`)
    }
  }
})

t.test('each has a role, a topic, and what it answers', async (t) => {
  const open = ROUTES.filter(({ role }) => role === 'open').map(({ path }) => path)
  t.same(open.sort(), ['/health', '/livez', '/readyz'], 'whoever adds one that needs no key says so here')
  for (const route of ROUTES) t.ok(Object.keys(route.answers).length > 0, route.path)
  const places = ROUTES.map(({ method, path }) => `${method} ${path}`)
  t.equal(new Set(places).size, places.length)
})

t.test('what is not there, and what is there for another method', async (t) => {
  await served
    .ask('GET', '/nothing')
    .then(({ status, body }) => t.match({ status, body }, { status: 404, body: { code: 'not_found' } }))
  const { status, headers } = await served.ask('DELETE', '/tasks')
  t.equal(status, 405)
  t.equal(headers.allow, 'POST, GET')
})

t.test('who is let in', async (t) => {
  const hosts = ['localhost', 'LOCALHOST:8000', '127.0.0.1:1', '127.9.9.9', '[::1]:8000']
  for (const host of hosts)
    t.equal((await served.ask('GET', '/livez', undefined, { headers: { host } })).status, 200, host)
  const own = { host: 'localhost:8000', origin: 'http://localhost:8000', 'sec-fetch-site': 'same-origin' }
  t.equal((await served.ask('GET', '/livez', undefined, { headers: own })).status, 200)
  t.equal(hostOf('[::1'), undefined)
})

t.test('/openapi.json and /docs have every route', async (t: Test) => {
  const { body } = await served.ask('GET', '/openapi.json')
  const { text, headers } = await page(served)
  for (const { path, method, role } of ROUTES) {
    const place = path.replace(/:(\w+)/g, '{$1}')
    t.match(body.paths[place]?.[method.toLowerCase()], { 'x-role': role }, `${method} ${place}`)
    t.ok(text.includes(`<code>${place}</code>`), place)
  }
  t.notMatch(text, /<script/)
  t.match(headers['content-security-policy'], /default-src 'none'/)
})

function page(served: Served): Promise<Answered> {
  return served.ask('GET', '/docs')
}
