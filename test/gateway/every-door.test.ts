// A task is the same over every door: submitted over any of TCP, HTTP and gRPC, it is watched, cancelled and read over any, and
// run by a worker of any, whether what it carries is JSON or bytes.
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { TaskAssignment__Output as Assignment } from '../../src/gateway/grpc/generated/orchestrator/v1/TaskAssignment.js'
import type { TaskProgress__Output as Progress } from '../../src/gateway/grpc/generated/orchestrator/v1/TaskProgress.js'
import { startWorker } from '../../src/index.js'
import { until } from '../processes/cluster.js'
import { all, ask, serveGrpc } from './grpc-served.js'
import { serveMaster } from './served.js'

const served = await serveMaster(t)
const { client } = served
const { gateway, scheduler } = await serveGrpc(t, client)

/** JSON as text, or bytes. What is told of one over different doors is compared as it is. */
type Carried = string | Buffer

/** What each is given, and what its code makes of it. */
const CARRIED: Readonly<Record<string, { readonly payload: Carried; readonly result: Carried }>> = {
  json: { payload: '{"n":12345678901,"text":"\u00fc\\n"}', result: '{"ok":[1,2.5,null]}' },
  bytes: { payload: Buffer.from([0, 255, 254, 10, 123]), result: Buffer.from([0, 255, 254, 10, 123, 200]) },
  // Bytes to whoever gave them, also where they could be something else.
  digits: { payload: Buffer.from('123'), result: Buffer.from([49, 50, 51, 200]) },
}
const OF_CODE =
  '(payload) => Buffer.isBuffer(payload) ? Buffer.concat([payload, Buffer.from([200])]) : { ok: [1, 2.5, null] }'
const made = (payload: Carried): Carried =>
  typeof payload === 'string' ? CARRIED.json!.result : Buffer.concat([payload, Buffer.from([200])])

interface Seen {
  readonly state: string
  readonly payload: Carried
  readonly result: Carried | undefined
}

interface Door {
  submit(type: string, payload: Carried): Promise<string>
  read(id: string): Promise<Seen>
  /** In which state it ended. */
  watch(id: string): Promise<string>
  cancel(id: string): Promise<unknown>
}

const word = (status: string) => status.replace('TASK_STATUS_', '').toLowerCase()
const kept = (text: string, encoding: string | undefined) =>
  encoding === 'base64' ? Buffer.from(text, 'base64') : text

/** A value as JSON over HTTP has it, with what is said beside it. */
function overHttp(name: 'payload' | 'result', carried: Carried): object {
  if (typeof carried === 'string') return { [name]: JSON.parse(carried) }
  return { [name]: carried.toString('base64'), [`${name}_encoding`]: 'base64' }
}

function fromHttp(body: Readonly<Record<string, unknown>>, name: 'payload' | 'result'): Carried | undefined {
  if (body[name] === undefined) return undefined
  return body[`${name}_encoding`] === 'base64' ? Buffer.from(String(body[name]), 'base64') : JSON.stringify(body[name])
}

const fromGrpc = (bytes: Buffer, encoding: string): Carried =>
  encoding === 'ENCODING_BYTES' ? bytes : bytes.toString()
const encodingOf = (carried: Carried) => (typeof carried === 'string' ? 'ENCODING_JSON' : 'ENCODING_BYTES')

