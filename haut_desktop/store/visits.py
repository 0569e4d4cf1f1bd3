"""Visits in the database: slots and takes, the pictures' descriptions, finishing and reopening."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from haut_desktop.domain.audit import Act
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.delivery import BatchState, ImageState
from haut_desktop.domain.errors import ItemError, VisitClosedError
from haut_desktop.domain.ids import (
    OperatorId,
    OriginalId,
    PlatformBatchId,
    SlotId,
    SubjectId,
    TakeId,
    VisitId,
    new_id,
)
from haut_desktop.domain.imaging import Batch, Image, Original, Rendition, Slot, Take, Verdict
from haut_desktop.domain.overviews import PicturePlace, SealedPicture
from haut_desktop.domain.visits import Visit, VisitSheet, VisitStatus
from haut_desktop.store.database import Database
from haut_desktop.store.driver import Connection, Row
from haut_desktop.store.imaging_rows import (
    batches_of_visits,
    insert_batch,
    original_of,
    visit_of,
)
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.picture_record import PictureRecord, Reception, VisitFrame
from haut_desktop.store.record_reading import read_frame, read_records
from haut_desktop.store.retractions import begun
from haut_desktop.store.rows import Value, one, text_of, text_or_none, update
from haut_desktop.store.sheets import read_sheet
from haut_desktop.store.takes import (
    changeable,
    count_newest,
    describe_picture,
    insert_picture,
    insert_take,
    insert_verdict,
    next_number,
    next_numbers,
    set_others_aside,
)

_PLACES = """
SELECT original.id AS original_id, visit.subject_id, code.code AS subject_code,
    visit.id AS visit_id, visit.name AS visit_name, slot.id AS slot_id
FROM original
LEFT JOIN take ON take.id = original.take_id
LEFT JOIN slot ON slot.id = take.slot_id
LEFT JOIN visit ON visit.id = slot.visit_id
LEFT JOIN subject_code AS code ON code.subject_id = visit.subject_id AND code.is_current = 1
WHERE original.sha256 = ? AND original.erased_at IS NULL AND take.removed_at IS NULL
ORDER BY original.rowid
"""

_SEALED = """
SELECT DISTINCT rendition.vault_name, rendition.sha256, original.id AS original_id,
    original.sha256 AS original_sha256, visit.subject_id,
    held_picture.original_id IS NOT NULL AS is_held
