"""Runs a night: the platform, the program, what befalls them, and the comparison in the morning."""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from haut_desktop.services.pauses import pause
from tests.fakes.practice import PracticePlatform, start_practice
from tests.faults.night.plan import Event, Plan, random_faults
from tests.faults.night.technician import every_hash
from tests.faults.night.watching import Frames, read_frames

ROOT: Final = Path(__file__).parents[3]

UNDECIDABLE: Final = {
    "ComputationUnknownError": "the answer to a computation was lost and no results came: asking "
    "again may cost twice",
    "ContentMismatchError": "the store says it holds other bytes than were sent",
    "AddressExpiredError": "the addresses expired a second time: the clock or the store is wrong",
    "BodyRefusedError": "the other side broke off twice in the picture while it was within reach",
}
"""The reasons that the design names, and why nobody but a person can decide."""


class NightError(Exception):
    """A promise was broken."""


@dataclass
class Account:
    """What the night was like."""

    visits: int = 0
    pictures: int = 0
    requests: int = 0
    struck: Counter[str] = field(default_factory=Counter)
    """Faults that struck, by kind."""
    events: list[str] = field(default_factory=list)
    signed_in: int = 0
    held: Counter[str] = field(default_factory=Counter)
    asked: int = 0
    """What a person decided in the morning."""
    memory_mib: list[list[float]] = field(default_factory=list)
    """Of each start of the program: at its beginning, at its end, at its peak."""
    frames: Frames = field(default_factory=Frames)
    """Of every start, the killed ones as well, but for the last second of those."""
    verification: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


