"""Pictures in the database: what was sealed, in which slot it is, and what is said of it."""

import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from haut_desktop.domain.audit import Act
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.computed_before import ComputedBefore
from haut_desktop.domain.errors import VisitClosedError
from haut_desktop.domain.former import FormerSubject
from haut_desktop.domain.ids import (
    ImageId,
    OperatorId,
    OriginalId,
    RenditionId,
    SubjectId,
    VisitId,
)
from haut_desktop.domain.imaging import (
    Batch,
    Original,
    Rendition,
    Side,
    Slot,
    Take,
    Verdict,
    view_words,
)
from haut_desktop.domain.overviews import PicturePlace, SealedPicture, Whereabouts
from haut_desktop.domain.visits import Visit, VisitStatus
from haut_desktop.store.computed_before import check_may_compute, read_computed_before
from haut_desktop.store.database import Database
from haut_desktop.store.driver import Connection, Row
from haut_desktop.store.former import insert_former
from haut_desktop.store.imaging_rows import insert_batch
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.picture_record import PictureRecord, Reception
from haut_desktop.store.picture_rows import (
    describe_picture,
    insert_picture,
    insert_verdict,
    original_of,
    rendition_of,
)
from haut_desktop.store.places import check_whose, note_reassigned, places_of
from haut_desktop.store.record_reading import read_frame, read_records
from haut_desktop.store.rows import one, text_of, update
from haut_desktop.store.sheets import read_sheet
from haut_desktop.store.takes import insert_take, next_numbers
from haut_desktop.store.visit_rows import (
    check_status,
    get_visit,
    insert_new_slot,
    open_visit,
    visit_of_slot,
)

_PART: Final = 500
"""Rows of one part of a long reading: a millisecond or two, which whoever reads meanwhile waits."""

# Found by the index of the names, so that nothing is made of what is known; by their places, for
# not every name on a disk comes back as a text.
_NOT_AN_ORIGINAL: Final = """
SELECT key FROM json_each(?) AS name
WHERE NOT EXISTS (SELECT 1 FROM original WHERE original.vault_name = name.value)
"""

_SEALED = """
SELECT DISTINCT rendition.vault_name, rendition.sha256, original.id AS original_id,
    original.sha256 AS original_sha256, visit.subject_id,
    held_picture.original_id IS NOT NULL AS is_held,
    code.code AS subject_code, visit.name AS visit_name, visit.local_date, slot.side, slot.light
FROM original
JOIN rendition ON rendition.original_id = original.id AND rendition.erased_at IS NULL
LEFT JOIN take ON take.id = original.take_id
LEFT JOIN slot ON slot.id = take.slot_id
LEFT JOIN visit ON visit.id = slot.visit_id
LEFT JOIN subject_code AS code ON code.subject_id = visit.subject_id AND code.is_current = 1
LEFT JOIN held_picture ON held_picture.original_id = original.id
WHERE original.erased_at IS NULL
ORDER BY original.rowid
"""


