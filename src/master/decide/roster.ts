// The roster as clients see it, and the health of the cluster as the log tells it.
import type { PullWorkerField, WorkerField } from '../../protocol/messages.js'
import type { Turn, WorkerState } from '../state.js'

/** A quiet log still says now and then how the cluster is. */
export const HEALTH_MS = 30_000

export function roster(turn: Turn): WorkerField[] {
  const workers = [...turn.state.workers.values()]
  workers.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
  return workers.map((worker) => ({
    name: worker.name,
    incarnation: worker.incarnation,
    state: stateOf(worker),
    pid: worker.about?.pid ?? 0,
    hosts: worker.hosts,
    hostname: worker.about?.hostname ?? '',
    address: worker.place?.address ?? '',
    version: worker.about?.version ?? '',
    slots: worker.about?.slots ?? 0,
    running: runningAt(worker),
    types: worker.about?.types.map(({ type }) => type) ?? [],
    completed: worker.completed,
    failed: worker.failed,
    heardMsAgo: Math.max(0, Math.round(turn.at.monoMs - worker.heardAt)),
    ...(worker.about?.model !== undefined && { model: worker.about.model }),
    ...(worker.quarantined !== undefined && { quarantined: worker.quarantined }),
    ...(worker.memoryBytes !== undefined && { memoryBytes: worker.memoryBytes }),
  }))
}

/** A report is one line: of very many workers it tells those that were heard last. */
const PULL_ROSTER_CHARS_MAX = 1_000_000

export function pullRoster({ state: { pulls }, at }: Turn): PullWorkerField[] {
  const workers = [...pulls.workers.values()].sort((a, b) => b.heardAt - a.heardAt || (a.name < b.name ? -1 : 1))
  const list: PullWorkerField[] = []
  let chars = 0
  for (const worker of workers) {
    const field = pulls.field(worker, at.monoMs)
    chars += JSON.stringify(field).length
    if (chars > PULL_ROSTER_CHARS_MAX) break
    list.push(field)
  }
  return list
}

/** What it has told of as started may have to wait behind others a moment longer: no more run than it has slots. */
function runningAt({ leases, about }: WorkerState): number {
  return Math.min(leases.begun, about?.slots ?? leases.begun)
}

function stateOf(worker: WorkerState): WorkerField['state'] {
  if (worker.phase === 'away' || worker.expiring) return 'lost'
  if (worker.phase === 'draining') return 'draining'
  return worker.suspect || worker.ailing ? 'suspect' : 'ready'
}

export function tellHealth(turn: Turn): void {
  const { state } = turn
  if (turn.at.monoMs < state.healthAt) return
  state.healthAt = turn.at.monoMs + HEALTH_MS
  const workers = [...state.workers.values()]
  const count = (wanted: WorkerField['state']): number => workers.filter((worker) => stateOf(worker) === wanted).length
  const slots = workers.reduce(
    (sum, worker) => sum + (worker.session === undefined ? 0 : (worker.about?.slots ?? 0)),
    0,
  )
  const running = workers.reduce((sum, worker) => sum + runningAt(worker), 0)
  const others = (['suspect', 'draining', 'lost'] as const).filter((name) => count(name) > 0)
  const rest = others.map((name) => `, ${count(name)} ${name}`).join('')
  turn.log('info', `health: ${count('ready')} workers ready${rest}; ${running} of ${slots} slots busy`)
}
