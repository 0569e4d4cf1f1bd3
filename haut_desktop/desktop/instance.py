"""One window for each station folder: a second start brings the first one to the front."""

import hashlib
from pathlib import Path
from typing import Final

from PySide6.QtCore import QLockFile, QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from haut_desktop.domain.errors import StoreIOError, StoreReadOnlyError

_HERE: Final = b"here\n"
_CONNECT_MS: Final = 1000
_ANSWER_MS: Final = 5000
"""The system takes a knock also for a program that hangs: only its own answer counts. One that has
just been started answers when its first window is being made."""


class SingleInstance(QObject):
    """Holds the station's folder for this process, or knocks at the one that holds it.

    A lock file in the folder decides, also between accounts of the computer; the local socket only
    carries the knock, so a socket left by a crash locks nobody out.
    """

    shown = Signal()
    """Somebody started the program a second time: bring the window to the front."""

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = QLockFile(str(folder / "station.lock"))
        # the holder's process id decides whether a lock is stale, never its age
        self._lock.setStaleLockTime(0)
        self._name = _socket_name(folder)
        self._server: QLocalServer | None = None

    def acquire(self) -> bool:
        """Become the one instance; False when another process already is. Raises StoreError."""
        if not _take(self._lock):
            return False
        server = QLocalServer(self)
        server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        # ours is the lock, so a socket of this name was left by a crash
        QLocalServer.removeServer(self._name)
        if server.listen(self._name):
            server.newConnection.connect(self._on_server_connected)
        self._server = server
        return True

    def knock(self) -> bool:
        """Ask the running instance to show itself; whether it answered (blocking)."""
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if not socket.waitForConnected(_CONNECT_MS):
            return False
        is_heard = socket.waitForReadyRead(_ANSWER_MS) and socket.readAll() == _HERE
        socket.disconnectFromServer()
        return is_heard

    def release(self) -> None:
        """Give the folder free."""
        if self._server is not None:
            self._server.close()
            self._server.deleteLater()
            self._server = None
            self._lock.unlock()

    def _on_server_connected(self) -> None:
        while self._server is not None and self._server.hasPendingConnections():
            socket = self._server.nextPendingConnection()
            socket.disconnected.connect(socket.deleteLater)
            socket.write(_HERE)
            socket.flush()
            self.shown.emit()


class FolderLock:
    """The same lock without the knock, for a command that changes the station's folder."""

    def __init__(self, folder: Path) -> None:
        self._lock = QLockFile(str(folder / "station.lock"))
        self._lock.setStaleLockTime(0)

    def acquire(self) -> bool:
        """Take the folder; False when the program is open on it. Raises StoreError."""
        return _take(self._lock)

    def release(self) -> None:
        """Give the folder free."""
        self._lock.unlock()


def _take(lock: QLockFile) -> bool:
    """Take a lock; False when somebody else has it.

    Raises StoreReadOnlyError or StoreIOError for a folder in which no lock can be made.
    """
    if lock.tryLock(0):
        return True
    match lock.error():
        case QLockFile.LockError.LockFailedError:
            return False
        case QLockFile.LockError.PermissionError:
            raise StoreReadOnlyError
        case _:
            raise StoreIOError


def _socket_name(folder: Path) -> str:
    # names of local sockets are short, paths are not
    digest = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()
    return f"haut-desktop-{digest[:20]}"
