// The store under test, spoken to in short sentences. Time stands still until a test moves it.
import t, { type Test } from 'tap'
import type {
  Claim,
  Grant,
  Offer,
  Operation,
  OperationOutcome,
  Outcome,
  Store,
  StoreLimits,
} from '../../../src/store/store.js'
import type { Ending, TaskError, TaskSpec } from '../../../src/task/task.js'

export type OpenStore = (t: Test, limits: StoreLimits) => Promise<Store>

export const LOST: TaskError = { code: 'lost', message: 'not heard' }
export const FAILED: TaskError = { code: 'task_failed', message: 'it broke', stack: 'at line 1' }
export const DONE: Ending = { kind: 'completed', result: '"done"', encoding: 'json' }
export const FAIL: Ending = { kind: 'failed', error: FAILED, final: false }
export const FAIL_FINAL: Ending = { kind: 'failed', error: FAILED, final: true }
export const UNDELIVERED: Ending = { kind: 'returned', reason: 'undelivered', started: false }
export const DRAINED: Ending = { kind: 'returned', reason: 'drain', started: true }

/** Task ids as clients make them: they must be UUIDs, and short to write here. */
export function id(n: number): string {
  return `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`
}

export function spec(n: number, changes: Partial<TaskSpec> = {}): TaskSpec {
  return { id: id(n), queue: 'default', type: 'echo', payload: `${n}`, encoding: 'json', priority: 0, ...changes }
}

export interface Parts {
  readonly operations?: readonly Operation[]
  readonly claims?: readonly Claim[]
  readonly retried?: boolean
}

export class Subject {
  now = 1_000_000
  #batches = 0
  #offers = 0

  constructor(readonly store: Store) {}

  /** What is applied again has the id of the batch before. */
  apply(parts: Parts): Promise<Outcome> {
    if (parts.retried !== true) this.#batches += 1
    return this.store.apply({
      id: `batch-${this.#batches}`,
      now: this.now,
      operations: parts.operations ?? [],
      claims: parts.claims ?? [],
      retried: parts.retried ?? false,
    })
  }

  async one<Kind extends Operation['kind']>(operation: Extract<Operation, { kind: Kind }>) {
    const { operations } = await this.apply({ operations: [operation] })
    return operations[0] as Extract<OperationOutcome, { kind: Kind }>
  }

  async submit(...tasks: TaskSpec[]) {
    const { operations } = await this.apply({ operations: tasks.map((task) => ({ kind: 'submit', task })) })
    return operations.map((outcome) => (outcome.kind === 'submit' ? outcome.status : undefined))
  }

  offers(count: number, holder = 'w#1'): Offer[] {
    return Array.from({ length: count }, () => {
      this.#offers += 1
      return { leaseId: `lease.${this.#offers}`, holder }
    })
  }

  claimOf(count: number, holder = 'w#1', types: readonly string[] = ['echo']): Claim {
    return { routes: types.map((type) => ({ queue: 'default', type })), offers: this.offers(count, holder) }
  }

  async claim(count: number, holder = 'w#1', types: readonly string[] = ['echo']): Promise<readonly Grant[]> {
    const { claims } = await this.apply({ claims: [this.claimOf(count, holder, types)] })
    return claims[0]!.grants
  }

  /** Submits one task and claims it. */
  async running(task: TaskSpec, holder = 'w#1'): Promise<Grant> {
    await this.submit(task)
    const grants = await this.claim(1, holder, [task.type])
    return grants[0]!
  }

  settle(grant: { taskId: string; leaseId: string }, ending: Ending) {
    return this.one(settleOf(grant, ending))
  }

  cancel(n: number) {
    return this.one({ kind: 'cancel', taskId: id(n) })
  }

  retry(n: number) {
    return this.one({ kind: 'retry', taskId: id(n) })
  }

  attach(incarnation: string, leases: readonly { taskId: string; leaseId: string }[]) {
    return this.one(attachOf(incarnation, leases))
  }

  expire(incarnation: string, unstarted: readonly string[] = [], beat = 0) {
    return this.one({ kind: 'expire', incarnation, beat, unstarted, error: LOST })
  }

  async task(n: number) {
    const [found] = await this.store.get([id(n)])
    if (found === undefined) throw new Error(`there is no task ${n}`)
    return found.task
  }

  async story(n: number) {
    const [found] = await this.store.get([id(n)])
    return found?.story ?? []
  }

  /** `{'echo pending': 2}`, in the order of their names. */
  async counts(): Promise<Record<string, number>> {
    const counts = await this.store.counts()
    const lines = counts.map(({ type, state, count }) => [`${type} ${state}`, count] as const)
    return Object.fromEntries(lines.sort(([a], [b]) => (a < b ? -1 : 1)))
  }
}

export function settleOf(grant: { taskId: string; leaseId: string }, ending: Ending) {
  return { kind: 'settle', taskId: grant.taskId, leaseId: grant.leaseId, ending } as const
}

export function attachOf(incarnation: string, leases: readonly { taskId: string; leaseId: string }[]) {
  return { kind: 'attach', incarnation, leases: leases.map(refOf) } as const
}

export function refOf({ taskId, leaseId }: { taskId: string; leaseId: string }) {
  return { taskId, leaseId }
}

/** The numbers of granted tasks, in the order of the grants. */
export function numbers(tasks: readonly { readonly taskId: string }[]): number[] {
  return tasks.map(({ taskId }) => Number(taskId.slice(-12)))
}

/** One sentence of the contract, on a store of its own. */
export type Scenario = (
  sentence: string,
  check: (t: Test, subject: Subject) => Promise<void>,
  limits?: StoreLimits,
) => void

export function scenarios(name: string, open: OpenStore): Scenario {
  return (sentence, check, limits = { pendingMax: 1_000_000 }) => {
    t.test(`${name}: ${sentence}`, async (t) => {
      const store = await open(t, limits)
      t.teardown(() => store.close())
      await check(t, new Subject(store))
    })
  }
}
