import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from haut_desktop.domain.errors import PictureError
from haut_desktop.services import pictures
from tests.photographs import encode, marked, portrait

_RED, _GREEN, _BLUE, _WHITE = (220, 20, 20), (20, 200, 20), (20, 20, 220), (240, 240, 240)


def _quarters() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Upright: red, green over blue, white; 96 wide and 64 high."""
    pixels = np.zeros((64, 96, 3), np.uint8)
    pixels[:32, :48], pixels[:32, 48:] = _RED, _GREEN
    pixels[32:, :48], pixels[32:, 48:] = _BLUE, _WHITE
    return pixels


_STORED_AS = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2),
    6: lambda p: np.rot90(p, 1),
    7: lambda p: np.rot90(p, 2).transpose(1, 0, 2),
    8: lambda p: np.rot90(p, -1),
}
"""How a camera that was held so stores an upright scene (EXIF 2.32, tag 0x0112)."""


@pytest.mark.parametrize("kind", ("JPEG", "PNG", "WEBP"))
@pytest.mark.parametrize("orientation", tuple(range(1, 9)))
def test_every_orientation_is_decoded_upright(orientation: int, kind: str) -> None:
    stored = np.ascontiguousarray(_STORED_AS[orientation](_quarters()))
    data = encode(stored, kind, orientation=orientation)
    pixels = pictures.decode(data)
    assert pixels.shape == (64, 96, 3)
    for y, x, colour in ((16, 24, _RED), (16, 72, _GREEN), (48, 24, _BLUE), (48, 72, _WHITE)):
        assert np.abs(pixels[y, x].astype(int) - colour).max() < 25


@pytest.mark.parametrize("orientation", tuple(range(1, 9)))
def test_a_preview_lies_as_the_decoded_picture_does(orientation: int) -> None:
    data = encode(_quarters(), orientation=orientation)
    preview = np.asarray(Image.open(BytesIO(pictures.thumbnail(data, 32))).convert("RGB"))
    upright = pictures.decode(data)
    height, width = preview.shape[:2]
    assert max(height, width) == 32
    step = upright.shape[0] / height
    for y, x in ((height // 4, width // 4), (3 * height // 4, 3 * width // 4)):
        there = upright[int(y * step), int(x * step)].astype(int)
        assert np.abs(preview[y, x].astype(int) - there).max() < 40


@pytest.mark.parametrize("orientation", tuple(range(1, 9)))
def test_the_facts_are_those_of_the_stored_pixels(orientation: int) -> None:
    facts, _ = pictures.inspect(encode(_quarters(), orientation=orientation))
    assert (facts.width, facts.height, facts.orientation) == (96, 64, orientation)


def test_an_orientation_that_does_not_exist_counts_as_none() -> None:
    facts, pixels = pictures.inspect(encode(_quarters(), orientation=9))
    assert facts.orientation == 1
    assert pixels.shape == (64, 96, 3)


@pytest.mark.parametrize(
    ("kind", "media_type"),
    (("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")),
)
def test_what_the_platform_takes_is_accepted(kind: str, media_type: str) -> None:
    facts, pixels = pictures.inspect(encode(portrait(), kind))
    assert facts.media_type == media_type
    assert pixels.shape == (512, 512, 3)


@pytest.mark.parametrize("share", (0.1, 0.5, 0.9, 0.99))
@pytest.mark.parametrize("kind", ("JPEG", "PNG", "WEBP"))
def test_a_truncated_picture_is_noticed(kind: str, share: float) -> None:
    data = marked(1, kind)
    with pytest.raises(PictureError, match="damaged or not complete"):
        pictures.inspect(data[: int(len(data) * share)])


def test_a_progressive_picture_that_was_cut_is_noticed() -> None:
    buffer = BytesIO()
    Image.fromarray(portrait()).save(buffer, "JPEG", progressive=True)
    data = buffer.getvalue()
    with pytest.raises(PictureError, match="damaged or not complete"):
        pictures.inspect(data[: len(data) // 2])


@pytest.mark.parametrize(
    ("data", "words"),
    (
        (b"Dear colleague, please find the photographs", "not a picture"),
        (b"\xff\xd8\xff\xe0", "damaged or not complete"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "HEIC.*[Ee]xport it as JPEG"),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic", "HEIC"),
        (b"%PDF-1.7\n", "PDF"),
    ),
)
def test_what_is_no_picture_is_refused_with_advice(data: bytes, words: str) -> None:
    with pytest.raises(PictureError, match=words):
        pictures.inspect(data)


@pytest.mark.parametrize("kind", ("TIFF", "GIF", "BMP"))
def test_kinds_the_platform_does_not_take_are_refused_with_advice(kind: str) -> None:
    buffer = BytesIO()
    Image.fromarray(portrait()).save(buffer, kind)
    with pytest.raises(PictureError, match=f"{kind}.*PNG"):
        pictures.inspect(buffer.getvalue())


def test_a_single_pixel_is_refused_with_its_size() -> None:
    with pytest.raises(PictureError, match="1 × 1 pixels"):
        pictures.inspect(encode(np.zeros((1, 1, 3), np.uint8), "PNG"))


def test_a_moving_picture_is_refused() -> None:
    buffer = BytesIO()
    frames = [Image.fromarray(portrait()), Image.fromarray(portrait()[::-1])]
    frames[0].save(buffer, "PNG", save_all=True, append_images=frames[1:])
    with pytest.raises(PictureError, match="moving picture"):
        pictures.inspect(buffer.getvalue())


def test_sixteen_bit_grey_keeps_its_tones() -> None:
    grey = np.linspace(0, 65535, 128, dtype=np.uint16)[None, :].repeat(128, axis=0)
    buffer = BytesIO()
    Image.fromarray(grey).save(buffer, "PNG")
    pixels = pictures.decode(buffer.getvalue())
    assert pixels.shape == (128, 128, 3)
    assert abs(int(pixels[0, 64, 0]) - 128) < 3


def test_what_is_transparent_becomes_white() -> None:
    clear = np.zeros((80, 80, 4), np.uint8)
    assert pictures.decode(encode(clear, "PNG")).min() == 255


@pytest.mark.parametrize(
    "error", (struct.error, zlib.error, KeyError, IndexError, TypeError, OverflowError, OSError)
)
@pytest.mark.parametrize("method", ("load", "getexif"))
def test_whatever_a_damaged_picture_raises_is_said_in_words(
    monkeypatch: pytest.MonkeyPatch, method: str, error: type[Exception]
) -> None:
    def fail(_: Image.Image) -> None:
        raise error

    data = marked(1)
    monkeypatch.setattr(JpegImageFile, method, fail)
    with pytest.raises(PictureError, match="damaged"):
        pictures.inspect(data)


def test_a_picture_that_does_not_fit_the_memory_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Image.Image) -> None:
        raise MemoryError

    data = marked(1)
    monkeypatch.setattr(JpegImageFile, "load", fail)
    with pytest.raises(PictureError, match="memory"):
        pictures.inspect(data)


@pytest.mark.parametrize("orientation", (1, 6))
def test_a_picture_is_decoded_small_by_the_same_rule(orientation: int) -> None:
    large = np.ascontiguousarray(np.kron(portrait(), np.ones((4, 4, 1), np.uint8)))
    data = encode(large, orientation=orientation)
    facts, pixels = pictures.inspect(data, 512)
    known, whole = pictures.inspect(data)
    assert facts == known
    assert 512 <= max(pixels.shape) < max(whole.shape)
    small, expected = pictures.shrink(pixels, 256), pictures.shrink(whole, 256)
    assert np.abs(small.astype(int) - expected).mean() < 2


def test_a_picture_that_is_decoded_small_is_read_to_its_end() -> None:
    data = encode(np.ascontiguousarray(np.kron(portrait(), np.ones((4, 4, 1), np.uint8))))
    with pytest.raises(PictureError, match="damaged or not complete"):
        pictures.inspect(data[:-2000], 256)
