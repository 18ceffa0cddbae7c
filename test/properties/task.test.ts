// The life of a task under any sequence of what can happen to it, decided by the real functions.
import fc, { type Arbitrary } from 'fast-check'
import { backoffMs, jitterOf } from '../../src/task/retry.js'
import {
  type AttemptRecord,
  chargedAttempts,
  DEFAULT_MAX_ATTEMPTS,
  decideEnding,
  decideRetry,
  type Ending,
  isTerminal,
  RETURN_REASONS,
  type Task,
  type TaskError,
  TRANSITIONS,
  UNCHARGED_RETURNS_MAX,
} from '../../src/task/task.js'
import { holds } from './holds.js'

const BACKOFF_MS_MAX = 300_000
const ERROR: Arbitrary<TaskError> = fc.record({
  code: fc.constantFrom('task_failed', 'host_died', 'lost', 'timeout'),
  message: fc.string({ maxLength: 5 }),
})
const ENDING: Arbitrary<Ending> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Ending>({ kind: 'completed', result: '1', encoding: 'json' }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('failed'), error: ERROR, final: fc.nat(9).map((n) => n === 0) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('lost'), error: ERROR, started: fc.boolean() }) },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('returned'),
      reason: fc.constantFrom(...RETURN_REASONS),
      started: fc.nat(9).map((n) => n > 0),
      suspect: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Ending>({ kind: 'cancelled' }) },
)
type Happening =
  | { readonly what: 'claim' | 'cancel' | 'retry' | 'expire' }
  | { readonly what: 'end'; readonly ending: Ending }
const HAPPENING: Arbitrary<Happening> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Happening>({ what: 'claim' }) },
  { weight: 8, arbitrary: fc.record({ what: fc.constant('end'), ending: ENDING }) },
  { weight: 1, arbitrary: fc.constantFrom<Happening>({ what: 'cancel' }, { what: 'retry' }, { what: 'expire' }) },
)

/** A task and what a store does with it, as plainly as can be. */
class Life {
  task: Task
  /** Since the last retry by hand: attempts whose code may have begun, and those of them that were charged. */
  starts = 0
  readonly story: AttemptRecord[] = []
  #now = 1_000_000
  #leases = 0

  constructor(maxAttempts: number | undefined) {
    this.task = {
      ...{ id: '1', queue: 'q', type: 't', payload: '', encoding: 'json', priority: 0, seq: 1, state: 'pending' },
      ...{ createdAt: 0, runAt: 0, attempt: 0, uncharged: 0, forgiven: 0, suspect: false, cancelRequested: false },
      ...(maxAttempts !== undefined && { maxAttempts }),
    }
  }

  /** @returns whether it was a person's doing */
  happen(happening: Happening): boolean {
    this.#now += 1
    const { state } = this.task
    if (happening.what === 'claim' && state === 'pending') this.#claim()
    else if (happening.what === 'end' && state === 'running') this.#end(happening.ending)
    else if (happening.what === 'expire' && state === 'pending') this.task = { ...this.task, state: 'failed' }
    else if (happening.what === 'cancel' && state === 'pending') this.task = { ...this.task, state: 'cancelled' }
    else if (happening.what === 'cancel' && state === 'running') this.task = { ...this.task, cancelRequested: true }
    else if (happening.what === 'retry') return this.#retry()
    return false
  }

  #claim(): void {
    this.#leases += 1
    const { attempt } = this.task
    this.task = { ...this.task, state: 'running', attempt: attempt + 1, leaseId: `lease-${this.#leases}` }
  }

  #end(ending: Ending): void {
    const { record, ...changes } = decideEnding(this.task, ending, this.#now, () => this.story)
    if (!('started' in ending) || ending.started || changes.state !== 'pending') this.starts += 1
    if (changes.runAt > this.#now + BACKOFF_MS_MAX) throw new Error(`waits until ${changes.runAt}`)
    if (record !== undefined) this.story.push(record)
    this.task = { ...this.task, ...changes }
  }

  #retry(): boolean {
    const decision = decideRetry(this.task, this.#now, 'batch')
    if (decision === undefined) return false
    const { record, ...changes } = decision
    this.story.push(record)
    this.starts = 0
    this.task = { ...this.task, ...changes }
    return true
  }
}

const ended = new Set<string>()
holds(
  'only transitions of the table; what has ended stays so; P9: starts and charges are bounded; P10: at most once',
  fc.property(
    fc.option(fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 4 }), fc.constant(1_000)), { freq: 5 }),
    fc.array(HAPPENING, { maxLength: 200, size: 'max' }),
    // Half of them end the same way each time: only those get far.
    fc.option(ENDING, { freq: 2 }),
    (maxAttempts, happenings, always) => {
      const life = new Life(maxAttempts ?? undefined)
      const most = maxAttempts ?? DEFAULT_MAX_ATTEMPTS
      for (const happening of happenings) {
        const before = life.task
        const byHand = life.happen(
          happening.what === 'end' && always !== null ? { what: 'end', ending: always } : happening,
        )
        const { task } = life
        const moved = task.state !== before.state
        if (moved && !byHand && !TRANSITIONS[before.state].includes(task.state))
          throw new Error(`${before.state} to ${task.state}`)
        if (byHand !== (moved && isTerminal(before.state))) throw new Error(`P6: ${before.state} was left`)
        const charged = chargedAttempts(task)
        if (charged < 0 || charged > most) throw new Error(`${charged} of ${most} charged`)
        if (task.uncharged > UNCHARGED_RETURNS_MAX) throw new Error(`${task.uncharged} uncharged`)
        const startsMax = most === 1 ? 1 : most + UNCHARGED_RETURNS_MAX
        if (life.starts > startsMax) throw new Error(`P9: began ${life.starts} times, at most ${startsMax}`)
        if (isTerminal(task.state)) ended.add(task.state)
      }
    },
  ),
  2_000,
  (t) => t.same([...ended].sort(), ['cancelled', 'completed', 'failed']),
)

const JITTER = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const CHARGED = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }))
holds(
  'P16: a backoff is a whole number of milliseconds within its window, and later attempts never wait less',
  fc.property(CHARGED, fc.nat(5), JITTER, JITTER, (charged, more, jitter, other) => {
    const waitMs = backoffMs(charged, jitter)
    const windowMs = Math.min(BACKOFF_MS_MAX, 1_000 * 2 ** Math.min(charged - 1, 40))
    if (!Number.isInteger(waitMs) || waitMs < 0 || waitMs >= windowMs) throw new Error(`${waitMs} of ${windowMs}`)
    if (backoffMs(charged + more, jitter) < waitMs) throw new Error('a later attempt waits less')
    if (jitter <= other && backoffMs(charged, other) < waitMs) throw new Error('more jitter waits less')
  }),
  2_000,
)

holds(
  'jitter is in [0, 1) and one and the same for an id, whatever it is made of',
  fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.uuid()), (id) => {
    const jitter = jitterOf(id)
    if (!(jitter >= 0 && jitter < 1) || jitter !== jitterOf(id)) throw new Error(`${jitter}`)
  }),
  2_000,
)
