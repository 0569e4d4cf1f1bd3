"""The log file: every error that nobody caught, by kind and place, and none of its own words."""

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from haut_desktop.logs import close_logs, open_logs, report_faults
from tests.conftest import ExpectedLogs
from tests.waiting import eventually

TYPED = "B-007 Anna.jpg"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, expected_log: ExpectedLogs) -> list[str]:
    expected_log("fault ValueError")
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    return []


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Reads what is in the log file."""
    handler = open_logs(tmp_path)
    yield lambda: (tmp_path / "haut-desktop.log").read_text("utf-8")
    close_logs(handler)


def check(text: str) -> None:
    assert "fault ValueError at test_logs.py:" in text
    assert "B-007" not in text


def fail(*_words: str) -> None:
    raise ValueError(TYPED)


async def test_a_fault_of_a_slot_is_told_and_logged_without_its_words(
    qapp: QApplication, log: Callable[[], str], told: list[str]
) -> None:
    report_faults(lambda: told.append("told"), asyncio.get_running_loop())
    try:
        fail()
    except ValueError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    assert told == ["told"]
    check(log())


async def test_a_fault_of_a_callback_of_the_loop_is_told_and_logged_without_its_words(
    qapp: QApplication, log: Callable[[], str], told: list[str]
) -> None:
    loop = asyncio.get_running_loop()
    report_faults(lambda: told.append("told"), loop)
    loop.call_soon(fail, TYPED)
    await eventually(lambda: "ValueError" in log())
    assert told == ["told"]
    check(log())


async def test_a_fault_of_a_thread_is_logged_without_its_words(
    qapp: QApplication, log: Callable[[], str], told: list[str]
) -> None:
    report_faults(lambda: told.append("told"), asyncio.get_running_loop())
    thread = threading.Thread(target=fail)
    thread.start()
    await asyncio.to_thread(thread.join)
    check(log())
    assert told == [], "windows are told nothing from a thread"


async def test_a_connection_that_breaks_under_the_loop_is_logged_and_no_fault_of_the_program(
    qapp: QApplication,
    log: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
    expected_log: ExpectedLogs,
) -> None:
    """Windows raises it while a socket is closed that the other side has reset."""
    expected_log("fault ConnectionResetError")
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    told: list[str] = []
    loop = asyncio.get_running_loop()
    report_faults(lambda: told.append("told"), loop)

    def shut_down() -> None:
        raise ConnectionResetError(TYPED)

    loop.call_soon(shut_down)
    await eventually(lambda: "ConnectionResetError" in log())
    assert told == []
    assert "B-007" not in log()
