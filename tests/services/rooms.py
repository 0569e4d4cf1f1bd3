"""A capture room for tests: a real station with a study, two subjects and an open visit."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from haut_desktop.domain.audit import Act
from haut_desktop.domain.delivery import BatchEvent, ImageEvent, RegistrationEvent
from haut_desktop.domain.errors import HautError
from haut_desktop.domain.ids import OperatorId, PlatformBatchId, PlatformSubjectId, VisitId
from haut_desktop.domain.imaging import Batch, Side
from haut_desktop.domain.space import GIB
from haut_desktop.domain.study import Study
from haut_desktop.domain.subjects import Subject
from haut_desktop.domain.verification import VerificationReport
from haut_desktop.domain.visits import VisitSheet
from haut_desktop.services.capture import Capture
from haut_desktop.services.changes import Change, Changes
from haut_desktop.services.disk_space import DiskSpace
from haut_desktop.services.tasks import TaskScope
from haut_desktop.services.verification import Verification
from haut_desktop.store.keys import NoRecovery, Recovery
from haut_desktop.store.outbox import OutboxStore
from haut_desktop.store.station import Station, create_station
from haut_desktop.store.vault import Vault
from tests.fakes.builders import make_address, make_proof, make_study, make_subject
from tests.fakes.clock import FakeClock
from tests.fakes.keyring import FakeSecrets
from tests.photographs import marked

_ACT = Act()
_DECLINED = NoRecovery("a test")


@dataclass
class Room:
    """A capture room: a real station with a study, two subjects and an open visit."""

    capture: Capture
    study: Study
    subject: Subject
    other: Subject
    visit: VisitId
    station: Station
    clock: FakeClock
    folder: Path
    changes: list[Change]
    free_bytes: list[int]
    secrets: FakeSecrets
    at_work: list[OperatorId]
    """Who is at work; nobody while it is empty."""

    @property
    def vault(self) -> Vault:
        return self.station.vault

    @property
    def outbox(self) -> OutboxStore:
        return self.station.outbox

    def file(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    async def sheet(self) -> VisitSheet:
        return await self.capture.sheet(self.visit)

    async def side_of(self, path: Path) -> Side:
        taken = await self.capture.take_in(self.visit, path)
        shelves = (await self.sheet()).shelves
        return next(s.slot.side for s in shelves if s.slot.id == taken.take.slot_id)

    async def take_face(self) -> None:
        for number, name in enumerate(("front.jpg", "left.jpg", "right.jpg")):
            await self.capture.take_in(self.visit, self.file(name, marked(number)))

    async def register(self) -> None:
        """Let the platform know the subject."""
        for registration in self.subject.registrations:
            move = self.station.registrations.move
            await move(registration.id, RegistrationEvent.CLAIM)
            entry = PlatformSubjectId(f"platform-{self.subject.id}")
            await move(registration.id, RegistrationEvent.CONFIRM, platform_id=entry)

    async def deliver(self) -> Batch:
        """Let the visit's batch go, as delivery does."""
        (batch,) = await self.batches()
        await self.outbox.move_batch(batch.id, BatchEvent.INITIATE)
        addresses = {image.id: make_address(image) for image in batch.images}
        return await self.outbox.initiated(batch.id, PlatformBatchId("there-1"), addresses)

    async def arrive(self, at: datetime | None = None) -> Batch:
        """Let the visit's batch go and every picture of it arrive, now or ``at``."""
        batch = await self.deliver()
        proof = make_proof(at or self.clock())
        for image in batch.images:
            await self.outbox.move_image(image.id, ImageEvent.CLAIM)
            await self.outbox.move_image(image.id, ImageEvent.CONFIRM, proof=proof)
        return await self.outbox.batch(batch.id)

    async def submit(self, at: datetime | None = None) -> Batch:
        """Bring the visit's batch to its end: arrived, its analysis asked for and accepted."""
        batch = await self.arrive(at)
        await self.outbox.move_batch(batch.id, BatchEvent.SUBMIT)
        return await self.outbox.move_batch(batch.id, BatchEvent.SUBMITTED)

    async def verify(self) -> VerificationReport:
        """Say what differs from the record here, without asking the platform."""
        return await Verification(
            pictures=self.station.pictures,
            outbox=self.station.outbox,
            destinations=self.station.destinations,
            audit=self.station.audit,
            vault=self.station.vault,
            clock=self.clock,
            api=None,
            no_api="a test",
        ).verify()

    async def batches(self) -> tuple[Batch, ...]:
        found = await self.outbox.deliveries(10)
        return tuple(batch for delivery in found for batch in delivery.batches)


@asynccontextmanager
async def open_room(tmp_path: Path, *, recovery: Recovery = _DECLINED) -> AsyncIterator[Room]:
    """A station under ``tmp_path`` that is closed after the block."""
    clock, changes, heard = FakeClock(), Changes(), list[Change]()
    changes.subscribe(heard.append)
    secrets = FakeSecrets()
    station = await create_station(
        tmp_path / "station",
        secrets,
        clock,
        recovery=recovery,
        site_code="DE-01",
        zone="Europe/Berlin",
        station_name="Room 2",
    )
    study = make_study()
    await station.studies.save_study(study, _ACT)
    subject, other = make_subject(study, "B-007"), make_subject(study, "B-008")
    await station.subjects.add(subject, _ACT)
    await station.subjects.add(other, _ACT)
    reported = list[HautError]()
    tasks = TaskScope("room", reported.append)
    free_bytes, at_work = [100 * GIB], list[OperatorId]()
    capture = Capture(
        studies=station.studies,
        subjects=station.subjects,
        registrations=station.registrations,
        visits=station.visits,
        pictures=station.pictures,
        takes=station.takes,
        hand_overs=station.hand_overs,
        vault=station.vault,
        cache=station.cache,
        act=lambda reason: Act(at_work[-1] if at_work else None, reason),
        changes=changes,
        clock=clock,
        tasks=tasks,
        space=DiskSpace(tmp_path, free_bytes_of=lambda _: free_bytes[0]),
    )
    visit = await capture.open_visit(study, subject.id, "Baseline")
    yield Room(
        capture,
        study,
        subject,
        other,
        visit.id,
        station,
        clock,
        tmp_path / "card",
        heard,
        free_bytes,
        secrets,
        at_work,
    )
    await tasks.aclose()
    await station.aclose()
    assert reported == []
