-- Batches that a person takes back, and pictures that leave the disk. Both are written down before
-- anything is done: what a crash interrupts is carried on at the next start.

-- remnants is what the platform keeps of the batch, as JSON; known when ended_at is.
CREATE TABLE retraction (
    batch_id TEXT PRIMARY KEY NOT NULL REFERENCES batch (id),
    station_id TEXT NOT NULL,
    operator_id TEXT REFERENCES operator (id),
    reason TEXT NOT NULL CHECK (reason <> ''),
    asked_at TEXT NOT NULL,
    ended_at TEXT,
    remnants TEXT NOT NULL,
    written_at TEXT NOT NULL
) STRICT;
CREATE INDEX batch_retracting ON batch (retry_at) WHERE state = 'RETRACTING';
CREATE INDEX batch_taken_back ON batch (state) WHERE state IN ('RETRACTING', 'RETRACTED');

-- files are the sealed files that leave the disk, as JSON; they are gone when done_at is written.
CREATE TABLE erasure (
    id TEXT PRIMARY KEY NOT NULL,
    station_id TEXT NOT NULL,
    original_id TEXT NOT NULL REFERENCES original (id),
    operator_id TEXT REFERENCES operator (id),
    reason TEXT NOT NULL CHECK (reason <> ''),
    files TEXT NOT NULL,
    done_at TEXT,
    written_at TEXT NOT NULL
) STRICT;
CREATE INDEX erasure_of ON erasure (original_id);
CREATE INDEX erasure_pending ON erasure (written_at) WHERE done_at IS NULL;
