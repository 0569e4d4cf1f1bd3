"""The technician of the night: makes every visit that is not there yet, wherever it stands."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from haut_desktop.domain.delivery import Route
from haut_desktop.domain.study import DEFAULT_SHOTS, Study
from haut_desktop.domain.subjects import Subject
from haut_desktop.domain.visits import Visit, VisitStatus
from haut_desktop.services.intake import Pasted
from tests.e2e.stations import HeadlessStation
from tests.faults.night.plan import Plan

STUDIES: Final = {Route.SIGNED: "Night faces", Route.INLINE: "Night skin"}
SIDES: Final = ("front", "left", "right")


def picture(folder: Path, visit: int, side: str) -> bytes:
    """One picture of its own: the drawn one, with its number behind the end of the JPEG."""
    return (folder / f"{side}.jpg").read_bytes() + f"{visit:05d}-{side}".encode()


def every_hash(plan: Plan, folder: Path) -> set[str]:
    """SHA-256 of every picture of the night."""
    return {
        hashlib.sha256(picture(folder, visit, side)).hexdigest()
        for visit in range(plan.visits)
        for side in SIDES
    }


@dataclass
class NightTechnician:
    """Takes in and finishes visit after visit; what is there already is left alone."""

    station: HeadlessStation
    plan: Plan
    folder: Path
    """Of the drawn pictures."""
    made: int = 0

    async def make_all(self) -> None:
        """Make every visit."""
        studies = {route: await self._study(name) for route, name in STUDIES.items()}
        for number in range(self.plan.visits):
            is_inline = number % self.plan.inline_every == self.plan.inline_every - 1
            route = Route.INLINE if is_inline else Route.SIGNED
            await self._make(studies[route], number)
            self.made = number + 1

    async def _study(self, name: str) -> Study:
        for study in await self.station.work.studies.known():
            if study.name == name and not study.plan.resting_s:
                return study
        return await self.station.choose_study(name, shots=DEFAULT_SHOTS)

    async def _make(self, study: Study, number: int) -> None:
        capture = self.station.work.capture
        subject = await self._subject(study, f"N-{number % self.plan.subjects:03d}")
        visit = await self._visit(study, subject, f"Visit {number}")
        if visit.status is not VisitStatus.OPEN:
            return
        sheet = await capture.sheet(visit.id)
        there = {taken.original.digest.sha256 for shelf in sheet.shelves for taken in shelf.takes}
        for shelf, side in zip(sheet.shelves, SIDES, strict=False):
            data = picture(self.folder, number, side)
            if hashlib.sha256(data).hexdigest() not in there:
                await capture.take_in(visit.id, Pasted(data, f"{side}.jpg"), shelf.slot.id)
        await capture.finish(visit.id)

    async def _subject(self, study: Study, code: str) -> Subject:
        for row in await self.station.work.subjects.search(study, code):
            return row.subject
        return await self.station.register(study, code)

    async def _visit(self, study: Study, subject: Subject, name: str) -> Visit:
        capture = self.station.work.capture
        for visit in await capture.visits(subject.id):
            if visit.name == name:
                return visit
        return await capture.open_visit(study, subject.id, name)
