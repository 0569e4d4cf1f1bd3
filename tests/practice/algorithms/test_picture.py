"""Decoding: every orientation upright, everything undecodable one error."""

from datetime import UTC, datetime
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from haut_desktop.practice.algorithms.picture import Picture, UndecodablePictureError
from haut_desktop.practice.pictures import Person, SkinTone, draw_skin, encode_jpeg

DRAWN = draw_skin(Person(5, SkinTone.TAN), size=240)
TAKEN_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_gives_the_same_upright_picture(orientation: int) -> None:
    data = encode_jpeg(DRAWN, taken_at=TAKEN_AT, quality=98, orientation=orientation)
    picture = Picture.decode(data)
    assert (picture.width, picture.height) == (240, 180)
    difference = np.abs(picture.rgb.astype(int) - DRAWN.rgb.astype(int))
    assert difference.mean() < 2.0


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "BMP"])
def test_other_formats_are_decoded(kind: str) -> None:
    data = BytesIO()
    Image.fromarray(DRAWN.rgb).save(data, kind)
    assert Picture.decode(data.getvalue()).rgb.shape == (180, 240, 3)


@pytest.mark.parametrize("mode", ["L", "RGBA", "CMYK", "P", "1", "I;16"])
def test_other_colour_modes_become_rgb(mode: str) -> None:
    data = BytesIO()
    kind = "TIFF" if mode == "CMYK" else "PNG"
    if mode == "I;16":
        image = Image.fromarray(np.full((20, 30), 40000, np.uint16))
    else:
        image = Image.fromarray(DRAWN.rgb).convert(mode)
    image.save(data, kind)
    assert Picture.decode(data.getvalue()).rgb.shape[2] == 3


@pytest.mark.parametrize("data", [b"", b"not a picture", b"\xff\xd8\xff\xe0", b"<html></html>"])
def test_what_is_no_picture_is_undecodable(data: bytes) -> None:
    with pytest.raises(UndecodablePictureError):
        Picture.decode(data)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_a_truncated_picture_is_undecodable(share: float) -> None:
    data = encode_jpeg(DRAWN, taken_at=TAKEN_AT)
    with pytest.raises(UndecodablePictureError):
        Picture.decode(data[: int(len(data) * share)])


def test_a_picture_of_one_pixel_has_no_face() -> None:
    picture = Picture(np.zeros((1, 1, 3), np.uint8))
    assert picture.face is None
    assert picture.skin.shape == (1, 1)


def test_pixels_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        Picture(DRAWN.rgb).rgb[0, 0, 0] = 1
