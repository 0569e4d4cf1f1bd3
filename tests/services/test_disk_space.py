"""Room on the disk is looked up where pictures will lie, also before the folder is there."""

from pathlib import Path

import pytest

from haut_desktop.domain.errors import DiskFullError
from haut_desktop.services.disk_space import GIB, DiskSpace


def test_folder_that_is_not_there_yet_has_its_disks_room(tmp_path: Path) -> None:
    space = DiskSpace(tmp_path / "station" / "vault", warn_below_bytes=1, refuse_below_bytes=1)
    space.check()
    assert space.warning() is None


def test_little_room_is_a_warning_and_less_is_a_refusal(tmp_path: Path) -> None:
    assert "Make room soon" in (
        DiskSpace(tmp_path, free_bytes_of=lambda _: GIB - 1).warning() or ""
    )
    with pytest.raises(DiskFullError, match="no more pictures are taken in"):
        DiskSpace(tmp_path, free_bytes_of=lambda _: GIB // 2 - 1).check()
