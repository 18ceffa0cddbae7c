// All that `dtr top` knows, and what becomes of it with each thing that happens. Pure: what is to be done is returned as
// effects. What always holds: a task is cancelled or retried only after a yes to a question that names it.
import type { TaskLog } from '../../client/task-events.js'
import type { TaskField } from '../../protocol/messages.js'
import { Rates } from './rates.js'
import { failedRows, type GoneWorker, type Row, runningRows, type Snapshot, type Summary, workersOf } from './rows.js'

export type Act = 'cancel' | 'retry'

/** A task that is looked at. */
export interface Looking {
  readonly id: string
  readonly task?: TaskField
  readonly logs: readonly TaskLog[]
  /** Why there is nothing to see. */
  readonly problem?: string
  readonly scroll: number
}

export interface TopState {
  readonly nowMs: number
  /** Paths below it are shown relative to it. */
  readonly folder: string
  readonly snapshot: Snapshot | undefined
  readonly rates: Rates
  readonly gone: ReadonlyMap<string, GoneWorker>
  /** When another incarnation of the master answered for the first time. */
  readonly restartedAt: number | undefined
  /** The row under the marker, and where it was when it was seen last. */
  readonly selected: { readonly key: string; readonly index: number } | undefined
  readonly filter: string
  /** What is typed goes to the filter. */
  readonly typing: boolean
  readonly looking: Looking | undefined
  readonly question: { readonly act: Act; readonly id: string; readonly what: string } | undefined
  readonly notice: { readonly text: string; readonly bad: boolean; readonly untilMs: number } | undefined
  readonly helps: boolean
}

export type TopEvent =
  | { readonly kind: 'polled'; readonly snapshot: Snapshot }
  | {
      readonly kind: 'looked'
      readonly id: string
      readonly task: TaskField | undefined
      readonly logs: readonly TaskLog[]
    }
  | { readonly kind: 'told'; readonly text: string; readonly bad: boolean }
  | KeyEvent
  | { readonly kind: 'tick' }

export interface KeyEvent {
  readonly kind: 'key'
  readonly key: string
  /** What it types. */
  readonly text: string
  /** Of the screen on which it was pressed. */
  readonly pageRows: number
  readonly scrollMax: number
}

export type TopEffect =
  | { readonly kind: 'act'; readonly act: Act; readonly id: string }
  /** What is looked at has changed: it is to be asked for now. */
  | { readonly kind: 'look'; readonly id: string }
  | { readonly kind: 'quit' }

export interface Stepped {
  readonly state: TopState
  readonly effects: readonly TopEffect[]
}

/** Of a worker that is gone. */
const GONE_MS = 60_000
const NOTICE_MS = 6_000
const FILTER_CHARS_MAX = 60

export function initialState(nowMs: number, folder: string): TopState {
  return {
    ...{ nowMs, folder, snapshot: undefined, rates: new Rates(), gone: new Map(), restartedAt: undefined },
    ...{ selected: undefined, filter: '', typing: false, looking: undefined, question: undefined },
    ...{ notice: undefined, helps: false },
  }
}

export function step(before: TopState, nowMs: number, event: TopEvent): Stepped {
  const notice = before.notice !== undefined && before.notice.untilMs > nowMs ? before.notice : undefined
  const state: TopState = { ...before, nowMs, notice }
  switch (event.kind) {
    case 'polled':
      return only(polled(state, event.snapshot))
    case 'looked': {
      const { looking } = state
      if (looking?.id !== event.id) return only(state)
      const { task, logs } = event
      const seen: Looking = { id: looking.id, scroll: looking.scroll, logs, ...(task !== undefined && { task }) }
      return only({
        ...state,
        looking: task === undefined ? { ...seen, problem: 'no such task is known any more' } : seen,
      })
    }
    case 'told':
      return only({ ...state, notice: { text: event.text, bad: event.bad, untilMs: nowMs + NOTICE_MS } })
    case 'key':
      return pressed({ ...state, notice: undefined }, event)
    case 'tick':
      return only(state)
  }
}

/** Those of the list, from the top of the screen to its end. */
export function rowsOf({ snapshot, gone, filter }: TopState): readonly Row[] {
  if (snapshot === undefined) return []
  return [...runningRows(snapshot, gone, filter), ...failedRows(snapshot, filter)]
}

/** Where the marker is among these rows. Where its row is gone, it stays at its place. */
export function selectedIndex({ selected }: TopState, rows: readonly Row[]): number | undefined {
  if (selected === undefined || rows.length === 0) return undefined
  const found = rows.findIndex(({ key }) => key === selected.key)
  return found === -1 ? Math.min(selected.index, rows.length - 1) : found
}

function only(state: TopState): Stepped {
  return { state, effects: [] }
}

function polled(state: TopState, snapshot: Snapshot): TopState {
  const { snapshot: before, nowMs } = state
  const workers = workersOf(snapshot)
  const ended = new Map(workers.map(({ holder, ended }) => [holder, ended]))
  const there = new Set(workers.map(({ name }) => name))
  const kept = [...state.gone].filter(([name, { atMs }]) => !there.has(name) && nowMs - atMs < GONE_MS)
  const gone = new Map<string, GoneWorker>(kept)
  for (const { name, state: how, busy } of before === undefined ? [] : workersOf(before)) {
    if (busy === undefined || there.has(name)) continue
    gone.set(name, { name, atMs: snapshot.atMs, cutOff: how !== 'draining' && how !== 'offline' })
  }
  const restarted = before !== undefined && before.status.master.incarnation !== snapshot.status.master.incarnation
  const next = {
    ...{ ...state, snapshot, gone, rates: state.rates.with({ atMs: snapshot.atMs, ended }) },
    ...(restarted && { restartedAt: nowMs }),
  }
  return selectedAt(next, selectedIndex(state, rowsOf(next)))
}

