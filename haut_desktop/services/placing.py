"""Placing: a person says whose a held picture is, and in which slot of which visit it belongs.

Nothing is guessed here. What the note beside a picture claims is shown as a hint; subject, visit
and slot are those that somebody chose and said yes to, with a reason.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from haut_desktop.domain.audit import Act, given_reason
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.errors import PictureError, VaultError, VisitClosedError
from haut_desktop.domain.former import FormerSubject
from haut_desktop.domain.ids import ImageId, OriginalId, SubjectId, TakeId, VisitId, new_id
from haut_desktop.domain.imaging import Batch, Original, Side, Slot, Take
from haut_desktop.domain.overviews import PicturePlace
from haut_desktop.domain.study import Study
from haut_desktop.domain.visits import TakenPicture, VisitSheet, VisitStatus
from haut_desktop.services import intake, pictures, visit_rules
from haut_desktop.services.capture import Capture
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.hand_over import plan
from haut_desktop.services.judging import Sealed
from haut_desktop.services.picture_intake import (
    another_subjects_words,
    check_gone,
    follow_former,
    free_slot,
    refuse_known,
)
from haut_desktop.services.previews import PREVIEW_EDGE_PX
from haut_desktop.services.sidecars import Sidecars, sidecar_of
from haut_desktop.services.traffic import rest_of
from haut_desktop.services.writing import to_its_end

if TYPE_CHECKING:
    from haut_desktop.services.pictures import PictureFacts
    from haut_desktop.services.quality import View
    from haut_desktop.store.picture_record import PictureRecord, Reception
    from haut_desktop.store.pictures import PictureStore
    from haut_desktop.store.rebuilt import HeldPicture, RebuiltStore
    from haut_desktop.store.studies import StudyStore
    from haut_desktop.store.vault import Sidecar, Vault
    from haut_desktop.store.visits import VisitStore


class NoteWord(StrEnum):
    """What the note beside a picture is worth."""

    OURS = "ours"
    """Written with this station's keys."""
    NOT_OURS = "not-ours"
    ANOTHERS = "anothers"
    """It speaks of another picture: nothing in it is about this one."""
    MISSING = "missing"
    """It is not there, or can't be read."""


@dataclass(frozen=True, slots=True)
class WaitingPicture:
    """A picture that waits for a person, with all that may help to place it."""

    held: "HeldPicture"
    """Its reason is empty where that is all in ``note``."""
    note: NoteWord
    may_have_gone: bool
    """It may have been delivered before the record was lost: nothing rules that out. Once placed it
    goes only after the platform was asked (``services/former.py``)."""
    elsewhere: tuple[PicturePlace, ...]
    """Where the same bytes lie already."""


@dataclass(frozen=True, slots=True)
class Placement:
    """What somebody chose, and what of it was on the screen then."""

    subject_id: SubjectId
    visit_id: VisitId | None
    """None for a visit that is opened with this picture."""
    visit_name: str
    slot: Slot | None
    """One of the visit's or the plan's slots; None for an additional picture."""
    counting: TakeId | None = None
    """The slot's picture that counted when it was chosen."""


