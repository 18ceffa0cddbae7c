// Over gRPC: how fast tasks are submitted in one stream, and done by workers that speak it, a stream each, beside the same over
// TCP; and what open streams of progress cost the gateway's memory and the throughput over TCP beside them. The callers are part
// of this one process.
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { credentials } from '@grpc/grpc-js'
import type { SubmitTasksResponse__Output as Submitted } from '../../../dist/src/gateway/grpc/generated/orchestrator/v1/SubmitTasksResponse.js'
import type { TaskAssignment__Output as Assignment } from '../../../dist/src/gateway/grpc/generated/orchestrator/v1/TaskAssignment.js'
import { orchestrator } from '../../../dist/src/gateway/grpc/protos.js'
import type { Figure } from '../figures.js'
import { freePort } from '../free-port.js'
import { residentBytes } from '../machine.js'
import { CONCURRENCY, PAYLOAD, RESULT } from '../system.js'
import { Dtr } from '../systems/dtr.js'

export interface GrpcOptions {
  readonly runs: number
  readonly tasks: number
  readonly streams: number
  readonly tell: (line: string) => void
}

/** Like the two of `dtr start`, with as many slots. */
const WORKERS = 2
/** Streams of progress that share a connection. */
const STREAMS_A_CONNECTION = 10
/** Memory is looked at when it has come to rest. */
const REST_MS = 2_000
/** Its own connection, and not one that another client of this process has. */
const OPTIONS = { 'grpc.use_local_subchannel_pool': 1 }

export async function grpc({ runs, tasks, streams, tell }: GrpcOptions): Promise<readonly Figure[]> {
  const many = streams.toLocaleString('en')
  const submits: Figure = { name: 'gRPC: submits in one stream (SubmitTasks)', unit: 'tasks/s', values: [] }
  const done: Figure = {
    name: `gRPC: ${WORKERS} workers' streams, ${CONCURRENCY} slots each, do them`,
    ...{ unit: 'tasks/s', values: [] },
  }
  const alone: Figure = { name: 'TCP throughput, beside an idle gateway of gRPC', unit: 'tasks/s', values: [] }
  const beside: Figure = {
    name: `TCP throughput, beside ${many} open streams of progress`,
    unit: 'tasks/s',
    values: [],
  }
  const before: Figure = { name: 'memory of the gateway of gRPC before them', unit: 'MiB', values: [] }
  const memory: Figure = { name: `memory of it with ${many} streams of progress`, unit: 'MiB', values: [] }
  const all = [alone, submits, done, before, memory, beside]
  const add = ({ values }: Figure, value: number): void => void (values as number[]).push(value)
  for (let run = 0; run < runs; run += 1) {
    const port = await freePort()
    const dtr = new Dtr({ http: 'off', grpc: port, grpcScheduler: port })
    const door = new Door(`127.0.0.1:${port}`)
    try {
      await dtr.start()
      await dtr.throughput(Math.ceil(tasks / 4))
      add(alone, (tasks / (await dtr.throughput(tasks))) * 1_000)
      await door.submit('warm', Math.ceil(tasks / 10))
      add(submits, await rateOf(tasks, () => door.submit('streamed', tasks)))
      add(done, await rateOf(tasks, () => door.work('streamed', tasks)))
      await pause(REST_MS)
      const { pid } = dtr.cluster.gateway!
      add(before, residentBytes(pid) / 2 ** 20)
      await door.follow((await dtr.client.submit('nobody')).id, streams)
      await pause(REST_MS)
      add(memory, residentBytes(pid) / 2 ** 20)
      add(beside, (tasks / (await dtr.throughput(tasks))) * 1_000)
    } finally {
      door.close()
      await dtr.stop()
    }
    for (const { name, unit, values } of all) tell(`${name}: ${Math.round(values.at(-1) ?? 0)} ${unit}`)
  }
  return all
}

async function rateOf(count: number, work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return (count / (performance.now() - began)) * 1_000
}

class Door {
  readonly #clients: { close(): void }[] = []

  constructor(private readonly address: string) {}

  close(): void {
    for (const client of this.#clients) client.close()
  }

  /** All in one stream, written as fast as it is read. */
  async submit(name: string, count: number): Promise<void> {
    const client = this.#own(new orchestrator.Gateway(this.address, credentials.createInsecure(), OPTIONS))
    const spec = { name, payload: Buffer.from(JSON.stringify(PAYLOAD)) }
    const { accepted } = await new Promise<Submitted>((resolve, reject) => {
      const stream = client.SubmitTasks((error, answer) => (error === null ? resolve(answer!) : reject(error)))
      const write = async (): Promise<void> => {
        for (let n = 0; n < count; n += 1) if (!stream.write(spec)) await once(stream, 'drain')
        stream.end()
      }
      write().catch(reject)
    })
    if (accepted !== count) throw new Error(`${accepted} of ${count} tasks were accepted`)
  }

  /** Until so many are recorded. */
  async work(name: string, count: number): Promise<void> {
    let left = count
    const streams: { end(): void }[] = []
    const output = Buffer.from(JSON.stringify(RESULT))
    await Promise.all(
      Array.from({ length: WORKERS }, async (_, index) => {
        const client = this.#own(new orchestrator.Scheduler(this.address, credentials.createInsecure(), OPTIONS))
        const stream = client.RegisterWorker()
        streams.push(stream)
        stream.write({ heartbeat: { workerId: `streams-${index}`, availableSlots: CONCURRENCY, taskNames: [name] } })
        await new Promise<void>((resolve, reject) => {
          stream.once('error', reject)
          stream.once('end', resolve)
          stream.on('data', ({ task, recorded }: Assignment) => {
            if (task) stream.write({ result: { taskId: task.taskId, leaseId: task.leaseId, output } })
            if (recorded?.outcome === 'RECORDED_OUTCOME_RECORDED') left -= 1
            if (left === 0) for (const each of streams) each.end()
          })
        })
      }),
    )
  }

  /** Streams of progress of one task, each told where it stands, that stay open. */
  async follow(taskId: string, count: number): Promise<void> {
    for (let from = 0; from < count; from += STREAMS_A_CONNECTION) {
      const client = this.#own(new orchestrator.Gateway(this.address, credentials.createInsecure(), OPTIONS))
      const begun = Array.from({ length: Math.min(STREAMS_A_CONNECTION, count - from) }, async () => {
        const stream = client.SubscribeProgress({ taskId })
        await once(stream, 'data')
        // The cluster ends before they do.
        stream.on('error', () => {})
      })
      await Promise.all(begun)
    }
  }

  #own<Client extends { close(): void }>(client: Client): Client {
    this.#clients.push(client)
    return client
  }
}
