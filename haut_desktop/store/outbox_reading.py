"""What is read of the outbox: what is due, what the screen lists, what is summed up."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from haut_desktop.domain.delivery import Trouble, Waiting
from haut_desktop.domain.errors import Blame, OtherAccountError
from haut_desktop.domain.former import RebuiltError
from haut_desktop.domain.ids import BatchId, OriginalId
from haut_desktop.domain.imaging import Batch
from haut_desktop.domain.outbox import OutboxSummary, VisitDelivery
from haut_desktop.domain.overviews import Transition
from haut_desktop.domain.subjects import Registration
from haut_desktop.domain.tenant import Tenant
from haut_desktop.store.driver import Connection, Row
from haut_desktop.store.imaging_rows import batches_of_visits, read_batches
from haut_desktop.store.outbox_late import read_late
from haut_desktop.store.rechecks import read_rechecks
from haut_desktop.store.registrations import registration_of
from haut_desktop.store.retractions import begun
from haut_desktop.store.rows import (
    BATCH_OF_TENANT,
    moment,
    moment_or_none,
    tenant_of,
    tenant_values,
    text_of,
    waiting_of,
)
from haut_desktop.store.visit_rows import visit_of

# Before the platform was asked for them nothing of them is sent.
_IS_ASKED_FOR_NO_MORE: Final = """
    NOT EXISTS (SELECT 1 FROM rebuilt_batch WHERE rebuilt_batch.batch_id = batch.id)
    AND NOT EXISTS (
        SELECT 1 FROM former_delivery
        CROSS JOIN image ON image.rendition_id = former_delivery.rendition_id
        WHERE image.batch_id = batch.id AND image.state <> 'ERASED')
"""

_DUE: Final = f"""
SELECT batch.* FROM batch INDEXED BY batch_due
JOIN visit ON visit.id = batch.visit_id
WHERE batch.state IN ('OPEN', 'INITIATING', 'SUBMITTING')
    AND coalesce(batch.retry_at, '') <= :now
    AND coalesce(batch.not_before, '') <= :now
    AND visit.status = 'finished'
    AND {_IS_ASKED_FOR_NO_MORE}
    AND {BATCH_OF_TENANT}
    AND EXISTS (
        SELECT 1 FROM registration
        WHERE subject_id = visit.subject_id AND dataset_id = batch.dataset_id
            AND state = 'REGISTERED')
    AND (batch.state <> 'OPEN'
        OR EXISTS (
            SELECT 1 FROM image
            WHERE batch_id = batch.id AND state IN ('SEALED', 'UNSETTLED')
                AND coalesce(retry_at, '') <= :now)
        OR (EXISTS (SELECT 1 FROM image WHERE batch_id = batch.id AND state = 'STORED')
            AND NOT EXISTS (
                SELECT 1 FROM image
                WHERE batch_id = batch.id AND state NOT IN ('STORED', 'ERASED'))))
ORDER BY batch.has_failed, batch.visit_at, batch.id
LIMIT :limit
"""  # noqa: S608 - a clause of ours

# The words are those of the index image_waiting, or it would not be used.
_IMAGES: Final = """
SELECT state, count(*) AS images, sum(size_bytes) AS bytes FROM image
WHERE state IN ('SEALED', 'UPLOADING', 'UNSETTLED', 'HELD') GROUP BY state
"""

# What waits for another company's account says nothing about the one that was refused. Nor does
# what may not be read: of a retraction, and of what a rebuild or a former delivery left open, the
# platform is only asked, and sending goes on meanwhile. A batch that asks before it goes on has a
# time of its own then; what waits for the account has none.
_ACCOUNT_TROUBLE: Final = f"""
SELECT * FROM (
    SELECT attempt, retry_at, error_kind, error_blame, error_title, error_message FROM batch
        WHERE state IN ('OPEN', 'INITIATING', 'SUBMITTING') AND retry_at IS NULL
            AND {_IS_ASKED_FOR_NO_MORE}
    UNION ALL
    SELECT attempt, retry_at, error_kind, error_blame, error_title, error_message
        FROM registration WHERE state IN ('DRAFT', 'REGISTERING'))
