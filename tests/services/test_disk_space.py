"""Room on the disk is looked up where pictures will lie, also before the folder is there."""

from pathlib import Path

import pytest

from haut_desktop.domain.errors import DiskFullError
from haut_desktop.services.disk_space import GIB, DiskSpace
from tests.services.rooms import open_room


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


async def test_the_stations_own_limits_are_kept(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        studies = room.station.studies
        space = DiskSpace(tmp_path, free_bytes_of=lambda _: GIB)
        await space.set_limits(studies, warn_below_bytes=4 * GIB, refuse_below_bytes=2 * GIB)
        later = DiskSpace(tmp_path, free_bytes_of=lambda _: 3 * GIB)
        await later.load_limits(studies)
        later.check()
        assert later.warning() is not None
        with pytest.raises(DiskFullError):
            space.check()


@pytest.mark.parametrize(("warn", "refuse"), ((GIB, 2 * GIB), (GIB, 1024)))
async def test_limits_that_protect_nothing_are_not_set(
    tmp_path: Path, warn: int, refuse: int
) -> None:
    async with open_room(tmp_path) as room:
        with pytest.raises(ValueError, match="at least 64 MiB"):
            await DiskSpace(tmp_path).set_limits(
                room.station.studies, warn_below_bytes=warn, refuse_below_bytes=refuse
            )
