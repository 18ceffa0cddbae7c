// dtr cancel: tasks by their ids, or all pending ones that match. One that is pending never starts once this has said so; of one that runs no result
// counts any more, and it is cancelled when its code has ended (P14).
import type { Client } from '../client/client.js'
import type { CancelledTask } from '../client/task-handle.js'
import { DtrError, EXIT_OK } from '../errors.js'
import { agoOf, CHOICE_FLAGS, choiceOf, chosenIds } from './chosen.js'
import { CLUSTER_SETTINGS, type Command, JSON_FLAG } from './command.js'
import { connectBy } from './connect.js'

export const cancel: Command = {
  name: 'cancel',
  positionals: '[ids..]',
  about: 'cancel tasks; pending ones at once, running ones when their code has ended',
  settings: CLUSTER_SETTINGS,
  flags: {
    ...JSON_FLAG,
    pending: { about: 'all that are pending and match' },
    ...CHOICE_FLAGS,
    since: { about: 'only submitted within so long', value: '1h' },
    wait: { about: 'wait until the code of those that run has ended' },
    'dry-run': { about: 'only say what would be cancelled' },
  },
  examples: [
    ['cancel 0197c2f0-5f0e-7c3a-9d35-0c8f6b1a2e4d --wait', 'returns when its code has ended'],
    ['cancel --pending --type resize', 'all of a type that wait'],
    ['tasks --state running --json | jq -r .id | dtr cancel -', 'ids from standard input'],
  ],
  async run(flags, output) {
    const query = { ...choiceOf(flags), states: 'pending', since: agoOf(flags, 'since') } as const
    const parts = chosenIds(flags, 'pending', ['type', 'queue', 'since'], query)
    const client = await connectBy(flags)
    const dry = flags.has('dry-run')
    let all = 0
    let cancelled = 0
    try {
      for await (const ids of parts(client)) {
        for (const answer of dry ? await wouldCancel(client, ids) : await client.cancel(ids)) {
          const task = flags.has('wait') && !dry ? await untilEnded(client, answer) : answer
          all += 1
          if (isCancelled(task)) cancelled += 1
          if (flags.has('json')) await output.jsonLine(task)
          else if (!flags.has('pending') || task.status !== 'cancelled')
            await output.line(`${task.id}  ${words(task, dry)}`)
        }
      }
    } finally {
      client.close()
    }
    if (flags.has('pending') && !flags.has('json')) {
      await output.line(
        all === 0 ? 'no pending task matches' : `${cancelled} of ${all} ${dry ? 'would be ' : ''}cancelled`,
      )
    }
    return cancelled === all ? EXIT_OK : new DtrError('task_failed', '').exitCode
  },
}

async function wouldCancel(client: Client, ids: readonly string[]): Promise<readonly CancelledTask[]> {
  const found = new Map((await client.get(ids)).map(({ id, state }) => [id, state]))
  return ids.map((id) => {
    const state = found.get(id)
    if (state === undefined) return { id, status: 'unknown' }
    if (state === 'pending') return { id, status: 'cancelled', state }
    return { id, status: state === 'running' ? 'cancelling' : 'ended', state }
  })
}

async function untilEnded(client: Client, task: CancelledTask): Promise<CancelledTask> {
  if (task.status !== 'cancelling') return task
  const { id, state } = await client.task(task.id).ended()
  return { id, status: state === 'cancelled' ? 'cancelled' : 'ended', state }
}

function isCancelled({ status, state }: CancelledTask): boolean {
  return status === 'cancelled' || status === 'cancelling' || state === 'cancelled'
}

function words({ status, state }: CancelledTask, dry: boolean): string {
  if (dry && (status === 'cancelled' || status === 'cancelling')) return `would be cancelled: it is ${state}`
  switch (status) {
    case 'cancelled':
      return 'cancelled: it does not run any more'
    case 'cancelling':
      return 'being cancelled: its code is told to end, no result of it counts (--wait waits for that)'
    case 'ended':
      return state === 'cancelled' ? 'was cancelled before' : `not cancelled: it had ${state} before`
    case 'unknown':
      return 'not cancelled: no such task is known'
  }
}
