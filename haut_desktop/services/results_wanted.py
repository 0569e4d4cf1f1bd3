"""Which pictures and masks an answer offers, and the keys of our own under which they are kept."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from haut_desktop.domain.analysis import AlgorithmResult, BatchResults, RemotePicture
from haut_desktop.domain.delivery import ImageState, Route
from haut_desktop.domain.ids import BatchId, PlatformImageId
from haut_desktop.domain.imaging import REGULAR, Batch, PlatformImage, Side, image_id_in
from haut_desktop.services.results_reading import light_of, side_of

ORIGINAL: Final = "original"
"""The space of the captured picture itself."""

_ANY: Final = "any"
"""The shelf of what may be of any picture of its batch: a sided answer does not name its picture,
and the platform files an inline picture whose side its image type lacks under another one."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Something at an address that expires, and the key under which it is kept for ever."""

    key: str
    url: str
    side: Side
    space: str
    name: str = ""
    is_predicted: bool = False
    is_mask: bool = False
    light: str = ""
    """Empty where the platform does not say of which picture it is."""

    def __repr__(self) -> str:
        # the address opens a picture of a face: it must not reach a log
        return f"Wanted({self.key!r})"


def picture_key(
    batch_id: BatchId,
    side: Side,
    space: str,
    *,
    algorithm: str = "",
    version: str = "",
    name: str = "",
    light: str = "",
    is_of_any: bool = False,
) -> str:
    """Name what is kept, by our own words; an address of the platform's is never a key.

    ``is_of_any``: nobody says of which picture of the batch it is.
    """
    place = f"{any_shelf(batch_id)}/{side}" if is_of_any else shelf_of(batch_id, side)
    words = (place, space, algorithm or "picture", version or "-", name or "-")
    # what was kept before lights were told apart is found under the same key
    return "/".join(words if light in {"", REGULAR} else (*words, light))


def shelf_of(batch_id: BatchId, side: Side) -> str:
    """Name what leaves the disk together: everything that was fetched of one side of a batch."""
    return f"{batch_id}/{side}"


def any_shelf(batch_id: BatchId) -> str:
    """Name what leaves the disk with every picture of a batch, as it may show that one."""
    return f"{batch_id}/{_ANY}"


def shelves_of(batch_id: BatchId, side: Side) -> tuple[str, str]:
    """Name the shelves on which anything may lie that was made of a side's pictures."""
    return shelf_of(batch_id, side), any_shelf(batch_id)


def shelf_in(key: str) -> str:
    """The shelf of what is kept: its key begins with it (``picture_key``)."""
    return "/".join(key.split("/", 2)[:2])


def wanted(batch: Batch, answer: BatchResults, images: Iterable[PlatformImage]) -> Iterator[Wanted]:
    """Everything at addresses that expire; our own originals lie in the vault already.

    Nothing of a picture that was erased (``_Gone``): it would bring it back to the disk. A batch
    from elsewhere has none of its own.
    """
    listed = tuple(images)
    gone = _gone(batch, listed)
    own = {image.side for image in batch.images}
    originals = (
        RemotePicture(
            side_of(batch, i),
            ORIGINAL,
            i.original_url,
            platform_image_id=i.id,
            light=light_of(batch, i),
        )
        for i in listed
    )
    seen: set[str] = set()
    for picture in (*answer.pictures, *originals):
        if not picture.url or gone.may_be_in(picture.side, picture.platform_image_id):
            continue
        if picture.space == ORIGINAL and picture.side in own and not picture.is_predicted:
            continue
        key = picture_key(
            batch.id,
            picture.side,
            picture.space,
            name=picture.name if picture.is_predicted else "",
            light=picture.light,
            is_of_any=_is_of_any(batch, picture.platform_image_id),
        )
        if key not in seen:
            seen.add(key)
            yield Wanted(
                key,
                picture.url,
                picture.side,
                picture.space,
                picture.name,
                picture.is_predicted,
                light=picture.light,
            )
    for result in answer.results:
        for mask in _wanted_masks(batch, result):
            if not gone.may_be_in(mask.side, result.platform_image_id):
                yield mask


@dataclass(frozen=True, slots=True)
class _Gone:
    """Which pictures of a batch were erased, as far as the record and the platform's list say."""

    sides: frozenset[Side] = frozenset()
    """Nothing of them stands."""
    shared: frozenset[Side] = frozenset()
    """Of them a picture was erased, and another one may stand, as in another light."""
    pictures: frozenset[PlatformImageId] = frozenset()
    standing: frozenset[PlatformImageId] = frozenset()
    is_any: bool = False
    """One was erased of which the platform does not list under which side it filed it."""

    def may_be_in(self, side: Side, picture: PlatformImageId | None) -> bool:
        """Whether what was made may show an erased picture; ``picture`` is what it was made of.

        Of a side of which one was erased, what does not say so may.
        """
        if side in self.sides or picture in self.pictures:
            return True
        return (side in self.shared or self.is_any) and picture not in self.standing


def _gone(batch: Batch, listed: tuple[PlatformImage, ...]) -> _Gone:
    """Compare what the platform lists with the record.

    After a rebuild the record has no erased picture, and the platform still lists it by our name.
    """
    if not batch.images:
        return _Gone()
    erased = [image for image in batch.images if image.state is ImageState.ERASED]
    kept = [image for image in batch.images if image.state is not ImageState.ERASED]
    standing = {image.platform_id for image in kept if image.platform_id}
    standing |= {one.id for one in listed if batch.image_of(one) in kept}
    lost = [one for one in listed if one.id not in standing and image_id_in(one.name)]
    lost += [one for one in listed if batch.image_of(one) in erased]
    # the platform files a side that its image type lacks under another one
    filed = {one.side for one in listed if one.id in standing}
    found, left = {batch.image_of(one) for one in listed}, {i for i in erased if i.has_left}
    return _Gone(
        sides=frozenset(Side) - {image.side for image in kept} - filed,
        shared=frozenset({i.side for i in erased} | {i.side for i in lost}),
        pictures=frozenset(i.platform_id for i in erased if i.platform_id) | {i.id for i in lost},
        standing=frozenset(standing),
        is_any=batch.route is Route.INLINE and not found.issuperset(left),
    )


def _is_of_any(batch: Batch, picture: PlatformImageId | None) -> bool:
    """Whether what was made of ``picture`` may be of any of the batch: sides don't tell."""
    return picture is None and batch.route is Route.INLINE and bool(batch.images)


def _wanted_masks(batch: Batch, result: AlgorithmResult) -> Iterator[Wanted]:
    for mask in result.masks:
        if mask.raster_url:
            key = mask_key(batch, result, mask.side, mask.space)
            yield Wanted(key, mask.raster_url, mask.side, mask.space, mask.tech_name, is_mask=True)


def mask_key(batch: Batch, result: AlgorithmResult, side: Side, space: str) -> str:
    """Name a raster mask: batch, side, space, algorithm, version.

    Only what v3 says of a whole batch has such, and that tells no light.
    """
    return picture_key(
        batch.id,
        side,
        space,
        algorithm=result.algorithm,
        version=result.version,
        is_of_any=_is_of_any(batch, result.platform_image_id),
    )
