"""The pictures that the tour drops: the ones it was given, or a drawn person's."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from haut_desktop.domain.imaging import Side
from haut_desktop.practice.pictures import Person, SkinTone, draw_face, encode_jpeg
from haut_desktop.services.quality import FEWEST_PX
from haut_desktop.tour.eyes import TourError

VIEWS: Final = (Side.FRONT, Side.LEFT, Side.RIGHT)

_PERSON: Final = Person(seed=23, skin_tone=SkinTone.INTERMEDIATE)
_SIZE_PX: Final = FEWEST_PX
"""As few as raise no warning: what is larger takes longer to draw and to compute."""
_BETWEEN_SHOTS: Final = timedelta(seconds=20)


def given_pictures(folder: Path) -> dict[Side, Path]:
    """Find ``front.*``, ``left.*`` and ``right.*``, any of them.

    Raises TourError when there is none.
    """
    files = sorted(path for path in folder.glob("*") if path.is_file())
    found = {}
    for side in VIEWS:
        if path := next((path for path in files if path.stem.lower() == side), None):
            found[side] = path
    if not found:
        raise TourError(f"{folder} holds no front.*, left.* or right.*")
    return found


def draw_pictures(folder: Path) -> dict[Side, Path]:
    """Draw a person from three sides, as a camera would save them; blocks for seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    began = datetime.now(UTC) - timedelta(minutes=10)
    drawn = {}
    for number, side in enumerate(VIEWS):
        picture = draw_face(_PERSON, side=_as_drawn(side), size=_SIZE_PX)
        drawn[side] = folder / f"{side}.jpg"
        drawn[side].write_bytes(encode_jpeg(picture, taken_at=began + number * _BETWEEN_SHOTS))
    return drawn


def _as_drawn(side: Side) -> Literal["front", "left", "right"]:
    match side:
        case Side.LEFT:
            return "left"
        case Side.RIGHT:
            return "right"
        case _:
            return "front"
