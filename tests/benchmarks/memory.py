"""The most memory that this process held while something went on."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_STATUS: Final = Path("/proc/self/status")
_EVERY_S: Final = 0.05


@dataclass
class Peak:
    """Resident MiB before, and the most that was seen; nothing where the system does not tell."""

    before_mib: float = 0.0
    most_mib: float = 0.0

    @property
    def words(self) -> str:
        """For a note."""
        if not self.most_mib:
            return "memory unknown"
        return f"memory rose by {self.most_mib - self.before_mib:.0f} MiB at most"


@asynccontextmanager
async def watched_memory() -> AsyncIterator[Peak]:
    """Look at the resident memory again and again while the block lasts."""
    now = _resident_mib()
    peak = Peak(now, now)
    watching = asyncio.create_task(_watch(peak))
    try:
        yield peak
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


async def _watch(peak: Peak) -> None:
    while True:
        peak.most_mib = max(peak.most_mib, _resident_mib())
        await asyncio.sleep(_EVERY_S)


def _resident_mib() -> float:
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return 0.0
    kib = next((line.split()[1] for line in lines if line.startswith("VmRSS:")), "0")
    return int(kib) / 1024
