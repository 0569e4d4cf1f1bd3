"""The way in for a picture: read once, hashed on the way, its place chosen by its name."""

import hashlib
import math
import re
import stat
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from haut_desktop.domain.errors import PictureError
from haut_desktop.domain.imaging import (
    LARGEST_PICTURE_BYTES,
    CaptureTime,
    Digest,
    Side,
)
from haut_desktop.domain.visits import Shelf
from haut_desktop.services.pictures import CameraTime

MOST_AT_ONCE: Final = 60
"""A visit has a dozen pictures; many more at once is a card or an archive dropped by mistake."""

IMAGE_SUFFIXES: Final = frozenset(
    {".jpg", ".jpeg", ".jpe", ".png", ".webp", ".heic", ".heif", ".avif", ".tif", ".tiff"}
)
"""What is taken out of a dropped folder; files dropped by themselves are judged by content."""

_SIDE_WORDS: Final = {
    Side.FRONT: ("front", "vorn", "frente", "avant", "mitte"),
    Side.LEFT: ("left", "links", "gauche", "sinistra", "izquierda", "l"),
    Side.RIGHT: ("right", "rechts", "droite", "destra", "derecha", "r"),
}
"""In the languages of the sites; left and right are the subject's own."""


@dataclass(frozen=True, slots=True)
class Pasted:
    """Picture bytes that come from no file: the clipboard's."""

    data: bytes | Callable[[], bytes]
    """Or what makes them: a photograph's take seconds, which belong to a worker's thread."""
    name: str = "pasted picture"

    def read(self) -> bytes:
        """Give the bytes (blocking)."""
        return self.data if isinstance(self.data, bytes) else self.data()

    def __repr__(self) -> str:
        # bytes of a face must not reach a log by way of a traceback
        return f"Pasted({len(self.data)} bytes)" if isinstance(self.data, bytes) else "Pasted()"


Source = Path | Pasted


@dataclass(frozen=True, slots=True)
class ReadPicture:
    """A source's bytes, read once, with what identifies them."""

    data: bytes
    digest: Digest
    name: str
    modified_at: datetime | None
    """The file's own time; None for what was pasted, or has none."""

    def __repr__(self) -> str:
        return f"ReadPicture({self.digest.size_bytes} bytes)"


def read(source: Source) -> ReadPicture:
    """Read ``source`` once, hashing on the way (blocking); raises ``PictureError``."""
    if isinstance(source, Pasted):
        data = source.read()
        _check_length(len(data))
        return ReadPicture(data, _digest(data), source.name, None)
    try:
        return _read_file(source)
    except FileNotFoundError as error:
        raise PictureError(
            "The file is no longer there. If it is on a memory card or a network folder, connect "
            "it again and add the file once more."
        ) from error
    except PermissionError as error:
        raise PictureError(
            "This computer account may not read the file. Copy it to a folder of your own and add "
            "it from there."
        ) from error
    except OSError as error:
        raise PictureError(
            "The file can't be read. If it is on a memory card or a network folder, connect it "
            "again; otherwise copy it from the camera once more."
        ) from error


def _read_file(path: Path) -> ReadPicture:
    # a pipe or a device would block the opening for ever, so the kind is asked first
    kind = path.stat().st_mode
    if stat.S_ISDIR(kind):
        raise PictureError("This is a folder. Add the pictures that are in it.")
    if not stat.S_ISREG(kind):
        raise PictureError("This is not a file that can be read.")
    with path.open("rb") as file:
        before = path.stat()
        _check_length(before.st_size)
        # in one piece: joining many would hold the interpreter, and the screen with it
        data = file.read(before.st_size + 1)
    _check_length(len(data))
    if len(data) != before.st_size:
        raise PictureError("The file is still being written. Wait until it is there and add it.")
    return ReadPicture(data, _digest(data), path.name, _moment(before.st_mtime))


def _moment(timestamp: float) -> datetime | None:
    """The file's own time; None for one that no calendar has, as some cards write them."""
    try:
        return datetime.fromtimestamp(timestamp, UTC)
    except (OSError, OverflowError, ValueError):
        return None


def _digest(data: bytes) -> Digest:
    sha256, md5 = hashlib.sha256(data), hashlib.md5(data, usedforsecurity=False)
    return Digest(sha256.hexdigest(), md5.hexdigest(), len(data))