class PictureStore:
    """Keeps what is known of the sealed pictures; the vault keeps their bytes."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(
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

        Without a take it stays unassigned until somebody assigns it. What was taken back from
        another subject is warned of and linked in the trail. Raises VisitClosedError.
        """

        def work(connection: Connection) -> None:
            ledger = Ledger(connection, self._clock)
            if new_slot is not None:
                insert_new_slot(ledger, new_slot, act)
            visit = None
            if take is not None:
                visit = open_visit(connection, visit_of_slot(connection, take.slot_id))
                insert_take(ledger, take)
            _insert_sealed(ledger, original, rendition, visit, act)
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

        Whole or not at all; raises VisitClosedError while the visit is open, ComputedAlreadyError
        for bytes that were computed before.
        """

        def work(connection: Connection) -> None:
            ledger = Ledger(connection, self._clock)
            visit = get_visit(connection, visit_of_slot(connection, take.slot_id))
            if visit.status is not VisitStatus.FINISHED:
                raise VisitClosedError("The visit is open. Add the picture to it as usual.")
            insert_take(ledger, take)
            _insert_sealed(ledger, original, rendition, visit, act)
            _insert_batches(ledger, visit, batches, act)

        await self._database.write(work)

    async def assign(
        self,
        original_id: OriginalId,
        take: Take,
        act: Act,
        *,
        described: Original | None = None,
        new_slot: Slot | None = None,
        batches: Iterable[Batch] = (),
        former: tuple[RenditionId, tuple[ImageId, ...], FormerSubject | None] | None = None,
    ) -> None:
        """Put an unassigned picture into a slot of an open visit, and what it is beside it.

        ``described`` is what its bytes say, for one whose note proved nothing. Into a finished
        visit it goes with the batches that carry it, as a retake does. ``former`` marks one that
        may have been delivered before, with the ids that it may have on the platform and whose it
        was by its note. Whole or not at all; raises VisitClosedError, also when the picture was
        placed or erased meanwhile, and ComputedAlreadyError for bytes that were computed before.
        """

        def work(connection: Connection) -> None:
            ledger = Ledger(connection, self._clock)
            _check_waits(connection, original_id)
            if new_slot is not None:
                insert_new_slot(ledger, new_slot, act)
            visit = get_visit(connection, visit_of_slot(connection, take.slot_id))
            check_status(visit, VisitStatus.FINISHED if batches else VisitStatus.OPEN)
            insert_take(ledger, take)
            if described is not None:
                describe_picture(connection, described)
            update(connection, "original", original_id, {"take_id": take.id})
            connection.execute("DELETE FROM held_picture WHERE original_id = ?", (original_id,))
            if former is not None:
                insert_former(ledger, *former)
            ledger.audit(act, "picture.assigned", "original", original_id, new=take.slot_id)
            for rendition in _renditions(connection, original_id):
                note_reassigned(ledger, _original(connection, original_id), rendition, visit, act)
            _insert_batches(ledger, visit, batches, act)

        batches = tuple(batches)
        await self._database.write(work)

    async def add_verdicts(self, verdicts: Iterable[Verdict], act: Act) -> None:
        """Add what the platform or a reader says; nothing said before is taken back."""

        def work(connection: Connection) -> None:
            ledger = Ledger(connection, self._clock)
            for verdict in verdicts:
                insert_verdict(ledger, verdict, act.operator_id)

        await self._database.write(work)

    async def reception(
        self, visit_id: VisitId, sha256: str, operator_id: OperatorId | None
    ) -> Reception:
        """Give all that must be known to take these bytes in."""

        def work(connection: Connection) -> Reception:
            visit = get_visit(connection, visit_id)
            return Reception(
                sheet=read_sheet(connection, visit),
                frame=read_frame(connection, visit, operator_id),
                places=places_of(connection, sha256),
                next_numbers=next_numbers(connection, visit_id),
            )

        return await self._database.read(work)

    async def records(self, visit_id: VisitId) -> tuple[PictureRecord, ...]:
        """Give everything that the record says about a visit's pictures, removed ones too."""
        return await self._database.read(
            lambda c: read_records(c, get_visit(c, visit_id), self._clock())
        )

    async def computed_before(self, hashes: Iterable[str]) -> tuple[ComputedBefore, ...]:
        """Give those of the pictures, by SHA-256, that an earlier batch may have had computed."""
        hashes = tuple(hashes)
        return await self._database.read(lambda c: read_computed_before(c, hashes))

    async def places_of(self, sha256: str) -> tuple[PicturePlace, ...]:
        """Say where the same bytes were taken in before."""
        return await self._database.read(lambda c: places_of(c, sha256))

    async def original(self, original_id: OriginalId) -> Original:
        """Give one original; raises StoreError for an unknown one."""
        return await self._database.read(lambda c: _original(c, original_id))

    async def is_erased(self, original_id: OriginalId) -> bool:
        """Whether a picture was erased."""
        statement = "SELECT 1 FROM original WHERE id = ? AND erased_at IS NOT NULL"
        return await self._database.read(
            lambda c: c.execute(statement, (original_id,)).fetchone() is not None
        )

    async def sealed(self) -> tuple[SealedPicture, ...]:
        """Give every file that must lie in the vault, oldest first."""

        def work(connection: Connection) -> tuple[SealedPicture, ...]:
            return tuple(_sealed(row) for row in connection.execute(_SEALED))

        return await self._database.read(work)

    async def strangers(self, names: Sequence[str]) -> tuple[str, ...]:
        """Give those of the vault's files that the record neither knows nor has ever known.

        Asked for in parts, so that whoever reads meanwhile waits for one of them at most. What
        comes into the record between two parts may be named as well.
        """
        strange: list[str] = []
        for start in range(0, len(names), _PART):
            strange += await self.without_original(names[start : start + _PART])
        if not strange:
            return ()
        kept = await self._renditions_names()
        return tuple(name for name in strange if name not in kept)

    async def without_original(self, names: Sequence[str]) -> list[str]:
        """Give those of the vault's files that are no original's: strangers, or made of one.

        Cheap, and whoever reads meanwhile waits for it: for a few hundred names.
        """
        given = json.dumps(names)

        def work(connection: Connection) -> list[str]:
            return [names[row["key"]] for row in connection.execute(_NOT_AN_ORIGINAL, (given,))]

        return await self._database.read(work)

    async def _renditions_names(self) -> frozenset[str]:
        statement = "SELECT rowid, vault_name FROM rendition WHERE rowid > ? ORDER BY rowid LIMIT ?"

        async def part(after: int) -> list[Row]:
            values = (after, _PART)
            return await self._database.read(lambda c: c.execute(statement, values).fetchall())

        names, after = set[str](), 0
        while rows := await part(after):
            names.update(row["vault_name"] for row in rows)
            after = rows[-1]["rowid"]
        return frozenset(names)

    async def leaving(self) -> frozenset[str]:
        """Name the vault's files that are erased in the record and may still lie on the disk."""
        statement = "SELECT files FROM erasure WHERE done_at IS NULL"

        def work(connection: Connection) -> frozenset[str]:
            rows = connection.execute(statement).fetchall()
            return frozenset(name for row in rows for name in json.loads(row["files"]))

        return await self._database.read(work)


