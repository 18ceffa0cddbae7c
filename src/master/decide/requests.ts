// What clients ask for. A submit or a cancel is answered when its outcome is durable, a question when the store has told.
import type { ClientMessage, StatusReport, SubmittedTask, SummaryField, TaskField } from '../../protocol/messages.js'
import type { Count, OperationOutcome, TaskSummary, TaskWithStory } from '../../store/store.js'
import { DEFAULT_QUEUE, isTerminal, type TaskSpec } from '../../task/task.js'
import type { Read, ReadAnswer, SessionId } from '../events.js'
import { TASKS_CHARS_MAX } from '../reads.js'
import { isFull, routeName, type Session, servedRoutes, type Ticket, type Turn } from '../state.js'
import { askReload } from './reload.js'
import { roster } from './roster.js'
import { sendEnded } from './settle.js'
import { requestStop } from './stop.js'

const BUSY_RETRY_MS = 200
/** Tasks of others that one client may watch at a time. */
const WATCHES_MAX = 10_000
/** Questions to the store that one client may have open. */
const READS_MAX = 32
const TOO_MUCH = 'too much waits to be written'

export function clientSpoke(turn: Turn, session: Session, message: ClientMessage): void {
  switch (message.type) {
    case 'submit':
      return submit(turn, session, message.re, message.list)
    case 'cancel-tasks':
      return cancel(turn, session, message.re, message.ids)
    case 'retry-tasks':
      return retry(turn, session, message.re, message.ids)
    case 'list':
      return ask(turn, session, { ...message, kind: 'list', session: session.id, cursor: message.cursor })
    case 'failures':
      return ask(turn, session, { ...message, kind: 'failures', session: session.id, cursor: message.cursor })
    case 'get':
      return ask(turn, session, {
        kind: 'get',
        session: session.id,
        re: message.re,
        ids: message.ids,
        story: message.story === true,
      })
    case 'watch':
      return watchTasks(turn, session, message.re, message.ids)
    case 'status':
      return ask(turn, session, { kind: 'status', session: session.id, re: message.re })
    case 'reload-worker':
      return askReload(turn, session.id, message)
    case 'stop':
      turn.send(session.id, { type: 'stopping', re: message.re })
      return requestStop(turn, 'a client asked for it', message.graceMs ?? turn.state.settings.drainMs)
    case 'unsupported':
      return turn.log('warn', `a client does not know the message ${message.what}`)
  }
}

/** What one client may ask at a time is bounded: whoever asks faster than the store answers asks again (P23). */
function ask(turn: Turn, session: Session, read: Read): void {
  if (session.reads >= READS_MAX) return busy(turn, session, read.re, `more than ${READS_MAX} questions are open`)
  session.reads += 1
  turn.read(read)
}

function busy(turn: Turn, session: Session, re: number, message: string): void {
  turn.send(session.id, { type: 'error', re, code: 'busy', message, retryAfterMs: BUSY_RETRY_MS })
}

function submit(turn: Turn, session: Session, re: number, list: readonly SubmittedTask[]): void {
  const { state } = turn
  if (isFull(state, list.length)) {
    const answers = list.map(({ id }) => ({ id, status: 'busy' as const, retryAfterMs: BUSY_RETRY_MS }))
    turn.send(session.id, { type: 'accepted', re, list: answers, unserved: [] })
    return
  }
  const served = servedRoutes(state)
  const waiting = list.filter(({ queue = DEFAULT_QUEUE, type }) => !served.has(routeName(queue, type)))
  const unserved = [...new Set(waiting.map(({ type }) => type))]
  const ticket = open(
    session,
    re,
    list.map(({ id }) => id),
    unserved,
  )
  list.forEach((task, index) => {
    turn.enqueue({ kind: 'submit', task: specOf(task, session) }, { kind: 'submit', ticket, index })
  })
  if (list.length === 0) answer(turn, ticket)
}

/** Field by field: a spread of what was parsed costs more than all else that is done to a submit. */
function specOf(task: SubmittedTask, session: Session): TaskSpec {
  return {
    id: task.id,
    queue: task.queue ?? DEFAULT_QUEUE,
    type: task.type,
    payload: task.payload,
    encoding: task.encoding ?? 'json',
    priority: task.priority ?? 0,
    delayMs: task.delayMs,
    maxAttempts: task.maxAttempts,
    timeoutMs: task.timeoutMs,
    expiresMs: task.expiresMs,
    description: task.description,
    meta: task.meta,
    origin: session.peer.incarnation,
  }
}

