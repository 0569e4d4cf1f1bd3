"""The event loop while pictures are taken in and delivered at once, over a shaped link."""

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from PySide6.QtCore import QCoreApplication

from haut_desktop.app import make_application
from haut_desktop.domain.study import Study
from haut_desktop.domain.subjects import Subject
from haut_desktop.services.capture import IntakeOutcome
from haut_desktop.store import database
from haut_desktop.store.driver import Connection
from haut_desktop.store.secrets import MemorySecrets
from haut_desktop.workplace import Pacing
from tests.benchmarks.camera import write_photographs
from tests.benchmarks.shaping.link import FarPlatform, far_practice
from tests.benchmarks.shaping.oneway import Shape
from tests.benchmarks.stalls import Stalls, watched_loop
from tests.benchmarks.table import Report, Row
from tests.e2e.stations import HeadlessStation, open_workplace
from tests.qt_runner import qt_runner

_STUDY: Final = "Benchmark"
_QUIET_PLATFORM: Final = ("--result-delay", "86400")
"""The platform computes tomorrow: its algorithms would use the processor that is measured."""
_SHAPE: Final = Shape(200e6, 0.020)
_VISIT: Final = 3
"""Pictures of one visit, which are one batch."""
_SLOW_FSYNC_S: Final = 0.030
"""An old disk with a virus scanner."""
_FRAME_S: Final = 0.016
_SLOW_FRAME_S: Final = 0.020


@dataclass(frozen=True, slots=True)
class _Worked:
    """One run."""

    stalls: Stalls
    seconds: float
    taken_in: int
    sent_bytes: int

    def note(self, disk: str) -> str:
        """What went on meanwhile."""
        rate = self.sent_bytes * 8 / 1e6 / self.seconds
        return (
            f"together, {disk}: {self.stalls.words}; in {self.seconds:.1f} s {self.taken_in} "
            f"pictures were taken in and {rate:.0f} Mbit/s sent"
        )


def measure_together(pictures: int, size_bytes: int) -> Report:
    """Take in ``pictures`` while others are delivered; on this disk, then on a slow one."""
    QCoreApplication.instance() or make_application()
    usual = _run(pictures, size_bytes)
    with slow_fsync(_SLOW_FSYNC_S):
        slow = _run(pictures, size_bytes)
    what, slow_ms = f"event loop late, p99, intake and delivery at {_SHAPE}", _SLOW_FSYNC_S * 1000
    rows = (
        Row(what, usual.stalls.p99_s, "a frame", _FRAME_S, 1.0),
        Row(f"the same, fsync of {slow_ms:.0f} ms", slow.stalls.p99_s, "20 ms", _SLOW_FRAME_S, 1.0),
    )
    notes = usual.note("this disk"), slow.note(f"fsync of {slow_ms:.0f} ms")
    return Report(rows, notes)


@contextmanager
def slow_fsync(seconds: float) -> Iterator[None]:
    """Let every fsync take so long, whichever thread calls it, and every commit of the database."""
    fsync, transaction, never = os.fsync, database._transaction, threading.Event()

    def slowly(handle: int) -> None:
        never.wait(seconds)
        fsync(handle)

    def committed(connection: Connection, work: Callable[[Connection], Any]) -> Any:
        # SQLite's own fsync is out of reach from here; a commit does one
        done = transaction(connection, work)
        never.wait(seconds)
        return done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", slowly)
        patch.setattr(database, "_transaction", committed)
        yield


def _run(pictures: int, size_bytes: int) -> _Worked:
    with tempfile.TemporaryDirectory(prefix="haut-bench-") as name:
        folder = Path(name)
        files = write_photographs(folder / "card", 2 * _VISIT + pictures, size_bytes)
        with far_practice(folder / "platform", *_QUIET_PLATFORM, shape=_SHAPE) as far:
            far.platform.make_dataset(_STUDY, 1, "face_skin_metrics_3.0")
            with qt_runner() as runner:
                return runner.run(_measure(folder / "station", far, files))


async def _measure(folder: Path, far: FarPlatform, files: Sequence[Path]) -> _Worked:
    async with open_workplace(
        folder, MemorySecrets(), pacing=Pacing(), is_working=False
    ) as station:
        await station.sign_in(far.url)
        study = await station.choose_study(_STUDY)
        subject = await station.register(study, "B-001")
        # two visits wait for the link already, and every library is loaded
        visits = [files[at : at + _VISIT] for at in range(0, len(files), _VISIT)]
        for number, visit in enumerate(visits[:2]):
            await _take_visit(station, study, subject, f"Before {number}", visit)
        far.link.reshape(_SHAPE)
        began = time.monotonic()
        async with watched_loop() as stalls:
            station.work.start()
            for number, visit in enumerate(visits[2:]):
                await _take_visit(station, study, subject, f"Visit {number}", visit)
        seconds = time.monotonic() - began
        sent_bytes = far.link.reshape(_SHAPE).up
        assert not station.errors, station.errors
    return _Worked(stalls, seconds, len(files) - 2 * _VISIT, sent_bytes)


async def _take_visit(
    station: HeadlessStation, study: Study, subject: Subject, name: str, files: Sequence[Path]
) -> None:
    capture = station.work.capture
    outcomes: list[IntakeOutcome] = []
    visit = await capture.open_visit(study, subject.id, name)
    await capture.take_in_all(visit.id, files, outcomes.append)
    assert not any(outcome.error for outcome in outcomes), outcomes
    await capture.finish(visit.id, "a benchmark")
