// P12: a payload that is refused ends its task with the reason, and so does code that says that more attempts are in vain. A type that nobody serves is named at once, and `expires` ends
// the task; a worker that is handed a type it lacks gives it back uncharged, and is asked for it no more.
import type { Batch, SettleOperation } from '../../../src/store/store.js'
import type { Applied, Happening } from '../happenings.js'
import { FOR_GOOD } from '../host.js'
import { UNSERVED } from '../plan-tasks.js'
import type { Checker, Found, Known } from './all.js'

type Heard = Extract<Happening, { kind: 'heard' }>
type Said = Extract<Happening, { kind: 'said' }>

export class Served implements Checker {
  readonly promise = 'P12'
  /** What each worker said last that it serves. */
  readonly #types = new Map<string, ReadonlySet<string>>()
  /** Leases whose code said that another attempt would be in vain. */
  readonly #inVain = new Set<string>()

  see(happening: Happening, { scene }: Known): Found | undefined {
    switch (happening.kind) {
      case 'heard':
        this.#heard(happening)
        return undefined
      case 'said': {
        // Who pulls every type serves this one, too.
        if (scene.plan.pullers.some(({ types }) => types === undefined)) return undefined
        const unnamed = unnamedIn(happening, scene.plan.tasks)
        if (unnamed === undefined) return undefined
        return { what: `nobody serves ${unnamed}, and its client was not told`, taskId: unnamed }
      }
      case 'taken':
        return this.#claims(happening.batch)
      case 'applied':
        return settles(happening, this.#inVain) ?? expires(happening)
      case 'ended':
        if (happening.how === FOR_GOOD) this.#inVain.add(happening.run.leaseId)
        return undefined
    }
    return undefined
  }

  #heard({ from, messages }: Heard): void {
    for (const message of messages) {
      if (message.type === 'register' || message.type === 'serves')
        this.#types.set(from, new Set(message.types.map(({ type }) => type)))
    }
  }

  #claims({ claims }: Batch): Found | undefined {
    for (const { routes, offers } of claims) {
      for (const { holder } of offers) {
        if (holder.endsWith('#pull')) continue
        const lacking = routes.find(({ type }) => this.#types.get(holder)?.has(type) !== true)
        if (lacking !== undefined) return { what: `${holder} is offered ${lacking.type}, which it does not serve` }
      }
    }
    return undefined
  }
}

function unnamedIn({ message }: Said, tasks: Known['scene']['plan']['tasks']): string | undefined {
  if (message.type !== 'accepted' || message.unserved.includes(UNSERVED)) return undefined
  const unserved = new Set(tasks.flatMap(({ spec }) => (spec.type === UNSERVED ? [spec.id] : [])))
  const accepted = message.list.filter(({ status }) => status === 'accepted').map(({ id }) => id)
  return [...accepted, ...(message.ids ?? [])].find((id) => unserved.has(id))
}

function settles({ batch, outcome, before, after }: Applied, inVain: ReadonlySet<string>): Found | undefined {
  for (const [index, operation] of batch.operations.entries()) {
    const result = outcome.operations[index]!
    if (operation.kind !== 'settle' || result.kind !== 'settle' || result.status !== 'recorded') continue
    const { taskId, leaseId } = operation
    const was = before.get(taskId)?.task
    // It was this attempt that ended.
    if (was?.state !== 'running' || was.leaseId !== leaseId || was.cancelRequested) continue
    const is = after.get(taskId)!.task
    // The cancel came with this very batch.
    if (is.cancelRequested) continue
    if (isRefused(operation) && (is.state !== 'failed' || is.error?.code !== 'payload_refused'))
      return { what: `the payload of ${taskId} was refused, and it is ${is.state}`, taskId }
    if (operation.ending.kind === 'failed' && inVain.has(leaseId) && is.state !== 'failed')
      return { what: `${leaseId} said that another attempt would be in vain, and ${taskId} is ${is.state}`, taskId }
    if (isUnserved(operation) && is.state === 'failed' && is.error?.code === 'lost')
      return { what: `${taskId} failed for a worker that lacks its type`, taskId }
    if (isUnserved(operation) && is.attempt - is.uncharged >= was.attempt - was.uncharged && is.leaseId === leaseId)
      return { what: `${taskId} is charged for a worker that lacks its type`, taskId }
  }
  return undefined
}

function isRefused({ ending }: SettleOperation): boolean {
  return ending.kind === 'failed' && ending.error.code === 'payload_refused'
}

function isUnserved({ ending }: SettleOperation): boolean {
  return ending.kind === 'returned' && ending.reason === 'unserved'
}

function isOverdue(code: string | undefined): boolean {
  return code === 'expired' || code === 'deadline'
}

function expires({ batch, before, after, rows }: Applied): Found | undefined {
  for (const [taskId, { task }] of rows) {
    if (task.state !== 'pending' || task.expiresAt === undefined || task.expiresAt > batch.now) continue
    return { what: `${taskId} waits ${batch.now - task.expiresAt} ms after it has expired`, taskId }
  }
  for (const [taskId, { task }] of after) {
    if (!isOverdue(task.error?.code) || before.get(taskId)?.task.state !== 'pending') continue
    if ((task.expiresAt ?? 0) <= batch.now) continue
    return { what: `${taskId} expired before its time`, taskId }
  }
  return undefined
}
