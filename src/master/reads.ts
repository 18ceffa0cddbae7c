// Questions to the store on behalf of clients. A commit waits for the read before it, on the one thread of the store: so
// tasks with their data are read a few at a time, and no more of them than one answer holds.
import type { Store, TaskWithStory } from '../store/store.js'
import type { Read, ReadAnswer } from './events.js'

/** Tasks in one call to the store; fewer where those before them were large. */
export const TASKS_PER_CALL = 16
/** Of payloads and results: more than that one answer does not hold. */
export const TASKS_CHARS_MAX = 1_000_000

type Reads = Pick<Store, 'get' | 'list' | 'failures' | 'logs' | 'counts' | 'reputations'>

export async function ask(store: Reads, read: Read): Promise<ReadAnswer> {
  switch (read.kind) {
    case 'status':
      return { kind: 'counts', counts: await store.counts() }
    case 'leaderboard':
      return { kind: 'reputations', reputations: await store.reputations() }
    case 'list': {
      const { filter, limit, cursor } = read
      return { kind: 'page', page: await store.list(filter, { limit, ...(cursor !== undefined && { cursor }) }) }
    }
    case 'logs':
      if (!(await isOf(store, read))) return { kind: 'logs', page: { logs: [], more: false } }
      return { kind: 'logs', page: await store.logs(read.id, read.after) }
    case 'failures':
      return { kind: 'failures', page: await store.failures(read.filter, read.cursor) }
    case 'get':
    case 'watch':
      return tasksOf(store, read.ids)
  }
}

async function isOf(store: Reads, { id, types }: Extract<Read, { kind: 'logs' }>): Promise<boolean> {
  if (types === undefined) return true
  const [found] = await store.get([id])
  return found !== undefined && types.includes(found.task.type)
}

async function tasksOf(store: Reads, ids: readonly string[]): Promise<ReadAnswer> {
  const tasks: TaskWithStory[] = []
  let chars = 0
  // The first one alone: how large the others are is not known before.
  for (let start = 0, count = 1; start < ids.length; ) {
    if (chars > TASKS_CHARS_MAX) return { kind: 'tasks', tasks, unread: ids.slice(start) }
    for (const found of await store.get(ids.slice(start, start + count))) {
      tasks.push(found)
      chars += found.task.payload.length + (found.task.result?.length ?? 0) + (found.checkpoint?.length ?? 0)
    }
    start += count
    const fitting = Math.floor(((TASKS_CHARS_MAX - chars) * start) / Math.max(1, chars))
    count = Math.min(TASKS_PER_CALL, Math.max(1, fitting))
  }
  return { kind: 'tasks', tasks, unread: [] }
}