def _insert_sealed(
    ledger: Ledger, original: Original, rendition: Rendition, visit: Visit | None, act: Act
) -> None:
    insert_picture(ledger, original, rendition)
    ledger.audit(act, "picture.taken-in", "original", original.id, new=original.digest.sha256)
    if visit is not None:
        note_reassigned(ledger, original, rendition, visit, act)


def _insert_batches(ledger: Ledger, visit: Visit, batches: Iterable[Batch], act: Act) -> None:
    batches = tuple(batches)
    check_whose(ledger.connection, visit, batches)
    check_may_compute(ledger, batches, act)
    for batch in batches:
        insert_batch(ledger, batch, visit_at=text_of(visit.created_at))
        ledger.audit(act, "batch.added", "batch", batch.id, old=batch.supersedes or "")


def _renditions(connection: Connection, original_id: OriginalId) -> tuple[Rendition, ...]:
    rows = connection.execute("SELECT * FROM rendition WHERE original_id = ?", (original_id,))
    return tuple(rendition_of(row) for row in rows)


def _original(connection: Connection, original_id: OriginalId) -> Original:
    row = connection.execute("SELECT * FROM original WHERE id = ?", (original_id,)).fetchone()
    return original_of(one(row, "original"))


def _check_waits(connection: Connection, original_id: OriginalId) -> None:
    """Refuse unless the picture's bytes are there still and nobody has said where they belong."""
    statement = "SELECT take_id, erased_at FROM original WHERE id = ?"
    row = one(connection.execute(statement, (original_id,)).fetchone(), "original")
    if row["erased_at"] is not None:
        raise VisitClosedError(
            "The picture waits no longer: somebody erased it meanwhile. Nothing was changed.",
            title="The picture was erased",
        )
    if row["take_id"] is not None:
        raise VisitClosedError("The picture is in a slot already.")


def _sealed(row: Row) -> SealedPicture:
    return SealedPicture(
        row["vault_name"],
        row["sha256"],
        OriginalId(row["original_id"]),
        row["original_sha256"],
        SubjectId(row["subject_id"]) if row["subject_id"] else None,
        bool(row["is_held"]),
        _whereabouts(row) if row["visit_name"] else None,
    )


def _whereabouts(row: Row) -> Whereabouts:
    view = view_words(Side(row["side"]), row["light"])
    on = date.fromisoformat(row["local_date"])
    return Whereabouts(row["subject_code"] or "", row["visit_name"], on, view)
