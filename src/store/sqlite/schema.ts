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

const V2 = `
-- Attempts before the last retry by hand.
ALTER TABLE tasks ADD COLUMN forgiven INTEGER NOT NULL DEFAULT 0;

-- Failed tasks are few among many, and are what people look for.
CREATE INDEX tasks_failed ON tasks (seq) WHERE state = 'failed';
`

// For retention: what prunings walk along, and how many bytes are kept. The table is made anew, since a column that was added
// stands behind payload and result, and is read through all of their pages.
const V3 = `
ALTER TABLE tasks RENAME TO tasks_v2;
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
  forgiven           INTEGER NOT NULL DEFAULT 0,
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
INSERT INTO tasks
  (seq, id, queue, type, state, gated, priority, run_at, expires_at, created_at, attempt, uncharged,
  max_attempts, max_attempts_given, timeout_ms, suspect, cancel_requested, lease_id, holder, granted_at,
  settled_lease, ended_at, origin, encoding, result_encoding, description, meta, error, payload, result,
  forgiven)
SELECT
  seq, id, queue, type, state, gated, priority, run_at, expires_at, created_at, attempt, uncharged,
  max_attempts, max_attempts_given, timeout_ms, suspect, cancel_requested, lease_id, holder, granted_at,
  settled_lease, ended_at, origin, encoding, result_encoding, description, meta, error, payload, result,
  forgiven
FROM tasks_v2 ORDER BY seq;
DROP TABLE tasks_v2;

-- What a claim walks along (P15): runnable rows only, so the cost is that of what is granted.
CREATE INDEX tasks_runnable ON tasks (queue, type, priority DESC, run_at, seq) WHERE state = 'pending' AND gated = 0;
CREATE INDEX tasks_gated    ON tasks (run_at) WHERE gated = 1;
CREATE INDEX tasks_expiring ON tasks (expires_at) WHERE state = 'pending' AND expires_at IS NOT NULL;
CREATE INDEX tasks_running  ON tasks (holder, lease_id) WHERE state = 'running';
-- What has ended, the oldest end first, and what failed by its place in the list of all.
CREATE INDEX tasks_done     ON tasks (ended_at) WHERE state IN ('completed', 'cancelled');
CREATE INDEX tasks_failed   ON tasks (ended_at) WHERE state = 'failed';
CREATE INDEX tasks_failures ON tasks (seq)      WHERE state = 'failed';

-- Of payload and result, of tasks that have ended.
ALTER TABLE counts ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
UPDATE counts SET bytes = sums.bytes FROM (
  SELECT queue, type, state, sum(octet_length(payload) + coalesce(octet_length(result), 0)) AS bytes FROM tasks
  WHERE state IN ('completed', 'failed', 'cancelled') GROUP BY queue, type, state
) AS sums
WHERE counts.queue = sums.queue AND counts.type = sums.type AND counts.state = sums.state;
`

// Tasks run for a moment, and each comes into this index and leaves it: the less it holds, the faster they go.
const V4 = `
DROP INDEX tasks_running;
CREATE INDEX tasks_running ON tasks (holder) WHERE state = 'running';
`

// Workers that pull: what one said of itself must be known after a restart too, since nobody asks it again.
const V5 = `
ALTER TABLE incarnations ADD COLUMN about TEXT;
`

// What attempts said. Its size is kept, not summed up: each new log asks for it.
const V6 = `
CREATE TABLE logs (
  seq      INTEGER PRIMARY KEY,
  task_id  TEXT    NOT NULL,
  attempt  INTEGER NOT NULL,
  lease_id TEXT    NOT NULL,
  ended_at INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  text     TEXT    NOT NULL
) STRICT;
CREATE INDEX logs_task ON logs (task_id, seq);
CREATE TABLE log_size (bytes INTEGER NOT NULL) STRICT;
INSERT INTO log_size VALUES (0);
CREATE TRIGGER log_kept AFTER INSERT ON logs
BEGIN UPDATE log_size SET bytes = bytes + octet_length(NEW.text); END;
CREATE TRIGGER log_forgotten AFTER DELETE ON logs
BEGIN UPDATE log_size SET bytes = bytes - octet_length(OLD.text); END;
`

// Keys that were given out: what checks them, and not what opens (PROTOCOL.md 2.3).
const V7 = `
CREATE TABLE access_keys (
  id         TEXT    PRIMARY KEY,
  role       TEXT    NOT NULL,
  types      TEXT,
  name       TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER,
  stored_key TEXT    NOT NULL,
  server_key TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
`

// Where a task has a deadline it has `expires_at`, too: nobody else looks as far into its row as this column is. A checkpoint is
// that of a task which has not completed; tasks without one have no row.
const V8 = `
ALTER TABLE tasks ADD COLUMN deadline_at INTEGER;
CREATE TABLE checkpoints (
  task_id  TEXT PRIMARY KEY,
  lease_id TEXT NOT NULL,
  value    TEXT NOT NULL
) STRICT;
`

// Tasks that are voted on, and their replicas: tasks themselves, whose own rows say nothing of it. `gated` is 2 where a task waits
// for votes, which no index of what waits looks at.
const V9 = `
ALTER TABLE incarnations ADD COLUMN voter TEXT;
CREATE TABLE polls (
  task_id TEXT    PRIMARY KEY,
  rule    TEXT    NOT NULL,
  first   INTEGER NOT NULL,
  issued  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE replicas (
  task_id   TEXT    PRIMARY KEY,
  parent_id TEXT    NOT NULL,
  n         INTEGER NOT NULL,
  state     TEXT    NOT NULL,
  voter     TEXT,
  machine   TEXT,
  ballot    TEXT,
  agreed    INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX replicas_parent ON replicas (parent_id, n);
`

// What voters are worth: of each type and model how their votes went, and of all together the last ones.
const V10 = `
ALTER TABLE incarnations ADD COLUMN model TEXT;
ALTER TABLE replicas ADD COLUMN model TEXT;
ALTER TABLE polls ADD COLUMN checked INTEGER;
CREATE TABLE reputations (
  voter   TEXT    NOT NULL,
  type    TEXT    NOT NULL,
  model   TEXT    NOT NULL,
  matched INTEGER NOT NULL,
  wrong   INTEGER NOT NULL,
  alone   INTEGER NOT NULL,
  streak  INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY (voter, type, model)
) STRICT, WITHOUT ROWID;
CREATE TABLE voters (
  voter  TEXT PRIMARY KEY,
  recent TEXT NOT NULL,
  reason TEXT,
  since  INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX voters_quarantined ON voters (since) WHERE reason IS NOT NULL;
`

export const MIGRATIONS: readonly string[] = [V1, V2, V3, V4, V5, V6, V7, V8, V9, V10]

/** Those that every version has. */
export const TABLES = ['tasks', 'attempts', 'incarnations', 'counts'] as const
