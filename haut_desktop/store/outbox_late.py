"""How much of the outbox is late: the rules of ``domain/ageing.py``, counted by small indices.

A test holds both together: what a row says, and what is counted here.
"""

from datetime import datetime, timedelta
from typing import Final

from haut_desktop.domain.ageing import LateKind, late_before
from haut_desktop.store.driver import Connection
from haut_desktop.store.rows import text_of

_NOT_TAKEN_BACK: Final = """
NOT EXISTS (SELECT 1 FROM retraction WHERE retraction.batch_id = batch.id)
"""
_NO_RESULTS: Final = f"""
SELECT count(*) FROM batch INDEXED BY batch_unfinished
WHERE state = 'SUBMITTED' AND completeness <> 'complete' AND submitted_at <= :no_results
    AND EXISTS (SELECT 1 FROM image WHERE batch_id = batch.id)
    AND {_NOT_TAKEN_BACK}
"""  # noqa: S608 - a clause of ours
_HAS_ARRIVED: Final = """
NOT EXISTS (
    SELECT 1 FROM image WHERE batch_id = batch.id AND state NOT IN ('STORED', 'ERASED'))
AND (SELECT max(proof_at) FROM image
    WHERE batch_id = batch.id AND state = 'STORED') <= :not_computed
"""
_NOT_COMPUTED: Final = f"""
SELECT count(*) FROM batch INDEXED BY batch_begun
WHERE state IN ('OPEN', 'SUBMITTING') AND platform_id IS NOT NULL
    AND {_HAS_ARRIVED} AND {_NOT_TAKEN_BACK}
"""  # noqa: S608 - a clause of ours

# All that was to go is counted in the index alone, however much waits; what is no longer to be
# sent, or counted above already, is taken off: of that there is little.
_TO_GO: Final = """
SELECT count(*) FROM batch INDEXED BY batch_rests
WHERE not_before <= :unsent AND state IN ('OPEN', 'INITIATING', 'SUBMITTING')
"""
_SINCE: Final = """
coalesce(batch.not_before, (SELECT finished_at FROM visit WHERE id = batch.visit_id),
    batch.created_at)
"""
_WITHOUT_REST: Final = f"""
SELECT count(*) FROM batch INDEXED BY batch_rests
WHERE not_before IS NULL AND state IN ('OPEN', 'INITIATING', 'SUBMITTING')
    AND {_SINCE} <= :unsent
"""  # noqa: S608 - a clause of ours
_ARRIVED: Final = f"""
SELECT count(*) FROM batch INDEXED BY batch_begun
WHERE state IN ('OPEN', 'SUBMITTING') AND platform_id IS NOT NULL AND {_SINCE} <= :unsent
    AND (state = 'SUBMITTING' OR ({_HAS_ARRIVED})) AND {_NOT_TAKEN_BACK}
"""  # noqa: S608 - a clause of ours
_TAKEN_BACK: Final = f"""
SELECT count(*) FROM retraction CROSS JOIN batch ON batch.id = retraction.batch_id
WHERE batch.state IN ('OPEN', 'INITIATING', 'SUBMITTING') AND {_SINCE} <= :unsent
"""  # noqa: S608 - a clause of ours
_LATE: Final = f"""
SELECT ({_NO_RESULTS}) + ({_NOT_COMPUTED})
    + ({_TO_GO}) + ({_WITHOUT_REST}) - ({_ARRIVED}) - ({_TAKEN_BACK}) AS late
"""


def read_late(connection: Connection, now: datetime, unsent_after_s: float) -> int:
    """Count what is late: results, computations, and what was to go ``unsent_after_s`` ago."""
    due = late_before(now)
    values = {
        "no_results": text_of(due[LateKind.NO_RESULTS]),
        "not_computed": text_of(due[LateKind.NOT_COMPUTED]),
        "unsent": text_of(now - timedelta(seconds=unsent_after_s)),
    }
    late = connection.execute(_LATE, values).fetchone()["late"]
    assert isinstance(late, int)
    return late
