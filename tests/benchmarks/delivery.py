"""Sealed delivery beside curl with the plain files, to the same object store on this computer."""

import asyncio
import base64
import hashlib
import io
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image
from PySide6.QtCore import QCoreApplication

from haut_desktop.app import make_application, make_loop
from haut_desktop.domain.delivery import BatchState
from haut_desktop.domain.imaging import Side, UploadAddress
from haut_desktop.domain.study import Study
from haut_desktop.domain.subjects import Subject
from haut_desktop.store.secrets import MemorySecrets
from haut_desktop.workplace import Pacing
from tests.benchmarks.stalls import Stalls, watched_loop
from tests.benchmarks.table import Report, Row, median
from tests.e2e.stations import HeadlessStation, open_workplace
from tests.fakes.practice import PracticePlatform, running_practice
from tests.waiting import in_time

VISIT: Final = (Side.FRONT, Side.LEFT, Side.RIGHT)
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
        files = [_write_picture(folder / f"{n}.jpg", n, size_bytes) for n in range(pictures)]
        with running_practice(folder / "platform", *_NOT_COMPUTED) as platform:
            platform.make_dataset(_STUDY, 1, "face_skin_metrics_3.0")
            application = make_application()
            with asyncio.Runner(loop_factory=lambda: make_loop(application)) as runner:
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
        curl_s = await _curl(station, study, subject, files, folder / "curl.txt")
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


# ---------------------------------------------------------------------------- the plain way


async def _curl(
    station: HeadlessStation, study: Study, subject: Subject, files: list[Path], config: Path
) -> float:
    """Get signed addresses for the same files, then let curl put all of them at once."""
    addresses = await _addresses(station, study, subject, len(files))
    blocks = [_block(*pair) for pair in zip(files, addresses, strict=True)]
    await asyncio.to_thread(config.write_text, "\nnext\n".join(blocks), "utf-8")
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *("curl", "--no-progress-meter", "--parallel", "--config", str(config)),
        stdout=subprocess.DEVNULL,
    )
    code = await process.wait()
    assert code == 0, f"curl ended with {code}"
    return time.monotonic() - began


async def _addresses(
    station: HeadlessStation, study: Study, subject: Subject, number: int
) -> list[UploadAddress]:
    known = await station.work.subjects.get(subject.id)
    platform_id = known.registrations[0].platform_id
    assert platform_id is not None, "it was registered by the delivery"
    found: list[UploadAddress] = []
    while len(found) < number:
        started = await station.work.api.initiate_upload(
            study.company_id,
            platform_id,
            {side: f"plain {len(found)} {side}" for side in VISIT},
            created_at=station.work.clock(),
            meta={},
        )
        found += [address for _side, address in started.addresses]
    return found[:number]


def _block(file: Path, address: UploadAddress) -> str:
    """One transfer of curl's; without the empty Expect it would wait a second for each file."""
    headers = dict(address.headers)
    if "Content-MD5" in headers and not headers["Content-MD5"]:
        headers["Content-MD5"] = _md5(file)
    lines = [f'url = "{address.url}"', f'upload-file = "{file}"', 'header = "Expect:"', "fail"]
    lines += [f'header = "{name}: {value}"' for name, value in headers.items()]
    return "\n".join([*lines, f'output = "{os.devnull}"'])


def _md5(file: Path) -> str:
    digest = hashlib.md5(file.read_bytes(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


# --------------------------------------------------------------------------------- the files


def _write_picture(path: Path, number: int, size_bytes: int) -> Path:
    """A small JPEG of its own colours, made as large as a camera's by bytes behind its end."""
    made = io.BytesIO()
    noise = Image.effect_noise((320, 240), 40 + number % 50)
    noise.convert("RGB").save(made, "JPEG")
    data = made.getvalue()
    path.write_bytes(data + os.urandom(max(0, size_bytes - len(data))))
    return path


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
