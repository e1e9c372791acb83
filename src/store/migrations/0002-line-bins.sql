-- opens-with: 1
-- Layer-1 performance of spans: quarter hours of one end of a line. A bin that goes on keeps its rowid, so that the age of a row does
-- not depend on a wall clock that may have been wrong.

CREATE TABLE line_bin (
  span TEXT NOT NULL,
  "end" TEXT NOT NULL,
  start INTEGER NOT NULL,
  seconds INTEGER NOT NULL,
  counts TEXT NOT NULL,
  crossed TEXT NOT NULL,
  UNIQUE (span, "end", start)
) STRICT;
