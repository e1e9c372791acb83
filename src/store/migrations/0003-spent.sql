-- opens-with: 1
-- What users have spent of their quotas, in the day and the month in which they spent it last.

CREATE TABLE spent (
  user TEXT PRIMARY KEY,
  -- JSON, opaque here.
  spent TEXT NOT NULL
) STRICT, WITHOUT ROWID;
