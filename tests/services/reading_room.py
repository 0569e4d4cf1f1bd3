"""A reading room for tests: a real station signed in to a real practice platform, with results."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import md5
from pathlib import Path
from typing import Any

from haut_desktop.api.auth import TokenKeeper
from haut_desktop.api.client import HautApi
from haut_desktop.api.object_store import ObjectStore
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.delivery import RetryPolicy
from haut_desktop.domain.ids import PlatformBatchId, StationId, SubjectId, new_id
from haut_desktop.domain.imaging import Side
from haut_desktop.domain.study import Study
from haut_desktop.domain.subjects import PlatformSubject, Subject, SubjectDetails
from haut_desktop.services.blame import Judge
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.connectivity import Connectivity
from haut_desktop.services.results import Pace, Results
from haut_desktop.services.session import Session
from haut_desktop.services.studies import Studies
from haut_desktop.services.subjects import Subjects
from haut_desktop.store.keys import NoRecovery
from haut_desktop.store.station import Station, create_station
from tests.fakes.clock import FakeClock
from tests.fakes.keyring import FakeSecrets
from tests.fakes.practice import PASSWORD, SELFIE, TECHNICIAN, PracticePlatform

SOON = Pace(first_s=0.05, slowest_s=0.1, idle_s=0.2)


@dataclass
class ReadingRoom:
    """Results over a subject that another station registered."""

    results: Results
    station: Station
    study: Study
    subject: Subject
    there: PlatformSubject
    api: HautApi
    objects: ObjectStore
    session: Session
    clock: FakeClock
    heard: list[Change]
    news: asyncio.Event
    """Set whenever results changed."""

    async def batch_elsewhere(
        self,
        pictures: dict[Side, bytes],
        *,
        visit: str,
        at: datetime,
        is_computed: bool = True,
        **meta: str,
    ) -> PlatformBatchId:
        """Do at the platform what another station would do."""
        company = self.study.tenant
        names = {side: f"{side}.jpg" for side in pictures}
        started = await self.api.initiate_upload(
            company, self.there.id, names, created_at=at, meta={"visit": visit, **meta}
        )
        for side, address in started.addresses:
            data = pictures[side]
            digest = md5(data, usedforsecurity=False).hexdigest()
            await self.objects.put(address, data, md5_hex=digest)
        if is_computed:
            await self.api.compute(company, started.platform_id)
        return started.platform_id

    def results_changed(self) -> bool:
        """Whether anybody was told of new results."""
        return any(change.topic is Topic.RESULTS for change in self.heard)


def results_over(station: Station, **services: Any) -> Results:
    """Results over the records of a station, and whatever ``services`` they ask."""
    return Results(
        store=station.results,
        outbox=station.outbox,
        visits=station.visits,
        subjects=station.subjects,
        studies=station.studies,
        destinations=station.destinations,
        cache=station.cache,
        vault=station.vault,
        **services,
    )


@asynccontextmanager
async def open_reading_room(
    tmp_path: Path,
    platform: PracticePlatform,
    clock: FakeClock,
    *applications: str,
) -> AsyncIterator[ReadingRoom]:
    """Sign in, choose a study with ``applications``, take over a subject, close after the block."""
    name = f"Study {new_id()[:8]}"
    platform.make_dataset(name, SELFIE, *applications)
    changes, heard = Changes(), list[Change]()
    news = asyncio.Event()

    def hear(change: Change) -> None:
        heard.append(change)
        if change.topic is Topic.RESULTS:
            news.set()

    changes.subscribe(hear)
    station = await create_station(
        tmp_path / "station",
        FakeSecrets(),
        clock,
        recovery=NoRecovery("a test"),
        site_code="DE-01",
        zone="Europe/Berlin",
        station_name="Room 2",
    )
    keeper, objects = TokenKeeper(), ObjectStore()
    api = HautApi(platform.url, keeper)
    session = Session(api, keeper, station.credentials, station.studies, changes)
    connectivity = Connectivity(changes, policy=RetryPolicy((0.05,), 0.0))
    try:
        await session.sign_in(platform.url, TECHNICIAN, PASSWORD)
        studies = Studies(api, session, station.studies, changes)
        offers = {offer.name: offer for offer in await studies.available()}
        study = await studies.choose(offers[name])
        there, subject = await _subject_elsewhere(api, station, study, session, changes, clock)
        results = results_over(
            station,
            api=api,
            objects=objects,
            session=session,
            connectivity=connectivity,
            judge=Judge(connectivity=connectivity, clock=clock, policy=RetryPolicy((0.05,), 0.0)),
            changes=changes,
            clock=clock,
            pace=SOON,
            uptime=lambda: clock().timestamp(),
        )
        yield ReadingRoom(
            results, station, study, subject, there, api, objects, session, clock, heard, news
        )
    finally:
        await objects.aclose()
        await api.aclose()
        await station.aclose()


async def _subject_elsewhere(
    api: HautApi,
    station: Station,
    study: Study,
    session: Session,
    changes: Changes,
    clock: Clock,
) -> tuple[PlatformSubject, Subject]:
    """A subject that another station registered, brought into this one's list."""
    here = await station.studies.station()
    assert here is not None
    there = await api.create_subject(
        study.tenant,
        study.datasets[0].platform_id,
        "B-101",
        SubjectDetails(),
        subject_id=SubjectId(new_id()),
        station_id=StationId(new_id()),
    )
    subjects = Subjects(
        api=api,
        store=station.subjects,
        registrations=station.registrations,
        station_id=here.id,
        act=session.act,
        changes=changes,
        clock=clock,
    )
    await subjects.sync(study)
    (row,) = await subjects.search(study)
    return there, row.subject
