// P5, for what code tells while it runs: it is shown and kept as that of the very attempt whose code told it. In the simulation
// what an attempt tells names its lease.
import type { SeenField } from '../../../src/protocol/messages.js'
import type { Happening } from '../happenings.js'
import type { Checker, Found, Known } from './all.js'

export class Reported implements Checker {
  readonly promise = 'P5'

  see(happening: Happening, { facts }: Known): Found | undefined {
    if (happening.kind === 'said' && happening.message.type === 'seen') {
      return first(happening.message.list, (entry) => {
        const lease = entry.message ?? leasesIn(entry.log?.text)[0]
        if (lease === undefined) return undefined
        const run = facts.byLease.get(lease)
        if (run?.taskId === entry.id && run.attempt === entry.attempt) return undefined
        return { what: `what ${lease} told is shown as of attempt ${entry.attempt} of ${entry.id}`, taskId: entry.id }
      })
    }
    if (happening.kind !== 'applied') return undefined
    return first(happening.batch.operations, (operation) => {
      if (operation.kind !== 'settle' || operation.log === undefined) return undefined
      const { taskId, leaseId } = operation
      const other = leasesIn(operation.log.text).find((lease) => lease !== leaseId)
      return other === undefined ? undefined : { what: `what ${other} told is kept as of ${leaseId}`, taskId }
    })
  }
}

function leasesIn(text: SeenField['message'] = ''): readonly string[] {
  return text.split('\n').filter((line) => line !== '')
}

function first<Item>(items: readonly Item[], check: (item: Item) => Found | undefined): Found | undefined {
  for (const item of items) {
    const found = check(item)
    if (found !== undefined) return found
  }
  return undefined
}
