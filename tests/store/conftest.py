"""A set-up station's database with a study, and ways to fill it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from haut_desktop.domain.audit import BY_ITSELF, Act
from haut_desktop.domain.delivery import RegistrationEvent
from haut_desktop.domain.ids import CompanyId, PlatformSubjectId, TakeId
from haut_desktop.domain.imaging import Batch, Rendition, Side, Slot
from haut_desktop.domain.session import Account
from haut_desktop.domain.study import Operator, Station, Study
from haut_desktop.domain.subjects import Registration, Subject
from haut_desktop.domain.visits import TakenPicture, Visit
from haut_desktop.store.audit_log import AuditLog
from haut_desktop.store.database import Database
from haut_desktop.store.hand_overs import HandOverStore
from haut_desktop.store.outbox import OutboxStore
from haut_desktop.store.pictures import PictureStore
from haut_desktop.store.registrations import RegistrationStore
from haut_desktop.store.studies import StudyStore
from haut_desktop.store.subjects import SubjectStore
from haut_desktop.store.takes import TakeStore
from haut_desktop.store.visits import VisitStore
from tests.fakes.builders import (
    make_batch,
    make_picture,
    make_slots,
    make_study,
    make_subject,
    make_visit,
)
from tests.fakes.clock import FakeClock

KEY = bytes(range(32))


@dataclass
class Record:
    """The stores over one database, a study, an operator, and shortcuts through a visit's life."""

    database: Database
    clock: FakeClock
    studies: StudyStore
    subjects: SubjectStore
    registrations: RegistrationStore
    visits: VisitStore
    pictures: PictureStore
    takes: TakeStore
    hand_overs: HandOverStore
    outbox: OutboxStore
    audit: AuditLog
    station: Station
    operator: Operator
    study: Study

    @property
    def act(self) -> Act:
        """An act of the operator's, with a reason."""
        return Act(self.operator.id, "typing error")

    async def register(self, code: str = "B-007", *, is_registered: bool = True) -> Subject:
        """Add a subject; registered on the platform unless told otherwise."""
        subject = make_subject(self.study, code, station_id=self.station.id)
        await self.subjects.add(subject, self.act)
        if is_registered:
            for registration in subject.registrations:
                await self.registrations.move(registration.id, RegistrationEvent.CLAIM)
                await self.confirm(registration)
        return await self.subjects.get(subject.id)

    async def confirm(self, registration: Registration) -> None:
        """Let the platform answer with an entry of the subject's own."""
        platform_id = PlatformSubjectId(f"platform-{registration.subject_id}")
        await self.registrations.move(
            registration.id, RegistrationEvent.CONFIRM, platform_id=platform_id
        )

    async def open_visit(
        self, subject: Subject | None, name: str = "Baseline", **changes: int
    ) -> tuple[Visit, tuple[Slot, ...]]:
        """Open a visit with a front, a left and a right slot."""
        visit = make_visit(self.study, subject, name, created_at=self.clock(), **changes)
        slots = make_slots(visit)
        await self.visits.add(visit, slots, self.act)
        return visit, slots

    async def take_in(self, slot: Slot, data: bytes | None = None, number: int = 1) -> Rendition:
        """Add a picture to a slot."""
        original, rendition, take = make_picture(slot, data, number=number)
        await self.pictures.add(original, rendition, take, (), self.act)
        return rendition

    async def takes_of(self, slot: Slot) -> list[tuple[int, bool]]:
        """The numbers of a slot's takes, each with whether it counts."""
        return [(taken.take.number, taken.take.counts) for taken in await self._taken(slot)]

    async def take_id(self, slot: Slot, number: int) -> TakeId:
        """The id of a slot's take of that number."""
        return next(t.take.id for t in await self._taken(slot) if t.take.number == number)

    async def _taken(self, slot: Slot) -> tuple[TakenPicture, ...]:
        sheet = await self.visits.sheet(slot.visit_id)
        return next(shelf.takes for shelf in sheet.shelves if shelf.slot.id == slot.id)

    async def finish(
        self,
        subject: Subject,
        name: str = "Baseline",
        sides: tuple[Side, ...] = (Side.FRONT, Side.LEFT, Side.RIGHT),
        *,
        rest: timedelta = timedelta(0),
    ) -> Batch:
        """Bring a visit from its opening to its one finished batch, rested unless told to rest."""
        visit, slots = await self.open_visit(subject, name)
        pictures = tuple([(slot, await self.take_in(slot)) for slot in slots if slot.side in sides])
        batch = make_batch(visit, self.study.datasets[0], pictures)
        not_before = self.clock() + rest
        await self.hand_overs.finish(visit.id, (batch,), not_before, self.act)
        return replace(batch, not_before=not_before)


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still."""
    return FakeClock()


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A new encrypted database."""
    opened = Database.open(tmp_path / "station.db", KEY, expect_existing=False)
    yield opened
    await opened.aclose()


@pytest_asyncio.fixture
async def record(database: Database, clock: FakeClock) -> Record:
    """A set-up station with a study and an operator."""
    studies = StudyStore(database, clock)
    station = await studies.set_up("BER-01", "Europe/Berlin", "Room 2", BY_ITSELF)
    operator = await studies.operator_for(
        Account("https://saas.haut.ai", CompanyId("company-1"), 7, "tech@example.com")
    )
    study = make_study()
    await studies.save_study(study, Act(operator.id))
    return Record(
        database=database,
        clock=clock,
        studies=studies,
        subjects=SubjectStore(database, clock),
        registrations=RegistrationStore(database, clock),
        visits=VisitStore(database, clock),
        pictures=PictureStore(database, clock),
        takes=TakeStore(database, clock),
        hand_overs=HandOverStore(database, clock),
        outbox=OutboxStore(database, clock),
        audit=AuditLog(database),
        station=station,
        operator=operator,
        study=study,
    )
