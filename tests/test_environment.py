"""The ground under the program: pinned versions, and a Qt binding that counts its references."""

import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Final

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Signal
from pytestqt.qtbot import QtBot

from tests.keyring_tools import TOOLS

PACKAGING: Final = Path(__file__).resolve().parent.parent / "packaging"
ROUNDS: Final = 100
SLACK: Final = 20
"""What the interpreter itself may hold more or less; a lost reference per call makes 100."""

IMMORTAL: Final = sys.version_info >= (3, 12)

counts_references = pytest.mark.skipif(IMMORTAL, reason="None is immortal since Python 3.12")


class Bell(QObject):
    """Rings by signal, and listens to events that Qt delivers."""

    rang = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.heard = 0

    def _on_rang(self) -> None:
        self.heard += 1

    def customEvent(self, event: QEvent) -> None:
        """Count what Qt delivers."""
        self.heard += 1


@counts_references
def test_emitting_a_signal_loses_no_reference(qtbot: QtBot) -> None:
    bell = Bell()
    bell.rang.emit()
    before = sys.getrefcount(True), sys.getrefcount(None)
    for _ in range(ROUNDS):
        bell.rang.emit()
    after = sys.getrefcount(True), sys.getrefcount(None)
    assert [abs(a - b) < SLACK for a, b in zip(after, before, strict=True)] == [True, True]


@counts_references
def test_a_slot_and_an_override_that_qt_calls_lose_no_reference(qtbot: QtBot) -> None:
    bell = Bell()
    bell.rang.connect(bell._on_rang)
    _deliver(bell)
    before = sys.getrefcount(True), sys.getrefcount(None)
    for _ in range(ROUNDS):
        _deliver(bell)
    after = sys.getrefcount(True), sys.getrefcount(None)
    assert bell.heard == 2 * (ROUNDS + 1)
    assert [abs(a - b) < SLACK for a, b in zip(after, before, strict=True)] == [True, True]


def _deliver(bell: Bell) -> None:
    bell.rang.emit()
    QCoreApplication.sendEvent(bell, QEvent(QEvent.Type.User))


@pytest.mark.parametrize(
    ("distribution", "pinned"),
    (("PySide6-Essentials", "6.11.3"), ("shiboken6", "6.11.3"), ("qasync", "0.28.0")),
)
def test_the_pinned_version_is_installed(distribution: str, pinned: str) -> None:
    assert version(distribution) == pinned


def test_opencv_still_has_the_face_cascades() -> None:
    assert version("opencv-python-headless").startswith("4.")


def test_the_real_secret_service_is_tested_in_continuous_integration() -> None:
    """A green run must not hide that the system's parts were missing and tests were skipped."""
    if sys.platform != "linux" or os.environ.get("CI") != "true":
        pytest.skip("only promised for continuous integration on Linux")
    folders = os.environ["PATH"].split(os.pathsep)
    for program in TOOLS:
        assert any((Path(folder) / program).is_file() for folder in folders), program


@pytest.mark.parametrize(
    "name", ("requirements.txt", "requirements-dev.txt", "requirements-build.txt")
)
def test_every_locked_requirement_has_a_hash(name: str) -> None:
    entries = (PACKAGING / name).read_text("utf-8").replace("\\\n", "").splitlines()
    locked = [line for line in entries if line and not line.startswith("#")]
    assert len(locked) > 20
    assert [line for line in locked if "--hash=sha256:" not in line] == []


def test_development_and_build_use_the_same_versions_as_the_program() -> None:
    runtime = _pins("requirements.txt")
    assert runtime <= _pins("requirements-dev.txt")
    assert runtime <= _pins("requirements-build.txt")


def _pins(name: str) -> set[str]:
    lines = (PACKAGING / name).read_text("utf-8").splitlines()
    return {
        line.split(" ")[0] for line in lines if "==" in line and not line.startswith((" ", "#"))
    }
