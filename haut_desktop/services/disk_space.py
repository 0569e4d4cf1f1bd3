"""Room on the station's disk: a warning while there is time, a refusal before it is too late."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from haut_desktop.domain.errors import DiskFullError, StoreIOError

if TYPE_CHECKING:
    from haut_desktop.store.studies import StudyStore

GIB: Final = 1024**3
LOWEST_LIMIT_BYTES: Final = 64 * 1024**2
"""Less than this leaves no room for the picture in hand, its note and the log of the database."""
_WARN: Final = "disk-warn-below-bytes"
_REFUSE: Final = "disk-refuse-below-bytes"


def _free_bytes(folder: Path) -> int:
    """Free bytes of the disk on which ``folder`` lies or will be made."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


@dataclass(slots=True)
class DiskSpace:
    """Watches the disk that holds ``folder``; both limits are free bytes (blocking calls)."""

    folder: Path
    warn_below_bytes: int = GIB
    refuse_below_bytes: int = GIB // 2
    free_bytes_of: Callable[[Path], int] = _free_bytes

    def check(self) -> None:
        """Raise ``DiskFullError`` when no further picture may be taken in, or ``StoreIOError``."""
        free_bytes = self._free_bytes()
        if free_bytes < self.refuse_below_bytes:
            raise DiskFullError(
                f"Only {_words(free_bytes)} are free, so no more pictures are taken in. Make room "
                "on this computer's disk; what is sealed already is safe and goes on being sent."
            )

    def warning(self) -> str | None:
        """Say that the disk is getting full; None while there is room; raises ``StoreIOError``."""
        free_bytes = self._free_bytes()
        if free_bytes >= self.warn_below_bytes:
            return None
        return f"Only {_words(free_bytes)} are free on this computer's disk. Make room soon."

    async def load_limits(self, studies: "StudyStore") -> None:
        """Take up the limits that were set for this station."""
        warn, refuse = await studies.setting(_WARN), await studies.setting(_REFUSE)
        if warn and refuse:
            self.warn_below_bytes, self.refuse_below_bytes = int(warn), int(refuse)

    async def set_limits(
        self, studies: "StudyStore", *, warn_below_bytes: int, refuse_below_bytes: int
    ) -> None:
        """Keep the station's limits; raises ValueError where they would protect nothing."""
        if not LOWEST_LIMIT_BYTES <= refuse_below_bytes <= warn_below_bytes:
            raise ValueError("a limit is at least 64 MiB, and the warning comes first")
        await studies.set_setting(_WARN, str(warn_below_bytes))
        await studies.set_setting(_REFUSE, str(refuse_below_bytes))
        self.warn_below_bytes, self.refuse_below_bytes = warn_below_bytes, refuse_below_bytes

    def _free_bytes(self) -> int:
        try:
            return self.free_bytes_of(self.folder)
        except OSError as error:
            raise StoreIOError from error


def _words(size_bytes: int) -> str:
    return f"{size_bytes / 1024**2:.0f} MB"
