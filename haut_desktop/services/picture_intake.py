"""Intake: a picture read, checked, sealed in the vault, and only then written into the record."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from haut_desktop.domain.audit import BY_ITSELF, Act
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
    CaptureTime,
    ImageType,
    Original,
    Rendition,
    Side,
    Slot,
    Take,
    Transform,
    VerdictLevel,
)
from haut_desktop.domain.overviews import PicturePlace
from haut_desktop.domain.visits import TakenPicture, Visit, VisitSheet, VisitStatus
from haut_desktop.services import finishing, intake, pictures, quality, visit_rules
from haut_desktop.services.disk_space import DiskSpace
from haut_desktop.services.finishing import slot_words
from haut_desktop.services.intake import ReadPicture, Source
from haut_desktop.services.pictures import PictureFacts
from haut_desktop.services.sidecars import Sidecars, sidecar_of

if TYPE_CHECKING:
    from haut_desktop.services.pictures import Pixels
    from haut_desktop.store.studies import StudyStore
    from haut_desktop.store.vault import Vault
    from haut_desktop.store.visits import VisitStore

_log = logging.getLogger(__name__)

_SHOWS_A_FACE: Final = frozenset({ImageType.SELFIE, ImageType.VISIA})
_AS_IT_IS: Final = Transform()


@dataclass(frozen=True, slots=True)
class Looked:
    """A picture that passed every check, still in memory."""

    read: ReadPicture
    facts: PictureFacts
    pixels: "Pixels"
    captured: CaptureTime
    zone: str
    """The site's."""


