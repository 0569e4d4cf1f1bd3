"""Pictures as pixels: one decoding rule for preview, quality check and mask overlay.

The rule: the first frame, turned by its EXIF orientation, as height × width × 3 RGB bytes. Colour
profiles are not applied, because the platform's algorithms are not known to apply them either.
"""

import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final

from haut_desktop.domain.errors import PictureError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Exif, Image

    Pixels = NDArray[np.uint8]
    """Height × width × 3, RGB."""

ACCEPTED: Final = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png"} | {
    "WEBP": "image/webp"
}
"""Pillow's format names and the media types they are delivered as: what the platform takes."""

SUFFIXES: Final = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}

SMALLEST_EDGE_PX: Final = 64
"""Below this on its shorter edge a picture can't show skin; 1 × 1 pictures are tracking dots."""

MOST_PIXELS: Final = 220_000_000
"""Above this a picture is refused before it is decoded: it would not fit the station's memory."""

_LARGE_PX: Final = 30_000_000
"""From this on a picture is decoded alone: several at once would not fit the station's memory."""
_ALONE: Final = threading.Lock()

_REDUCING_GAP: Final = 1.5
"""A JPEG that is decoded for a smaller picture keeps at least this many pixels along each one: with
fewer the sharpness that is measured afterwards falls by a third, so by a tenth."""

ORIENTATION: Final = 0x0112
"""EXIF tag: 1…8."""
_TURNED_FROM: Final = 5
"""From this EXIF orientation on a picture lies on its side."""

_LONGEST_CAPTION: Final = 500
"""Characters; some cameras' programs fill a comment with kilobytes of their own."""

