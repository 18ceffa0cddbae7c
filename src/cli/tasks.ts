// dtr tasks: the tasks of the cluster, the newest first, a page at a time.
import type { TaskPage } from '../client/client.js'
import type { TaskQuery } from '../client/query.js'
import { formatDuration } from '../config.js'
import { DtrError, EXIT_OK } from '../errors.js'
import { escapeControls } from '../log.js'
import { TASK_STATES, type TaskState } from '../task/task.js'
import { agoOf, CHOICE_FLAGS, choiceOf } from './chosen.js'
import { CLUSTER_SETTINGS, type Command, JSON_FLAG } from './command.js'
import { connectBy } from './connect.js'
import type { Flags } from './flags.js'
import { note, type Output } from './output.js'
import { errorText, workerName } from './story.js'
import { fitted, plainTable } from './table.js'

type Summary = TaskPage['tasks'][number]

const LIMIT = 50
const PAGE_MAX = 500
const CURSOR = /^\d{1,15}$/
const HEAD = ['ID', 'TYPE', 'STATE', 'TRIES', 'AGE', 'TIME', 'WORKER', 'WHAT WENT WRONG']

export const tasks: Command = {
  name: 'tasks',
  about: 'the tasks, newest first: a page, or all',
  settings: CLUSTER_SETTINGS,
  flags: {
    ...JSON_FLAG,
    state: { about: 'only in these states, with commas', value: 'STATE', words: TASK_STATES },
    ...CHOICE_FLAGS,
    since: { about: 'submitted within so long', value: '1h' },
    'older-than': { about: 'submitted longer ago', value: '1d' },
    error: { about: 'failed with this error: a key of dtr failed', value: 'KEY' },
    limit: { about: `at most so many; ${LIMIT} where unset`, value: 'N' },
    after: { about: 'go on behind this page, as the one before said', value: 'CURSOR' },
    all: { about: 'all of them, page after page' },
  },
  examples: [
    ['tasks --state failed --since 1h', 'what failed of the last hour'],
    ['tasks --state pending,running --type resize', 'what is under way'],
    ['tasks --all --json | jq -r .type | sort | uniq -c', 'a line of JSON each, for programs'],
  ],
  async run(flags, output) {
    const query = queryOf(flags)
    const limit = limitOf(flags)
    const client = await connectBy(flags, { reconnectFor: 0 })
    let shown = 0
    try {
      let after = cursorOf(flags)
      for (;;) {
        const page = await client.page(query, { limit: Math.min(PAGE_MAX, limit - shown), after })
        if (page.tasks.length > 0) await show(page.tasks, shown === 0, flags.has('json'), output)
        shown += page.tasks.length
        after = page.next
        if (after === undefined || shown >= limit || output.closed.aborted) break
      }
      if (shown === 0) note(flags.has('after') ? 'no further task matches' : 'no task matches')
      else if (after !== undefined && !output.closed.aborted) note(`more: --after ${after}, or --all`)
      return EXIT_OK
    } finally {
      client.close()
    }
  },
}

function queryOf(flags: Flags): TaskQuery {
  return {
    ...choiceOf(flags),
    states: statesOf(flags),
    since: agoOf(flags, 'since'),
    before: agoOf(flags, 'older-than'),
    failure: flags.text('error'),
  }
}

function statesOf(flags: Flags): TaskState[] | undefined {
  return flags.list('state')?.map((text) => {
    const state = TASK_STATES.find((each) => each === text)
    if (state !== undefined) return state
    throw new DtrError('bad_input', `--state: "${text}" is none of ${TASK_STATES.join(', ')}`)
  })
}

function limitOf(flags: Flags): number {
  const limit = flags.integer('limit')
  if (flags.has('all')) {
    if (limit === undefined) return Number.POSITIVE_INFINITY
    throw new DtrError('bad_input', 'say either --all or --limit')
  }
  if (limit === undefined || limit >= 1) return limit ?? LIMIT
  throw new DtrError('bad_input', `--limit: ${limit} is not at least 1`)
}

/** Checked here, so that an error names the flag. */
function cursorOf(flags: Flags): string | undefined {
  const cursor = flags.text('after')
  if (cursor === undefined || CURSOR.test(cursor)) return cursor
  throw new DtrError('bad_input', `--after: "${cursor.slice(0, 40)}" is not what a page ended with`, {
    hint: 'a page says it in its last line: more: --after N',
  })
}

async function show(page: readonly Summary[], first: boolean, json: boolean, output: Output): Promise<void> {
  if (json) {
    for (const task of page) await output.jsonLine(task)
    return
  }
  const now = Date.now()
  const rows = page.map((task) => rowOf(task, now))
  const lines = plainTable(HEAD, fitted(HEAD, rows, output.columns))
  for (const line of first ? lines : lines.slice(1)) await output.line(line)
}

function rowOf(task: Summary, now: number): string[] {
  return [
    task.id,
    task.type,
    task.cancelRequested && task.state === 'running' ? 'cancelling' : task.state,
    `${task.attempt}`,
    formatDuration(Math.max(0, now - task.createdAt)),
    timeOf(task, now),
    task.holder === undefined ? '' : workerName(task.holder),
    task.error === undefined ? '' : escapeControls(errorText(task.error)),
  ]
}

/** How long it takes or took, or how long it waits. */
function timeOf({ state, runAt, grantedAt, endedAt }: Summary, now: number): string {
  const since = (from: number | undefined, to: number): string => formatDuration(Math.max(0, to - (from ?? to)))
  if (state === 'pending') return runAt > now ? `in ${since(now, runAt)}` : `waits ${since(runAt, now)}`
  if (state === 'running') return `${since(grantedAt, now)}...`
  return grantedAt === undefined ? '' : since(grantedAt, endedAt ?? now)
}
