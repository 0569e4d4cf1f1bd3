"""Spooling: pictures taken in on a cold start with a locked keyring, placed after the unlocking."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from haut_desktop.domain.errors import HautError, PictureError
from haut_desktop.domain.ids import OriginalId, RenditionId, StationId, new_id
from haut_desktop.domain.imaging import CaptureTime, Original, Rendition, Transform
from haut_desktop.services import intake, pictures
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.disk_space import DiskSpace
from haut_desktop.services.intake import Source
from haut_desktop.services.writing import to_its_end

if TYPE_CHECKING:
    from haut_desktop.services.pictures import PictureFacts
    from haut_desktop.store.pictures import PictureStore
    from haut_desktop.store.rebuilt import RebuiltStore
    from haut_desktop.store.spool import Spool, SpoolNote
    from haut_desktop.store.studies import StudyStore
    from haut_desktop.store.vault import Vault

NEVER_SEALED: Final = (
    "The program ended before the picture of this note was sealed; nobody was told that it was."
)
IN_THE_VAULT: Final = "The picture of this note lies in the vault; the note was left in the spool."
ERASED: Final = (
    "The picture was erased since it came into the record; this copy of it goes as well."
)
TWIN: Final = "The record has the same picture already, and the vault's copy is proven."

WAITS: Final = "Taken in while the keyring was locked. Say whose picture it is."

_LONE_AFTER: Final = timedelta(hours=1)
"""A note without a picture that is older belongs to no intake that is still going on."""
_EDGE_PX: Final = 160
"""Longer edge of the small picture in the list."""
_TWICE: Final = (
    "The same picture is in the list already. To say something else of it, choose it there, type "
    "the words, and press “Put these words on them”."
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Drained:
    """What became of the spool's pictures after the unlocking."""

    placed: tuple[OriginalId, ...] = ()
    """Lie in the vault and wait for a person to say whose they are."""
    known: int = 0
    """Were in the record already, byte for byte; some may have been erased since."""
    kept: tuple[tuple[str, HautError], ...] = ()
    """Stay in the spool, and why."""


@dataclass(frozen=True, slots=True)
class Spooled:
    """A picture that lies sealed in the spool."""

    note: "SpoolNote"
    thumbnail: bytes
    """Upright, for the screen; it lies on no disk."""

    def __repr__(self) -> str:
        # what was typed names a subject, and must not reach a log by way of a traceback
        return f"Spooled({self.note.original_id})"


class SpoolIntake:
    """Takes pictures in that nobody can place yet; needs no keyring."""

    def __init__(self, spool: "Spool", space: DiskSpace) -> None:
        self._spool = spool
        self._space = space
        self._sealed: set[str] = set()

    async def waiting(self) -> int:
        """How many pictures lie in the spool."""
        return len(await asyncio.to_thread(self._spool.names))

    async def expand(self, source: Source) -> tuple[Source, ...]:
        """Give a folder's pictures; anything else is itself; raises PictureError."""
        return await asyncio.to_thread(intake.expand, source)

    async def take_in(self, source: Source, words: Mapping[str, str]) -> Spooled:
        """Read, check and seal a picture; raises PictureError, DiskFullError or VaultError."""
        return await to_its_end(self._take_in, source, words)

    async def say(self, spooled: Spooled, words: Mapping[str, str]) -> Spooled:
        """Put other words on a sealed picture; raises DiskFullError or VaultError."""
        return replace(spooled, note=await to_its_end(self._spool.say, spooled.note, words))

    def _take_in(self, source: Source, words: Mapping[str, str]) -> Spooled:
        self._space.check()
        read = intake.read(source)
        if read.digest.sha256 in self._sealed:
            raise PictureError(_TWICE, title="Sealed already")
        _facts, pixels = pictures.inspect(read.data)
        small = pictures.encode_small(pictures.shrink(pixels, _EDGE_PX))
        note = self._spool.seal(read.data, words, file_name=read.name)
        self._sealed.add(read.digest.sha256)
        return Spooled(note, small)