class Placing:
    """Lists the pictures that wait and puts them where a person says."""

    def __init__(
        self,
        *,
        rebuilt: "RebuiltStore",
        visits: "VisitStore",
        pictures: "PictureStore",
        studies: "StudyStore",
        vault: "Vault",
        capture: Capture,
        sidecars: Sidecars,
        act: Callable[[str], Act],
        changes: Changes,
        clock: Clock,
    ) -> None:
        self._rebuilt = rebuilt
        self._visits = visits
        self._pictures = pictures
        self._studies = studies
        self._vault = vault
        self._capture = capture
        self._sidecars = sidecars
        self._act = act
        self._changes = changes
        self._clock = clock

    async def waiting(self) -> tuple[WaitingPicture, ...]:
        """Give the pictures that wait, oldest first."""
        return tuple([await self._described(one) for one in await self._rebuilt.held_pictures()])

    async def thumbnail(self, original_id: OriginalId, edge_px: int) -> bytes:
        """Give a small JPEG of a picture; raises VaultError or PictureError."""
        return await self._capture.thumbnail(original_id, edge_px)

    async def sheets(self, subject_id: SubjectId) -> tuple[VisitSheet, ...]:
        """Give a subject's visits with what was taken for them, oldest first."""
        return await self._visits.sheets(subject_id)

    async def assign(
        self, original_id: OriginalId, study: Study, place: Placement, reason: str
    ) -> VisitId:
        """Put a picture into the slot that was chosen; it counts there from now on.

        In a visit that has gone it goes in a batch of its own, which supersedes what was sent from
        that slot. Raises ItemError without a reason, VisitClosedError when the visit is not as it
        was shown, PictureError when the same picture has a place or it can't be read, VaultError.
        ComputedAlreadyError when the visit has gone and the picture was computed before.
        """
        words = given_reason(reason)
        original = await self._pictures.original(original_id)
        await self._refuse_twin(original, place.subject_id)
        facts, view = await asyncio.to_thread(self._look, original)
        visit_id = place.visit_id
        if visit_id is None:
            opened = await self._capture.open_visit(study, place.subject_id, place.visit_name)
            visit_id = opened.id
        async with self._capture.changing:
            sealed = await self._place(original, facts, view, visit_id, place, words)
        await self._capture.judge(sealed)
        for topic in (Topic.VISITS, Topic.OUTBOX):
            self._changes.send(Change(topic, frozenset({visit_id})))
        return visit_id

    # ---- inside --------------------------------------------------------------------------

    async def _described(self, held: "HeldPicture") -> WaitingPicture:
        from haut_desktop.store.rebuilt import NOTE_NOT_OURS, NOTE_UNREADABLE

        note, former, _ = await asyncio.to_thread(self._read_note, held.original)
        places = await self._pictures.places_of(held.original.digest.sha256)
        elsewhere = tuple(place for place in places if place.original_id != held.original.id)
        if note is NoteWord.ANOTHERS:
            held = replace(held, claim={})
        if note is not NoteWord.OURS and held.reason in (NOTE_NOT_OURS, NOTE_UNREADABLE):
            held = replace(held, reason="")
        return WaitingPicture(held, note, former is not None, elsewhere)

    def _read_note(self, original: Original) -> "_Read":
        """Read what a note is worth, under which ids the picture may have gone, and whose it was.

        The ids are None for one that certainly has not gone: only a note of ours can say so, and
        only of the picture that it speaks of. Blocking.
        """
        from haut_desktop.store.vault import UnauthenticatedSidecarError

        try:
            note: Sidecar | None = self._vault.sidecar(original.vault_name)
        except UnauthenticatedSidecarError as error:
            word, note = NoteWord.NOT_OURS, error.claim
        except VaultError:
            return NoteWord.MISSING, (), None
        else:
            word = NoteWord.OURS
        if note is None:
            return word, (), None
        if not _is_of(note, original):
            return NoteWord.ANOTHERS, (), None
        record = note.record
        is_unsent = record is None or (record.batch is None and record.former is None)
        if word is NoteWord.OURS and is_unsent:
            return word, None, None
        return word, _names(record), _whose(note)

    async def _refuse_twin(self, original: Original, subject_id: SubjectId) -> None:
        """Before a visit is opened for it: no visit is left behind by a picture that can't go."""
        for place in await self._pictures.places_of(original.digest.sha256):
            if place.subject_id != subject_id and place.refuses(subject_id):
                words = another_subjects_words(place)
                raise PictureError(words, title="This picture is there already")

    def _look(self, original: Original) -> "tuple[PictureFacts, View]":
        from haut_desktop.services import quality

        data = self._vault.open(original.vault_name, original.digest.sha256)
        facts, pixels = pictures.inspect(data, PREVIEW_EDGE_PX)
        return facts, quality.view_of(pixels, facts.upright_size)

    async def _place(
        self,
        original: Original,
        facts: "PictureFacts",
        view: "View",
        visit_id: VisitId,
        place: Placement,
        reason: str,
    ) -> Sealed:
        act = self._act(reason)
        known = await self._pictures.reception(visit_id, original.digest.sha256, act.operator_id)
        _check_subject(known.sheet, place)
        refuse_known(known)
        slot, is_new = _slot_of(known.sheet, place)
        taken = await self._taken(original, facts, known, slot, reason)
        batches = await self._batches(known.sheet, taken, slot)
        _, former, whose = await asyncio.to_thread(self._read_note, original)
        await follow_former(self._sidecars, known)
        if batches:
            await self._sidecars.precede(known.frame.visit, batches)
            await to_its_end(self._write_note, known, slot, taken, batches, former, whose)
        await self._pictures.assign(
            original.id,
            taken.take,
            act,
            described=taken.original,
            new_slot=slot if is_new else None,
            batches=batches,
            former=None if former is None else (taken.rendition.id, former, whose),
        )
        await self._sidecars.follow(visit_id)
        return Sealed(taken, slot, known.frame.visit, view, known.frame.site.zone)

    async def _taken(
        self,
        original: Original,
        facts: "PictureFacts",
        known: "Reception",
        slot: Slot,
        reason: str,
    ) -> TakenPicture:
        rendition = await self._rebuilt.held_rendition(original.id)
        if rendition is None:
            raise VisitClosedError(
                "The picture waits no longer: somebody placed or erased it meanwhile.",
                title="The picture has a place",
            )
        number = known.next_numbers.get(slot.id, 1)
        take = Take(TakeId(new_id()), slot.id, number, counts=True, reason=reason)
        captured = original.captured
        if not captured.source.startswith("exif"):
            zone = known.frame.site.zone
            read = intake.capture_time(facts.taken, None, original.received_at, zone)
            captured = read if read.source.startswith("exif") else captured
        described = replace(
            original,
            take_id=take.id,
            media_type=facts.media_type,
            width=facts.width,
            height=facts.height,
            orientation=facts.orientation,
            captured=captured,
        )
        return TakenPicture(take, described, replace(rendition, media_type=facts.media_type))

    async def _batches(
        self, sheet: VisitSheet, taken: TakenPicture, slot: Slot
    ) -> tuple[Batch, ...]:
        """What takes the picture along in a visit that has gone; nothing while it is open."""
        if sheet.visit.status is VisitStatus.OPEN:
            return ()
        check_gone(sheet)
        study = await self._studies.study(sheet.visit.study_id)
        fresh = visit_rules.with_newest(sheet, taken)
        rest = await rest_of(self._studies, study)
        return await plan(self._pictures, fresh, study, self._clock(), rest, only=slot.id)

    def _write_note(
        self,
        known: "Reception",
        slot: Slot,
        taken: TakenPicture,
        batches: tuple[Batch, ...],
        former: tuple[ImageId, ...] | None,
        whose: FormerSubject | None,
    ) -> None:
        """Say beside the picture in which batch it goes, before the record says so (blocking)."""
        from haut_desktop.store.picture_record import PictureRecord

        record = PictureRecord(
            self._clock(), known.frame, slot, taken.take, taken.original, taken.rendition
        )
        note = sidecar_of(replace(record.in_batch(batches), former=former, former_subject=whose))
        self._vault.renew_sidecar(taken.original.vault_name, note)


