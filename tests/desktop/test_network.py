from pytestqt.qtbot import QtBot

from haut_desktop.desktop.network import NetworkWatch
from tests.waiting import emitted


async def test_a_change_of_the_system_is_passed_on(qtbot: QtBot) -> None:
    watch = NetworkWatch()
    async with emitted(watch.changed):
        watch._on_information_changed()
    watch.stop()


def test_a_stopped_watch_knows_nothing(qtbot: QtBot) -> None:
    watch = NetworkWatch()
    watch.stop()
    assert not watch.is_available
    assert watch.is_online is None
