"""What the night costs: the window's frames that came late, and the memory of the process."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

FRAME_S: Final = 0.016
_SLOTS: Final = 4000
"""One for each millisecond; what is later yet counts in the last one."""


@dataclass
class Frames:
    """Counts by how many milliseconds each frame came late; needs no more room over a night."""

    late_ms: list[int] = field(default_factory=lambda: [0] * _SLOTS)
    longest_s: float = 0.0

    def note(self, late_s: float) -> None:
        """Count one frame."""
        self.longest_s = max(self.longest_s, late_s)
        self.late_ms[min(int(late_s * 1000), _SLOTS - 1)] += 1

    def p99_ms(self) -> int:
        """By how much 99 of 100 frames came late at most, in milliseconds."""
        left = 0.99 * sum(self.late_ms)
        for late, frames in enumerate(self.late_ms):
            left -= frames
            if left <= 0:
                return late + 1
        return 0


class FrameWatch:
    """Asks the running loop for a frame again and again until it is stopped."""

    def __init__(self) -> None:
        self.frames = Frames()
        self._loop = asyncio.get_running_loop()
        self._handle = self._ask()

    def stop(self) -> None:
        """Ask for no more."""
        self._handle.cancel()

    def _ask(self) -> asyncio.TimerHandle:
        due = self._loop.time() + FRAME_S
        return self._loop.call_at(due, self._note, due)

    def _note(self, due: float) -> None:
        self.frames.note(max(0.0, self._loop.time() - due))
        self._handle = self._ask()


def memory_mib() -> tuple[float, float]:
    """Resident memory of this process now and at its peak, in MiB; zeros where nobody says."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0, 0.0
    fields = dict(line.partition(":")[::2] for line in status.read_text("ascii").splitlines())
    now, peak = (float(fields[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
    return now, peak
