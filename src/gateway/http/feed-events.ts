// What goes on in the whole cluster, as server-sent events. The id of each is its place, so that a caller who comes again is told
// the rest, or that it is not known any more.
import type { ClusterFeed, FeedPlace } from '../../client/feed.js'
import type { StreamEvent } from './event-stream.js'
import { jsonOf } from './json-text.js'
import { timeOf, type View } from './task-view.js'

/** Where nothing happens it is said so often that nothing does. */
const QUIET_MS = 2_000

/** What `Last-Event-ID` says; nothing where it is no id of ours. */
export function readPlace(header: string | string[] | undefined): FeedPlace | undefined {
  const [, master, next] = /^([\w.:@/#-]{1,192}) (\d{1,15})$/.exec([header].flat()[0] ?? '') ?? []
  return master === undefined ? undefined : { master, next: Number(next) }
}

export class FeedEvents {
  #last: ClusterFeed | undefined

  /** Nothing where nothing is new. */
  next(told: ClusterFeed): StreamEvent | undefined {
    const last = this.#last
    if (last !== undefined && isQuiet(last, told) && told.at - last.at < QUIET_MS && told.at >= last.at)
      return undefined
    this.#last = told
    const { master, next, at, gap, counts, entries } = told
    const view = { at: timeOf(at), gap, counts, attempts: entries.map(entryView) }
    return { event: 'feed', id: `${master} ${next}`, data: jsonOf(view) }
  }
}

function isQuiet(last: ClusterFeed, { gap, entries, counts }: ClusterFeed): boolean {
  if (gap || entries.length > 0) return false
  return Object.entries(counts).every(([name, count]) => last.counts[name as keyof typeof counts] === count)
}

function entryView(entry: ClusterFeed['entries'][number]): View {
  const { at, what, task, lease, worker, taskType, attempt, waitedMs, code, message, runAt } = entry
  return {
    ...{ at: timeOf(at), what, task_id: task || null, lease_id: lease, type: taskType, attempt },
    // An incarnation is the name and something random.
    ...{ worker_id: worker.split('#')[0], incarnation: worker, waited_ms: waitedMs, code, message },
    run_at: runAt === undefined ? undefined : timeOf(runAt),
  }
}
