// Keys over HTTP: who may use which route, by a key, or by none. The matrix is made from the table of routes.
import t from 'tap'
import type { Role } from '../../src/gateway/callers.js'
import type { Route } from '../../src/gateway/http/route.js'
import { ROUTES } from '../../src/gateway/http/routes.js'
import { KEY_ROLES, type KeyRole } from '../../src/task/roles.js'
import { type Answered, type Said, serve, serveMaster } from './served.js'

const open = await serveMaster(t)
const { client } = open
const closed = await serve(t, client, false, true)

const tokens = new Map<KeyRole, string>()
for (const role of KEY_ROLES) tokens.set(role, (await client.keys.create({ role })).token)
const MAY: Readonly<Record<KeyRole, readonly Role[]>> = {
  read: ['open', 'read'],
  submit: ['open', 'read', 'submit'],
  worker: ['open', 'worker'],
  admin: ['open', 'read', 'submit', 'worker', 'admin'],
}

function bearer(token: string | undefined): { headers: Record<string, string> } {
  return { headers: { authorization: `Bearer ${token}` } }
}

/** With a body of no route: whoever is let in is told that. */
function call(served: typeof closed, { method, path, takesLines }: Route, token?: string): Promise<Answered> {
  const place = path.replace(/:(\w+)/g, '01890000-0000-7000-8000-000000000000')
  const type = takesLines === true ? 'application/x-ndjson' : 'application/json'
  const more = token === undefined ? { headers: {} } : bearer(token)
  return served.ask(method, `${place}?surprise=1`, undefined, { headers: { ...more.headers, 'content-type': type } })
}

t.test('each route by each role', async (t) => {
  for (const route of ROUTES) {
    const what = `${route.method} ${route.path}`
    for (const role of KEY_ROLES) {
      const { status, body } = await call(closed, route, tokens.get(role))
      if (MAY[role].includes(route.role)) t.equal(status, 400, `${what} lets ${role} in`)
      else
        t.match(
          { status, body },
          { status: 403, body: { code: 'forbidden', detail: RegExp(role) } },
          `${what} by ${role}`,
        )
    }
    const { status, headers } = await call(closed, route)
    t.equal(status, route.role === 'open' ? 400 : 401, `${what} by nobody`)
    if (status === 401) t.match(headers['www-authenticate'], /^Bearer/)
    t.equal((await call(open, route)).status, 400, `${what} on a machine of one's own`)
  }
})

t.test('what is no good key opens nothing, also where none is needed', async (t) => {
  const good = tokens.get('admin')!
  const stranger = `${good.slice(0, -9)}${good.endsWith('aaaaaaaaa') ? 'bbbbbbbbb' : 'aaaaaaaaa'}`
  const others = [
    `Bearer ${stranger}`,
    'Bearer x',
    `Bearer ${'x'.repeat(10_000)}`,
    `Basic ${good}`,
    `Bearer ${good} x`,
    '',
  ]
  for (const served of [open, closed]) {
    for (const authorization of others) {
      const { status, text, body } = await served.ask('GET', '/tasks', undefined, { headers: { authorization } })
      t.match(
        { status, body },
        { status: 401, body: { code: 'unauthorised', hint: /dtr key create/ } },
        authorization.slice(0, 20),
      )
      t.notOk(text.includes(good.slice(20)), 'no key is said again')
    }
  }
})

t.test('a key for some task types', async (t) => {
  const submits = bearer((await client.keys.create({ role: 'submit', types: ['one'] })).token)
  const works = bearer((await client.keys.create({ role: 'worker', types: ['one', 'two'] })).token)
  const post = (url: string, body: unknown, more: { headers: Record<string, string> }) =>
    closed.ask('POST', url, body, more)
  t.match(await post('/tasks', { type: 'one' }, submits), { status: 201 })
  const refused = { status: 403, body: { code: 'forbidden', detail: /for one only, and not for/ } }
  t.match(await post('/tasks', { type: 'other' }, submits), refused)
  t.match(await post('/tasks', { text: 'what a text gets' }, submits), refused)
  t.match(await post('/jobs', { type: 'other' }, submits), refused)
  const lines = {
    payload: '{"type":"one"}\n{"type":"other"}\n',
    headers: { ...submits.headers, 'content-type': 'application/x-ndjson' },
  }
  const bulk = await closed.ask('POST', '/tasks/bulk', undefined, lines)
  t.match(bulk, { status: 200, text: /forbidden/ })
  for await (const { id } of client.tasks({ types: ['other', 'sentiment'] })) t.fail(`what was refused was done: ${id}`)

  await post('/tasks', { type: 'three' }, bearer(tokens.get('submit')))
  t.match(await post('/workers/register', { worker_id: 'w', types: ['three'] }, works), { status: 403 })
  t.match(await post('/workers/register', { worker_id: 'w' }, works), { status: 200 })
  t.match(await post('/tasks/next', { worker_id: 'w', type: 'three' }, works), { status: 403 })
  t.match(await post('/tasks/claim', { worker_id: 'w', max: 9 }, works), { body: [{ type: 'one' }, { type: 'one' }] })
  t.match(
    await post('/tasks/claim', { worker_id: 'bare', max: 9 }, works),
    { status: 200, body: [] },
    'nor by not saying',
  )
})

