// P13: timeout, deadline and cancel end the code, whatever it does, within the grace and a second; so does the word that a lease is over.
import { type Applied, type Happening, type Run, retriedBy } from '../happenings.js'
import { sparesMessages } from '../plan.js'
import type { Checker, Found, Known } from './all.js'

const AFTER_GRACE_MS = 1_000
const NEVER = Number.POSITIVE_INFINITY

export class Ends implements Checker {
  readonly promise = 'P13'
  /** When a client was answered that their code is being ended. */
  readonly #cancelling = new Map<string, number>()
  /** What was left until its deadline when a lease was granted. */
  readonly #leftMs = new Map<string, number>()

  see(happening: Happening, { facts, scene, now }: Known): Found | undefined {
    if (happening.kind === 'said' && happening.message.type === 'cancelled-tasks') {
      for (const { id, status } of happening.message.list) if (status === 'cancelling') this.#cancelling.set(id, now)
    }
    if (happening.kind === 'applied') this.#applied(happening)
    for (const run of facts.active) {
      const { worker, host } = run
      if (host.frozen || worker.process.frozen) continue
      // Where the network does its work the worker hears of a cancel when the client does.
      const wished = sparesMessages(scene.plan) ? this.#cancelling.get(run.taskId) : undefined
      const heard = worker.cancelsHeard.get(run.leaseId)
      const deadlineAt = run.beganAt + (this.#leftMs.get(run.leaseId) ?? NEVER) * 1.01
      const toldAt = Math.min(timeoutAt(run, facts.rows), deadlineAt, heard ?? NEVER, wished ?? NEVER)
      const from = Math.max(toldAt, host.thawedAt, worker.process.thawedAt)
      // Clocks of workers are not quite right.
      const endMs = (scene.plan.killGraceMs + AFTER_GRACE_MS) * 1.01
      if (now > from + endMs) {
        return { what: `${run.leaseId} runs on ${Math.round(now - toldAt)} ms after it was to end`, taskId: run.taskId }
      }
    }
    return undefined
  }

  #applied(applied: Applied): void {
    for (const id of retriedBy(applied)) this.#cancelling.delete(id)
    for (const { grants } of applied.outcome.claims) {
      for (const { leaseId, deadlineAt } of grants)
        if (deadlineAt !== undefined) this.#leftMs.set(leaseId, Math.max(0, deadlineAt - applied.batch.now))
    }
  }
}

/** Its limit counts from when its worker hears that it began. */
function timeoutAt({ taskId, beganAt, worker }: Run, rows: Known['facts']['rows']): number {
  const limitMs = rows.get(taskId)?.task.timeoutMs
  return limitMs === undefined ? NEVER : Math.max(beganAt, worker.process.thawedAt) + limitMs * 1.01
}
