from pathlib import Path

from pytestqt.qtbot import QtBot

from haut_desktop.desktop.instance import SingleInstance
from tests.waiting import emitted


async def test_a_second_start_brings_the_first_to_the_front(qtbot: QtBot, tmp_path: Path) -> None:
    first, second = SingleInstance(tmp_path), SingleInstance(tmp_path)
    assert first.acquire()
    assert not second.acquire()
    async with emitted(first.shown):
        assert second.knock()
    first.release()


def test_another_folder_is_another_station(qtbot: QtBot, tmp_path: Path) -> None:
    first, second = SingleInstance(tmp_path / "a"), SingleInstance(tmp_path / "b")
    assert first.acquire()
    assert second.acquire()
    first.release()
    second.release()


def test_a_released_folder_can_be_taken(qtbot: QtBot, tmp_path: Path) -> None:
    first, second = SingleInstance(tmp_path), SingleInstance(tmp_path)
    assert first.acquire()
    first.release()
    assert second.acquire()
    second.release()


def test_nobody_hears_where_nothing_runs(qtbot: QtBot, tmp_path: Path) -> None:
    assert not SingleInstance(tmp_path).knock()
