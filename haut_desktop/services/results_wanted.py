"""Which pictures and masks an answer offers, and the keys of our own under which they are kept."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from haut_desktop.domain.analysis import AlgorithmResult, BatchResults, RemotePicture
from haut_desktop.domain.delivery import ImageState
from haut_desktop.domain.ids import BatchId, PlatformImageId
from haut_desktop.domain.imaging import Batch, PlatformImage, Side, image_id_in

ORIGINAL: Final = "original"
"""The space of the captured picture itself."""


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
) -> str:
    """Name what is kept, by our own words; an address of the platform's is never a key."""
    return "/".join((batch_id, side, space, algorithm or "picture", version or "-", name or "-"))


def shelf_of(batch_id: BatchId, side: Side) -> str:
    """Name what leaves the disk together: everything that was fetched of one side of a batch."""
    return f"{batch_id}/{side}"


def wanted(batch: Batch, answer: BatchResults, images: Iterable[PlatformImage]) -> Iterator[Wanted]:
    """Everything at addresses that expire; our own originals lie in the vault already.

    Nothing of a picture that was erased (``_Gone``): it would bring it back to the disk. A batch
    from elsewhere has none of its own.
    """
    listed = tuple(images)
    gone = _gone(batch, listed)
    own = {image.side for image in batch.images}
    originals = (
        RemotePicture(i.side, ORIGINAL, i.original_url, platform_image_id=i.id) for i in listed
    )
    seen: set[str] = set()
    for picture in (*answer.pictures, *originals):
        if not picture.url or gone.may_be_in(picture.side, picture.platform_image_id):
            continue
        if picture.space == ORIGINAL and picture.side in own:
            continue
        name = picture.name if picture.is_predicted else ""
        key = picture_key(batch.id, picture.side, picture.space, name=name)
        if key not in seen:
            seen.add(key)
            yield Wanted(
                key, picture.url, picture.side, picture.space, picture.name, picture.is_predicted
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

    def may_be_in(self, side: Side, picture: PlatformImageId | None) -> bool:
        """Whether what was made may show an erased picture; ``picture`` is what it was made of.

        Of a side of which one was erased, what does not say so may.
        """
        if side in self.sides or picture in self.pictures:
            return True
        return side in self.shared and picture not in self.standing


def _gone(batch: Batch, listed: tuple[PlatformImage, ...]) -> _Gone:
    """Compare what the platform lists with the record.

    After a rebuild the record has no erased picture, and the platform still lists it by our name.
    """
    if not batch.images:
        return _Gone()
    erased = [image for image in batch.images if image.state is ImageState.ERASED]
    kept = [image for image in batch.images if image.state is not ImageState.ERASED]
    ours = {image.id for image in kept}
    standing = {image.platform_id for image in kept if image.platform_id}
    standing |= {one.id for one in listed if image_id_in(one.name) in ours}
    lost = [one for one in listed if one.id not in standing and image_id_in(one.name)]
    # the platform files a side that its image type lacks under another one
    filed = {one.side for one in listed if one.id in standing}
    return _Gone(
        sides=frozenset(Side) - {image.side for image in kept} - filed,
        shared=frozenset({i.side for i in erased} | {i.side for i in lost}),
        pictures=frozenset(i.platform_id for i in erased if i.platform_id) | {i.id for i in lost},
        standing=frozenset(standing),
    )


def _wanted_masks(batch: Batch, result: AlgorithmResult) -> Iterator[Wanted]:
    for mask in result.masks:
        if mask.raster_url:
            key = mask_key(batch, result, mask.side, mask.space)
            yield Wanted(key, mask.raster_url, mask.side, mask.space, mask.tech_name, is_mask=True)


def mask_key(batch: Batch, result: AlgorithmResult, side: Side, space: str) -> str:
    """Name a raster mask: batch, side, space, algorithm, version."""
    return picture_key(batch.id, side, space, algorithm=result.algorithm, version=result.version)
