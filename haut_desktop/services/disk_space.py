"""Room on the station's disk: a warning while there is time, a refusal before it is too late."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from haut_desktop.domain.errors import DiskFullError

GIB: Final = 1024**3


def _free_bytes(folder: Path) -> int:
    """Free bytes of the disk on which ``folder`` lies or will be made."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


@dataclass(frozen=True, slots=True)
class DiskSpace:
    """Watches the disk that holds ``folder``; both limits are free bytes (blocking calls)."""

    folder: Path
    warn_below_bytes: int = GIB
    refuse_below_bytes: int = GIB // 2
    free_bytes_of: Callable[[Path], int] = _free_bytes

    def check(self) -> None:
        """Raise ``DiskFullError`` when no further picture may be taken in."""
        free_bytes = self.free_bytes_of(self.folder)
        if free_bytes < self.refuse_below_bytes:
            raise DiskFullError(
                f"Only {_words(free_bytes)} are free, so no more pictures are taken in. Make room "
                "on this computer's disk; what is sealed already is safe and goes on being sent."
            )

    def warning(self) -> str | None:
        """Say that the disk is getting full; None while there is room."""
        free_bytes = self.free_bytes_of(self.folder)
        if free_bytes >= self.warn_below_bytes:
            return None
        return f"Only {_words(free_bytes)} are free on this computer's disk. Make room soon."


def _words(size_bytes: int) -> str:
    return f"{size_bytes / 1024**2:.0f} MB"
