-- What arrived and is not computed yet is counted without going through all that waits.
CREATE INDEX batch_begun ON batch (state)
    WHERE platform_id IS NOT NULL AND state IN ('OPEN', 'SUBMITTING');
