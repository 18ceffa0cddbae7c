// What voters are worth, as far as a master acts on it: whoever is quarantined is offered nothing, and all are told why. The store
// itself grants nothing to such a voter, whatever a master has heard of it; here is what keeps offers from being made in vain.
import type { OperationOutcome, Quarantine, Reputations } from '../../store/store.js'
import type { SessionId } from '../events.js'
import type { PullWorker } from '../pulls.js'
import { type MasterState, mayBringWork, type Session, type Turn } from '../state.js'
import { voterOf } from './keys.js'

interface Asked {
  readonly session: SessionId
  readonly re: number
}

export function tellLeaderboard(
  turn: Turn,
  { id, key }: Session,
  re: number,
  { records, quarantined }: Reputations,
): void {
  const list = records.filter(({ type }) => key?.types?.includes(type) !== false).map(withModel)
  const told = new Set(list.map(({ voter }) => voter))
  const seen = key?.types === undefined ? quarantined : quarantined.filter(({ voter }) => told.has(voter))
  turn.send(id, { type: 'leaderboard-report', re, list, quarantined: seen.map((each) => ({ ...each })) })
}

function withModel({ model, ...record }: Reputations['records'][number]) {
  return model === undefined ? record : { ...record, model }
}

/** On disk: by votes of the batch that has been committed. */
export function quarantined(turn: Turn, list: readonly Quarantine[]): void {
  const { state } = turn
  for (const { voter, reason } of list) {
    state.quarantined.set(voter, reason)
    turn.log(
      'warn',
      `${voter} is given nothing more: ${reason}; dtr leaderboard --pardon ${voter} gives it another chance`,
    )
  }
  noteQuarantines(state)
}

export function pardon(turn: Turn, { id: session }: Session, re: number, voter: string): void {
  turn.enqueue({ kind: 'pardon', voter }, { kind: 'pardon', session, re })
}

export function pardoned(
  turn: Turn,
  { session, re }: Asked,
  voter: string,
  { status }: Extract<OperationOutcome, { kind: 'pardon' }>,
): void {
  const { state } = turn
  turn.send(session, { type: 'pardoned', re, status })
  if (status === 'kept') return
  state.quarantined.delete(voter)
  noteQuarantines(state)
  mayBringWork(state)
  turn.log('info', `${voter} is pardoned`)
}

/** At those whom it is about. */
export function noteQuarantines(state: MasterState): void {
  for (const worker of state.workers.values()) worker.quarantined = state.quarantined.get(worker.voter)
  for (const worker of state.pulls.workers.values()) noteQuarantine(state, worker)
}

/** At one that pulls: it votes as its key, or, without one, as its name. */
export function noteQuarantine({ quarantined }: MasterState, worker: PullWorker): void {
  const { key } = worker.about
  worker.quarantined = quarantined.get(key === undefined ? worker.name : voterOf({ id: key }))
}
