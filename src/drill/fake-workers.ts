// Workers that are only their half of the protocol: they dial in, register, beat, and play the drill's task without any
// code. Hundreds of them fit into one process; to the master they are as real as others.
import { randomBytes } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { type MonoMs, rawMonoMs } from '../clock.js'
import type { Connection } from '../net/connection.js'
import { dial } from '../net/dial.js'
import type { ClusterKey } from '../protocol/key.js'
import {
  type Assignment,
  MASTER_TO_WORKER_MESSAGES,
  type Message,
  type Settlement,
  type Welcome,
} from '../protocol/messages.js'
import type { Sign, Testimony } from './history.js'
import type { DrillPayload } from './witness-tasks.js'

const CONNECT_MS = 2_000
/** Between two dials of a worker that did not get through. */
const REDIAL_MS = 200

export interface FakeOptions {
  readonly port: number
  readonly key: ClusterKey
  readonly heartbeatMs: number
}

export class FakeWorker {
  /** When it was welcomed last, and when it last began a task. */
  welcomedMs: MonoMs | undefined
  startedMs: MonoMs | undefined
  readonly #name: string
  readonly #options: FakeOptions
  readonly #incarnation: string
  readonly #running = new Map<string, Assignment>()
  readonly #unrecorded = new Map<string, Settlement>()
  #connection: Connection | undefined
  #seen = 0
  #beat = 0
  #over = false

  constructor(name: string, options: FakeOptions) {
    this.#name = name
    this.#options = options
    this.#incarnation = `${name}#${randomBytes(8).toString('hex')}`
  }

  /** Dials until the master has welcomed it, and again whenever it was lost. */
  async run(): Promise<void> {
    const { port, key } = this.#options
    const identity = { role: 'worker', incarnation: this.#incarnation, key } as const
    while (!this.#over) {
      const result = await dial({
        ...{ host: '127.0.0.1', port, identity, connectMs: CONNECT_MS },
        ...{ expect: 'master', accepts: MASTER_TO_WORKER_MESSAGES },
      })
      if (result.kind === 'connected') await this.#serve(result.connection)
      else await pause(REDIAL_MS)
    }
  }

  /** As if its network had failed: it dials again at once. */
  cut(): void {
    this.welcomedMs = undefined
    this.startedMs = undefined
    this.#connection?.destroy('cut by the drill')
  }

  end(): void {
    this.#over = true
    this.#connection?.destroy('the drill is over')
  }

  #serve(connection: Connection): Promise<void> {
    if (this.#over) connection.destroy('the drill is over')
    this.#connection = connection
    connection.send({
      ...{ type: 'register', name: this.#name, pid: process.pid, hostname: 'drill', machine: 'drill' },
      ...{ address: connection.peer.local, version: '0', slots: 1, queues: ['default'], types: [{ type: 'drill' }] },
      ...{ hosts: [], draining: false, leases: [...this.#running.values(), ...this.#unrecorded.values()].map(leaseOf) },
    })
    const beats = setInterval(() => this.#sendBeat(), this.#options.heartbeatMs)
    return new Promise((resolve) => {
      connection.open({
        messages: (messages) => messages.forEach((message) => void this.#take(message)),
        closed: () => {
          clearInterval(beats)
          this.#connection = undefined
          resolve()
        },
      })
    })
  }

  #sendBeat(): void {
    this.#beat += 1
    const running = this.#running.size
    this.#connection?.send({ type: 'beat', n: this.#beat, seen: this.#seen, running, hosts: [] })
  }

  #take(message: Message): void {
    if (message.type === 'welcome') this.#welcomed(message)
    else if (message.type === 'assign') {
      this.#seen = message.seq
      for (const assignment of message.list) void this.#play(assignment)
    } else if (message.type === 'recorded') for (const { lease } of message.list) this.#unrecorded.delete(lease)
  }

  #welcomed({ stale }: Welcome): void {
    this.welcomedMs = rawMonoMs()
    for (const { lease } of stale) {
      this.#running.delete(lease)
      this.#unrecorded.delete(lease)
    }
    if (this.#unrecorded.size > 0) this.#connection?.send({ type: 'results', list: [...this.#unrecorded.values()] })
    this.#sendBeat()
  }

  async #play(assignment: Assignment): Promise<void> {
    const { id, lease, attempt, payload } = assignment
    const { ms, witness } = JSON.parse(payload) as DrillPayload
    const leave = (what: Sign['what']): void => {
      const sign: Sign = { what, task: id, attempt, lease, pid: process.pid, atMs: rawMonoMs() }
      appendFileSync(witness, `${JSON.stringify(sign)}\n`)
    }
    this.#running.set(lease, assignment)
    this.#connection?.send({ type: 'started', list: [{ id, lease }] })
    this.startedMs = rawMonoMs()
    leave('start')
    await pause(ms)
    if (!this.#running.delete(lease) || this.#over) return
    leave('end')
    const testimony: Testimony = { lease, attempt }
    const settlement: Settlement = { id, lease, outcome: 'completed', result: JSON.stringify(testimony) }
    this.#unrecorded.set(lease, settlement)
    this.#connection?.send({ type: 'results', list: [settlement] })
  }
}

function leaseOf({ id, lease }: { readonly id: string; readonly lease: string }): { id: string; lease: string } {
  return { id, lease }
}