_Read = tuple[NoteWord, tuple[ImageId, ...] | None, FormerSubject | None]


def _whose(note: "Sidecar") -> FormerSubject | None:
    """Whose the picture was before: the first word on it stands, whoever placed it since."""
    if note.record is not None and note.record.former is not None:
        return note.record.former_subject
    if note.subject_id is None:
        return None
    subject = note.record.frame.subject if note.record is not None else None
    entries = {
        one.dataset_id: one.platform_id
        for one in (subject.registrations if subject is not None else ())
        if one.platform_id is not None
    }
    return FormerSubject(note.subject_id, note.subject_code, entries)


def _is_of(note: "Sidecar", original: Original) -> bool:
    """Whether all that a note says is about the picture's very bytes."""
    record, digests = note.record, {note.digest.sha256}
    if record is not None:
        digests |= {record.original.digest.sha256, record.rendition.digest.sha256}
    return digests == {original.digest.sha256}


def _names(record: "PictureRecord | None") -> tuple[ImageId, ...]:
    """Under which ids of ours the platform may have the picture, as its note says or claims."""
    if record is None:
        return ()
    images = record.batch.images if record.batch is not None else ()
    mine = (image.id for image in images if image.rendition.id == record.rendition.id)
    return tuple(dict.fromkeys((*(record.former or ()), *mine)))


def _check_subject(sheet: VisitSheet, place: Placement) -> None:
    if sheet.visit.subject_id != place.subject_id:
        raise VisitClosedError(
            "The visit is not this subject's. Nothing was changed; choose the visit again.",
            title="Another subject's visit",
        )
    if sheet.visit.status is VisitStatus.MISSED:
        raise VisitClosedError("The visit was missed. Open another one for this picture.")


def _slot_of(sheet: VisitSheet, place: Placement) -> tuple[Slot, bool]:
    """The slot that was chosen, and whether the visit has none like it yet."""
    if place.slot is None:
        if sheet.visit.status is not VisitStatus.OPEN:
            raise VisitClosedError(
                "The visit is finished: a picture can only take the place of one of its views."
            )
        return free_slot(sheet, Side.OTHER, None), True
    shelf = next((s for s in sheet.shelves if s.slot.kind == place.slot.kind), None)
    if shelf is None:
        raise VisitClosedError("The visit no longer has this place. Choose again.")
    counting = shelf.counting.take.id if shelf.counting else None
    if counting != place.counting:
        raise VisitClosedError(
            "The visit's pictures have changed meanwhile. Look at them and choose again.",
            title="The visit has changed",
        )
    return shelf.slot, False
