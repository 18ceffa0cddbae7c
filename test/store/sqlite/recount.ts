// What a data file says that it keeps, and what it keeps: read by another program than the one that wrote it.
import Database from 'better-sqlite3'

export interface Kept {
  readonly queue: string
  readonly type: string
  readonly state: string
  readonly count: number
  readonly bytes: number
}

/** The counts as they stand. */
export function keptIn(file: string): readonly Kept[] {
  return read(
    file,
    'SELECT queue, type, state, count, bytes FROM counts WHERE count != 0 OR bytes != 0 ORDER BY 1, 2, 3',
  )
}

/** The counts as they must be. */
export function recounted(file: string): readonly Kept[] {
  return read(
    file,
    `SELECT queue, type, state, count(*) AS count, sum(iif(state IN ('completed', 'failed', 'cancelled'),
       octet_length(payload) + coalesce(octet_length(result), 0), 0)) AS bytes
     FROM tasks GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
  )
}

/** Attempts whose task is not there. */
export function orphans(file: string): readonly unknown[] {
  return read(file, 'SELECT * FROM attempts WHERE task_id NOT IN (SELECT id FROM tasks)')
}

function read<Row>(file: string, sql: string): readonly Row[] {
  const database = new Database(file, { readonly: true })
  try {
    return database.prepare<[], Row>(sql).all()
  } finally {
    database.close()
  }
}
