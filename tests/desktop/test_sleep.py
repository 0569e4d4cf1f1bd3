"""What the system says of waking up is passed on: logind's word on a bus of the test's own, and
the messages of Windows through Qt's own filter."""

import ctypes
import shutil
import subprocess
import sys
from collections.abc import Iterator
from ctypes import wintypes
from pathlib import Path
from typing import Final

import PySide6
import pytest
from PySide6.QtCore import QAbstractEventDispatcher, QByteArray
from PySide6.QtDBus import QDBusConnection, QDBusMessage
from pytestqt.qtbot import QtBot
from shiboken6 import Shiboken

from haut_desktop.desktop.sleep import SleepWatch
from tests.waiting import emitted

needs_bus = pytest.mark.skipif(not shutil.which("dbus-daemon"), reason="needs dbus-daemon")

POWER_BROADCAST: Final = 0x218
MOUSE_MOVE: Final = 0x200
SUSPEND: Final = 0x4
RESUME_SUSPEND: Final = 0x7
RESUME_AUTOMATIC: Final = 0x12


class Logind:
    """Stands on a bus as the system's logind does, and says what a test wants said."""

    def __init__(self, address: str) -> None:
        self._bus = QDBusConnection.connectToBus(address, "logind")
        assert self._bus.registerService("org.freedesktop.login1")

    def say_sleep(self, is_about_to: bool, *, signal: str = "PrepareForSleep") -> None:
        """Say that the computer is about to sleep, or that it woke."""
        message = QDBusMessage.createSignal(
            "/org/freedesktop/login1", "org.freedesktop.login1.Manager", signal
        )
        message.setArguments([is_about_to])
        assert self._bus.send(message)


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    command = ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address"]
    command.append(f"--address=unix:dir={tmp_path}")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as daemon:
        assert daemon.stdout is not None
        yield daemon.stdout.readline().strip()
        for name in ("logind", "program"):
            QDBusConnection.disconnectFromBus(name)
        daemon.terminate()


@needs_bus
async def test_of_logind_only_the_waking_is_passed_on(qtbot: QtBot, address: str) -> None:
    logind = Logind(address)
    watch = SleepWatch(system="linux", bus=QDBusConnection.connectToBus(address, "program"))
    assert watch.is_available
    for _ in range(2):
        async with emitted(watch.woken) as emission:
            logind.say_sleep(False, signal="PrepareForShutdown")
            logind.say_sleep(True)
            logind.say_sleep(False)
        assert emission.calls == [()]
    watch.stop()


@needs_bus
async def test_a_stopped_watch_hears_nothing_of_logind(qtbot: QtBot, address: str) -> None:
    logind = Logind(address)
    bus = QDBusConnection.connectToBus(address, "program")
    stopped, other = SleepWatch(system="linux", bus=bus), SleepWatch(system="linux", bus=bus)
    heard: list[None] = []
    stopped.woken.connect(lambda: heard.append(None))
    stopped.stop()
    assert not stopped.is_available
    async with emitted(other.woken):
        logind.say_sleep(False)
    assert not heard
    other.stop()


def test_without_a_bus_nothing_is_heard(qtbot: QtBot) -> None:
    watch = SleepWatch(system="linux", bus=QDBusConnection("nowhere"))
    assert not watch.is_available
    watch.stop()


def test_another_system_says_nothing(qtbot: QtBot) -> None:
    watch = SleepWatch(system="darwin")
    assert not watch.is_available
    watch.stop()


def post(message: int, word: int, kind: bytes = b"windows_generic_MSG") -> bool:
    """Give Qt a message as Windows does; gives whether somebody kept it from the windows."""
    native = wintypes.MSG(None, message, word, 0, 0, wintypes.POINT(0, 0))
    # PySide6's own way to this function asks for three arguments and refuses each third
    core = ctypes.CDLL(str(Path(PySide6.__file__).parent / "Qt/lib/libQt6Core.so.6"))
    give = core["_ZN24QAbstractEventDispatcher17filterNativeEventERK10QByteArrayPvPx"]
    give.argtypes, give.restype = [ctypes.c_void_p] * 4, ctypes.c_bool
    result, name = ctypes.c_int64(), QByteArray(kind)
    things = (QAbstractEventDispatcher.instance(), name)
    is_kept: bool = give(
        *(Shiboken.getCppPointer(thing)[0] for thing in things),
        ctypes.addressof(native),
        ctypes.addressof(result),
    )
    return is_kept


@pytest.mark.skipif(sys.platform != "linux", reason="calls Qt by its name in Linux's library")
@pytest.mark.parametrize("word", [RESUME_AUTOMATIC, RESUME_SUSPEND])
def test_windows_says_that_it_woke(qtbot: QtBot, word: int) -> None:
    watch = SleepWatch(system="win32")
    heard: list[None] = []
    watch.woken.connect(lambda: heard.append(None))
    assert not post(POWER_BROADCAST, SUSPEND)
    post(MOUSE_MOVE, word)
    post(POWER_BROADCAST, word, b"xcb_generic_event_t")
    assert not heard
    assert not post(POWER_BROADCAST, word), "the windows must hear it too"
    assert len(heard) == 1
    watch.stop()
    assert not watch.is_available
    post(POWER_BROADCAST, word)
    assert len(heard) == 1