FROM original
JOIN rendition ON rendition.original_id = original.id AND rendition.erased_at IS NULL
LEFT JOIN take ON take.id = original.take_id
LEFT JOIN slot ON slot.id = take.slot_id
LEFT JOIN visit ON visit.id = slot.visit_id
LEFT JOIN held_picture ON held_picture.original_id = original.id
WHERE original.erased_at IS NULL
ORDER BY original.rowid
"""


class VisitStore:
    """Keeps visits and their pictures; what was taken away leaves its row and its line."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    # ---- visits --------------------------------------------------------------------------

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
        return await self._database.read(lambda c: _get(c, visit_id))

    async def of_subject(self, subject_id: SubjectId) -> tuple[Visit, ...]:
        """Give a subject's visits, oldest first."""
        return await self._database.read(lambda c: _of_subject(c, subject_id))

    async def sheet(self, visit_id: VisitId) -> VisitSheet:
        """Give a visit with everything that was taken for it."""
        return await self._database.read(lambda c: read_sheet(c, _get(c, visit_id)))

    async def frame(self, visit_id: VisitId, operator_id: OperatorId | None) -> VisitFrame:
        """Give everything around a visit's pictures, for the notes beside them."""
        return await self._database.read(lambda c: read_frame(c, _get(c, visit_id), operator_id))

    async def records(self, visit_id: VisitId) -> tuple[PictureRecord, ...]:
        """Give everything that the record says about a visit's pictures, removed ones too."""
        return await self._database.read(
            lambda c: read_records(c, _get(c, visit_id), self._clock())
        )

    async def visit_of_take(self, take_id: TakeId) -> VisitId:
        """Say to which visit a take belongs; raises StoreError for an unknown one."""

        def work(connection: Connection) -> VisitId:
            row = connection.execute(
                "SELECT slot.visit_id FROM take JOIN slot ON slot.id = take.slot_id"
                " WHERE take.id = ?",
                (take_id,),
            ).fetchone()
            return VisitId(one(row, "take")["visit_id"])

        return await self._database.read(work)

    async def sheets(self, subject_id: SubjectId) -> tuple[VisitSheet, ...]:
        """Give all sheets of a subject, oldest visit first."""
        return await self._database.read(
            lambda c: tuple(read_sheet(c, visit) for visit in _of_subject(c, subject_id))
        )

    async def assign(self, visit_id: VisitId, subject_id: SubjectId, act: Act) -> Visit:
        """Say whose visit it is, when it was taken before anybody was registered.

        Raises VisitClosedError for somebody's visit, ItemError if the subject has one of its name.
        """

        def work(connection: Connection) -> Visit:
            ledger = Ledger(connection, self._clock)
            visit = _get(connection, visit_id)
            if visit.subject_id is not None:
                raise VisitClosedError("The visit belongs to a subject already.")
            _check_unused(connection, visit, subject_id)
            update(connection, "visit", visit_id, {"subject_id": subject_id})
            ledger.audit(act, "visit.assigned", "visit", visit_id, new=subject_id)
            return _get(connection, visit_id)

        return await self._database.write(work)

    async def observe(
        self, visit_id: VisitId, observations: tuple[tuple[str, str], ...], act: Act
    ) -> Visit:
        """Keep observations; one that replaces another leaves it as a correction."""

        def work(connection: Connection) -> Visit:
            ledger = Ledger(connection, self._clock)
            before = dict(_get(connection, visit_id).observations)
            for name, value in observations:
                if name not in before:
                    _insert_observation(ledger, visit_id, len(before), name, value)
                elif before[name] != value:
                    ledger.correct(act, "visit", visit_id, name, old=before[name], new=value)
                    connection.execute(
                        "UPDATE observation SET value = ? WHERE visit_id = ? AND name = ?",
                        (value, visit_id, name),
                    )
                before[name] = value
            return _get(connection, visit_id)

        return await self._database.write(work)

    async def miss(self, visit_id: VisitId, act: Act) -> Visit:
        """Note that the visit was missed, with the act's reason."""

        def work(connection: Connection) -> Visit:
            _open_visit(connection, visit_id)
            columns: dict[str, Value] = {
                "status": VisitStatus.MISSED.value,
                "missed_reason": act.reason,
            }
            update(connection, "visit", visit_id, columns)
            Ledger(connection, self._clock).audit(act, "visit.missed", "visit", visit_id)
            return _get(connection, visit_id)

        return await self._database.write(work)

    # ---- pictures ------------------------------------------------------------------------

    async def add_slot(self, slot: Slot, act: Act) -> None:
        """Add a slot that the plan did not expect, while the visit is open."""

        def work(connection: Connection) -> None:
            _insert_new_slot(Ledger(connection, self._clock), slot, act)

        await self._database.write(work)

    async def add_picture(
        self,
        original: Original,
        rendition: Rendition,
        take: Take | None,
        verdicts: Iterable[Verdict],
        act: Act,
        *,
        new_slot: Slot | None = None,
    ) -> None:
        """Add a sealed picture to an open visit, with a slot if it needs one that is not there.

        Without a take it stays unassigned until somebody assigns it. Raises VisitClosedError.
        """

        def work(connection: Connection) -> None:
            ledger = Ledger(connection, self._clock)
            if new_slot is not None:
                _insert_new_slot(ledger, new_slot, act)
            if take is not None:
                _open_visit(connection, _visit_of_slot(connection, take.slot_id))
                insert_take(ledger, take)
            _insert_sealed(ledger, original, rendition, act)
            for verdict in verdicts:
                insert_verdict(ledger, verdict, None)

        await self._database.write(work)

    async def add_retake(
        self,
        original: Original,
        rendition: Rendition,
        take: Take,
        batches: Iterable[Batch],
        act: Act,
    ) -> None:
        """Add a picture to a finished visit with the batches that supersede what was delivered.

        Whole or not at all; raises VisitClosedError while the visit is open.
        """

        def work(connection: Connection) -> None:
            ledger = Ledger(connection, self._clock)
            visit = _get(connection, _visit_of_slot(connection, take.slot_id))
            if visit.status is not VisitStatus.FINISHED:
                raise VisitClosedError("The visit is open. Add the picture to it as usual.")
            insert_take(ledger, take)
            _insert_sealed(ledger, original, rendition, act)
            _insert_batches(ledger, visit, batches, act)

        await self._database.write(work)

    async def assign_picture(
        self,
        original_id: OriginalId,
        take: Take,
        act: Act,
        *,
        described: Original | None = None,
        new_slot: Slot | None = None,
        batches: Iterable[Batch] = (),
    ) -> None:
        """Put an unassigned picture into a slot of an open visit, and what it is beside it.

        ``described`` is what its bytes say, for one whose note proved nothing. Into a finished
        visit it goes with the batches that carry it, as a retake does. Whole or not at all; raises
        VisitClosedError.
        """

        def work(connection: Connection) -> None:
            ledger = Ledger(connection, self._clock)
            if _original(connection, original_id).take_id is not None:
                raise VisitClosedError("The picture is in a slot already.")
            if new_slot is not None:
                _insert_new_slot(ledger, new_slot, act)
            visit = _get(connection, _visit_of_slot(connection, take.slot_id))
            _check_status(visit, VisitStatus.FINISHED if batches else VisitStatus.OPEN)
            insert_take(ledger, take)
            if described is not None:
                describe_picture(connection, described)
            update(connection, "original", original_id, {"take_id": take.id})
            connection.execute("DELETE FROM held_picture WHERE original_id = ?", (original_id,))
            ledger.audit(act, "picture.assigned", "original", original_id, new=take.slot_id)
            _insert_batches(ledger, visit, batches, act)

        batches = tuple(batches)
        await self._database.write(work)

    async def unassigned(self) -> tuple[Original, ...]:
        """Give the pictures that nobody has put into a slot yet, oldest first."""

        def work(connection: Connection) -> tuple[Original, ...]:
            rows = connection.execute(
                "SELECT * FROM original WHERE take_id IS NULL AND erased_at IS NULL ORDER BY rowid"
            )
            return tuple(original_of(row) for row in rows)

        return await self._database.read(work)

    async def sealed_pictures(self) -> tuple[SealedPicture, ...]:
        """Give every file that must lie in the vault, oldest first."""

        def work(connection: Connection) -> tuple[SealedPicture, ...]:
            return tuple(_sealed(row) for row in connection.execute(_SEALED))

        return await self._database.read(work)

    async def vault_names(self) -> frozenset[str]:
        """Name every file of the vault that the record knows or has ever known."""
        statement = "SELECT vault_name FROM rendition UNION SELECT vault_name FROM original"
        return await self._database.read(
            lambda c: frozenset(row["vault_name"] for row in c.execute(statement))
        )

    async def original(self, original_id: OriginalId) -> Original:
        """Give one original; raises StoreError for an unknown one."""
        return await self._database.read(lambda c: _original(c, original_id))

    async def is_erased(self, original_id: OriginalId) -> bool:
        """Whether a picture was erased."""
        statement = "SELECT 1 FROM original WHERE id = ? AND erased_at IS NOT NULL"
        return await self._database.read(
            lambda c: c.execute(statement, (original_id,)).fetchone() is not None
        )

    async def leaving(self) -> frozenset[str]:
        """Name the vault's files that are erased in the record and may still lie on the disk."""
        statement = "SELECT files FROM erasure WHERE done_at IS NULL"

        def work(connection: Connection) -> frozenset[str]:
            rows = connection.execute(statement).fetchall()
            return frozenset(name for row in rows for name in json.loads(row["files"]))

        return await self._database.read(work)

    async def next_take_number(self, slot_id: SlotId) -> int:
        """Give the number of a slot's next take; removed ones keep theirs."""
        return await self._database.read(lambda c: next_number(c, slot_id))

    async def reception(
        self, visit_id: VisitId, sha256: str, operator_id: OperatorId | None
    ) -> Reception:
        """Give all that must be known to take these bytes in."""

        def work(connection: Connection) -> Reception:
            visit = _get(connection, visit_id)
            return Reception(
                sheet=read_sheet(connection, visit),
                frame=read_frame(connection, visit, operator_id),
                places=_places_of(connection, sha256),
                next_numbers=next_numbers(connection, visit_id),
            )

        return await self._database.read(work)

    async def add_verdicts(self, verdicts: Iterable[Verdict], act: Act) -> None:
        """Add what the platform or a reader says; nothing said before is taken back."""

        def work(connection: Connection) -> None:
            ledger = Ledger(connection, self._clock)
            for verdict in verdicts:
                insert_verdict(ledger, verdict, act.operator_id)

        await self._database.write(work)

    async def choose_take(self, take_id: TakeId, act: Act) -> None:
        """Let this take count instead of its slot's other ones, while the visit is open."""

        def work(connection: Connection) -> None:
            ledger = Ledger(connection, self._clock)
            row = changeable(connection, take_id)
            set_others_aside(connection, row["slot_id"], f"take {row['number']} was chosen")
            update(connection, "take", take_id, {"counts": 1, "reason": act.reason})
            ledger.audit(act, "take.chosen", "take", take_id)

        await self._database.write(work)

    async def move_take(self, take_id: TakeId, slot_id: SlotId, act: Act) -> VisitId:
        """Put a take into another slot of its visit, where it counts, while the visit is open."""

        def work(connection: Connection) -> VisitId:
            ledger = Ledger(connection, self._clock)
            row = changeable(connection, take_id)
            _same_visit(connection, slot_id, row["visit_id"])
            number = next_number(connection, slot_id)
            set_others_aside(connection, slot_id, f"take {number} counts")
            columns: dict[str, Value] = {
                "slot_id": slot_id,
                "number": number,
                "counts": 1,
                "reason": act.reason,
            }
            update(connection, "take", take_id, columns)
            count_newest(connection, row["slot_id"])
            ledger.audit(act, "take.moved", "take", take_id, old=row["slot_id"], new=slot_id)
            return VisitId(row["visit_id"])

        return await self._database.write(work)

    async def remove_take(self, take_id: TakeId, act: Act) -> None:
        """Take a picture out of an open visit; its row and its sealed bytes stay."""

        def work(connection: Connection) -> None:
            ledger = Ledger(connection, self._clock)
            row = changeable(connection, take_id)
            columns: dict[str, Value] = {
                "counts": 0,
                "reason": act.reason,
                "removed_at": text_of(ledger.at),
            }
            update(connection, "take", take_id, columns)
            count_newest(connection, row["slot_id"])
            ledger.audit(act, "take.removed", "take", take_id, old=row["slot_id"])

        await self._database.write(work)

    async def places_of(self, sha256: str) -> tuple[PicturePlace, ...]:
        """Say where the same bytes were taken in before."""
        return await self._database.read(lambda c: _places_of(c, sha256))

    # ---- delivery ------------------------------------------------------------------------

    async def finish(
        self, visit_id: VisitId, batches: Iterable[Batch], not_before: datetime, act: Act
    ) -> Visit:
        """Finish an open visit: from ``not_before`` on its batches may go.

        Raises VisitClosedError when the batches are not exactly the pictures that count.
        """
        batches = tuple(batches)

        def work(connection: Connection) -> Visit:
            ledger = Ledger(connection, self._clock)
            visit = _open_visit(connection, visit_id)
            _check_planned(read_sheet(connection, visit), batches)
            columns: dict[str, Value] = {
                "status": VisitStatus.FINISHED.value,
                "finished_at": text_of(ledger.at),
                "not_before": text_of(not_before),
            }
            update(connection, "visit", visit_id, columns)
            for batch in batches:
                rested = replace(batch, not_before=not_before)
                insert_batch(ledger, rested, visit_at=text_of(visit.created_at))
            ledger.audit(act, "visit.finished", "visit", visit_id)
            return _get(connection, visit_id)

        return await self._database.write(work)

    async def reopen(self, visit_id: VisitId, act: Act) -> Visit:
        """Open a finished visit again while nothing of it has left that was not taken back.

        What may have been begun on the platform has left, too: with its row the record of it would
        go. Raises VisitClosedError.
        """

        def work(connection: Connection) -> Visit:
            ledger = Ledger(connection, self._clock)
            batches = batches_of_visits(connection, [visit_id])
            # what was taken back keeps its row: it is the record of what the platform may have
            living = [batch for batch in batches if batch.state is not BatchState.RETRACTED]
            may_be_there = begun(connection, [batch.id for batch in living])
            if may_be_there or any(_has_left(b) or _is_rebuilt(connection, b) for b in living):
                raise VisitClosedError
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
            return _get(connection, visit_id)

        return await self._database.write(work)

    async def end_rest(self, visit_id: VisitId, act: Act) -> Visit:
        """Let a finished visit go now instead of when its rest is over."""

        def work(connection: Connection) -> Visit:
            ledger = Ledger(connection, self._clock)
            now = text_of(ledger.at)
            for table, key in (("visit", "id"), ("batch", "visit_id")):
                connection.execute(
                    f"UPDATE {table} SET not_before = :now"  # noqa: S608 - names are ours
                    f" WHERE {key} = :id AND not_before > :now",
                    {"now": now, "id": visit_id},
                )
            ledger.audit(act, "visit.sent-now", "visit", visit_id)
            return _get(connection, visit_id)

        return await self._database.write(work)

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
        self, platform_ids: Iterable[PlatformBatchId]
    ) -> frozenset[PlatformBatchId]:
        """Say which of the platform's batches are in the record, abandoned ones too."""
        asked = json.dumps(list(platform_ids))

        def work(connection: Connection) -> frozenset[PlatformBatchId]:
            rows = connection.execute(
                "SELECT platform_id FROM batch"
                " WHERE platform_id IN (SELECT value FROM json_each(?1))"
                " UNION SELECT platform_id FROM abandoned_batch"
                " WHERE platform_id IN (SELECT value FROM json_each(?1))",
                (asked,),
            )
            return frozenset(PlatformBatchId(row["platform_id"]) for row in rows)

        return await self._database.read(work)


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
        _insert_observation(ledger, visit.id, position, name, value)


