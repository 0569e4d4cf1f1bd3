"""A start that fails is said to the user, in a box, whatever it was that failed."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from haut_desktop import starting
from haut_desktop.app import Program
from haut_desktop.desktop.instance import FolderLock
from haut_desktop.domain.errors import DiskFullError, HautError
from haut_desktop.settings import FOLDER_VARIABLE, app_paths
from haut_desktop.starting import run_window
from tests.conftest import ExpectedLogs


@pytest.fixture
def told(qapp: QApplication, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[HautError]:
    """What a box has said; the station's folder is a passing one."""
    heard: list[HautError] = []

    async def hear(error: HautError) -> None:
        heard.append(error)

    monkeypatch.setattr(starting, "tell_error", hear)
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setattr("sys.excepthook", lambda *_fault: None)
    return heard


def _let_it_fail(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    async def run(_program: Program) -> None:
        raise error

    monkeypatch.setattr(Program, "run", run)


def test_an_error_with_words_is_said_in_them(
    told: list[HautError], monkeypatch: pytest.MonkeyPatch, expected_log: ExpectedLogs
) -> None:
    _let_it_fail(monkeypatch, DiskFullError())
    expected_log("ended by DiskFullError")
    assert run_window(is_practice=False) == 1
    assert [error.title for error in told] == ["The disk is full"]


def test_a_fault_of_the_program_is_said_too(
    told: list[HautError], monkeypatch: pytest.MonkeyPatch, expected_log: ExpectedLogs
) -> None:
    _let_it_fail(monkeypatch, ZeroDivisionError())
    expected_log("ended by ZeroDivisionError")
    expected_log("fault ZeroDivisionError at test_run_window")
    assert run_window(is_practice=False) == 1
    assert [error.title for error in told] == [starting.FAULT.title]


def test_a_folder_that_can_not_be_made_is_said(
    told: list[HautError], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "file"))
    assert run_window(is_practice=False) == 1
    assert [error.title for error in told] == ["The station's folder can't be used"]


def test_a_station_that_somebody_else_works_on_is_said(told: list[HautError]) -> None:
    folder = app_paths().station
    folder.mkdir(parents=True, exist_ok=True)
    elsewhere = FolderLock(folder)
    assert elsewhere.acquire()
    try:
        # nobody hears the knock: it is another account's program, or a command
        assert run_window(is_practice=False) == 1
    finally:
        elsewhere.release()
    assert [error.title for error in told] == ["Haut Desktop is open already"]
