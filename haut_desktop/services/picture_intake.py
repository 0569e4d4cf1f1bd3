"""Intake: a picture read, checked, sealed in the vault, and only then written into the record."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from haut_desktop.domain.audit import Act
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.errors import PictureError, VisitClosedError
from haut_desktop.domain.ids import (
    OriginalId,
    RenditionId,
    SlotId,
    TakeId,
    VisitId,
    new_id,
)
from haut_desktop.domain.imaging import (
    Batch,
    ImageType,
    Original,
    Rendition,
    Side,
    Slot,
    Take,
    Transform,
)
from haut_desktop.domain.overviews import PicturePlace
from haut_desktop.domain.reassigning import whose
from haut_desktop.domain.visits import TakenPicture, VisitSheet, VisitStatus
from haut_desktop.services import intake, visit_rules, whose_name
from haut_desktop.services.finishing import slot_words
from haut_desktop.services.hand_over import plan
from haut_desktop.services.intake import Source
from haut_desktop.services.judging import Sealed
from haut_desktop.services.looking import Looked
from haut_desktop.services.previews import Previews
from haut_desktop.services.sidecars import Sidecars, sidecar_of
from haut_desktop.services.traffic import rest_of
from haut_desktop.services.writing import to_its_end

if TYPE_CHECKING:
    from haut_desktop.store.picture_record import Reception
    from haut_desktop.store.pictures import PictureStore
    from haut_desktop.store.studies import StudyStore
    from haut_desktop.store.subjects import SubjectStore
    from haut_desktop.store.vault import Vault

_AS_IT_IS: Final = Transform()


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A picture with its place, described and not yet sealed."""

    looked: Looked
    known: "Reception"
    slot: Slot
    taken: TakenPicture

    @property
    def sealed(self) -> Sealed:
        """What is left to be judged once it is sealed."""
        frame = self.known.frame
        return Sealed(self.taken, self.slot, frame.visit, self.looked.view, frame.site.zone)

    @property
    def new_slot(self) -> Slot | None:
        """The slot, where the visit has none like it yet."""
        is_there = any(shelf.slot.id == self.slot.id for shelf in self.known.sheet.shelves)
        return None if is_there else self.slot


class PictureIntake:
    """Seals pictures one after the other; a refused one leaves no trace."""

    def __init__(
        self,
        *,
        studies: "StudyStore",
        subjects: "SubjectStore",
        pictures: "PictureStore",
        vault: "Vault",
        previews: Previews,
        sidecars: Sidecars,
        act: Callable[[str], Act],
        clock: Clock,
        changing: asyncio.Lock,
    ) -> None:
        self._studies = studies
        self._subjects = subjects
        self._pictures = pictures
        self._vault = vault
        self._previews = previews
        self._sidecars = sidecars
        self._act = act
        self._clock = clock
        # two drops of the same bytes at once must see each other
        self._changing = changing

    async def take_in(
        self,
        visit_id: VisitId,
        source: Source,
        looking: Awaitable[Looked],
        slot_id: SlotId | None,
    ) -> Sealed:
        """Take in one picture of an open visit; raises as ``Capture.take_in`` does."""
        looked = await looking
        async with self._changing:
            known = await self._known(visit_id, looked)
            if known.sheet.visit.status is not VisitStatus.OPEN:
                raise VisitClosedError("The visit is finished. Reopen it to add pictures.")
            arrival = self._describe(known, looked, choose_slot(known.sheet, source, slot_id), "")
            await self._check_names(known, source, looked)
            await follow_former(self._sidecars, known)
            await self._seal(arrival)
            taken = arrival.taken
            await self._pictures.add(
                taken.original,
                taken.rendition,
                taken.take,
                (),
                self._act(""),
                new_slot=arrival.new_slot,
            )
        await self._previews.keep(taken.original.id, looked.thumbnail)
        return arrival.sealed

    async def retake(
        self,
        visit_id: VisitId,
        source: Source,
        looking: Awaitable[Looked],
        slot_id: SlotId,
        reason: str,
    ) -> Sealed:
        """Take in a picture of a visit that has gone; raises as ``Capture.retake`` does.

        Picture and batch come into the record together: neither is ever there without the other.
        """
        looked = await looking
        async with self._changing:
            known = await self._known(visit_id, looked)
            check_gone(known.sheet)
            slot = choose_slot(known.sheet, source, slot_id)
            arrival = self._describe(known, looked, slot, reason)
            await self._check_names(known, source, looked)
            taken, visit = arrival.taken, known.sheet.visit
            study = await self._studies.study(visit.study_id)
            fresh = visit_rules.with_newest(known.sheet, taken)
            # before anything is sealed; only a visit's finishing asks whether it shall go again
            rest = await rest_of(self._studies, study)
            batches = await plan(self._pictures, fresh, study, self._clock(), rest, only=slot.id)
            await self._sidecars.precede(visit, batches)
            await follow_former(self._sidecars, known)
            await self._seal(arrival, batches)
            await self._pictures.add_retake(
                taken.original, taken.rendition, taken.take, batches, self._act(reason)
            )
        await self._previews.keep(taken.original.id, looked.thumbnail)
        return arrival.sealed

    async def _known(self, visit_id: VisitId, looked: Looked) -> "Reception":
        sha256, operator_id = looked.read.digest.sha256, self._act("").operator_id
        return await self._pictures.reception(visit_id, sha256, operator_id)

    async def _check_names(self, known: "Reception", source: Source, looked: Looked) -> None:
        """Refuse what is named for another subject; raises ``PictureError``."""
        subject, study = known.frame.subject, known.frame.study
        names = whose_name.names_of(source, looked.facts.captions)
        keys = frozenset[str]().union(*(name.keys for name in names))
        if subject is not None and keys:
            codes = await self._subjects.known_codes(study.id, keys)
            whose_name.refuse_another(names, codes, subject)

    def _describe(self, known: "Reception", looked: Looked, slot: Slot, reason: str) -> _Arrival:
        refuse_known(known)
        number = known.next_numbers.get(slot.id, 1)
        take = Take(TakeId(new_id()), slot.id, number, counts=True, reason=reason)
        facts, read, now = looked.facts, looked.read, self._clock()
        original_id = OriginalId(new_id())
        vault_name = self._vault.name_for(original_id)
        zone = known.frame.site.zone
        original = Original(
            id=original_id,
            take_id=take.id,
            digest=read.digest,
            media_type=facts.media_type,
            width=facts.width,
            height=facts.height,
            orientation=facts.orientation,
            file_name=read.name,
            captured=intake.capture_time(facts.taken, read.modified_at, now, zone),
            received_at=now,
            vault_name=vault_name,
        )
        rendition = Rendition(
            RenditionId(new_id()), original_id, _AS_IT_IS, read.digest, facts.media_type, vault_name
        )
        return _Arrival(looked, known, slot, TakenPicture(take, original, rendition))

    async def _seal(self, arrival: _Arrival, batches: Iterable[Batch] = ()) -> None:
        # sealing's library is loaded with the first picture, not at the program's start
        from haut_desktop.store.picture_record import PictureRecord

        taken = arrival.taken
        record = PictureRecord(
            taken.original.received_at,
            arrival.known.frame,
            arrival.slot,
            taken.take,
            taken.original,
            taken.rendition,
        )
        note = sidecar_of(record.in_batch(batches))
        await to_its_end(self._vault.seal, arrival.looked.read.data, note)


