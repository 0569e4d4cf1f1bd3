-- The same bytes are in a visit once, whatever the program does: picture is the visit and the
-- SHA-256 of a take's picture, and unique while the take stands. It is empty once the bytes are
-- erased, and for the later ones of pictures that were in a visit twice before this was forbidden.
ALTER TABLE take ADD COLUMN picture TEXT;
UPDATE take SET picture = (
    SELECT slot.visit_id || ' ' || original.sha256
    FROM original JOIN slot ON slot.id = take.slot_id
    WHERE original.take_id = take.id AND original.erased_at IS NULL);
UPDATE take SET picture = NULL WHERE removed_at IS NULL AND rowid NOT IN (
    SELECT min(rowid) FROM take WHERE removed_at IS NULL GROUP BY picture);
CREATE UNIQUE INDEX take_once ON take (picture) WHERE removed_at IS NULL AND picture IS NOT NULL;

CREATE TRIGGER original_once AFTER INSERT ON original
WHEN NEW.take_id IS NOT NULL AND NEW.erased_at IS NULL
BEGIN
    UPDATE take SET picture = (SELECT visit_id FROM slot WHERE id = slot_id) || ' ' || NEW.sha256
    WHERE id = NEW.take_id;
END;

CREATE TRIGGER original_assigned_once AFTER UPDATE OF take_id ON original
WHEN NEW.take_id IS NOT NULL AND NEW.erased_at IS NULL
BEGIN
    UPDATE take SET picture = (SELECT visit_id FROM slot WHERE id = slot_id) || ' ' || NEW.sha256
    WHERE id = NEW.take_id;
END;

CREATE TRIGGER original_erased AFTER UPDATE OF erased_at ON original
WHEN NEW.erased_at IS NOT NULL
BEGIN
    UPDATE take SET picture = NULL WHERE id = NEW.take_id;
END;
