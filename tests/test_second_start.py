"""Real processes on one station's folder: one window, brought to the front; no lock is left."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QDialog

from haut_desktop.app import Mode, Program, make_application
from haut_desktop.desktop import instance
from haut_desktop.desktop.instance import SingleInstance
from haut_desktop.settings import FOLDER_VARIABLE, AppPaths
from haut_desktop.starting import bring_to_front
from tests.waiting import DEADLINE_S, eventually

_PROGRAM = """
from haut_desktop import settings
settings.PASSING_FILE_SYSTEMS = frozenset()  # whatever disk the tests' folder lies on
from haut_desktop.__main__ import run
run()
"""


@contextmanager
def program(folder: Path, *, stderr: int | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """The program as a user starts it, with no screen; killed at the end if it still runs."""
    environment = {**os.environ, FOLDER_VARIABLE: str(folder), "QT_QPA_PLATFORM": "offscreen"}
    process = subprocess.Popen([sys.executable, "-c", _PROGRAM], env=environment, stderr=stderr)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def said(folder: Path) -> str:
    """The program's log."""
    log = AppPaths(folder).logs / "haut-desktop.log"
    return log.read_text("utf-8") if log.is_file() else ""


@pytest.mark.skipif(sys.platform == "win32", reason="signals that stop a process are POSIX's")
async def test_one_window_for_one_folder_whatever_becomes_of_its_process(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instance, "_ANSWER_MS", 200)
    folder = AppPaths(tmp_path).station
    with program(tmp_path) as first:
        await eventually(lambda: "asking by FirstStartDialog" in said(tmp_path))
        with program(tmp_path, stderr=subprocess.PIPE) as second:
            await eventually(lambda: second.poll() is not None)
            _, told = second.communicate()
        assert b"open already" in told
        assert second.returncode == 0
        await eventually(lambda: "brought to the front by a second start" in said(tmp_path))
        # one that hangs holds its folder and answers nobody: whoever starts then is told
        first.send_signal(signal.SIGSTOP)
        stranger = SingleInstance(folder)
        assert not stranger.acquire()
        assert not stranger.knock()
        # one that was killed holds nothing
        first.kill()
        first.wait(DEADLINE_S)
        assert (folder / "station.lock").exists()
        assert stranger.acquire()
        stranger.release()
    assert not (folder / "station.lock").exists()


async def test_a_minimised_window_comes_up(qapp: QApplication, tmp_path: Path) -> None:
    made = Program(make_application(), paths=AppPaths(tmp_path), mode=Mode.STUDY)
    dialog = made.dialog = QDialog()
    dialog.showMinimized()
    bring_to_front(made)
    assert not dialog.isMinimized()
    await eventually(dialog.isActiveWindow)
    dialog.close()
    dialog.deleteLater()
    await made._tasks.aclose()
