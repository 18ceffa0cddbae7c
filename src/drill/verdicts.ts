// What the promises say of a history. Pure: client, store and witness are held against each other, and each verdict names
// what speaks against it.

import type { TaskEnd } from '../client/task-end.js'
import type { MonoMs } from '../clock.js'
import { formatDuration } from '../config.js'
import type { TaskField } from '../protocol/messages.js'
import { chargedAttempts } from '../task/task.js'
import { type Accepted, grouped, type History, type Life, livesOf, type Testimony } from './history.js'

export interface Verdict {
  readonly promise: string
  /** What was promised, with the numbers of this history. */
  readonly words: string
  readonly held: boolean
  /** What speaks against it, the first few. */
  readonly against: readonly string[]
}

const AGAINST_MAX = 5
/** Overlap beyond the margins: bounded to so long after the late process wakes (P7). */
const LATE_MS_MAX = 1_000

export function verdict(promise: string, words: string, against: readonly string[]): Verdict {
  const more = against.length - AGAINST_MAX
  const shown = more > 0 ? [...against.slice(0, AGAINST_MAX), `and ${more} more`] : against
  return { promise, words, held: against.length === 0, against: shown }
}

/** `words` end in the limit: `noticed within 2 s`. */
export function within(promise: string, words: string, ms: MonoMs, most: MonoMs, least = 0): Verdict {
  return verdict(promise, words, ms >= least && ms <= most ? [] : [`it was ${Math.round(ms)} ms`])
}

/** What every drill is held to. */
export function judge(history: History): readonly Verdict[] {
  return [nothingLost(history), oneOutcome(history), noOverlap(history), startsWithin(history), storyTells(history)]
}

/** What a cluster is held to whose tasks leave no witness. */
export function judgeUnwitnessed(history: History): readonly Verdict[] {
  return [nothingLost(history), sameEnds(history), startsWithin(history)]
}

/** P1, P17: what was accepted is there with its bytes, and has ended as it should. */
export function nothingLost({ accepted, stored }: History): Verdict {
  const against = accepted.flatMap(({ id, payload, endsWith }) => {
    const task = stored.get(id)
    if (task === undefined) return [`task ${id} was accepted and is gone`]
    if (task.payload !== payload) return [`task ${id} has another payload than was submitted`]
    if (task.state === 'pending' || task.state === 'running') return [`task ${id} is still ${task.state}`]
    const code = task.state === 'completed' ? undefined : (task.error?.code ?? task.state)
    return code === endsWith ? [] : [`task ${id} ended as ${code ?? 'completed'}, not as ${endsWith ?? 'completed'}`]
  })
  return verdict('P1', `all ${accepted.length} accepted tasks are there and have ended`, against)
}

/** P6: client and store tell the same end. */
export function sameEnds({ accepted, told, stored }: History, more: readonly string[] = []): Verdict {
  const against = accepted.flatMap(({ id }) => {
    const task = stored.get(id)
    const end = told.get(id)
    if (task === undefined || end === undefined) return []
    if (end.state !== task.state) return [`task ${id}: the client was told ${end.state}, the store has ${task.state}`]
    return end.result === task.result ? [] : [`task ${id}: the client was told another result than the store has`]
  })
  const words = `one outcome a task: ${told.size} were told to the client, the store has the same`
  return verdict('P6', words, [...against, ...more])
}

/** P5, P6: and in it speaks the last attempt, which came to its end. */
export function oneOutcome(history: History): Verdict {
  const finished = new Set(history.signs.filter(({ what }) => what === 'end').map(({ lease }) => lease))
  const wrong = history.accepted.flatMap(({ id }) => {
    const task = history.stored.get(id)
    if (task?.state !== 'completed' || !history.told.has(id)) return []
    const { lease, attempt } = testimonyOf(task) ?? {}
    if (attempt !== task.attempt) return [`task ${id}: attempt ${attempt} speaks in its result, not ${task.attempt}`]
    return lease !== undefined && finished.has(lease) ? [] : [`task ${id}: its result is of no attempt that ended`]
  })
  return sameEnds(history, wrong)
}

/** P7: no code of a task goes on once its next attempt began, but for a second after it wakes from a pause. */
export function noOverlap({ signs, wakes }: History): Verdict {
  const mayBe = (atMs: MonoMs): boolean => wakes.some((wakeMs) => atMs >= wakeMs && atMs <= wakeMs + LATE_MS_MAX)
  const against = byTask(signs).flatMap(([task, lives]) =>
    lives.slice(1).flatMap(({ startMs }, index) => {
      const before = lives.slice(0, index + 1).flatMap((life) => life.signs)
      const late = before.filter(({ atMs }) => atMs > startMs && !mayBe(atMs)).map(({ atMs }) => atMs - startMs)
      if (late.length === 0) return []
      return [
        `task ${task}: an earlier attempt still ran ${formatDuration(Math.round(Math.max(...late)))} into the next`,
      ]
    }),
  )
  return verdict('P7', 'no task ran twice at the same time', against)
}

