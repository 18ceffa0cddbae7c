// What becomes of voters by a verdict, within the batch that has it. What their record means is decided in task/reputation.ts.
import type { WallMs } from '../clock.js'
import { type Credit, checkChance, credit, QUARANTINE_SHARE, remember, whyQuarantined } from '../task/reputation.js'
import type { Rows, TallyKey } from './rows.js'
import type { Quarantine, StoreLimits } from './store.js'

/** What it needs of the batch that is being applied. */
export interface CreditWork {
  readonly rows: Pick<Rows, 'reputations'>
  readonly now: WallMs
  readonly limits: Pick<StoreLimits, 'quarantineShare'>
}

type PardonWork = Pick<CreditWork, 'rows'> & { readonly retried: boolean }

/** Writes what a vote has turned out to be. The quarantine that begins with it, where one does. */
export function creditVote({ rows, now, limits }: CreditWork, of: TallyKey, what: Credit): Quarantine | undefined {
  const { reputations } = rows
  const { voter, type, model } = of
  reputations.put({ voter, type, model, ...credit(reputations.tally(of), what), lastAt: now })
  if (what === 'alone') return undefined
  const { recent: before = '', quarantine } = reputations.voter(voter) ?? {}
  const recent = remember(before, what)
  const reason =
    quarantine === undefined ? whyQuarantined(recent, limits.quarantineShare ?? QUARANTINE_SHARE) : undefined
  const begins = reason === undefined ? undefined : { reason, since: now }
  const is = quarantine ?? begins
  reputations.putVoter({ voter, recent, ...(is && { quarantine: is }) })
  return begins && { voter, ...begins }
}

/** How often its word alone is not enough: always, where it has no record, or is quarantined while it still works. */
export function doubtOf({ reputations }: Pick<Rows, 'reputations'>, of: TallyKey): number {
  if (reputations.voter(of.voter)?.quarantine !== undefined) return 1
  return checkChance(reputations.tally(of)?.streak ?? 0)
}

/** False where there was nothing to pardon. Without any last votes it was, by the first try of this batch. */
export function pardon({ rows: { reputations }, retried }: PardonWork, voter: string): boolean {
  const row = reputations.voter(voter)
  if (row?.quarantine === undefined) return retried && row?.recent === ''
  reputations.putVoter({ voter, recent: '' })
  reputations.endStreaks(voter)
  return true
}
