-- Pictures that a person placed and that may have been delivered before the record was lost. No
-- batch with one of them goes before the platform was asked whether it has it already. names are
-- the ids, as JSON, under which it may lie there; empty when no note says them.

CREATE TABLE former_delivery (
    rendition_id TEXT PRIMARY KEY NOT NULL REFERENCES rendition (id),
    station_id TEXT NOT NULL,
    names TEXT NOT NULL,
    written_at TEXT NOT NULL
) STRICT;
