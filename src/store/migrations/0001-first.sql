-- opens-with: 1
-- The state of one branch: who is registered, which calls live, what happened, and what central has not yet confirmed.
-- Times are wall times in milliseconds since 1970 (UTC) unless the name says otherwise. JSON columns are opaque here.

CREATE TABLE binding (
  aor TEXT NOT NULL,
  key TEXT NOT NULL,
  contact TEXT NOT NULL,
  path TEXT NOT NULL,
  instance TEXT,
  reg_id INTEGER,
  call_id TEXT NOT NULL,
  cseq INTEGER NOT NULL,
  q REAL NOT NULL,
  user_agent TEXT,
  flow TEXT,
  -- The durable deadline: a step of the wall clock must neither fire nor extend it, so within one boot `left_ms` since
  -- `uptime_ms` counts and `expires` is for other boots and for readers.
  expires INTEGER NOT NULL,
  left_ms INTEGER NOT NULL,
  boot TEXT NOT NULL,
  uptime_ms INTEGER NOT NULL,
  PRIMARY KEY (aor, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE live_call (
  call_id TEXT PRIMARY KEY,
  linked_id TEXT NOT NULL,
  state TEXT NOT NULL,
  started INTEGER NOT NULL,
  answered INTEGER,
  "from" TEXT NOT NULL,
  "to" TEXT NOT NULL,
  user TEXT,
  decision TEXT,
  hops TEXT NOT NULL,
  channels TEXT NOT NULL,
  sip_call_ids TEXT NOT NULL,
  revision TEXT,
  dialogs TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE cdr (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  call_id TEXT NOT NULL UNIQUE,
  linked_id TEXT NOT NULL,
  started INTEGER NOT NULL,
  answered INTEGER,
  ended INTEGER NOT NULL,
  "from" TEXT NOT NULL,
  "to" TEXT NOT NULL,
  user TEXT,
  decision TEXT,
  hops TEXT NOT NULL,
  channels TEXT NOT NULL,
  sip_call_ids TEXT NOT NULL,
  revision TEXT,
  cause INTEGER NOT NULL,
  location TEXT NOT NULL,
  released_by TEXT NOT NULL,
  media TEXT
) STRICT;

CREATE INDEX cdr_linked ON cdr (linked_id);

-- AUTOINCREMENT: a sequence number is never used again, also after its row is gone.
CREATE TABLE outbox (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  payload TEXT NOT NULL
) STRICT;

CREATE TABLE cursor (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row: which file this is. Central numbers what it has taken per stream, so a new file is a new stream.
CREATE TABLE identity (
  stream TEXT NOT NULL
) STRICT;
