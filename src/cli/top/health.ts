// How the cluster is, in one word, and why. Pure.
import type { Colour } from '../terminal.js'
import type { TopState } from './state.js'

export type HealthWord = 'healthy' | 'degraded' | 'stalled' | 'stopping' | 'unreachable' | 'connecting'

export interface Health {
  readonly word: HealthWord
  readonly why: string
}

export const HEALTH_COLOURS: Readonly<Record<HealthWord, Colour>> = {
  healthy: 'green',
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
const NAMES_MAX = 3

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
  const { master, workers, pullWorkers, counts, unserved } = snapshot.status
  if (master.state === 'stopping') return { word: 'stopping', why: 'running tasks may end, no new ones begin' }
  const ready = workers.filter(({ state }) => state === 'ready').length
  const active = pullWorkers.filter(({ state }) => state === 'active').length
  const pending = counts.reduce((sum, { state, count }) => sum + (state === 'pending' ? count : 0), 0)
  const inState = (wanted: string): string[] => workers.filter(({ state }) => state === wanted).map(({ name }) => name)
  const left = [...gone.values()].filter(({ cutOff, atMs }) => cutOff && nowMs - atMs < TOLD_MS).map(({ name }) => name)
  const away = [...new Set([...inState('lost'), ...left])]
  const ill = [
    ...(away.length === 0
      ? []
      : [`${named(away)} ${away.length === 1 ? 'is' : 'are'} gone, what ran there runs again elsewhere`]),
    ...(inState('suspect').length === 0 ? [] : [`${named(inState('suspect'))}: not heard of in time, no new work`]),
    ...(unserved.length === 0 ? [] : [`no worker serves ${named(unserved)}`]),
  ]
  if (ready + active === 0 && pending > 0)
    return { word: 'stalled', why: ['tasks wait, and no worker is ready', ...ill].join('; ') }
  if (ready + active === 0) return { word: 'degraded', why: ['no worker is ready', ...ill].join('; ') }
  if (ill.length > 0) return { word: 'degraded', why: ill.join('; ') }
  const restarted = restartedAt !== undefined && nowMs - restartedAt < TOLD_MS ? '; the master was started anew' : ''
  return { word: 'healthy', why: `${readiness(ready, active)} ready${restarted}` }
}

function readiness(ready: number, active: number): string {
  const workers = ready + active
  return `${workers} ${workers === 1 ? 'worker' : 'workers'}`
}

function named(names: readonly string[]): string {
  const rest = names.length - NAMES_MAX
  return `${names.slice(0, NAMES_MAX).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}