const DOORS: Readonly<Record<string, Door>> = {
  tcp: {
    submit: async (type, payload) =>
      (await client.submit(type, typeof payload === 'string' ? JSON.parse(payload) : payload)).id,
    async read(id) {
      const [task] = await client.get([id])
      const { state, payload, encoding, result, resultEncoding } = task!
      return {
        ...{ state, payload: kept(payload, encoding) },
        result: result === undefined ? undefined : kept(result, resultEncoding),
      }
    },
    async watch(id) {
      for await (const event of client.watch(id)) if (event.kind === 'ended') return event.state
      throw new Error('it did not end')
    },
    cancel: (id) => client.cancel([id]),
  },
  http: {
    submit: async (type, payload) =>
      (await served.ask('POST', '/tasks', { type, ...overHttp('payload', payload) })).body.id,
    async read(id) {
      const { body } = await served.ask('GET', `/tasks/${id}`)
      return { state: body.state, payload: fromHttp(body, 'payload')!, result: fromHttp(body, 'result') }
    },
    async watch(id) {
      const { text } = await served.ask('GET', `/tasks/${id}/events`)
      const [, data = ''] = /event: ended\n(?:id: .*\n)?data: (.*)\n/.exec(text) ?? []
      return JSON.parse(data).state
    },
    cancel: (id) => served.ask('POST', `/tasks/${id}/cancel`),
  },
  grpc: {
    async submit(name, payload) {
      const spec = { name, payload: Buffer.from(payload as string), payloadEncoding: encodingOf(payload) } as const
      return (await ask(gateway, gateway.SubmitTask, spec)).taskId
    },
    async read(taskId) {
      const { status, payload, payloadEncoding, result, resultEncoding } = await ask(gateway, gateway.GetTask, {
        taskId,
      })
      return {
        ...{ state: word(status), payload: fromGrpc(payload, payloadEncoding) },
        result: status === 'TASK_STATUS_COMPLETED' ? fromGrpc(result, resultEncoding) : undefined,
      }
    },
    async watch(taskId) {
      const told = await all<Progress>(gateway.SubscribeProgress({ taskId }))
      return word(told.at(-1)?.result?.status ?? 'none')
    },
    cancel: (taskId) => ask(gateway, gateway.CancelTask, { taskId }),
  },
}

interface Runs {
  /** The next task of this type, to its end. */
  run(type: string): Promise<void>
  /** Has the next task of this type when it answers; what that gives resolves when its code was told to end, and has. */
  hold(type: string): Promise<() => Promise<void>>
}

// One that speaks TCP serves all that it was started with: a type for each test.
const types = Object.keys(DOORS).flatMap((from) => Object.keys(CARRIED).map((what) => `${from}-tcp-${what}`))
const held = Object.keys(DOORS).map((over) => `held-tcp-${over}`)
const ENDS = "(_, { signal }) => new Promise((_, no) => signal.addEventListener('abort', () => no(signal.reason)))"
const tasks = join(served.place.data, '..', 'every-door.mjs')
const entries = [...types.map((type) => [type, OF_CODE]), ...held.map((type) => [type, ENDS])]
writeFileSync(tasks, `export default {${entries.map(([type, code]) => `'${type}': ${code}`).join(',\n')}}`)
const worker = await startWorker({ ...served.place, id: 'over-tcp', tasks: [tasks] })
t.teardown(async () => {
  worker.kill()
  await worker.ended
})

const WORKERS: Readonly<Record<string, Runs>> = {
  tcp: {
    run: async () => {},
    async hold(type) {
      const running = async () => (await client.page({ types: [type], states: ['running'] })).tasks.length > 0
      await until(`${type} to run`, running)
      return async () => {}
    },
  },
  http: {
    async run(type) {
      const claim = { worker_id: 'over-http', types: [type], wait: '20s' }
      const [task] = (await served.ask('POST', '/tasks/claim', claim)).body
      const result = overHttp('result', made(fromHttp(task, 'payload')!))
      await served.ask('POST', `/tasks/${task.id}/complete`, { worker_id: 'over-http', ...result })
    },
    async hold(type) {
      const worker_id = 'over-http'
      const [task] = (await served.ask('POST', '/tasks/claim', { worker_id, types: [type], wait: '20s' })).body
      return async () => {
        const renewed = await served.ask('POST', `/tasks/${task.id}/renew`, { worker_id })
        t.equal(renewed.body.cancel_requested, true)
        await served.ask('POST', `/tasks/${task.id}/complete`, { worker_id, result: 1 })
      }
    },
  },
  grpc: {
    async run(type) {
      const stream = scheduler.RegisterWorker()
      stream.write({ heartbeat: { workerId: 'over-grpc', availableSlots: 1, taskNames: [type] } })
      stream.on('data', ({ task }: Assignment) => {
        if (!task) return
        const { taskId, leaseId, payload, payloadEncoding } = task
        const result = made(fromGrpc(payload, payloadEncoding))
        const output = { output: Buffer.from(result as string), outputEncoding: encodingOf(result) } as const
        stream.write({ result: { taskId, leaseId, ...output } })
        stream.end()
      })
      await once(stream, 'end')
    },
    async hold(type) {
      const stream = scheduler.RegisterWorker()
      const told: Assignment[] = []
      stream.on('data', (message: Assignment) => told.push(message))
      stream.write({ heartbeat: { workerId: 'holds-grpc', availableSlots: 1, taskNames: [type] } })
      const { taskId, leaseId } = await until('a task', () => told.find(({ task }) => task)?.task ?? undefined)
      return async () => {
        stream.write({ heartbeat: { workerId: 'holds-grpc', running: [{ taskId, leaseId }] } })
        await until('its cancel', () => told.some(({ cancel }) => cancel?.taskId === taskId))
        stream.write({ result: { taskId, leaseId, output: Buffer.from('1') } })
        stream.end()
        await once(stream, 'end')
      }
    },
  },
}