WHERE error_blame = 'account' AND error_kind <> ?
LIMIT 1
"""  # noqa: S608 - a clause of ours

_SUMMARY: Final = """
SELECT
    (SELECT count(*) FROM batch WHERE state = 'HELD')
        + (SELECT count(*) FROM registration WHERE state = 'HELD') AS held,
    (SELECT max(proof_at) FROM image WHERE proof_at IS NOT NULL) AS last_sent_at
"""

# A resting visit counts too: its time is the earliest at which anything of it happens.
_NEXT_TRY: Final = """
SELECT min(at) AS next_try_at FROM (
    SELECT min(retry_at) AS at FROM image
        WHERE retry_at IS NOT NULL AND state IN ('SEALED', 'UPLOADING', 'UNSETTLED')
    UNION ALL
    SELECT min(retry_at) FROM batch
        WHERE retry_at IS NOT NULL AND state IN ('OPEN', 'INITIATING', 'SUBMITTING')
    UNION ALL
    SELECT min(retry_at) FROM registration
        WHERE retry_at IS NOT NULL AND state IN ('DRAFT', 'REGISTERING')
    UNION ALL
    SELECT min(not_before) FROM batch
        WHERE not_before > :now AND state IN ('OPEN', 'INITIATING', 'SUBMITTING'))
"""

# What a person took back waits no longer; it is rare, so that it is taken off the sums above.
_TAKEN_BACK: Final = """
SELECT image.state, count(*) AS images, sum(image.size_bytes) AS bytes
FROM batch INDEXED BY batch_taken_back JOIN image ON image.batch_id = batch.id
WHERE batch.state IN ('RETRACTING', 'RETRACTED') AND image.state IN ('SEALED', 'HELD')
GROUP BY image.state
"""

# Left to itself the planner would go through the visits of all batches there ever were.
_RESTING: Final = """
SELECT count(DISTINCT visit_id) AS visits FROM batch INDEXED BY batch_rests
WHERE not_before > :now AND state IN ('OPEN', 'INITIATING', 'SUBMITTING')
"""

_NEXT_NEWS: Final = """
SELECT min(at) AS next_at FROM (
    SELECT min(retry_at) AS at FROM image
        WHERE retry_at > :after AND state IN ('SEALED', 'UPLOADING', 'UNSETTLED')
    UNION ALL
    SELECT min(retry_at) FROM batch
        WHERE retry_at > :after AND state IN ('OPEN', 'INITIATING', 'SUBMITTING')
    UNION ALL
    SELECT min(retry_at) FROM registration
        WHERE retry_at > :after AND state IN ('DRAFT', 'REGISTERING')
    UNION ALL
    SELECT min(retry_at) FROM batch WHERE retry_at > :after AND state = 'RETRACTING'
    UNION ALL
    SELECT min(not_before) FROM batch
        WHERE not_before > :after AND state IN ('OPEN', 'INITIATING', 'SUBMITTING'))
"""

_WAITING: Final = """
SELECT * FROM batch
WHERE retry_at IS NOT NULL AND state IN ('OPEN', 'INITIATING', 'SUBMITTING')
    AND error_blame IS coalesce(:blame, error_blame)
UNION ALL
SELECT * FROM batch WHERE retry_at IS NOT NULL AND state = 'RETRACTING'
    AND error_blame IS coalesce(:blame, error_blame)
"""

_INCOMPLETE: Final = f"""
SELECT * FROM batch
WHERE state = 'SUBMITTED' AND completeness <> 'complete' AND platform_id IS NOT NULL
    AND coalesce(retry_at, '') <= :now
    AND {BATCH_OF_TENANT}
ORDER BY submitted_at
"""  # noqa: S608 - a clause of ours

_DELIVERED_VISITS: Final = """
SELECT * FROM visit_with_observations AS visit
WHERE EXISTS (SELECT 1 FROM batch JOIN image ON image.batch_id = batch.id
    WHERE batch.visit_id = visit.id)
