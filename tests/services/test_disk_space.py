"""Room on the disk is looked up where pictures will lie, also before the folder is there."""

from pathlib import Path

import pytest

from haut_desktop.domain.audit import Act
from haut_desktop.domain.errors import DiskFullError, ItemError
from haut_desktop.domain.space import GIB, MIB, SpaceLevel, SpaceLimits
from haut_desktop.services.disk_space import DiskSpace
from haut_desktop.services.this_station import ThisStation
from tests.conftest import ExpectedLogs
from tests.services.rooms import open_room

_EARLIER = SpaceLimits(4 * GIB, 2 * GIB)


def _act(reason: str) -> Act:
    return Act(reason=reason)


def test_folder_that_is_not_there_yet_has_its_disks_room(tmp_path: Path) -> None:
    space = DiskSpace(tmp_path / "station" / "vault", SpaceLimits(1, 1))
    space.check()
    assert space.room().level is SpaceLevel.AMPLE


def test_little_room_is_a_warning_and_less_is_a_refusal(tmp_path: Path) -> None:
    low = DiskSpace(tmp_path, free_bytes_of=lambda _: GIB - 1)
    assert low.room().level is SpaceLevel.LOW
    low.check()
    with pytest.raises(DiskFullError, match="no more pictures are taken in"):
        DiskSpace(tmp_path, free_bytes_of=lambda _: GIB // 2 - 1).check()


@pytest.mark.parametrize(
    ("free_bytes", "level"),
    (
        (GIB, SpaceLevel.AMPLE),
        (GIB - 1, SpaceLevel.LOW),
        (GIB // 2, SpaceLevel.LOW),
        (GIB // 2 - 1, SpaceLevel.STOPPED),
    ),
)
def test_the_limits_say_how_much_is_little(free_bytes: int, level: SpaceLevel) -> None:
    assert SpaceLimits().level(free_bytes) is level


async def test_the_stations_own_limits_are_kept_with_who_set_them_and_why(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        studies = room.station.studies
        space = DiskSpace(tmp_path, free_bytes_of=lambda _: GIB)
        here = ThisStation(studies=studies, space=space, act=_act)
        await here.set_limits(_EARLIER, " a small disk ")
        later = DiskSpace(tmp_path, free_bytes_of=lambda _: 3 * GIB)
        await later.load_limits(studies)
        later.check()
        assert later.limits == _EARLIER
        assert later.room().level is SpaceLevel.LOW
        with pytest.raises(DiskFullError):
            space.check()
        (entry,) = [e for e in await room.station.audit.entries() if e.action == "setting.changed"]
        assert (entry.reason, str(4 * GIB) in entry.new) == ("a small disk", True)


@pytest.mark.parametrize(
    ("limits", "words"),
    (
        (SpaceLimits(GIB, 2 * GIB), "Choose at least 2,048 MB for the warning"),
        (SpaceLimits(GIB, 63 * MIB), "Intake must stop while 64 MB are free"),
    ),
)
async def test_limits_that_protect_nothing_are_not_set(
    tmp_path: Path, limits: SpaceLimits, words: str
) -> None:
    async with open_room(tmp_path) as room:
        space = DiskSpace(tmp_path)
        here = ThisStation(studies=room.station.studies, space=space, act=_act)
        with pytest.raises(ItemError, match=words):
            await here.set_limits(limits, "why not")
        with pytest.raises(ItemError, match="Write a few words why"):
            await here.set_limits(_EARLIER, "  ")
        await space.load_limits(room.station.studies)
        assert space.limits == SpaceLimits()


async def test_kept_limits_that_cannot_be_read_leave_the_usual_ones(
    tmp_path: Path, expected_log: ExpectedLogs
) -> None:
    async with open_room(tmp_path) as room:
        await room.station.studies.set_setting("disk-limits", "nonsense")
        space = DiskSpace(tmp_path)
        await space.load_limits(room.station.studies)
        assert space.limits == SpaceLimits()
    expected_log("the kept disk limits can't be read")


async def test_kept_limits_that_protect_nothing_leave_the_usual_ones(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        kept = '{"warn_below_bytes": 1, "stop_below_bytes": 1}'
        await room.station.studies.set_setting("disk-limits", kept)
        space = DiskSpace(tmp_path)
        await space.load_limits(room.station.studies)
        assert space.limits == SpaceLimits()