def _insert_observation(
    ledger: Ledger, visit_id: VisitId, position: int, name: str, value: str
) -> None:
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


def _insert_new_slot(ledger: Ledger, slot: Slot, act: Act) -> None:
    _open_visit(ledger.connection, slot.visit_id)
    insert_slot(ledger, slot)
    ledger.audit(act, "slot.added", "visit", slot.visit_id, new=slot.side.value)


def _insert_sealed(ledger: Ledger, original: Original, rendition: Rendition, act: Act) -> None:
    insert_picture(ledger, original, rendition)
    ledger.audit(act, "picture.taken-in", "original", original.id, new=original.digest.sha256)


def _get(connection: Connection, visit_id: VisitId) -> Visit:
    row = connection.execute(
        "SELECT * FROM visit_with_observations WHERE id = ?", (visit_id,)
    ).fetchone()
    return visit_of(one(row, "visit"))


def _of_subject(connection: Connection, subject_id: SubjectId) -> tuple[Visit, ...]:
    rows = connection.execute(
        "SELECT * FROM visit_with_observations WHERE subject_id = ? ORDER BY created_at, number",
        (subject_id,),
    ).fetchall()
    return tuple(visit_of(row) for row in rows)


def _insert_batches(ledger: Ledger, visit: Visit, batches: Iterable[Batch], act: Act) -> None:
    for batch in batches:
        insert_batch(ledger, batch, visit_at=text_of(visit.created_at))
        ledger.audit(act, "batch.added", "batch", batch.id, old=batch.supersedes or "")


