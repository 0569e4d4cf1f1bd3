"""A station without a window: the real store, api and services on real sockets and a real disk."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import msgspec

from haut_desktop.api.transport import Network
from haut_desktop.domain.audit import BY_ITSELF
from haut_desktop.domain.clock import system_clock
from haut_desktop.domain.delivery import BatchState, ImageState, RegistrationState, RetryPolicy
from haut_desktop.domain.errors import HautError
from haut_desktop.domain.ids import VisitId
from haut_desktop.domain.imaging import Batch, Image
from haut_desktop.domain.study import DEFAULT_SHOTS, Shot, Study
from haut_desktop.domain.subjects import Registration, Subject, SubjectDetails
from haut_desktop.domain.verification import VerificationReport
from haut_desktop.services.results import Pace
from haut_desktop.services.verification import Verification
from haut_desktop.store.keys import NoRecovery
from haut_desktop.store.secrets import Secrets
from haut_desktop.store.station import Station, create_station, has_station, open_station
from haut_desktop.workplace import Pacing, Workplace
from tests.e2e.studies import PlatformStudy
from tests.fakes.practice import PASSWORD, TECHNICIAN
from tests.waiting import in_time

QUICK: Final = Pacing(
    retry=RetryPolicy(delays_s=(0.05, 0.2, 1.0), jitter=0.0),
    quiet_s=0.3,
    second_look_s=0.2,
    quiet_registration_s=0.3,
    settling_s=5.0,
    settle_again_s=0.2,
    results=Pace(first_s=0.05, slowest_s=0.2),
)
"""Every delay short; their order and meaning stay."""


@dataclass
class HeadlessStation:
    """A workplace at work, with the steps of a technician."""

    work: Workplace
    errors: list[HautError] = field(default_factory=list)

    async def sign_in(self, server: str) -> None:
        """Sign in as the practice platform's technician."""
        await self.work.session.sign_in(server, TECHNICIAN, PASSWORD)

    async def choose_study(
        self, name: str, *, resting_s: float = 0.0, shots: tuple[Shot, ...] = DEFAULT_SHOTS
    ) -> Study:
        """Choose a study by its name; finished visits rest for ``resting_s``."""
        offers = await self.work.studies.available()
        study = await self.work.studies.choose(next(o for o in offers if o.name == name))
        plan = replace(study.plan, resting_s=resting_s, shots=shots)
        study = replace(study, plan=plan)
        await self.work.store.studies.save_study(study, BY_ITSELF)
        return study

    async def register(self, study: Study, code: str) -> Subject:
        """Register a subject."""
        return await self.work.subjects.register(study, code, SubjectDetails(birth_year=1980))

    async def finish_visit(self, study: Study, subject: Subject, *pictures: Path) -> VisitId:
        """Open a visit, drop the pictures, finish it."""
        visit = await self.work.capture.open_visit(study, subject.id, "Baseline")
        for picture in pictures:
            await self.work.capture.take_in(visit.id, picture)
        await self.work.capture.finish(visit.id)
        return visit.id

    async def finish_first_visit(self, study_name: str, *pictures: Path) -> Subject:
        """Choose the study of this name, register B-007 in it, finish a visit of theirs."""
        study = await self.choose_study(study_name)
        subject = await self.register(study, "B-007")
        await self.finish_visit(study, subject, *pictures)
        return subject

    async def images(self) -> tuple[Image, ...]:
        """Every picture in the outbox."""
        deliveries = await self.work.outbox.overview(limit=1000)
        return tuple(i for d in deliveries for batch in d.batches for i in batch.images)

    async def batch_states(self) -> set[BatchState]:
        """The states of all batches."""
        deliveries = await self.work.outbox.overview(limit=1000)
        return {batch.state for d in deliveries for batch in d.batches}

    async def until_delivered(self, *, deadline_s: float = 60.0) -> None:
        """Wait until every batch is submitted."""

        async def is_done() -> bool:
            return await self.batch_states() == {BatchState.SUBMITTED}

        try:
            await in_time(is_done, deadline_s=deadline_s)
        except AssertionError as error:
            raise AssertionError(f"not delivered: {await self.standing()}") from error
        assert {image.state for image in await self.images()} == {ImageState.STORED}

    async def standing(self) -> list[str]:
        """Where every batch and picture stands, and why; for a failing test's message."""
        words = []
        deliveries = await self.work.outbox.overview(limit=1000)
        registrations = [each for delivery in deliveries for each in delivery.registrations]
        things: list[Registration | Batch | Image] = [
            *registrations,
            *await self.batches(),
            *await self.images(),
        ]
        for thing in things:
            trouble = thing.waiting.trouble
            why = f"{trouble.kind}: {trouble.message}" if trouble else "no trouble"
            why += f", at {thing.waiting.retry_at}"
            words.append(f"{type(thing).__name__} {thing.state} ({why})")
        return [*words, str(self.work.session.state), str(self.work.connectivity.state)]

    async def batches(self) -> tuple[Batch, ...]:
        """Every batch of the outbox."""
        deliveries = await self.work.outbox.overview(limit=1000)
        return tuple(batch for delivery in deliveries for batch in delivery.batches)

    async def until_batch(self, state: BatchState, *, deadline_s: float = 60.0) -> Batch:
        """Wait until the only batch is in ``state``."""

        async def found() -> Batch | None:
            (batch,) = await self.batches()
            return batch if batch.state is state else None

        batch = await in_time(found, deadline_s=deadline_s)
        assert batch is not None
        return batch

    async def until_image(self, state: ImageState, *, deadline_s: float = 60.0) -> Image:
        """Wait until a picture is in ``state``; the first one."""

        async def found() -> Image | None:
            return next((i for i in await self.images() if i.state is state), None)

        image = await in_time(found, deadline_s=deadline_s)
        assert image is not None
        return image

    async def until_registration(
        self, subject: Subject, state: RegistrationState, *, deadline_s: float = 60.0
    ) -> Registration:
        """Wait until the subject's only registration is in ``state``."""

        async def found() -> Registration | None:
            (registration,) = (await self.work.subjects.get(subject.id)).registrations
            return registration if registration.state is state else None

        registration = await in_time(found, deadline_s=deadline_s)
        assert registration is not None
        return registration

    async def until_registered(self, subject: Subject) -> None:
        """Wait until the platform knows the subject in every dataset of the study."""

        async def is_done() -> bool:
            found = await self.work.subjects.get(subject.id)
            return {r.state for r in found.registrations} == {RegistrationState.REGISTERED}

        await in_time(is_done)