def refuse_known(known: "Reception") -> None:
    """Refuse bytes that have a place already; raises ``PictureError`` and says where.

    What was taken back from another subject is no such place: the record warns of it.
    """
    for place in known.places:
        if place.refuses(known.sheet.visit.subject_id):
            words = known_words(place, known.sheet)
            raise PictureError(words, title="This picture is there already")


async def follow_former(sidecars: Sidecars, known: "Reception") -> None:
    """Note beside the former pictures that they were taken back, before the same ones come in.

    Else a rebuild could know of two that go.
    """
    for place in known.places:
        if place.visit_id is not None and place.gives_way_to(known.sheet.visit.subject_id):
            await sidecars.follow(place.visit_id)


def check_gone(sheet: VisitSheet) -> None:
    """Refuse a visit that can still be reopened; raises ``VisitClosedError``."""
    takes = (taken for shelf in sheet.shelves for taken in shelf.takes)
    if sheet.visit.status is not VisitStatus.FINISHED or any(
        visit_rules.may_still_come_back(taken) for taken in takes
    ):
        raise VisitClosedError(
            "The visit's pictures have not all gone yet. Reopen the visit and replace the "
            "picture there, or wait until they are sent."
        )


def choose_slot(sheet: VisitSheet, source: Source, slot_id: SlotId | None) -> Slot:
    """The given slot, else the one that the name speaks of, else an empty one, else a new one."""
    if slot_id is not None:
        given = next((shelf.slot for shelf in sheet.shelves if shelf.slot.id == slot_id), None)
        if given is None:
            raise PictureError("The place for this picture is not part of the visit. Choose one.")
        return given
    side = intake.side_of(source)
    shelf = intake.shelf_for(sheet.shelves, side)
    return shelf.slot if shelf is not None else free_slot(sheet, side or Side.OTHER, None)


def free_slot(sheet: VisitSheet, side: Side, image_type: ImageType | None) -> Slot:
    """A slot beyond the plan, after all others; of the image type of the visit's first slot."""
    slots = [shelf.slot for shelf in sheet.shelves]
    kind = image_type or (slots[0].image_type if slots else ImageType.SELFIE)
    alike = [slot.replicate for slot in slots if (slot.image_type, slot.side) == (kind, side)]
    return Slot(
        SlotId(new_id()),
        sheet.visit.id,
        kind,
        side,
        replicate=max(alike, default=0) + 1,
        position=max((slot.position for slot in slots), default=-1) + 1,
    )


def known_words(place: PicturePlace, sheet: VisitSheet) -> str:
    """Say where the same bytes lie already, and what to do."""
    visit = sheet.visit
    if place.visit_id == visit.id:
        slot = next((s.slot for s in sheet.shelves if s.slot.id == place.slot_id), None)
        where = f" as {slot_words(slot)}" if slot is not None else ""
        return f"The same picture lies in this visit already{where}. Nothing was added."
    if place.subject_id == visit.subject_id:
        return (
            f"The same picture lies in this subject's visit “{place.visit_name}” already. Choose "
            "the picture that was taken today."
        )
    return another_subjects_words(place)


def another_subjects_words(place: PicturePlace) -> str:
    """Say whose the same bytes are, and how they come to the subject that they belong to."""
    way_out = "take it out there first"
    if place.is_sent:
        way_out = (
            "take it back in the outbox (“Take back…”), wait until it is taken back, and then add "
            "it here"
        )
    elif place.is_taken_back:  # nobody has said yet whose this visit is
        way_out = "choose the subject of this visit first; it was taken back there"
    return (
        f"The same picture belongs to {whose(place)} already, visit “{place.visit_name}”. Check "
        f"whose picture it is: if it is there by mistake, {way_out}."
    )
