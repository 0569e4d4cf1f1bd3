-- The light of a result whose picture the record has no more, as the platform lists it; empty where
-- the picture's own row tells it, or nobody does.
ALTER TABLE result ADD COLUMN light TEXT NOT NULL DEFAULT '';
DROP INDEX result_current;
CREATE UNIQUE INDEX result_current
    ON result (batch_id, side, coalesce(rendition_id, ''), light, algorithm, version, application)
    WHERE is_current = 1;
