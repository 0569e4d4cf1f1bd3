"""Two visits from the first start to the last result, gone on with wherever they stand."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from haut_desktop.domain.delivery import BatchState, ImageState
from haut_desktop.domain.errors import HautError
from haut_desktop.domain.imaging import Batch
from haut_desktop.domain.study import Study
from haut_desktop.domain.subjects import Subject
from haut_desktop.domain.visits import Visit, VisitStatus
from haut_desktop.services.spooling import SpoolIntake
from tests.e2e.stations import HeadlessStation
from tests.waiting import in_time

CODE: Final = "B-007"
VISITS: Final = {"Baseline": ("front", "left", "right"), "Week 4": ("front-2", "left-2")}
"""The visits' names with the names of their pictures."""

DONE: Final = frozenset({BatchState.SUBMITTED, BatchState.HELD})

Say = Callable[..., None]


def say_nothing(**words: Any) -> None:
    """For a technician whom nobody listens to."""


@dataclass(frozen=True, slots=True)
class Technician:
    """Does what is left of the work; whatever the program answered is said aloud."""

    server: str
    study: str
    pictures: Path
    say: Say = say_nothing

    async def prepare(self, station: HeadlessStation) -> Study:
        """Sign in and choose the study."""
        work = station.work
        if work.session.account is None:
            await station.sign_in(self.server)
        else:
            work.api.server = self.server
        for study in await work.studies.known():
            if study.name == self.study and not study.plan.resting_s:
                return await work.studies.select(study.id)
        return await station.choose_study(self.study)

    async def visit(self, station: HeadlessStation, study: Study, name: str) -> None:
        """Take in what is missing of a visit and finish it."""
        capture = station.work.capture
        subject = await self._subject(station, study)
        visit = await self._opened(station, study, subject, name)
        if visit.status is not VisitStatus.OPEN:
            return
        there = {
            taken.original.digest.sha256
            for shelf in (await capture.sheet(visit.id)).shelves
            for taken in shelf.takes
        }
        for path in self.files(VISITS[name]):
            sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
            if sha256 in there:
                continue
            taken = await capture.take_in(visit.id, path)
            self.say(
                promise="sealed",
                original=taken.original.id,
                vault_name=taken.original.vault_name,
                sha256=sha256,
                visit=visit.id,
            )
        await capture.finish(visit.id)
        self.say(promise="finished", visit=visit.id)

    async def until_sent(self, station: HeadlessStation) -> tuple[Batch, ...]:
        """Wait until every batch is computed, or held for a person; gives all of them."""

        async def is_done() -> bool:
            return all(batch.state in DONE for batch in await station.batches())

        await in_time(is_done, deadline_s=60.0)
        return await station.batches()

    async def erase_one(self, station: HeadlessStation, name: str) -> None:
        """Erase the first picture of a visit that was delivered."""
        for delivery in await station.work.outbox.overview(limit=1000):
            if delivery.visit.name == name:
                original = delivery.batches[0].images[0].rendition.original_id
                self.say(promise="erasing", original=original)
                await station.work.outbox.erase(original, "the subject has withdrawn")
                self.say(promise="erased", original=original)

    async def spool(self, spool: SpoolIntake, names: Iterable[str]) -> None:
        """Drop pictures on a station whose keyring is locked."""
        for path in self.files(names):
            note = (await spool.take_in(path, {"subject_code": CODE})).note
            self.say(promise="spooled", original=note.original_id, sha256=note.digest.sha256)

    def files(self, names: Iterable[str]) -> list[Path]:
        """The pictures' files."""
        return [self.pictures / f"{name}.jpg" for name in names]

    async def listen(self, station: HeadlessStation) -> None:
        """Say what is confirmed by now."""
        for batch in await station.batches():
            for image in batch.images:
                if image.state is ImageState.STORED:
                    self.say(promise="stored", image=image.id)
            if batch.state is BatchState.SUBMITTED:
                self.say(promise="submitted", batch=batch.id)

    async def _subject(self, station: HeadlessStation, study: Study) -> Subject:
        for row in await station.work.subjects.search(study, CODE):
            return row.subject
        subject = await station.register(study, CODE)
        self.say(promise="registered", subject=subject.id)
        return subject

    async def _opened(
        self, station: HeadlessStation, study: Study, subject: Subject, name: str
    ) -> Visit:
        for visit in await station.work.capture.visits(subject.id):
            if visit.name == name:
                return visit
        visit = await station.work.capture.open_visit(study, subject.id, name)
        self.say(promise="opened", visit=visit.id)
        return visit


def words_of(errors: Iterable[HautError]) -> list[str]:
    """Errors for a message."""
    return [f"{error.kind}: {error.message}" for error in errors]
