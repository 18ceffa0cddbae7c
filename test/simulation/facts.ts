// What has been seen so far, for all checkers together.
import type { Happening, Pulled, Row, Run } from './happenings.js'

export class Facts {
  /** As the disk holds them. */
  rows: ReadonlyMap<string, Row> = new Map()
  /** Leases that are on disk, ever. */
  readonly granted = new Map<string, string>()
  readonly runs = new Map<string, Run[]>()
  readonly active = new Set<Run>()
  /** What workers that pull began. */
  readonly #pulled = new Map<string, Pulled[]>()
  readonly byLease = new Map<string, Run>()
  /** As they were when they were forgotten, the last time. */
  readonly forgotten = new Map<string, Row>()

  see(happening: Happening): void {
    switch (happening.kind) {
      case 'applied':
        this.rows = happening.rows
        for (const [id, row] of happening.forgotten) this.forgotten.set(id, row)
        // Submitted anew after it was forgotten: another task.
        for (const id of happening.after.keys())
          if (!happening.before.has(id) && this.forgotten.has(id)) {
            this.runs.delete(id)
            this.#pulled.delete(id)
          }
        for (const { grants } of happening.outcome.claims) {
          for (const { leaseId, taskId } of grants) this.granted.set(leaseId, taskId)
        }
        return
      case 'began': {
        const { run } = happening
        this.active.add(run)
        this.byLease.set(run.leaseId, run)
        const runs = this.runs.get(run.taskId)
        if (runs === undefined) this.runs.set(run.taskId, [run])
        else runs.push(run)
        return
      }
      case 'pull-began':
        this.#pulled.set(happening.taskId, [...this.pulledOf(happening.taskId), happening])
        return
      case 'ended':
        this.active.delete(happening.run)
    }
  }

  /** Those that count, by whomever: since a person sent it back. */
  startsSinceRetry(taskId: string): number {
    const forgiven = this.rows.get(taskId)?.task.forgiven ?? 0
    return this.#starts(taskId).filter(({ attempt }) => attempt > forgiven).length
  }

  startsOf(taskId: string): number {
    return this.#starts(taskId).length
  }

  #starts(taskId: string): readonly { readonly attempt: number }[] {
    return [...this.runsOf(taskId), ...this.pulledOf(taskId)]
  }

  pulledOf(taskId: string): readonly Pulled[] {
    return this.#pulled.get(taskId) ?? []
  }

  runsOf(taskId: string): readonly Run[] {
    return this.runs.get(taskId) ?? []
  }
}
