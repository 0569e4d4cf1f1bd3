"""A small file system of a test's own, which can be filled to the last byte and emptied again."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOM_BYTES: Final = 64 * 1024**2

_PIECES: Final = (1024**2, 64 * 1024, 4096, 1)


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A mounted file system."""

    folder: Path

    @property
    def free_bytes(self) -> int:
        """What still fits."""
        state = os.statvfs(self.folder)
        return state.f_bavail * state.f_frsize

    def fill(self, *, but_bytes: int = 0) -> None:
        """Leave room for so many bytes and no more."""
        with self._ballast.open("ab") as ballast:
            end = ballast.tell()
            size = self.free_bytes - but_bytes
            if size > 0:
                os.posix_fallocate(ballast.fileno(), end, size)

    def fill_whole(self) -> None:
        """Leave no room at all, whatever the file system rounds."""
        self.fill()
        with self._ballast.open("ab", buffering=0) as ballast:
            for piece in _PIECES:
                while _takes(ballast.fileno(), piece):
                    pass

    def empty(self) -> None:
        """Make room again."""
        self._ballast.unlink(missing_ok=True)

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"


def why_not() -> str:
    """Why no small file system can be mounted here; empty when one can."""
    if sys.platform != "linux":
        return "a small file system is mounted on Linux"
    return "" if os.geteuid() == 0 else "only root can mount a small file system"


@contextmanager
def small_disk(folder: Path, room_bytes: int = ROOM_BYTES) -> Iterator[SmallDisk]:
    """Mount one while the block lasts; raises OSError where even root may not."""
    folder.mkdir()
    options = f"size={room_bytes}"
    mount = ["mount", "-t", "tmpfs", "-o", options, "haut-desktop-test", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        raise PermissionError(errno.EPERM, "mounting is not allowed here")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _takes(handle: int, size_bytes: int) -> bool:
    try:
        return os.write(handle, bytes(size_bytes)) > 0
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return False
