"""Taking pictures in beside ``cp``, ``sha256sum`` and ``sync`` of the same files."""

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PySide6.QtCore import QCoreApplication

from haut_desktop.app import make_application
from haut_desktop.domain.ids import OriginalId
from haut_desktop.domain.study import Study
from haut_desktop.domain.subjects import Subject
from haut_desktop.services.capture import Capture, IntakeOutcome
from haut_desktop.services.intake import MOST_AT_ONCE
from haut_desktop.store.secrets import MemorySecrets
from haut_desktop.viewmodels.thumbnails import EDGE_PX
from haut_desktop.workplace import Pacing
from tests.benchmarks.camera import MADE, write_photographs
from tests.benchmarks.memory import Peak, watched_memory
from tests.benchmarks.stalls import Stalls, watched_loop
from tests.benchmarks.table import Report, Row
from tests.e2e.stations import HeadlessStation, open_workplace
from tests.fakes.practice import running_practice
from tests.qt_runner import qt_runner

_STUDY: Final = "Benchmark"
_AIM: Final = 1 / 0.6


@dataclass(frozen=True, slots=True)
class TakenIn:
    """One run; what is sealed and has its thumbnail, and what is judged as well."""

    sealed_s: float
    judged_s: float
    plain_s: float
    stalls: Stalls
    peak: Peak


def measure_intake(pictures: int, size_bytes: int) -> Report:
    """Take in pictures, drop by drop, then copy, hash and sync the same files."""
    QCoreApplication.instance() or make_application()
    with tempfile.TemporaryDirectory(prefix="haut-bench-") as name:
        done = _run(Path(name), pictures, size_bytes)
        disk = _file_system(Path(name))
    what, plain = f"{pictures} pictures of {size_bytes / 1e6:g} MB", "cp + sha256sum + sync"
    rows = (
        Row(f"intake to sealed and shown, {what}", done.sealed_s, plain, done.plain_s, _AIM),
        Row("intake with the quality check", done.judged_s, plain, done.plain_s),
    )
    each_ms = done.sealed_s / pictures * 1000
    notes = (
        f"intake: {each_ms:.0f} ms for each picture until it is sealed and shown, on {disk}",
        f"intake: {done.stalls.words}; {done.peak.words}",
        f"intake: the pictures are {MADE}",
    )
    return Report(rows, notes)


def _run(folder: Path, pictures: int, size_bytes: int) -> TakenIn:
    files = write_photographs(folder / "card", pictures, size_bytes)
    with running_practice(folder / "platform") as platform:
        platform.make_dataset(_STUDY, 1, "face_skin_metrics_3.0")
        with qt_runner() as runner:
            return runner.run(_measure(folder, platform.url, files))


async def _measure(folder: Path, url: str, files: Sequence[Path]) -> TakenIn:
    async with open_workplace(
        folder / "station", MemorySecrets(), pacing=Pacing(), is_working=False
    ) as station:
        await station.sign_in(url)
        study = await station.choose_study(_STUDY)
        subject = await station.register(study, "B-001")
        _sync()
        async with watched_loop() as stalls, watched_memory() as peak:
            sealed_s, judged_s = await take_in_drops(station, study, subject, files)
        assert not station.errors, station.errors
    _sync()
    return TakenIn(sealed_s, judged_s, _plain(files, folder / "copies"), stalls, peak)


async def take_in_drops(
    station: HeadlessStation, study: Study, subject: Subject, files: Sequence[Path]
) -> tuple[float, float]:
    """Drop as many as one may at once; seconds until all were sealed and shown, and judged."""
    capture, sealed_s, judged_s = station.work.capture, 0.0, 0.0
    for start in range(0, len(files), MOST_AT_ONCE):
        visit = await capture.open_visit(study, subject.id, f"Visit {start}")
        began = time.monotonic()
        async with asyncio.TaskGroup() as screen:
            drop = _Drop(capture, screen)
            paths = files[start : start + MOST_AT_ONCE]
            await capture.take_in_all(visit.id, paths, drop.on_outcome)
            judged_s += time.monotonic() - began
        sealed_s += drop.ended_s - began
    return sealed_s, max(sealed_s, judged_s)


class _Drop:
    """Asks for a thumbnail of every picture that is sealed, as the capture page does."""

    def __init__(self, capture: Capture, screen: asyncio.TaskGroup) -> None:
        self._capture = capture
        self._screen = screen
        self.ended_s = 0.0

    def on_outcome(self, outcome: IntakeOutcome) -> None:
        """Show the picture."""
        assert outcome.taken is not None, outcome.error
        self._screen.create_task(self._show(outcome.taken.original.id))

    async def _show(self, original_id: OriginalId) -> None:
        assert await self._capture.thumbnail(original_id, EDGE_PX)
        self.ended_s = time.monotonic()


# ---------------------------------------------------------------------------- the plain way


def _plain(files: Sequence[Path], to: Path) -> float:
    """Seconds for copies that are hashed and on the disk, by the system's own tools."""
    to.mkdir()
    copies = [str(to / file.name) for file in files]
    began = time.monotonic()
    subprocess.run(["cp", *map(str, files), str(to)], check=True)
    subprocess.run(["sha256sum", *copies], check=True, stdout=subprocess.DEVNULL)
    _sync()
    plain_s = time.monotonic() - began
    shutil.rmtree(to)
    return plain_s


def _sync() -> None:
    subprocess.run(["sync"], check=True)


def _file_system(folder: Path) -> str:
    """The kind of file system, for a memory disk would flatter both."""
    command = ["stat", "--file-system", "--format=%T", str(folder)]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    return shown.stdout.strip() or os.name
