// What voters are worth, in SQLite: one prepared statement for each step. A model that was not said is the empty one.
import type Database from 'better-sqlite3'
import type { Tally } from '../../task/reputation.js'
import { defined, type ReputationRows, type TallyKey, type VoterRow } from '../rows.js'
import type { Quarantine, ReputationRecord } from '../store.js'

interface StoredRecord extends Omit<ReputationRecord, 'model'> {
  readonly model: string
}

interface StoredVoter {
  readonly voter: string
  readonly recent: string
  readonly reason: string | null
  readonly since: number | null
}

export class SqliteReputations implements ReputationRows {
  readonly #statements: ReturnType<typeof prepare>

  constructor(database: Database.Database) {
    this.#statements = prepare(database)
  }

  tally({ voter, type, model = '' }: TallyKey): Tally | undefined {
    return this.#statements.tally.get(voter, type, model)
  }

  put({ voter, type, model = '', matched, wrong, alone, streak, lastAt }: ReputationRecord): void {
    this.#statements.put.run(voter, type, model, matched, wrong, alone, streak, lastAt)
  }

  best(limit: number): readonly ReputationRecord[] {
    return this.#statements.best
      .all(limit)
      .map(({ model, ...record }) => defined({ ...record, model: model === '' ? undefined : model }))
  }

  voter(voter: string): VoterRow | undefined {
    const stored = this.#statements.voter.get(voter)
    if (stored === undefined) return undefined
    const { recent, reason, since } = stored
    return { voter, recent, ...(reason !== null && since !== null && { quarantine: { reason, since } }) }
  }

  putVoter({ voter, recent, quarantine }: VoterRow): void {
    this.#statements.putVoter.run(voter, recent, quarantine?.reason ?? null, quarantine?.since ?? null)
  }

  quarantined(): readonly Quarantine[] {
    return this.#statements.quarantined.all()
  }

  endStreaks(voter: string): void {
    this.#statements.endStreaks.run(voter)
  }
}

function prepare(database: Database.Database) {
  return {
    tally: database.prepare<[string, string, string], Tally>(
      'SELECT matched, wrong, alone, streak FROM reputations WHERE voter = ? AND type = ? AND model = ?',
    ),
    put: database.prepare(`
      INSERT OR REPLACE INTO reputations (voter, type, model, matched, wrong, alone, streak, last_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)`),
    best: database.prepare<[number], StoredRecord>(`
      SELECT voter, type, model, matched, wrong, alone, streak, last_at AS lastAt FROM reputations
      ORDER BY matched DESC, voter, type, model LIMIT ?`),
    voter: database.prepare<[string], StoredVoter>('SELECT voter, recent, reason, since FROM voters WHERE voter = ?'),
    putVoter: database.prepare('INSERT OR REPLACE INTO voters (voter, recent, reason, since) VALUES (?, ?, ?, ?)'),
    quarantined: database.prepare<[], Quarantine>(
      'SELECT voter, reason, since FROM voters WHERE reason IS NOT NULL ORDER BY since, voter',
    ),
    endStreaks: database.prepare<[string]>('UPDATE reputations SET streak = 0 WHERE voter = ?'),
  }
}
