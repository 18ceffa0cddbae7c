// A line: tiny tasks that the main host is given beyond its slots, of which it runs as many at a time as it has slots. So what
// they are told with travels in lists: a message for each would cost more than the task.
//
// What always holds:
// - a line is worth LINE_MS of what its types have lately taken in the host, or is one short task, so that the next is there
//   when one ends; nothing in it may run once only (P10), or is a suspect (P11);
// - what has not begun can be taken back, and it is known exactly what that is (host/gate.ts): where one has waited for
//   WAIT_MS_MAX, whatever runs before it, all that wait go back uncharged (P15, P9), and there is no line until one has ended.
import type { HostId, WorkerEvent } from '../events.js'
import { type Attempt, type Host, NEVER, type State } from '../state.js'
import type { Duty, Turn } from '../turn.js'
import { settleEnded } from './endings.js'
import { isUsable, mainHost } from './hosts.js'
import { slower, WAIT_MS_MAX } from './pace.js'
import { settle } from './results.js'

const LINE_MS = 2
const LINE_MAX = 256
/** What takes longer is in no line. */
const SHORT_MS = 20

/** Where an attempt may be in a line, for there is no slot: with the main host, while nothing runs elsewhere. */
export function hostWithLine(state: State, { assignment }: Attempt): Host | undefined {
  const { attempts, config, took } = state
  const { type, suspect, maxAttempts } = assignment
  if (config.isolate || suspect === true || maxAttempts === 1) return undefined
  const tookMs = took.of(type)
  if (tookMs === undefined || tookMs > SHORT_MS) return undefined
  const main = mainHost(state)
  if (!isUsable(main) || main.line.stuck || isClosed(main) || attempts.inHosts > attempts.countIn(main.id))
    return undefined
  const length = attempts.inHosts - config.slots
  return length < Math.min(LINE_MAX, Math.max(1, (LINE_MS * config.slots) / tookMs)) ? main : undefined
}

/** What it was given last is being taken back: nothing comes to it before that is known. */
export function isClosed(host: Host | undefined): boolean {
  return host?.line.recalled === true
}

/** It was given something. */
export function lineUp({ state, at }: Turn, { id, line }: Host): void {
  if (line.lookAt === NEVER && state.attempts.countIn(id) > state.config.slots) line.lookAt = at + WAIT_MS_MAX
}

/** Something has ended in it. */
export function unstick({ state: { hosts } }: Turn, id: HostId): void {
  const host = hosts.get(id)
  if (host !== undefined) host.line.stuck = false
}

/** The first that has no slot for sure: those before it are as many as run at a time. */
function firstInLine({ attempts, config }: State, { id }: Host): Attempt | undefined {
  let before = 0
  for (const attempt of attempts.in(id)) {
    if (before === config.slots) return attempt
    before += 1
  }
  return undefined
}

/** So many have begun in it, and all others that it was given are ours again. */
export function recalled(turn: Turn, event: Extract<WorkerEvent, { kind: 'host-recalled' }>): void {
  const { state } = turn
  const host = state.hosts.get(event.host)
  if (host?.line.recalled !== true || host.line.epoch !== event.epoch) return
  host.line = { epoch: event.epoch + 1, recalled: false, stuck: true, lookAt: NEVER }
  host.given = event.begun
  host.begins = Math.min(host.begins, event.begun)
  host.untimed = host.untimed.filter(({ nth }) => nth <= event.begun)
  for (const attempt of [...state.attempts.in(host.id)]) {
    if (attempt.nth <= event.begun) continue
    if (attempt.ending === 'lost') attempt.ending = undefined
    if (attempt.ending !== undefined) settleEnded(turn, attempt)
    else settle(turn, attempt, { outcome: 'returned', reason: 'ahead', started: false })
  }
  slower(turn)
}

export const lineDuty: Duty = {
  next({ hosts }) {
    let next = NEVER
    for (const { line } of hosts.values()) next = Math.min(next, line.lookAt)
    return next
  },

  due(turn) {
    for (const host of turn.state.hosts.values()) if (host.line.lookAt <= turn.at) look(turn, host)
  },
}

function look(turn: Turn, host: Host): void {
  const { line } = host
  const first = firstInLine(turn.state, host)
  line.lookAt = first === undefined ? NEVER : first.sentAt + WAIT_MS_MAX
  if (line.lookAt > turn.at || host.phase === 'ending') return
  // Until it answers, or is gone.
  line.lookAt = NEVER
  line.recalled = true
  turn.do({ kind: 'recall', host: host.id, epoch: line.epoch })
}