t.test('tasks of types for which a key is not are not there for it', async (t) => {
  const one = bearer((await client.keys.create({ role: 'submit', types: ['mine'] })).token)
  const [mine, other] = [await client.submit('mine', 1), await client.submit('other', 2)]
  const get = (url: string) => closed.ask('GET', url, undefined, one)
  const post = (url: string, body?: unknown) => closed.ask('POST', url, body, one)
  for (const path of ['', '/story', '?wait=10ms']) {
    t.equal((await get(`/tasks/${mine.id}${path}`)).status, 200, path)
    t.equal((await get(`/tasks/${other.id}${path}`)).status, 404, path)
  }
  t.same((await get(`/tasks/${other.id}/logs`)).body, [])
  for (const path of [`/tasks/${other.id}/events`, `/events?ids=${mine.id},${other.id}`, `/jobs/${other.id}`])
    t.equal((await get(path)).status, 404, path)
  t.equal((await get('/events')).status, 403)
  const types = (await get('/tasks')).body.map(({ type }: Said) => type)
  t.same([...new Set(types)], ['mine'])
  t.same((await get('/tasks?type=other')).body, [])
  t.same((await get('/tasks/failures?type=other')).body, [])
  t.same([...new Set((await get('/status')).body.counts.map(({ type }: Said) => type))], ['mine'])
  for (const path of [`/tasks/${other.id}/cancel`, `/tasks/${other.id}/retry`]) t.equal((await post(path)).status, 404)
  t.equal((await closed.ask('DELETE', `/jobs/${other.id}`, undefined, one)).status, 404)
  t.match((await post('/tasks/cancel', { ids: [other.id, mine.id] })).body, [
    { id: other.id, outcome: 'unknown' },
    { id: mine.id, outcome: 'cancelled' },
  ])
  t.match((await post('/tasks/retry', { ids: [mine.id, other.id] })).body, [
    { outcome: 'retried' },
    { outcome: 'unknown' },
  ])
  t.match(await client.get([other.id]), [{ state: 'pending' }])

  // Whoever works for one type has no hand in what the same worker holds of another.
  const works = bearer((await client.keys.create({ role: 'worker', types: ['mine'] })).token)
  await client.pull.register('both')
  const claimed = await client.pull.claim('both', { types: ['other'], max: 100 })
  t.ok(claimed.some(({ id }) => id === other.id))
  const say = (path: string, body: object) => closed.ask('POST', path, { worker_id: 'both', ...body }, works)
  t.equal((await say(`/tasks/${other.id}/complete`, {})).status, 409)
  t.equal((await say(`/tasks/${other.id}/renew`, {})).status, 409)
  t.equal((await say(`/tasks/${other.id}/checkpoint`, { checkpoint: 1 })).status, 409)
  const beat = await say('/workers/heartbeat', { task_id: other.id })
  t.match(beat, { status: 409, body: { code: 'conflict' } }, 'nor its name, while it holds something')
})

t.test('a key that is revoked opens nothing more, and ends what it has open', async (t) => {
  const { id, token } = await client.keys.create({ role: 'read' })
  const { id: task } = await client.submit('waits', null)
  await closed.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = closed.app.server.address() as { port: number }
  const events = await fetch(`http://127.0.0.1:${port}/tasks/${task}/events`, bearer(token))
  t.equal(events.status, 200)
  const read = events.text().then(
    () => 'ended',
    () => 'cut',
  )
  await client.keys.revoke(id)
  t.match(await read, /ended|cut/)
  t.equal((await closed.ask('GET', '/tasks', undefined, bearer(token))).status, 401)
})
