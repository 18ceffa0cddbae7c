// What voters are worth: what a client asks of it, and what a master answers.
import Type, { type Static } from 'typebox'
import { Count, Millis, Name, Re, Text } from './fields.js'

// --- Client to master --------------------------------------------------------------------------------------------------

export const AskLeaderboard = Type.Object({ type: Type.Literal('leaderboard'), re: Re })
/** It has work again, and proves itself anew. */
export const Pardon = Type.Object({ type: Type.Literal('pardon'), re: Re, voter: Name })

// --- Master to client --------------------------------------------------------------------------------------------------

/** Of one voter's votes for tasks of one type, with one model. */
export const ReputationField = Type.Object({
  voter: Name,
  type: Name,
  model: Type.Optional(Text(256)),
  /** What somebody else said as well, and was agreed on. */
  matched: Count,
  wrong: Count,
  /** Believed without a second vote. */
  alone: Count,
  /** Matched since the last that was wrong. */
  streak: Count,
  lastAt: Millis,
})
export const QuarantineField = Type.Object({ voter: Name, reason: Text(200), since: Millis })
/** Answers `leaderboard`: the most matched first. */
export const LeaderboardReport = Type.Object({
  type: Type.Literal('leaderboard-report'),
  re: Re,
  list: Type.Array(ReputationField, { maxItems: 1_000 }),
  quarantined: Type.Array(QuarantineField),
})
export const Pardoned = Type.Object({
  type: Type.Literal('pardoned'),
  re: Re,
  status: Type.Enum(['pardoned', 'kept']),
})

export type ReputationField = Static<typeof ReputationField>
export type QuarantineField = Static<typeof QuarantineField>
