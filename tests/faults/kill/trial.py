"""One visit that is killed once and completed by the next start, and the bench they run on."""

import asyncio
import multiprocessing
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Final

import msgspec

from tests.e2e.stations import FileSecrets, set_up_station
from tests.e2e.studies import make_study
from tests.fakes.practice import PracticePlatform, running_practice
from tests.faults.kill.child import Account, Job, go_on, live
from tests.faults.kill.points import Point
from tests.faults.kill.shapes import Shape
from tests.faults.matrix.reasons import REASONS
from tests.faults.night.pictures import draw_pictures

_KILLED: Final = -9
_UNKNOWN: Final = 255
"""The exit code of a program was read by the thread that was just starting another one."""
_LONGEST_S: Final = 240.0
PLATFORM: Final = ("--logins-per-minute", "1000000", "--quirk", "compute_twice_bills")
"""A computation that is asked for twice is billed twice: whoever asks too much is seen."""

READ_BEFORE: Final = (
    "tests.faults.kill.child",
    "anyio._backends._asyncio",
    "cv2",
    "httpcore",
    "PIL.ImageOps",
    "PIL.JpegImagePlugin",
)
"""What every program would read first."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one trial ended."""

    shape: Shape
    moment: str
    was_killed: bool
    """Or else the visit was over before the moment came."""
    held: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DryRun:
    """A visit that nobody killed."""

    account: Account
    seconds: float
    """From the registration to the end."""


@dataclass
class Bench:
    """A platform, a station like new, pictures; every trial has its own copy and data set."""

    folder: Path
    platform: PracticePlatform
    context: ForkServerContext
    numbers: Iterator[int] = field(default_factory=count)

    def dry_run(self, shape: Shape) -> DryRun:
        """Let a visit come to its end and count its moments."""
        job = self._job(shape)
        self._run(live, job)
        account = self._account(job, "lived")
        if account.failures:
            raise AssertionError(f"{shape.name}, not killed: {account.failures}")
        times = {what: job.screen.shown(what)[0]["at"] for what in ("armed", "ended")}
        self._clear(job)
        return DryRun(account, times["ended"] - times["armed"])

    def kill_at(self, shape: Shape, point: Point) -> Outcome:
        """Let the program die at a counted moment."""
        job = replace(self._job(shape), deadly=point)
        return self._outcome(job, str(point), self._run(live, job))

    def kill_after(self, shape: Shape, delay_s: float) -> Outcome:
        """Kill the program so long after the visit has begun."""
        job = self._job(shape)
        program = self.context.Process(target=live, args=(job,))
        program.start()
        while program.is_alive() and not job.screen.shown("armed"):
            program.join(0.002)
        program.join(delay_s)
        program.kill()
        program.join()
        return self._outcome(job, f"after {delay_s:.3f} s", program.exitcode)

    def _outcome(self, job: Job, moment: str, code: int | None) -> Outcome:
        has_spoken = (job.folder / "lived.json").exists()
        was_killed = code == _KILLED or (code == _UNKNOWN and not has_spoken)
        failures = [] if was_killed or code == 0 else [f"ended with {code}"]
        if not was_killed:
            failures += self._account(job, "lived").failures
        self._run(go_on, job)
        account = self._account(job, "went-on")
        failures += account.failures
        failures += [f"held for {kind}" for kind in account.held if kind not in REASONS]
        if not failures:
            self._clear(job)
        return Outcome(job.shape, moment, was_killed, tuple(account.held), tuple(failures))

    def _job(self, shape: Shape) -> Job:
        number = next(self.numbers)
        study = f"{number:04d} {shape.name}"
        there = make_study(self.platform, study, shape.route)
        folder = self.folder / f"{number:04d}"
        shutil.copytree(self.folder / "station", folder)
        where = self.platform.url
        return Job(folder, where, study, there.dataset_id, shape, self.folder / "pictures")

    def _run(self, what: Callable[[Job], None], job: Job) -> int | None:
        program = self.context.Process(target=what, args=(job,))
        program.start()
        program.join(_LONGEST_S)
        if program.is_alive():
            program.terminate()
            program.join()
        return program.exitcode

    def _account(self, job: Job, name: str) -> Account:
        file = job.folder / f"{name}.json"
        if not file.exists():
            return Account(failures=["it said nothing at its end"])
        return msgspec.json.decode(file.read_bytes(), type=Account)

    def _clear(self, job: Job) -> None:
        shutil.rmtree(job.folder)


@contextmanager
def open_bench(folder: Path) -> Iterator[Bench]:
    """Set up everything that the trials share, while the block lasts."""
    draw_pictures(folder / "pictures", size=200)
    (folder / "station").mkdir(parents=True)
    asyncio.run(_make_station(folder / "station"))
    context = multiprocessing.get_context("forkserver")
    # every program is forked from a process that has read the modules and done nothing
    context.set_forkserver_preload(list(READ_BEFORE))
    with running_practice(folder / "practice", *PLATFORM) as platform:
        yield Bench(folder, platform, context)
        if violations := platform.violations():
            raise AssertionError(f"against the contract: {violations}")


async def _make_station(folder: Path) -> None:
    station = await set_up_station(folder, FileSecrets(folder / "secrets.json"))
    await station.aclose()
