-- opens-with: 1
-- Emergency numbers of places (ELINs) in use: who called under each, so that the answering point's call back finds him.

CREATE TABLE elin (
  elin TEXT PRIMARY KEY,
  -- Who holds it and the phone that called, as JSON, opaque here.
  held TEXT NOT NULL,
  phone TEXT,
  -- The durable deadline, as that of a binding.
  expires INTEGER NOT NULL,
  left_ms INTEGER NOT NULL,
  boot TEXT NOT NULL,
  uptime_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
