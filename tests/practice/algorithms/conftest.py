"""Pictures that several tests look at, drawn once."""

from functools import cache
from io import BytesIO

import pytest
from PIL import Image
from skimage import data

from haut_desktop.practice.algorithms.picture import Picture
from haut_desktop.practice.pictures import DrawnPicture, Person, SkinTone, draw_face
from tests.practice.algorithms.looking import Draw


@cache
def _draw(
    tone: SkinTone, side: str, visit: int, seed: int, light: str
) -> tuple[Picture, DrawnPicture]:
    drawn = draw_face(
        Person(seed, tone),
        side="left" if side == "left" else "right" if side == "right" else "front",
        visit=visit,
        size=720,
        light=light,
    )
    return Picture(drawn.rgb), drawn


@pytest.fixture(scope="session")
def draw() -> Draw:
    """Draw a face, or take it from the ones already drawn."""

    def draw_once(
        tone: SkinTone = SkinTone.LIGHT,
        *,
        side: str = "front",
        visit: int = 1,
        seed: int = 50,
        light: str = "regular",
    ) -> tuple[Picture, DrawnPicture]:
        return _draw(tone, side, visit, seed, light)

    return draw_once


@pytest.fixture(scope="session")
def portrait() -> Picture:
    """A real face: NASA's public-domain portrait, saved and decoded as JPEG."""
    jpeg = BytesIO()
    pixels = data.astronaut()  # type: ignore[no-untyped-call]
    Image.fromarray(pixels).save(jpeg, "JPEG", quality=92)
    return Picture.decode(jpeg.getvalue())
