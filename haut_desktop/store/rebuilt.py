"""What a rebuild left open: batches to ask the platform for, pictures for a person to place."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from haut_desktop.domain.audit import Act
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.ids import BatchId, OriginalId
from haut_desktop.domain.imaging import Original, Rendition
from haut_desktop.domain.tenant import Tenant
from haut_desktop.store.database import Database
from haut_desktop.store.driver import Connection, Row
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.picture_rows import insert_picture, original_of, rendition_of
from haut_desktop.store.rows import OF_TENANT, moment, tenant_values, text_of

# Left to itself the planner would go through all batches there ever were; mostly none is rebuilt.
_PENDING = f"""
SELECT rebuilt_batch.batch_id FROM rebuilt_batch
CROSS JOIN batch ON batch.id = rebuilt_batch.batch_id
JOIN visit ON visit.id = batch.visit_id
JOIN registration ON registration.subject_id = visit.subject_id
    AND registration.dataset_id = batch.dataset_id AND registration.state = 'REGISTERED'
JOIN dataset ON dataset.id = batch.dataset_id
JOIN study ON study.id = dataset.study_id
WHERE rebuilt_batch.written_at <= :by AND batch.state <> 'HELD'
    AND coalesce(batch.retry_at, '') <= :now
    AND {OF_TENANT}
ORDER BY batch.visit_at, batch.id
"""  # noqa: S608 - a clause of ours
# What was taken back meanwhile was not asked for: that is up to the retraction's end.
_KNOWN_AGAIN = """
UPDATE batch SET moves_lost = 0
WHERE id = ? AND state IN ('OPEN', 'INITIATING', 'SUBMITTING', 'SUBMITTED')
"""

_HELD = """
SELECT original.*, held_picture.reason, held_picture.claim, held_picture.written_at AS since
FROM held_picture JOIN original ON original.id = held_picture.original_id
"""

NOTE_NOT_OURS: Final = (
    "The note beside this picture was not written with this station's keys. Say whose it is."
)
NOTE_UNREADABLE: Final = "The note beside this picture is gone or can't be read. Say whose it is."


@dataclass(frozen=True, slots=True)
class HeldPicture:
    """A sealed picture of which nobody can say yet whose it is."""

    original: Original
    reason: str
    claim: Mapping[str, str]
    """What its note says: a hint for a person, never a fact."""
    since: datetime


class RebuiltStore:
    """Keeps what must be settled before it may be sent."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def is_pending(self) -> bool:
        """Whether any batch still waits for the platform's word."""
        return await self._database.read(
            lambda c: c.execute("SELECT 1 FROM rebuilt_batch LIMIT 1").fetchone() is not None
        )

    async def pending(self, rebuilt_by: datetime, tenant: Tenant) -> tuple[BatchId, ...]:
        """Give batches of registered subjects that were rebuilt by then, oldest visit first.

        Only those of ``tenant``: what another one's platform does not list proves nothing.
        """
        values = tenant_values(tenant) | {"by": text_of(rebuilt_by), "now": text_of(self._clock())}

        def work(connection: Connection) -> tuple[BatchId, ...]:
            rows = connection.execute(_PENDING, values)
            return tuple(BatchId(row["batch_id"]) for row in rows)

        return await self._database.read(work)

    async def settle(self, batch_id: BatchId) -> None:
        """Let a batch go: what the platform has of it is known."""

        def work(connection: Connection) -> None:
            connection.execute("DELETE FROM rebuilt_batch WHERE batch_id = ?", (batch_id,))
            connection.execute(_KNOWN_AGAIN, (batch_id,))

        await self._database.write(work)

    async def held_pictures(self) -> tuple[HeldPicture, ...]:
        """Give the pictures that wait for a person, oldest first."""

        def work(connection: Connection) -> tuple[HeldPicture, ...]:
            rows = connection.execute(f"{_HELD} ORDER BY held_picture.rowid")
            return tuple(_held(row) for row in rows)

        return await self._database.read(work)

    async def count_held(self, original_ids: Collection[OriginalId]) -> int:
        """Count those of these pictures that wait for a person still."""
        statement = (
            "SELECT count(*) AS pictures FROM held_picture"
            " WHERE original_id IN (SELECT value FROM json_each(?))"
        )

        def work(connection: Connection) -> int:
            row = connection.execute(statement, (json.dumps(list(original_ids)),)).fetchone()
            return int(row["pictures"])

        return await self._database.read(work)

    async def held_rendition(self, original_id: OriginalId) -> Rendition | None:
        """Give what would be delivered of a picture that waits; None when it waits no longer."""
        statement = (
            "SELECT rendition.* FROM held_picture"
            " JOIN rendition ON rendition.original_id = held_picture.original_id"
            " WHERE held_picture.original_id = ? ORDER BY rendition.rowid DESC LIMIT 1"
        )

        def work(connection: Connection) -> Rendition | None:
            row = connection.execute(statement, (original_id,)).fetchone()
            return None if row is None else rendition_of(row)

        return await self._database.read(work)

    async def hold(
        self, original: Original, rendition: Rendition, reason: str, claim: Mapping[str, str]
    ) -> bool:
        """Add a picture that belongs to nobody yet; False when the record has it already."""

        def work(connection: Connection) -> bool:
            if _is_known(connection, original.id):
                return False
            insert_held(Ledger(connection, self._clock), original, rendition, reason, claim)
            return True

        return await self._database.write(work)

    async def note_cleared(self, original_id: OriginalId, reason: str) -> None:
        """Write down what is about to be cleared out of the spool, and why."""

        def work(connection: Connection) -> None:
            ledger = Ledger(connection, self._clock)
            ledger.audit(Act(reason=reason), "spool.cleared", "original", original_id)

        await self._database.write(work)


def _held(row: Row) -> HeldPicture:
    claim = json.loads(row["claim"])
    return HeldPicture(original_of(row), row["reason"], claim, moment(row["since"]))


def insert_held(
    ledger: Ledger,
    original: Original,
    rendition: Rendition,
    reason: str,
    claim: Mapping[str, str],
) -> None:
    """Add a picture that waits for a person, within the caller's transaction; the trail says so."""
    insert_picture(ledger, replace(original, take_id=None), rendition)
    ledger.insert(
        "held_picture",
        original_id=original.id,
        reason=reason,
        claim=json.dumps(dict(claim), ensure_ascii=False),
    )
    ledger.audit(Act(reason=reason), "picture.held", "original", original.id)


def _is_known(connection: Connection, original_id: OriginalId) -> bool:
    row = connection.execute("SELECT 1 FROM original WHERE id = ?", (original_id,)).fetchone()
    return row is not None
