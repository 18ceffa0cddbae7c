// What the screen shows, as it is asked of the master: a bounded number of tasks, however many there are.
import type { Client } from '../../client/client.js'
import type { Snapshot, Summary } from './rows.js'

const PAGE_MAX = 500
/** More of them no screen shows. */
const RUNNING_MAX = 2_000
const FAILED_MAX = 50
/** Among so many of the last submitted ones the last to fail are looked for. */
const FAILED_SEEN_MAX = 200

/** Asks once. Where the master is away, the answer comes when it is back. */
export async function poll(client: Client, before: Snapshot | undefined): Promise<Snapshot> {
  const [status, running] = await Promise.all([client.status(), runningTasks(client)])
  const count = failedCount(status.counts)
  const same = before !== undefined && failedCount(before.status.counts) === count
  // What failed is asked for when that has changed: it is the dearer question.
  const failed = count === 0 ? [] : same ? before.failed : await failedTasks(client)
  return { atMs: Date.now(), status, running, failed }
}

async function runningTasks(client: Client): Promise<readonly Summary[]> {
  const running: Summary[] = []
  for (let after: string | undefined; ; ) {
    const { tasks, next } = await client.page({ states: 'running' }, { limit: PAGE_MAX, after })
    running.push(...tasks)
    if (next === undefined || running.length >= RUNNING_MAX) return running
    after = next
  }
}

async function failedTasks(client: Client): Promise<readonly Summary[]> {
  const { tasks } = await client.page({ states: 'failed' }, { limit: FAILED_SEEN_MAX })
  return [...tasks].sort((one, other) => (other.endedAt ?? 0) - (one.endedAt ?? 0)).slice(0, FAILED_MAX)
}

function failedCount(counts: Snapshot['status']['counts']): number {
  return counts.reduce((sum, { state, count }) => sum + (state === 'failed' ? count : 0), 0)
}
