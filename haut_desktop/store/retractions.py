"""Batches that a person takes back: asked for, begun as soon as no step is under way, ended.

The act is written down first. From then on the record refuses to begin anything of the batch; a
step that is under way comes to its own end, and the move that ends it begins the retraction within
the same transaction. So a crash at any moment leaves either the one or the other.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from haut_desktop.domain.audit import BY_ITSELF, Act
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.delivery import BatchEvent, BatchState, HeldBackError
from haut_desktop.domain.errors import RetractionRefusedError
from haut_desktop.domain.ids import BatchId, DatasetId, ImageId, OperatorId
from haut_desktop.domain.imaging import Batch
from haut_desktop.domain.retraction import (
    MAY_BE_THERE,
    Computed,
    Remnant,
    Retraction,
    left_in_words,
)
from haut_desktop.domain.tenant import Tenant
from haut_desktop.store.database import Database
from haut_desktop.store.driver import Connection
from haut_desktop.store.former import may_be_there
from haut_desktop.store.imaging_rows import insert_retraction, read_batches, remnants_text
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.moves import move
from haut_desktop.store.rows import BATCH_OF_TENANT, one, tenant_values, text_of

_DUE: Final = f"""
SELECT * FROM batch INDEXED BY batch_retracting
WHERE state = 'RETRACTING' AND coalesce(retry_at, '') <= :now
    AND NOT EXISTS (SELECT 1 FROM rebuilt_batch WHERE rebuilt_batch.batch_id = batch.id)
    AND NOT (error_blame IS 'account'
        AND dataset_id IN (SELECT value FROM json_each(:unreadable)))
    AND {BATCH_OF_TENANT}
ORDER BY rowid
LIMIT :limit
"""  # noqa: S608 - a clause of ours

_HAS_LEFT: Final = """
SELECT batch.platform_id IS NOT NULL OR batch.abandoned > 0
    OR EXISTS (SELECT 1 FROM rebuilt_batch WHERE batch_id = batch.id)
    AS has_left
FROM batch WHERE batch.id = ?
"""

# A start whose answer was lost leaves no id, and a batch without bytes on the platform, perhaps.
_BEGUN: Final = """
SELECT entity_id FROM transition
WHERE entity_id IN (SELECT value FROM json_each(?)) AND event IN ('initiate', 'turn-away')
GROUP BY entity_id
HAVING sum(event = 'initiate') > sum(event = 'turn-away')
"""

_READY: Final = frozenset({BatchState.OPEN, BatchState.SUBMITTED, BatchState.HELD})


class RetractionStore:
    """Keeps what is taken back on its way to its end."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def ask(self, batch_id: BatchId, act: Act) -> Batch:
        """Take a batch back, with the act's reason; asking once more changes nothing.

        What never left the station is RETRACTED at once; what may have been sent before the record
        was lost is told as a doubt. Raises RetractionRefusedError for a batch
        of which this station sent nothing, and StoreError for an unknown one.
        """

        def work(connection: Connection) -> Batch:
            ask_for(Ledger(connection, self._clock), batch_id, act)
            return _batch(connection, batch_id)

        return await self._database.write(work)

    async def due(
        self,
        now: datetime,
        limit: int,
        tenant: Tenant | None = None,
        *,
        unreadable: Iterable[DatasetId] = (),
    ) -> tuple[Batch, ...]:
        """Give the batches whose retraction can be carried on, oldest first; of one tenant.

        Of the ``unreadable`` datasets none that was told so itself, and has that as its reason.
        """
        values = {"now": text_of(now), "limit": limit} | tenant_values(tenant)
        values["unreadable"] = json.dumps(list(unreadable))

        def work(connection: Connection) -> tuple[Batch, ...]:
            return read_batches(connection, connection.execute(_DUE, values).fetchall())

        return await self._database.read(work)

    async def end(self, batch_id: BatchId, left: Iterable[Remnant]) -> Batch:
        """End a retraction, with what the platform keeps of the batch.

        A doubt whether more is there is added by itself.
        """
        left = tuple(left)

        def work(connection: Connection) -> Batch:
            _end(Ledger(connection, self._clock), batch_id, left)
            return _batch(connection, batch_id)

        return await self._database.write(work)

    async def computed(self, batch_id: BatchId) -> Computed:
        """Say by the record's moves whether the platform's present batch is computed."""
        return await self._database.read(lambda c: computed_by_moves(c, batch_id))

    async def abandoned(self, batch_id: BatchId) -> tuple[str, ...]:
        """Give the platform's ids of the batches that were begun for this one and left behind."""
        statement = (
            "SELECT platform_id FROM abandoned_batch"
            " WHERE batch_id = ? AND platform_id IS NOT NULL ORDER BY rowid"
        )

        def work(connection: Connection) -> tuple[str, ...]:
            rows = connection.execute(statement, (batch_id,))
            return tuple(row["platform_id"] for row in rows)

        return await self._database.read(work)