function cancel(turn: Turn, session: Session, re: number, ids: readonly string[]): void {
  if (isFull(turn.state, ids.length)) return busy(turn, session, re, TOO_MUCH)
  const ticket = open(session, re, ids, [])
  ids.forEach((taskId, index) => {
    turn.enqueue({ kind: 'cancel', taskId }, { kind: 'cancel', ticket, index })
  })
  if (ids.length === 0) turn.send(session.id, { type: 'cancelled-tasks', re, list: [] })
}

function retry(turn: Turn, session: Session, re: number, ids: readonly string[]): void {
  if (isFull(turn.state, ids.length)) return busy(turn, session, re, TOO_MUCH)
  const ticket = open(session, re, ids, [])
  ids.forEach((taskId, index) => {
    turn.enqueue({ kind: 'retry', taskId }, { kind: 'retry', ticket, index })
  })
  if (ids.length === 0) turn.send(session.id, { type: 'retried-tasks', re, list: [] })
}

function open(session: Session, re: number, ids: readonly string[], unserved: readonly string[]): Ticket {
  return { session: session.id, re, ids, answers: [], remaining: ids.length, unserved }
}

function answer(turn: Turn, ticket: Ticket): void {
  const list = ticket.answers as Extract<Parameters<Turn['send']>[1], { type: 'accepted' }>['list']
  turn.send(ticket.session, { type: 'accepted', re: ticket.re, list, unserved: [...ticket.unserved] })
}

export function submitted(
  turn: Turn,
  ticket: Ticket,
  index: number,
  outcome: Extract<OperationOutcome, { kind: 'submit' }>,
): void {
  if (outcome.status === 'accepted') turn.state.journal.submitted()
  ticket.answers[index] = {
    id: ticket.ids[index],
    status: outcome.status,
    ...(outcome.state !== undefined && { state: outcome.state }),
    ...(outcome.status === 'busy' && { retryAfterMs: 1_000 }),
  }
  ticket.remaining -= 1
  if (ticket.remaining === 0) answer(turn, ticket)
}

export function cancelled(
  turn: Turn,
  ticket: Ticket,
  index: number,
  outcome: Extract<OperationOutcome, { kind: 'cancel' }>,
): void {
  const taskId = ticket.ids[index]!
  const worker = outcome.holder === undefined ? undefined : turn.state.workers.get(outcome.holder)
  if (outcome.status === 'cancelling' && outcome.leaseId !== undefined && worker?.session !== undefined) {
    turn.send(worker.session, {
      type: 'cancel',
      list: [{ id: taskId, lease: outcome.leaseId, reason: 'cancelled' }],
    })
  }
  ticket.answers[index] = {
    id: taskId,
    status: outcome.status,
    ...(outcome.state !== undefined && { state: outcome.state }),
  }
  ticket.remaining -= 1
  if (ticket.remaining > 0) return
  const list = ticket.answers as Extract<Parameters<Turn['send']>[1], { type: 'cancelled-tasks' }>['list']
  turn.send(ticket.session, { type: 'cancelled-tasks', re: ticket.re, list })
}

export function retried(
  turn: Turn,
  ticket: Ticket,
  index: number,
  { status, state }: Extract<OperationOutcome, { kind: 'retry' }>,
): void {
  ticket.answers[index] = { id: ticket.ids[index], status, ...(state !== undefined && { state }) }
  ticket.remaining -= 1
  if (ticket.remaining > 0) return
  const list = ticket.answers as Extract<Parameters<Turn['send']>[1], { type: 'retried-tasks' }>['list']
  const count = list.filter((task) => task.status === 'retried').length
  if (count > 0) turn.log('info', `${count} tasks are retried by hand`)
  turn.send(ticket.session, { type: 'retried-tasks', re: ticket.re, list })
}

/** Watched first and read then: an end between the two is told twice rather than never. */
function watchTasks(turn: Turn, session: Session, re: number, ids: readonly string[]): void {
  if (session.watches.size + ids.length > WATCHES_MAX) {
    return busy(turn, session, re, `a client may watch ${WATCHES_MAX} tasks of others at a time`)
  }
  if (session.reads >= READS_MAX) return busy(turn, session, re, `more than ${READS_MAX} questions are open`)
  for (const id of ids) {
    session.watches.add(id)
    const watching = turn.state.watchers.get(id)
    if (watching === undefined) turn.state.watchers.set(id, new Set([session.id]))
    else watching.add(session.id)
  }
  ask(turn, session, { kind: 'watch', session: session.id, re, ids, unknown: [] })
}

