// The modules anew, without losing a running task: a second main host starts beside the first. Once it is ready new work goes
// to it, and the old one ends when what it runs has ended. Where it cannot be made ready the old one stays in service.
//
//   (none) --asked--> next is starting --ready--> it is the main host, the former ones are old --empty--> killed
//                        |        \--asked again: it is killed, another one starts
//                        +--dead, unfit, drained, lease over--> told as failed
//
// What always holds: at most one reload is under way, and whoever asked for it is answered once.
import type { ServedType } from '../../runner/runner.js'
import type { HostId } from '../events.js'
import type { Host } from '../state.js'
import type { Turn } from '../turn.js'
import { kill, spawn } from './hosts.js'
import { inherit } from './recycle.js'
import { settle } from './results.js'

/** @param re of the master's question; none where a change on disk asks */
export function reload(turn: Turn, re?: number): void {
  const { state } = turn
  const asked = re === undefined || state.session === undefined ? [] : [{ session: state.session.id, re }]
  const before = state.reload
  state.reload = { host: undefined, asked: [...(before?.asked ?? []), ...asked] }
  if (state.drain !== undefined) return fail(turn, 'this worker drains: it begins nothing more')
  if (state.lease === 'ended')
    return fail(turn, 'this worker has no lease: its next host loads the modules as they are then')
  const stale = before?.host === undefined ? undefined : state.hosts.get(before.host)
  if (stale !== undefined) kill(turn, stale, 'idle')
  turn.log('info', 'loading the task modules anew')
  state.reload.host = spawn(turn, 'next').id
}

/** A host has loaded its modules. */
export function ready(turn: Turn, id: HostId, types: readonly ServedType[]): void {
  const { state } = turn
  const host = state.hosts.get(id)
  if (host?.phase !== 'starting') return
  host.phase = 'ready'
  host.aliveAt = turn.at
  if (host.role === 'next') takeOver(turn, host)
  else if (host.role === 'heir') inherit(turn, host)
  turn.log(state.accepting ? 'debug' : 'info', 'host is ready', { pid: host.pid, types: types.length })
  const served = new Map(types.map((entry) => [entry.type, entry]))
  if (!state.accepting) {
    state.served = served
    state.accepting = true
    // From now on a master can find it: to load the modules may take longer than one may be missed.
    state.loss ??= { at: turn.at, marksTold: 0 }
    turn.do({ kind: 'accept' })
  } else if (JSON.stringify(types) !== JSON.stringify([...state.served.values()])) {
    // The modules changed on disk since: what is told of them must be what runs.
    state.served = served
    handBackUnserved(turn)
    // Its registration, which comes before this, said otherwise: whether it was answered yet or not.
    turn.tell({ type: 'serves', types: [...types] })
  }
}

/** The next host has loaded its modules. */
function takeOver(turn: Turn, next: Host): void {
  const { state } = turn
  let running = 0
  for (const host of state.hosts.values()) {
    if (host.role !== 'main' && host.role !== 'own') continue
    host.role = 'old'
    running += state.attempts.countIn(host.id)
  }
  next.role = 'main'
  state.idleDeaths = 0
  turn.log('info', 'the task modules were loaded anew', { pid: next.pid, running })
  answer(turn)
}

/** Its modules may serve other types than before: what waits here and is not served any more goes back. */
function handBackUnserved(turn: Turn): void {
  const { attempts, served } = turn.state
  for (const attempt of attempts) {
    if (attempt.phase !== 'ready' || served.has(attempt.assignment.type)) continue
    settle(turn, attempt, { outcome: 'returned', reason: 'unserved', started: false })
  }
}

/** The next host is gone before it was ready. */
export function nextEnded(turn: Turn, host: Host, why: string): void {
  if (turn.state.reload?.host === host.id) fail(turn, why)
}

/** Leaving: nobody waits for new code. */
export function giveUpReload(turn: Turn): void {
  const { reload: under, hosts } = turn.state
  const next = under?.host === undefined ? undefined : hosts.get(under.host)
  if (next !== undefined) kill(turn, next, 'idle')
  if (under !== undefined) fail(turn, 'this worker drains: it begins nothing more')
}

function fail(turn: Turn, message: string): void {
  turn.log('error', `the task modules were not loaded anew: ${message}`)
  answer(turn, message)
}

/** Whoever asked through a session that is gone has given up. */
function answer(turn: Turn, problem?: string): void {
  const { state } = turn
  for (const { session, re } of state.reload?.asked ?? []) {
    if (session !== state.session?.id) continue
    turn.tell({ type: 'reloaded', re, ...(problem !== undefined && { problem }) })
  }
  state.reload = undefined
  turn.do({ kind: 'reloaded', ...(problem !== undefined && { problem }) })
}
