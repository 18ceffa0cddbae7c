// P11: nobody is charged when an operator kills processes: the kill of a host beside which the master, or another process of
// the same computer, died within 5 s counts for nobody.
import type { Happening, Run } from '../happenings.js'
import type { Computer, Process } from '../machine.js'
import { type Fault, knowsOnly, type Plan } from '../plan.js'
import type { WorkerLife } from '../worker.js'
import type { Checker, Found, Known } from './all.js'

const BESIDE_MS = 5_000

/** After which all are connected again. */
const SETTLED_MS = 30_000
const HARMLESS: readonly Fault[] = [
  ...(['kill-worker', 'kill-host', 'kill-two', 'kill-client'] as const),
  ...(['change-modules', 'reload-worker', 'step-wall-clock'] as const),
]

interface Death {
  readonly at: number
  readonly process: Process
  /** Whose host it was, or the worker itself; none: the master. */
  readonly worker: WorkerLife | undefined
}

export class Operator implements Checker {
  readonly promise = 'P11'
  readonly #deaths: Death[] = []
  /** Those that are charged for a kill of their host. */
  readonly #charged: Run[] = []

  see(happening: Happening, { now, facts, scene: { plan } }: Known): Found | undefined {
    switch (happening.kind) {
      case 'host-ended': {
        const { byItself, worker, host } = happening
        return byItself ? this.#died({ at: now, process: host, worker }, plan) : undefined
      }
      case 'worker-ended': {
        const { worker, code } = happening
        return code === undefined ? this.#died({ at: now, process: worker.process, worker }, plan) : undefined
      }
      case 'master-ended': {
        const { master, code } = happening
        return code === undefined
          ? this.#died({ at: now, process: master.process, worker: undefined }, plan)
          : undefined
      }
      case 'applied':
        for (const operation of happening.batch.operations) {
          if (operation.kind !== 'settle' || operation.ending.kind !== 'failed') continue
          const { code, signal } = operation.ending.error
          const run = facts.byLease.get(operation.leaseId)
          if (code !== 'host_died' || signal === undefined || run === undefined) continue
          this.#charged.push(run)
          const found = this.#deaths.map((death) => this.#judge(death, run, plan)).find((one) => one !== undefined)
          if (found !== undefined) return found
        }
    }
    return undefined
  }

  /** It may come after the charge. */
  #died(death: Death, plan: Plan): Found | undefined {
    this.#deaths.push(death)
    return this.#charged.map((run) => this.#judge(death, run, plan)).find((found) => found !== undefined)
  }

  #judge(death: Death, run: Run, plan: Plan): Found | undefined {
    if (!isBeside(death, run) || !this.#isTold(death, run, plan)) return undefined
    const what = `${run.leaseId} is charged for a kill of its host, and ${death.process.name} died beside it`
    return { what, taskId: run.taskId }
  }

  /** Its worker sees its own hosts and the master; of others it is told where nothing keeps anybody from telling. */
  #isTold({ worker, at }: Death, run: Run, plan: Plan): boolean {
    if (worker === undefined) return true
    if (worker === run.worker) return run.worker.process.pauses.length === 0
    const masterLives = this.#deaths.every(
      (death) => death.worker !== undefined || Math.abs(death.at - at) > SETTLED_MS,
    )
    return worker.confirmedAt !== undefined && masterLives && knowsOnly(plan, ...HARMLESS)
  }
}

function isBeside({ process, worker, at }: Death, run: Run): boolean {
  const there: Computer = run.host.computer
  if (process === run.host || Math.abs(at - (run.endedAt ?? at)) > BESIDE_MS) return false
  return worker === undefined || process.computer === there
}