_DAMAGES: Final = (
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What Pillow's readers and its EXIF reader raise for bytes that are not what they should be."""

_BRANDS: Final = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif"})
_ADVICE: Final = {
    "HEIC": (
        "This is a HEIC picture, as iPhones make them. Export it as JPEG in full quality and add "
        "that file; on the phone, Settings → Camera → Formats → Most Compatible avoids it."
    ),
    "TIFF": "This is a TIFF or a camera's RAW picture. Export it as PNG and add that file.",
    "GIF": "This is a GIF picture, which has too few colours. Add the camera's JPEG or PNG.",
    "BMP": "This is a BMP picture. Save it as PNG and add that file.",
    "PDF": "This is a PDF document. Add the picture itself, as JPEG or PNG.",
}


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What the bytes say about themselves; width and height before the orientation is applied."""

    media_type: str
    width: int
    height: int
    orientation: int
    taken: tuple["CameraTime", ...] = ()
    """The camera's times, the most telling first."""
    captions: tuple[str, ...] = ()
    """What somebody or the camera's program wrote of the picture inside it."""

    def __repr__(self) -> str:
        # a caption may name a person and must not reach a log by way of a traceback
        return f"PictureFacts({self.media_type}, {self.width} × {self.height})"

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height as the picture is looked at."""
        size = (self.width, self.height)
        return size[::-1] if self.orientation >= _TURNED_FROM else size


@dataclass(frozen=True, slots=True)
class CameraTime:
    """A time as the camera wrote it."""

    text: str
    offset: str | None
    source: str
    """``exif-original`` or ``exif``."""


def inspect(data: bytes, edge_px: int | None = None) -> "tuple[PictureFacts, Pixels]":
    """Read ``data`` to its end and give its facts; raises ``PictureError`` in words for a person.

    With ``edge_px`` the pixels may be fewer, enough for a picture whose longer edge has so many: a
    JPEG is then made smaller while it is decoded, which spares half of the time and most of the
    memory.
    """
    with _reading():
        picture = _open(data)
        media_type = _accepted(picture, data)
        width, height = picture.size
        pixels = _pixels(picture, edge_px)
        exif = picture.getexif()
        facts = PictureFacts(
            media_type, width, height, _orientation(exif), _camera_times(exif), _captions(exif)
        )
    return facts, pixels


def decode(data: bytes) -> "Pixels":
    """Decode a picture by the one rule: RGB, height × width × 3, orientation applied."""
    with _reading():
        return _pixels(_open(data))


def thumbnail(data: bytes, edge_px: int) -> bytes:
    """Make a small JPEG by the one rule whose longer edge is at most ``edge_px`` pixels."""
    with _reading():
        pixels = _pixels(_open(data), edge_px)
    return encode_small(shrink(pixels, edge_px))


def shrink(pixels: "Pixels", edge_px: int) -> "Pixels":
    """Make the longer edge ``edge_px`` pixels, unless it is shorter already."""
    import cv2

    height, width = pixels.shape[:2]
    scale = edge_px / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def encode_small(pixels: "Pixels") -> bytes:
    """Encode for the screen: as JPEG in a fifteenth of the time that PNG would take."""
    from PIL import Image

    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=92, subsampling=0)
    return buffer.getvalue()


@contextmanager
def _reading() -> Iterator[None]:
    """Say in words what the image library raises for a damaged picture."""
    try:
        yield
    except MemoryError as error:
        raise PictureError(
            "This computer has not enough free memory for the picture. Close other programs and "
            "add it again."
        ) from error
    except _DAMAGES as error:
        raise PictureError(_damaged()) from error


def _accepted(picture: "Image", data: bytes) -> str:
    """Give the media type of a still picture that the platform takes; raises ``PictureError``."""
    media_type = ACCEPTED.get(picture.format or "")
    if media_type is None:
        raise PictureError(
            _advice(data, picture.format or "")
            or f"Pictures of the kind {picture.format} can't be analysed. Add a JPEG or PNG."
        )
    _check_size(picture.width, picture.height)
    if picture.format != "MPO" and getattr(picture, "n_frames", 1) > 1:
        raise PictureError("This is a moving picture. Add a still one, as JPEG or PNG.")
    return media_type


def _open(data: bytes) -> "Image":
    from PIL import Image, UnidentifiedImageError

    # our own limit, checked before decoding, instead of Pillow's warning
    Image.MAX_IMAGE_PIXELS = None
    try:
        return Image.open(BytesIO(data))
    except UnidentifiedImageError as error:
        raise PictureError(_advice(data) or _not_a_picture(data)) from error


def _pixels(picture: "Image", edge_px: int | None = None) -> "Pixels":
    import numpy as np
    from PIL import ImageOps

    if edge_px is not None:
        _reduce(picture, edge_px)
    with _place_for(picture):
        picture.load()
        exif_free = ImageOps.exif_transpose(picture)
        return np.asarray(_to_rgb(exif_free), np.uint8)


def _reduce(picture: "Image", edge_px: int) -> None:
    """Let a JPEG's decoder leave out what a picture of ``edge_px`` does not show."""
    share = edge_px * _REDUCING_GAP / max(picture.size)
    if share < 1:
        picture.draft(None, (round(picture.width * share), round(picture.height * share)))


def _place_for(picture: "Image") -> AbstractContextManager[object]:
    return _ALONE if picture.width * picture.height >= _LARGE_PX else nullcontext()


def _to_rgb(picture: "Image") -> "Image":
    import numpy as np
    from PIL import Image

    if picture.mode.startswith("I"):
        # 16-bit grey: Pillow's own conversion clips instead of scaling
        picture = Image.fromarray((np.asarray(picture, np.uint32) >> 8).astype(np.uint8))
    if picture.has_transparency_data:
        sheet = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(sheet, picture.convert("RGBA"))
    return picture.convert("RGB")


def _check_size(width: int, height: int) -> None:
    if min(width, height) < SMALLEST_EDGE_PX:
        raise PictureError(
            f"The picture has only {width} × {height} pixels, too few to see skin in. Add the "
            "camera's own file, not a preview of it."
        )
    if width * height > MOST_PIXELS:
        raise PictureError(
            f"The picture has {width} × {height} pixels, more than this station can open. Export "
            "it with fewer pixels and add that file."
        )


def _orientation(exif: "Exif") -> int:
    value = exif.get(ORIENTATION, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _camera_times(exif: "Exif") -> tuple[CameraTime, ...]:
    from PIL.ExifTags import IFD, Base

    details = exif.get_ifd(IFD.Exif)
    found = (
        (details.get(Base.DateTimeOriginal), details.get(Base.OffsetTimeOriginal), "exif-original"),
        (exif.get(Base.DateTime), details.get(Base.OffsetTime), "exif"),
    )
    return tuple(
        CameraTime(_clean(text), _clean(offset) or None, source)
        for text, offset, source in found
        if _clean(text)
    )


def _captions(exif: "Exif") -> tuple[str, ...]:
    from PIL.ExifTags import IFD, Base

    comment = exif.get_ifd(IFD.Exif).get(Base.UserComment)
    if isinstance(comment, bytes):  # eight of them name the character set; codes are ASCII
        comment = comment[8:].replace(b"\0", b"").decode("ascii", "replace")
    found = (_clean(exif.get(Base.ImageDescription)), _clean(comment))
    return tuple(caption[:_LONGEST_CAPTION] for caption in found if caption)


def _clean(value: object) -> str:
    return value.strip("\0 ") if isinstance(value, str) else ""


def _advice(data: bytes, kind: str = "") -> str:
    if data[4:8] == b"ftyp" and data[8:12] in _BRANDS:
        kind = "HEIC"
    elif data[:4] in {b"II*\0", b"MM\0*"}:
        kind = "TIFF"
    elif data[:5] == b"%PDF-":
        kind = "PDF"
    return _ADVICE.get(kind, "")


def _not_a_picture(data: bytes) -> str:
    if data[:3] == b"\xff\xd8\xff" or data[:8] == b"\x89PNG\r\n\x1a\n":
        return _damaged()
    return "The file is not a picture that can be read. Add the camera's JPEG or PNG file."


def _damaged() -> str:
    return (
        "The picture is damaged or not complete, as after an interrupted copy. Copy it from the "
        "camera once more and add it again."
    )
