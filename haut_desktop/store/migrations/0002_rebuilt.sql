-- After a rebuild: batches of which nobody knows yet what the platform has already, and pictures of
-- which nobody can say whose they are. Both wait: the first for the platform's answer, the second
-- for a person.

CREATE TABLE rebuilt_batch (
    batch_id TEXT PRIMARY KEY NOT NULL REFERENCES batch (id) ON DELETE CASCADE,
    station_id TEXT NOT NULL,
    written_at TEXT NOT NULL
) STRICT;

-- claim is what an unproven note says, as JSON: a hint for a person, never a fact.
CREATE TABLE held_picture (
    original_id TEXT PRIMARY KEY NOT NULL REFERENCES original (id),
    station_id TEXT NOT NULL,
    reason TEXT NOT NULL CHECK (reason <> ''),
    claim TEXT NOT NULL,
    written_at TEXT NOT NULL
) STRICT;
