import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from haut_desktop.domain.errors import PictureError
from haut_desktop.domain.ids import SlotId, VisitId
from haut_desktop.domain.imaging import LARGEST_PICTURE_BYTES, ImageType, Side, Slot
from haut_desktop.domain.visits import Shelf
from haut_desktop.services import intake
from haut_desktop.services.intake import Pasted
from haut_desktop.services.pictures import CameraTime
from tests.photographs import marked

_NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def test_a_file_is_read_with_its_hashes(tmp_path: Path) -> None:
    data = marked(1)
    (tmp_path / "front.jpg").write_bytes(data)
    read = intake.read(tmp_path / "front.jpg")
    assert read.data == data
    assert read.digest.sha256 == hashlib.sha256(data).hexdigest()
    assert read.digest.md5 == hashlib.md5(data, usedforsecurity=False).hexdigest()
    assert read.digest.size_bytes == len(data)


def test_what_was_pasted_is_read_too() -> None:
    data = marked(1)
    read = intake.read(Pasted(data))
    assert read.digest.sha256 == hashlib.sha256(data).hexdigest()
    assert read.modified_at is None


def test_bytes_of_a_face_are_not_in_a_repr() -> None:
    data = marked(1)
    assert repr(Pasted(data)) == f"Pasted({len(data)} bytes)"
    assert repr(Pasted(lambda: data)) == "Pasted()"
    assert "\\xff" not in repr(intake.read(Pasted(data)))


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "front.jpg").touch()
    with pytest.raises(PictureError, match="empty"):
        intake.read(tmp_path / "front.jpg")


def test_a_file_of_forty_megabytes_is_refused_with_its_size(tmp_path: Path) -> None:
    with (tmp_path / "front.jpg").open("wb") as file:
        file.truncate(40 * 1024 * 1024)
    with pytest.raises(PictureError, match=r"40\.0 MB.*at most 30 MB"):
        intake.read(tmp_path / "front.jpg")


def test_a_file_one_byte_too_large_is_told_more_than_the_limit(tmp_path: Path) -> None:
    with (tmp_path / "front.jpg").open("wb") as file:
        file.truncate(LARGEST_PICTURE_BYTES + 1)
    with pytest.raises(PictureError, match=r"30\.1 MB.*at most 30 MB"):
        intake.read(tmp_path / "front.jpg")


def test_the_largest_size_is_still_taken(tmp_path: Path) -> None:
    with (tmp_path / "front.jpg").open("wb") as file:
        file.truncate(LARGEST_PICTURE_BYTES)
    assert intake.read(tmp_path / "front.jpg").digest.size_bytes == LARGEST_PICTURE_BYTES


def test_a_file_that_vanished_is_said(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="no longer there"):
        intake.read(tmp_path / "front.jpg")


def test_a_file_that_may_not_be_read_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "front.jpg"
    path.write_bytes(marked(1))
    path.chmod(0)
    if os.access(path, os.R_OK):
        # an administrator may read everything: let the system say what it says to others
        def refuse(self: Path, mode: str) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(PictureError, match="may not read"):
        intake.read(path)


def test_a_card_that_fails_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "front.jpg").write_bytes(marked(1))

    def fail(self: Path, mode: str) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(PictureError, match="can't be read"):
        intake.read(tmp_path / "front.jpg")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_does_not_block_the_station(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "front.jpg")
    with pytest.raises(PictureError, match="not a file"):
        intake.read(tmp_path / "front.jpg")


# ---- folders


def test_a_folder_gives_its_pictures_by_name_and_nothing_else(tmp_path: Path) -> None:
    for name in ("b.JPG", "a.png", "._a.png", "notes.txt", ".hidden.jpg"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "older").mkdir()
    (tmp_path / "older" / "c.jpg").write_bytes(b"x")
    assert intake.expand(tmp_path) == (tmp_path / "a.png", tmp_path / "b.JPG")


def test_a_folder_with_five_hundred_pictures_is_refused(tmp_path: Path) -> None:
    for number in range(500):
        (tmp_path / f"IMG_{number:04}.jpg").touch()
    with pytest.raises(PictureError, match=r"500 pictures.*this visit's pictures"):
        intake.expand(tmp_path)


def test_a_folder_without_pictures_is_said(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(PictureError, match="no pictures"):
        intake.expand(tmp_path)


def test_a_file_expands_to_itself(tmp_path: Path) -> None:
    assert intake.expand(tmp_path / "gone.jpg") == (tmp_path / "gone.jpg",)


# ---- places


@pytest.mark.parametrize(
    ("name", "side"),
    (
        ("front.jpg", Side.FRONT),
        ("FRONT_0012.JPG", Side.FRONT),
        ("B-007_left.jpg", Side.LEFT),
        ("B-007-R.jpeg", Side.RIGHT),
        ("visage gauche.png", Side.LEFT),
        ("Gesicht rechts 2.jpg", Side.RIGHT),
        ("profileLeft.jpg", Side.LEFT),
        ("left45.jpg", Side.LEFT),
        ("frontal.webp", Side.FRONT),
        ("IMG_0012.JPG", None),
        ("left-and-right.jpg", None),
        ("lr.jpg", None),
        ("bright.jpg", None),
    ),
)
def test_the_side_is_read_from_the_name(name: str, side: Side | None) -> None:
    assert intake.side_named(name) is side


def test_the_folder_speaks_where_the_file_does_not() -> None:
    assert intake.side_of(Path("card/left/IMG_0001.JPG")) is Side.LEFT
    assert intake.side_of(Path("card/left/front.jpg")) is Side.FRONT
    assert intake.side_of(Pasted(b"x")) is None


def _shelf(side: Side, position: int) -> Shelf:
    slot = Slot(
        SlotId(f"slot {position}"), VisitId("visit"), ImageType.SELFIE, side, position=position
    )
    return Shelf(slot)


def test_without_a_side_the_next_empty_slot_is_taken() -> None:
    shelves = (_shelf(Side.LEFT, 1), _shelf(Side.FRONT, 0))
    assert intake.shelf_for(shelves, None) is shelves[1]


def test_without_a_slot_of_its_side_a_picture_needs_a_free_one() -> None:
    assert intake.shelf_for((_shelf(Side.FRONT, 0),), Side.LEFT) is None


# ---- times


def test_the_cameras_time_with_offset_is_exact() -> None:
    camera = CameraTime("2026:03:01 09:12:44", "+02:00", "exif-original")
    captured = intake.capture_time((camera,), None, _NOW, "America/New_York")
    assert captured.utc == datetime(2026, 3, 1, 7, 12, 44, tzinfo=UTC)
    assert (captured.text, captured.offset) == ("2026:03:01 09:12:44", "+02:00")
    assert captured.source == "exif-original"


def test_the_cameras_time_without_offset_is_a_time_at_the_site() -> None:
    camera = CameraTime("2026:07:01 09:00:00", None, "exif")
    captured = intake.capture_time((camera,), None, _NOW, "Europe/Berlin")
    assert captured.utc == datetime(2026, 7, 1, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ("0000:00:00 00:00:00", "    :  :     :  :  ", "yesterday"))
def test_a_camera_that_does_not_know_the_time_is_not_believed(text: str) -> None:
    camera = CameraTime(text, None, "exif-original")
    written = _NOW - timedelta(hours=1)
    captured = intake.capture_time((camera,), written, _NOW, "Europe/Berlin")
    assert (captured.source, captured.utc) == ("file", written)


def test_what_was_pasted_has_the_stations_time() -> None:
    captured = intake.capture_time((), None, _NOW, "Europe/Berlin")
    assert (captured.source, captured.utc) == ("station", _NOW)
