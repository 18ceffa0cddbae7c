// Votes under whatever can happen to those who cast them: workers that lie alone or together, die, hand back, come again under
// their old name, settle late or twice, and batches whose outcome was lost. Who voted for what is counted here from outside,
// by what the store recorded and nothing that it keeps of polls.
import fc, { type Arbitrary } from 'fast-check'
import { openStore } from '../../src/store/open.js'
import type { Batch, Grant, Operation, Store } from '../../src/store/store.js'
import { readVoteRule, type VoteRule } from '../../src/task/quorum.js'
import { isTerminal } from '../../src/task/task.js'
import { holds } from './holds.js'

const NAMES = ['a', 'b', 'c', 'd', 'e'] as const
const PARENTS = 3

type Move =
  | { readonly kind: 'claim'; readonly who: number; readonly slots: number }
  | {
      readonly kind: 'settle'
      readonly which: number
      readonly lie: number
      readonly how: 'votes' | 'fails' | 'drains'
    }
  | { readonly kind: 'die'; readonly who: number }
  | { readonly kind: 'cancel'; readonly which: number }
  | { readonly kind: 'again'; readonly which: number }
interface Step {
  readonly moves: readonly Move[]
  /** Its outcome is lost, and it is applied again. */
  readonly lost: boolean
}

const MOVE: Arbitrary<Move> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('claim'), who: fc.nat(4), slots: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('settle'),
      which: fc.nat(30),
      lie: fc.nat(3),
      how: fc.constantFrom('votes', 'votes', 'votes', 'fails', 'drains'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('die'), who: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('cancel', 'again'), which: fc.nat(PARENTS - 1) }) },
)
const STEPS: Arbitrary<readonly Step[]> = fc.array(
  fc.record({ moves: fc.array(MOVE, { minLength: 1, maxLength: 5 }), lost: fc.nat(4).map((n) => n === 0) }),
  { minLength: 10, maxLength: 40 },
)
const RULE: Arbitrary<VoteRule> = fc
  .record({
    ...{ quorum: fc.integer({ min: 1, max: 3 }), extra: fc.nat(2), more: fc.nat(3), numeric: fc.boolean() },
    waits: fc.nat(3).map((n) => n === 0),
  })
  .map(({ quorum, extra, more, numeric, waits }) => {
    const replicas = quorum + extra
    const all = waits && 2 * quorum > replicas
    return readVoteRule({ replicas, quorum, maxReplicas: replicas + more, all, ...(numeric && { tolerance: 1 }) })
  })

function parentId(n: number): string {
  return `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`
}

interface Cast {
  readonly voter: string
  readonly value: number
  /** Rounds of its parent before it. */
  readonly round: number
}

/** The store, and what somebody who sees each batch and its outcome knows. */
class World {
  agreed = 0
  #now = 1_000_000
  #batches = 0
  #offers = 0
  readonly #grants: Grant[] = []
  readonly #lives = NAMES.map(() => 1)
  readonly #cast = new Map<string, Cast[]>()
  readonly #rounds = new Map<string, number>()
  /** By replica. */
  readonly #parents = new Map<string, string>()

  constructor(
    private readonly store: Store,
    private readonly rule: VoteRule,
  ) {}

