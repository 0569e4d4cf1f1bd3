"""Files and folders that outlive a power cut: what is flushed when."""

import errno
import os
from pathlib import Path

import pytest

from haut_desktop.domain.errors import DiskFullError
from haut_desktop.store.files import make_folder, write_atomically


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every file and folder that is flushed, in order."""
    found: list[Path] = []
    flush = os.fsync

    def note(handle: int) -> None:
        found.append(Path(f"/proc/self/fd/{handle}").readlink())
        flush(handle)

    monkeypatch.setattr(os, "fsync", note)
    return found


linux_only = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="asks /proc")


@linux_only
def test_a_new_folders_names_are_flushed_all_the_way_up(
    tmp_path: Path, flushed: list[Path]
) -> None:
    make_folder(tmp_path / "site" / "station")
    assert flushed == [tmp_path / "site", tmp_path]


@linux_only
def test_a_folder_that_an_ended_program_made_is_flushed_too(
    tmp_path: Path, flushed: list[Path]
) -> None:
    (tmp_path / "vault").mkdir()
    make_folder(tmp_path / "vault")
    assert flushed == [tmp_path]


def test_no_room_for_a_folder_is_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", no_room)
    with pytest.raises(DiskFullError):
        make_folder(tmp_path / "vault")


@linux_only
@pytest.mark.parametrize("is_flushed", (True, False))
def test_only_what_cannot_be_made_again_is_flushed(
    tmp_path: Path, flushed: list[Path], is_flushed: bool
) -> None:
    write_atomically(tmp_path / "file", b"x", is_flushed=is_flushed)
    assert (tmp_path / "file").read_bytes() == b"x"
    assert (tmp_path in flushed, len(flushed)) == (is_flushed, 2 if is_flushed else 0)