ORDER BY created_at DESC, number DESC
LIMIT ? OFFSET ?
"""


# Left to itself the planner would go through all batches there ever were; mostly none is rebuilt.
_ASKED_FIRST: Final = """
SELECT batch_id FROM rebuilt_batch CROSS JOIN batch ON batch.id = rebuilt_batch.batch_id
WHERE batch.state IN ('OPEN', 'INITIATING')
    AND NOT EXISTS (SELECT 1 FROM retraction WHERE retraction.batch_id = batch.id)
"""


def read_due(
    connection: Connection, now: datetime, limit: int, tenant: Tenant | None
) -> tuple[Batch, ...]:
    """Give what can go, in the fair order; of one tenant alone unless it is None."""
    values = {"now": text_of(now), "limit": limit} | tenant_values(tenant)
    return read_batches(connection, connection.execute(_DUE, values).fetchall())


def read_waiting(connection: Connection, blame: Blame | None) -> tuple[Batch, ...]:
    """Give the batches that have a time at which they are tried again; of one blame or of any."""
    values = {"blame": blame.value if blame else None}
    return read_batches(connection, connection.execute(_WAITING, values).fetchall())


def read_next_time(connection: Connection, after: datetime) -> datetime | None:
    """Give the first moment after ``after`` at which something else becomes due."""
    row = connection.execute(_NEXT_NEWS, {"after": text_of(after)}).fetchone()
    return moment_or_none(row["next_at"])


def read_incomplete(
    connection: Connection, now: datetime, tenant: Tenant | None
) -> tuple[Batch, ...]:
    """Give submitted batches whose results are still awaited, oldest first; of one tenant."""
    values = {"now": text_of(now)} | tenant_values(tenant)
    return read_batches(connection, connection.execute(_INCOMPLETE, values).fetchall())


def read_account_trouble(connection: Connection) -> Waiting | None:
    """Say what the account was told of what waits for it; None while it was told nothing."""
    row = connection.execute(_ACCOUNT_TROUBLE, (OtherAccountError.__name__,)).fetchone()
    return None if row is None else waiting_of(row)


def read_summary(connection: Connection, now: datetime, unsent_after_s: float) -> OutboxSummary:
    """Sum up what waits; a few reads of small indices."""
    images = {row["state"]: (row["images"], row["bytes"]) for row in connection.execute(_IMAGES)}
    for row in connection.execute(_TAKEN_BACK):
        number, size = images[row["state"]]
        images[row["state"]] = (number - row["images"], size - row["bytes"])
    held, _ = images.pop("HELD", (0, 0))
    unsettled, _ = images.get("UNSETTLED", (0, 0))
    uploading, _ = images.get("UPLOADING", (0, 0))
    row = connection.execute(_SUMMARY).fetchone()
    next_try = connection.execute(_NEXT_TRY, {"now": text_of(now)}).fetchone()
    resting = connection.execute(_RESTING, {"now": text_of(now)}).fetchone()
    unplaced = connection.execute(
        "SELECT count(*) AS pictures, min(written_at) AS since FROM held_picture"
    ).fetchone()
    return OutboxSummary(
        waiting_images=sum(number for number, _ in images.values()),
        waiting_bytes=sum(size for _, size in images.values()),
        held=row["held"] + held,
        resting_visits=resting["visits"],
        uploading=uploading,
        unsettled=unsettled,
        unplaced=unplaced["pictures"],
        unplaced_since=moment_or_none(unplaced["since"]),
        late=read_late(connection, now, unsent_after_s),
        last_sent_at=moment_or_none(row["last_sent_at"]),
        next_try_at=moment_or_none(next_try["next_try_at"]),
    )


def read_deliveries(connection: Connection, limit: int, offset: int) -> tuple[VisitDelivery, ...]:
    """Give visits with batches and registrations, newest first, with one statement per table."""
    visits = [visit_of(r) for r in connection.execute(_DELIVERED_VISITS, (limit, offset))]
    batches: dict[str, list[Batch]] = {visit.id: [] for visit in visits}
    for batch in batches_of_visits(connection, batches):
        batches[batch.visit_id].append(batch)
    subjects = json.dumps([visit.subject_id for visit in visits])
    codes = _codes(connection, subjects)
    registrations = _registrations(connection, subjects)
    computed = _computed(connection, batches)
    rechecks = read_rechecks(connection, batches)
    erasing = _erasing(connection)
    studies = {row["id"]: row for row in connection.execute("SELECT * FROM study")}
    asked_first = _asked_first(connection)
    started = begun(connection, [batch.id for some in batches.values() for batch in some])
    return tuple(
        VisitDelivery(
            visit,
            codes.get(visit.subject_id or "", ""),
            tuple(_waits_for_asking(b) if b.id in asked_first else b for b in batches[visit.id]),
            tuple(registrations.get(visit.subject_id or "", ())),
            computed & {batch.id for batch in batches[visit.id]},
            started & {batch.id for batch in batches[visit.id]},
            {b.id: rechecks[b.id] for b in batches[visit.id] if b.id in rechecks},
            tenant_of(studies[visit.study_id]),
            studies[visit.study_id]["name"],
            erasing,
        )
        for visit in visits
    )


def _asked_first(connection: Connection) -> frozenset[str]:
    """Give the batches that a rebuild found and of which the platform is still to be asked."""
    return frozenset(row["batch_id"] for row in connection.execute(_ASKED_FIRST))


def _waits_for_asking(batch: Batch) -> Batch:
    """Say so also after what it waited for was forgotten, as by *Try now*."""
    if batch.waiting.trouble is not None:
        return batch
    why = RebuiltError()
    trouble = Trouble(why.kind, why.blame, why.title, why.message)
    return replace(batch, waiting=replace(batch.waiting, trouble=trouble))


def _erasing(connection: Connection) -> dict[OriginalId, datetime]:
    """Give what is erased and has not left the disk, since when; by an index of nothing else."""
    rows = connection.execute("SELECT original_id, written_at FROM erasure WHERE done_at IS NULL")
    return {OriginalId(row["original_id"]): moment(row["written_at"]) for row in rows}


def _computed(connection: Connection, visit_ids: Iterable[str]) -> frozenset[BatchId]:
    rows = connection.execute(
        "SELECT id FROM batch WHERE completeness = 'complete'"
        " AND visit_id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(visit_ids)),),
    )
    return frozenset(BatchId(row["id"]) for row in rows)


def _codes(connection: Connection, subjects: str) -> dict[str, str]:
    rows = connection.execute(
        "SELECT subject_id, code FROM subject_code"
        " WHERE is_current = 1 AND subject_id IN (SELECT value FROM json_each(?))",
        (subjects,),
    )
    return {row["subject_id"]: row["code"] for row in rows}


def _registrations(connection: Connection, subjects: str) -> dict[str, list[Registration]]:
    found: dict[str, list[Registration]] = {}
    for row in connection.execute(
        "SELECT * FROM registration WHERE subject_id IN (SELECT value FROM json_each(?))"
        " ORDER BY rowid",
        (subjects,),
    ):
        found.setdefault(row["subject_id"], []).append(registration_of(row))
    return found


def read_transitions(connection: Connection, entity_id: str) -> tuple[Transition, ...]:
    """Give the moves of one thing, oldest first."""
    rows = connection.execute(
        "SELECT * FROM transition WHERE entity_id = ? ORDER BY rowid", (entity_id,)
    )
    return tuple(_transition(row) for row in rows)


def _transition(row: Row) -> Transition:
    return Transition(
        entity=row["entity"],
        entity_id=row["entity_id"],
        event=row["event"],
        old=row["old"],
        new=row["new"],
        at=moment(row["written_at"]),
        attempt=row["attempt"],
        error_kind=row["error_kind"] or "",
        reason=row["reason"],
    )
