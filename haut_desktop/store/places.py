"""Where the same bytes lie: found by their hash, and written down when they change the subject."""

from collections.abc import Iterable
from typing import Final

from haut_desktop.domain.audit import Act
from haut_desktop.domain.computed_before import hashes_of
from haut_desktop.domain.ids import OriginalId, SlotId, SubjectId, VisitId
from haut_desktop.domain.imaging import Batch, Original, Rendition
from haut_desktop.domain.overviews import PicturePlace
from haut_desktop.domain.reassigning import (
    AnotherSubjectsPictureError,
    standing_elsewhere,
    warning_of,
)
from haut_desktop.domain.visits import Visit
from haut_desktop.store.driver import Connection, Row
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.picture_rows import insert_verdict

_PLACES: Final = """
SELECT original.id AS original_id, visit.subject_id, code.code AS subject_code,
    visit.id AS visit_id, visit.name AS visit_name, slot.id AS slot_id,
    EXISTS (SELECT 1 FROM rendition JOIN image ON image.rendition_id = rendition.id
        JOIN batch ON batch.id = image.batch_id
        WHERE rendition.original_id = original.id AND batch.state <> 'RETRACTED') AS stands,
    EXISTS (SELECT 1 FROM rendition JOIN image ON image.rendition_id = rendition.id
        WHERE rendition.original_id = original.id) AS was_sent
FROM original
LEFT JOIN take ON take.id = original.take_id
LEFT JOIN slot ON slot.id = take.slot_id
LEFT JOIN visit ON visit.id = slot.visit_id
LEFT JOIN subject_code AS code ON code.subject_id = visit.subject_id AND code.is_current = 1
WHERE original.sha256 = ? AND original.erased_at IS NULL AND take.removed_at IS NULL
ORDER BY original.rowid
"""


def places_of(connection: Connection, sha256: str) -> tuple[PicturePlace, ...]:
    """Say where the same bytes were taken in before, and what became of them there."""
    return tuple(_place(row) for row in connection.execute(_PLACES, (sha256,)))


def note_reassigned(
    ledger: Ledger, original: Original, rendition: Rendition, visit: Visit, act: Act
) -> None:
    """Say beside a new picture, and of both in the trail, from whom the same one was taken back.

    Within the transaction that adds it. The former take, its batch and its sealed file stay.
    """
    for former in places_of(ledger.connection, original.digest.sha256):
        if former.original_id == original.id or not former.gives_way_to(visit.subject_id):
            continue
        insert_verdict(ledger, warning_of(rendition.id, former), None)
        words = "picture.re-assigned"
        ledger.audit(act, words, "original", original.id, old=former.original_id)
        ledger.audit(act, words, "original", former.original_id, new=original.id)


def check_whose(connection: Connection, visit: Visit, batches: Iterable[Batch]) -> None:
    """Refuse, before they are added, batches with a picture that is another subject's by now.

    Raises AnotherSubjectsPictureError.
    """
    for sha256 in sorted(hashes_of(batches)):
        place = standing_elsewhere(places_of(connection, sha256), visit.subject_id)
        if place is not None:
            raise AnotherSubjectsPictureError(place)


def _place(row: Row) -> PicturePlace:
    return PicturePlace(
        OriginalId(row["original_id"]),
        SubjectId(row["subject_id"]) if row["subject_id"] else None,
        row["subject_code"] or "",
        VisitId(row["visit_id"]) if row["visit_id"] else None,
        row["visit_name"] or "",
        SlotId(row["slot_id"]) if row["slot_id"] else None,
        is_sent=bool(row["stands"]),
        is_taken_back=bool(row["was_sent"]) and not row["stands"],
    )
