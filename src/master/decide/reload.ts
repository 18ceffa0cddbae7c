// New code for workers that run. Which worker and in which order is for the client to say; the master hands the question on
// and the answer back, also where none comes any more.
import type { ClientMessage, MasterToClient, WorkerMessage } from '../../protocol/messages.js'
import type { SessionId } from '../events.js'
import type { Turn, WorkerState } from '../state.js'

type Answer = Extract<MasterToClient, { type: 'worker-reloaded' }>
type Ask = Extract<ClientMessage, { type: 'reload-worker' }>

export function askReload(turn: Turn, client: SessionId, { re, worker: incarnation }: Ask): void {
  const { state } = turn
  const worker = state.workers.get(incarnation)
  const why = worker === undefined ? 'it is not here any more' : whyNot(worker)
  if (worker?.session === undefined || why !== undefined) {
    turn.send(client, { type: 'worker-reloaded', re, status: 'gone', ...(why !== undefined && { problem: why }) })
    return
  }
  state.reloadsAsked += 1
  state.reloads.set(state.reloadsAsked, { client, re, asked: worker.session, worker })
  turn.send(worker.session, { type: 'reload', re: state.reloadsAsked })
}

function whyNot({ session, phase }: WorkerState): string | undefined {
  if (session === undefined) return 'it is not connected'
  return phase === 'draining' ? 'it drains' : undefined
}

export function reloaded(turn: Turn, { re, problem }: Extract<WorkerMessage, { type: 'reloaded' }>): void {
  if (problem === undefined) return answer(turn, re, { status: 'reloaded' })
  answer(turn, re, { status: 'refused', problem })
}

/** A worker of an older version. */
export function reloadUnsupported(turn: Turn, re: number | undefined): void {
  if (re !== undefined) answer(turn, re, { status: 'unsupported', problem: 'it is of a version that cannot reload' })
}

/** A worker's session has ended: it will not answer through that. */
export function reloadsLost(turn: Turn, session: SessionId): void {
  for (const [number, { asked }] of turn.state.reloads) {
    if (asked === session) answer(turn, number, { status: 'gone', problem: 'its connection ended meanwhile' })
  }
}

function answer(turn: Turn, number: number, outcome: Pick<Answer, 'status' | 'problem'>): void {
  const asked = turn.state.reloads.get(number)
  if (asked === undefined) return
  turn.state.reloads.delete(number)
  const level = outcome.status === 'reloaded' ? 'info' : 'warn'
  turn.log(level, `${asked.worker.name} was asked to load its modules anew: ${outcome.problem ?? 'done'}`)
  turn.send(asked.client, { type: 'worker-reloaded', re: asked.re, ...outcome })
}