async def verify(work: Workplace) -> VerificationReport:
    """Say what differs from the record, here and on the platform."""
    store = work.store
    return await Verification(
        pictures=store.pictures,
        outbox=store.outbox,
        destinations=store.destinations,
        audit=store.audit,
        vault=store.vault,
        clock=work.clock,
        api=work.api,
        objects=work.objects,
    ).verify()


@dataclass(frozen=True)
class FileSecrets:
    """Secrets in a plain file, so that the next process finds them; for tests alone."""

    path: Path

    def get(self, name: str) -> str | None:
        """Give a secret, or None."""
        return self._read().get(name)

    def set(self, name: str, value: str) -> None:
        """Keep a secret."""
        self.path.write_bytes(msgspec.json.encode({**self._read(), name: value}))

    def delete(self, name: str) -> None:
        """Forget a secret."""
        kept = self._read()
        kept.pop(name, None)
        self.path.write_bytes(msgspec.json.encode(kept))

    def _read(self) -> dict[str, str]:
        if not self.path.exists():
            return {}
        return msgspec.json.decode(self.path.read_bytes(), type=dict[str, str])


async def set_up_station(folder: Path, secrets: Secrets) -> Station:
    """Make the station in ``folder``, as the first start does."""
    return await create_station(
        folder,
        secrets,
        system_clock,
        recovery=NoRecovery("test"),
        site_code="B01",
        zone="Europe/Berlin",
        station_name="Capture 1",
    )


@asynccontextmanager
async def open_workplace(
    folder: Path,
    secrets: Secrets,
    *,
    pacing: Pacing = QUICK,
    is_working: bool = True,
    network: Network | None = None,
) -> AsyncIterator[HeadlessStation]:
    """Open the station in ``folder``, or make it; closed in order at the end."""
    if has_station(folder):
        store = await open_station(folder, secrets, system_clock)
    else:
        store = await set_up_station(folder, secrets)
    station = await store.studies.station()
    assert station is not None
    errors: list[HautError] = []
    work = Workplace(store, station.id, report=errors.append, pacing=pacing, network=network)
    try:
        await work.session.restore()
        if is_working:
            work.start()
        yield HeadlessStation(work, errors)
    finally:
        await work.aclose()


@dataclass(frozen=True)
class OwnStation:
    """The station that a test has to itself; opened again, it is the same one after a restart."""

    folder: Path
    secrets: Secrets

    def open(
        self, *, pacing: Pacing = QUICK, is_working: bool = True
    ) -> AbstractAsyncContextManager[HeadlessStation]:
        """Open it; closed in order at the end."""
        return open_workplace(self.folder, self.secrets, pacing=pacing, is_working=is_working)

    @asynccontextmanager
    async def after_visit(
        self, there: PlatformStudy, *pictures: Path, pacing: Pacing = QUICK
    ) -> AsyncIterator[HeadlessStation]:
        """Open it, sign in, finish a visit in the study: all that is left is delivery's."""
        async with self.open(pacing=pacing) as station:
            await station.sign_in(there.platform.url)
            await station.finish_first_visit(there.name, *pictures)
            yield station
