"""What the night costs: the window's frames that came late, and the memory of the process."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

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


class _Noted(msgspec.Struct):
    """Frames of a moment, as they are written down: milliseconds late → how many."""

    longest_s: float
    late_ms: dict[int, int]


def append_frames(path: Path, frames: Frames) -> None:
    """Write down the frames of a moment; what is written outlives the process that was killed."""
    late_ms = {late: times for late, times in enumerate(frames.late_ms) if times}
    with path.open("ab") as file:
        file.write(msgspec.json.encode(_Noted(frames.longest_s, late_ms)) + b"\n")


def read_frames(path: Path) -> Frames:
    """Everything that was written down, by whichever start; half a line is of a killed one."""
    whole = Frames()
    for line in path.read_bytes().splitlines() if path.exists() else ():
        with suppress(msgspec.DecodeError):
            noted = msgspec.json.decode(line, type=_Noted)
            whole.longest_s = max(whole.longest_s, noted.longest_s)
            for late, times in noted.late_ms.items():
                whole.late_ms[late] += times
    return whole


class FrameWatch:
    """Asks the running loop for a frame again and again until it is stopped."""

    def __init__(self) -> None:
        self.frames = Frames()
        self._loop = asyncio.get_running_loop()
        self._handle = self._ask()

    def take(self) -> Frames:
        """Give what was counted since the last time."""
        taken, self.frames = self.frames, Frames()
        return taken

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
