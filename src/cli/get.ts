// dtr get: one task, with the story of its attempts.
import { connect } from '../client/connect.js'
import { formatDuration } from '../config.js'
import { DtrError, EXIT_OK } from '../errors.js'
import { escapeControls } from '../log.js'
import type { TaskField } from '../protocol/messages.js'
import { CLUSTER_SETTINGS, type Command, JSON_FLAG } from './command.js'
import { plainTable } from './table.js'

type Attempt = NonNullable<TaskField['story']>[number]

const SHOWN_CHARS_MAX = 2_000

export const get: Command = {
  name: 'get',
  positionals: '<id>',
  about: 'show a task and its story',
  settings: CLUSTER_SETTINGS,
  flags: JSON_FLAG,
  examples: [['get 0197c2f0-5f0e-7c3a-9d35-0c8f6b1a2e4d', 'the id that submit printed']],
  async run(flags, output) {
    const id = flags.demanded('id')
    const client = await connect(flags.settings(CLUSTER_SETTINGS))
    try {
      const [task] = await client.get([id], { story: true })
      if (task === undefined) throw new DtrError('not_found', `no task ${id} is known here`)
      if (flags.has('json')) await output.json(task)
      else for (const line of describe(task)) await output.line(line)
      return EXIT_OK
    } finally {
      client.close()
    }
  },
}

function describe(task: TaskField): readonly string[] {
  const fields: readonly (readonly [string, string | undefined])[] = [
    ['task', task.id],
    ['type', task.type],
    ['queue', task.queue],
    ['state', task.cancelRequested && task.state === 'running' ? 'running (being cancelled)' : task.state],
    ['priority', String(task.priority)],
    ['description', task.description],
    ['created', time(task.createdAt)],
    ['runs from', task.state === 'pending' ? time(task.runAt) : undefined],
    ['expires', task.state === 'pending' ? time(task.expiresAt) : undefined],
    ['started', task.attempt > 0 ? time(task.grantedAt) : undefined],
    ['ended', time(task.endedAt)],
    ['attempts', attempts(task)],
    ['timeout', task.timeoutMs === undefined ? undefined : formatDuration(task.timeoutMs)],
    ['worker', task.holder],
    ['lease', task.state === 'running' ? task.lease : undefined],
    ['payload', data(task.payload)],
    ['meta', task.meta],
    ['result', data(task.result)],
    ['error', task.error === undefined ? undefined : `${task.error.code}: ${task.error.message}`],
  ]
  const shown = fields.flatMap(([name, value]) => (value === undefined ? [] : [[name, escapeControls(value)]]))
  return [...plainTable([], shown), ...story(task.story ?? [])]
}

function story(attempts: readonly Attempt[]): readonly string[] {
  if (attempts.length === 0) return []
  const rows = attempts.map((entry) => [
    String(entry.attempt),
    `${entry.outcome}${entry.charged ? '' : ' (uncharged)'}`,
    entry.holder,
    time(entry.grantedAt) ?? '',
    formatDuration(Math.max(0, entry.endedAt - entry.grantedAt)),
    escapeControls(entry.error === undefined ? '' : errorOf(entry.error)),
  ])
  return ['', 'attempts that did not succeed:', ...plainTable(['n', 'outcome', 'worker', 'from', 'took', 'why'], rows)]
}

function errorOf({ code, message, exitCode, signal }: NonNullable<Attempt['error']>): string {
  const exit = signal === undefined ? (exitCode === undefined ? '' : ` (exit code ${exitCode})`) : ` (${signal})`
  return `${code}: ${message}${exit}`
}

function attempts({ attempt, uncharged, maxAttempts }: TaskField): string {
  const most = maxAttempts === undefined ? '' : ` of at most ${maxAttempts}`
  return `${attempt}${most}${uncharged === 0 ? '' : `, ${uncharged} uncharged`}`
}

function time(wallMs: number | undefined): string | undefined {
  return wallMs === undefined ? undefined : new Date(wallMs).toISOString()
}

function data(text: string | undefined): string | undefined {
  if (text === undefined || text.length <= SHOWN_CHARS_MAX) return text
  return `${text.slice(0, SHOWN_CHARS_MAX)}... (${text.length} characters; --json shows all)`
}
