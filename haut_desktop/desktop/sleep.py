"""The operating system's word that the computer woke up: a hint to look again, never a proof."""

import sys
from collections.abc import Callable
from ctypes import wintypes
from typing import TYPE_CHECKING, Final, cast

from PySide6.QtCore import (
    SLOT,
    QAbstractNativeEventFilter,
    QByteArray,
    QCoreApplication,
    QObject,
    Signal,
    Slot,
)

if TYPE_CHECKING:
    from PySide6.QtDBus import QDBusConnection

_POWER_BROADCAST: Final = 0x218
_RESUMES: Final = frozenset({0x12, 0x7})
"""Windows woke by itself or for somebody; the second follows the first when somebody comes."""

_LOGIND: Final = (
    "org.freedesktop.login1",
    "/org/freedesktop/login1",
    "org.freedesktop.login1.Manager",
    "PrepareForSleep",
)
# the library's own types ask for bytes here, which it then refuses
_SLOT: Final = cast("bytes", SLOT("_on_prepare_for_sleep(bool)"))


class SleepWatch(QObject):
    """Tells when the computer woke, so that waiting ends at once; macOS has no word for us.

    One wake-up may be told several times: Windows tells every window.
    """

    woken = Signal()

    def __init__(
        self,
        parent: QObject | None = None,
        *,
        system: str = sys.platform,
        bus: "QDBusConnection | None" = None,
    ) -> None:
        super().__init__(parent)
        self._bus: QDBusConnection | None = None
        self._messages: _PowerMessages | None = None
        if system == "win32":
            # Qt does not keep it: it lives as long as this reference
            self._messages = _PowerMessages(self.woken.emit)
            _application().installNativeEventFilter(self._messages)
        elif system == "linux":
            self._bus = self._listen(bus)

    @property
    def is_available(self) -> bool:
        """Whether this system says that it woke; without, comparing the clocks decides."""
        return self._bus is not None or self._messages is not None

    def stop(self) -> None:
        """Hear nothing more; the connection to the bus itself belongs to Qt."""
        if self._bus is not None:
            self._bus.disconnect(*_LOGIND, self, _SLOT)
            self._bus = None
        if self._messages is not None:
            _application().removeNativeEventFilter(self._messages)
            self._messages = None

    def _listen(self, bus: "QDBusConnection | None") -> "QDBusConnection | None":
        # only here: the other systems' programs need not carry it
        from PySide6.QtDBus import QDBusConnection

        bus = bus or QDBusConnection.systemBus()
        if not bus.isConnected():
            return None
        is_heard = bus.connect(*_LOGIND, self, _SLOT)
        return bus if is_heard else None

    @Slot(bool)
    def _on_prepare_for_sleep(self, is_about_to: bool) -> None:
        if not is_about_to:
            self.woken.emit()


class _PowerMessages(QAbstractNativeEventFilter):
    """Reads the messages of Windows on their way to the windows, and keeps none from them."""

    def __init__(self, on_woken: Callable[[], None]) -> None:
        super().__init__()
        self._on_woken = on_woken

    def nativeEventFilter(
        self, kind: QByteArray | bytes | bytearray | memoryview, message: int, /
    ) -> tuple[bool, int]:
        """Hear of waking up; anything but a pair means nothing to Qt."""
        if kind == b"windows_generic_MSG":
            native = wintypes.MSG.from_address(int(message))
            if native.message == _POWER_BROADCAST and native.wParam in _RESUMES:
                self._on_woken()
        return False, 0


def _application() -> QCoreApplication:
    application = QCoreApplication.instance()
    assert application is not None, "the system's messages come through the application"
    return application
