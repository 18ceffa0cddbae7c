// The process of a gateway: a client of the master, the ports on which it serves HTTP and gRPC, and their ends. It holds
// nothing: whoever kills it costs its callers their connections, and another one serves them as well.
import { once } from 'node:events'
import { connect } from '../client/connect.js'
import { systemClock } from '../clock.js'
import type { HttpAuth, HttpPort } from '../config.js'
import { DtrError, EXIT_OK } from '../errors.js'
import { isLoopback } from '../launch/bind.js'
import type { Log } from '../log.js'
import { removeRunFile, writeRunFile } from '../net/run-file.js'
import type { Tracing } from '../tracing/tracing.js'
import { Callers } from './callers.js'
import { ClusterLink } from './cluster-link.js'
import type { ClusterService } from './grpc/cluster-port.js'
import type { SubmitDefaults } from './http/submission.js'
import { listen, type Port, type Wanted } from './port.js'

export interface GatewayOptions {
  readonly name: string
  readonly data: string | undefined
  readonly master: string | undefined
  /** The secret of the cluster, or a key: then it can do no more for its callers than that. */
  readonly credential: { readonly secret: string } | { readonly key: string }
  readonly http: HttpPort
  /** For those who have work done, and for those who do it; one port may serve both. */
  readonly grpc: HttpPort
  readonly grpcScheduler: HttpPort
  readonly bind: string
  /** Listens beyond loopback without TLS, knowing that others can read along. */
  readonly plaintext: boolean
  /** Whether callers on loopback need a key; beyond it they always do. */
  readonly auth: HttpAuth
  /** Names by which it may be called besides those of loopback. */
  readonly hosts: readonly string[]
  readonly defaults: SubmitDefaults
  readonly log: Log
  readonly version: string
  readonly dev: boolean
  readonly runFolder: string
  readonly tracing?: Tracing | undefined
}

export interface GatewayHandle {
  /** The first of its ports: that of HTTP, where it has one. */
  readonly port: number
  /** Resolves with the exit code when nobody is served any more. */
  readonly ended: Promise<number>
  /** Takes no more requests; those that are under way are answered, what waits with what is known. */
  stop(): void
  stopNow(): void
}

/** Where a gateway can be reached: `http://127.0.0.1:8000`. */
interface Place {
  readonly port: number
  readonly url: string
}

/** What all its ports stand on. */
interface Common {
  readonly options: GatewayOptions
  readonly link: ClusterLink
  readonly callers: Callers
  readonly stopping: AbortSignal
}

/** @throws DtrError `no_cluster`, `unauthorised`, `ports_taken`, or `bad_input` */
export async function startGateway(options: GatewayOptions): Promise<GatewayHandle> {
  const { name, data, master, credential, bind, auth, log, runFolder, tracing } = options
  checkHttpBind(options)
  const required = auth === 'required' || !isLoopback(bind)
  const client = await connect({ data, master, ...credential, otel: tracing !== undefined })
  const stopping = new AbortController()
  const open: Port[] = []
  const stopNow = (): void => {
    for (const port of open) port.stopNow()
  }
  const stop = (): void => {
    log.info('ending')
    stopping.abort()
    for (const port of open) port.stop()
  }
  try {
    const link = new ClusterLink(client)
    const common = { options, link, callers: new Callers(link, required), stopping: stopping.signal }
    const places: Place[] = []
    for (const { scheme, wanted, build } of portsOf(common)) {
      const port = await build()
      const number = await listen(port.server, bind, wanted)
      open.push(port)
      places.push({ port: number, url: `${scheme}://${bind}:${number}` })
    }
    const [first] = places
    if (first === undefined) throw new DtrError('bad_input', '--http off without --grpc: a gateway needs a port')
    const { pid } = process
    const startedAt = new Date().toISOString()
    writeRunFile(runFolder, { name, role: 'gateway', pid, host: bind, port: first.port, startedAt })
    const forWhom = required ? 'for those with a key' : 'for all on this machine, without a key'
    log.info(`gateway ready: ${places.map(({ url }) => url).join(', ')}, ${forWhom}`)
    const ended = Promise.all(open.map(({ server }) => once(server, 'close'))).then(() => {
      removeRunFile(runFolder, name, pid)
      client.close()
      return EXIT_OK
    })
    return { port: first.port, ended, stop, stopNow }
  } catch (error) {
    stop()
    stopNow()
    client.close()
    throw error
  }
}

interface PortPlan {
  readonly scheme: 'http' | 'grpc'
  readonly wanted: Wanted
  readonly build: () => Promise<Port>
}

function portsOf(common: Common): PortPlan[] {
  const { http, grpc, grpcScheduler } = common.options
  const plans: PortPlan[] = []
  if (http !== 'off') {
    const wanted = { flag: 'http', port: http, first: 8_000, last: 8_099 }
    plans.push({ scheme: 'http', wanted, build: () => httpPort(common) })
  }
  const both = typeof grpc === 'number' && grpc === grpcScheduler
  if (grpc !== 'off') {
    const wanted = { flag: 'grpc', port: grpc, first: 50_051, last: 50_150 }
    const names: ClusterService[] = both ? ['Gateway', 'Scheduler'] : ['Gateway']
    plans.push({ scheme: 'grpc', wanted, build: () => grpcPort(names, common) })
  }
  if (grpcScheduler !== 'off' && !both) {
    const wanted = { flag: 'grpc-scheduler', port: grpcScheduler, first: 50_052, last: 50_151 }
    plans.push({ scheme: 'grpc', wanted, build: () => grpcPort(['Scheduler'], common) })
  }
  return plans
}

// What a gateway does not speak it does not load.

async function httpPort({ options, link, callers, stopping }: Common): Promise<Port> {
  const { hosts, bind, defaults, log, version, dev, tracing } = options
  const { buildHttpPort } = await import('./http/port.js')
  const serving = { link, defaults, log, version, dev, tracing }
  return buildHttpPort({ serving, callers, stopping, names: [...hosts, bind] })
}

async function grpcPort(names: readonly ClusterService[], { options, link, callers, stopping }: Common): Promise<Port> {
  const { log, version, tracing } = options
  const { buildClusterPort } = await import('./grpc/cluster-port.js')
  return buildClusterPort(names, { link, callers, clock: systemClock, log, version, stopping, tracing })
}

/** Beyond this machine a key crosses the network as it is: somebody must have said that this is meant. */
function checkHttpBind({ bind, plaintext, auth }: Pick<GatewayOptions, 'bind' | 'plaintext' | 'auth'>): void {
  if (isLoopback(bind)) return
  if (auth === 'none') {
    throw new DtrError(
      'bad_input',
      `--http-auth none with --http-bind ${bind} would serve whoever reaches this machine`,
      {
        hint: 'leave --http-auth away: beyond loopback each request needs a key',
      },
    )
  }
  if (plaintext) return
  throw new DtrError('bad_input', `--http-bind ${bind} listens beyond this machine, and nothing is encrypted`, {
    hint: 'stay on 127.0.0.1 behind a proxy that speaks TLS, or say --plaintext where others may read keys and tasks along',
  })
}
