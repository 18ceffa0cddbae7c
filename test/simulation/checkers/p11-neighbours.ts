// P11: the death of a host is charged to a task that ran in it alone, never to a neighbour; three make it poison, not fewer.
// Where each slot has a host of its own there are no neighbours.
import type { Happening, Run } from '../happenings.js'
import type { Checker, Found, Known } from './all.js'

const DEATHS_MAX = 3

function isDeath(error: { readonly code: string } | undefined): boolean {
  return error?.code === 'host_died' || error?.code === 'out_of_memory'
}

export class Neighbours implements Checker {
  readonly promise = 'P11'
  /** Code that was in a host together with other code when the host ended. */
  readonly #together = new Set<string>()
  #dying: { at: number; runs: Run[] } = { at: -1, runs: [] }

  see(happening: Happening, { now, facts }: Known): Found | undefined {
    if (happening.kind === 'began' && happening.run.worker.options.plan.isolate) {
      const beside = [...facts.active].find((run) => run.host === happening.run.host && run !== happening.run)
      if (beside !== undefined)
        return { what: `${happening.run.leaseId} begins in the host of ${beside.leaseId}`, taskId: beside.taskId }
    }
    if (happening.kind === 'ended' && !happening.run.host.alive) this.#died(happening.run, now)
    if (happening.kind !== 'applied') return undefined
    for (const operation of happening.batch.operations) {
      if (operation.kind !== 'settle' || operation.ending.kind !== 'failed') continue
      if (!isDeath(operation.ending.error) || !this.#together.has(operation.leaseId)) continue
      return { what: `${operation.leaseId} is charged for a host that it shared`, taskId: operation.taskId }
    }
    for (const [taskId, { task, story }] of happening.after) {
      const sinceRetry = story.slice(story.findLastIndex(({ outcome }) => outcome === 'retried') + 1)
      const deaths = sinceRetry.filter(({ error, outcome }) => outcome === 'failed' && isDeath(error)).length
      if (task.state === 'failed' && task.error?.code === 'poison' && deaths < DEATHS_MAX) {
        return { what: `${taskId} is poison after ${deaths} deaths`, taskId }
      }
      if (task.state === 'pending' && deaths >= DEATHS_MAX) {
        return { what: `${taskId} took its host down ${deaths} times, and waits for the next`, taskId }
      }
    }
    return undefined
  }

  #died(run: Run, now: number): void {
    if (this.#dying.at !== now || this.#dying.runs[0]?.host !== run.host) this.#dying = { at: now, runs: [] }
    this.#dying.runs.push(run)
    if (this.#dying.runs.length > 1) for (const { leaseId } of this.#dying.runs) this.#together.add(leaseId)
  }
}