def ask_for(ledger: Ledger, batch_id: BatchId, act: Act) -> None:
    """Take a batch back within the caller's transaction, as ``RetractionStore.ask`` does."""
    connection = ledger.connection
    batch = _batch(connection, batch_id)
    if batch.retraction is not None or batch.state is BatchState.RETRACTED:
        return
    if not batch.images:
        raise RetractionRefusedError
    retraction = Retraction(act.reason, ledger.at, operator_id=act.operator_id)
    insert_retraction(ledger, batch_id, retraction)
    ledger.audit(act, "batch.retraction-asked", "batch", batch_id, old=batch.state)
    begin_if_asked(ledger, batch_id)
    if not _has_left(connection, batch_id):
        _end(ledger, batch_id, ())


def begin_if_asked(ledger: Ledger, batch_id: BatchId) -> None:
    """Begin a retraction that was asked for, once no step of the batch is under way."""
    row = ledger.connection.execute(
        "SELECT retraction.operator_id, retraction.reason, batch.state, batch.held_from"
        " FROM retraction JOIN batch ON batch.id = retraction.batch_id"
        " WHERE batch_id = ? AND ended_at IS NULL",
        (batch_id,),
    ).fetchone()
    if row is None or row["state"] not in _READY or row["held_from"] == BatchState.RETRACTING:
        return
    operator_id = OperatorId(row["operator_id"]) if row["operator_id"] else None
    act = Act(operator_id, row["reason"])
    move(ledger, BatchState, batch_id, BatchEvent.RETRACT, act=act)


def begun(connection: Connection, batch_ids: Iterable[BatchId]) -> frozenset[BatchId]:
    """Give those of the batches that may have been begun on the platform, ids or no ids."""
    rows = connection.execute(_BEGUN, (json.dumps(list(batch_ids)),))
    return frozenset(BatchId(row["entity_id"]) for row in rows)


def check_may_go(connection: Connection, image_id: ImageId) -> None:
    """Refuse to begin with a picture whose batch is held or taken back; raises HeldBackError."""
    row = connection.execute(
        "SELECT 1 FROM image JOIN batch ON batch.id = image.batch_id"
        " LEFT JOIN retraction ON retraction.batch_id = batch.id"
        " WHERE image.id = ? AND (batch.state = 'HELD' OR retraction.batch_id IS NOT NULL)",
        (image_id,),
    ).fetchone()
    if row is not None:
        raise HeldBackError(f"the batch of image {image_id} is held or taken back")


def computed_by_moves(connection: Connection, batch_id: BatchId) -> Computed:
    """Say by the record's moves whether the platform's present batch is computed.

    Where a rebuild lost them, only that the batch came out of it as SUBMITTED says something.
    """
    statement = "SELECT moves_lost, state FROM batch WHERE id = ?"
    row = one(connection.execute(statement, (batch_id,)).fetchone(), "batch")
    statement = "SELECT event, old FROM transition WHERE entity_id = ? ORDER BY rowid"
    moves = connection.execute(statement, (batch_id,)).fetchall()
    at_first = Computed.NO
    if row["moves_lost"]:
        state = moves[0]["old"] if moves else row["state"]
        at_first = Computed.YES if state == BatchState.SUBMITTED else Computed.UNKNOWN
    return _computed(at_first, [made["event"] for made in moves])


def _end(ledger: Ledger, batch_id: BatchId, left: tuple[Remnant, ...]) -> None:
    if may_be_there(ledger.connection, batch_id):
        # under ids that this batch does not know, so that asking for its own ones finds nothing
        left = (*left, MAY_BE_THERE)
    move(ledger, BatchState, batch_id, BatchEvent.RETRACTED)
    ledger.connection.execute(
        "UPDATE retraction SET ended_at = ?, remnants = ? WHERE batch_id = ?",
        (text_of(ledger.at), remnants_text(left), batch_id),
    )
    ledger.audit(BY_ITSELF, "batch.retracted", "batch", batch_id, new=left_in_words(left))


def _computed(at_first: Computed, events: list[str]) -> Computed:
    """Follow the moves: only a request that was certainly turned away leaves it uncomputed."""
    computed, before = at_first, ""
    for event in events:
        if event == BatchEvent.SUBMIT:
            computed = Computed.UNKNOWN
        elif event == BatchEvent.SUBMITTED:
            computed = Computed.YES
        elif event == BatchEvent.RELEASE and before == BatchEvent.SUBMIT:
            computed = Computed.NO
        before = event
    return computed


def _has_left(connection: Connection, batch_id: BatchId) -> bool:
    """Whether anything of the batch may be known to the platform."""
    row = one(connection.execute(_HAS_LEFT, (batch_id,)).fetchone(), "batch")
    return bool(row["has_left"]) or bool(begun(connection, [batch_id]))


def _batch(connection: Connection, batch_id: BatchId) -> Batch:
    row = connection.execute("SELECT * FROM batch WHERE id = ?", (batch_id,)).fetchone()
    return read_batches(connection, [one(row, "batch")])[0]