def _open_visit(connection: Connection, visit_id: VisitId) -> Visit:
    visit = _get(connection, visit_id)
    _check_status(visit, VisitStatus.OPEN)
    return visit


def _check_status(visit: Visit, status: VisitStatus) -> None:
    if visit.status is not status:
        raise VisitClosedError(f"The visit is no longer {status.value}. Nothing was changed.")


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


def _original(connection: Connection, original_id: OriginalId) -> Original:
    row = connection.execute("SELECT * FROM original WHERE id = ?", (original_id,)).fetchone()
    return original_of(one(row, "original"))


def _visit_of_slot(connection: Connection, slot_id: SlotId) -> VisitId:
    row = connection.execute("SELECT visit_id FROM slot WHERE id = ?", (slot_id,)).fetchone()
    return VisitId(one(row, "slot")["visit_id"])


def _same_visit(connection: Connection, slot_id: SlotId, visit_id: str) -> None:
    if _visit_of_slot(connection, slot_id) != visit_id:
        raise VisitClosedError("A picture is moved within its own visit only.")


def _has_left(batch: Batch) -> bool:
    """Whether anything of the batch may be known to the platform."""
    is_fresh = batch.state is BatchState.OPEN and batch.platform_id is None and not batch.abandoned
    return not is_fresh or any(_has_image_left(image) for image in batch.images)


