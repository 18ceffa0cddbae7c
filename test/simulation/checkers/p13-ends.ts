// P13: timeout and cancel end the code, whatever it does: within the grace and a second.
import type { Happening, Run } from '../happenings.js'
import type { Checker, Found, Known } from './all.js'

const AFTER_GRACE_MS = 1_000

export class Ends implements Checker {
  readonly promise = 'P13'

  see(_: Happening, { facts, scene, now }: Known): Found | undefined {
    for (const run of facts.active) {
      const { worker, host } = run
      if (host.frozen || worker.process.frozen) continue
      const toldAt = Math.min(
        timeoutAt(run, facts.rows),
        worker.cancelsHeard.get(run.leaseId) ?? Number.POSITIVE_INFINITY,
      )
      const from = Math.max(toldAt, host.thawedAt, worker.process.thawedAt)
      // Clocks of workers are not quite right.
      const endMs = (scene.plan.killGraceMs + AFTER_GRACE_MS) * 1.01
      if (now > from + endMs) {
        return { what: `${run.leaseId} runs on ${Math.round(now - toldAt)} ms after it was to end`, taskId: run.taskId }
      }
    }
    return undefined
  }
}

function timeoutAt({ taskId, beganAt }: Run, rows: Known['facts']['rows']): number {
  const limitMs = rows.get(taskId)?.task.timeoutMs
  return limitMs === undefined ? Number.POSITIVE_INFINITY : beganAt + limitMs * 1.01
}
