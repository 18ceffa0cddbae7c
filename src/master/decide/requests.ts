// What clients ask for. A submit or a cancel is answered when its outcome is durable, a question when the store has told.
import { DtrError } from '../../errors.js'
import type {
  ClientMessage,
  MasterToClient,
  StatusReport,
  SubmittedTask,
  SummaryField,
  TaskField,
} from '../../protocol/messages.js'
import type { Count, OperationOutcome, PollRecord, TaskSummary, TaskWithStory } from '../../store/store.js'
import { readVoteRule } from '../../task/quorum.js'
import { sees } from '../../task/roles.js'
import { DEFAULT_QUEUE, isTerminal, type TaskSpec } from '../../task/task.js'
import type { Read, ReadAnswer, SessionId } from '../events.js'
import { TASKS_CHARS_MAX } from '../reads.js'
import { isFull, type Session, served, type Ticket, type Turn } from '../state.js'
import { feedSubmitted, tellFeed } from './feed.js'
import { checkKey, createKey, listKeys, revokeKey } from './keys.js'
import { pullSpoke } from './pull.js'
import { askReload } from './reload.js'
import { pardon, tellLeaderboard } from './reputation.js'
import { forgetEnded } from './retention.js'
import { pullRoster, roster } from './roster.js'
import { sendEnded } from './settle.js'
import { requestStop } from './stop.js'
import { progressOf, show, unview } from './views.js'

const BUSY_RETRY_MS = 200
/** Tasks of others that one client may watch at a time. */
const WATCHES_MAX = 10_000
/** Questions to the store that one client may have open. */
const READS_MAX = 32
const TOO_MUCH = 'too much waits to be written'

