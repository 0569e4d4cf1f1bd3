"""A drawn person's three views, small enough that computing hundreds takes minutes."""

from datetime import UTC, datetime
from pathlib import Path

from haut_desktop.practice.pictures import Person, SkinTone, draw_face, encode_jpeg
from haut_desktop.practice.pictures.portrait import Side

_SIDES: tuple[Side, ...] = ("front", "left", "right")


def draw_pictures(folder: Path, *, size: int = 320) -> None:
    """Write ``front.jpg``, ``left.jpg`` and ``right.jpg``."""
    folder.mkdir(parents=True, exist_ok=True)
    person = Person(seed=9, skin_tone=list(SkinTone)[2])
    taken_at = datetime(2026, 3, 1, 21, 30, tzinfo=UTC)
    for side in _SIDES:
        data = encode_jpeg(draw_face(person, side=side, size=size), taken_at=taken_at)
        (folder / f"{side}.jpg").write_bytes(data)
