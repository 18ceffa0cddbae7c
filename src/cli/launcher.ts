// What a launcher in the foreground and one in the background share: the start of a cluster, and what signals do to it.
import { resolve } from 'node:path'
import type { Settings } from '../config.js'
import { DtrError } from '../errors.js'
import { isLoopback } from '../launch/bind.js'
import { type Cluster, startCluster } from '../launch/cluster.js'
import { type EndSignal, onEndSignals } from './signals.js'

export interface Launch {
  readonly settings: Settings
  readonly tell: (line: string) => void
  /** Signals that are not for this launcher. */
  readonly ignored?: readonly EndSignal[]
  /** Gives the start up. */
  readonly signal?: AbortSignal
}

const ENDING = 'ending the cluster; once more to end it at once'

/** @returns the cluster, or none where the start was given up; then nothing is left of it */
export async function launch({ settings, tell, ignored, signal }: Launch): Promise<Cluster | undefined> {
  const starting = new AbortController()
  signal?.addEventListener('abort', () => starting.abort())
  let cluster: Cluster | undefined
  onEndSignals((count) => {
    if (cluster === undefined) return starting.abort()
    if (count > 2) return cluster.kill()
    tell(count === 1 ? ENDING : 'ending it at once; once more to kill it')
    void cluster.stop(count === 1 ? {} : { graceMs: 0 })
  }, ignored)
  try {
    cluster = await startCluster({ ...settings, http: settings.http ?? 'auto', tell, signal: starting.signal })
    if (!starting.signal.aborted) return cluster
    // Its workers were at work already, and it ends in order.
    tell(ENDING)
    await cluster.ended
    return undefined
  } catch (error) {
    if (starting.signal.aborted) return undefined
    throw inUse(error)
  }
}

function inUse(error: unknown): unknown {
  if (!(error instanceof DtrError) || error.code !== 'data_in_use') return error
  return new DtrError(error.code, error.message, {
    hint: 'dtr ps shows that cluster, dtr stop ends it; --data FOLDER starts one elsewhere',
    cause: error,
  })
}

export type Launched = Pick<Cluster, 'master' | 'workers' | 'gateway' | 'settings'>

export function whatRuns({ master, workers, gateway, settings }: Launched): readonly string[] {
  return [
    ...(master === undefined ? [] : [`master    ${settings.bind}:${master.port}  pid ${master.pid}`]),
    ...(gateway === undefined ? [] : [`gateway   ${placeOf(settings, gateway.port)}  pid ${gateway.pid}`]),
    ...workers.map(({ name, port, pid }) => `${name.padEnd(8)}  ${settings.bind}:${port}  pid ${pid}`),
  ]
}

/** Of a gateway: its first port is that of HTTP, where it has one. */
function placeOf({ http, grpc, httpBind }: Launched['settings'], port: number): string {
  if (http === 'off') return `grpc://${httpBind}:${port}`
  const also = typeof grpc === 'number' ? `, grpc://${httpBind}:${grpc}` : ''
  return `http://${httpBind}:${port}${also}`
}

/** @param named the data folder, where it was named; then other commands need it, too */
export function howToUse(
  { settings, gateway }: Launched,
  named: string | undefined,
  detached: boolean,
): readonly string[] {
  const data = named === undefined ? '' : ` --data ${resolve(named)}`
  const submits = settings.builtins
    ? [`submit sleep '{"ms": 500}' --wait${data}`, `map checksum --lines${data} < files.txt`]
    : [`submit TYPE '{"a": "payload"}' --wait${data}`, `map TYPE${data} < payloads.ndjson`]
  const anyone = settings.httpAuth === 'auto' && isLoopback(settings.httpBind)
  return [
    '',
    `logs     ${settings.logs}/master.log and worker-N.log`,
    `submit   dtr ${submits[0]}`,
    `         dtr ${submits[1]}`,
    ...(gateway === undefined || settings.http === 'off'
      ? []
      : [
          `http     curl localhost:${gateway.port}/tasks    all of it: http://localhost:${gateway.port}/docs`,
          ...(anyone ? ['         for all on this machine, without a key; not with --http-auth required'] : []),
        ]),
    `look     dtr status${data}    dtr ps${data}    dtr failed${data}`,
    `stop     ${detached ? '' : 'Ctrl-C here, or '}dtr stop${data}`,
  ]
}
