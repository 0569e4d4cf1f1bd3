-- Whose a placed picture was by the note beside it, as JSON, where a note says so: it may have been
-- delivered under that subject's entry.
ALTER TABLE former_delivery ADD COLUMN subject TEXT;
