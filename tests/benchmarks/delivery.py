"""Sealed delivery beside curl with the plain files, to the same object store on this computer."""

import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PySide6.QtCore import QCoreApplication

from haut_desktop.app import make_application
from haut_desktop.domain.delivery import BatchState
from haut_desktop.domain.study import Study
from haut_desktop.domain.subjects import Subject
from haut_desktop.store.secrets import MemorySecrets
from haut_desktop.workplace import Pacing
from tests.benchmarks.plain import VISIT, plain_addresses, put_plainly, write_picture
from tests.benchmarks.stalls import Stalls, watched_loop
from tests.benchmarks.table import Report, Row, median
from tests.e2e.stations import HeadlessStation, open_workplace
from tests.fakes.practice import PracticePlatform, running_practice
from tests.qt_runner import qt_runner
from tests.waiting import in_time

_STUDY: Final = "Benchmark"
_NOT_COMPUTED: Final = ("--result-delay", "86400")
"""The platform computes tomorrow: its algorithms would use the processor that is measured."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """One run: seconds for each part, and how the event loop fared."""

    intake_s: float
    copy_s: float
    sealed_s: float
    curl_s: float
    intake_stalls: Stalls
    delivery_stalls: Stalls


def measure_delivery(runs: int, pictures: int, size_bytes: int) -> Report:
    """Take in, seal and deliver pictures; copy and send the same files plainly; ``runs`` times."""
    QCoreApplication.instance() or make_application()
    done = [_run(pictures, size_bytes) for _ in range(runs)]
    what = f"{pictures} pictures of {size_bytes / 1e6:g} MB"
    sealed = Row(
        f"sealed delivery, {what}",
        median([run.sealed_s for run in done]),
        "curl --parallel, plain files",
        median([run.curl_s for run in done]),
    )
    intake = Row(
        f"intake, {what}",
        median([run.intake_s for run in done]),
        "plain copies, fsynced",
        median([run.copy_s for run in done]),
    )
    return Report((sealed, intake), (*_stall_notes(done), _rate(sealed, pictures * size_bytes)))


def _rate(row: Row, size_bytes: int) -> str:
    ours, curl = (size_bytes / 1e6 / seconds for seconds in (row.ours, row.other))
    return f"delivery: {ours:.0f} MB/s sealed and proved, curl {curl:.0f} MB/s"


def _stall_notes(done: Sequence[Delivered]) -> tuple[str, ...]:
    kinds = {
        "delivery": [run.delivery_stalls for run in done],
        "intake": [run.intake_stalls for run in done],
    }
    return tuple(
        f"{kind}: the event loop answered late by {max(s.longest_s for s in stalls) * 1000:.0f} ms "
        f"at most, {median([s.p99_s for s in stalls]) * 1000:.1f} ms in 99 of 100 moments"
        for kind, stalls in kinds.items()
    )


def _run(pictures: int, size_bytes: int) -> Delivered:
    with tempfile.TemporaryDirectory(prefix="haut-bench-") as name:
        folder = Path(name)
        card = folder / "card"  # a random name may speak of a side: "l" or "r" by itself
        card.mkdir()
        files = [write_picture(card / f"{n}.jpg", n, size_bytes) for n in range(pictures)]
        with running_practice(folder / "platform", *_NOT_COMPUTED) as platform:
            platform.make_dataset(_STUDY, 1, "face_skin_metrics_3.0")
            with qt_runner() as runner:
                return runner.run(_measure(folder, platform, files))


async def _measure(folder: Path, platform: PracticePlatform, files: list[Path]) -> Delivered:
    async with open_workplace(
        folder / "station", MemorySecrets(), pacing=Pacing(), is_working=False
    ) as station:
        await station.sign_in(platform.url)
        study = await station.choose_study(_STUDY)
        subject = await station.register(study, "B-001")
        async with watched_loop() as intake_stalls:
            began = time.monotonic()
            await _take_in(station, study, subject, files)
            intake_s = time.monotonic() - began
        copy_s = _copy(files, folder / "copies")
        async with watched_loop() as delivery_stalls:
            began = time.monotonic()
            station.work.start()
            await _until_submitted(station)
            sealed_s = time.monotonic() - began
        station.work.delivery.pause()
        addresses = await plain_addresses(station, study, subject, len(files))
        curl_s = await put_plainly(addresses, files, folder / "curl.txt")
        assert not station.errors, station.errors
    assert not platform.violations()
    return Delivered(intake_s, copy_s, sealed_s, curl_s, intake_stalls, delivery_stalls)


async def _take_in(
    station: HeadlessStation, study: Study, subject: Subject, files: Sequence[Path]
) -> None:
    capture = station.work.capture
    for start in range(0, len(files), len(VISIT)):
        visit = await capture.open_visit(study, subject.id, f"Visit {start}")
        for picture in files[start : start + len(VISIT)]:
            await capture.take_in(visit.id, picture)
        await capture.finish(visit.id)


async def _until_submitted(station: HeadlessStation) -> None:
    async def is_done() -> bool:
        if (await station.work.outbox.summary()).waiting_images:
            return False
        return await station.batch_states() == {BatchState.SUBMITTED}

    await in_time(is_done, deadline_s=300)


def _copy(files: Sequence[Path], to: Path) -> float:
    """Seconds for plain copies that are on the disk afterwards, as the vault's are."""
    to.mkdir()
    began = time.monotonic()
    for file in files:
        with file.open("rb") as source, (to / file.name).open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
            target.flush()
            os.fsync(target.fileno())
    return time.monotonic() - began
