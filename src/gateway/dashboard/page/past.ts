// What is known of attempts that have ended: from a task as a list has it, and more where its story is told. Pure.
import type { How, Past } from './lanes.js'

export interface Ended {
  readonly id: string
  readonly type: string
  readonly state: string
  readonly attempt: number
  readonly incarnation: string | null
  readonly started_at: string | null
  readonly ended_at: string | null
  readonly error?: { readonly message: string }
  readonly attempts_before?: readonly {
    readonly attempt: number
    readonly incarnation: string
    readonly started_at: string
    readonly ended_at: string
    readonly outcome: string
    readonly error?: { readonly message: string }
  }[]
}

export function pastOf(task: Ended): readonly Past[] {
  const { id, type, state, attempt, incarnation, started_at: from, ended_at: to, error, attempts_before = [] } = task
  const before = attempts_before.map((one) => ({
    ...{ task: id, type, attempt: one.attempt, incarnation: one.incarnation },
    ...{ from: Date.parse(one.started_at), to: Date.parse(one.ended_at), why: one.error?.message },
    how: howOf(one.outcome, state === 'failed' && one.attempt === attempt),
  }))
  const isLast = state === 'completed' || state === 'failed'
  if (!isLast || from === null || to === null || incarnation === null) return before
  if (before.some((one) => one.attempt === attempt)) return before
  const last = { task: id, type, attempt, incarnation, from: Date.parse(from), to: Date.parse(to) }
  return [...before, { ...last, how: state, why: error?.message }]
}

function howOf(outcome: string, isEnd: boolean): How {
  if (outcome === 'lost' || outcome === 'returned' || outcome === 'cancelled') return outcome
  return isEnd ? 'failed' : 'retried'
}
