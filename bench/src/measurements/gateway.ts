// Over HTTP: how fast tasks are submitted in bulk, and claimed and settled by workers that pull; and what 2,000 open streams of
// events cost the gateway's memory and the throughput over TCP beside it. The callers are part of this one process.
import { once } from 'node:events'
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { Figure } from '../figures.js'
import { freePort } from '../free-port.js'
import { residentBytes } from '../machine.js'
import { PAYLOAD, RESULT } from '../system.js'
import { Dtr } from '../systems/dtr.js'

export interface GatewayOptions {
  readonly runs: number
  readonly tasks: number
  readonly streams: number
  readonly tell: (line: string) => void
}

/** Callers that are under way at the same time, with so many tasks a claim. */
const PULLERS = 16
const CLAIM_MAX = 50
/** Memory is looked at when it has come to rest. */
const REST_MS = 2_000

export async function gateway({ runs, tasks, streams, tell }: GatewayOptions): Promise<readonly Figure[]> {
  const bulk: Figure = figure('submits in bulk (NDJSON)', 'tasks/s')
  const single: Figure = figure(`${PULLERS} pullers claim ${CLAIM_MAX}, and settle one by one`, 'tasks/s')
  const listed: Figure = figure(`${PULLERS} pullers claim ${CLAIM_MAX}, and settle them in one request`, 'tasks/s')
  const alone: Figure = figure('TCP throughput, beside an idle gateway', 'tasks/s')
  const beside: Figure = figure(`TCP throughput, beside ${streams.toLocaleString('en')} open streams`, 'tasks/s')
  const memory: Figure = figure('memory of the gateway before them', 'MiB')
  const withStreams: Figure = figure(`memory of the gateway with ${streams.toLocaleString('en')} streams`, 'MiB')
  for (let run = 0; run < runs; run += 1) {
    const port = await freePort()
    const dtr = new Dtr({ http: port })
    try {
      await dtr.start()
      const door = new Door(port)
      await dtr.throughput(Math.ceil(tasks / 4))
      add(alone, (tasks / (await dtr.throughput(tasks))) * 1_000)
      await door.bulk('warm', Math.ceil(tasks / 10))
      add(bulk, await rateOf(tasks, () => door.bulk('single', tasks)))
      add(single, await rateOf(tasks, () => door.work('single', false)))
      await door.bulk('listed', tasks)
      add(listed, await rateOf(tasks, () => door.work('listed', true)))
      const { pid } = dtr.cluster.gateway!
      await pause(REST_MS)
      add(memory, residentBytes(pid) / 2 ** 20)
      const close = await door.listen(await door.one('nobody'), streams)
      add(beside, (tasks / (await dtr.throughput(tasks))) * 1_000)
      add(withStreams, residentBytes(pid) / 2 ** 20)
      close()
    } finally {
      await dtr.stop()
    }
    for (const { name, unit, values } of [bulk, single, listed, alone, beside, memory, withStreams])
      tell(`${name}: ${Math.round(values.at(-1) ?? 0)} ${unit}`)
  }
  return [bulk, single, listed, alone, beside, memory, withStreams]
}

function figure(name: string, unit: Figure['unit']): Figure {
  return { name, unit, values: [] }
}

function add({ values }: Figure, value: number): void {
  ;(values as number[]).push(value)
}

async function rateOf(count: number, work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return (count / (performance.now() - began)) * 1_000
}

interface Claimed {
  readonly task_id: string
  readonly lease_id: string
}

class Door {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: PULLERS })
  #worker = 0

  constructor(private readonly port: number) {}

  /** A task for each line. */
  async bulk(type: string, count: number): Promise<void> {
    const body = `${JSON.stringify({ type, payload: PAYLOAD })}\n`.repeat(count)
    const { accepted } = await this.#ask<{ accepted: number }>('/tasks/bulk', body, 'application/x-ndjson')
    if (accepted !== count) throw new Error(`${accepted} of ${count} tasks were accepted`)
  }

  async one(type: string): Promise<string> {
    return (await this.#post<{ id: string }>('/tasks', { type })).id
  }

  /** Until nothing is left. */
  async work(type: string, listed: boolean): Promise<void> {
    await Promise.all(Array.from({ length: PULLERS }, () => this.#pull(type, listed)))
  }

  async #pull(type: string, listed: boolean): Promise<void> {
    this.#worker += 1
    const worker_id = `puller-${this.#worker}`
    for (;;) {
      const claimed = await this.#post<readonly Claimed[]>('/tasks/claim', { worker_id, type, max: CLAIM_MAX })
      if (claimed.length === 0) return
      const settled = claimed.map(({ task_id, lease_id }) => ({ task_id, lease_id, result: RESULT }))
      if (listed) await this.#post('/tasks/settle', { worker_id, tasks: settled })
      else
        for (const { task_id, ...task } of settled)
          await this.#post(`/tasks/${task_id}/complete`, { worker_id, ...task })
    }
  }

  /** Streams that stay open. @returns what closes them */
  async listen(id: string, count: number): Promise<() => void> {
    const open: ClientRequest[] = []
    const path = `/tasks/${id}/events`
    for (let from = 0; from < count; from += 100) {
      const begun = Array.from({ length: Math.min(100, count - from) }, async () => {
        const asked = request({ host: '127.0.0.1', port: this.port, path, agent: false }).end()
        asked.on('error', () => {})
        open.push(asked)
        const [answer] = (await once(asked, 'response')) as [IncomingMessage]
        if (answer.statusCode !== 200) throw new Error(`a stream was answered ${answer.statusCode}`)
        answer.on('error', () => {})
        answer.resume()
      })
      await Promise.all(begun)
    }
    return () => {
      for (const asked of open) asked.destroy()
    }
  }

  #post<Answer>(path: string, body: unknown): Promise<Answer> {
    return this.#ask(path, JSON.stringify(body), 'application/json')
  }

  async #ask<Answer>(path: string, body: string, type: string): Promise<Answer> {
    const headers = { 'content-type': type, 'content-length': Buffer.byteLength(body) }
    const asked = request({ host: '127.0.0.1', port: this.port, path, method: 'POST', agent: this.#agent, headers })
    asked.end(body)
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    const text = (await answer.setEncoding('utf8').toArray()).join('')
    if ((answer.statusCode ?? 0) >= 300) throw new Error(`${path}: ${answer.statusCode} ${text}`)
    return JSON.parse(text) as Answer
  }
}
