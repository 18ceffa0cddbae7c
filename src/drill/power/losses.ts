// The moments at which power is lost, and what is there afterwards. Pure, with chance from a seed.
//
// At every sync, just before it returns: all that it was to cover may be there, or nothing, or it is torn. After something
// was said, with nothing but what syncs had covered by then: that is where a word without a sync behind it shows. And now
// and then between two writes.
import type { Chance } from '../chance.js'
import type { Disk, Fate, Files } from './disk.js'
import type { Recorded } from './recording.js'
import type { Told } from './told.js'

export interface Loss {
  /** So much of the recording had happened. */
  readonly at: number
  readonly fate: Fate
  readonly files: Files
}

export interface LossOptions {
  readonly chance: Chance
  /** Losses at each sync. */
  readonly perSync: number
  /** How likely there is one after words, and between two writes. */
  readonly afterWords: number
  readonly between: number
}

const FATES: readonly Fate[] = ['none', 'all', 'some', 'torn']

/** Plays the recording; `told` and `disk` are at the moment of each loss while it is looked at. */
export function* losses(
  recording: readonly Recorded[],
  disk: Disk,
  told: Told,
  { chance, perSync, afterWords, between }: LossOptions,
): Generator<Loss> {
  let judged = told.count
  const lose = (at: number, fate: Fate): Loss => ({ at, fate, files: disk.after(fate, chance) })
  const anyFate = (): Fate => FATES[chance.between(0, FATES.length - 1)]!
  for (const [index, recorded] of recording.entries()) {
    if (recorded.kind === 'sent') {
      told.hear(recorded.connection, recorded.bytes)
      continue
    }
    if (told.count > judged) {
      judged = told.count
      if (chance.fraction() < afterWords) yield lose(index, 'none')
    }
    if (recorded.kind === 'sync') for (let image = 0; image < perSync; image += 1) yield lose(index, anyFate())
    else if (chance.fraction() < between) yield lose(index, anyFate())
    disk.take(index, recorded)
  }
  yield lose(recording.length, 'none')
}
