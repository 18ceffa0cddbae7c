// The hosts: one main host for all ordinary tasks, or one for each slot (`isolate`); and one for each suspect, which ends with
// it (P11); beside them those of a reload (reload.ts) and those that take another's place (recycle.ts). A host whose main thread is busy is well; one whose watchdog is silent is frozen, and is ended
// (section 5).
import { formatDuration } from '../../config.js'
import type { TaskError } from '../../task/task.js'
import type { HostId } from '../events.js'
import { type Host, NEVER, type State } from '../state.js'
import type { Duty, Turn } from '../turn.js'

/** Waits before the next host where hosts die without having been given anything to do. */
const SPAWN_BACKOFF_MS = [0, 500, 1_000, 2_000, 5_000] as const
/** Between two signs of life, and how many may fail to come before a host is taken for frozen. */
const SIGN_EVERY_MS_MAX = 500
const SIGNS_UNTIL_SUSPECT = 5
/** To load the task modules. */
const READY_MS_MAX = 60_000

export function spawn(turn: Turn, role: Host['role']): Host {
  const { state, at } = turn
  state.hostsMade += 1
  const host: Host = {
    id: state.hostsMade,
    role,
    phase: 'starting',
    pid: undefined,
    readyBy: at + READY_MS_MAX,
    aliveAt: at,
    silent: false,
    ...{ given: 0, begins: 0, line: { epoch: 1, recalled: false, stuck: false, lookAt: NEVER } },
    ...{ memoryBytes: 0, freshBytes: 0, blocked: false, heir: undefined },
    untimed: [],
    killedFor: undefined,
    lastWords: undefined,
  }
  state.hosts.set(host.id, host)
  const memoryBytesMax = memoryBytesMaxOf(state, host)
  turn.do({ kind: 'spawn', host: host.id, ...(memoryBytesMax !== undefined && { memoryBytesMax }) })
  if (state.confirmedAt !== undefined) tellDeadline(turn, host)
  return host
}

export function kill(turn: Turn, host: Host, why: NonNullable<Host['killedFor']>): void {
  if (host.phase === 'ending') return
  host.phase = 'ending'
  host.killedFor = why
  turn.do({ kind: 'kill', host: host.id })
}

/** What all code in it together may have: a slot's, for each slot that it may run. */
export function memoryBytesMaxOf({ config }: State, { role }: Host): number | undefined {
  const { slotBytesMax } = config.care
  if (slotBytesMax === undefined) return undefined
  return config.isolate || role === 'solo' ? slotBytesMax : config.slots * slotBytesMax
}

/** The host where ordinary tasks run, if it is not on its way out. */
export function mainHost(state: State): Host | undefined {
  for (const host of state.hosts.values()) if (host.role === 'main' && host.phase !== 'ending') return host
  return undefined
}

/** Hosts to which ordinary tasks come. */
function inService({ hosts }: State): readonly Host[] {
  return [...hosts.values()].filter(({ role, phase }) => (role === 'main' || role === 'own') && phase !== 'ending')
}

/** Whether an ordinary task could begin now, were there a slot. */
export function isInService(state: State): boolean {
  return inService(state).some(isUsable)
}

/** Where an ordinary task can run, perhaps in a moment. */
export function hostForNext(turn: Turn): Host | undefined {
  const { state } = turn
  if (!state.config.isolate) {
    const main = mainHost(state)
    return isUsable(main) ? main : undefined
  }
  const all = inService(state)
  const free = all.filter(({ id, silent }) => !silent && state.attempts.countIn(id) === 0)
  const next = free.find(isUsable) ?? free[0]
  if (next !== undefined) return next
  return all.length < state.config.slots && maySpawn(turn) ? spawn(turn, 'own') : undefined
}

/** There is always a main host, except where code must not run: with the lease over, and on the way out. */
export function keepMainHost(turn: Turn): void {
  const { state } = turn
  if (state.lease === 'ended' || state.drain !== undefined || state.exited) return
  // The next one is on its way already.
  if (state.reload !== undefined) return
  if (maySpawn(turn) && mainHost(state) === undefined) spawn(turn, 'main')
}

