"""Visits and slots between rows and the domain, and whether they may still be changed."""

import json
from datetime import date

from haut_desktop.domain.audit import Act
from haut_desktop.domain.errors import VisitClosedError
from haut_desktop.domain.ids import SlotId, StudyId, SubjectId, VisitId, new_id
from haut_desktop.domain.imaging import ImageType, Side, Slot
from haut_desktop.domain.visits import Visit, VisitKind, VisitStatus
from haut_desktop.store.driver import Connection, Row
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.rows import moment, moment_or_none, one, text_of, text_or_none


def insert_visit(ledger: Ledger, visit: Visit) -> None:
    """Add a visit with its observations."""
    ledger.insert(
        "visit",
        id=visit.id,
        study_id=visit.study_id,
        subject_id=visit.subject_id,
        name=visit.name,
        occurrence=visit.occurrence,
        kind=visit.kind.value,
        status=visit.status.value,
        local_date=visit.local_date.isoformat(),
        zone=ledger.zone,
        missed_reason=visit.missed_reason,
        created_at=text_of(visit.created_at),
        finished_at=text_or_none(visit.finished_at),
        not_before=text_or_none(visit.not_before),
    )
    for position, (name, value) in enumerate(visit.observations):
        insert_observation(ledger, visit.id, position, name, value)


def insert_observation(
    ledger: Ledger, visit_id: VisitId, position: int, name: str, value: str
) -> None:
    """Add what was observed at a visit, in its order."""
    ledger.insert(
        "observation", id=new_id(), visit_id=visit_id, position=position, name=name, value=value
    )


def insert_slot(ledger: Ledger, slot: Slot) -> None:
    """Add a slot."""
    ledger.insert(
        "slot",
        id=slot.id,
        visit_id=slot.visit_id,
        image_type=slot.image_type.value,
        side=slot.side.value,
        light=slot.light,
        step=slot.step,
        replicate=slot.replicate,
        position=slot.position,
        is_required=int(slot.is_required),
    )


def insert_new_slot(ledger: Ledger, slot: Slot, act: Act) -> None:
    """Add a slot that the plan did not expect; raises VisitClosedError once the visit is closed."""
    open_visit(ledger.connection, slot.visit_id)
    insert_slot(ledger, slot)
    ledger.audit(act, "slot.added", "visit", slot.visit_id, new=slot.side.value)


def get_visit(connection: Connection, visit_id: VisitId) -> Visit:
    """Give one visit; raises StoreError for an unknown one."""
    row = connection.execute(
        "SELECT * FROM visit_with_observations WHERE id = ?", (visit_id,)
    ).fetchone()
    return visit_of(one(row, "visit"))


def visits_of_subject(connection: Connection, subject_id: SubjectId) -> tuple[Visit, ...]:
    """Give a subject's visits, oldest first."""
    rows = connection.execute(
        "SELECT * FROM visit_with_observations WHERE subject_id = ? ORDER BY created_at, number",
        (subject_id,),
    ).fetchall()
    return tuple(visit_of(row) for row in rows)


def open_visit(connection: Connection, visit_id: VisitId) -> Visit:
    """Give a visit that is open; raises VisitClosedError for any other."""
    visit = get_visit(connection, visit_id)
    check_status(visit, VisitStatus.OPEN)
    return visit


def check_status(visit: Visit, status: VisitStatus) -> None:
    """Raise VisitClosedError for a visit that is not in this status."""
    if visit.status is not status:
        raise VisitClosedError(f"The visit is no longer {status.value}. Nothing was changed.")


def visit_of_slot(connection: Connection, slot_id: SlotId) -> VisitId:
    """Say to which visit a slot belongs; raises StoreError for an unknown one."""
    row = connection.execute("SELECT visit_id FROM slot WHERE id = ?", (slot_id,)).fetchone()
    return VisitId(one(row, "slot")["visit_id"])


def visit_of(row: Row) -> Visit:
    """Read one visit of the view ``visit_with_observations``."""
    return Visit(
        id=VisitId(row["id"]),
        study_id=StudyId(row["study_id"]),
        subject_id=SubjectId(row["subject_id"]) if row["subject_id"] else None,
        name=row["name"],
        occurrence=row["occurrence"],
        kind=VisitKind(row["kind"]),
        status=VisitStatus(row["status"]),
        local_date=date.fromisoformat(row["local_date"]),
        created_at=moment(row["created_at"]),
        missed_reason=row["missed_reason"],
        observations=tuple((name, value) for name, value in json.loads(row["observations"])),
        finished_at=moment_or_none(row["finished_at"]),
        not_before=moment_or_none(row["not_before"]),
    )


def slot_of(row: Row) -> Slot:
    """Read a slot."""
    return Slot(
        id=SlotId(row["id"]),
        visit_id=VisitId(row["visit_id"]),
        image_type=ImageType(row["image_type"]),
        side=Side(row["side"]),
        light=row["light"],
        step=row["step"],
        replicate=row["replicate"],
        position=row["position"],
        is_required=bool(row["is_required"]),
    )
