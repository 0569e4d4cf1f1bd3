import subprocess
import sys
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from haut_desktop.desktop import instance
from haut_desktop.desktop.instance import FolderLock, SingleInstance
from haut_desktop.domain.errors import StoreError
from tests.waiting import emitted, eventually

_SECOND = """
import sys
from pathlib import Path
from haut_desktop.desktop.instance import SingleInstance
second = SingleInstance(Path(sys.argv[1]))
sys.exit(0 if not second.acquire() and second.knock() else 1)
"""


def start_again(folder: Path) -> "subprocess.Popen[bytes]":
    """Another process that would work on the folder."""
    return subprocess.Popen([sys.executable, "-c", _SECOND, str(folder)])


async def test_a_second_start_brings_the_first_to_the_front(qtbot: QtBot, tmp_path: Path) -> None:
    first = SingleInstance(tmp_path)
    assert first.acquire()
    async with emitted(first.shown):
        second = start_again(tmp_path)
        await eventually(lambda: second.poll() is not None)
    assert second.returncode == 0
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


def test_a_knock_that_nobody_answers_is_not_heard(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instance, "_ANSWER_MS", 50)
    first, second = SingleInstance(tmp_path), SingleInstance(tmp_path)
    assert first.acquire()
    # its loop stands still, as in a program that hangs; the system takes the connection for it
    assert not second.knock()
    first.release()


@pytest.mark.parametrize("kind", (SingleInstance, FolderLock))
def test_a_folder_that_takes_no_lock_is_not_said_to_be_in_use(
    qtbot: QtBot, tmp_path: Path, kind: type[SingleInstance] | type[FolderLock]
) -> None:
    folder = tmp_path / "station"
    folder.mkdir()
    lock = kind(folder)
    folder.rmdir()
    with pytest.raises(StoreError):
        lock.acquire()
