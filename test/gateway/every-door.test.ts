// A task is the same over every door: submitted over any of TCP, HTTP and gRPC, it is watched, cancelled and read over any, and
// run by a worker of any.
import { once } from 'node:events'
import t from 'tap'
import type { TaskAssignment__Output as Assignment } from '../../src/gateway/grpc/generated/orchestrator/v1/TaskAssignment.js'
import type { TaskProgress__Output as Progress } from '../../src/gateway/grpc/generated/orchestrator/v1/TaskProgress.js'
import { all, ask, serveGrpc } from './grpc-served.js'
import { serveMaster } from './served.js'

const served = await serveMaster(t)
const { client } = served
const { gateway, scheduler } = await serveGrpc(t, client)

const PAYLOAD = '{"n":12345678901,"text":"\u00fc\\n"}'
const RESULT = '{"ok":[1,2.5,null]}'

interface Seen {
  readonly state: string
  readonly payload: string
  readonly result: string
}

interface Door {
  submit(type: string): Promise<string>
  read(id: string): Promise<Seen>
  /** In which state it ended. */
  watch(id: string): Promise<string>
  cancel(id: string): Promise<unknown>
}

const word = (status: string) => status.replace('TASK_STATUS_', '').toLowerCase()

const DOORS: Readonly<Record<string, Door>> = {
  tcp: {
    submit: async (type) => (await client.submit(type, JSON.parse(PAYLOAD))).id,
    async read(id) {
      const [task] = await client.get([id])
      return { state: task!.state, payload: task!.payload, result: task!.result ?? '' }
    },
    async watch(id) {
      for await (const event of client.watch(id)) if (event.kind === 'ended') return event.state
      throw new Error('it did not end')
    },
    cancel: (id) => client.cancel([id]),
  },
  http: {
    submit: async (type) => (await served.ask('POST', '/tasks', { type, payload: JSON.parse(PAYLOAD) })).body.id,
    async read(id) {
      const { body } = await served.ask('GET', `/tasks/${id}`)
      const { state, payload, result } = body
      return { state, payload: JSON.stringify(payload), result: result === undefined ? '' : JSON.stringify(result) }
    },
    async watch(id) {
      const { text } = await served.ask('GET', `/tasks/${id}/events`)
      const [, data = ''] = /event: ended\n(?:id: .*\n)?data: (.*)\n/.exec(text) ?? []
      return JSON.parse(data).state
    },
    cancel: (id) => served.ask('POST', `/tasks/${id}/cancel`),
  },
  grpc: {
    submit: async (name) => (await ask(gateway, gateway.SubmitTask, { name, payload: Buffer.from(PAYLOAD) })).taskId,
    async read(taskId) {
      const { status, payload, result } = await ask(gateway, gateway.GetTask, { taskId })
      return { state: word(status), payload: payload.toString(), result: result.toString() }
    },
    async watch(taskId) {
      const told = await all<Progress>(gateway.SubscribeProgress({ taskId }))
      return word(told.at(-1)?.result?.status ?? 'none')
    },
    cancel: (taskId) => ask(gateway, gateway.CancelTask, { taskId }),
  },
}

/** Each runs the next task of a type. */
const WORKERS: Readonly<Record<string, (type: string) => Promise<void>>> = {
  async http(type) {
    const claim = { worker_id: 'over-http', types: [type], wait: '20s' }
    const [task] = (await served.ask('POST', '/tasks/claim', claim)).body
    const result = JSON.parse(RESULT)
    await served.ask('POST', `/tasks/${task.id}/complete`, { worker_id: 'over-http', result })
  },
  async grpc(type) {
    const stream = scheduler.RegisterWorker()
    stream.write({ heartbeat: { workerId: 'over-grpc', availableSlots: 1, taskNames: [type] } })
    stream.on('data', ({ task }: Assignment) => {
      if (!task) return
      const { taskId, leaseId } = task
      stream.write({ result: { taskId, leaseId, output: Buffer.from(RESULT) } })
      stream.end()
    })
    await once(stream, 'end')
  },
}

for (const [from, door] of Object.entries(DOORS)) {
  for (const [by, run] of Object.entries(WORKERS)) {
    t.test(`submitted over ${from}, run over ${by}`, async (t) => {
      const type = `${from}-${by}`
      const id = await door.submit(type)
      const watched = Object.values(DOORS).map((other) => other.watch(id))
      await run(type)
      t.same(await Promise.all(watched), ['completed', 'completed', 'completed'])
      for (const [over, { read }] of Object.entries(DOORS)) {
        t.same(await read(id), { state: 'completed', payload: PAYLOAD, result: RESULT }, `read over ${over}`)
      }
    })
  }
  for (const [over, { cancel }] of Object.entries(DOORS)) {
    t.test(`submitted over ${from}, cancelled over ${over}`, async (t) => {
      const id = await door.submit('nobody-does-it')
      const watched = Object.values(DOORS).map((other) => other.watch(id))
      await cancel(id)
      t.same(await Promise.all(watched), ['cancelled', 'cancelled', 'cancelled'])
      for (const [seen, { read }] of Object.entries(DOORS)) {
        t.same(await read(id), { state: 'cancelled', payload: PAYLOAD, result: '' }, `read over ${seen}`)
      }
    })
  }
}