/** P9: starts of code are bounded by attempts, and each lease starts it once. */
export function startsWithin({ accepted, stored, signs }: History): Verdict {
  const lives = new Map(byTask(signs))
  const twice = [...lives.values()]
    .flat()
    .filter(({ signs }) => signs.filter(({ what }) => what === 'start').length > 1)
  const against = accepted.flatMap((task) => tooOften(task, stored.get(task.id), lives.get(task.id)?.length ?? 0))
  const leases = twice.map(({ task, lease }) => `task ${task}: its code was started twice under the lease ${lease}`)
  return verdict('P9', 'no task was started more often than its attempts allow', [...leases, ...against])
}

function tooOften({ id, maxAttempts }: Accepted, task: TaskField | undefined, starts: number): string[] {
  if (task === undefined) return []
  const charged = chargedAttempts(task)
  if (charged > maxAttempts) return [`task ${id}: ${charged} attempts were charged, ${maxAttempts} are allowed`]
  const most = Math.min(task.attempt, maxAttempts + task.uncharged)
  return starts > most ? [`task ${id}: its code was started ${starts} times, ${most} are allowed`] : []
}

/** P3: whatever code was started stands in the story of its task. */
export function storyTells({ stored, signs }: History): Verdict {
  const against = byTask(signs).flatMap(([id, lives]) => {
    const task = stored.get(id)
    if (task === undefined) return []
    const told = new Set([testimonyOf(task)?.lease, ...(task.story ?? []).map(({ lease }) => lease)])
    const untold = lives.filter(({ lease }) => !told.has(lease))
    return untold.map(({ lease }) => `task ${id}: its story has nothing of the attempt under the lease ${lease}`)
  })
  return verdict('P3', 'every attempt that ran stands in the story of its task', against)
}

/** P8, P20: these tasks were started once, and nothing but that was charged. P11 says the latter alone. */
export function unharmed(promise: string, words: string, history: History, ids: readonly string[]): Verdict {
  const starts = new Map(byTask(history.signs).map(([task, lives]) => [task, lives.length]))
  const against = ids.flatMap((id) => {
    const task = history.stored.get(id)
    const charged = task === undefined ? 0 : chargedAttempts(task)
    if (charged > 1) return [`task ${id} was charged for ${charged} attempts`]
    return promise !== 'P11' && (starts.get(id) ?? 0) > 1 ? [`task ${id} was started ${starts.get(id)} times`] : []
  })
  return verdict(promise, words, against)
}

/** P19, P20: no attempt was ended because its worker was given up. */
export function nobodyBlamed({ stored }: History, promise = 'P19'): Verdict {
  const against = [...stored.values()].flatMap(({ id, story = [] }) =>
    story
      .filter(({ error }) => error?.code === 'lost')
      .map(({ holder }) => `task ${id}: its attempt at ${holder} was called lost`),
  )
  return verdict(promise, 'no attempt was called lost', against)
}

/** Tasks that needed more than one attempt, and what was charged for it. */
export function toll({ accepted, stored }: History): { readonly touched: number; readonly charged: number } {
  const tasks = accepted.flatMap(({ id }) => stored.get(id) ?? []).filter(({ attempt }) => attempt > 1)
  const charged = tasks.reduce((sum, task) => sum + chargedAttempts(task) - (task.state === 'completed' ? 1 : 0), 0)
  return { touched: tasks.length, charged }
}

/** How long after `faultMs` what ran then was running again, the shortest first. */
export function resumedAfter({ signs }: Pick<History, 'signs'>, faultMs: MonoMs): readonly number[] {
  return byTask(signs)
    .flatMap(([, lives]) => {
      const cut = lives.findLastIndex(({ startMs }) => startMs <= faultMs)
      const next = lives[cut + 1]
      return cut < 0 || next === undefined ? [] : [next.startMs - faultMs]
    })
    .sort((one, other) => one - other)
}

function byTask(signs: History['signs']): [string, Life[]][] {
  return [...grouped(livesOf(signs), ({ task }) => task)]
}

/** The attempt that speaks in a result. */
function testimonyOf({ result }: Pick<TaskEnd, 'result'>): Testimony | undefined {
  return result === undefined ? undefined : (JSON.parse(result) as Testimony)
}
