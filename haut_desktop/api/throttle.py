"""One line for everything that leaves the station: chunks in turn, so many bytes in a second."""

import asyncio
from typing import Final

CHUNK_BYTES: Final = 1024 * 1024
"""Smaller chunks cost time on the event loop, and a Qt timer each."""

_SMALLEST_CHUNK: Final = 24 * 1024
_TURN_S: Final = 0.25
"""What one chunk takes of a limited line, so that all who send move on."""
_SENDERS: Final = 4
"""Who may share the line at once, reckoned generously: each waits for the others' turns."""


class Throttle:
    """Gives turns in the order in which they are asked for; without a limit nobody waits."""

    def __init__(self) -> None:
        self.bytes_per_s: int | None = None
        """Of all bodies together; None for as fast as it goes."""
        self._free_at = 0.0

    @property
    def chunk_bytes(self) -> int:
        """How long a chunk should be: a multiple of 12, as base64 likes it, and at most 1 MiB."""
        if self.bytes_per_s is None:
            return CHUNK_BYTES
        wanted = int(self.bytes_per_s * _TURN_S)
        return max(_SMALLEST_CHUNK, min(CHUNK_BYTES, wanted)) // 12 * 12

    def longest_s(self, size_bytes: int) -> float:
        """How many seconds the turns of a body of so many bytes may take; 0 without a limit."""
        return size_bytes * _SENDERS / self.bytes_per_s if self.bytes_per_s else 0.0

    async def turn(self, size_bytes: int) -> None:
        """Return when ``size_bytes`` may leave."""
        if self.bytes_per_s is None:
            return
        now = asyncio.get_running_loop().time()
        at = max(now, self._free_at)
        self._free_at = at + size_bytes / self.bytes_per_s
        if at > now:
            await asyncio.sleep(at - now)
