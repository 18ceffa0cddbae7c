// dtr get: tasks by their ids, each with its story.
import { formatDuration } from '../config.js'
import { DtrError, EXIT_OK } from '../errors.js'
import { escapeControls } from '../log.js'
import type { TaskField } from '../protocol/messages.js'
import { AUTO } from '../task/quorum.js'
import { CLUSTER_SETTINGS, type Command, JSON_FLAG } from './command.js'
import { connectBy } from './connect.js'
import { idsOf } from './ids.js'
import type { Output } from './output.js'
import { errorText, type StoryView, storyLines } from './story.js'
import { plainTable } from './table.js'

const SHOWN_CHARS_MAX = 2_000
const IDS_PER_PART = 100

export const get: Command = {
  name: 'get',
  positionals: '<ids..>',
  about: 'show tasks and their stories',
  settings: CLUSTER_SETTINGS,
  flags: JSON_FLAG,
  examples: [
    ['get 0197c2f0-5f0e-7c3a-9d35-0c8f6b1a2e4d', 'the id that submit printed'],
    ['tasks --state failed --json | jq -r .id | dtr get -', 'ids from standard input'],
    ['get ID --json | jq -r .error.stack', 'the whole stack'],
  ],
  async run(flags, output) {
    const client = await connectBy(flags)
    const missing: string[] = []
    try {
      for await (const ids of idsOf(flags, IDS_PER_PART)) {
        const tasks = await client.get(ids, { story: true })
        const found = new Set(tasks.map(({ id }) => id))
        missing.push(...ids.filter((id) => !found.has(id)))
        for (const task of tasks) await show(task, flags.has('json'), output)
      }
    } finally {
      client.close()
    }
    if (missing.length === 0) return EXIT_OK
    const more = missing.length > 3 ? ` and ${missing.length - 3} more` : ''
    throw new DtrError('not_found', `no task ${missing.slice(0, 3).join(', ')}${more} is known here`, {
      hint: 'ids are written whole; tasks that ended long ago are forgotten; dtr tasks shows what there is',
    })
  },
}

async function show(task: TaskField, json: boolean, output: Output): Promise<void> {
  if (json) return output.json(task)
  for (const line of describeTask(task, { now: Date.now(), folder: process.cwd() })) await output.line(line)
}

/** Lines without control characters, as long as they are. Pure. */
export function describeTask(task: TaskField, view: StoryView): readonly string[] {
  const fields: readonly (readonly [string, string | undefined])[] = [
    ['task', task.id],
    ['type', task.type],
    ['state', task.cancelRequested && task.state === 'running' ? 'running (being cancelled)' : task.state],
    ['progress', progress(task)],
    ['error', task.error === undefined ? undefined : errorText(task.error)],
    ['result', data(task.result)],
    ['payload', data(task.payload)],
    ['description', task.description],
    ['meta', task.meta],
    ['queue', task.queue],
    ['priority', task.priority === 0 ? undefined : String(task.priority)],
    ['attempts', attempts(task)],
    ['timeout', task.timeoutMs === undefined ? undefined : formatDuration(task.timeoutMs)],
    ['expires', task.state === 'pending' && task.expiresAt !== task.deadlineAt ? time(task.expiresAt) : undefined],
    ['deadline', time(task.deadlineAt)],
    ['checkpoint', data(task.checkpoint)],
    ['worker', task.holder],
    ['lease', task.state === 'running' ? task.lease : undefined],
  ]
  const shown = fields.flatMap(([name, value]) => (value === undefined ? [] : [[name, escapeControls(value)]]))
  const story = storyLines(task, view)
  return [...plainTable([], shown), '', ...story.map(escapeControls), ...votes(task), ...nextStep(task), '']
}

/** Who has voted for what, and what its replicas are. */
function votes({ poll }: TaskField): readonly string[] {
  if (poll === undefined) return []
  const { quorum, compare, on, tolerance, all } = poll.rule
  const part = on === undefined ? '' : ` on ${on}`
  const near = tolerance === undefined ? '' : ` within ${tolerance}`
  const rows = poll.replicas.map(({ n, id, voter, state, ballot, agreed }) => [
    ...[String(n), id, voter ?? '-'],
    state === 'cast' ? (data(ballot) ?? '') : VOTELESS[state],
    agreed === undefined ? '' : agreed ? 'agrees' : 'does not agree',
  ])
  const cells = rows.map((row) => row.map(escapeControls))
  const one = poll.rule.replicas === AUTO && poll.checked !== true ? 'one may be enough (auto); else ' : ''
  const whole = all === true ? 'all are waited for; ' : ''
  const what = compare === 'own' ? 'in their own ballot' : `as ${compare}${part}${near}`
  return ['', `votes: ${one}${whole}${quorum} must be the same ${what}`, ...plainTable(VOTE_COLUMNS, cells)]
}

const VOTE_COLUMNS = ['', 'replica', 'worker', 'vote', '']
const VOTELESS = { open: 'has not voted yet', cast: '', void: 'ended without a vote' } as const

function progress({ progress }: TaskField): string | undefined {
  if (progress === undefined) return undefined
  const { percent, message } = progress
  return `${Number(percent.toFixed(1))}%${message === undefined ? '' : ` ${message}`}`
}

function nextStep({ id, state }: TaskField): readonly string[] {
  return state === 'failed' ? ['', `once its cause is mended: dtr retry ${id}`] : []
}

function attempts(task: TaskField): string {
  const { attempt, uncharged, forgiven = 0, maxAttempts } = task
  const most = maxAttempts === undefined ? '' : ` of at most ${maxAttempts}`
  const uncounted = uncharged === 0 ? '' : `, ${uncharged} of them not counted`
  return `${attempt - forgiven}${most}${uncounted}${forgiven === 0 ? '' : `; ${forgiven} before it was retried by hand`}`
}

function time(wallMs: number | undefined): string | undefined {
  return wallMs === undefined ? undefined : new Date(wallMs).toISOString()
}

function data(text: string | undefined): string | undefined {
  if (text === undefined || text.length <= SHOWN_CHARS_MAX) return text
  return `${text.slice(0, SHOWN_CHARS_MAX)}... (${text.length} characters; --json shows all)`
}
