// P2: the same id with the same bytes is the same task, however often it is submitted: it is never refused, never forgotten.
import type { Happening } from '../happenings.js'
import type { Checker, Found } from './all.js'

export class SameTask implements Checker {
  readonly promise = 'P2'

  see(happening: Happening): Found | undefined {
    if (happening.kind === 'refused') {
      return { what: `${happening.id} was refused: ${happening.code}`, taskId: happening.id }
    }
    if (happening.kind === 'unknown') return { what: `${happening.id} was said to be unknown`, taskId: happening.id }
    return undefined
  }
}