def _has_image_left(image: Image) -> bool:
    """One that was erased before anything of it was begun has not left, and never will."""
    if image.state is ImageState.ERASED:
        return image.platform_id is not None or image.proof is not None
    return image.state is not ImageState.SEALED


def _is_rebuilt(connection: Connection, batch: Batch) -> bool:
    """Whether nobody knows yet what the platform has of it."""
    row = connection.execute(
        "SELECT 1 FROM rebuilt_batch WHERE batch_id = ?", (batch.id,)
    ).fetchone()
    return row is not None


def _label(visit: Visit) -> str:
    return visit.name if visit.occurrence == 1 else f"{visit.name} ({visit.occurrence})"


def _sealed(row: Row) -> SealedPicture:
    return SealedPicture(
        row["vault_name"],
        row["sha256"],
        OriginalId(row["original_id"]),
        row["original_sha256"],
        SubjectId(row["subject_id"]) if row["subject_id"] else None,
        bool(row["is_held"]),
    )


def _places_of(connection: Connection, sha256: str) -> tuple[PicturePlace, ...]:
    return tuple(_place(row) for row in connection.execute(_PLACES, (sha256,)))


def _place(row: Row) -> PicturePlace:
    return PicturePlace(
        OriginalId(row["original_id"]),
        SubjectId(row["subject_id"]) if row["subject_id"] else None,
        row["subject_code"] or "",
        VisitId(row["visit_id"]) if row["visit_id"] else None,
        row["visit_name"] or "",
        SlotId(row["slot_id"]) if row["slot_id"] else None,
    )
