"""A workplace opens with everything that was set for the station known."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QDialog

from haut_desktop.domain.audit import Act
from haut_desktop.domain.space import GIB, SpaceLimits
from haut_desktop.services.disk_space import DiskSpace
from haut_desktop.services.tasks import TaskScope
from haut_desktop.settings import FOLDER_VARIABLE, app_paths
from haut_desktop.store.spool import SPOOL, Spool
from haut_desktop.viewmodels.notices import NoticesViewModel
from haut_desktop.work_opening import Mode, WorkOpener
from tests.e2e.stations import set_up_station
from tests.fakes.builders import make_picture
from tests.fakes.clock import FakeClock
from tests.fakes.keyring import FakeSecrets, absent
from tests.photographs import marked
from tests.waiting import eventually

_SET = SpaceLimits(4 * GIB, 2 * GIB)


async def _nobody(_: QDialog) -> bool:
    raise AssertionError


def _opener(
    secrets: FakeSecrets,
    notices: NoticesViewModel,
    tasks: TaskScope,
    locked: Path,
    *,
    platform: str = "",
) -> WorkOpener:
    """Opens without a person and without a window; this process holds the lock of ``locked``."""
    return WorkOpener(
        app_paths(),
        notices=notices,
        tasks=tasks,
        ask=_nobody,
        close_window=lambda: None,
        secrets=secrets,
        platform=platform,
        pacing=None,
        locked=locked,
    )


async def test_nothing_can_be_taken_in_before_the_stations_own_limits_are_known(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    paths, secrets = app_paths(), FakeSecrets()
    station = await set_up_station(paths.station, secrets)
    await DiskSpace(tmp_path).set_limits(station.studies, _SET, Act(reason="a small disk"))
    await station.aclose()
    notices = NoticesViewModel()
    tasks = TaskScope("test", notices.report)
    opener = _opener(secrets, notices, tasks, paths.station)
    async with AsyncExitStack() as stack:
        work = await opener.open(Mode.STUDY, stack)
        assert work is not None
        assert work.space.limits == _SET
    await tasks.aclose()


@pytest.mark.parametrize("secrets", [FakeSecrets(), absent()], ids=["keyring", "no keyring"])
async def test_practice_without_a_keyring_says_that_it_ends_with_the_program(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secrets: FakeSecrets
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    paths, notices = app_paths(), NoticesViewModel()
    tasks = TaskScope("test", notices.report)
    opener = _opener(secrets, notices, tasks, paths.practice_station, platform="http://127.0.0.1:9")
    async with AsyncExitStack() as stack:
        work = await opener.open(Mode.PRACTICE, stack)
        assert work is not None
        told = notices.current
        assert (told is not None) is (secrets.trouble is not None)
        assert told is None or "gone when the program closes" in told.message
        kept = work.store.folder.is_relative_to(tmp_path)
        assert kept is (told is None)
    assert notices.current is None, "it is not the study's"
    await tasks.aclose()


async def test_what_was_taken_in_while_the_station_was_locked_is_told_until_it_has_a_place(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    paths, secrets, notices = app_paths(), FakeSecrets(), NoticesViewModel()
    station = await set_up_station(paths.station, secrets)
    original, rendition, _ = make_picture(None)
    await station.rebuilt.hold(original, rendition, "of an earlier time", {})
    spool = Spool(station.folder / SPOOL, station.keys.recipient, FakeClock())
    first, second = (spool.seal(marked(number), {}).original_id for number in (1, 2))
    await station.aclose()
    tasks = TaskScope("test", notices.report)
    opener = _opener(secrets, notices, tasks, paths.station)
    async with AsyncExitStack() as stack:
        work = await opener.open(Mode.STUDY, stack)
        assert work is not None
        told = await eventually(lambda: notices.current)
        assert told is not None
        assert "2 pictures wait in the outbox" in told.message
        await work.outbox.erase(first, "nobody's")
        await eventually(lambda: notices.current != told)
        assert notices.current is not None
        assert "1 picture waits in the outbox" in notices.current.message
        await work.outbox.erase(second, "nobody's")
        await eventually(lambda: notices.current is None)
        assert (await work.outbox.summary()).unplaced == 1
    await tasks.aclose()
