// What a launcher in the foreground and one in the background share: the start of a cluster, and what signals do to it.
import { resolve } from 'node:path'
import type { Settings } from '../config.js'
import { DtrError } from '../errors.js'
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

/** @returns the cluster, or none where the start was given up; then nothing is left of it */
export async function launch({ settings, tell, ignored, signal }: Launch): Promise<Cluster | undefined> {
  const starting = new AbortController()
  signal?.addEventListener('abort', () => starting.abort())
  let cluster: Cluster | undefined
  onEndSignals((count) => {
    if (cluster === undefined) return starting.abort()
    if (count > 2) return cluster.kill()
    tell(count === 1 ? 'ending the cluster; once more to end it at once' : 'ending it at once; once more to kill it')
    void cluster.stop(count === 1 ? {} : { graceMs: 0 })
  }, ignored)
  try {
    cluster = await startCluster({ ...settings, tell, signal: starting.signal })
    return cluster
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

export type Launched = Pick<Cluster, 'master' | 'workers' | 'settings'>

export function whatRuns({ master, workers, settings }: Launched): readonly string[] {
  return [
    ...(master === undefined ? [] : [`master    ${settings.bind}:${master.port}  pid ${master.pid}`]),
    ...workers.map(({ name, port, pid }) => `${name.padEnd(8)}  ${settings.bind}:${port}  pid ${pid}`),
  ]
}

/** @param named the data folder, where it was named; then other commands need it, too */
export function howToUse({ settings }: Launched, named: string | undefined, detached: boolean): readonly string[] {
  const data = named === undefined ? '' : ` --data ${resolve(named)}`
  const submits = settings.builtins
    ? [`submit sleep '{"ms": 500}' --wait${data}`, `map checksum --lines${data} < files.txt`]
    : [`submit TYPE '{"a": "payload"}' --wait${data}`, `map TYPE${data} < payloads.ndjson`]
  return [
    '',
    `logs     ${settings.logs}/master.log and worker-N.log`,
    `submit   dtr ${submits[0]}`,
    `         dtr ${submits[1]}`,
    `look     dtr status${data}    dtr ps${data}    dtr failed${data}`,
    `stop     ${detached ? '' : 'Ctrl-C here, or '}dtr stop${data}`,
  ]
}
