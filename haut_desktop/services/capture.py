"""Capture: a visit's pictures taken in, sealed before anything else is promised, and finished."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from haut_desktop.domain.audit import Act
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.errors import HautError
from haut_desktop.domain.ids import OriginalId, SlotId, StationId, SubjectId, TakeId, VisitId
from haut_desktop.domain.imaging import ImageType, Side, Slot
from haut_desktop.domain.study import Study
from haut_desktop.domain.visits import TakenPicture, Visit, VisitSheet

if TYPE_CHECKING:
    from haut_desktop.services.changes import Changes
    from haut_desktop.store.cache import PictureCache
    from haut_desktop.store.studies import StudyStore
    from haut_desktop.store.subjects import SubjectStore
    from haut_desktop.store.vault import Vault
    from haut_desktop.store.visits import VisitStore


@dataclass(frozen=True, slots=True)
class Pasted:
    """Picture bytes that come from no file: the clipboard's."""

    data: bytes
    name: str = "pasted picture"

    def __repr__(self) -> str:
        # bytes of a face must not reach a log by way of a traceback
        return f"Pasted({len(self.data)} bytes)"


Source = Path | Pasted


@dataclass(frozen=True, slots=True)
class IntakeOutcome:
    """What became of one dropped picture: exactly one of ``taken`` and ``error`` is set."""

    name: str
    """The file's name, for the screen only."""
    taken: TakenPicture | None = None
    error: HautError | None = None


class Capture:
    """The visits on this station and the pictures that are put into them."""

    def __init__(
        self,
        *,
        studies: "StudyStore",
        subjects: "SubjectStore",
        visits: "VisitStore",
        vault: "Vault",
        cache: "PictureCache",
        station_id: StationId,
        act: Callable[[str], Act],
        changes: "Changes",
        clock: Clock,
    ) -> None:
        self._studies = studies
        self._subjects = subjects
        self._visits = visits
        self._vault = vault
        self._cache = cache
        self._station_id = station_id
        self._act = act
        self._changes = changes
        self._clock = clock

    async def visits(self, subject_id: SubjectId) -> tuple[Visit, ...]:
        """List a subject's visits, oldest first."""
        raise NotImplementedError

    async def planned_names(self, study: Study, subject_id: SubjectId) -> tuple[str, ...]:
        """Name the plan's visits that the subject has not had yet, in the plan's order."""
        raise NotImplementedError

    async def open_visit(self, study: Study, subject_id: SubjectId | None, name: str) -> Visit:
        """Open a visit with the plan's slots; a name that is there already makes a repeat."""
        raise NotImplementedError

    async def sheet(self, visit_id: VisitId) -> VisitSheet:
        """Read a visit with its slots and takes."""
        raise NotImplementedError

    async def take_in(
        self, visit_id: VisitId, source: Source, slot_id: SlotId | None = None
    ) -> TakenPicture:
        """Read, check and seal one picture and put it into its slot.

        The slot is the given one, else the one that the file's name speaks of, else the next empty
        one, else a new free slot. Raises ``PictureError``, ``DiskFullError`` or ``VaultError``.
        """
        raise NotImplementedError

    async def take_in_all(
        self,
        visit_id: VisitId,
        sources: Iterable[Source],
        on_outcome: Callable[[IntakeOutcome], None],
        *,
        slot_id: SlotId | None = None,
    ) -> None:
        """Take in pictures and folders one by one; an error of one does not stop the others."""
        raise NotImplementedError

    async def add_free_slot(
        self, visit_id: VisitId, side: Side, image_type: ImageType | None = None
    ) -> Slot:
        """Add a slot beyond the plan; without an image type, one like the visit's others."""
        raise NotImplementedError

    async def move_take(self, take_id: TakeId, slot_id: SlotId, reason: str = "") -> None:
        """Put a take into another slot of its visit, before the visit is finished."""
        raise NotImplementedError

    async def choose_take(self, take_id: TakeId, reason: str = "") -> None:
        """Let this take count instead of its slot's other ones."""
        raise NotImplementedError

    async def remove_take(self, take_id: TakeId, reason: str = "") -> None:
        """Take a picture out of the visit, before the visit is finished."""
        raise NotImplementedError

    async def thumbnail(self, original_id: OriginalId, edge_px: int) -> bytes:
        """Give a PNG, orientation applied, whose longer edge is at most ``edge_px`` pixels."""
        raise NotImplementedError

    async def picture(self, original_id: OriginalId) -> bytes:
        """Open the original's bytes, exactly as they came."""
        raise NotImplementedError

    async def previous_front(self, subject_id: SubjectId, before: VisitId) -> OriginalId | None:
        """Find the front view of the subject's latest earlier visit that has one."""
        raise NotImplementedError

    async def problems(self, visit_id: VisitId) -> tuple[str, ...]:
        """Say in words what stands against finishing, e.g. a required view that is missing."""
        raise NotImplementedError

    async def finish(self, visit_id: VisitId, reason: str = "") -> Visit:
        """Seal the visit into batches, one per dataset and way, which rest and then go.

        ``reason`` says why a required view is missing. Raises ``PictureError``.
        """
        raise NotImplementedError

    async def reopen(self, visit_id: VisitId) -> Visit:
        """Take a finished visit back while nothing of it has been initiated."""
        raise NotImplementedError
