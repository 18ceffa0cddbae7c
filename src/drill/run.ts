// Runs a drill from its start to its verdicts, and leaves nothing behind but the folder of one that did not hold.
import type { Client } from '../client/client.js'
import { rawMonoMs } from '../clock.js'
import { DtrError, messageOf } from '../errors.js'
import { Chance } from './chance.js'
import type { Drill, DrillResult } from './drill.js'
import { type HerePlan, LOAD, type Running } from './here.js'
import type { History } from './history.js'
import { whatIsMissing } from './needs.js'
import type { Happening } from './record.js'
import { Stage } from './stage.js'
import { judge, judgeUnwitnessed, type Verdict } from './verdicts.js'

export interface RunOptions {
  readonly quick: boolean
  readonly seed: number
  /** What starts a worker in place of `dtr worker`, as a shell reads it. */
  readonly worker?: string | undefined
  /** Ends the drill and its cluster. */
  readonly signal: AbortSignal
  readonly happened: (happening: Happening) => void
}

export interface HereOptions extends RunOptions {
  readonly client: Client
  readonly running: Running
  /** Rejects where the user of the cluster does not want this done. */
  readonly agree: (words: readonly string[]) => Promise<void>
}

/** What only a witness can tell: that an attempt ran, and when. */
const WITNESSED = ['P3', 'P7']

/** On a cluster of its own. @throws what `signal` was aborted with */
export async function runDrill(drill: Drill, options: RunOptions): Promise<DrillResult> {
  return skipped(drill, options) ?? perform(drill, options, (stage) => drill.run(stage), judge)
}

/** On one that is there. @throws DtrError `unsupported` for a drill that cannot be done so, what `agree` rejects with */
export async function runHere(drill: Drill, options: HereOptions): Promise<DrillResult> {
  const skip = skipped(drill, options)
  if (skip !== undefined) return skip
  const { words, play } = planHere(drill, options)
  await options.agree([...words, LOAD])
  const promises = drill.promises.filter((promise) => !WITNESSED.includes(promise))
  const act = (stage: Stage): Promise<void> => {
    stage.join(options.client)
    stage.saw(`${WITNESSED.join(' and ')} are not judged: tasks of this cluster leave no witness`)
    return play(stage)
  }
  return { ...(await perform({ ...drill, promises }, options, act, judgeUnwitnessed)), here: true }
}

function planHere({ name, here }: Drill, { running, seed }: HereOptions): HerePlan {
  if (here !== undefined) return here(running, new Chance(seed))
  throw new DtrError('bad_input', `${name} is for a cluster of its own: it starts, places or slows processes itself`, {
    hint: 'without --here it makes one; dtr drill --list tells which can be done here',
  })
}

function skipped({ name, promises, needs }: Drill, { seed, quick }: RunOptions): DrillResult | undefined {
  const reason = whatIsMissing(needs)
  return reason === undefined ? undefined : { name, promises, seed, quick, outcome: 'skipped', reason, ...NOTHING }
}

const NOTHING = { measures: [], verdicts: [], timeline: [], tookMs: 0 }

async function perform(
  { name, promises }: Drill,
  { quick, seed, signal, worker, happened }: RunOptions,
  act: (stage: Stage) => Promise<void>,
  judgeAll: (history: History) => readonly Verdict[],
): Promise<DrillResult> {
  const startedMs = rawMonoMs()
  const stage = new Stage({ quick, signal, worker, happened, chance: new Chance(seed) })
  const reasons: unknown[] = []
  const note = (error: unknown): void => void reasons.push(error)
  await act(stage).catch(note)
  // Also after one that did not come to its end: what it left says more.
  if (!isUnsupported(reasons[0])) await stage.settle().then((history) => stage.judge(...judgeAll(history)), note)
  const [first] = reasons
  const reason = first === undefined ? undefined : messageOf(first)
  const held = reason === undefined && stage.verdicts.every((verdict) => verdict.held)
  const unsupported = isUnsupported(first)
  const folder = await stage.end(!held && !unsupported && !signal.aborted)
  signal.throwIfAborted()
  // The tool is there, but this machine does not let it do its work.
  if (unsupported) return { name, promises, seed, quick, outcome: 'skipped', reason: reason ?? '', ...NOTHING }
  return {
    ...{ name, promises, seed, quick, outcome: held ? 'held' : 'broke' },
    ...(reason !== undefined && { reason }),
    ...(worker !== undefined && { worker }),
    ...{ tookMs: Math.round(rawMonoMs() - startedMs), measures: stage.measures },
    ...{ verdicts: stage.verdicts, timeline: stage.timeline },
    ...(folder !== undefined && { folder }),
  }
}

function isUnsupported(error: unknown): boolean {
  return error instanceof DtrError && error.code === 'unsupported'
}
