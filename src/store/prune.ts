// Which ended tasks are forgotten (design: section 5, kept): those that ended too long ago, and as many more as are too many,
// the oldest end first. Bounded by what one transaction may cost, in tasks and in bytes: freeing a large payload means
// walking along its pages.
import type { WallMs } from '../clock.js'
import type { EndedRow } from './rows.js'
import type { OperationOutcome, PruneOperation } from './store.js'
import type { Work } from './work.js'

/** Of payload and result; a single larger task goes alone. */
export const PRUNE_BYTES_MAX = 4 * 1024 * 1024

export function prune(work: Work, operation: PruneOperation): OperationOutcome {
  // The first try may have had its effect already, and what it left has time until the next operation.
  if (work.retried) return { kind: 'prune', pruned: 0, more: true }
  const { completedBefore, failedBefore, keptMax, keptBytesMax, limit } = operation
  const lines = [
    new Line(firstOf(work, 'others', limit), completedBefore),
    new Line(firstOf(work, 'failed', limit), failedBefore),
  ]
  let pruned = 0
  let bytes = 0
  for (;;) {
    const tooMany = work.kept.count > keptMax || work.kept.bytes > keptBytesMax
    const next = earliest(lines.map((line) => line.due(work.now, tooMany)))
    if (next === undefined) return { kind: 'prune', pruned, more: false }
    if (pruned === limit || (pruned > 0 && bytes + next.bytes > PRUNE_BYTES_MAX)) {
      return { kind: 'prune', pruned, more: true }
    }
    for (const line of lines) line.pass(next)
    work.rows.remove(next)
    work.moved(next, next.state, undefined, next.bytes)
    pruned += 1
    bytes += next.bytes
  }
}

function firstOf(work: Work, which: 'others' | 'failed', limit: number): readonly EndedRow[] {
  return work.rows.endedFirst(which, limit + 1).filter(({ id }) => !work.resubmitted.has(id))
}

/** Tasks in the order of their ends, and the moment before which they are too old. */
class Line {
  #place = 0

  constructor(
    private readonly rows: readonly EndedRow[],
    private readonly before: WallMs,
  ) {}

  /** The first, where it is to go. What ended in this batch (`now`) is not told to anybody yet, and stays. */
  due(now: WallMs, tooMany: boolean): EndedRow | undefined {
    const head = this.rows[this.#place]
    if (head === undefined || head.endedAt === now) return undefined
    return tooMany || head.endedAt < this.before ? head : undefined
  }

  pass(row: EndedRow): void {
    if (this.rows[this.#place] === row) this.#place += 1
  }
}

function earliest(rows: readonly (EndedRow | undefined)[]): EndedRow | undefined {
  return rows.filter((row) => row !== undefined).sort((a, b) => a.endedAt - b.endedAt || a.seq - b.seq)[0]
}
