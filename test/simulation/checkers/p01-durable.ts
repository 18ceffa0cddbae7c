// P1: what was answered *accepted* is on disk by then, and stays there, as it was submitted.
import type { Happening } from '../happenings.js'
import type { Checker, Found, Known } from './all.js'

export class Durable implements Checker {
  readonly promise = 'P1'
  readonly #accepted = new Set<string>()

  see(happening: Happening, { facts, scene }: Known): Found | undefined {
    if (happening.kind === 'said' && happening.message.type === 'accepted') {
      const early = happening.message.list.find(({ id, status }) => status !== 'busy' && !facts.rows.has(id))
      return early && { what: `${early.id} was answered ${early.status} before it was on disk`, taskId: early.id }
    }
    if (happening.kind === 'accepted') this.#accepted.add(happening.id)
    if (happening.kind !== 'applied' && happening.kind !== 'over') return undefined
    for (const id of this.#accepted)
      if (!happening.rows.has(id)) return { what: `${id} was accepted, and is gone`, taskId: id }
    if (happening.kind !== 'over') return undefined
    const changed = scene.plan.tasks.find(({ spec }) => {
      const payload = happening.rows.get(spec.id)?.task.payload
      return payload !== undefined && payload !== spec.payload
    })
    return changed && { what: `the payload of ${changed.spec.id} is another one`, taskId: changed.spec.id }
  }
}