class SpoolDrain:
    """Moves the spool's pictures into the vault and the record once the keys are open."""

    def __init__(
        self,
        *,
        spool: "Spool",
        identity: str,
        vault: "Vault",
        pictures: "PictureStore",
        rebuilt: "RebuiltStore",
        studies: "StudyStore",
        station_id: StationId,
        changing: asyncio.Lock,
        changes: Changes,
    ) -> None:
        self._spool = spool
        self._identity = identity
        self._vault = vault
        self._pictures = pictures
        self._rebuilt = rebuilt
        self._studies = studies
        self._station_id = station_id
        # the same bytes may be dropped on a visit at this moment
        self._changing = changing
        self._changes = changes

    async def drain(self) -> Drained:
        """Place every picture; one that can't be placed stays and does not stop the others.

        A crash in the middle is harmless: a picture keeps its id, and leaves the spool last.
        """
        placed: list[OriginalId] = []
        kept: list[tuple[str, HautError]] = []
        known = 0
        await self._clear_left_over()
        names = await asyncio.to_thread(self._spool.names)
        site = await self._studies.site() if names else None
        for name in names:
            try:
                async with self._changing:
                    original_id = await self._place(name, site.zone if site else "UTC")
            except HautError as error:
                _log.info("spooled picture %s stays: %s", name, error.kind)
                kept.append((name, error))
                continue
            if original_id is None:
                known += 1
            else:
                placed.append(original_id)
        if placed:
            self._changes.send(Change(Topic.OUTBOX))
            self._changes.send(Change(Topic.VISITS))
        return Drained(tuple(placed), known, tuple(kept))

    async def _clear_left_over(self) -> None:
        """Clear away what a crash left: halves, and notes without a picture, with their record."""
        before = datetime.now(UTC) - _LONE_AFTER  # by the clock of the files
        await to_its_end(self._spool.clear_half_written, before)
        lone = await asyncio.to_thread(self._spool.lone_notes, before)
        names = [self._vault.name_for(original_id) for original_id in lone]
        strangers = frozenset(await self._pictures.strangers(names))
        for original_id, name in zip(lone, names, strict=True):
            reason = NEVER_SEALED if name in strangers else IN_THE_VAULT
            try:
                await self._rebuilt.note_cleared(original_id, reason)
                await to_its_end(self._spool.remove_note, original_id)
            except HautError as error:
                _log.info("the note of %s stays in the spool: %s", original_id, error.kind)

    async def _place(self, name: str, zone: str) -> OriginalId | None:
        """Place one picture; None when the record has, or had, its bytes already."""
        note, data = await asyncio.to_thread(self._spool.open, name, self._identity)
        if await self._pictures.is_erased(note.original_id):
            await self._clear(name, note, ERASED)  # it could not leave the spool before
            return None
        places = await self._pictures.places_of(note.digest.sha256)
        others = [p for p in places if p.original_id != note.original_id and not p.is_taken_back]
        twin = others[0].original_id if others else None
        if twin is not None:
            # the spool's copy goes only when the other one is proven
            vault_name = self._vault.name_for(twin)
            await asyncio.to_thread(self._vault.open, vault_name, note.digest.sha256)
            await self._clear(name, note, TWIN)
            return None
        facts, _pixels = await asyncio.to_thread(pictures.inspect, data)
        original = self._describe(note, facts, zone)
        await to_its_end(self._seal, original, note, data)
        rendition = Rendition(
            RenditionId(new_id()),
            original.id,
            Transform(),
            original.digest,
            original.media_type,
            original.vault_name,
        )
        await self._rebuilt.hold(original, rendition, WAITS, note.words)
        await to_its_end(self._spool.remove, name)
        # one that could not leave the spool before may have been placed since
        return original.id if await self._rebuilt.count_held((original.id,)) else None

    async def _clear(self, name: str, note: "SpoolNote", reason: str) -> None:
        await self._rebuilt.note_cleared(note.original_id, reason)
        await to_its_end(self._spool.remove, name)

    def _describe(self, note: "SpoolNote", facts: "PictureFacts", zone: str) -> Original:
        captured: CaptureTime = intake.capture_time(facts.taken, None, note.received_at, zone)
        return Original(
            id=note.original_id,
            take_id=None,
            digest=note.digest,
            media_type=facts.media_type,
            width=facts.width,
            height=facts.height,
            orientation=facts.orientation,
            file_name=note.file_name,
            captured=captured,
            received_at=note.received_at,
            vault_name=self._vault.name_for(note.original_id),
        )

    def _seal(self, original: Original, note: "SpoolNote", data: bytes) -> None:
        """Seal into the vault, unless a crash came after that (blocking)."""
        from haut_desktop.store.vault import Sidecar

        if self._vault.holds(original.vault_name):
            if self._vault.open(original.vault_name, original.digest.sha256) != data:
                raise PictureError("The vault holds another picture under this name.")
            return
        sidecar = Sidecar(
            original_id=original.id,
            digest=original.digest,
            study_id=None,
            subject_id=None,
            subject_code=note.words.get("subject_code", ""),
            visit_id=None,
            visit_name=note.words.get("visit", ""),
            slot="",
            take=0,
            captured_at=original.captured.utc,
            received_at=original.received_at,
            station_id=self._station_id,
            operator_id=None,
            media_type=original.media_type,
            file_name=original.file_name,
        )
        self._vault.seal(data, sidecar)
