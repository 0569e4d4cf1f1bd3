"""The program that is killed, and the one that is started after it; each a process of its own."""

import asyncio
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec

from haut_desktop.api.transport import Network
from haut_desktop.domain.delivery import BatchState, ImageState, RegistrationState, Waiting
from haut_desktop.domain.imaging import Batch
from haut_desktop.domain.study import Study
from tests.e2e.stations import FileSecrets, HeadlessStation, open_workplace
from tests.faults.kill.points import KillingTransport, Kind, Point, Points
from tests.faults.kill.shapes import PACING, Shape
from tests.faults.kill.state import Truth, differences
from tests.faults.kill.technician import Screen, Technician
from tests.waiting import in_time

COMPUTATION: Final = "ComputationUnknownError"
_DECISIONS: Final = 3
_PATIENCE_S: Final = 90.0


@dataclass(frozen=True, slots=True)
class Job:
    """One visit on a station of its own."""

    folder: Path
    server: str
    study: str
    dataset_id: str
    shape: Shape
    pictures: Path
    deadly: Point | None = None

    @property
    def screen(self) -> Screen:
        """What the technician has seen."""
        return Screen(self.folder / "shown")

    @property
    def files(self) -> list[Path]:
        """What the technician drops."""
        return self.shape.files(self.pictures)


class Account(msgspec.Struct):
    """What a process has to say at its end."""

    passed: dict[Kind, int] = msgspec.field(default_factory=dict)
    """Moments of the whole visit, by kind."""
    held: list[str] = msgspec.field(default_factory=list)
    """Why a promise was held until a person decided."""
    failures: list[str] = msgspec.field(default_factory=list)


@dataclass
class Person:
    """Decides about what is held, after a look at the platform."""

    station: HeadlessStation
    job: Job
    held: list[str] = field(default_factory=list)

    async def until_delivered(self) -> None:
        """Wait for the end, deciding what only a person may decide, never for ever."""
        for _ in range(_DECISIONS):
            await in_time(self._has_ended, deadline_s=_PATIENCE_S)
            waiting = [batch for batch in await self.station.batches() if _is_held(batch)]
            if not waiting:
                return
            for batch in waiting:
                await self._decide(batch)
        raise AssertionError(f"held again and again: {self.held}")

    async def _has_ended(self) -> bool:
        """Whether nothing is left that goes by itself."""
        deliveries = await self.station.work.outbox.overview(limit=10)
        held = [r for d in deliveries for r in d.registrations]
        for registration in held:
            if registration.state is RegistrationState.HELD:
                raise AssertionError(f"registration held for {_kind(registration.waiting)}")
        batches = [batch for delivery in deliveries for batch in delivery.batches]
        return all(batch.state is BatchState.SUBMITTED or _is_held(batch) for batch in batches)

    async def _decide(self, batch: Batch) -> None:
        outbox = self.station.work.outbox
        kinds = [_kind(i.waiting) for i in batch.images if i.state is ImageState.HELD]
        if batch.state is BatchState.HELD:
            kinds.append(_kind(batch.waiting))
        self.held += kinds
        # a person waits until a busy platform has computed what it was asked for
        await in_time(self._is_idle, deadline_s=_PATIENCE_S)
        images = [i for b in truth_of(self.job)["batches"] for i in b["images"]]
        if kinds == [COMPUTATION] and not any(i["times_computed"] for i in images):
            await outbox.compute_again(batch.id, "the portal shows nothing")
        else:
            await outbox.resume_held(batch.id, "looked into")

    async def _is_idle(self) -> bool:
        return not truth_of(self.job)["queue_length"]


def live(job: Job) -> None:
    """Do a visit from its registration to its end; the process may die at any moment of it."""
    points = Points(job.deadly)
    points.watch_store(job.folder)
    _tell(job, "lived", lambda: _live(job, points))


def go_on(job: Job) -> None:
    """Start again after a kill: the visit is completed and everything compared."""
    _tell(job, "went-on", lambda: _go_on(job))


def truth_of(job: Job) -> Truth:
    """What the platform holds of the visit's data set."""
    where = f"{job.server}/_practice/state/"
    answer = httpx.get(where, params={"dataset": job.dataset_id}, trust_env=False, timeout=30.0)
    truth: Truth = answer.raise_for_status().json()
    mine = {
        what: [row for row in truth[what] if row["dataset_id"] == job.dataset_id]
        for what in ("subjects", "batches")
    }
    return {**truth, **mine}


async def _live(job: Job, points: Points) -> Account:
    transport = KillingTransport(points)
    network = Network(transport=transport)
    async with open_workplace(job.folder, _secrets(job), pacing=PACING, network=network) as station:
        technician = Technician(station, job.shape, job.screen)
        study = await _prepare(station, job)
        points.is_armed = True
        job.screen.show("armed", study.id)
        transport.is_away = job.shape.is_offline
        await technician.do_visit(study, job.files)
        if transport.is_away:
            transport.is_away = False
            await station.work.outbox.retry_now()
        await Person(station, job).until_delivered()
        _raise_errors(station)
    job.screen.show("ended", study.id)
    return Account(dict(points.passed))


async def _go_on(job: Job) -> Account:
    async with open_workplace(job.folder, _secrets(job), pacing=PACING) as station:
        technician = Technician(station, job.shape, job.screen)
        (study,) = await station.work.studies.known()
        await technician.do_visit(study, job.files)
        person = Person(station, job)
        await person.until_delivered()
        failures = await differences(station.work, job.screen, truth_of(job), job.files)
        _raise_errors(station)
    return Account(held=person.held, failures=failures)


async def _prepare(station: HeadlessStation, job: Job) -> Study:
    await station.sign_in(job.server)
    return await station.choose_study(job.study, shots=job.shape.shots)


def _raise_errors(station: HeadlessStation) -> None:
    if station.errors:
        raise AssertionError(f"reported: {[error.kind for error in station.errors]}")


def _secrets(job: Job) -> FileSecrets:
    return FileSecrets(job.folder / "secrets.json")


def _tell(job: Job, name: str, work: Any) -> None:
    """Leave the account in a file; an error is a failure like any other."""
    try:
        account = asyncio.run(work())
    except Exception as error:  # noqa: BLE001 - whatever it is, the table shows it
        words = "".join(traceback.format_exception(error))
        (job.folder / f"{name}.txt").write_text(words, "utf-8")
        account = Account(failures=[f"{type(error).__name__}: {error}"])
    (job.folder / f"{name}.json").write_bytes(msgspec.json.encode(account))


def _is_held(batch: Batch) -> bool:
    images = {image.state for image in batch.images}
    return batch.state is BatchState.HELD or ImageState.HELD in images


def _kind(waiting: Waiting) -> str:
    return waiting.trouble.kind if waiting.trouble else "no reason"
