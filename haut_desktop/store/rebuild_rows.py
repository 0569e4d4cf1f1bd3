"""Writes what sidecars say into an empty record: the newest word about each thing counts."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, TypeVar

from haut_desktop.domain.audit import BY_ITSELF, CAME_BACK
from haut_desktop.domain.delivery import (
    BatchState,
    ImageState,
    RegistrationState,
    Trouble,
    Waiting,
)
from haut_desktop.domain.errors import ItemError, SubjectCodeError
from haut_desktop.domain.former import RebuiltError
from haut_desktop.domain.imaging import Batch, Image, Slot, Take
from haut_desktop.domain.retraction import Retraction
from haut_desktop.domain.study import Operator, Study
from haut_desktop.domain.subjects import Registration, Subject
from haut_desktop.domain.visits import Visit
from haut_desktop.store.former import insert_former
from haut_desktop.store.imaging_rows import insert_batch
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.picture_record import PictureRecord
from haut_desktop.store.picture_rows import insert_picture, insert_verdict
from haut_desktop.store.rows import text_of, update
from haut_desktop.store.studies import write_study
from haut_desktop.store.subjects import insert_subject
from haut_desktop.store.takes import insert_take
from haut_desktop.store.visit_rows import insert_slot, insert_visit

T = TypeVar("T")

_ENDED: Final = frozenset({BatchState.SUBMITTED, BatchState.RETRACTED})


class PictureMissingError(ItemError):
    """A batch of which a picture is no longer in the vault."""

    default_title = "A picture is missing"
    default_message = (
        "The outbox was rebuilt, and not every picture of this batch is in the vault. Decide "
        "whether the others go without it."
    )


class RecordWriter:
    """Fills an empty record within one transaction; counts what it wrote."""

    def __init__(self, ledger: Ledger) -> None:
        self.subjects = self.visits = self.pictures = self.waiting_batches = 0
        self._ledger = ledger
        self._operators: set[str | None] = set()
        self._sealed: set[str] = set()
        """Renditions that are in the record."""
        self._going: set[tuple[str, str]] = set()
        """Renditions by dataset that are in a batch which stands."""

    def write(self, records: Iterable[PictureRecord]) -> tuple[PictureRecord, ...]:
        """Write everything; gives the records of subjects whose code another one has."""
        in_order = _in_places(sorted(records, key=lambda record: record.written_at))
        self._write_operators(in_order)
        self._write_studies(in_order)
        clashing = self._write_subjects(in_order)
        mine = [r for r in in_order if r.frame.visit.subject_id not in clashing]
        visits = self._write_visits(mine)
        self._write_pictures(mine)
        self._write_batches(mine, visits)
        return tuple(r for r in in_order if r.frame.visit.subject_id in clashing)

    def _write_operators(self, records: Iterable[PictureRecord]) -> None:
        operators = (r.frame.operator for r in records)
        for one in _newest((o.id, o) for o in operators if o is not None):
            self._write_operator(one)

    def _write_operator(self, operator: Operator) -> None:
        self._operators.add(operator.id)
        self._ledger.insert(
            "operator",
            id=operator.id,
            company_id=operator.company_id,
            platform_user_id=operator.platform_user_id,
            username=operator.username,
            server=operator.server,
        )

    def _write_studies(self, records: Iterable[PictureRecord]) -> None:
        """Write each version of a study in turn: data sets stay, plans follow each other."""
        known: dict[str, Study] = {}
        for study in (record.frame.study for record in records):
            if known.get(study.id) != study:
                write_study(self._ledger, study, BY_ITSELF)
                known[study.id] = study

    def _write_subjects(self, records: Iterable[PictureRecord]) -> set[str | None]:
        clashing: set[str | None] = set()
        subjects = (r.frame.subject for r in records)
        for subject in _newest((s.id, s) for s in subjects if s is not None):
            try:
                self._write_subject(subject)
            except SubjectCodeError:
                clashing.add(subject.id)
        return clashing

    def _write_subject(self, subject: Subject) -> None:
        connection = self._ledger.connection
        connection.execute("SAVEPOINT subject")
        try:
            registrations = tuple(_known_again(r) for r in subject.registrations)
            insert_subject(self._ledger, replace(subject, registrations=registrations))
        except SubjectCodeError:
            connection.execute("ROLLBACK TO subject")
            raise
        finally:
            connection.execute("RELEASE subject")
        self.subjects += 1

    def _write_visits(self, records: Iterable[PictureRecord]) -> dict[str, Visit]:
        visits = {record.frame.visit.id: record.frame.visit for record in records}
        for visit in visits.values():
            insert_visit(self._ledger, visit)
        self.visits = len(visits)
        return {str(key): visit for key, visit in visits.items()}

    def _write_pictures(self, records: list[PictureRecord]) -> None:
        in_slots = sorted(records, key=lambda r: (r.slot.id, r.take.number))
        slots: dict[str, Slot] = {s.id: s for r in records for s in (*r.frame.slots, r.slot)}
        for slot in slots.values():
            insert_slot(self._ledger, slot)
        twins = _twins(in_slots)
        for record in in_slots:
            is_removed = record.is_removed or record.take.id in twins
            self._write_take(record.take, is_removed=is_removed)
            insert_picture(self._ledger, record.original, record.rendition)
            for verdict in record.verdicts:
                insert_verdict(self._ledger, verdict, None)
            self._note_taker(record)
            if record.former is not None:
                former, whose = record.former, record.former_subject
                insert_former(self._ledger, record.rendition.id, former, whose)
            self._sealed.add(record.rendition.id)
            self.pictures += 1

    def _note_taker(self, record: PictureRecord) -> None:
        """Keep who took a picture in: the trail that said so is put aside."""
        if (operator := record.frame.operator) is not None:
            original = record.original
            self._ledger.audit(
                BY_ITSELF,
                CAME_BACK,
                "original",
                original.id,
                old=operator.id,
                new=original.digest.sha256,
            )

    def _write_take(self, take: Take, *, is_removed: bool) -> None:
        insert_take(self._ledger, replace(take, counts=take.counts and not is_removed))
        if is_removed:
            columns = {"removed_at": text_of(self._ledger.at)}
            update(self._ledger.connection, "take", take.id, columns)

    # ---- batches -----------------------------------------------------------------------------

    def _write_batches(self, records: list[PictureRecord], visits: dict[str, Visit]) -> None:
        """Write the newest word about each batch; a picture goes with the newest batch only."""
        batches = _newest((r.batch.id, r.batch) for r in records if r.batch is not None)
        written: dict[str, Batch] = {}
        for batch in reversed(batches):
            rebuilt = self._rebuilt(batch)
            if rebuilt is not None and batch.visit_id in visits:
                visit_at = text_of(visits[batch.visit_id].created_at)
                insert_batch(self._ledger, replace(rebuilt, supersedes=None), visit_at=visit_at)
                update(self._ledger.connection, "batch", batch.id, {"moves_lost": 1})
                written[batch.id] = rebuilt
                self._wait_for_the_platform(rebuilt)
        for batch in written.values():
            if batch.supersedes in written:
                columns = {"supersedes": batch.supersedes}
                update(self._ledger.connection, "batch", batch.id, columns)

    def _rebuilt(self, batch: Batch) -> Batch | None:
        kept = tuple(i for i in batch.images if i.rendition.id in self._sealed)
        if batch.state is not BatchState.RETRACTED:
            kept = tuple(i for i in kept if (batch.dataset_id, i.rendition.id) not in self._going)
            self._going.update((batch.dataset_id, i.rendition.id) for i in kept)
        if not kept:
            return None
        if _has_ended(batch):
            return replace(batch, images=kept, retraction=self._retraction(batch))
        if batch.retraction is not None:
            return _taken_back(batch, kept, self._retraction(batch))
        return _unknown(batch, kept)

    def _retraction(self, batch: Batch) -> Retraction | None:
        retraction = batch.retraction
        if retraction is None or retraction.operator_id in self._operators:
            return retraction
        return replace(retraction, operator_id=None)  # nothing in the vault says who that is

    def _wait_for_the_platform(self, batch: Batch) -> None:
        if batch.state in _ENDED:
            return
        self.waiting_batches += 1
        self._ledger.insert("rebuilt_batch", batch_id=batch.id)


def _in_places(records: Iterable[PictureRecord]) -> tuple[PictureRecord, ...]:
    """Give every take a place of its own; ``records`` are in order, so are those given.

    What was sealed and never came into the record has the number, or another slot for the place, of
    what was taken after it. It stays as a take that does not count, as at a start.
    """
    records = tuple(records)
    newest_first = records[::-1]
    slots: dict[tuple[object, ...], Slot] = {}
    for slot in (slot for r in newest_first for slot in (*r.frame.slots, r.slot)):
        slots.setdefault(_kind_of(slot), slot)
    numbers: dict[tuple[str, int], str] = {}
    for record in sorted(newest_first, key=lambda r: (r.batch is None, r.is_removed)):
        place = (slots[_kind_of(record.slot)].id, record.take.number)
        numbers.setdefault(place, record.take.id)
    return tuple(_in_place(record, slots, numbers) for record in records)


def _in_place(
    record: PictureRecord,
    slots: Mapping[tuple[object, ...], Slot],
    numbers: dict[tuple[str, int], str],
) -> PictureRecord:
    slot, take = slots[_kind_of(record.slot)], record.take
    if numbers[slot.id, take.number] != take.id:
        number = max(number for slot_id, number in numbers if slot_id == slot.id) + 1
        numbers[slot.id, number] = take.id
        take = replace(take, number=number, counts=False)
    frame = replace(record.frame, slots=tuple(slots[_kind_of(one)] for one in record.frame.slots))
    return replace(record, frame=frame, slot=slot, take=replace(take, slot_id=slot.id))


def _kind_of(slot: Slot) -> tuple[object, ...]:
    """What a visit has one slot of."""
    return (slot.visit_id, *slot.kind)


def _twins(records: Iterable[PictureRecord]) -> set[str]:
    """Takes whose very bytes stand in their visit already: one of them stays, nothing is lost.

    The record has refused a second one for long, so that only an old note can speak of it.
    """
    twins: set[str] = set()
    known: set[tuple[str, str]] = set()
    standing = (record for record in records if not record.is_removed)
    for one in sorted(standing, key=lambda r: (r.batch is None, not r.take.counts)):
        picture = (one.slot.visit_id, one.original.digest.sha256)
        if picture in known:
            twins.add(one.take.id)
        known.add(picture)
    return twins


def _newest(pairs: Iterable[tuple[str, T]]) -> tuple[T, ...]:
    """The last word about each thing, in the order in which the last words were said."""
    found: dict[str, T] = {}
    for key, value in pairs:
        found.pop(key, None)
        found[key] = value
    return tuple(found.values())


def _has_ended(batch: Batch) -> bool:
    return batch.state is BatchState.RETRACTED or (
        batch.state is BatchState.SUBMITTED and batch.is_stored
    )


def _unknown(batch: Batch, kept: tuple[Image, ...]) -> Batch:
    """Begin a batch anew that may or may not be known to the platform."""
    asking = Waiting(trouble=_trouble(RebuiltError()))
    begun = replace(
        batch,
        state=BatchState.OPEN,
        held_from=None,
        platform_id=None,
        submitted_at=None,
        images=tuple(_sealed_again(image) for image in kept),
        waiting=asking,
    )
    if batch.state is BatchState.HELD:
        return replace(
            begun, state=BatchState.HELD, held_from=BatchState.OPEN, waiting=batch.waiting
        )
    if len(kept) < len([i for i in batch.images if i.state is not ImageState.ERASED]):
        waiting = Waiting(trouble=_trouble(PictureMissingError()))
        return replace(begun, state=BatchState.HELD, held_from=BatchState.OPEN, waiting=waiting)
    return begun


def _taken_back(batch: Batch, kept: tuple[Image, ...], retraction: Retraction | None) -> Batch:
    """A retraction that had not ended goes on: the platform is asked, nothing is sent."""
    return replace(
        batch,
        state=BatchState.RETRACTING,
        held_from=None,
        platform_id=None,
        submitted_at=None,
        images=tuple(_sealed_again(image) for image in kept),
        waiting=Waiting(),
        retraction=retraction,
    )


def _sealed_again(image: Image) -> Image:
    if image.state is ImageState.HELD:
        return replace(
            image, held_from=ImageState.SEALED, platform_id=None, proof=None, address=None
        )
    return Image(
        id=image.id,
        batch_id=image.batch_id,
        rendition=image.rendition,
        side=image.side,
        light=image.light,
        name=image.name,
        state=ImageState.SEALED,
    )


def _known_again(registration: Registration) -> Registration:
    """What was not confirmed is looked up again by our id in the platform's entry."""
    if registration.state is RegistrationState.REGISTERED:
        return registration
    return replace(
        registration,
        state=RegistrationState.DRAFT,
        held_from=None,
        platform_id=None,
        waiting=Waiting(),
    )


def _trouble(error: ItemError) -> Trouble:
    return Trouble(error.kind, error.blame, error.title, error.message)
