-- What the platform said of a batch when it was asked again for what it had confirmed. platform_id and
-- pictures are what was asked for: a batch that was sent anew, or got more pictures, is asked for
-- again. differences are a JSON list; seen_at is when a person said that it was read. program is the
-- version whose first upload the batch was, and that was read back.
CREATE TABLE recheck (
    batch_id TEXT PRIMARY KEY NOT NULL REFERENCES batch (id),
    station_id TEXT NOT NULL,
    platform_id TEXT NOT NULL,
    pictures INTEGER NOT NULL CHECK (pictures > 0),
    looks INTEGER NOT NULL CHECK (looks > 0),
    differences TEXT NOT NULL,
    program TEXT NOT NULL,
    seen_at TEXT,
    written_at TEXT NOT NULL
) STRICT;
CREATE INDEX recheck_unseen ON recheck (written_at) WHERE differences <> '[]' AND seen_at IS NULL;
