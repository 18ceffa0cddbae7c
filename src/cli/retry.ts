// dtr retry: sends failed or cancelled tasks back to pending, by their ids or all that match. Run again it goes on with
// what still has failed.
import type { Client } from '../client/client.js'
import { resultOf, type TaskEnd } from '../client/task-end.js'
import type { RetriedTask } from '../client/task-handle.js'
import { DtrError, EXIT_OK } from '../errors.js'
import { agoOf, CHOICE_FLAGS, choiceOf, chosenIds } from './chosen.js'
import { CLUSTER_SETTINGS, type Command, JSON_FLAG } from './command.js'
import { connectBy } from './connect.js'

export const retry: Command = {
  name: 'retry',
  positionals: '[ids..]',
  about: 'run failed or cancelled tasks again; by id, or all failed ones that match',
  settings: CLUSTER_SETTINGS,
  flags: {
    ...JSON_FLAG,
    failed: { about: 'all that failed and match' },
    ...CHOICE_FLAGS,
    since: { about: 'only failed within so long', value: '1h' },
    error: { about: 'only failed with this error: a key of dtr failed', value: 'KEY' },
    wait: { about: 'wait until they have ended again, and say how; exit 1 if one did not complete' },
    'dry-run': { about: 'only say what would be retried' },
  },
  examples: [
    ['retry 0197c2f0-5f0e-7c3a-9d35-0c8f6b1a2e4d', 'one task'],
    ['retry --failed --error 8fd60d303e --wait', 'all with one error; says how each ends now'],
    ['retry --failed --type resize --since 1h', 'all of a type that failed within an hour'],
    ['tasks --state cancelled --json | jq -r .id | dtr retry -', 'ids from standard input'],
  ],
  async run(flags, output) {
    const query = {
      ...choiceOf(flags),
      states: 'failed',
      endedSince: agoOf(flags, 'since'),
      failure: flags.text('error'),
    } as const
    const parts = chosenIds(flags, 'failed', ['type', 'queue', 'since', 'error'], query)
    const client = await connectBy(flags)
    const dry = flags.has('dry-run')
    const waits = flags.has('wait') && !dry
    let all = 0
    let retried = 0
    let completed = 0
    try {
      for await (const ids of parts(client)) {
        const tasks = dry ? await wouldRetry(client, ids) : await client.retry(ids)
        all += tasks.length
        retried += tasks.filter(({ status }) => status === 'retried').length
        const ends = waits ? endsOf(client, tasks) : new Map<string, Promise<TaskEnd>>()
        for (const task of tasks) {
          const end = await ends.get(task.id)
          if (end?.state === 'completed') completed += 1
          if (flags.has('json')) await output.jsonLine({ ...task, ...(end && shownEnd(end)) })
          else if (end !== undefined) await output.line(`${task.id}  ${wordsOf(end)}`)
          else if (task.status !== 'retried') await output.line(`${task.id}  not retried: ${why(task)}`)
        }
      }
    } finally {
      client.close()
    }
    if (!flags.has('json')) {
      const ends = waits ? `, ${completed} completed` : ''
      await output.line(all === 0 ? 'no failed task matches' : `${summary(retried, all, dry)}${ends}`)
    }
    return (waits ? completed : retried) === all ? EXIT_OK : new DtrError('task_failed', '').exitCode
  },
}

async function wouldRetry(client: Client, ids: readonly string[]): Promise<readonly RetriedTask[]> {
  const found = new Map((await client.get(ids)).map(({ id, state }) => [id, state]))
  return ids.map((id) => {
    const state = found.get(id)
    if (state === undefined) return { id, status: 'unknown' }
    return { id, status: state === 'failed' || state === 'cancelled' ? 'retried' : 'kept', state }
  })
}

/** All are waited for at once, and told in order. */
function endsOf(client: Client, tasks: readonly RetriedTask[]): Map<string, Promise<TaskEnd>> {
  const ends = new Map<string, Promise<TaskEnd>>()
  for (const { id, status } of tasks) {
    if (status !== 'retried') continue
    const end = client.task(id).ended()
    // Whoever comes to it in turn meets its error.
    end.catch(() => {})
    ends.set(id, end)
  }
  return ends
}

function shownEnd(end: TaskEnd) {
  const { state, error } = end
  return {
    state,
    ...(state === 'completed' && { result: shownValue(end) }),
    ...(error !== undefined && { error: { code: error.code, message: error.message } }),
  }
}

/** As JSON has it: bytes as base64. */
function shownValue(end: TaskEnd): unknown {
  const result = resultOf(end)
  return Buffer.isBuffer(result) ? result.toString('base64') : result
}

function wordsOf({ state, error }: TaskEnd): string {
  return error === undefined ? state : `${state}: ${error.message}`
}

function why({ status, state }: RetriedTask): string {
  if (status === 'unknown') return 'no such task is known'
  if (status === 'busy') return 'there is no room for more pending tasks; run this again later'
  return state === 'completed' ? 'it has completed, and that stays' : `it is ${state} already`
}

function summary(retried: number, all: number, dry: boolean): string {
  const others = all - retried
  const rest = others === 0 ? '' : `, ${others} ${dry ? 'would' : others === 1 ? 'was' : 'were'} not`
  return `${retried} ${retried === 1 ? 'task' : 'tasks'} ${dry ? 'would be' : retried === 1 ? 'is' : 'are'} retried${rest}`
}
