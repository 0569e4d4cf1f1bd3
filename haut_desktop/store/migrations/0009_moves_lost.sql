-- 1 for a batch that a rebuild wrote and of which the platform was not asked since: what became of it
-- before stands in no move, and that none says it was computed proves nothing.
ALTER TABLE batch ADD COLUMN moves_lost INTEGER NOT NULL DEFAULT 0 CHECK (moves_lost IN (0, 1));
UPDATE batch SET moves_lost = 1
WHERE written_at IN (SELECT written_at FROM audit WHERE action = 'outbox.rebuilt')
    AND NOT EXISTS (SELECT 1 FROM transition
        WHERE entity_id = batch.id AND event IN ('initiate', 'submit', 'submitted'))
    AND (coalesce(held_from, state) IN ('SUBMITTED', 'RETRACTING', 'RETRACTED')
        OR EXISTS (SELECT 1 FROM rebuilt_batch WHERE batch_id = batch.id));
