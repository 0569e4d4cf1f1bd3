"""Visits that are handed over to delivery in the database: finished, reopened, sent at once."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from haut_desktop.domain.audit import Act
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.delivery import BatchState
from haut_desktop.domain.errors import VisitClosedError
from haut_desktop.domain.ids import VisitId
from haut_desktop.domain.imaging import Batch
from haut_desktop.domain.visits import Visit, VisitSheet, VisitStatus, other_day
from haut_desktop.store.computed_before import check_may_compute
from haut_desktop.store.database import Database
from haut_desktop.store.driver import Connection
from haut_desktop.store.imaging_rows import batches_of_visits, insert_batch
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.places import check_whose
from haut_desktop.store.retractions import begun
from haut_desktop.store.rows import Value, text_of, update
from haut_desktop.store.sheets import read_sheet
from haut_desktop.store.visit_rows import get_visit, open_visit

_TAKE_BACK_FIRST: Final = (
    "Part of this visit was sent already, or may have been. Nothing was changed. "
    "Take it back in the outbox first (“Take back…”), then reopen the visit."
)


class HandOverStore:
    """Moves a visit between open and finished; its batches come and go with it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def finish(
        self,
        visit_id: VisitId,
        batches: Iterable[Batch],
        not_before: datetime,
        act: Act,
        *,
        is_day_checked: bool = False,
    ) -> Visit:
        """Finish an open visit: from ``not_before`` on its batches may go.

        The trail keeps a person's word that what was taken on another day belongs to the visit.
        Raises VisitClosedError when the batches are not exactly the pictures that count,
        AnotherSubjectsPictureError for what was taken in for another subject since, and
        ComputedAlreadyError for what was computed before and whose batch does not say why again.
        """
        batches = tuple(batches)

        def work(connection: Connection) -> Visit:
            ledger = Ledger(connection, self._clock)
            visit = open_visit(connection, visit_id)
            sheet = read_sheet(connection, visit)
            _check_planned(sheet, batches)
            check_whose(connection, visit, batches)
            check_may_compute(ledger, batches, act)
            columns: dict[str, Value] = {
                "status": VisitStatus.FINISHED.value,
                "finished_at": text_of(ledger.at),
                "not_before": text_of(not_before),
            }
            update(connection, "visit", visit_id, columns)
            for batch in batches:
                rested = replace(batch, not_before=not_before)
                insert_batch(ledger, rested, visit_at=text_of(visit.created_at))
            if is_day_checked:
                _confirm_days(ledger, sheet, act)
            ledger.audit(act, "visit.finished", "visit", visit_id)
            return get_visit(connection, visit_id)

        return await self._database.write(work)

    async def reopen(self, visit_id: VisitId, act: Act) -> Visit:
        """Open a finished visit again while nothing of it has left that was not taken back.

        What may have been begun on the platform has left, too: with its row the record of it would
        go. One that is open stays as it is. Raises VisitClosedError.
        """

        def work(connection: Connection) -> Visit:
            ledger = Ledger(connection, self._clock)
            visit = get_visit(connection, visit_id)
            if visit.status is VisitStatus.OPEN:  # asked for twice, as by a double click
                return visit
            batches = batches_of_visits(connection, [visit_id])
            # what was taken back keeps its row: it is the record of what the platform may have
            living = [batch for batch in batches if batch.state is not BatchState.RETRACTED]
            may_be_there = begun(connection, [batch.id for batch in living])
            if may_be_there or any(b.has_left or _is_rebuilt(connection, b) for b in living):
                raise VisitClosedError(_TAKE_BACK_FIRST)
            for batch in living:
                connection.execute("DELETE FROM image WHERE batch_id = ?", (batch.id,))
                connection.execute("DELETE FROM batch WHERE id = ?", (batch.id,))
            columns: dict[str, Value] = {
                "status": VisitStatus.OPEN.value,
                "finished_at": None,
                "not_before": None,
            }
            update(connection, "visit", visit_id, columns)
            ledger.audit(act, "visit.reopened", "visit", visit_id)
            return get_visit(connection, visit_id)

        return await self._database.write(work)

    async def end_rest(self, visit_id: VisitId, act: Act) -> Visit:
        """Let a finished visit go now instead of when its rest is over; the trail says so once."""

        def work(connection: Connection) -> Visit:
            ledger = Ledger(connection, self._clock)
            now, rested = text_of(ledger.at), 0
            for table, key in (("visit", "id"), ("batch", "visit_id")):
                rested += connection.execute(
                    f"UPDATE {table} SET not_before = :now"  # noqa: S608 - names are ours
                    f" WHERE {key} = :id AND not_before > :now",
                    {"now": now, "id": visit_id},
                ).rowcount
            if rested:
                ledger.audit(act, "visit.sent-now", "visit", visit_id)
            return get_visit(connection, visit_id)

        return await self._database.write(work)


def _confirm_days(ledger: Ledger, sheet: VisitSheet, act: Act) -> None:
    """Write down the yes to each picture that the camera's clock puts on another day."""
    yes, day = replace(act, reason=""), sheet.visit.local_date.isoformat()
    for going in (shelf.to_go for shelf in sheet.shelves):
        taken = other_day(going.original.captured, sheet.visit, ledger.zone) if going else None
        if going is not None and taken is not None:
            old, original_id = taken.isoformat(), going.original.id
            ledger.audit(yes, "picture.day-confirmed", "original", original_id, old=old, new=day)


def _check_planned(sheet: VisitSheet, batches: Iterable[Batch]) -> None:
    """Nothing that counts may be left behind, and nothing else may go."""
    counting = {
        (taken.rendition.id, shelf.slot.side, shelf.slot.light)
        for shelf in sheet.shelves
        if (taken := shelf.counting) is not None
    }
    planned = {(i.rendition.id, i.side, i.light) for batch in batches for i in batch.images}
    if counting != planned:
        raise VisitClosedError(
            "The visit's pictures have changed meanwhile. Look at them and finish it again.",
            title="The visit has changed",
        )


def _is_rebuilt(connection: Connection, batch: Batch) -> bool:
    """Whether nobody knows yet what the platform has of it."""
    row = connection.execute(
        "SELECT 1 FROM rebuilt_batch WHERE batch_id = ?", (batch.id,)
    ).fetchone()
    return row is not None
