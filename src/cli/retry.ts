// dtr retry: sends failed or cancelled tasks back to pending, by their ids or all that match. Run again it goes on with
// what still has failed.
import type { Client } from '../client/client.js'
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
    'dry-run': { about: 'only say what would be retried' },
  },
  examples: [
    ['retry 0197c2f0-5f0e-7c3a-9d35-0c8f6b1a2e4d', 'one task'],
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
    const tally = new Map<RetriedTask['status'], number>()
    try {
      for await (const ids of parts(client)) {
        for (const task of dry ? await wouldRetry(client, ids) : await client.retry(ids)) {
          tally.set(task.status, (tally.get(task.status) ?? 0) + 1)
          if (flags.has('json')) await output.jsonLine(task)
          else if (task.status !== 'retried') await output.line(`${task.id}  not retried: ${why(task)}`)
        }
      }
    } finally {
      client.close()
    }
    const retried = tally.get('retried') ?? 0
    const all = [...tally.values()].reduce((sum, count) => sum + count, 0)
    if (!flags.has('json')) await output.line(all === 0 ? 'no failed task matches' : summary(retried, all, dry))
    return retried === all ? EXIT_OK : new DtrError('task_failed', '').exitCode
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

function why({ status, state }: RetriedTask): string {
  if (status === 'unknown') return 'no such task is known'
  if (status === 'busy') return 'too many tasks are pending; run this again later'
  return state === 'completed' ? 'it has completed, and that stays' : `it is ${state} already`
}

function summary(retried: number, all: number, dry: boolean): string {
  const rest = all === retried ? '' : `, ${all - retried} ${dry ? 'would' : 'were'} not`
  return `${retried} ${retried === 1 ? 'task' : 'tasks'} ${dry ? 'would be' : retried === 1 ? 'is' : 'are'} retried${rest}`
}
