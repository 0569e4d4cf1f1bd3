"""All that the record says about one picture: the part of a sidecar that a rebuild is made of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from haut_desktop.domain.former import FormerSubject
from haut_desktop.domain.ids import ImageId, SlotId
from haut_desktop.domain.imaging import Batch, Original, Rendition, Slot, Take, Verdict
from haut_desktop.domain.overviews import PicturePlace
from haut_desktop.domain.study import Operator, Site, Station, Study
from haut_desktop.domain.subjects import Subject
from haut_desktop.domain.visits import Visit, VisitSheet


@dataclass(frozen=True, slots=True)
class StationFrame:
    """The place where a vault stands."""

    site: Site
    station: Station


@dataclass(frozen=True, slots=True)
class VisitFrame:
    """Everything around a visit's pictures."""

    site: Site
    station: Station
    study: Study
    subject: Subject | None
    visit: Visit
    operator: Operator | None
    """Who took the picture in."""
    slots: tuple[Slot, ...] = ()
    """All that the visit expects, the empty ones too."""


@dataclass(frozen=True, slots=True)
class Reception:
    """All that must be known to take a picture in, from one moment."""

    sheet: VisitSheet
    frame: VisitFrame
    places: tuple[PicturePlace, ...]
    """Where the same bytes were taken in before."""
    next_numbers: Mapping[SlotId, int]
    """Of each slot's next take; removed ones keep theirs."""


@dataclass(frozen=True, slots=True)
class PictureRecord:
    """One picture with everything around it, as it was known at ``written_at``."""

    written_at: datetime
    frame: VisitFrame
    slot: Slot
    take: Take
    original: Original
    rendition: Rendition
    is_removed: bool = False
    """Somebody took it out of the visit; its bytes stay."""
    batch: Batch | None = None
    """With all its pictures, so that a missing one is noticed; never with signed addresses."""
    former: tuple[ImageId, ...] | None = None
    """A picture that a person placed and that may have been delivered before: the ids that it may
    have there. None for any other, and once the platform was asked."""
    former_subject: FormerSubject | None = None
    """Whose such a picture was by its former note."""
    verdicts: tuple[Verdict, ...] = ()
    """What was said of it so far; there is none yet when it is sealed."""

    def in_batch(self, batches: Iterable[Batch]) -> "PictureRecord":
        """The same picture as part of the latest of ``batches`` that carries it."""
        mine = [b for b in batches if any(i.rendition.id == self.rendition.id for i in b.images)]
        return replace(self, batch=without_addresses(mine[-1])) if mine else self


def without_addresses(batch: Batch) -> Batch:
    """The batch without its signed addresses, which are secrets and expire."""
    return replace(batch, images=tuple(replace(image, address=None) for image in batch.images))
