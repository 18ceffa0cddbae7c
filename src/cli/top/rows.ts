// What the list shows, row by row: each worker with what its slots run, and below that what failed. Pure.
import type { ClusterStatus, TaskPage } from '../../client/client.js'
import { memoryOf } from '../../client/worker-memory.js'
import { errorText, workerName } from '../story.js'

export type Summary = TaskPage['tasks'][number]

/** What was asked of the master at one moment. */
export interface Snapshot {
  /** On the clock of this process, as all moments of the screen. */
  readonly atMs: number
  readonly status: ClusterStatus
  /** The newest of those that run. */
  readonly running: readonly Summary[]
  /** The last that failed, the newest first. */
  readonly failed: readonly Summary[]
}

/** A worker of either kind. */
export interface WorkerView {
  /** What tasks name as their holder. */
  readonly holder: string
  readonly name: string
  readonly state: string
  /** None of one that is not there any more. */
  readonly busy?: { readonly running: number; readonly slots: number }
  readonly ended: number
  readonly failed: number
  /** Its own and its hosts'. */
  readonly memoryBytes?: number | undefined
}

/** One that was there, and is not in the roster any more. */
export interface GoneWorker {
  readonly name: string
  readonly atMs: number
  /** It did not leave in order. */
  readonly cutOff: boolean
}

export interface Row {
  /** Whatever else changes, it is the same row. */
  readonly key: string
  readonly task?: Summary | undefined
  /** Its first row: later ones are of the same worker. */
  readonly worker?: WorkerView | undefined
  readonly holder: string
}

/** As the master calls the holder of what a worker has pulled. */
const PULLED = '#pull'

export function workersOf({ status }: Snapshot): readonly WorkerView[] {
  const connected = status.workers.map((worker) => {
    const { name, incarnation, running, slots, completed, failed } = worker
    const held = { holder: incarnation, name, state: stateOf(worker), busy: { running, slots } }
    return { ...held, ended: completed + failed, failed, memoryBytes: memoryOf(worker) }
  })
  const pulling = status.pullWorkers.map((worker) => {
    const { id, running, slots, completed, failed } = worker
    const held = { holder: `${id}${PULLED}`, name: id, state: stateOf(worker), busy: { running, slots } }
    return { ...held, ended: completed + failed, failed }
  })
  return [...connected, ...pulling]
}

/** One that is given nothing more is not ready. Why, `dtr leaderboard` says. */
function stateOf({ state, quarantined }: { readonly state: string; readonly quarantined?: string }): string {
  return quarantined === undefined || state === 'lost' || state === 'offline' ? state : 'quarantined'
}

/** @param gone by name */
export function runningRows(snapshot: Snapshot, gone: ReadonlyMap<string, GoneWorker>, filter: string): readonly Row[] {
  const tasks = new Map<string, Summary[]>()
  for (const task of snapshot.running) {
    const { holder = '' } = task
    const held = tasks.get(holder)
    if (held === undefined) tasks.set(holder, [task])
    else held.push(task)
  }
  const there = workersOf(snapshot)
  const left = [...gone.values()].map(({ name, cutOff }) => ({
    ...{ holder: `${name}#`, name, state: cutOff ? 'gone' : 'left', ended: 0, failed: 0 },
  }))
  const known = new Set(there.map(({ holder }) => holder))
  const strange = [...tasks.keys()]
    .filter((holder) => !known.has(holder))
    .map((holder) => ({ holder, name: workerName(holder), state: 'away', ended: 0, failed: 0 }))
  const workers = [...there, ...left.filter(({ name }) => !strange.some((other) => other.name === name)), ...strange]
  // The master gives them in order.
  if (workers.length > there.length) workers.sort((one, other) => byName.compare(one.name, other.name))
  return workers.flatMap((worker) => rowsOf(worker, tasks.get(worker.holder) ?? [], filter))
}

export function failedRows({ failed }: Snapshot, filter: string): readonly Row[] {
  return failed
    .filter((task) => fits(filter, () => taskTexts(task)))
    .map((task) => ({ key: `failed ${task.id}`, task, holder: task.holder ?? '' }))
}

const byName = new Intl.Collator('en', { numeric: true })

/** Those that have run longest first. What a worker holds ready beyond its slots waits, and is not shown. */
function rowsOf(worker: WorkerView, tasks: readonly Summary[], filter: string): Row[] {
  const { holder, name, state, busy } = worker
  const shown = [...tasks]
    .sort((one, other) => (one.grantedAt ?? 0) - (other.grantedAt ?? 0) || (one.id < other.id ? -1 : 1))
    .slice(0, Math.max(1, busy?.slots ?? 1))
    .filter((task) => fits(filter, () => [name, state, ...taskTexts(task)]))
  if (shown.length === 0) return fits(filter, () => [name, state]) ? [{ key: `worker ${holder}`, worker, holder }] : []
  return shown.map((task, index) => ({
    ...{ key: `running ${task.id}`, task, holder },
    ...(index === 0 && { worker }),
  }))
}

function taskTexts(task: Summary): string[] {
  const { id, type, queue, description = '', holder = '', error } = task
  return [id, type, queue, description, workerName(holder), ...(error === undefined ? [] : [errorText(error)])]
}

function fits(filter: string, texts: () => readonly string[]): boolean {
  return filter === '' || texts().some((text) => text.toLowerCase().includes(filter.toLowerCase()))
}