function selectedAt(state: TopState, index: number | undefined): TopState {
  const row = index === undefined ? undefined : rowsOf(state)[index]
  return { ...state, selected: row === undefined || index === undefined ? undefined : { key: row.key, index } }
}

function pressed(state: TopState, event: KeyEvent): Stepped {
  if (event.key === 'ctrl-c') return { state, effects: [{ kind: 'quit' }] }
  if (state.question !== undefined) return answered(state, event)
  if (state.typing) return only(typed(state, event))
  if (state.helps) return only({ ...state, helps: false })
  switch (event.key) {
    case 'q':
      return { state, effects: [{ kind: 'quit' }] }
    case '?':
    case 'h':
      return only({ ...state, helps: true })
    case 'c':
      return only(asking(state, 'cancel'))
    case 'r':
      return only(asking(state, 'retry'))
  }
  return state.looking === undefined ? inList(state, event) : only(inTask(state, state.looking, event))
}

/** Anything but a yes is a no. */
function answered(state: TopState, { key }: KeyEvent): Stepped {
  const { question } = state
  const next = { ...state, question: undefined }
  if (question === undefined || key !== 'y') return only(next)
  return { state: next, effects: [{ kind: 'act', act: question.act, id: question.id }] }
}

function typed(state: TopState, { key, text }: KeyEvent): TopState {
  const { filter } = state
  if (key === 'return') return { ...state, typing: false }
  if (key === 'escape') return { ...state, typing: false, filter: '' }
  if (key === 'backspace') return { ...state, filter: [...filter].slice(0, -1).join('') }
  if (text === '' || filter.length >= FILTER_CHARS_MAX) return state
  return { ...state, filter: filter + text, selected: undefined }
}

function inList(state: TopState, { key, pageRows }: KeyEvent): Stepped {
  const rows = rowsOf(state)
  const index = selectedIndex(state, rows)
  const to = (wanted: number): Stepped => only(selectedAt(state, Math.max(0, Math.min(rows.length - 1, wanted))))
  switch (key) {
    case 'down':
    case 'j':
      return to((index ?? -1) + 1)
    case 'up':
    case 'k':
      return to((index ?? rows.length) - 1)
    case 'pagedown':
      return to((index ?? 0) + pageRows)
    case 'pageup':
      return to((index ?? 0) - pageRows)
    case 'home':
      return to(0)
    case 'end':
      return to(rows.length - 1)
    case 'tab': {
      const firstFailed = rows.findIndex((row) => row.key.startsWith('failed '))
      return to(firstFailed === -1 || (index ?? -1) >= firstFailed ? 0 : firstFailed)
    }
    case '/':
      return only({ ...state, typing: true })
    case 'escape':
      return only({ ...state, filter: '', selected: undefined })
    case 'return': {
      const task = index === undefined ? undefined : rows[index]?.task
      if (task === undefined) return only(told(state, 'no task is marked: ↑ and ↓ move the marker'))
      const looking = { id: task.id, logs: [], scroll: 0 }
      return { state: { ...state, looking }, effects: [{ kind: 'look', id: task.id }] }
    }
    default:
      return only(state)
  }
}

function inTask(state: TopState, looking: Looking, { key, pageRows, scrollMax }: KeyEvent): TopState {
  const scroll = Math.min(looking.scroll, scrollMax)
  const to = (wanted: number): TopState => ({
    ...state,
    looking: { ...looking, scroll: Math.max(0, Math.min(scrollMax, wanted)) },
  })
  switch (key) {
    case 'down':
    case 'j':
      return to(scroll + 1)
    case 'up':
    case 'k':
      return to(scroll - 1)
    case 'pagedown':
    case 'space':
      return to(scroll + pageRows)
    case 'pageup':
      return to(scroll - pageRows)
    case 'home':
      return to(0)
    case 'end':
      return to(scrollMax)
    case 'escape':
    case 'return':
    case 'left':
    case 'backspace':
      return { ...state, looking: undefined }
    default:
      return state
  }
}

function asking(state: TopState, act: Act): TopState {
  const task = marked(state)
  if (task === undefined) return told(state, 'no task is marked: ↑ and ↓ move the marker')
  const { id, type } = task
  const ended = task.state !== 'running' && task.state !== 'pending'
  if (act === 'cancel' && ended) return told(state, `this task is ${task.state} already: there is nothing to cancel`)
  if (act === 'retry' && (!ended || task.state === 'completed')) {
    return told(state, `only what failed or was cancelled is retried: this task is ${task.state}`)
  }
  return { ...state, question: { act, id, what: type } }
}

function marked(state: TopState): Pick<Summary, 'id' | 'type' | 'state'> | undefined {
  if (state.looking !== undefined) return state.looking.task
  const rows = rowsOf(state)
  const index = selectedIndex(state, rows)
  return index === undefined ? undefined : rows[index]?.task
}

function told(state: TopState, text: string): TopState {
  return { ...state, notice: { text, bad: true, untilMs: state.nowMs + NOTICE_MS } }
}
