// What a master might have answered, made by hand.
import type { Snapshot, Summary } from '../../../src/cli/top/rows.js'
import { initialState, step, type TopEvent, type TopState } from '../../../src/cli/top/state.js'

/** The moment at which a test begins. */
export const START_MS = Date.UTC(2026, 0, 2, 3, 4, 5)

type Status = Snapshot['status']
type Worker = Status['workers'][number]

export function worker(name: string, about: Partial<Worker> = {}): Worker {
  return {
    ...{
      name,
      incarnation: `${name}#1`,
      state: 'ready',
      pid: 1,
      hosts: [],
      hostname: 'here',
      address: '127.0.0.1:5000',
    },
    ...{ version: '0.1.0', slots: 2, running: 0, types: ['resize'], completed: 0, failed: 0, heardMsAgo: 10 },
    ...about,
  }
}

export function task(id: string, about: Partial<Summary> = {}): Summary {
  return {
    ...{ id, queue: 'default', type: 'resize', state: 'running', priority: 0, createdAt: START_MS - 60_000 },
    ...{ runAt: START_MS - 60_000, attempt: 1, uncharged: 0, forgiven: 0, suspect: false, cancelRequested: false },
    ...about,
  }
}

export function running(id: string, on: string, about: Partial<Summary> = {}): Summary {
  return task(id, { holder: `${on}#1`, grantedAt: START_MS - 12_000, ...about })
}

export function failed(id: string, message: string, about: Partial<Summary> = {}): Summary {
  const error = { code: 'task_failed', message }
  return task(id, { state: 'failed', holder: 'w1#1', endedAt: START_MS - 5_000, error, ...about })
}

export function snapshot(about: {
  readonly atMs?: number
  readonly workers?: readonly Worker[]
  readonly running?: readonly Summary[]
  readonly failed?: readonly Summary[]
  readonly status?: Partial<Status>
}): Snapshot {
  const { atMs = START_MS, workers = [], running = [], failed = [], status } = about
  const count = (state: Status['counts'][number]['state'], count: number) => ({
    queue: 'default',
    type: 'resize',
    state,
    count,
  })
  return {
    ...{ atMs, running, failed },
    status: {
      master: {
        incarnation: 'master#1',
        pid: 2,
        address: '127.0.0.1:4999',
        version: '0.1.0',
        upMs: 200_000,
        state: 'ready',
      },
      workers: [...workers],
      pullWorkers: [],
      counts: [count('running', running.length), count('failed', failed.length), count('completed', 1_204)],
      unserved: [],
      stale: 0,
      ...status,
    },
  }
}

export function stateOf(...snapshots: readonly Snapshot[]): TopState {
  return snapshots.reduce(
    (state, snapshot) => step(state, snapshot.atMs, { kind: 'polled', snapshot }).state,
    initialState(START_MS, '/home/me'),
  )
}

export function key(name: string): TopEvent {
  return { kind: 'key', key: name, text: [...name].length === 1 ? name : '', pageRows: 5, scrollMax: 20 }
}

export function press(state: TopState, ...keys: readonly string[]): TopState {
  return keys.reduce((before, name) => step(before, before.nowMs, key(name)).state, state)
}
