// How the cluster is as the screen says it: what the master told, and how long ago that was. Pure.
import { type ClusterWord, clusterHealth } from '../../client/health.js'
import type { Colour } from '../terminal.js'
import type { TopState } from './state.js'

export type HealthWord = ClusterWord | 'unreachable' | 'connecting'

export interface Health {
  readonly word: HealthWord
  readonly why: string
}

export const HEALTH_COLOURS: Readonly<Record<HealthWord, Colour>> = {
  healthy: 'green',
  waiting: 'yellow',
  degraded: 'yellow',
  stalled: 'red',
  stopping: 'yellow',
  unreachable: 'red',
  connecting: 'yellow',
}

/** Asked once a second: a master that says nothing for so long is not merely slow. */
const SILENT_MS = 3_000
/** What is over is told for so long. */
const TOLD_MS = 60_000

export function healthOf({ snapshot, gone, restartedAt, nowMs }: TopState): Health {
  if (snapshot === undefined) return { word: 'connecting', why: 'the master has not answered yet' }
  const silentMs = nowMs - snapshot.atMs
  if (silentMs >= SILENT_MS) {
    const since = `${Math.floor(silentMs / 1_000)}s`
    return {
      word: 'unreachable',
      why: `no word of the master for ${since}; this is how it was before`,
    }
  }
  const left = [...gone.values()].filter(({ cutOff, atMs }) => cutOff && nowMs - atMs < TOLD_MS).map(({ name }) => name)
  const health = clusterHealth(snapshot.status, left)
  const restarted = restartedAt !== undefined && nowMs - restartedAt < TOLD_MS
  return health.word === 'healthy' && restarted
    ? { ...health, why: `${health.why}; the master was started anew` }
    : health
}
