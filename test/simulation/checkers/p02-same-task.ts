// P2: the same id with the same bytes is the same task, however often it is submitted, as long as it is kept: it is never
// refused, and never unknown.
import type { Happening } from '../happenings.js'
import type { Checker, Found, Known } from './all.js'

export class SameTask implements Checker {
  readonly promise = 'P2'

  see(happening: Happening, { facts }: Known): Found | undefined {
    if (happening.kind === 'refused') {
      return { what: `${happening.id} was refused: ${happening.code}`, taskId: happening.id }
    }
    if (happening.kind === 'unknown' && !facts.forgotten.has(happening.id))
      return { what: `${happening.id} was said to be unknown`, taskId: happening.id }
    return undefined
  }
}
