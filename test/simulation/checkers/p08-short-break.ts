// P8: a short break costs no running attempt: code is not told that its master is lost, and not disowned by one, before 8 s have
// passed since it was confirmed last; results that were ready meanwhile count; and where connections are cut, or other masters
// come, and nothing else goes wrong, nothing is lost at all.
import type { Applied, Happening, Run } from '../happenings.js'
import { knowsOnly, type Plan } from '../plan.js'
import type { Checker, Found, Known } from './all.js'

const BREAK_MS_MAX = 8_000
/** One that stood still does not know what is late. */
const LATELY_MS = 5_000

export class ShortBreak implements Checker {
  readonly promise = 'P8'

  /** Code that came to its own end, by its lease. */
  readonly #completed = new Map<string, Run>()

  see(happening: Happening, { now, scene, facts }: Known): Found | undefined {
    switch (happening.kind) {
      case 'aborted':
        return happening.reason === 'lost' ? endedSoon(happening.run, 'ended as lost', now) : undefined
      case 'said': {
        const { message } = happening
        const stale = message.type === 'welcome' ? message.stale : []
        const runs = stale.flatMap(({ lease }) => [...facts.active].filter(({ leaseId }) => leaseId === lease))
        return runs.map((run) => endedSoon(run, 'disowned', now)).find((found) => found !== undefined)
      }
      case 'registers': {
        const { worker, master, leaves } = happening
        if (leaves === undefined || worker.process.thawedAt > now - LATELY_MS) return undefined
        return { what: `${worker.incarnation} leaves ${leaves}, which it hears, for ${master}` }
      }
      case 'ended':
        if (happening.how === 'completed') this.#completed.set(happening.run.leaseId, happening.run)
        return undefined
      case 'applied':
        return this.#handedBack(happening) ?? (isSpared(scene.plan) ? lostIn(happening) : undefined)
    }
    return undefined
  }

  #handedBack({ batch }: Applied): Found | undefined {
    for (const { kind, ...operation } of batch.operations) {
      if (kind !== 'settle' || !('ending' in operation) || operation.ending.kind !== 'returned') continue
      const { taskId, leaseId } = operation
      const run = this.#completed.get(leaseId)
      if (run?.worker.process.alive) return { what: `${leaseId} completed, and was handed back`, taskId }
    }
    return undefined
  }
}

function endedSoon({ worker, leaseId, taskId }: Run, how: string, now: number): Found | undefined {
  const sinceMs = now - (worker.confirmedAt ?? 0)
  if (sinceMs > BREAK_MS_MAX) return undefined
  return { what: `${leaseId} was ${how} ${Math.round(sinceMs)} ms after its master was heard`, taskId }
}

function isSpared(plan: Plan): boolean {
  const others = ['kill-client', 'step-wall-clock', 'reload-worker'] as const
  return knowsOnly(plan, 'cut', ...others) || knowsOnly(plan, 'rival', ...others)
}

function lostIn({ batch }: Applied): Found | undefined {
  for (const operation of batch.operations) {
    // Leases that are pulled end by themselves.
    if (operation.kind === 'expire' && operation.leases === undefined)
      return { what: `${operation.incarnation} was given up for a cut connection` }
    if (operation.kind !== 'settle' || operation.ending.kind !== 'lost') continue
    return { what: `${operation.leaseId} was lost to a cut connection`, taskId: operation.taskId }
  }
  return undefined
}
