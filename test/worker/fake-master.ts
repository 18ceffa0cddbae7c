// A master for tests of a real worker: dials it with the real net code, answers its beats, records what it settles.
import { randomUUID } from 'node:crypto'
import { setInterval as every } from 'node:timers/promises'
import type { Connection, DialResult } from '../../src/net/connection.js'
import { dial } from '../../src/net/dial.js'
import { readKey } from '../../src/protocol/key.js'
import {
  type MasterToWorker,
  type Register,
  type Settlement,
  WORKER_MESSAGES,
  type WorkerMessage,
} from '../../src/protocol/messages.js'

export const SECRET = '5e'.repeat(32)
export const KEY = readKey(SECRET)
/** Word comes often, and nobody is given up because a loaded machine is late. */
const TIMINGS = { heartbeatMs: 500, suspectMs: 10_000, leaseMs: 30_000, codeDeadMs: 24_000 }
/** For tests that wait for their end. */
export const SHORT = { heartbeatMs: 500, suspectMs: 2_000, leaseMs: 5_000, codeDeadMs: 4_000 }
/** What somebody does after so long may be seen so much later. */
export const LATE_MS_MAX = 15_000
const PATIENCE_MS = 120_000

/** Polls until `check` gives something; fails with what it waited for. */
export async function until<Value>(
  what: string,
  check: () => Value | undefined | false | Promise<Value | undefined | false>,
): Promise<Value> {
  const start = performance.now()
  for await (const _ of every(20)) {
    const value = await check()
    if (value !== undefined && value !== false) return value
    if (performance.now() - start > PATIENCE_MS) break
  }
  throw new Error(`waited in vain for ${what}`)
}

export async function dialWorker(port: number, incarnation = 'master#1'): Promise<DialResult> {
  return dial({
    ...{ host: '127.0.0.1', port, expect: 'worker', accepts: WORKER_MESSAGES, connectMs: 5_000 },
    identity: { role: 'master', incarnation, key: KEY },
  })
}

interface Given {
  readonly type: string
  readonly payload?: unknown
  readonly timeoutMs?: number
  readonly suspect?: boolean
}

export class FakeMaster {
  readonly received: WorkerMessage[] = []
  readonly settlements: Settlement[] = []
  /** Beats are answered. */
  answers = true
  closed: string | undefined
  #seq = 0

  constructor(
    readonly connection: Connection,
    private readonly timings = TIMINGS,
  ) {
    connection.open({
      messages: (messages) => {
        for (const message of messages) this.#take(message as WorkerMessage)
      },
      closed: (reason) => {
        this.closed = reason
      },
    })
  }

  static async of(port: number, incarnation?: string, timings = TIMINGS): Promise<FakeMaster> {
    const result = await dialWorker(port, incarnation)
    if (result.kind !== 'connected') throw new Error(`dial: ${result.kind}`)
    const master = new FakeMaster(result.connection, timings)
    await until('the registration', () => master.register)
    return master
  }

  get register(): Register | undefined {
    return this.received.find((message) => message.type === 'register')
  }

  send(message: MasterToWorker): void {
    this.connection.send(message)
  }

  #take(message: WorkerMessage): void {
    this.received.push(message)
    switch (message.type) {
      case 'register':
        return this.send({ type: 'welcome', master: 'master#1', ...this.timings, stale: [] })
      case 'beat':
        if (this.answers) this.send({ type: 'heard', n: message.n, durable: message.n })
        return
      case 'results':
        this.settlements.push(...message.list)
        this.send({ type: 'recorded', list: message.list.map(({ lease }) => ({ lease, status: 'recorded' })) })
    }
  }

  /** Gives work; returns the leases. */
  assign(...list: Given[]): string[] {
    this.#seq += 1
    const leases = list.map(() => `lease-${randomUUID()}`)
    this.send({
      type: 'assign',
      seq: this.#seq,
      list: list.map(({ payload = null, ...given }, index) => ({
        ...{ id: `task-${leases[index]}`, lease: leases[index]!, queue: 'default', encoding: 'json' },
        ...{ payload: JSON.stringify(payload), attempt: 1, maxAttempts: 5, ...given },
      })),
    })
    return leases
  }

  settled(lease: string): Promise<Settlement> {
    return until(`the end of ${lease}`, () => this.settlements.find((settlement) => settlement.lease === lease))
  }

  /** Gives one task and waits for its end. */
  run(given: Given): Promise<Settlement> {
    return this.settled(this.assign(given)[0]!)
  }

  /** The first main host of the worker, as its beats show it. */
  async host(state = 'ready'): Promise<number> {
    const found = await until(`a ${state} host`, () => {
      const beat = this.received.findLast((message) => message.type === 'beat' || message.type === 'register')
      return beat !== undefined && 'hosts' in beat ? beat.hosts.find((host) => host.state === state) : undefined
    })
    return found.pid
  }
}