/** The host of a suspect ends with it, without waiting for anything else (P11); an old one when it is empty. */
export function endIdle(turn: Turn): void {
  const { attempts, hosts } = turn.state
  for (const host of hosts.values()) {
    if ((host.role !== 'solo' && host.role !== 'old') || host.phase === 'ending') continue
    if (attempts.countIn(host.id) === 0) kill(turn, host, 'idle')
  }
}

export function maySpawn(turn: Turn): boolean {
  return turn.state.spawnNotBefore === undefined || turn.at >= turn.state.spawnNotBefore
}

export function isUsable(host: Host | undefined): host is Host {
  return host?.phase === 'ready' && !host.silent
}

export function spawned(turn: Turn, id: HostId, pid: number): void {
  const host = turn.state.hosts.get(id)
  if (host === undefined) return
  host.pid = pid
  host.aliveAt = turn.at
}

export function alive(turn: Turn, id: HostId): void {
  const host = turn.state.hosts.get(id)
  if (host === undefined) return
  host.aliveAt = turn.at
  if (host.silent && host.phase !== 'ending') {
    host.silent = false
    turn.log('info', 'host gives signs of life again', { pid: host.pid })
  }
}

/** What a host still said before it ended by itself. */
export function lastWords(turn: Turn, id: HostId, error: TaskError): void {
  const host = turn.state.hosts.get(id)
  if (host !== undefined) host.lastWords = error
}

/** Says to every watchdog until when code may run. */
export function tellDeadlines(turn: Turn): void {
  for (const host of turn.state.hosts.values()) if (host.phase !== 'ending') tellDeadline(turn, host)
}

function tellDeadline(turn: Turn, host: Host): void {
  const { confirmedAt = NEVER, timings } = turn.state
  const signEveryMs = Math.min(SIGN_EVERY_MS_MAX, Math.round(timings.suspectMs / SIGNS_UNTIL_SUSPECT))
  turn.do({ kind: 'deadline', host: host.id, at: confirmedAt + timings.codeDeadMs, signEveryMs })
}

/** A host that died idle has only itself to blame: the next one waits, longer each time. */
export function backOff(turn: Turn): void {
  const { state } = turn
  const waitMs = SPAWN_BACKOFF_MS[Math.min(state.idleDeaths, SPAWN_BACKOFF_MS.length - 1)]!
  state.idleDeaths += 1
  state.spawnNotBefore = turn.at + waitMs
  if (waitMs > 0) turn.log('warn', `hosts die as soon as they start: the next one in ${formatDuration(waitMs)}`)
}

export const hostsDuty: Duty = {
  next(state) {
    let next = state.spawnNotBefore ?? NEVER
    for (const host of state.hosts.values()) {
      if (host.phase !== 'ending') next = Math.min(next, nextOf(state, host))
    }
    return next
  },

  due(turn) {
    if (maySpawn(turn)) turn.state.spawnNotBefore = undefined
    for (const host of turn.state.hosts.values()) if (host.phase !== 'ending') dueOf(turn, host)
  },
}

function nextOf(state: State, host: Host): number {
  const { suspectMs, codeDeadMs } = state.timings
  const silence = host.aliveAt + (host.silent ? codeDeadMs : suspectMs)
  return host.phase === 'starting' ? Math.min(silence, host.readyBy) : silence
}

function dueOf(turn: Turn, host: Host): void {
  const { suspectMs, codeDeadMs } = turn.state.timings
  if (!host.silent && turn.at >= host.aliveAt + suspectMs) {
    host.silent = true
    turn.log('warn', `host gives no sign of life for ${formatDuration(suspectMs)}: no new work`, { pid: host.pid })
  }
  if (turn.at >= host.aliveAt + codeDeadMs) {
    turn.log('error', `host gave no sign of life for ${formatDuration(codeDeadMs)}: killed`, { pid: host.pid })
    kill(turn, host, 'silence')
  } else if (host.phase === 'starting' && turn.at >= host.readyBy) {
    const message = `the task modules did not finish loading within ${formatDuration(READY_MS_MAX)}`
    turn.log('error', message, { pid: host.pid })
    host.lastWords = { code: 'bad_input', message }
    kill(turn, host, 'loading')
  }
}
