"""Reads everything around a picture, for the note that lies beside it in the vault."""

from datetime import datetime
from typing import Final

from haut_desktop.domain.ids import OperatorId
from haut_desktop.domain.imaging import Batch, Rendition, Slot
from haut_desktop.domain.study import Operator
from haut_desktop.domain.visits import Visit
from haut_desktop.store.driver import Connection
from haut_desktop.store.former import read_former, read_former_subject
from haut_desktop.store.imaging_rows import batches_of_visits
from haut_desktop.store.picture_record import (
    PictureRecord,
    StationFrame,
    VisitFrame,
    without_addresses,
)
from haut_desktop.store.picture_rows import original_of, read_verdicts, rendition_of, take_of
from haut_desktop.store.rows import one
from haut_desktop.store.studies import operator_of, read_station, read_study, site_of
from haut_desktop.store.subjects import read_subject
from haut_desktop.store.visit_rows import slot_of

_TAKES: Final = """
SELECT take.*, original.id AS original_id FROM take
JOIN slot ON slot.id = take.slot_id
JOIN original ON original.take_id = take.id
WHERE slot.visit_id = ? AND original.erased_at IS NULL
ORDER BY take.rowid
"""


def read_station_frame(connection: Connection) -> StationFrame:
    """Read where this is; raises StoreError before the station is set up."""
    site = site_of(connection.execute("SELECT * FROM site LIMIT 1").fetchone())
    return StationFrame(one(site, "site"), one(read_station(connection), "station"))


def read_frame(connection: Connection, visit: Visit, operator_id: OperatorId | None) -> VisitFrame:
    """Read everything around a visit's pictures."""
    here = read_station_frame(connection)
    return VisitFrame(
        site=here.site,
        station=here.station,
        study=read_study(connection, visit.study_id),
        subject=read_subject(connection, visit.subject_id) if visit.subject_id else None,
        visit=visit,
        operator=_operator(connection, operator_id),
        slots=_slots(connection, visit),
    )


def read_records(connection: Connection, visit: Visit, at: datetime) -> tuple[PictureRecord, ...]:
    """Read all that is known of a visit's pictures; the operator is in the note already."""
    frame = read_frame(connection, visit, None)
    slots = {slot.id: slot for slot in frame.slots}
    batches = batches_of_visits(connection, [visit.id])
    records = []
    for row in connection.execute(_TAKES, (visit.id,)).fetchall():
        rendition, batch = _going(connection, row["original_id"], batches)
        original = connection.execute(
            "SELECT * FROM original WHERE id = ?", (row["original_id"],)
        ).fetchone()
        records.append(
            PictureRecord(
                written_at=at,
                frame=frame,
                slot=slots[row["slot_id"]],
                take=take_of(row),
                original=original_of(original),
                rendition=rendition,
                is_removed=row["removed_at"] is not None,
                batch=without_addresses(batch) if batch else None,
                former=read_former(connection, rendition.id),
                former_subject=read_former_subject(connection, rendition.id),
                verdicts=read_verdicts(connection, rendition.id),
            )
        )
    return tuple(records)


def _slots(connection: Connection, visit: Visit) -> tuple[Slot, ...]:
    rows = connection.execute(
        "SELECT * FROM slot WHERE visit_id = ? ORDER BY position, rowid", (visit.id,)
    )
    return tuple(slot_of(row) for row in rows)


def _going(
    connection: Connection, original_id: str, batches: tuple[Batch, ...]
) -> tuple[Rendition, Batch | None]:
    """The rendition that goes, with the latest batch that carries it; else the newest one."""
    renditions = [
        rendition_of(row)
        for row in connection.execute(
            "SELECT * FROM rendition WHERE original_id = ? ORDER BY rowid", (original_id,)
        )
    ]
    for batch in reversed(batches):
        for image in batch.images:
            if image.rendition.original_id == original_id:
                return image.rendition, batch
    return renditions[-1], None


def _operator(connection: Connection, operator_id: OperatorId | None) -> Operator | None:
    if operator_id is None:
        return None
    row = connection.execute("SELECT * FROM operator WHERE id = ?", (operator_id,)).fetchone()
    return None if row is None else operator_of(row)
