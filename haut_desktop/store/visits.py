"""Visits in the database: opened, assigned, observed, missed, and adopted from the platform."""

import json
from collections.abc import Iterable
from typing import Final

from haut_desktop.domain.audit import Act
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.errors import ItemError, VisitClosedError
from haut_desktop.domain.ids import DatasetId, PlatformBatchId, SubjectId, VisitId
from haut_desktop.domain.imaging import Batch, Slot
from haut_desktop.domain.visits import Visit, VisitSheet, VisitStatus
from haut_desktop.store.database import Database
from haut_desktop.store.driver import Connection
from haut_desktop.store.imaging_rows import insert_batch
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.rows import Value, text_of, update
from haut_desktop.store.sheets import read_sheet
from haut_desktop.store.visit_rows import (
    get_visit,
    insert_new_slot,
    insert_observation,
    insert_slot,
    insert_visit,
    open_visit,
    visits_of_subject,
)

# The same id may be another batch's on another server.
_KNOWN_BATCHES: Final = """
SELECT platform_id FROM batch
WHERE dataset_id = :dataset AND platform_id IN (SELECT value FROM json_each(:asked))
UNION SELECT abandoned_batch.platform_id FROM abandoned_batch
JOIN batch ON batch.id = abandoned_batch.batch_id
WHERE batch.dataset_id = :dataset
    AND abandoned_batch.platform_id IN (SELECT value FROM json_each(:asked))
"""


class VisitStore:
    """Keeps visits and their slots; what was taken away leaves its row and its line."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(self, visit: Visit, slots: Iterable[Slot], act: Act) -> None:
        """Add a visit with the slots that its plan expects; raises ItemError if it is there."""

        def work(connection: Connection) -> None:
            ledger = Ledger(connection, self._clock)
            _check_unused(connection, visit, visit.subject_id)
            insert_visit(ledger, visit)
            for slot in slots:
                insert_slot(ledger, slot)
            ledger.audit(act, "visit.opened", "visit", visit.id, new=_label(visit))

        await self._database.write(work)

    async def get(self, visit_id: VisitId) -> Visit:
        """Give one visit; raises StoreError for an unknown one."""
        return await self._database.read(lambda c: get_visit(c, visit_id))

    async def of_subject(self, subject_id: SubjectId) -> tuple[Visit, ...]:
        """Give a subject's visits, oldest first."""
        return await self._database.read(lambda c: visits_of_subject(c, subject_id))

    async def sheet(self, visit_id: VisitId) -> VisitSheet:
        """Give a visit with everything that was taken for it."""
        return await self._database.read(lambda c: read_sheet(c, get_visit(c, visit_id)))

    async def sheets(self, subject_id: SubjectId) -> tuple[VisitSheet, ...]:
        """Give all sheets of a subject, oldest visit first."""
        return await self._database.read(
            lambda c: tuple(read_sheet(c, visit) for visit in visits_of_subject(c, subject_id))
        )

    async def assign(self, visit_id: VisitId, subject_id: SubjectId, act: Act) -> Visit:
        """Say whose visit it is, when it was taken before anybody was registered.

        Raises VisitClosedError for somebody's visit, ItemError if the subject has one of its name.
        """

        def work(connection: Connection) -> Visit:
            ledger = Ledger(connection, self._clock)
            visit = get_visit(connection, visit_id)
            if visit.subject_id is not None:
                raise VisitClosedError("The visit belongs to a subject already.")
            _check_unused(connection, visit, subject_id)
            update(connection, "visit", visit_id, {"subject_id": subject_id})
            ledger.audit(act, "visit.assigned", "visit", visit_id, new=subject_id)
            return get_visit(connection, visit_id)

        return await self._database.write(work)

    async def observe(
        self, visit_id: VisitId, observations: tuple[tuple[str, str], ...], act: Act
    ) -> Visit:
        """Keep observations; one that replaces another leaves it as a correction."""

        def work(connection: Connection) -> Visit:
            ledger = Ledger(connection, self._clock)
            before = dict(get_visit(connection, visit_id).observations)
            for name, value in observations:
                if name not in before:
                    insert_observation(ledger, visit_id, len(before), name, value)
                elif before[name] != value:
                    ledger.correct(act, "visit", visit_id, name, old=before[name], new=value)
                    connection.execute(
                        "UPDATE observation SET value = ? WHERE visit_id = ? AND name = ?",
                        (value, visit_id, name),
                    )
                before[name] = value
            return get_visit(connection, visit_id)

        return await self._database.write(work)

    async def miss(self, visit_id: VisitId, act: Act) -> Visit:
        """Note that the visit was missed, with the act's reason."""

        def work(connection: Connection) -> Visit:
            open_visit(connection, visit_id)
            columns: dict[str, Value] = {
                "status": VisitStatus.MISSED.value,
                "missed_reason": act.reason,
            }
            update(connection, "visit", visit_id, columns)
            Ledger(connection, self._clock).audit(act, "visit.missed", "visit", visit_id)
            return get_visit(connection, visit_id)

        return await self._database.write(work)

    async def add_slot(self, slot: Slot, act: Act) -> None:
        """Add a slot that the plan did not expect, while the visit is open."""

        def work(connection: Connection) -> None:
            insert_new_slot(Ledger(connection, self._clock), slot, act)

        await self._database.write(work)

    async def adopt(self, visit: Visit, batch: Batch, act: Act) -> bool:
        """Add a visit and a batch that only the platform knew; False if the batch is known."""

        def work(connection: Connection) -> bool:
            known = connection.execute(
                "SELECT 1 FROM batch WHERE dataset_id = ? AND platform_id = ?",
                (batch.dataset_id, batch.platform_id),
            ).fetchone()
            if known is not None:
                return False
            ledger = Ledger(connection, self._clock)
            if (
                connection.execute("SELECT 1 FROM visit WHERE id = ?", (visit.id,)).fetchone()
                is None
            ):
                insert_visit(ledger, visit)
            insert_batch(ledger, batch, visit_at=text_of(visit.created_at))
            ledger.audit(act, "batch.adopted", "batch", batch.id, new=batch.platform_id or "")
            return True

        return await self._database.write(work)

    async def known_batches(
        self, dataset_id: DatasetId, platform_ids: Iterable[PlatformBatchId]
    ) -> frozenset[PlatformBatchId]:
        """Say which of the platform's batches in a dataset the record has, abandoned ones too."""
        values = {"dataset": dataset_id, "asked": json.dumps(list(platform_ids))}

        def work(connection: Connection) -> frozenset[PlatformBatchId]:
            rows = connection.execute(_KNOWN_BATCHES, values)
            return frozenset(PlatformBatchId(row["platform_id"]) for row in rows)

        return await self._database.read(work)


def _check_unused(connection: Connection, visit: Visit, subject_id: SubjectId | None) -> None:
    """A subject has one visit of each name and number."""
    row = connection.execute(
        "SELECT 1 FROM visit WHERE subject_id = ? AND name = ? AND occurrence = ?",
        (subject_id, visit.name, visit.occurrence),
    ).fetchone()
    if row is not None:
        raise ItemError(
            f"The subject has a visit “{_label(visit)}” already. Nothing was changed. Open that "
            "visit and add the pictures there.",
            title="The visit is there already",
        )


def _label(visit: Visit) -> str:
    return visit.name if visit.occurrence == 1 else f"{visit.name} ({visit.occurrence})"
