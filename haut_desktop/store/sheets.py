"""Reads a visit as the capture page shows it: slots, takes, pictures, verdicts, deliveries."""

from haut_desktop.domain.delivery import BatchState
from haut_desktop.domain.imaging import Image, Rendition, Slot, Verdict
from haut_desktop.domain.visits import Shelf, TakenPicture, Visit, VisitSheet
from haut_desktop.store.driver import Connection, Row
from haut_desktop.store.imaging_rows import batches_of_visits
from haut_desktop.store.picture_rows import original_of, rendition_of, take_of, verdict_of
from haut_desktop.store.rows import moment_or_none
from haut_desktop.store.visit_rows import slot_of

_TAKES = """
SELECT take.* FROM take
JOIN slot ON slot.id = take.slot_id
WHERE slot.visit_id = ? AND take.removed_at IS NULL
ORDER BY take.number, take.rowid
"""
_ORIGINALS = """
SELECT original.* FROM original
JOIN take ON take.id = original.take_id
JOIN slot ON slot.id = take.slot_id
WHERE slot.visit_id = ? AND take.removed_at IS NULL
"""
_RENDITIONS = """
SELECT rendition.* FROM rendition
JOIN original ON original.id = rendition.original_id
JOIN take ON take.id = original.take_id
JOIN slot ON slot.id = take.slot_id
WHERE slot.visit_id = ? AND take.removed_at IS NULL
ORDER BY rendition.rowid
"""
_VERDICTS = """
SELECT verdict.* FROM verdict
JOIN rendition ON rendition.id = verdict.rendition_id
JOIN original ON original.id = rendition.original_id
JOIN take ON take.id = original.take_id
JOIN slot ON slot.id = take.slot_id
WHERE slot.visit_id = ? AND take.removed_at IS NULL
ORDER BY verdict.rowid
"""


def read_sheet(connection: Connection, visit: Visit) -> VisitSheet:
    """Gather everything of one visit with one statement per table."""
    reading = _Reading(connection, visit)
    slots = connection.execute(
        "SELECT * FROM slot WHERE visit_id = ? ORDER BY position, rowid", (visit.id,)
    )
    return VisitSheet(visit, tuple(reading.shelf(slot_of(row)) for row in slots.fetchall()))


class _Reading:
    """The visit's rows by what they belong to."""

    def __init__(self, connection: Connection, visit: Visit) -> None:
        def rows(statement: str) -> list[Row]:
            return connection.execute(statement, (visit.id,)).fetchall()

        self._takes = [take_of(row) for row in rows(_TAKES)]
        originals = rows(_ORIGINALS)
        self._originals = {row["take_id"]: original_of(row) for row in originals}
        self._erased = {row["take_id"]: moment_or_none(row["erased_at"]) for row in originals}
        self._renditions: dict[str, list[Rendition]] = {}
        for row in rows(_RENDITIONS):
            self._renditions.setdefault(row["original_id"], []).append(rendition_of(row))
        self._verdicts: dict[str, list[Verdict]] = {}
        for row in rows(_VERDICTS):
            self._verdicts.setdefault(row["rendition_id"], []).append(verdict_of(row))
        self._images = _images(connection, visit)

    def shelf(self, slot: Slot) -> Shelf:
        return Shelf(
            slot, tuple(self._picture(take.id) for take in self._takes if take.slot_id == slot.id)
        )

    def _picture(self, take_id: str) -> TakenPicture:
        take = next(take for take in self._takes if take.id == take_id)
        original = self._originals[take_id]
        rendition = self._delivered(self._renditions[original.id])
        image, is_taken_back = self._images.get(rendition.id, (None, False))
        return TakenPicture(
            take,
            original,
            rendition,
            tuple(self._verdicts.get(rendition.id, ())),
            image,
            is_taken_back,
            self._erased[take_id],
        )

    def _delivered(self, renditions: list[Rendition]) -> Rendition:
        """The rendition that is on its way, else the newest."""
        return next((r for r in renditions if r.id in self._images), renditions[-1])


def _images(connection: Connection, visit: Visit) -> dict[str, tuple[Image, bool]]:
    batches = batches_of_visits(connection, [visit.id])
    return {
        image.rendition.id: (image, batch.state is BatchState.RETRACTED)
        # what was retracted comes first, so that what was sent again replaces it
        for batch in sorted(batches, key=lambda b: b.state is not BatchState.RETRACTED)
        for image in batch.images
    }
