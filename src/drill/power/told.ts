// What a master has told the others: of each message that may have left, what must be on disk from then on. Pure.
import { withList } from '../../protocol/columns.js'
import type { TaskWithStory } from '../../store/store.js'

interface Line {
  readonly type?: string
  readonly list?: readonly Partial<Item>[]
  readonly ids?: readonly string[]
}

interface Item {
  readonly id: string
  readonly lease: string
  readonly attempt: number
  readonly status: string
  readonly state: string
  readonly result: string
}

export class Told {
  /** Ids of tasks that were accepted. */
  readonly accepted = new Set<string>()
  readonly granted = new Map<string, Pick<Item, 'id' | 'attempt'>>()
  readonly recorded = new Set<string>()
  readonly ended = new Map<string, Partial<Item>>()
  readonly cancelled = new Set<string>()
  readonly #unread = new Map<string, Buffer>()

  get count(): number {
    return this.accepted.size + this.granted.size + this.recorded.size + this.ended.size + this.cancelled.size
  }

  /** A new process: what its predecessor had begun to say is never ended. */
  restart(): void {
    this.#unread.clear()
  }

  hear(connection: string, bytes: Buffer): void {
    const all = Buffer.concat([this.#unread.get(connection) ?? Buffer.alloc(0), bytes])
    const end = all.lastIndexOf(10) + 1
    this.#unread.set(connection, all.subarray(end))
    for (const line of all.toString('utf8', 0, end).split('\n')) {
      if (line.startsWith('{')) this.#take(withList(JSON.parse(line)) as Line)
    }
  }

  #take({ type, list = [], ids = [] }: Line): void {
    if (type === 'accepted') for (const id of ids) this.accepted.add(id)
    for (const item of list) {
      const { id = '', lease = '', attempt = 0, status } = item
      if (type === 'accepted' && (status === 'accepted' || status === 'existing')) this.accepted.add(id)
      if (type === 'assign') this.granted.set(lease, { id, attempt })
      if (type === 'recorded' && status === 'recorded') this.recorded.add(lease)
      if (type === 'ended') this.ended.set(id, item)
      if (type === 'cancelled-tasks' && (status === 'cancelled' || status === 'cancelling')) this.cancelled.add(id)
    }
  }
}

/** What is known of the tasks from elsewhere. */
export interface Known {
  /** What was submitted, by id. */
  readonly payloads: ReadonlyMap<string, string>
  /** Leases under which code began: what was handed back before is undone, as if it had never been granted. */
  readonly started: ReadonlySet<string>
}

/** @returns what was told and is not so */
export function brokenWords(
  told: Told,
  found: ReadonlyMap<string, TaskWithStory>,
  { payloads, started }: Known,
): string[] {
  const accepted = [...told.accepted].flatMap((id) => {
    const task = found.get(id)?.task
    if (task === undefined) return [`task ${id} was accepted and is gone`]
    const payload = payloads.get(id)
    return payload === undefined || payload === task.payload ? [] : [`task ${id} has another payload`]
  })
  const granted = [...told.granted].flatMap(([lease, { id, attempt }]) =>
    !started.has(lease) || isGranted(found.get(id), lease, attempt)
      ? []
      : [`task ${id}: attempt ${attempt} was assigned and is not known`],
  )
  const recorded = [...told.recorded].flatMap((lease) => {
    const { id = '' } = told.granted.get(lease) ?? {}
    const task = found.get(id)?.task
    return task?.state === 'running' && task.leaseId === lease
      ? [`task ${id}: its end was recorded and is not known`]
      : []
  })
  const ended = [...told.ended].flatMap(([id, { state, result }]) => {
    const task = found.get(id)?.task
    return task?.state === state && task?.result === result ? [] : [`task ${id} is ${task?.state}, told was ${state}`]
  })
  const cancelled = [...told.cancelled].flatMap((id) => {
    const task = found.get(id)?.task
    const isSo = task?.state === 'cancelled' || task?.cancelRequested === true
    return isSo ? [] : [`task ${id} is ${task?.state}, told was that it is cancelled`]
  })
  return [...accepted, ...granted, ...recorded, ...ended, ...cancelled]
}

/** A later attempt is no proof of less: it was granted after this one. */
function isGranted(found: TaskWithStory | undefined, lease: string, attempt: number): boolean {
  if (found === undefined) return false
  const { task, story } = found
  return task.attempt > attempt || task.leaseId === lease || story.some(({ leaseId }) => leaseId === lease)
}