class PictureIntake:
    """Takes pictures in one after the other; a refused one leaves no trace."""

    def __init__(
        self,
        *,
        studies: "StudyStore",
        visits: "VisitStore",
        vault: "Vault",
        space: DiskSpace,
        sidecars: Sidecars,
        act: Callable[[str], Act],
        clock: Clock,
        changing: asyncio.Lock,
    ) -> None:
        self._studies = studies
        self._visits = visits
        self._vault = vault
        self._space = space
        self._sidecars = sidecars
        self._act = act
        self._clock = clock
        # two drops of the same bytes at once must see each other
        self._changing = changing

    async def take_in(
        self,
        visit_id: VisitId,
        source: Source,
        slot_id: SlotId | None,
    ) -> TakenPicture:
        """Take in one picture of an open visit; raises as ``Capture.take_in`` does."""
        async with self._changing:
            sheet = await self._visits.sheet(visit_id)
            if sheet.visit.status is not VisitStatus.OPEN:
                raise VisitClosedError("The visit is finished. Reopen it to add pictures.")
            looked = await self._look(sheet, source)
            slot = choose_slot(sheet, source, slot_id)
            taken = await self._describe(slot, looked, "")
            await self._seal(sheet.visit, slot, taken, looked)
            await self._write(sheet, slot, taken)
        return await self._judge(taken, slot, sheet.visit, looked)

    async def retake(
        self, visit_id: VisitId, source: Source, slot_id: SlotId, reason: str
    ) -> TakenPicture:
        """Take in a picture of a visit that has gone; raises as ``Capture.retake`` does.

        Picture and batch come into the record together: neither is ever there without the other.
        """
        async with self._changing:
            sheet = await self._visits.sheet(visit_id)
            _check_gone(sheet)
            looked = await self._look(sheet, source)
            slot = choose_slot(sheet, source, slot_id)
            taken = await self._describe(slot, looked, reason)
            study = await self._studies.study(sheet.visit.study_id)
            fresh = visit_rules.with_newest(sheet, taken)
            batches = finishing.plan_batches(fresh, study, self._clock(), only=slot.id)
            await self._sidecars.precede(sheet.visit, batches)
            await self._seal(sheet.visit, slot, taken, looked, batches)
            await self._visits.add_retake(
                taken.original, taken.rendition, taken.take, batches, self._act(reason)
            )
        return await self._judge(taken, slot, sheet.visit, looked)

    async def _zone(self) -> str:
        site = await self._studies.site()
        return site.zone if site is not None else "UTC"

    async def _look(self, sheet: VisitSheet, source: Source) -> Looked:
        looked = await asyncio.to_thread(self._read, source, await self._zone())
        await self._refuse_known(sheet, looked.read.digest.sha256)
        return looked

    def _read(self, source: Source, zone: str) -> Looked:
        self._space.check()
        read = intake.read(source)
        facts, pixels = pictures.inspect(read.data)
        now = self._clock()
        captured = intake.capture_time(facts.taken, read.modified_at, now, zone)
        return Looked(read, facts, pixels, captured, zone)

    async def _refuse_known(self, sheet: VisitSheet, sha256: str) -> None:
        for place in await self._visits.places_of(sha256):
            if place.visit_id is not None:
                raise PictureError(known_words(place, sheet), title="This picture is there already")

    async def _describe(self, slot: Slot, looked: Looked, reason: str) -> TakenPicture:
        number = await self._visits.next_take_number(slot.id)
        take = Take(TakeId(new_id()), slot.id, number, counts=True, reason=reason)
        facts, digest = looked.facts, looked.read.digest
        original_id = OriginalId(new_id())
        vault_name = self._vault.name_for(original_id)
        original = Original(
            id=original_id,
            take_id=take.id,
            digest=digest,
            media_type=facts.media_type,
            width=facts.width,
            height=facts.height,
            orientation=facts.orientation,
            file_name=looked.read.name,
            captured=looked.captured,
            received_at=self._clock(),
            vault_name=vault_name,
        )
        rendition = Rendition(
            RenditionId(new_id()), original_id, _AS_IT_IS, digest, facts.media_type, vault_name
        )
        return TakenPicture(take, original, rendition)

    async def _seal(
        self,
        visit: Visit,
        slot: Slot,
        taken: TakenPicture,
        looked: Looked,
        batches: Iterable[Batch] = (),
    ) -> None:
        # sealing's library is loaded with the first picture, not at the program's start
        from haut_desktop.store.picture_record import PictureRecord

        frame = await self._visits.frame(visit.id, self._act("").operator_id)
        at, original = taken.original.received_at, taken.original
        record = PictureRecord(at, frame, slot, taken.take, original, taken.rendition)
        note = sidecar_of(record.in_batch(batches))
        await asyncio.to_thread(self._vault.seal, looked.read.data, note)

    async def _write(self, sheet: VisitSheet, slot: Slot, taken: TakenPicture) -> None:
        act = self._act("")
        if all(shelf.slot.id != slot.id for shelf in sheet.shelves):
            await self._visits.add_slot(slot, act)
        await self._visits.add_picture(taken.original, taken.rendition, taken.take, (), act)

    async def _judge(
        self, taken: TakenPicture, slot: Slot, visit: Visit, looked: Looked
    ) -> TakenPicture:
        """Add the station's verdicts; whatever goes wrong here leaves the picture taken in."""
        needs_face = slot.image_type in _SHOWS_A_FACE and slot.side is not Side.OTHER
        try:
            findings = await asyncio.to_thread(
                quality.judge_pixels, looked.pixels, needs_face=needs_face, side=slot.side
            )
            day = _other_day(looked.captured, visit, looked.zone)
            verdicts = tuple(
                finding.of(taken.rendition.id) for finding in (*findings, *((day,) if day else ()))
            )
            await self._visits.add_verdicts(verdicts, BY_ITSELF)
        except Exception:  # noqa: BLE001 - it is taken in already
            _log.exception("picture %s could not be judged", taken.original.id)
            return taken
        return replace(taken, verdicts=verdicts)


def _check_gone(sheet: VisitSheet) -> None:
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
    whose = f"subject {place.subject_code}" if place.subject_code else "nobody yet"
    return (
        f"The same picture belongs to {whose} already, visit “{place.visit_name}”. Check whose "
        "picture it is: if it is there by mistake, take it out there first."
    )


def _other_day(captured: CaptureTime, visit: Visit, zone: str) -> quality.Finding | None:
    if not captured.source.startswith("exif"):
        return None
    day = captured.utc.astimezone(ZoneInfo(zone)).date()
    if day == visit.local_date:
        return None
    text = (
        f"By the camera's clock it was taken on {day.isoformat()}, and the visit is on "
        f"{visit.local_date.isoformat()}. Check the clock, and that it is this visit's picture."
    )
    return quality.Finding("other-day", VerdictLevel.WARN, text)
