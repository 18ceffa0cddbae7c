// A worker that is only its half of the protocol: it registers, beats, and answers each assignment with the results of all
// that it brought. A thousand of them fit into one process.
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { Connection } from '../../../dist/src/net/connection.js'
import { dial } from '../../../dist/src/net/dial.js'
import type { ClusterKey } from '../../../dist/src/protocol/key.js'
import { MASTER_TO_WORKER_MESSAGES, type Message } from '../../../dist/src/protocol/messages.js'
import { RESULT } from '../system.js'

export interface FakeWorkerOptions {
  readonly port: number
  readonly key: ClusterKey
  readonly slots: number
  readonly heartbeatMs: number
}

const CONNECT_MS = 10_000
const MACHINE = 'fake'
/** What a worker takes ahead whose tasks take no time. */
const AHEAD = 1_000

export class FakeWorker {
  /** Resolves when it was welcomed. */
  static async join(name: string, options: FakeWorkerOptions): Promise<FakeWorker> {
    const { port, key } = options
    const incarnation = `${name}#${randomBytes(8).toString('hex')}`
    const met = await dial({
      ...{ host: '127.0.0.1', port, identity: { role: 'worker', incarnation, key }, expect: 'master' },
      ...{ accepts: MASTER_TO_WORKER_MESSAGES, connectMs: CONNECT_MS },
    })
    if (met.kind !== 'connected') throw new Error(`${name} was not let in: ${met.kind}`)
    return new Promise((resolve, reject) => {
      const worker = new FakeWorker(name, met.connection, options, () => resolve(worker))
      met.connection.open({
        messages: (messages) => messages.forEach((message) => void worker.#take(message)),
        closed: (reason) => {
          worker.end()
          reject(new Error(`${name}: ${reason}`))
        },
      })
    })
  }

  readonly #connection: Connection
  readonly #beats: NodeJS.Timeout
  #seen = 0
  #beat = 0

  private constructor(
    name: string,
    connection: Connection,
    { slots, heartbeatMs }: FakeWorkerOptions,
    private readonly welcomed: () => void,
  ) {
    this.#connection = connection
    connection.send({
      ...{ type: 'register', name, pid: process.pid, hostname: hostname(), machine: MACHINE, version: '0' },
      ...{ address: connection.peer.local, slots, queues: ['default'], types: [{ type: 'noop' }] },
      ...{ hosts: [], draining: false, leases: [] },
    })
    this.#beats = setInterval(() => this.#sendBeat(), heartbeatMs)
  }

  end(): void {
    clearInterval(this.#beats)
    this.#connection.destroy('the measurement is over')
  }

  #sendBeat(): void {
    this.#beat += 1
    this.#connection.send({ type: 'beat', n: this.#beat, seen: this.#seen, running: 0, hosts: [] })
  }

  #take(message: Message): void {
    if (message.type === 'welcome') {
      this.#sendBeat()
      this.welcomed()
    }
    if (message.type !== 'assign') return
    this.#seen = message.seq
    const list = message.list.map(({ id, lease }) => ({ id, lease }))
    this.#connection.send({ type: 'started', list })
    const result = JSON.stringify(RESULT)
    this.#connection.send({
      type: 'results',
      list: list.map((lease) => ({ ...lease, outcome: 'completed' as const, result })),
      ahead: AHEAD,
    })
  }
}
