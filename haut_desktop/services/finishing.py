"""Finishing a visit: what is missing, and which pictures go together by which way."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from haut_desktop.domain.delivery import BatchState, ImageState, Route
from haut_desktop.domain.errors import PictureError
from haut_desktop.domain.ids import BatchId, ImageId, SlotId, new_id
from haut_desktop.domain.imaging import Batch, Image, Side, Slot, image_name
from haut_desktop.domain.study import Dataset, Study
from haut_desktop.domain.visits import Shelf, TakenPicture, Visit, VisitSheet
from haut_desktop.services.pictures import SUFFIXES

SIGNED_SIDES: Final = frozenset({Side.FRONT, Side.LEFT, Side.RIGHT})
"""The signed route has one place for each of these and none for anything else."""


@dataclass(frozen=True, slots=True)
class _Parcel:
    """A picture that is to go, with its slot and the batch that it replaces something of."""

    slot: Slot
    picture: TakenPicture
    replaces: BatchId | None


def missing_views(sheet: VisitSheet) -> tuple[str, ...]:
    """Say in words which required views have no picture."""
    return tuple(
        f"The {slot_words(shelf.slot)} is missing."
        for shelf in sheet.shelves
        if shelf.slot.is_required and shelf.counting is None
    )


def problems_of(sheet: VisitSheet) -> tuple[str, ...]:
    """Say in words what stands against finishing."""
    if not any(shelf.counting for shelf in sheet.shelves):
        return ("The visit has no picture yet.",)
    return missing_views(sheet)


def check_has_pictures(sheet: VisitSheet) -> None:
    """Refuse a visit without a picture that counts; raises ``PictureError``."""
    if not any(shelf.counting for shelf in sheet.shelves):
        raise _nothing_to_send()


def slot_words(slot: Slot) -> str:
    """Name a slot: ``front view``, ``left view, uv, 2nd``."""
    words = [f"{slot.side} view" if slot.side is not Side.OTHER else "additional picture"]
    if slot.light != "regular":
        words.append(slot.light.replace("_", " "))
    if slot.step:
        words.append(slot.step)
    if slot.replicate > 1:
        words.append(f"no. {slot.replicate}")
    return ", ".join(words)


def plan_batches(
    sheet: VisitSheet,
    study: Study,
    now: datetime,
    rest: timedelta,
    *,
    only: SlotId | None = None,
) -> tuple[Batch, ...]:
    """Put the pictures that have not gone yet into batches: one per dataset and way.

    A picture that is in a batch that stands is never put into another one: nothing is computed
    twice. They go after their ``rest``. With ``only`` just that slot's picture goes; what was
    taken back beside it stays so.
    Raises ``PictureError`` when there is nothing to send or no dataset for a picture.
    """
    shelves = [shelf for shelf in sheet.shelves if only in (None, shelf.slot.id)]
    parcels = [parcel for shelf in shelves if (parcel := _parcel(shelf))]
    if not parcels:
        raise _nothing_to_send()
    batches = []
    for image_type in dict.fromkeys(parcel.slot.image_type for parcel in parcels):
        dataset = study.dataset_for(image_type)
        if dataset is None:
            raise PictureError(
                f"The study has no dataset for {image_type} pictures. Take them out of the visit, "
                "or ask the study's administrator to add one.",
                title="No place for a picture",
            )
        mine = [parcel for parcel in parcels if parcel.slot.image_type is image_type]
        for route, together in _ways(dataset, mine):
            batch = _batch(sheet.visit, dataset, route, together, now)
            batches.append(replace(batch, not_before=now + rest))
    return tuple(batches)


def _nothing_to_send() -> PictureError:
    return PictureError(
        "There is no new picture in this visit. Add the visit's pictures, then finish it.",
        title="Nothing to finish",
    )


def _parcel(shelf: Shelf) -> _Parcel | None:
    picture = shelf.to_go
    if picture is None:
        return None
    gone = [taken.image.batch_id for taken in shelf.takes if taken.image is not None]
    return _Parcel(shelf.slot, picture, gone[-1] if gone else None)


def _ways(dataset: Dataset, parcels: Sequence[_Parcel]) -> Iterable[tuple[Route, list[_Parcel]]]:
    """Split a signed dataset's pictures: one face by the signed way, the rest inline."""
    if dataset.route is Route.INLINE:
        return [(Route.INLINE, list(parcels))]
    face: dict[Side, _Parcel] = {}
    rest: list[_Parcel] = []
    for parcel in sorted(parcels, key=lambda parcel: parcel.slot.position):
        side = parcel.slot.side
        if side in SIGNED_SIDES and side not in face and parcel.slot.light == "regular":
            face[side] = parcel
        else:
            rest.append(parcel)
    ways = ((Route.SIGNED, list(face.values())), (Route.INLINE, rest))
    return [(route, together) for route, together in ways if together]


def _batch(
    visit: Visit,
    dataset: Dataset,
    route: Route,
    parcels: Sequence[_Parcel],
    now: datetime,
) -> Batch:
    batch_id = BatchId(new_id())
    return Batch(
        id=batch_id,
        visit_id=visit.id,
        dataset_id=dataset.id,
        route=route,
        state=BatchState.OPEN,
        images=tuple(_image(batch_id, visit, parcel) for parcel in parcels),
        created_at=_captured_at(visit, parcels, now),
        supersedes=next((parcel.replaces for parcel in parcels if parcel.replaces), None),
    )


def _image(batch_id: BatchId, visit: Visit, parcel: _Parcel) -> Image:
    image_id, rendition = ImageId(new_id()), parcel.picture.rendition
    visit_words = visit.name if visit.occurrence == 1 else f"{visit.name}-{visit.occurrence}"
    return Image(
        id=image_id,
        batch_id=batch_id,
        rendition=rendition,
        side=parcel.slot.side,
        light=parcel.slot.light,
        name=image_name(
            visit=visit_words,
            slot=parcel.slot,
            take=parcel.picture.take.number,
            image_id=image_id,
            suffix=SUFFIXES[rendition.media_type],
        ),
        state=ImageState.SEALED,
    )


def _captured_at(visit: Visit, parcels: Sequence[_Parcel], now: datetime) -> datetime:
    """The first moment by a camera's clock, else the visit's own; never in the future."""
    by_camera = [
        parcel.picture.original.captured.utc
        for parcel in parcels
        if parcel.picture.original.captured.source.startswith("exif")
    ]
    return min([*by_camera, now]) if by_camera else min(visit.created_at, now)
