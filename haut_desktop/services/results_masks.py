"""The masks of a visit: what can be laid over a picture now, and what is still to come."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from haut_desktop.domain.analysis import AlgorithmResult, Application, Completeness, Mask
from haut_desktop.domain.delivery import ImageState
from haut_desktop.domain.imaging import REGULAR, Batch, Side
from haut_desktop.services.results_order import UNKNOWN, place_among_all
from haut_desktop.services.results_wanted import mask_key


@dataclass(frozen=True, slots=True)
class MaskLayer:
    """A mask that can be laid over a picture of the same side, light and space."""

    result: AlgorithmResult
    mask: Mask
    key: str = ""
    """Opens the raster, where the mask is a picture of its own; empty for shapes."""
    place: int = UNKNOWN
    """Where its algorithm stands among those of all applications, whatever else has arrived."""
    light: str = REGULAR


class MasksState(StrEnum):
    """Why a picture has no mask (yet)."""

    COMING = "coming"
    """Results are awaited, or what they name is being fetched."""
    AWAY = "away"
    """There are masks, and they could not be fetched."""
    NONE = "none"
    """The algorithms drew none."""


@dataclass(frozen=True, slots=True)
class MasksAway:
    """Masks of a visit that this station does not have, by the pictures that they lie on."""

    places: frozenset[tuple[Side, str, str]] = frozenset()
    """Side, light and space of those that the results name."""
    is_being_fetched: bool = False
    """Whether the station fetches what the visit lacks at this moment."""

    def of(self, side: Side, light: str, space: str, state: Completeness) -> MasksState:
        """Say it for one picture of a visit whose analysis has come as far as ``state``."""
        if state in {Completeness.PENDING, Completeness.PARTIAL}:
            return MasksState.COMING
        if (side, light, space) not in self.places:
            return MasksState.NONE
        return MasksState.COMING if self.is_being_fetched else MasksState.AWAY


def layers_of(
    batch: Batch,
    results: Iterable[AlgorithmResult],
    rasters: frozenset[str],
    catalog: Sequence[Application],
) -> Iterator[MaskLayer]:
    """Every mask that can be shown now; ``rasters`` are the keys of those that are kept."""
    for result in results:
        place = place_among_all(result, catalog)
        for mask in result.masks:
            key = mask_key(batch, result, mask.side, mask.space)
            if mask.shapes:
                yield MaskLayer(result, mask, place=place, light=_light(batch, result, mask))
            elif key in rasters:
                yield MaskLayer(result, mask, key, place, _light(batch, result, mask))


def _light(batch: Batch, result: AlgorithmResult, mask: Mask) -> str:
    return batch.light_of(mask.side) if result.platform_image_id is None else result.light


def places_away(
    batch: Batch, results: Iterable[AlgorithmResult], rasters: frozenset[str]
) -> frozenset[tuple[Side, str, str]]:
    """Side, light and space of every mask that is a picture of its own and is not kept.

    Only what v3 says of a whole batch has such; a mask of v1 without shapes is empty. Those that
    may be of a picture that was erased are never fetched again: no other look would bring them.
    """
    erased = {image.side for image in batch.images if image.state is ImageState.ERASED}
    if erased:  # what has no picture of the record was filed there of another side
        erased |= set(Side) - {image.side for image in batch.images}
    return frozenset(
        (mask.side, _light(batch, result, mask), mask.space)
        for result in results
        if result.platform_image_id is None
        for mask in result.masks
        if not mask.shapes
        and mask.side not in erased
        and mask_key(batch, result, mask.side, mask.space) not in rasters
    )
