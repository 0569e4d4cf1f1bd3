"""The program of the night, with its window on the outbox; what it says goes to its output.

``work`` makes the visits that are not there yet and delivers until nothing is left but what a
person must decide; ``morning`` is that person; ``verify`` is ``haut-desktop outbox verify``.
"""

import argparse
import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from haut_desktop.domain.delivery import BatchState, ImageState, RegistrationState, RetryPolicy
from haut_desktop.domain.errors import HautError
from haut_desktop.domain.imaging import Batch
from haut_desktop.domain.session import SessionState
from haut_desktop.outbox_command import run_outbox_command
from haut_desktop.services.pauses import pause
from haut_desktop.services.results import Pace
from haut_desktop.workplace import Pacing
from tests.e2e.stations import FileSecrets, HeadlessStation, open_workplace
from tests.e2e.windows import open_shell
from tests.faults.night.plan import Plan
from tests.faults.night.technician import NightTechnician
from tests.faults.night.watching import FrameWatch, append_frames, memory_mib
from tests.qt_runner import qt_runner

NIGHT: Final = Pacing(
    retry=RetryPolicy(delays_s=(0.5, 2.0, 8.0, 20.0), jitter=0.2),
    quiet_s=5.0,
    second_look_s=1.0,
    quiet_registration_s=5.0,
    settling_s=60.0,
    settle_again_s=2.0,
    results=Pace(first_s=1.0, slowest_s=10.0),
)
"""A night in half an hour: every delay shorter than in earnest, in the same order."""

_EVERY_S: Final = 1.0
_TRY_AGAIN_S: Final = 2.0
_COMPUTATION: Final = "ComputationUnknownError"


def say(**words: Any) -> None:
    """Say something in one line."""
    sys.stdout.write(msgspec.json.encode(words).decode() + "\n")
    sys.stdout.flush()


class Night:
    """One start of the program."""

    def __init__(self, station: HeadlessStation, server: str) -> None:
        self.station = station
        self.signed_in = 0
        self._server = server

    async def sign_in(self) -> None:
        """Sign in, as often as it takes."""

        async def step() -> None:
            await self.station.sign_in(self._server)
            self.signed_in += 1

        await until_done(step)

    async def stay_signed_in(self) -> None:
        """Be there whenever the platform has ended the session."""
        while True:
            if self.station.work.session.state is not SessionState.SIGNED_IN:
                await self.sign_in()
            await pause(asyncio.Event(), _EVERY_S)

    async def is_done(self) -> bool:
        """Whether nothing is left that goes by itself."""
        batches = await self.station.batches()
        return all(b.state is BatchState.SUBMITTED or _waits_for_a_person(b) for b in batches)

    async def troubles(self) -> Counter[str]:
        """Why something waits, and what the program itself says of the session and the network."""
        work = self.station.work
        found: Counter[str] = Counter([str(work.session.state), str(work.connectivity.state)])
        for delivery in await work.outbox.overview(limit=10_000):
            waiting = [r.waiting for r in delivery.registrations]
            waiting += [b.waiting for b in delivery.batches]
            waiting += [i.waiting for b in delivery.batches for i in b.images]
            found.update(w.trouble.kind for w in waiting if w.trouble is not None)
            found.update(f"batch {batch.state}" for batch in delivery.batches)
        return found

    async def reasons(self) -> Counter[str]:
        """Why what is held is held."""
        found: Counter[str] = Counter()
        for delivery in await self.station.work.outbox.overview(limit=10_000):
            for batch in delivery.batches:
                held = [i.waiting for i in batch.images if i.state is ImageState.HELD]
                held += [batch.waiting] if batch.state is BatchState.HELD else []
                found.update(w.trouble.kind if w.trouble else "no reason" for w in held)
        return found


async def until_done(step: Callable[[], Awaitable[object]]) -> None:
    """Try a step of a person's again until it goes through."""
    while True:
        try:
            await step()
        except HautError:
            await pause(asyncio.Event(), _TRY_AGAIN_S)
        else:
            return


async def work(chosen: argparse.Namespace) -> None:
    """Do the night's work; ends early, and in order, when asked to."""
    plan = Plan(visits=chosen.visits, subjects=chosen.subjects)
    closing = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, closing.set)
    start_mib = memory_mib()[0]
    async with open_window(chosen) as night:
        if night.station.work.session.account is None:
            await night.sign_in()
        technician = NightTechnician(night.station, plan, chosen.pictures)
        scope = night.station.work.tasks
        scope.start(night.stay_signed_in(), name="somebody at the station")
        scope.start(until_done(technician.make_all), name="technician")
        watch = FrameWatch()
        is_done = False
        while not is_done and not closing.is_set():
            await pause(closing, _EVERY_S)
            is_done = technician.made == plan.visits and await night.is_done()
            append_frames(chosen.frames, watch.take())
            now_mib, peak_mib = memory_mib()
            say(
                made=technician.made,
                waiting=(await night.station.work.outbox.summary()).waiting_images,
                memory_mib=[start_mib, now_mib, peak_mib],
                signed_in=night.signed_in,
                troubles=await night.troubles(),
            )
        watch.stop()
        append_frames(chosen.frames, watch.take())
        say(ended=is_done, held=await night.reasons())


async def morning(chosen: argparse.Namespace) -> None:
    """Decide about everything that is held, as a person who has looked, until all is sent."""
    async with open_window(chosen) as night:
        await night.sign_in()
        outbox = night.station.work.outbox
        asked = 0
        while held := [b for b in await night.station.batches() if _waits_for_a_person(b)]:
            for batch in held:
                asked += 1
                trouble = batch.waiting.trouble
                if batch.state is BatchState.HELD and trouble and trouble.kind == _COMPUTATION:
                    await outbox.compute_again(batch.id, "the portal shows nothing")
                else:
                    await outbox.resume_held(batch.id, "looked into")
            await until_settled(night)
        await night.station.until_delivered(deadline_s=600.0)
        for delivery in await outbox.overview(limit=10_000):
            states = {registration.state for registration in delivery.registrations}
            assert states <= {RegistrationState.REGISTERED}, "a subject is still held"
        say(asked=asked, errors=sorted({error.kind for error in night.station.errors}))


def _waits_for_a_person(batch: Batch) -> bool:
    images = {image.state for image in batch.images}
    return batch.state is BatchState.HELD or ImageState.HELD in images


async def until_settled(night: Night) -> None:
    """Wait until everything has ended, or is held again."""
    while not await night.is_done():
        await pause(asyncio.Event(), _EVERY_S)


@asynccontextmanager
async def open_window(chosen: argparse.Namespace) -> AsyncIterator[Night]:
    """Open the station with its window, the outbox in sight."""
    secrets = FileSecrets(chosen.secrets)
    async with open_workplace(chosen.folder, secrets, pacing=NIGHT) as station:
        shell = await open_shell(station)
        try:
            yield Night(station, chosen.server)
        finally:
            shell.close()


def main() -> int:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=("work", "morning", "verify"))
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--secrets", type=Path, required=True)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--frames", type=Path)
    parser.add_argument("--server", default="")
    parser.add_argument("--visits", type=int, default=Plan.visits)
    parser.add_argument("--subjects", type=int, default=Plan.subjects)
    chosen = parser.parse_args()
    if chosen.part == "verify":
        words = ["verify", "--json", "--folder", str(chosen.folder)]
        return run_outbox_command(words, secrets=FileSecrets(chosen.secrets))
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with qt_runner() as runner:
        runner.run(work(chosen) if chosen.part == "work" else morning(chosen))
    return 0


if __name__ == "__main__":
    sys.exit(main())
