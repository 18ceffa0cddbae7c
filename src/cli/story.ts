// A task's life as a person reads it: when what happened, to whom, how long it took, why it was tried again, and what
// comes next. Pure: the same task at the same moment is the same text.
import { formatDuration } from '../config.js'
import type { TaskField } from '../protocol/messages.js'
import { AUTO } from '../task/quorum.js'
import { DEFAULT_MAX_ATTEMPTS } from '../task/task.js'
import { ownFrames } from './stack.js'

type Attempt = NonNullable<TaskField['story']>[number]
type TaskError = NonNullable<Attempt['error']>

interface Happening {
  readonly at: number
  readonly text: string
  /** What is to be known of it, below it. */
  readonly more?: readonly string[]
}

export interface StoryView {
  readonly now: number
  /** Paths below it are shown relative to it. */
  readonly folder: string
}

/** The lines of the story, each with its time and the time since the one before. */
export function storyLines(task: TaskField, view: StoryView): readonly string[] {
  const lines: string[] = []
  let before: number | undefined
  for (const { at, text, more = [] } of happenings(task, view)) {
    if (before === undefined || day(at) !== day(before)) lines.push(`${day(at)} (UTC, as in the logs)`)
    const since = before === undefined ? '' : `+${formatDuration(Math.max(0, at - before))}`
    lines.push(`  ${clock(at)}  ${since.padStart(8)}  ${text}`)
    lines.push(...more.map((line) => `${' '.repeat(28)}${line}`))
    before = at
  }
  return lines
}

/** `worker-1#3f9a` is shown by its name. */
export function workerName(holder: string): string {
  return holder.split('#')[0] ?? holder
}

/** What went wrong, in one sentence. */
export function errorText({ code, message, exitCode, signal }: TaskError): string {
  const how = signal ?? (exitCode === undefined ? undefined : `exit code ${exitCode}`)
  const tail = how === undefined || message.includes(how) ? '' : ` (${how})`
  return code === 'task_failed' ? `${message}${tail}` : `${message}${tail} [${code}]`
}

function happenings(task: TaskField, view: StoryView): Happening[] {
  const told: Happening[] = [{ at: task.createdAt, text: 'submitted' }]
  let charged = 0
  for (const entry of task.story ?? []) {
    if (entry.outcome === 'retried') {
      charged = 0
      told.push({ at: entry.endedAt, text: 'retried by hand: its attempts are counted anew' })
      continue
    }
    if (entry.charged) charged += 1
    told.push({ at: entry.grantedAt, text: `attempt ${entry.attempt} given to ${workerName(entry.holder)}` })
    told.push(endOf(entry, charged, task, view))
  }
  return [...told, ...last(task, view)]
}

function endOf(entry: Attempt, charged: number, task: TaskField, { folder }: StoryView): Happening {
  const took = formatDuration(Math.max(0, entry.endedAt - entry.grantedAt))
  const what = OUTCOMES[entry.outcome] ?? entry.outcome
  const why = entry.error === undefined ? '' : `: ${errorText(entry.error)}`
  const frames = entry.error?.stack === undefined ? [] : ownFrames(entry.error.stack, folder)
  const most = task.maxAttempts ?? DEFAULT_MAX_ATTEMPTS
  const counts = entry.charged ? `counts: ${charged} of ${most}` : 'does not count against its attempts'
  const more = [...frames.map((frame) => `at ${frame}`), ...(entry.outcome === 'cancelled' ? [] : [counts])]
  return { at: entry.endedAt, text: `attempt ${entry.attempt} ${what} after ${took}${why}`, more }
}

const OUTCOMES: Readonly<Record<string, string>> = {
  failed: 'failed',
  returned: 'was handed back',
  lost: 'was lost with its worker',
  cancelled: 'was cancelled, its code ended',
}

/** How it stands now, or how it ended. */
function last(task: TaskField, { now }: StoryView): Happening[] {
  const { attempt, state } = task
  const given = { at: task.grantedAt ?? now, text: `attempt ${attempt} given to ${workerName(task.holder ?? '')}` }
  const end = task.endedAt ?? now
  switch (state) {
    case 'running':
      return [given, { at: now, text: `now: attempt ${attempt} ${running(task, now)}` }]
    case 'pending':
      return [{ at: now, text: `now: ${waiting(task, now)}` }]
    case 'completed':
      if (task.poll !== undefined) return [{ at: end, text: `completed: ${agreement(task.poll)}` }]
      return [given, { at: end, text: `completed after ${formatDuration(Math.max(0, end - given.at))}` }]
    case 'failed':
      return [{ at: end, text: `failed for good: ${finalReason(task)}` }]
    case 'cancelled':
      return [{ at: end, text: 'cancelled' }]
  }
}

function votesIn({ rule, checked, replicas }: NonNullable<TaskField['poll']>): string {
  const cast = replicas.filter(({ state }) => state === 'cast').length
  const one = rule.replicas === AUTO && checked !== true ? 'one vote that is enough, or ' : ''
  const all = rule.all === true ? 'all its replicas, and ' : ''
  return `${one}${all}${rule.quorum} votes that agree; of its ${replicas.length} replicas ${cast} have voted`
}

function running(task: TaskField, now: number): string {
  const since = formatDuration(Math.max(0, now - (task.grantedAt ?? now)))
  const limit = task.timeoutMs === undefined ? '' : `, limit ${formatDuration(task.timeoutMs)}`
  if (task.cancelRequested) return `is being cancelled, it has run for ${since}`
  return `has run for ${since}${limit}${deadline(task, now)}`
}

function agreement({ replicas }: NonNullable<TaskField['poll']>): string {
  return `${replicas.filter(({ agreed }) => agreed === true).length} of ${replicas.length} replicas agree`
}

function waiting(task: TaskField, now: number): string {
  if (task.poll !== undefined) return `waits for ${votesIn(task.poll)}${deadline(task, now)}`
  const next = `attempt ${task.attempt + 1}`
  const until = deadline(task, now)
  if (task.runAt > now) {
    return `waits; ${next} comes in ${formatDuration(task.runAt - now)}, at ${clock(task.runAt)}${until}`
  }
  return `${next} waits for a free worker that serves ${task.type}, for ${formatDuration(now - task.runAt)}${until}`
}

function deadline({ deadlineAt }: TaskField, now: number): string {
  return deadlineAt === undefined ? '' : `, its deadline is in ${formatDuration(Math.max(0, deadlineAt - now))}`
}

function finalReason(task: TaskField): string {
  const code = task.error?.code
  if (code === 'expired') return 'its time to wait was over'
  if (code === 'deadline') return 'its deadline was over'
  if (code === 'no_quorum') return 'its replicas did not agree'
  if (code === 'non_retryable' || code === 'payload_refused') return `${code} is not tried again`
  if (code === 'poison') return 'poison: it took its process down again and again, alone'
  if (task.maxAttempts === 1) return 'it had one attempt'
  return `all ${task.maxAttempts ?? DEFAULT_MAX_ATTEMPTS} attempts are used`
}

function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}

function clock(at: number): string {
  return new Date(at).toISOString().slice(11, 23)
}
