// P31: a task that is voted on completes with what a quorum of voters really said, each of them once, by code whose lease was
// current then, since it was sent back last, and where all are waited for not before none may vote any more; it ends once, and
// with it whatever of it still waits or runs. No voter has two replicas of it at a time, nor has one machine while another of
// those that are offered work could take it.
//
// Votes are counted here anew, from what was settled on disk; of polls only the ids of the replicas are believed.
import type { Grant, Operation } from '../../../src/store/store.js'
import { readVoteRule, type VoteRule } from '../../../src/task/quorum.js'
import { isTerminal, type Task } from '../../../src/task/task.js'
import { type Applied, type Happening, type Row, retriedBy } from '../happenings.js'
import type { Checker, Found, Known } from './all.js'

interface Vote {
  readonly voter: string
  readonly label: number
  readonly result: string
}

interface Replica {
  readonly parentId: string
  /** Since the parent was sent back so many times. */
  readonly round: number
}

interface Poll {
  readonly rule: VoteRule
  round: number
  /** The last batch that began one. */
  retriedIn?: string
  /** Of this round. */
  votes: Vote[]
}

export class Votes implements Checker {
  readonly promise = 'P31'
  readonly #polls = new Map<string, Poll>()
  readonly #replicas = new Map<string, Replica>()
  /** Leases that were granted last, by replica, and whose they are. */
  readonly #held = new Map<string, { readonly leaseId: string; readonly holder: string }>()
  readonly #counted = new Set<string>()

  see(happening: Happening, { scene }: Known): Found | undefined {
    if (happening.kind !== 'applied') return undefined
    const planned = scene.plan.tasks.filter(({ spec }) => spec.vote !== undefined)
    if (planned.length === 0) return undefined
    for (const { spec } of planned) this.#begin(happening, spec.id, readVoteRule(spec.vote ?? {}))
    for (const operation of happening.batch.operations) {
      const stale = this.#count(operation, happening)
      if (stale !== undefined) return stale
    }
    return this.#verdicts(happening) ?? this.#granted(happening, scene)
  }

  #begin(applied: Applied, id: string, rule: VoteRule): void {
    const { rows, forgotten } = applied
    const row = rows.get(id)
    if (forgotten.has(id) || row === undefined) {
      this.#polls.delete(id)
      for (const [replicaId, { parentId }] of this.#replicas) if (parentId === id) this.#replicas.delete(replicaId)
    }
    if (row === undefined) return
    const poll = this.#polls.get(id) ?? { rule, round: 0, votes: [] }
    this.#polls.set(id, poll)
    // A batch whose outcome was lost is applied again.
    if (retriedBy(applied).has(id) && poll.retriedIn !== applied.batch.id) {
      poll.retriedIn = applied.batch.id
      poll.round += 1
      poll.votes = []
    }
    for (const { taskId } of row.poll?.replicas ?? []) {
      if (!this.#replicas.has(taskId)) this.#replicas.set(taskId, { parentId: id, round: poll.round })
    }
  }

  /** One counts where its replica ran on this very lease until then, on behalf of whoever it was granted to. */
  #count(operation: Operation, { before, after }: Applied): Found | undefined {
    if (operation.kind !== 'settle' || operation.ending.kind !== 'completed') return undefined
    const { taskId, leaseId, ending } = operation
    const replica = this.#replicas.get(taskId)
    const poll = replica && this.#polls.get(replica.parentId)
    if (replica === undefined || poll === undefined || this.#counted.has(leaseId)) return undefined
    const was = before.get(taskId)?.task
    const held = this.#held.get(taskId)
    const isCurrent = was?.state === 'running' && was.leaseId === leaseId && held?.leaseId === leaseId
    const is = after.get(taskId)?.task
    if (is?.state !== 'completed') return undefined
    if (!isCurrent) {
      const counts = is.result === ending.result
      return counts ? { what: `a stale vote by ${leaseId} counts for ${taskId}`, taskId: replica.parentId } : undefined
    }
    if (was.cancelRequested || replica.round !== poll.round) return undefined
    this.#counted.add(leaseId)
    const { label } = JSON.parse(ending.result) as { label: number }
    poll.votes.push({ voter: nameOf(held.holder), label, result: ending.result })
    return undefined
  }

  #verdicts({ rows, before, after }: Applied): Found | undefined {
    for (const [id, poll] of this.#polls) {
      const row = rows.get(id)
      if (row === undefined) continue
      const { task } = row
      const wasOpen = before.has(id) ? !isTerminal(before.get(id)!.task.state) : after.has(id)
      if (task.state === 'running' || task.leaseId !== undefined)
        return { what: `${id} itself was given out`, taskId: id }
      if (task.state === 'completed' && wasOpen) {
        const flaw = flawOf(task, poll)
        if (flaw !== undefined) return { what: `${id} ${flaw}`, taskId: id }
      }
      const replicas = this.#of(id, rows)
      const mayVote =
        poll.rule.all === true && replicas.some(({ row, round }) => round === poll.round && !isTerminal(row.task.state))
      if (!isTerminal(task.state) && !mayVote && mostOf(poll, poll.votes) >= poll.rule.quorum)
        return { what: `a quorum has voted, and ${id} is ${task.state}`, taskId: id }
      if (mayVote && task.state === 'completed' && wasOpen) return { what: `${id} did not wait for all`, taskId: id }
      const sent = [...this.#replicas.values()].filter(
        ({ parentId, round }) => parentId === id && round === poll.round,
      ).length
      if (sent > poll.rule.maxReplicas) return { what: `${sent} replicas of ${id} were sent out`, taskId: id }
      const open = replicas.find(({ row, round }) => (isTerminal(task.state) || round < poll.round) && goesOn(row))
      if (open !== undefined)
        return { what: `${id} is ${task.state}, and its replica ${open.row.task.id} goes on`, taskId: id }
    }
    return undefined
  }

