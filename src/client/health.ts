// How the cluster is, in one word, and why: the same for `dtr top`, the dashboard and whoever asks `GET /status`. Pure.
import type { ClusterStatus } from './client.js'

export type ClusterWord = 'healthy' | 'waiting' | 'degraded' | 'stalled' | 'stopping'

export interface ClusterHealth {
  readonly word: ClusterWord
  readonly why: string
}

type Told = Pick<ClusterStatus, 'master' | 'workers' | 'pullWorkers' | 'counts' | 'unserved'>

const NAMES_MAX = 3

/** @param left names of workers that were seen to go: a status tells only of those that are there */
export function clusterHealth(
  { master, workers, pullWorkers, counts, unserved }: Told,
  left: readonly string[] = [],
): ClusterHealth {
  if (master.state === 'stopping') return { word: 'stopping', why: 'running tasks may end, no new ones begin' }
  const ready = [
    ...workers.filter(({ state }) => state === 'ready'),
    ...pullWorkers.filter(({ state }) => state === 'active'),
  ]
  const inState = (wanted: string): string[] => [
    ...workers.flatMap(({ name, state }) => (state === wanted ? [name] : [])),
    ...pullWorkers.flatMap(({ id, state }) => (state === wanted ? [id] : [])),
  ]
  const pending = counts.filter(({ state }) => state === 'pending')
  const away = [...new Set([...inState('lost'), ...left])]
  const silent = [...inState('suspect'), ...inState('stale')]
  const ill = [
    ...(away.length === 0
      ? []
      : [`${named(away)} ${away.length === 1 ? 'is' : 'are'} gone, what ran there runs again elsewhere`]),
    ...(silent.length === 0 ? [] : [`${named(silent)}: not heard of in time, no new work`]),
  ]
  const waits = unserved.length === 0 ? [] : [`${countOf(pending, unserved)}: no worker serves ${named(unserved)}`]
  if (ready.length === 0 && pending.some(({ count }) => count > 0))
    return { word: 'stalled', why: ['tasks wait, and no worker is ready', ...ill].join('; ') }
  if (ready.length === 0) return { word: 'degraded', why: ['no worker is ready', ...ill].join('; ') }
  if (ill.length > 0) return { word: 'degraded', why: [...ill, ...waits].join('; ') }
  // The workers are well, and others' tasks go on: what is missing is a worker that somebody has to start.
  if (waits.length > 0) return { word: 'waiting', why: waits.join('; ') }
  return { word: 'healthy', why: busyness(ready) }
}

function countOf(pending: Told['counts'], types: readonly string[]): string {
  const count = pending.reduce((sum, { type, count }) => sum + (types.includes(type) ? count : 0), 0)
  return count === 1 ? '1 task waits' : `${count.toLocaleString('en')} tasks wait`
}

function busyness(ready: readonly { readonly running: number; readonly slots: number }[]): string {
  const slots = ready.reduce((sum, worker) => sum + worker.slots, 0)
  const busy = ready.reduce((sum, { running, slots }) => sum + Math.min(running, slots), 0)
  const workers = `${ready.length.toLocaleString('en')} ${ready.length === 1 ? 'worker' : 'workers'} ready`
  return `${workers}, ${busy === 0 ? 'nothing runs' : `${busy.toLocaleString('en')} of ${slots.toLocaleString('en')} slots busy`}`
}

function named(names: readonly string[]): string {
  const rest = names.length - NAMES_MAX
  return `${names.slice(0, NAMES_MAX).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}