  async begin(): Promise<void> {
    const common = { queue: 'default', type: 'echo', payload: '1', encoding: 'json', priority: 0 } as const
    const task = (n: number) => ({ ...common, id: parentId(n), vote: this.rule, maxAttempts: 2 })
    await this.#apply(
      Array.from({ length: PARENTS }, (_, n) => ({ kind: 'submit', task: task(n) })),
      [],
      false,
    )
  }

  async step({ moves, lost }: Step): Promise<void> {
    this.#now += 400_000
    const operations: Operation[] = []
    const claims: Batch['claims'][number][] = []
    for (const move of moves) {
      if (move.kind === 'claim') claims.push(this.#claim(move))
      else if (move.kind === 'cancel') operations.push({ kind: 'cancel', taskId: parentId(move.which) })
      else if (move.kind === 'again') operations.push({ kind: 'retry', taskId: parentId(move.which) })
      else if (move.kind === 'die') operations.push(this.#die(move.who))
      else if (this.#grants.length > 0) operations.push(this.#settle(move))
    }
    await this.#apply(operations, claims, lost)
  }

  #claim({ who, slots }: Extract<Move, { kind: 'claim' }>): Batch['claims'][number] {
    const holder = `${NAMES[who]}#${this.#lives[who]}`
    const offers = Array.from({ length: slots }, () => {
      this.#offers += 1
      return { leaseId: `lease-${this.#offers}`, holder }
    })
    return { routes: [{ queue: 'default', type: 'echo' }], offers }
  }

  #die(who: number): Operation {
    const incarnation = `${NAMES[who]}#${this.#lives[who]}`
    this.#lives[who]! += 1
    return { kind: 'expire', incarnation, beat: 0, unstarted: [], error: { code: 'lost', message: 'not heard' } }
  }

  /** By anybody who ever held it, also long after that was over. Half of the workers lie, and all of those say the same. */
  #settle({ which, lie, how }: Extract<Move, { kind: 'settle' }>): Operation {
    const { taskId, leaseId, holder } = this.#grants[this.#grants.length - 1 - (which % this.#grants.length)]!
    const value = lie === 0 ? which % 7 : lie === 1 ? 100 : 3
    if (how === 'fails') {
      const error = { code: 'task_failed', message: 'it broke' } as const
      return { kind: 'settle', taskId, leaseId, holder, ending: { kind: 'failed', error, final: false } }
    }
    if (how === 'drains') {
      return { kind: 'settle', taskId, leaseId, holder, ending: { kind: 'returned', reason: 'drain', started: true } }
    }
    return {
      kind: 'settle',
      taskId,
      leaseId,
      holder,
      ending: { kind: 'completed', result: `${value}`, encoding: 'json' },
    }
  }

  async #apply(operations: readonly Operation[], claims: Batch['claims'], lost: boolean): Promise<void> {
    this.#batches += 1
    const batch: Batch = { id: `batch-${this.#batches}`, now: this.#now, operations, claims, retried: false }
    if (lost) await this.store.apply(batch)
    const { operations: outcomes, claims: given } = await this.store.apply({ ...batch, retried: lost })
    await this.#learnReplicas()
    for (const [index, operation] of operations.entries()) {
      const outcome = outcomes[index]!
      if (outcome.kind === 'retry' && outcome.status === 'retried' && operation.kind === 'retry') {
        this.#rounds.set(operation.taskId, (this.#rounds.get(operation.taskId) ?? 0) + 1)
      }
      if (operation.kind !== 'settle' || outcome.kind !== 'settle' || outcome.status !== 'recorded') continue
      if (operation.ending.kind !== 'completed' || outcome.state !== 'completed') continue
      this.#record(operation.taskId, operation.leaseId, operation.holder ?? '', Number(operation.ending.result))
    }
    for (const { grants } of given) this.#grants.push(...grants.filter((grant) => !this.#grants.includes(grant)))
    await this.#check()
  }

  readonly #recorded = new Set<string>()

  /** A settlement that was sent again is no other vote. */
  #record(taskId: string, leaseId: string, holder: string, value: number): void {
    if (this.#recorded.has(leaseId)) return
    this.#recorded.add(leaseId)
    const parent = this.#parents.get(taskId)!
    const cast = { voter: holder.split('#')[0]!, value, round: this.#rounds.get(parent) ?? 0 }
    this.#cast.set(parent, [...(this.#cast.get(parent) ?? []), cast])
  }

  async #learnReplicas(): Promise<void> {
    const { tasks } = await this.store.list({}, { limit: 500 })
    for (const { id, description } of tasks) {
      const parent = description?.split(' of ')[1]
      if (parent !== undefined) this.#parents.set(id, parent)
    }
  }

  async #check(): Promise<void> {
    const { tasks } = await this.store.list({}, { limit: 500 })
    for (const task of tasks) {
      const parent = this.#parents.get(task.id)
      if (parent === undefined) await this.#checkParent(task.id)
    }
    // Of a poll that goes on nobody has two parts.
    for (let n = 0; n < PARENTS; n += 1) {
      const running = tasks.filter(({ id, state, cancelRequested }) => {
        return this.#parents.get(id) === parentId(n) && state === 'running' && !cancelRequested
      })
      const holders = running.map(({ holder }) => holder?.split('#')[0])
      if (new Set(holders).size < holders.length) throw new Error(`two replicas at one of ${holders.join(', ')}`)
    }
  }

  async #checkParent(id: string): Promise<void> {
    const [found] = await this.store.get([id])
    const { state, result } = found!.task
    if (!isTerminal(state)) return
    const round = this.#rounds.get(id) ?? 0
    const last = (await this.store.list({}, { limit: 500 })).tasks.filter((task) => this.#parents.get(task.id) === id)
    const open = last.find((task) => task.state === 'pending' || (task.state === 'running' && !task.cancelRequested))
    if (open !== undefined) throw new Error(`${id} is ${state}, and ${open.id} is ${open.state}`)
    if (state !== 'completed') return
    const cast = (this.#cast.get(id) ?? []).filter((vote) => vote.round === round)
    const width = this.rule.tolerance ?? 0
    const canonical = Number(result)
    // As many voters as the quorum asks for said something within one window that holds the canonical result.
    const best = Math.max(
      ...cast.map(({ value: from }) => {
        const within = cast.filter(({ value }) => value >= from && value <= from + width)
        const holdsIt = canonical >= from && canonical <= from + width
        return holdsIt ? new Set(within.map(({ voter }) => voter)).size : 0
      }),
      0,
    )
    if (best < this.rule.quorum) throw new Error(`${id} was agreed on by ${best}: ${JSON.stringify(cast)} ${result}`)
    this.agreed += 1
  }
}

let agreed = 0
holds(
  'through deaths, lies, late settlements and lost outcomes, what is completed has a quorum of voters of its own',
  fc.asyncProperty(RULE, STEPS, async (rule, steps) => {
    const store = await openStore({ kind: 'memory', limits: { pendingMax: 1_000 } })
    const world = new World(store, rule)
    await world.begin()
    for (const step of steps) await world.step(step)
    await store.close()
    agreed += world.agreed > 0 ? 1 : 0
  }),
  150,
  (t) => t.ok(agreed > 30, `${agreed} of them came to agree`),
)
