"""What every step of the tour works with."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from haut_desktop.app import Program
from haut_desktop.domain.ids import VisitId
from haut_desktop.domain.imaging import Side
from haut_desktop.domain.subjects import Subject
from haut_desktop.shell import Shell
from haut_desktop.tour.eyes import Eyes, TourError
from haut_desktop.tour.hands import Hands
from haut_desktop.tour.paper import picture_page
from haut_desktop.tour.report import TourReport
from haut_desktop.widgets.rail import Place

STUDY_NAME: Final = "Practice study"


@dataclass(slots=True)
class Tour:
    """The program under the tour's eyes and hands, and what later steps need of earlier ones."""

    program: Program
    eyes: Eyes
    hands: Hands
    out: Path
    pictures: Mapping[Side, Path]
    new_code: str
    is_own_platform: bool
    report: TourReport
    subject: Subject | None = None
    visit_id: VisitId | None = None
    demonstration_codes: tuple[str, ...] = field(default=())
    shot: Path | None = None
    """Where this step's picture goes; None once it is taken."""

    @property
    def shell(self) -> Shell:
        """The shell of the open window."""
        if self.program.shell is None:
            raise TourError("the window is not open")
        return self.program.shell

    async def show(self) -> None:
        """Take this step's picture now; without it, it is taken when the step has ended."""
        shot, self.shot = self.shot, None
        if shot is not None:
            await self.eyes.photograph(shot)

    def show_page(self, html: str) -> None:
        """Take a picture of a report instead of the screen."""
        shot, self.shot = self.shot, None
        if shot is not None:
            picture_page(html, shot)

    async def go(self, place: Place) -> None:
        """Click a place on the rail and wait for its page."""
        await self.hands.click(f"go-{place}")
        await self.eyes.until(lambda: self.shell.window.place is place, f"the {place} page")


class LeftOutError(Exception):
    """A step does not apply here; its words say why."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it is called, what a person would say of it, and how it is done."""

    name: str
    what: str
    act: Callable[[Tour], Awaitable[None]]
