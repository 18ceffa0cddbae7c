// The port on which a worker tells of itself. It is opened before the worker is there: where none is free nothing has begun.
import { once } from 'node:events'
import type { HttpPort } from '../../config.js'
import { DtrError } from '../../errors.js'
import { isLoopback } from '../../launch/bind.js'
import type { Log } from '../../log.js'
import type { WorkerTold } from '../../worker/told.js'
import { Caller, type Callers } from '../callers.js'
import { listen } from '../port.js'
import { buildPort } from './server.js'
import { workerHandlers } from './worker-service.js'

export interface WorkerPortOptions {
  readonly host: string
  /** The first that is tried. */
  readonly from: Exclude<HttpPort, 'off'>
  readonly log: Log
  readonly version: string
}

export interface WorkerPort {
  readonly port: number
  /** From here on it tells of this one. */
  tellOf(worker: { told(): WorkerTold }): void
  close(): Promise<void>
}

const FIRST = 50_053
const PORTS = 100

/** @throws DtrError `ports_taken`, `bad_input` */
export async function openWorkerPort({ host, from, log, version }: WorkerPortOptions): Promise<WorkerPort> {
  let worker: { told(): WorkerTold } | undefined
  const told = (): WorkerTold => {
    if (worker === undefined) throw new DtrError('stopping', 'this worker is not ready yet', { hint: 'ask again' })
    return worker.told()
  }
  const stopping = new AbortController()
  const serving = {
    ...{ callers: callersOf(host), log, version, stopping: stopping.signal },
    healthy: async () => {
      const { idleFor } = told()
      if (idleFor !== undefined) throw new DtrError('unreachable', WHY[idleFor])
    },
  }
  const { server, stop, stopNow } = buildPort({ Worker: (calls) => workerHandlers(calls, serving, told) }, serving)
  const first = from === 'auto' ? FIRST : from
  const last = Math.min(65_535, first + PORTS - 1)
  const port = await listen(server, host, { flag: 'worker-grpc', port: 'auto', first, last })
  return {
    port,
    tellOf(ready) {
      worker = ready
    },
    async close() {
      stopping.abort()
      const closed = once(server, 'close')
      stop()
      stopNow()
      await closed
    },
  }
}

const WHY: Readonly<Record<NonNullable<WorkerTold['idleFor']>, string>> = {
  'no master': 'it has no master',
  leaving: 'it is leaving, and takes no more work',
}

/** Keys are the master's to know: beyond loopback a worker tells whoever asks that it is well, and nothing of its tasks. */
function callersOf(host: string): Pick<Callers, 'admit'> {
  return {
    async admit(_credentials, role) {
      if (role === 'open' || isLoopback(host)) return new Caller({ role: 'read' }, () => () => {})
      throw new DtrError('forbidden', 'what a worker runs is told on its own machine only', {
        hint: 'a gateway tells it to whoever has a key: ListTasks',
      })
    },
  }
}
