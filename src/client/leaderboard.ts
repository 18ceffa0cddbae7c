// What workers are worth, of the votes that they cast (docs/votes.md). Pure.
import type { QuarantineField, ReputationField } from '../protocol/messages.js'
import { TRUSTED_AFTER } from '../task/reputation.js'

/** How votes went. */
export interface VoteTally {
  /** Votes that another worker's vote confirmed. */
  readonly matched: number
  /** For something else than what others agreed on. */
  readonly wrong: number
  /** Believed alone (`replicas: 'auto'`): that proves nothing. */
  readonly alone: number
  /** The share that matched, of those that were confirmed or wrong; undefined where there are none. */
  readonly accuracy: number | undefined
}

/** The votes of one worker for tasks of one type, with one model. */
export interface WorkerRecord extends VoteTally {
  readonly type: string
  readonly model: string | undefined
  /** Matched since the last that was wrong. */
  readonly streak: number
  /** One vote of it may be enough. */
  readonly trusted: boolean
  readonly lastAt: number
}

export interface Standing extends VoteTally {
  /** Its name, or `key:` and the id of the key with which it came. */
  readonly worker: string
  /** One for each vote that was what was agreed on. */
  readonly points: number
  /** When its last vote counted. */
  readonly lastAt: number
  /** It is given nothing more: why, and since when. */
  readonly quarantined: { readonly reason: string; readonly since: number } | undefined
  readonly records: readonly WorkerRecord[]
}

export interface ModelTally extends VoteTally {
  readonly type: string
  readonly model: string | undefined
}

export interface Leaderboard {
  /** The most points first. */
  readonly workers: readonly Standing[]
  /** All workers together, by task type and model; the most votes first. */
  readonly models: readonly ModelTally[]
}

interface Told {
  readonly list: readonly ReputationField[]
  readonly quarantined: readonly QuarantineField[]
}

export function leaderboardOf({ list, quarantined }: Told): Leaderboard {
  const barred = new Map(quarantined.map(({ voter, ...why }) => [voter, why]))
  const workers = groupsOf(list, ({ voter }) => voter).map((records): Standing => {
    const { voter } = records[0]!
    const sum = sumOf(records)
    return {
      ...{ worker: voter, points: sum.matched + sum.alone, ...sum, quarantined: barred.get(voter) },
      lastAt: Math.max(...records.map(({ lastAt }) => lastAt)),
      records: records.map(recordOf),
    }
  })
  const models = groupsOf(list, ({ type, model = '' }) => JSON.stringify([type, model])).map((records): ModelTally => {
    const { type, model } = records[0]!
    return { type, model, ...sumOf(records) }
  })
  const votes = ({ matched, wrong, alone }: VoteTally): number => matched + wrong + alone
  return {
    workers: workers.sort((one, other) => other.points - one.points || byName.compare(one.worker, other.worker)),
    models: models.sort((one, other) => votes(other) - votes(one) || byName.compare(one.type, other.type)),
  }
}

const byName = new Intl.Collator('en', { numeric: true })

function recordOf({ type, model, matched, wrong, alone, streak, lastAt }: ReputationField): WorkerRecord {
  const tally = { matched, wrong, alone, accuracy: accuracyOf(matched, wrong) }
  return { type, model, ...tally, streak, trusted: streak >= TRUSTED_AFTER, lastAt }
}

function sumOf(records: readonly ReputationField[]): VoteTally {
  const sum = { matched: 0, wrong: 0, alone: 0 }
  for (const { matched, wrong, alone } of records) {
    sum.matched += matched
    sum.wrong += wrong
    sum.alone += alone
  }
  return { ...sum, accuracy: accuracyOf(sum.matched, sum.wrong) }
}

function accuracyOf(matched: number, wrong: number): number | undefined {
  return matched + wrong === 0 ? undefined : matched / (matched + wrong)
}

function groupsOf(list: readonly ReputationField[], keyOf: (record: ReputationField) => string): ReputationField[][] {
  const groups = new Map<string, ReputationField[]>()
  for (const record of list) {
    const group = groups.get(keyOf(record))
    if (group === undefined) groups.set(keyOf(record), [record])
    else group.push(record)
  }
  return [...groups.values()]
}
