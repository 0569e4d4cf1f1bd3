"""The power goes in the middle of any step; after the next start everything arrives once."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest

from haut_desktop.domain.delivery import BatchState, Route
from tests.e2e.conftest import MakeStudy
from tests.e2e.stations import QUICK, FileSecrets, open_workplace
from tests.e2e.studies import PlatformStudy
from tests.fakes.practice import PracticePlatform
from tests.keyring_tools import needs_secret_service
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(180)

ROOT: Final = Path(__file__).parents[2]
PATIENT: Final = replace(QUICK, settling_s=60.0)
UNLOCKED: Final = (
    'printf secret | gnome-keyring-daemon --unlock --components=secrets >/dev/null; "$@"'
)


@dataclass(frozen=True)
class Moment:
    """When the program is killed: a fault that stretches a step, and how to see that it is in."""

    name: str
    route: Route
    fault: dict[str, Any]
    is_there: Callable[[PlatformStudy], object]


def strikes(there: PlatformStudy) -> bool:
    """Whether the fault has struck: the request is on its way."""
    return there.platform.struck() > 0


SLOWLY: Final = {"kind": "slow", "delay_s": 3.0}
LOST: Final = {"kind": "drop_answer"}
MOMENTS: Final = (
    Moment("register-asked", Route.SIGNED, {**SLOWLY, "path": "*/subjects/"}, strikes),
    Moment("register-done", Route.SIGNED, {**LOST, "path": "*/subjects/"}, PlatformStudy.subjects),
    Moment("initiate-asked", Route.SIGNED, {**SLOWLY, "path": "*/upload/"}, strikes),
    Moment("initiate-done", Route.SIGNED, {**LOST, "path": "*/upload/"}, PlatformStudy.batches),
    Moment(
        "put-under-way",
        Route.SIGNED,
        {"kind": "slow", "bytes_per_s": 8000, "method": "PUT", "target": "store"},
        strikes,
    ),
    Moment(
        "put-done",
        Route.SIGNED,
        {**LOST, "method": "PUT", "target": "store"},
        lambda there: any(image["stored"] for image in there.images()),
    ),
    Moment("compute-done", Route.SIGNED, {**LOST, "path": "*/compute/"}, PlatformStudy.computed),
    Moment("inline-batch-asked", Route.INLINE, {**SLOWLY, "path": "*/batches/"}, strikes),
    Moment(
        "inline-batch-done", Route.INLINE, {**LOST, "path": "*/batches/"}, PlatformStudy.batches
    ),
    Moment(
        "inline-post-under-way",
        Route.INLINE,
        {"kind": "slow", "bytes_per_s": 8000, "path": "*/images/"},
        strikes,
    ),
    Moment("inline-post-done", Route.INLINE, {**LOST, "path": "*/images/"}, PlatformStudy.images),
)


@contextmanager
def running_program(
    *arguments: object, prefix: tuple[str, ...] = (), environment: dict[str, str] | None = None
) -> Iterator[int]:
    """Run the headless program while the block lasts, then kill it; gives its process id."""
    command = [*prefix, sys.executable, "-m", "tests.e2e.headless_program", *map(str, arguments)]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    number = int(process.stdout.readline())
    try:
        yield number
    finally:
        os.kill(number, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def run_program(
    *arguments: object, prefix: tuple[str, ...] = (), environment: dict[str, str] | None = None
) -> None:
    """Run the headless program to its end."""
    command = [*prefix, sys.executable, "-m", "tests.e2e.headless_program", *map(str, arguments)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stdout.endswith("done\n"), done.stderr


async def prepare(
    folder: Path, secrets: FileSecrets, there: PlatformStudy, pictures: tuple[Path, ...]
) -> None:
    """Finish a visit of which nothing is sent."""
    async with open_workplace(folder, secrets, is_working=False) as station:
        await station.sign_in(there.platform.url)
        await station.finish_first_visit(there.name, *pictures)


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.name)
async def test_killed_program_delivers_each_picture_once_after_its_next_start(
    moment: Moment,
    tmp_path: Path,
    platform: PracticePlatform,
    study_by: MakeStudy,
    small_pictures: tuple[Path, ...],
) -> None:
    there = study_by(moment.route)
    folder, secrets = tmp_path / "station", FileSecrets(tmp_path / "secrets.json")
    await prepare(folder, secrets, there, small_pictures)
    platform.add_fault(**{"method": "POST", "count": 1, **moment.fault})
    with running_program("--secrets", secrets.path, folder, "deliver"):
        await eventually(lambda: moment.is_there(there))
    platform.clear_faults()
    async with open_workplace(folder, secrets, pacing=PATIENT) as station:
        await station.until_delivered()
        assert not station.errors
    there.check_each_once(small_pictures)
    assert len(there.subjects()) == 1


async def test_computation_that_the_kill_cut_off_is_asked_for_by_a_person(
    tmp_path: Path,
    platform: PracticePlatform,
    study_by: MakeStudy,
    small_pictures: tuple[Path, ...],
) -> None:
    there = study_by(Route.SIGNED)
    folder, secrets = tmp_path / "station", FileSecrets(tmp_path / "secrets.json")
    await prepare(folder, secrets, there, small_pictures)
    platform.add_fault("slow", method="POST", path="*/compute/", delay_s=3.0, count=1)
    with running_program("--secrets", secrets.path, folder, "deliver"):
        await eventually(lambda: strikes(there))
    platform.clear_faults()
    async with open_workplace(folder, secrets, pacing=replace(QUICK, settling_s=0.5)) as station:
        batch = await station.until_batch(BatchState.HELD)
        assert not there.computed()
        await station.work.outbox.compute_again(batch.id, "the portal shows nothing")
        await station.until_delivered()
        assert not station.errors
    there.check_each_once(small_pictures)


@needs_secret_service
async def test_killed_program_opens_its_station_from_the_real_keyring(
    tmp_path: Path,
    platform: PracticePlatform,
    study_by: MakeStudy,
    small_pictures: tuple[Path, ...],
) -> None:
    there = study_by(Route.SIGNED)
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path / "share"),
        "XDG_RUNTIME_DIR": str(runtime),
    }
    environment.pop("DISPLAY", None)
    session = ("dbus-run-session", "--", "sh", "-c", UNLOCKED, "sh")
    station = tmp_path / "station"
    where = (station, "prepare", platform.url, there.name, *small_pictures)
    await asyncio.to_thread(run_program, *where, prefix=session, environment=environment)
    platform.add_fault("slow", target="store", method="PUT", bytes_per_s=8000, count=1)
    with running_program(station, "deliver", prefix=session, environment=environment):
        await eventually(lambda: strikes(there))
    platform.clear_faults()
    await asyncio.to_thread(
        run_program, station, "deliver", prefix=session, environment=environment
    )
    there.check_each_once(small_pictures)
