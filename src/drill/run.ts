// Runs a drill from its start to its verdicts, and leaves nothing behind but the folder of one that did not hold.
import { rawMonoMs } from '../clock.js'
import { DtrError, messageOf } from '../errors.js'
import { Chance } from './chance.js'
import type { Drill, DrillResult } from './drill.js'
import { whatIsMissing } from './needs.js'
import type { Happening } from './record.js'
import { Stage } from './stage.js'
import { judge } from './verdicts.js'

export interface RunOptions {
  readonly quick: boolean
  readonly seed: number
  /** Ends the drill and its cluster. */
  readonly signal: AbortSignal
  readonly happened: (happening: Happening) => void
}

/** @throws what `signal` was aborted with */
export async function runDrill(drill: Drill, { quick, seed, signal, happened }: RunOptions): Promise<DrillResult> {
  const { name, promises } = drill
  const missing = whatIsMissing(drill.needs)
  const none = { measures: [], verdicts: [], timeline: [], tookMs: 0 }
  if (missing !== undefined) return { name, promises, seed, quick, outcome: 'skipped', reason: missing, ...none }
  const startedMs = rawMonoMs()
  const stage = new Stage({ quick, signal, happened, chance: new Chance(seed) })
  const reasons: unknown[] = []
  const note = (error: unknown): void => void reasons.push(error)
  await drill.run(stage).catch(note)
  // Also after one that did not come to its end: what it left says more.
  if (!isUnsupported(reasons[0])) await stage.settle().then((history) => stage.judge(...judge(history)), note)
  const [first] = reasons
  const reason = first === undefined ? undefined : messageOf(first)
  const held = reason === undefined && stage.verdicts.every((verdict) => verdict.held)
  const unsupported = isUnsupported(first)
  const folder = await stage.end(!held && !unsupported && !signal.aborted)
  signal.throwIfAborted()
  // The tool is there, but this machine does not let it do its work.
  if (unsupported) return { name, promises, seed, quick, outcome: 'skipped', reason: reason ?? '', ...none }
  return {
    ...{ name, promises, seed, quick, outcome: held ? 'held' : 'broke' },
    ...(reason !== undefined && { reason }),
    ...{ tookMs: Math.round(rawMonoMs() - startedMs), measures: stage.measures },
    ...{ verdicts: stage.verdicts, timeline: stage.timeline },
    ...(folder !== undefined && { folder }),
  }
}

function isUnsupported(error: unknown): boolean {
  return error instanceof DtrError && error.code === 'unsupported'
}
