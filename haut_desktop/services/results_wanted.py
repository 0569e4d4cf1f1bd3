"""Which pictures and masks an answer offers, and the keys of our own under which they are kept."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from haut_desktop.domain.analysis import AlgorithmResult, BatchResults, RemotePicture
from haut_desktop.domain.delivery import ImageState
from haut_desktop.domain.ids import BatchId
from haut_desktop.domain.imaging import Batch, PlatformImage, Side

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

    Nothing of a side whose pictures were erased: it would bring them back to the disk. After a
    rebuild the record has no picture of such a side, so that only sides with one are fetched; a
    batch from elsewhere has none of its own.
    """
    own = {image.side for image in batch.images}
    standing = {i.side for i in batch.images if i.state is not ImageState.ERASED}
    refused = frozenset(Side) - standing if own else frozenset[Side]()
    listed = [RemotePicture(i.side, ORIGINAL, i.original_url) for i in images if i.original_url]
    seen: set[str] = set()
    for picture in (*answer.pictures, *listed):
        if not picture.url or picture.side in refused:
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
        yield from (mask for mask in _wanted_masks(batch, result) if mask.side not in refused)


def _wanted_masks(batch: Batch, result: AlgorithmResult) -> Iterator[Wanted]:
    for mask in result.masks:
        if mask.raster_url:
            key = mask_key(batch, result, mask.side, mask.space)
            yield Wanted(key, mask.raster_url, mask.side, mask.space, mask.tech_name, is_mask=True)


def mask_key(batch: Batch, result: AlgorithmResult, side: Side, space: str) -> str:
    """Name a raster mask: batch, side, space, algorithm, version."""
    return picture_key(batch.id, side, space, algorithm=result.algorithm, version=result.version)
