// P5: an attempt starts with what attempts before it have kept: with the last that was acknowledged to their code, or one that
// came later; never with an older one. What
// leases that are over keep the fence refuses (p05-fence.ts).
import type { Happening, Run } from '../happenings.js'
import type { Checker, Found } from './all.js'

interface Place {
  readonly attempt: number
  readonly n: number
}

export class KeptCheckpoints implements Checker {
  readonly promise = 'P5'
  /** All that code has ever asked to be kept. */
  readonly #asked = new Map<string, Place & { readonly taskId: string }>()
  /** All that a batch on disk holds. */
  readonly #onDisk = new Set<string>()
  /** By task: the last of each attempt of which its code was told that it is kept. */
  readonly #acknowledged = new Map<string, Place[]>()

  see(happening: Happening): Found | undefined {
    switch (happening.kind) {
      case 'keeps': {
        const { run, n, value } = happening
        this.#asked.set(value, { taskId: run.taskId, attempt: run.attempt, n })
        return undefined
      }
      case 'kept': {
        const { taskId, attempt } = happening.run
        this.#acknowledged.set(taskId, [...(this.#acknowledged.get(taskId) ?? []), { attempt, n: happening.n }])
        return undefined
      }
      case 'said':
        return happening.message.type === 'checkpointed' ? this.#said(happening.message.list) : undefined
      case 'began':
        return this.#began(happening.run)
      case 'applied':
        for (const taskId of happening.forgotten.keys()) this.#acknowledged.delete(taskId)
        for (const operation of happening.batch.operations)
          if (operation.kind === 'checkpoint') this.#onDisk.add(operation.value)
        return undefined
    }
    return undefined
  }

  #said(list: readonly { readonly lease: string; readonly n: number; readonly status: string }[]): Found | undefined {
    const early = list.find(
      ({ lease, n, status }) => status === 'recorded' && !this.#onDisk.has(checkpointOf(lease, n)),
    )
    return early && { what: `checkpoint ${early.n} of ${early.lease} was acknowledged before it was on disk` }
  }

  #began({ taskId, attempt, leaseId, checkpoint }: Run): Found | undefined {
    const before = (this.#acknowledged.get(taskId) ?? []).filter((place) => place.attempt < attempt)
    const last = before.reduce<Place | undefined>((a, b) => (a === undefined || isBefore(a, b) ? b : a), undefined)
    const started = checkpoint === undefined ? undefined : this.#asked.get(checkpoint)
    if (checkpoint !== undefined && started?.taskId !== taskId) {
      return { what: `${leaseId} starts with ${checkpoint}, which no code of ${taskId} has kept`, taskId }
    }
    if (last === undefined || (started !== undefined && !isBefore(started, last))) return undefined
    return { what: `${leaseId} starts with ${checkpoint}, and ${last.n} of attempt ${last.attempt} was kept`, taskId }
  }
}

/** As simulated code keeps them. */
export function checkpointOf(leaseId: string, n: number): string {
  return JSON.stringify(`${leaseId} ${n}`)
}

function isBefore(one: Place, other: Place): boolean {
  return one.attempt < other.attempt || (one.attempt === other.attempt && one.n < other.n)
}
