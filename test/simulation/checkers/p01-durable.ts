// P1: what was answered *accepted* is on disk by then, and stays there, as it was submitted; only what has ended is forgotten,
// and that not before its time, unless it is too much.
import { isTerminal } from '../../../src/task/task.js'
import type { Applied, Happening } from '../happenings.js'
import type { Plan } from '../plan.js'
import type { Checker, Found, Known } from './all.js'

export class Durable implements Checker {
  readonly promise = 'P1'
  readonly #accepted = new Set<string>()

  see(happening: Happening, { facts, scene }: Known): Found | undefined {
    if (happening.kind === 'said' && happening.message.type === 'accepted') {
      const { list, ids = [] } = happening.message
      const told = [...ids, ...list.filter(({ status }) => status !== 'busy').map(({ id }) => id)]
      const early = told.find((id) => !facts.rows.has(id))
      return early === undefined ? undefined : { what: `${early} was answered before it was on disk`, taskId: early }
    }
    if (happening.kind === 'accepted' && !facts.forgotten.has(happening.id)) this.#accepted.add(happening.id)
    if (happening.kind !== 'applied' && happening.kind !== 'over') return undefined
    if (happening.kind === 'applied') {
      const found = this.#forgets(happening, scene.plan)
      if (found !== undefined) return found
    }
    for (const id of this.#accepted)
      if (!happening.rows.has(id)) return { what: `${id} was accepted, and is gone`, taskId: id }
    if (happening.kind !== 'over') return undefined
    const changed = scene.plan.tasks.find(({ spec }) => {
      const payload = happening.rows.get(spec.id)?.task.payload
      return payload !== undefined && payload !== spec.payload
    })
    return changed && { what: `the payload of ${changed.spec.id} is another one`, taskId: changed.spec.id }
  }

  #forgets({ batch, forgotten, rows }: Applied, { keep }: Plan): Found | undefined {
    if (forgotten.size === 0) return undefined
    const ended = [...rows.values(), ...forgotten.values()].filter(({ task }) => isTerminal(task.state))
    const bytes = ended.reduce((sum, { task }) => sum + task.payload.length + (task.result?.length ?? 0), 0)
    const tooMany = ended.length > keep.tasks || bytes > keep.bytes
    for (const [id, { task }] of forgotten) {
      this.#accepted.delete(id)
      const { state, endedAt = batch.now } = task
      const keptMs = (state === 'failed' ? keep.failedMs : keep.completedMs) ?? Number.POSITIVE_INFINITY
      if (!isTerminal(state)) return { what: `${id} is ${state}, and was forgotten`, taskId: id }
      if (!tooMany && batch.now - endedAt <= keptMs)
        return { what: `${id} was forgotten ${batch.now - endedAt} ms after its end`, taskId: id }
    }
    return undefined
  }
}
