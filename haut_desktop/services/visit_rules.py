"""Rules of a visit that need nothing but the record's values."""

from dataclasses import replace
from typing import Final

from haut_desktop.domain.delivery import ImageState
from haut_desktop.domain.ids import OriginalId, SlotId, VisitId, new_id
from haut_desktop.domain.imaging import ImageType, Side, Slot
from haut_desktop.domain.study import Study
from haut_desktop.domain.visits import Shelf, TakenPicture, VisitKind, VisitSheet

LONGEST_NAME: Final = 60
"""Characters of a visit's name, as many as an image's name carries of it."""


def kind_of(study: Study, name: str, *, is_repeat: bool) -> VisitKind:
    """Say how a visit of this name came about."""
    if is_repeat:
        return VisitKind.REPEAT
    return VisitKind.PLANNED if name in study.plan.planned_visits else VisitKind.UNSCHEDULED


def planned_slots(study: Study, visit_id: VisitId) -> tuple[Slot, ...]:
    """The plan's shots, all of the study's first image type: faces where it has them."""
    types = [dataset.image_type for dataset in study.datasets]
    faces = ImageType.SELFIE in types or not types
    image_type = ImageType.SELFIE if faces else types[0]
    return tuple(
        Slot(
            id=SlotId(new_id()),
            visit_id=visit_id,
            image_type=image_type,
            side=shot.side,
            light=shot.light,
            step=shot.step,
            replicate=shot.replicate,
            position=position,
            is_required=shot.is_required,
        )
        for position, shot in enumerate(study.plan.shots)
    )


def may_still_come_back(taken: TakenPicture) -> bool:
    """Whether the picture waits in a batch of which nothing has been initiated."""
    image = taken.image
    if image is None or taken.is_taken_back:
        return False
    return image.state is ImageState.SEALED and image.platform_id is None


def with_newest(sheet: VisitSheet, taken: TakenPicture) -> VisitSheet:
    """The visit with one more take, which counts instead of its slot's other ones."""
    return replace(
        sheet,
        shelves=tuple(
            _with_take(shelf, taken) if shelf.slot.id == taken.take.slot_id else shelf
            for shelf in sheet.shelves
        ),
    )


def _with_take(shelf: Shelf, taken: TakenPicture) -> Shelf:
    aside = tuple(replace(old, take=replace(old.take, counts=False)) for old in shelf.takes)
    return replace(shelf, takes=(*aside, taken))


def front_of(sheet: VisitSheet) -> OriginalId | None:
    """The front view that counts."""
    fronts = (
        shelf.counting.original.id
        for shelf in sheet.shelves
        if shelf.slot.side is Side.FRONT and shelf.counting is not None
    )
    return next(fronts, None)
