// The schema of `tasks.db`, as a list of migrations: the nth makes version n + 1 of version n, and 0 is an empty file.
// One that was released is never changed; test/fixtures/data keeps a file of each version.
//
// Times are milliseconds since the Unix epoch. Payload, result and error are text as it came, for people too:
// `sqlite3 .dtr/tasks.db` may read while all runs.

const V1 = `
CREATE TABLE tasks (
  seq                INTEGER PRIMARY KEY,
  id                 TEXT    NOT NULL UNIQUE,
  queue              TEXT    NOT NULL,
  type               TEXT    NOT NULL,
  state              TEXT    NOT NULL,
  gated              INTEGER NOT NULL,
  priority           INTEGER NOT NULL,
  run_at             INTEGER NOT NULL,
  expires_at         INTEGER,
  created_at         INTEGER NOT NULL,
  attempt            INTEGER NOT NULL,
  uncharged          INTEGER NOT NULL,
  max_attempts       INTEGER,
  max_attempts_given INTEGER,
  timeout_ms         INTEGER,
  suspect            INTEGER NOT NULL,
  cancel_requested   INTEGER NOT NULL,
  lease_id           TEXT,
  holder             TEXT,
  granted_at         INTEGER,
  settled_lease      TEXT,
  ended_at           INTEGER,
  origin             TEXT,
  encoding           TEXT    NOT NULL,
  result_encoding    TEXT,
  description        TEXT,
  meta               TEXT,
  error              TEXT,
  payload            TEXT    NOT NULL,
  result             TEXT
) STRICT;

-- What a claim walks along (P15): runnable rows only, so the cost is that of what is granted.
CREATE INDEX tasks_runnable ON tasks (queue, type, priority DESC, run_at, seq) WHERE state = 'pending' AND gated = 0;
CREATE INDEX tasks_gated    ON tasks (run_at) WHERE gated = 1;
CREATE INDEX tasks_expiring ON tasks (expires_at) WHERE state = 'pending' AND expires_at IS NOT NULL;
CREATE INDEX tasks_running  ON tasks (holder, lease_id) WHERE state = 'running';
CREATE INDEX tasks_expired  ON tasks (ended_at) WHERE state = 'failed' AND expires_at IS NOT NULL;

-- The story (P3): attempts that did not succeed, in the order in which they ended.
CREATE TABLE attempts (
  task_id    TEXT    NOT NULL,
  attempt    INTEGER NOT NULL,
  lease_id   TEXT    NOT NULL,
  holder     TEXT    NOT NULL,
  granted_at INTEGER NOT NULL,
  ended_at   INTEGER NOT NULL,
  outcome    TEXT    NOT NULL,
  charged    INTEGER NOT NULL,
  error      TEXT
) STRICT;
CREATE INDEX attempts_task   ON attempts (task_id);
CREATE INDEX attempts_holder ON attempts (holder, ended_at);

CREATE TABLE incarnations (
  incarnation TEXT    PRIMARY KEY,
  beat        INTEGER NOT NULL,
  address     TEXT,
  machine     TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE counts (
  queue TEXT    NOT NULL,
  type  TEXT    NOT NULL,
  state TEXT    NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (queue, type, state)
) STRICT, WITHOUT ROWID;
`

export const MIGRATIONS: readonly string[] = [V1]
