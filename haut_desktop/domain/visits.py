"""Visits: one occurrence of an appointment, which owns the slots and the batches."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from haut_desktop.domain.delivery import ImageState
from haut_desktop.domain.ids import SlotId, StudyId, SubjectId, TakeId, VisitId
from haut_desktop.domain.imaging import (
    CaptureTime,
    Image,
    Original,
    Rendition,
    Slot,
    Take,
    Verdict,
)

OTHER_DAY: Final = "other-day"
"""The verdict on a picture that the camera's clock puts on another day than the visit's."""


class VisitKind(StrEnum):
    """How the visit came about."""

    PLANNED = "planned"
    UNSCHEDULED = "unscheduled"
    REPEAT = "repeat"


class VisitStatus(StrEnum):
    """Where the visit stands."""

    OPEN = "open"
    FINISHED = "finished"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Visit:
    """One appointment of a subject."""

    id: VisitId
    study_id: StudyId
    subject_id: SubjectId | None
    """None while the pictures were taken before anybody was registered."""
    name: str
    """The planned visit's name, e.g. ``Week 4``."""
    occurrence: int
    """1 for the first visit of this name, 2 for its repeat, and so on."""
    kind: VisitKind
    status: VisitStatus
    local_date: date
    """The date at the site, in the site's zone."""
    created_at: datetime
    missed_reason: str = ""
    observations: tuple[tuple[str, str], ...] = ()
    """Skin condition, device and the like, as name and value."""
    finished_at: datetime | None = None
    not_before: datetime | None = None
    """A finished visit rests until then and can be reopened."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """A slot with everything that was taken for it, newest take last."""

    slot: Slot
    takes: tuple["TakenPicture", ...] = ()

    @property
    def counting(self) -> "TakenPicture | None":
        """The take that counts; an erased one counts no longer."""
        return next((t for t in self.takes if t.take.counts and not t.is_erased), None)

    @property
    def to_go(self) -> "TakenPicture | None":
        """The take that counts, unless it is in a batch that stands already."""
        counting = self.counting
        return None if counting is None or counting.is_going else counting


@dataclass(frozen=True, slots=True)
class TakenPicture:
    """One take with its bytes' description and what was said about it."""

    take: Take
    original: Original
    rendition: Rendition
    verdicts: tuple[Verdict, ...] = ()
    image: Image | None = None
    """Its delivery, once the visit is finished."""
    is_taken_back: bool = False
    """Its batch was retracted: a later act may put the picture into another one."""
    erased_at: datetime | None = None
    """When its bytes left the station for ever."""

    @property
    def is_erased(self) -> bool:
        """Whether its bytes have left the station for ever."""
        return self.erased_at is not None or (
            self.image is not None and self.image.state is ImageState.ERASED
        )

    @property
    def is_going(self) -> bool:
        """Whether it is in a batch that stands."""
        return self.image is not None and not self.is_taken_back


@dataclass(frozen=True, slots=True)
class VisitSheet:
    """A visit as the capture page shows it."""

    visit: Visit
    shelves: tuple[Shelf, ...] = field(default_factory=tuple)

    @property
    def arrangement(self) -> "Arrangement":
        """What counts, and where: by it two readings of a visit are told apart."""
        counting = ((shelf.slot.id, shelf.counting) for shelf in self.shelves)
        return frozenset((slot_id, taken.take.id) for slot_id, taken in counting if taken)


Arrangement = frozenset[tuple[SlotId, TakeId]]
"""The takes that count, each with its slot."""


def other_day(captured: CaptureTime, visit: Visit, zone: str) -> date | None:
    """The day of a picture that the camera's clock puts on another day than the visit's."""
    if not captured.source.startswith("exif"):
        return None
    day = captured.utc.astimezone(ZoneInfo(zone)).date()
    return None if day == visit.local_date else day
