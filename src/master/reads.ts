// Questions to the store on behalf of clients. A commit waits for the read before it, on the one thread of the store: so
// tasks with their data are read a few at a time, and no more of them than one answer holds.
import type { Store, TaskWithStory } from '../store/store.js'
import type { Read, ReadAnswer } from './events.js'

/** Tasks in one call to the store: at their largest some 32 MiB. */
export const TASKS_PER_CALL = 16
/** Of payloads and results: more than that one answer does not hold. */
export const TASKS_CHARS_MAX = 1_000_000

type Reads = Pick<Store, 'get' | 'list' | 'failures' | 'counts'>

export async function ask(store: Reads, read: Read): Promise<ReadAnswer> {
  switch (read.kind) {
    case 'status':
      return { kind: 'counts', counts: await store.counts() }
    case 'list': {
      const { filter, limit, cursor } = read
      return { kind: 'page', page: await store.list(filter, { limit, ...(cursor !== undefined && { cursor }) }) }
    }
    case 'failures':
      return { kind: 'failures', page: await store.failures(read.filter, read.cursor) }
    case 'get':
      return tasksOf(store, read.ids, TASKS_CHARS_MAX)
    case 'watch':
      // Each of them must be looked at: one that has ended already is told now or never.
      return tasksOf(store, read.ids, Number.POSITIVE_INFINITY)
  }
}

async function tasksOf(store: Reads, ids: readonly string[], charsMax: number): Promise<ReadAnswer> {
  const tasks: TaskWithStory[] = []
  let chars = 0
  for (let start = 0; start < ids.length; start += TASKS_PER_CALL) {
    if (chars > charsMax) return { kind: 'tasks', tasks, more: true }
    for (const found of await store.get(ids.slice(start, start + TASKS_PER_CALL))) {
      tasks.push(found)
      chars += found.task.payload.length + (found.task.result?.length ?? 0)
    }
  }
  return { kind: 'tasks', tasks, more: false }
}
