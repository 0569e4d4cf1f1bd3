"""The guards of conftest.py can fail: each breach below turns a test red."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent

SAMPLES: Final = """
import asyncio
import logging

import pytest
import qasync
from PySide6.QtCore import QObject, QTimer, Signal, qWarning
from PySide6.QtWidgets import QWidget

from tests.waiting import emitted, eventually

kept = []


class Bell(QObject):
    rang = Signal(object, int)


async def test_good_loop_without_qt():
    assert not isinstance(asyncio.get_running_loop(), qasync.QEventLoop)


async def test_good_loop_with_qt(qapp):
    assert isinstance(asyncio.get_running_loop(), qasync.QEventLoop)


def test_good_expected_log(expected_log):
    expected_log("the disk is nearly full")
    logging.getLogger("station").warning("the disk is nearly full")


def test_good_closed_widget(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.show()


async def test_good_emitted(qapp):
    bell = Bell()
    async with emitted(bell.rang) as emission:
        QTimer.singleShot(0, lambda: bell.rang.emit({1: 2}, 3))
    assert emission.args == ({1: 2}, 3)


async def test_good_eventually_gives_up(qapp):
    with pytest.raises(AssertionError, match="never rang"):
        await eventually(lambda: False, deadline_s=0, what="never rang")


@pytest.fixture
def due(qapp):
    timer = QTimer(singleShot=True, interval=0)
    timer.timeout.connect(asyncio.get_running_loop)
    yield timer
    assert timer.isActive()
    timer.stop()


def test_good_timer_that_is_due_when_the_test_ends(due):
    due.start()


def test_bad_unexpected_log():
    logging.getLogger("station").warning("something odd")


def test_bad_expected_log_missing(expected_log):
    expected_log("something odd")


def test_bad_silenced_log():
    logging.getLogger("haut_desktop").setLevel(logging.CRITICAL)


async def test_bad_leaked_task():
    kept.append(asyncio.get_running_loop().create_task(asyncio.Event().wait()))


async def test_bad_leaked_task_on_qt_loop(qapp):
    kept.append(asyncio.get_running_loop().create_task(asyncio.Event().wait()))


def test_bad_leaked_widget(qapp):
    kept.append(QWidget())


def test_bad_leaked_timer(qapp):
    timer = QTimer()
    timer.start(1000)
    kept.append(timer)


def test_bad_qt_warning(qapp):
    qWarning("Qt is not amused")


def test_bad_exception_in_slot(qapp):
    bell = Bell()
    bell.rang.connect(lambda *_: 1 / 0)
    bell.rang.emit(1, 2)


async def test_bad_exception_in_callback():
    asyncio.get_running_loop().call_soon(lambda: 1 / 0)
    await asyncio.sleep(0)


def test_bad_file_left_open():
    open(__file__)
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The lines of a run of all samples, started as after a check that failed."""
    path = tmp_path_factory.mktemp("guards") / "test_samples.py"
    path.write_text(SAMPLES, "utf-8")
    options = ["-c", str(ROOT / "pyproject.toml"), "-p", "tests.conftest", "-p", "no:cacheprovider"]
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-rA", "-q", "--tb=no", str(path)],
        cwd=ROOT,
        env={**os.environ, "HAUT_FAILED_CHECKS": "lint, types"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.stdout, finished.stderr
    return finished.stdout.splitlines()


@pytest.fixture(scope="module")
def outcomes(said: list[str]) -> dict[str, set[str]]:
    """Name of each sample → how it ended: PASSED, FAILED, ERROR."""
    ended: dict[str, set[str]] = {}
    for line in said:
        word, _, rest = line.partition(" ")
        if word in {"PASSED", "FAILED", "ERROR"} and "::" in rest:
            ended.setdefault(rest.partition("::")[2].split(" ")[0], set()).add(word)
    assert ended, "\n".join(said)
    return ended


NAMES: Final = tuple(
    line.partition("(")[0].split(" ")[-1] for line in SAMPLES.splitlines() if "def test_" in line
)


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("test_good")])
def test_guards_let_a_good_test_pass(outcomes: dict[str, set[str]], name: str) -> None:
    assert outcomes[name] == {"PASSED"}


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("test_bad")])
def test_guards_turn_a_breach_red(outcomes: dict[str, set[str]], name: str) -> None:
    assert outcomes[name] & {"FAILED", "ERROR"}


def test_checks_that_failed_before_are_named_right_above_the_last_line(said: list[str]) -> None:
    assert said[-2] == "FAILED before the tests: lint, types"
    assert " passed" in said[-1]


def test_what_runs_without_windows_collects_garbage_as_the_program_does() -> None:
    words = """
import gc
from tests.qt_runner import qt_runner

async def collects_by_itself() -> bool:
    return gc.isenabled()

with qt_runner() as runner:
    assert not runner.run(collects_by_itself())
assert gc.isenabled()
"""
    done = subprocess.run([sys.executable, "-c", words], cwd=ROOT, check=False, timeout=60)
    assert done.returncode == 0