export function clientSpoke(turn: Turn, session: Session, message: ClientMessage): void {
  switch (message.type) {
    case 'submit':
      return submit(turn, session, message)
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
      return watchTasks(turn, session, message)
    case 'unwatch':
      for (const id of message.ids) unview(turn, id, session.id)
      return turn.send(session.id, { type: 'watching', re: message.re, unknown: [] })
    case 'logs':
      return ask(turn, session, {
        ...message,
        kind: 'logs',
        session: session.id,
        after: message.after,
        types: session.key?.types,
      })
    case 'status':
      return ask(turn, session, { kind: 'status', session: session.id, re: message.re })
    case 'leaderboard':
      return ask(turn, session, { kind: 'leaderboard', session: session.id, re: message.re })
    case 'pardon':
      if (isFull(turn.state, 1)) return busy(turn, session, message.re, TOO_MUCH)
      return pardon(turn, session, message.re, message.voter)
    case 'metrics':
      return turn.send(session.id, { type: 'metrics-report', re: message.re, ...turn.state.figures.report() })
    case 'feed':
      return tellFeed(turn, session, message)
    case 'reload-worker':
      return askReload(turn, session.id, message)
    case 'pull-register':
    case 'pull-beat':
    case 'pull-claim':
    case 'pull-settle':
    case 'pull-checkpoint':
    case 'pull-requeue':
      return pullSpoke(turn, session, message)
    case 'create-key':
      if (isFull(turn.state, 1)) return busy(turn, session, message.re, TOO_MUCH)
      return createKey(turn, session, message)
    case 'revoke-key':
      if (isFull(turn.state, 1)) return busy(turn, session, message.re, TOO_MUCH)
      return revokeKey(turn, session, message.re, message.id)
    case 'list-keys':
      return listKeys(turn, session, message.re)
    case 'check-key':
      return checkKey(turn, session, message)
    case 'forget-ended':
      return forgetEnded(turn, session.id, message.re)
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

function submit(turn: Turn, session: Session, message: Extract<ClientMessage, { type: 'submit' }>): void {
  const { re, list, brief } = message
  const { state } = turn
  if (isFull(state, list.length)) {
    const answers = list.map(({ id }) => ({ id, status: 'busy' as const, retryAfterMs: BUSY_RETRY_MS }))
    turn.send(session.id, { type: 'accepted', re, list: answers, unserved: [] })
    return
  }
  const wrong = firstWrong(list)
  if (wrong !== undefined) {
    return turn.send(session.id, { type: 'error', re, code: wrong.code, message: wrong.message })
  }
  const serves = served(state, turn.at.monoMs)
  const waiting = list.filter(({ queue = DEFAULT_QUEUE, type }) => !serves(queue, type))
  const unserved = [...new Set(waiting.map(({ type }) => type))]
  const ids = list.map(({ id }) => id)
  const ticket = open(session, re, ids, unserved, brief)
  list.forEach((task, index) => {
    turn.enqueue({ kind: 'submit', task: specOf(task, session) }, { kind: 'submit', ticket, index })
  })
  if (list.length === 0) answer(turn, ticket)
}

/** What no schema can say of how tasks are voted on. */
function firstWrong(list: readonly SubmittedTask[]): DtrError | undefined {
  try {
    for (const { vote } of list) if (vote !== undefined) readVoteRule(vote)
    return undefined
  } catch (error) {
    if (error instanceof DtrError) return error
    throw error
  }
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
    deadlineMs: task.deadlineMs,
    description: task.description,
    meta: task.meta,
    vote: task.vote === undefined ? undefined : readVoteRule(task.vote),
    origin: task.untold === true ? undefined : session.peer.incarnation,
  }
}

function cancel(turn: Turn, session: Session, re: number, ids: readonly string[]): void {
  if (isFull(turn.state, ids.length)) return busy(turn, session, re, TOO_MUCH)
  const ticket = open(session, re, ids)
  ids.forEach((taskId, index) => {
    turn.enqueue({ kind: 'cancel', taskId, ...ofTypes(session) }, { kind: 'cancel', ticket, index })
  })
  if (ids.length === 0) turn.send(session.id, { type: 'cancelled-tasks', re, list: [] })
}

function retry(turn: Turn, session: Session, re: number, ids: readonly string[]): void {
  if (isFull(turn.state, ids.length)) return busy(turn, session, re, TOO_MUCH)
  const ticket = open(session, re, ids)
  ids.forEach((taskId, index) => {
    turn.enqueue({ kind: 'retry', taskId, ...ofTypes(session) }, { kind: 'retry', ticket, index })
  })
  if (ids.length === 0) turn.send(session.id, { type: 'retried-tasks', re, list: [] })
}

function ofTypes({ key }: Session): { readonly types?: readonly string[] } {
  return key?.types === undefined ? {} : { types: key.types }
}

function open(
  session: Session,
  re: number,
  ids: readonly string[],
  unserved: readonly string[] = [],
  brief = false,
): Ticket {
  return { session: session.id, re, ids, answers: [], remaining: ids.length, unserved, brief }
}

function answer(turn: Turn, { session, re, ids, answers, brief, ...ticket }: Ticket): void {
  const others = answers as (Extract<MasterToClient, { type: 'accepted' }>['list'][number] | undefined)[]
  const unserved = [...ticket.unserved]
  if (brief) {
    const accepted = others.length === 0 ? [...ids] : ids.filter((_, index) => others[index] === undefined)
    const list = others.filter((other) => other !== undefined)
    return turn.send(session, { type: 'accepted', re, list, ids: accepted, unserved })
  }
  const list = ids.map((id, index) => others[index] ?? { id, status: 'accepted' as const })
  turn.send(session, { type: 'accepted', re, list, unserved })
}

export function submitted(
  turn: Turn,
  ticket: Ticket,
  index: number,
  outcome: Extract<OperationOutcome, { kind: 'submit' }>,
): void {
  if (outcome.status === 'accepted') {
    turn.state.journal.submitted()
    turn.state.figures.submitted()
    feedSubmitted(turn)
  } else {
    ticket.answers[index] = {
      id: ticket.ids[index],
      status: outcome.status,
      ...(outcome.state !== undefined && { state: outcome.state }),
      ...(outcome.status === 'busy' && { retryAfterMs: 1_000 }),
    }
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
  if (outcome.holder !== undefined && outcome.leaseId !== undefined)
    turn.state.pulls.cancel(outcome.holder, taskId, outcome.leaseId)
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
function watchTasks(
  turn: Turn,
  session: Session,
  message: Pick<Extract<ClientMessage, { type: 'watch' }>, 're' | 'ids' | 'live'>,
  admitted?: { readonly unknown: readonly string[] },
): void {
  const { re, ids } = message
  const live = message.live === true
  const { views } = turn.state
  if (session.watches.size + views.countOf(session.id) + ids.length > WATCHES_MAX) {
    return busy(turn, session, re, `a client may watch ${WATCHES_MAX} tasks of others at a time`)
  }
  if (session.reads >= READS_MAX) return busy(turn, session, re, `more than ${READS_MAX} questions are open`)
  // An end tells no type: of whom not all types are for, nothing is watched before that was looked at.
  if (admitted === undefined && session.key?.types !== undefined) {
    return ask(turn, session, { kind: 'watch', session: session.id, re, ids, unknown: [], live, admitted: [] })
  }
  for (const id of live ? ids : []) views.add(id, session.id)
  for (const id of live ? [] : ids) {
    session.watches.add(id)
    const watching = turn.state.watchers.get(id)
    if (watching === undefined) turn.state.watchers.set(id, new Set([session.id]))
    else watching.add(session.id)
  }
  ask(turn, session, { kind: 'watch', session: session.id, re, ids, unknown: admitted?.unknown ?? [], live })
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
    const list = tasks.map((task) => ({ ...summaryField(task), ...leaseUntil(turn, task) }))
    turn.send(read.session, { type: 'page', re: read.re, list, ...(next !== undefined && { next }) })
  } else if (answer.kind === 'reputations') {
    tellLeaderboard(turn, session, read.re, answer.reputations)
  } else if (answer.kind === 'failures') {
    const { groups, next } = answer.page
    const list = groups.map((group) => ({ ...group, examples: [...group.examples] }))
    turn.send(read.session, { type: 'failure-groups', re: read.re, list, ...(next !== undefined && { next }) })
  } else if (answer.kind === 'logs') {
    const { logs, more } = answer.page
    const list = logs.map(({ seq: n, leaseId: lease, ...log }) => ({ n, lease, ...log }))
    turn.send(read.session, { type: 'task-logs', re: read.re, list, more })
  } else if (read.kind === 'status' && answer.kind === 'counts') {
    const counts = answer.counts.filter(({ type }) => sees(session.key, type))
    turn.send(read.session, report(turn, read.re, counts))
  } else if (read.kind === 'get' && answer.kind === 'tasks') {
    const tasks = answer.tasks.filter(({ task }) => sees(session.key, task.type))
    sendTasks(turn, read, { ...answer, tasks })
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
  const seen = tasks.filter(({ task }) => sees(session.key, task.type)).map(({ task }) => task.id)
  const looked = new Set([...seen, ...unread])
  const unknown = [...read.unknown, ...read.ids.filter((id) => !looked.has(id))]
  if (read.admitted !== undefined) {
    const admitted = [...read.admitted, ...seen]
    if (unread.length > 0) return ask(turn, session, { ...read, ids: unread, unknown, admitted })
    return watchTasks(turn, session, { re: read.re, ids: admitted, live: read.live }, { unknown })
  }
  if (unread.length === 0) turn.send(session.id, { type: 'watching', re: read.re, unknown })
  const over = tasks.map(({ task }) => task).filter(({ state }) => isTerminal(state))
  for (const id of [...over.map((task) => task.id), ...unknown]) {
    if (read.live) unview(turn, id, session.id)
    else unwatch(turn, id, session.id)
  }
  if (read.live) show(turn, session.id, tasks)
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
    const field = { ...taskField(turn, found, read.story), ...leaseUntil(turn, found.task) }
    chars +=
      field.payload.length +
      (field.result?.length ?? 0) +
      (field.story?.length ?? 0) * 12_000 +
      (field.poll?.replicas.length ?? 0) * 500
    chars += field.checkpoint?.length ?? 0
    if (list.length > 0 && chars > TASKS_CHARS_MAX) break
    list.push(field)
  }
  turn.send(read.session, { type: 'tasks', re: read.re, list, more: unread.length > 0 || list.length < tasks.length })
}

/** Only a lease that was pulled has an end of its own. */
function leaseUntil({ state, at }: Turn, task: TaskSummary | TaskWithStory['task']): { readonly leaseUntil?: number } {
  if (state.pulls.idle || task.state !== 'running' || task.holder === undefined) return {}
  const lease = state.pulls.leaseOf(task.holder, task.id)
  if (lease === undefined || lease.leaseId !== task.leaseId) return {}
  return { leaseUntil: Math.max(0, Math.round(at.wallMs + lease.endsAt - at.monoMs)) }
}

function summaryField({ seq: _seq, leaseId, ...rest }: TaskSummary): SummaryField {
  return { ...rest, ...(leaseId !== undefined && { lease: leaseId }) }
}

function taskField(turn: Turn, { task, story, checkpoint, poll }: TaskWithStory, withStory: boolean): TaskField {
  const { seq: _seq, origin: _origin, leaseId, ...rest } = task
  const progress = progressOf(turn, task)
  return {
    ...rest,
    ...(leaseId !== undefined && { lease: leaseId }),
    ...(progress !== undefined && { progress }),
    ...(withStory && { story: story.map(({ leaseId: lease, ...attempt }) => ({ lease, ...attempt })) }),
    ...(withStory && checkpoint !== undefined && { checkpoint }),
    ...(withStory && poll !== undefined && { poll: pollField(poll) }),
  }
}

function pollField({ rule, checked, replicas }: PollRecord): TaskField['poll'] {
  const told = replicas.map(({ taskId: id, machine: _, ...replica }) => ({ id, ...replica }))
  return { rule, ...(checked && { checked }), replicas: told }
}

function report(turn: Turn, re: number, counts: readonly Count[]): StatusReport {
  const { state } = turn
  const { settings } = state
  const serves = served(state, turn.at.monoMs)
  const waiting = counts.filter(
    ({ queue, type, state, count }) => state === 'pending' && count > 0 && !serves(queue, type),
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
    ...(!state.pulls.idle && { pullWorkers: pullRoster(turn) }),
    counts: counts.map((count) => ({ ...count })),
    unserved: [...new Set(waiting.map(({ type }) => type))],
    stale: state.figures.stale,
  }
}
