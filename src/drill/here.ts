// Drills on a cluster that is there already, and is its user's: what can be done to it is what signals and resets do to
// processes of this machine. Its workers know nothing of a drill's witness, so that only what client and store say is
// judged; its load is the built-in `sleep`, and whatever runs there anyway.
import type { Client } from '../client/client.js'
import { DtrError } from '../errors.js'
import { type RunRecord, readRunFiles, runFolder } from '../net/run-file.js'
import type { SummaryField } from '../protocol/messages.js'
import type { Chance } from './chance.js'
import type { Stage, Victim } from './stage.js'
import { type Verdict, verdict } from './verdicts.js'

/** A cluster of which processes run here. */
export interface Running {
  readonly master: RunRecord
  readonly workers: readonly RunRecord[]
}

/** What is done to which process is drawn before the user is asked. */
export interface HerePlan {
  /** A sentence each. */
  readonly words: readonly string[]
  play(stage: Stage): Promise<void>
}

export type PlanHere = (running: Running, chance: Chance) => HerePlan

export const STAYS_DEAD = 'what is killed stays dead, unless the cluster was started with --respawn'
export const CHARGED = 'tasks that run there run again elsewhere, and are charged for an attempt'

/** @throws DtrError `no_cluster` where the master that answers is none of this folder: pids and answers must be of one cluster */
export async function findRunning(client: Client, data: string): Promise<Running> {
  const records = readRunFiles(runFolder(data))
  const { master } = await client.status()
  const own = records.find(({ incarnation }) => incarnation === master.incarnation)
  if (own === undefined) {
    throw new DtrError('no_cluster', `the master that answers (pid ${master.pid}) does not run in ${data}`, {
      hint: 'dtr ps tells what does; --here is for processes of this machine',
    })
  }
  return { master: own, workers: records.filter(({ role }) => role === 'worker') }
}

/** @throws DtrError `bad_input` where nobody would be left to do the work */
export function workersOf({ workers }: Running, least: number): readonly RunRecord[] {
  if (workers.length >= least) return workers
  throw new DtrError('bad_input', `it takes ${least} workers of this machine, and there are ${workers.length}`, {
    hint: 'dtr worker starts another',
  })
}

export function named({ name, pid }: Pick<RunRecord, 'name' | 'pid'>): string {
  return `${name} (pid ${pid})`
}

export function victimOf({ name, pid, incarnation }: RunRecord): Victim {
  return { name, pid, incarnation, lives: [] }
}

export const LOAD = 'its load are short tasks of the type sleep, which stay in the history of the cluster'

export async function underLoad(stage: Stage): Promise<void> {
  const { workers } = await stage.client.status()
  if (workers.some(({ types }) => types.includes('sleep'))) {
    await stage.submit(4 * workers.length, { ms: [500, 2_000] })
    stage.stream(250, { ms: [50, 200] })
  } else stage.saw('no worker serves the built-in tasks: there is no load but that of the cluster itself')
}

/** The tasks that these workers run now, those of the user too. */
export async function heldBy(stage: Stage, holders: readonly RunRecord[]): Promise<readonly SummaryField[]> {
  const held: SummaryField[] = []
  for await (const task of stage.client.tasks({ states: 'running' })) {
    if (holders.some(({ incarnation }) => incarnation === task.holder)) held.push(task)
  }
  return held
}

/** P17: whoever held them holds them no more. */
export async function takenOver(stage: Stage, held: readonly SummaryField[]): Promise<Verdict> {
  const tasks = await stage.client.get(held.map(({ id }) => id))
  const leases = new Set(held.map(({ lease }) => lease))
  const against = tasks.flatMap(({ id, state, lease, holder }) =>
    state === 'running' && leases.has(lease) ? [`task ${id} is still held by ${holder}`] : [],
  )
  return verdict('P17', `none of the ${held.length} tasks that ran there is held there any more`, against)
}
