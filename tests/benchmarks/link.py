"""Delivery over a shaped link, with all its calls, beside curl with the plain files over the same.

A batch is one subject's visit: registration (look up, create, look up), initiate, three PUTs,
compute. Curl is given its addresses and only puts. Both open their own connections.
"""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PySide6.QtCore import QCoreApplication

from haut_desktop.app import make_application
from haut_desktop.domain.imaging import UploadAddress
from haut_desktop.domain.study import Study
from haut_desktop.domain.subjects import Subject
from haut_desktop.services.changes import Change, Topic
from haut_desktop.store.driver import Connection
from haut_desktop.store.secrets import MemorySecrets
from haut_desktop.workplace import IMAGES_IN_FLIGHT, Pacing
from tests.benchmarks.plain import VISIT, plain_addresses, put_plainly, write_picture
from tests.benchmarks.shaping.link import FarPlatform, far_practice
from tests.benchmarks.shaping.oneway import UNSHAPED, Shape
from tests.benchmarks.stalls import Stalls, watched_loop
from tests.benchmarks.table import Report, Row, median
from tests.e2e.stations import HeadlessStation, open_workplace
from tests.qt_runner import qt_runner

_STUDY: Final = "Benchmark"
_QUIET_PLATFORM: Final = ("--result-delay", "86400", "--logins-per-minute", "1000")
"""The platform computes tomorrow: its algorithms would use the processor that is measured."""
_OPEN: Final = "SELECT count(*) FROM batch WHERE state IN ('OPEN', 'INITIATING', 'SUBMITTING')"
COUNTS_FROM: Final = 2.0
"""So many times the shape curl must reach unshaped, or the computer is measured, not the link."""


@dataclass(frozen=True, slots=True)
class Course:
    """One row: over which link, how much, how often, and the part of curl's rate that is wanted."""

    shape: Shape
    batches: int
    runs: int
    wanted: float


FULL_COURSES: Final = (
    Course(Shape(20e6, 0.080), batches=6, runs=1, wanted=0.97),
    Course(Shape(200e6, 0.020), batches=16, runs=3, wanted=0.95),
    Course(Shape(1e9, 0.005), batches=50, runs=3, wanted=0.85),
)
QUICK_COURSES: Final = (Course(Shape(200e6, 0.005), batches=2, runs=1, wanted=0.95),)


@dataclass(frozen=True, slots=True)
class _Sent:
    """One run: seconds, bytes that went up the link, and how the event loop fared."""

    ours_s: float
    curl_s: float
    ours_bytes: int
    curl_bytes: int
    stalls: Stalls


def measure_link(courses: Sequence[Course], size_bytes: int) -> Report:
    """Deliver every course's batches of pictures of ``size_bytes``, and let curl put the same."""
    QCoreApplication.instance() or make_application()
    with (
        tempfile.TemporaryDirectory(prefix="haut-bench-") as name,
        far_practice(Path(name) / "platform", *_QUIET_PLATFORM) as far,
        qt_runner() as runner,
    ):
        far.platform.make_dataset(_STUDY, 1, "face_skin_metrics_3.0")
        report = runner.run(_measure(Path(name), far, courses, size_bytes))
        assert not far.platform.violations()
    return report


async def _measure(
    folder: Path, far: FarPlatform, courses: Sequence[Course], size_bytes: int
) -> Report:
    async with open_workplace(
        folder / "station", MemorySecrets(), pacing=Pacing(), is_working=False
    ) as station:
        await station.sign_in(far.url)
        bench = _Bench(folder, far, station, await station.choose_study(_STUDY), size_bytes)
        station.work.delivery.pause()
        station.work.start()
        rows, notes = [], []
        for course in courses:
            row, said = await bench.measure(course)
            rows.append(row)
            notes += said
        assert not station.errors, station.errors
    return Report(tuple(rows), tuple(notes))