export function unwatch(turn: Turn, taskId: string, session: SessionId): void {
  turn.state.sessions.get(session)?.watches.delete(taskId)
  const watching = turn.state.watchers.get(taskId)
  watching?.delete(session)
  if (watching?.size === 0) turn.state.watchers.delete(taskId)
}

/** The store has told what a client asked for. */
export function answered(turn: Turn, read: Read, answer: ReadAnswer): void {
  const session = turn.state.sessions.get(read.session)
  if (session === undefined) return
  session.reads -= 1
  if (answer.kind === 'failed') {
    turn.send(read.session, { type: 'error', re: read.re, code: answer.code, message: answer.message })
  } else if (answer.kind === 'page') {
    const { tasks, next } = answer.page
    const list = tasks.map(summaryField)
    turn.send(read.session, { type: 'page', re: read.re, list, ...(next !== undefined && { next }) })
  } else if (answer.kind === 'failures') {
    const { groups, next } = answer.page
    const list = groups.map((group) => ({ ...group, examples: [...group.examples] }))
    turn.send(read.session, { type: 'failure-groups', re: read.re, list, ...(next !== undefined && { next }) })
  } else if (read.kind === 'status' && answer.kind === 'counts') {
    turn.send(read.session, report(turn, read.re, answer.counts))
  } else if (read.kind === 'get' && answer.kind === 'tasks') {
    sendTasks(turn, read, answer)
  } else if (read.kind === 'watch' && answer.kind === 'tasks') {
    watched(turn, session, read, answer)
  }
}

/** Each of them is looked at, part by part: one that has ended already is told now or never. */
function watched(
  turn: Turn,
  session: Session,
  read: Extract<Read, { kind: 'watch' }>,
  { tasks, unread }: Extract<ReadAnswer, { kind: 'tasks' }>,
): void {
  const looked = new Set([...tasks.map(({ task }) => task.id), ...unread])
  const unknown = [...read.unknown, ...read.ids.filter((id) => !looked.has(id))]
  if (unread.length === 0) turn.send(session.id, { type: 'watching', re: read.re, unknown })
  const over = tasks.map(({ task }) => task).filter(({ state }) => isTerminal(state))
  for (const id of [...over.map((task) => task.id), ...unknown]) unwatch(turn, id, session.id)
  sendEnded(turn, session.id, over)
  if (unread.length > 0) ask(turn, session, { ...read, ids: unread, unknown })
}

function sendTasks(
  turn: Turn,
  read: Extract<Read, { kind: 'get' }>,
  answer: Extract<ReadAnswer, { kind: 'tasks' }>,
): void {
  const { tasks, unread } = answer
  const list: TaskField[] = []
  let chars = 0
  for (const found of tasks) {
    const field = taskField(found, read.story)
    chars += field.payload.length + (field.result?.length ?? 0) + (field.story?.length ?? 0) * 12_000
    if (list.length > 0 && chars > TASKS_CHARS_MAX) break
    list.push(field)
  }
  turn.send(read.session, { type: 'tasks', re: read.re, list, more: unread.length > 0 || list.length < tasks.length })
}

function summaryField({ seq: _seq, leaseId, ...rest }: TaskSummary): SummaryField {
  return { ...rest, ...(leaseId !== undefined && { lease: leaseId }) }
}

function taskField({ task, story }: TaskWithStory, withStory: boolean): TaskField {
  const { seq: _seq, origin: _origin, leaseId, ...rest } = task
  return {
    ...rest,
    ...(leaseId !== undefined && { lease: leaseId }),
    ...(withStory && { story: story.map(({ leaseId: lease, ...attempt }) => ({ lease, ...attempt })) }),
  }
}

function report(turn: Turn, re: number, counts: readonly Count[]): StatusReport {
  const { state } = turn
  const { settings } = state
  const served = servedRoutes(state)
  const waiting = counts.filter(
    ({ queue, type, state, count }) => state === 'pending' && count > 0 && !served.has(routeName(queue, type)),
  )
  return {
    type: 'status-report',
    re,
    master: {
      incarnation: settings.incarnation,
      pid: settings.pid,
      address: settings.address,
      version: settings.version,
      upMs: Math.round(turn.at.monoMs - state.startedAt.monoMs),
      state: state.stopping === undefined ? 'ready' : 'stopping',
    },
    workers: roster(turn),
    counts: counts.map((count) => ({ ...count })),
    unserved: [...new Set(waiting.map(({ type }) => type))],
    stale: state.stale,
  }
}
