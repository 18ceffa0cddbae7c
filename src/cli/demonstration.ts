// What `dtr start` shows where it was given no tasks: checksums of real files in three priorities, a few tasks that fail
// once and one that always does, so that retries can be seen.
import { SingleBar } from 'cli-progress'
import Table from 'cli-table3'
import type { Client } from '../client/client.js'
import type { TaskHandle } from '../client/task-handle.js'
import type { TaskField } from '../protocol/messages.js'
import { chargedAttempts } from '../task/task.js'
import type { Output } from './output.js'

const PRIORITIES = [10, 5, 0] as const
const FLAKY_TASKS = 3
const HOPELESS_RETRIES = 2
const LINE_EVERY_MS = 1_000

export interface Demonstration {
  readonly client: Client
  readonly files: readonly string[]
  readonly output: Output
}

/** @returns whether everything came out as it should */
export async function demonstrate({ client, files, output }: Demonstration): Promise<boolean> {
  const startedMs = performance.now()
  const checksums = await Promise.all(
    files.map((path, index) =>
      client.submit('checksum', { path }, { priority: PRIORITIES[index % PRIORITIES.length], description: path }),
    ),
  )
  const flaky = await Promise.all(
    Array.from({ length: FLAKY_TASKS }, () => client.submit('flaky', { failures: 1 }, { description: 'fails once' })),
  )
  const hopeless = await client.submit(
    'flaky',
    { failures: 99 },
    { retries: HOPELESS_RETRIES, description: 'always fails' },
  )
  const all = [...checksums, ...flaky, hopeless]
  await output.line(
    `demonstration: ${checksums.length} checksums, ${flaky.length} tasks that fail once, one that always does`,
  )
  await showProgress(all, output)
  const seconds = (performance.now() - startedMs) / 1_000
  const tasks = await client.get(all.map(({ id }) => id))
  await output.line(summary(tasks, tasks.length / seconds))
  const outcome = (handles: readonly TaskHandle[], fits: (task: TaskField) => boolean): boolean =>
    handles.every(({ id }) => tasks.some((task) => task.id === id && fits(task)))
  return (
    outcome(checksums, ({ state }) => state === 'completed') &&
    outcome(flaky, (task) => task.state === 'completed' && chargedAttempts(task) === 2) &&
    outcome([hopeless], (task) => task.state === 'failed' && chargedAttempts(task) === HOPELESS_RETRIES + 1)
  )
}

/** A bar on a terminal; elsewhere a line at each tenth, at most one a second. */
async function showProgress(handles: readonly TaskHandle[], output: Output): Promise<void> {
  const bar = output.isScreen ? new SingleBar({ format: '{bar} {value}/{total} tasks', hideCursor: true }) : undefined
  const total = handles.length
  bar?.start(total, 0)
  let ended = 0
  let toldMs = performance.now()
  const count = (): void => {
    ended += 1
    bar?.update(ended)
    if (bar !== undefined || (ended < total && performance.now() - toldMs < LINE_EVERY_MS)) return
    toldMs = performance.now()
    void output.line(`${ended} of ${total} tasks ended`)
  }
  await Promise.all(handles.map((handle) => handle.ended().then(count))).finally(() => bar?.stop())
}

function summary(tasks: readonly TaskField[], perSecond: number): string {
  const inState = (state: string): number => tasks.filter((task) => task.state === state).length
  const table = new Table({ style: { head: [], border: [] } })
  table.push(
    ['completed', inState('completed')],
    ['retried', tasks.filter((task) => chargedAttempts(task) > 1).length],
    ['failed', inState('failed')],
    ['tasks/s', perSecond.toFixed(0)],
    ...[...countsByWorker(tasks)].map(([name, count]) => [`done by ${name}`, count]),
  )
  return table.toString()
}

function countsByWorker(tasks: readonly TaskField[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { holder } of tasks) {
    const name = holder?.replace(/#.*$/, '') ?? 'nobody'
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return new Map([...counts].sort(([one], [other]) => byNumber.compare(one, other)))
}

const byNumber = new Intl.Collator('en', { numeric: true })