for (const [from, door] of Object.entries(DOORS)) {
  for (const [what, { payload, result }] of Object.entries(CARRIED)) {
    for (const [by, { run }] of Object.entries(WORKERS)) {
      t.test(`${what} submitted over ${from}, run over ${by}`, async (t) => {
        const type = `${from}-${by}-${what}`
        const id = await door.submit(type, payload)
        const watched = Object.values(DOORS).map((other) => other.watch(id))
        await run(type)
        t.same(await Promise.all(watched), ['completed', 'completed', 'completed'])
        for (const [over, { read }] of Object.entries(DOORS)) {
          t.same(await read(id), { state: 'completed', payload, result }, `read over ${over}`)
        }
      })
    }
    for (const [over, { cancel }] of Object.entries(DOORS)) {
      t.test(`${what} submitted over ${from}, cancelled over ${over}`, async (t) => {
        const id = await door.submit('nobody-does-it', payload)
        const watched = Object.values(DOORS).map((other) => other.watch(id))
        await cancel(id)
        t.same(await Promise.all(watched), ['cancelled', 'cancelled', 'cancelled'])
        for (const [seen, { read }] of Object.entries(DOORS)) {
          t.same(await read(id), { state: 'cancelled', payload, result: undefined }, `read over ${seen}`)
        }
      })
    }
  }
}

for (const [by, { hold }] of Object.entries(WORKERS)) {
  for (const [over, { cancel, submit }] of Object.entries(DOORS)) {
    t.test(`runs over ${by}, cancelled over ${over}`, async (t) => {
      const type = `held-${by}-${over}`
      const id = await submit(type, '1')
      const watched = Object.values(DOORS).map((other) => other.watch(id))
      const ends = await hold(type)
      await cancel(id)
      await ends()
      t.same(await Promise.all(watched), ['cancelled', 'cancelled', 'cancelled'])
      for (const [seen, { read }] of Object.entries(DOORS)) {
        t.same(await read(id), { state: 'cancelled', payload: '1', result: undefined }, `read over ${seen}`)
      }
    })
  }
}

t.test('over HTTP bytes are base64, or are refused', async (t) => {
  for (const [payload, detail] of [
    ['no base64!', /payload: is not base64/],
    [{ a: 1 }, /payload: is not base64/],
    [undefined, /payload: is not base64/],
  ] as const) {
    const { status, body } = await served.ask('POST', '/tasks', { type: 'x', payload, payload_encoding: 'base64' })
    t.match({ status, body }, { status: 400, body: { field: 'payload', detail } })
  }
  const odd = await served.ask('POST', '/tasks', { type: 'x', payload: 'YQ==', payload_encoding: 'hex' })
  t.match(odd, { status: 400, body: { detail: /payload_encoding/ } })
})
