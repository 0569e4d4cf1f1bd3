-- Why a person has pictures computed once more that were computed in an earlier batch; empty for a
-- batch of which nothing was. The same bytes are found by their hash, whichever take brought them.
ALTER TABLE batch ADD COLUMN again TEXT NOT NULL DEFAULT '';
CREATE INDEX rendition_same ON rendition (sha256);
