"""Pictures for tests: a real portrait, drawn faces, and files as cameras and phones make them."""

from functools import cache
from io import BytesIO
from typing import Final

import numpy as np
import skimage.data
from numpy.typing import NDArray
from PIL import Image
from PIL.ExifTags import IFD, Base

from haut_desktop.practice.pictures.person import Person, SkinTone
from haut_desktop.practice.pictures.portrait import Side, draw_face

Pixels = NDArray[np.uint8]

_ORIENTATION: Final = 0x0112


@cache
def portrait() -> Pixels:
    """The public-domain portrait of an astronaut, 512 × 512 RGB."""
    return np.asarray(skimage.data.astronaut(), np.uint8)  # type: ignore[no-untyped-call]


@cache
def bricks() -> Pixels:
    """A wall, 512 × 512 RGB: a sharp photograph without a face."""
    grey = np.asarray(skimage.data.brick(), np.uint8)  # type: ignore[no-untyped-call]
    return np.dstack([grey, grey, grey])


@cache
def drawn_face(tone: SkinTone, side: Side = "front", size: int = 800) -> Pixels:
    """A drawn face in ``tone``."""
    return draw_face(Person(3, tone), side=side, size=size).rgb


def encode(
    pixels: Pixels,
    kind: str = "JPEG",
    *,
    orientation: int | None = None,
    taken: str | None = None,
    offset: str | None = None,
    described: str | None = None,
    comment: str | None = None,
) -> bytes:
    """Encode ``pixels`` with EXIF as a camera writes it."""
    picture = Image.fromarray(pixels)
    exif = Image.Exif()
    if orientation is not None:
        exif[_ORIENTATION] = orientation
    details = exif.get_ifd(IFD.Exif)
    if taken is not None:
        details[Base.DateTimeOriginal] = taken
    if offset is not None:
        details[Base.OffsetTimeOriginal] = offset
    if described is not None:
        exif[Base.ImageDescription] = described
    if comment is not None:
        details[Base.UserComment] = b"ASCII\0\0\0" + comment.encode()
    buffer = BytesIO()
    picture.save(buffer, kind, exif=exif, quality=92)
    return buffer.getvalue()


def marked(number: int, kind: str = "JPEG") -> bytes:
    """The portrait with a small mark of its own, so that no two pictures have the same bytes."""
    pixels = portrait().copy()
    pixels[:8, :8] = (number * 37 % 256, number * 91 % 256, number * 13 % 256)
    pixels[8:16, :8] = (number // 256, 0, 255)
    return encode(pixels, kind)
