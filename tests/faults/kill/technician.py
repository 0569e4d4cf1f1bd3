"""The person at the station: does a visit, and after a kill goes on with it wherever it stands."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from haut_desktop.domain.errors import PictureError
from haut_desktop.domain.study import Study
from haut_desktop.domain.subjects import Subject
from haut_desktop.domain.visits import Visit, VisitStatus
from tests.e2e.stations import HeadlessStation
from tests.faults.kill.shapes import Shape

CODE: Final = "K-001"
VISIT: Final = "Baseline"
_THERE: Final = "This picture is there already"


@dataclass(frozen=True)
class Screen:
    """What the program has shown, kept outside of it: each word is out before the next step."""

    file: Path

    def show(self, what: str, key: str, **more: str) -> None:
        """Show that something is done."""
        with self.file.open("ab", buffering=0) as file:
            words = {"what": what, "key": key, "at": time.monotonic(), **more}
            file.write(msgspec.json.encode(words) + b"\n")

    def shown(self, what: str) -> list[dict[str, Any]]:
        """Everything of a kind that was shown, in order."""
        if not self.file.exists():
            return []
        words = [msgspec.json.decode(line) for line in self.file.read_bytes().splitlines()]
        return [word for word in words if word["what"] == what]


@dataclass(frozen=True)
class Technician:
    """Works on one station."""

    station: HeadlessStation
    shape: Shape
    screen: Screen

    async def do_visit(self, study: Study, pictures: Sequence[Path]) -> None:
        """Register, drop, finish; what is done already is left as it is."""
        subject = await self._subject(study)
        visit = await self._visit(study, subject)
        if visit.status is VisitStatus.OPEN:
            for picture in pictures:
                await self._drop(visit, picture)
            await self.station.work.capture.finish(visit.id)
        self.screen.show("finished", visit.id)

    async def _subject(self, study: Study) -> Subject:
        for row in await self.station.work.subjects.search(study, CODE):
            return row.subject
        subject = await self.station.register(study, CODE)
        self.screen.show("registered", subject.id)
        return subject

    async def _visit(self, study: Study, subject: Subject) -> Visit:
        capture = self.station.work.capture
        for visit in await capture.visits(subject.id):
            return visit
        visit = await capture.open_visit(study, subject.id, VISIT)
        self.screen.show("opened", visit.id)
        return visit

    async def _drop(self, visit: Visit, picture: Path) -> None:
        """Drop a file, whether or not it lies in the visit already."""
        try:
            taken = await self.station.work.capture.take_in(visit.id, picture)
        except PictureError as error:
            if error.title != _THERE:
                raise
            return
        original = taken.original
        self.screen.show("sealed", original.id, sha256=original.digest.sha256)