  #of(id: string, rows: Applied['rows']): readonly (Replica & { readonly row: Row })[] {
    return [...this.#replicas].flatMap(([replicaId, replica]) => {
      const row = replica.parentId === id ? rows.get(replicaId) : undefined
      return row === undefined ? [] : [{ ...replica, row }]
    })
  }

  #granted({ batch, outcome, rows, before, after }: Applied, scene: Known['scene']): Found | undefined {
    const grants = outcome.claims.flatMap((claim) => claim.grants)
    for (const { taskId, leaseId, holder } of grants) {
      if (this.#replicas.has(taskId)) this.#held.set(taskId, { leaseId, holder })
    }
    for (const grant of grants) {
      const replica = this.#replicas.get(grant.taskId)
      const poll = replica && this.#polls.get(replica.parentId)
      if (replica === undefined || poll === undefined) continue
      const seats = this.#seatsBeside(grant.taskId, replica, rows)
      const twice = seats.find(({ voter }) => voter === nameOf(grant.holder))
      if (twice !== undefined)
        return { what: `${grant.holder} was given ${grant.taskId} beside ${twice.taskId}`, taskId: replica.parentId }
      if (batch.retried || poll.rule.spread !== 'host') continue
      const crowded = this.#crowded(grant, seats, { batch, outcome, rows, before, after }, scene)
      if (crowded !== undefined)
        return { what: `${grant.taskId} is at ${grant.holder}, while ${crowded} was free`, taskId: replica.parentId }
    }
    return undefined
  }

  /** Those who have voted in this round, or whose code runs. */
  #seatsBeside(taskId: string, { parentId, round }: Replica, rows: Applied['rows']) {
    return [...this.#replicas].flatMap(([otherId, other]) => {
      const held = this.#held.get(otherId)
      const task = rows.get(otherId)?.task
      const isOther = otherId !== taskId && other.parentId === parentId && other.round === round
      if (!isOther || held === undefined || task?.leaseId !== held.leaseId) return []
      const sits = task.state === 'running' || task.state === 'completed'
      return sits ? [{ taskId: otherId, ...held, voter: nameOf(held.holder) }] : []
    })
  }

  /** Who was offered work beside it, of another machine than those who have a part already, and was given none. */
  #crowded(
    { taskId, holder }: Grant,
    seats: readonly { readonly voter: string; readonly holder: string }[],
    { batch, outcome, rows }: Pick<Applied, 'batch' | 'outcome' | 'rows' | 'before' | 'after'>,
    scene: Known['scene'],
  ): string | undefined {
    const machineOf = (who: string): string | undefined => {
      const index = /^worker-(\d+)$/.exec(nameOf(who))?.[1]
      if (index === undefined) return undefined
      return scene.plan.workers[Number(index)]!.besideMaster ? 'home' : `computer-${index}`
    }
    const taken = new Set(seats.map((seat) => machineOf(seat.holder)))
    const machine = machineOf(holder)
    if (machine === undefined || !taken.has(machine)) return undefined
    const { type } = rows.get(taskId)!.task
    for (const [index, claim] of batch.claims.entries()) {
      const isAsked = claim.everyType !== undefined || claim.routes.some((route) => route.type === type)
      const met = new Set(outcome.claims[index]!.grants.map(({ leaseId }) => leaseId))
      const free = claim.offers.find((offer) => {
        const there = machineOf(offer.holder)
        const mayVote = !seats.some(({ voter }) => voter === nameOf(offer.holder))
        return !met.has(offer.leaseId) && offer.ahead !== true && there !== undefined && !taken.has(there) && mayVote
      })
      if (isAsked && free !== undefined) return free.holder
    }
    return undefined
  }
}

function flawOf({ result }: Task, poll: Poll): string | undefined {
  const own = poll.votes.find((vote) => vote.result === result)
  if (own === undefined) return `is completed with ${result?.slice(0, 60)}, which no vote of ${poll.votes.length} said`
  const near = poll.votes.filter(({ label }) => Math.abs(label - own.label) <= (poll.rule.tolerance ?? 0))
  const most = mostOf(poll, near)
  if (most >= poll.rule.quorum) return undefined
  return `was agreed on by ${most} voters of ${poll.rule.quorum}: ${poll.votes.map(({ voter, label }) => `${voter} ${label}`).join(', ')}`
}

/** Voters of the largest group in which any two agree. */
function mostOf({ rule }: Poll, votes: readonly Vote[]): number {
  const sizes = votes.map(({ label: least }) => {
    const group = votes.filter(({ label }) => label >= least && label - least <= (rule.tolerance ?? 0))
    return new Set(group.map(({ voter }) => voter)).size
  })
  return Math.max(0, ...sizes)
}

function goesOn({ task }: Row): boolean {
  return task.state === 'pending' || (task.state === 'running' && task.cancelRequested !== true)
}

/** Whose vote it is where nobody has a key: that of a name, in all its lives. */
function nameOf(holder: string): string {
  return holder.slice(0, holder.lastIndexOf('#'))
}