class _Bench:
    """A station whose sending rests between the runs."""

    def __init__(
        self, folder: Path, far: FarPlatform, station: HeadlessStation, study: Study, size: int
    ) -> None:
        self._folder = folder
        self._far = far
        self._station = station
        self._study = study
        self._size_bytes = size
        self._visits = 0

    async def measure(self, course: Course) -> tuple[Row, list[str]]:
        """Run a course as often as it says; its row and what is to be said of it."""
        runs = [await self._run(course) for _ in range(course.runs)]
        plain = await self._unshaped(course)
        times = plain / course.shape.bytes_per_s
        row = Row(
            f"{course.batches} batches of 3 × {self._size_bytes / 1e6:g} MB, {course.shape}",
            median([run.ours_s for run in runs]),
            "curl --parallel-max 3, plain files, same link",
            median([run.curl_s for run in runs]),
            round(1 / course.wanted, 3) if times > COUNTS_FROM else None,
        )
        return row, self._notes(course, row, runs, times)

    def _notes(self, course: Course, row: Row, runs: Sequence[_Sent], times: float) -> list[str]:
        verdict = "" if times > COUNTS_FROM else "; the row does not count on this computer"
        ours, curl = (
            max(size / seconds for size, seconds in pairs) / course.shape.bytes_per_s
            for pairs in (
                [(run.ours_bytes, run.ours_s) for run in runs],
                [(run.curl_bytes, run.curl_s) for run in runs],
            )
        )
        longest_s = max(run.stalls.longest_s for run in runs)
        p99_s = median([run.stalls.p99_s for run in runs])
        stalls = (
            f"the event loop answered late by {longest_s * 1000:.0f} ms at most, "
            f"{p99_s * 1000:.1f} ms in 99 of 100 moments"
        )
        return [
            f"{course.shape}: {1 / row.ratio:.3f} of curl's rate (wanted {course.wanted})",
            f"{course.shape}: the line was busy {ours:.1%} of our time, {curl:.1%} of curl's",
            f"{course.shape}: curl over the unshaped link is {times:.1f} times the shape{verdict}",
            f"{course.shape}: {stalls}",
        ]

    async def _run(self, course: Course) -> _Sent:
        """Take pictures in over no link, then deliver them and put them plainly over this one."""
        reshape = self._far.link.reshape
        await asyncio.to_thread(reshape, UNSHAPED)
        files, subjects = await self._take_in(course.batches)
        await asyncio.to_thread(reshape, course.shape)
        async with watched_loop() as stalls:
            ours_s = await self._deliver()
        ours = await asyncio.to_thread(reshape, UNSHAPED)
        addresses = await plain_addresses(self._station, self._study, subjects[0], len(files))
        await asyncio.to_thread(reshape, course.shape)
        curl_s = await self._curl(addresses, files)
        curl = await asyncio.to_thread(reshape, UNSHAPED)
        for file in files:
            file.unlink()
        return _Sent(ours_s, curl_s, ours.up, curl.up, stalls)

    async def _unshaped(self, course: Course) -> float:
        """How fast curl is over the proxy alone, in bytes per second; the better of two."""
        files, subjects = await self._take_in(course.batches)
        await self._deliver()
        addresses = await plain_addresses(self._station, self._study, subjects[0], len(files))
        seconds = [await self._curl(addresses, files) for _ in range(2)]
        return len(files) * self._size_bytes / min(seconds)

    async def _curl(self, addresses: Sequence[UploadAddress], files: Sequence[Path]) -> float:
        config = self._folder / "curl.txt"
        return await put_plainly(addresses, files, config, at_once=IMAGES_IN_FLIGHT)

    async def _take_in(self, batches: int) -> tuple[list[Path], list[Subject]]:
        files, subjects = [], []
        capture = self._station.work.capture
        for _ in range(batches):
            self._visits += 1
            subject = await self._station.register(self._study, f"L-{self._visits:04}")
            visit = await capture.open_visit(self._study, subject.id, "Baseline")
            for side in VISIT:
                file = self._folder / f"{self._visits}-{side}.jpg"
                await asyncio.to_thread(write_picture, file, self._visits, self._size_bytes)
                await capture.take_in(visit.id, file)
                files.append(file)
            await capture.finish(visit.id)
            subjects.append(subject)
        return files, subjects

    async def _deliver(self) -> float:
        """Seconds from letting the station send until all is submitted."""
        work, news = self._station.work, asyncio.Event()

        def on_change(change: Change) -> None:
            if change.topic is Topic.OUTBOX:
                news.set()

        unsubscribe = work.changes.subscribe(on_change)
        began = time.monotonic()
        work.delivery.resume()
        try:
            while await work.store.database.read(_count_open):
                news.clear()
                await asyncio.wait_for(news.wait(), 300)
            return time.monotonic() - began
        finally:
            unsubscribe()
            work.delivery.pause()


def _count_open(connection: Connection) -> int:
    return int(connection.execute(_OPEN).fetchone()[0])