class NightRun:
    """One night in a folder of its own."""

    def __init__(self, plan: Plan, folder: Path, tell: Callable[[str], None]) -> None:
        self.account = Account(visits=plan.visits, pictures=plan.pictures)
        self._plan = plan
        self._folder = folder
        self._tell = tell
        self._platform = self._start_platform()
        self._program: asyncio.subprocess.Process | None = None
        self._last: dict[str, Any] = {}
        self._now: Mapping[str, Any] = {}

    def close(self) -> None:
        """End the platform and the program."""
        if self._program is not None and self._program.returncode is None:
            self._program.kill()
        self._platform.stop()

    async def run(self) -> Account:
        """Live through it; raises NightError when a promise was broken."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for name, kind, application in _DATASETS:
            await asyncio.to_thread(self._platform.make_dataset, name, kind, application)
        self._strike()
        async with asyncio.timeout(self._plan.deadline_s):
            await self._night()
            self.account.seconds = loop.time() - began
            await self._morning()
        return self.account

    # ---- the night -----------------------------------------------------------------------

    async def _night(self) -> None:
        coming = list(self._plan.events)
        while not await self._one_start(coming):
            self._tell("the program starts again")
        self.account.frames = read_frames(self._folder / "frames")
        self._gather_faults()
        self.account.held = Counter(self._last["held"])
        strange = set(self.account.held) - set(UNDECIDABLE)
        if strange:
            raise NightError(f"held for a reason that the design does not name: {strange}")

    async def _one_start(self, coming: list[Event]) -> bool:
        """Let the program work until it has ended, or was ended; whether the work is done."""
        program = self._program = await self._start("work")
        assert program.stdout is not None
        while line := await program.stdout.readline():
            self._last = msgspec.json.decode(line)
            if "ended" in self._last:
                continue
            self._note(self._last)
            if coming and self._part_done() >= coming[0].at:
                await self._befall(coming.pop(0), program)
        await program.wait()
        if program.returncode == 0 and self._last.get("ended"):
            self._keep()
            return True
        if program.returncode not in (0, -9):
            raise NightError(f"the program ended with {program.returncode}")
        self._keep()
        return False

    def _note(self, said: Mapping[str, Any]) -> None:
        self._now = said

    def _keep(self) -> None:
        self.account.memory_mib.append(list(self._now["memory_mib"]))
        self.account.signed_in += self._now["signed_in"]

    def _part_done(self) -> float:
        there: int = 3 * self._now["made"] - self._now["waiting"]
        return there / self._plan.pictures

    async def _befall(self, event: Event, program: asyncio.subprocess.Process) -> None:
        self.account.events.append(event.what)
        self._tell(f"{event.what} ({self._part_done():.0%} there)")
        match event.what:
            case "kill the program":
                program.kill()
            case "close the program":
                program.terminate()
            case "take the network away":
                await self._take_the_network_away()
            case "kill the platform":
                self._gather_faults()
                self._platform.kill()
                self._restart()
            case _:
                self._gather_faults()
                self._restart()

    async def _take_the_network_away(self) -> None:
        self._gather_faults()
        self._platform.clear_faults()
        self._platform.add_fault("offline", target="both")
        await pause(asyncio.Event(), self._plan.away_s)
        self._gather_faults()
        self._strike()

    def _restart(self) -> None:
        self._platform.stop()
        self._platform = self._start_platform()
        self._strike()

    def _strike(self) -> None:
        self._platform.clear_faults()
        for fault in random_faults(self._plan.seed + len(self.account.events)):
            self._platform.add_fault(**fault)

    def _gather_faults(self) -> None:
        for fault in self._platform.faults():
            self.account.struck[f"{fault['target']} {fault['kind']}"] += fault["struck"]

    # ---- the morning ---------------------------------------------------------------------

    async def _morning(self) -> None:
        """A person decides what is held; then both sides hold the same, each picture once."""
        self._platform.stop()
        self._platform = self._start_platform(token_s=3600)
        self.account.asked = (await self._finished("morning"))["asked"]
        await self._until_computed()
        self._compare()
        program = await self._start("verify")
        output, _ = await program.communicate()
        self.account.verification = msgspec.json.decode(output)
        report = self.account.verification
        if program.returncode or report["differences"] or report["not_asked"]:
            raise NightError(f"verify found differences: {output.decode()[:2000]}")

    async def _finished(self, part: str) -> dict[str, Any]:
        self._program = program = await self._start(part)
        output, _ = await program.communicate()
        if program.returncode:
            raise NightError(f"{part} ended with {program.returncode}")
        said: dict[str, Any] = msgspec.json.decode(output.splitlines()[-1])
        return said

    async def _until_computed(self) -> None:
        while (await asyncio.to_thread(self._platform.state))["queue_length"]:
            await pause(asyncio.Event(), 1.0)

    def _compare(self) -> None:
        state = self._platform.state()
        self.account.requests = sum(state["requests"].values())
        computed = Counter[str]()
        for batch in state["batches"]:
            if batch["computes"] > 1:
                raise NightError(f"batch {batch['id']} was computed {batch['computes']} times")
            for image in batch["images"]:
                computed[image["sha256"]] += image["times_computed"]
        computed = +computed
        expected = Counter(every_hash(self._plan, self._folder / "pictures"))
        if computed != expected:
            lost, more = expected - computed, computed - expected
            raise NightError(f"{lost.total()} pictures lost, {more.total()} computed twice")
        if violations := self._platform.violations():
            raise NightError(f"the contract was broken: {violations}")

    # ---- processes -----------------------------------------------------------------------

    def _start_platform(self, token_s: int | None = None) -> PracticePlatform:
        options = ("--logins-per-minute", "100000", "--token-seconds")
        seconds = str(token_s or self._plan.token_s)
        return start_practice(self._folder / "platform", *options, seconds)

    async def _start(self, part: str) -> asyncio.subprocess.Process:
        words = {
            "--folder": self._folder / "station",
            "--secrets": self._folder / "secrets.json",
            "--pictures": self._folder / "pictures",
            "--frames": self._folder / "frames",
            "--server": self._platform.url,
            "--visits": self._plan.visits,
            "--subjects": self._plan.subjects,
        }
        arguments = [str(word) for pair in words.items() for word in pair]
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.faults.night.child", part, *arguments),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 20,
        )


_DATASETS: Final = (
    ("Night faces", 1, "face_skin_metrics_3.0"),
    ("Night skin", 2, "skin_metrics"),
)