def _check_length(size_bytes: int) -> None:
    if size_bytes == 0:
        raise PictureError("The file is empty. Copy it from the camera once more.")
    if size_bytes > LARGEST_PICTURE_BYTES:
        tenths = math.ceil(size_bytes * 10 / 2**20)  # one byte too many is not 30.0 MB
        raise PictureError(
            f"The file has {tenths / 10:.1f} MB; the platform takes at most "
            f"{LARGEST_PICTURE_BYTES // 2**20} MB. Export it as JPEG in full quality and add that."
        )


# ---- folders ---------------------------------------------------------------------------------


def expand(source: Source) -> tuple[Source, ...]:
    """Give a folder's pictures, one level deep and by name; anything else is itself (blocking).

    Raises ``PictureError`` for a folder with no picture, with too many, or that can't be read.
    """
    if isinstance(source, Pasted):
        return (source,)
    try:
        if not source.is_dir():
            return (source,)
        found = sorted(path for path in source.iterdir() if _looks_like_a_picture(path))
    except OSError as error:
        raise PictureError(
            "This computer account may not open the folder. Copy the pictures to a folder of your "
            "own and add them from there."
        ) from error
    if not found:
        raise PictureError("The folder has no pictures in it; folders inside it are not searched.")
    check_count(len(found))
    return tuple(found)


def check_count(count: int) -> None:
    """Refuse what can't be one visit's pictures."""
    if count > MOST_AT_ONCE:
        raise PictureError(
            f"These are {count} pictures; a visit takes at most {MOST_AT_ONCE} at once. Choose "
            "this visit's pictures only.",
            title="Too many pictures at once",
        )


def _looks_like_a_picture(path: Path) -> bool:
    # macOS puts a "._name.jpg" beside each file on a foreign disk
    hidden = path.name.startswith(".")
    return not hidden and path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()


# ---- places and times ------------------------------------------------------------------------


def side_named(name: str) -> Side | None:
    """Read the subject's side from a file or folder name; None when it says none or several."""
    stem = re.sub(r"\.[^.]{1,5}$", "", name)
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", stem)
    words = re.findall(r"[^\W\d_]+", spaced.lower())
    sides = {side for side, known in _SIDE_WORDS.items() if _speaks_of(words, known)}
    return sides.pop() if len(sides) == 1 else None


def _speaks_of(words: Sequence[str], known: Sequence[str]) -> bool:
    return any(
        word == one or (len(one) > 3 and word.startswith(one)) for word in words for one in known
    )


def side_of(source: Source) -> Side | None:
    """The side that a source's own name speaks of, else its folder's."""
    if isinstance(source, Pasted):
        return None
    return side_named(source.name) or side_named(source.parent.name)


def shelf_for(shelves: Sequence[Shelf], side: Side | None) -> Shelf | None:
    """Choose where a picture goes; None means that it needs a free slot.

    With a side: an empty slot of that side, else its first one (another take). Without: the next
    empty slot.
    """
    in_order = sorted(shelves, key=lambda shelf: shelf.slot.position)
    fitting = [shelf for shelf in in_order if side is None or shelf.slot.side is side]
    empty = [shelf for shelf in fitting if not shelf.takes]
    if empty:
        return empty[0]
    return fitting[0] if side is not None and fitting else None


def capture_time(
    taken: Iterable[CameraTime], modified_at: datetime | None, now: datetime, zone: str
) -> CaptureTime:
    """Say when a picture was taken; a camera's time without an offset is a time at the site."""
    for camera in taken:
        moment = _camera_moment(camera, zone)
        if moment is not None:
            return CaptureTime(camera.text, camera.offset, camera.source, moment)
    if modified_at is not None:
        return CaptureTime(modified_at.isoformat(), None, "file", modified_at)
    return CaptureTime(now.isoformat(), None, "station", now)


def _camera_moment(camera: CameraTime, zone: str) -> datetime | None:
    try:
        local = datetime.strptime(camera.text[:19], "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - zone next
        return local.replace(tzinfo=_offset(camera.offset) or ZoneInfo(zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _offset(text: str | None) -> timezone | None:
    match = re.fullmatch(r"([+-])(\d\d):(\d\d)", text or "")
    if match is None:
        return None
    size = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return timezone(-size if match[1] == "-" else size)
