"""Study choice: what can't be computed is shown and refused; trouble is said where the list is."""

import asyncio
from dataclasses import dataclass, field
from typing import cast

from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from haut_desktop.domain.errors import HautError, UnreachableError
from haut_desktop.domain.ids import PlatformDatasetId
from haut_desktop.domain.imaging import ImageType
from haut_desktop.domain.study import PlatformDataset, Study
from haut_desktop.services.broadcast import Broadcast
from haut_desktop.services.changes import Change, Topic
from haut_desktop.services.studies import Studies, StudyOffer
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.desk import Desk
from haut_desktop.viewmodels.notices import NoticesViewModel
from haut_desktop.viewmodels.studies import StudiesViewModel
from haut_desktop.widgets.study_page import StudyPage
from haut_desktop.widgets.theme import Appearance
from tests.fakes.builders import make_study
from tests.waiting import emitted, eventually
from tests.widgets.test_accessibility import assert_usable

FACES = PlatformDataset(PlatformDatasetId("1"), "Barrier", ImageType.SELFIE, ("metrics",))
READY = StudyOffer("Barrier", (FACES,))
UNUSABLE = StudyOffer("Empty", (FACES,), "No application is connected to this dataset.")


@dataclass
class FakeStudies:
    """Offers what a test wants."""

    offers: tuple[StudyOffer, ...] = (READY, UNUSABLE)
    error: HautError | None = None
    chosen: list[str] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """The platform answers once it is open."""
    asked: int = 0
    current: Study | None = None

    def __post_init__(self) -> None:
        """Let everything through until a test closes the gate."""
        self.gate.set()

    async def available(self) -> tuple[StudyOffer, ...]:
        """Give what was there when it was asked for, or the error."""
        self.asked += 1
        offers = self.offers
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return offers

    async def choose(self, offer: StudyOffer) -> Study:
        """Take one."""
        self.chosen.append(offer.name)
        return make_study(offer.name)


def make_page(
    qtbot: QtBot, tasks: TaskScope, notices: NoticesViewModel, studies: FakeStudies
) -> tuple[StudyPage, StudiesViewModel]:
    changes = Broadcast[Change]()
    model = StudiesViewModel(cast(Studies, studies), Desk(), notices, tasks, changes)
    page = StudyPage(model)
    qtbot.addWidget(page)
    page.show()
    return page, model


def buttons(page: StudyPage) -> dict[str, QPushButton]:
    found = page.findChildren(QPushButton)
    return {button.accessibleName(): button for button in found if button.isVisible()}


async def test_a_study_is_opened(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope, notices: NoticesViewModel
) -> None:
    studies = FakeStudies()
    page, model = make_page(qtbot, tasks, notices, studies)
    await eventually(lambda: "Open study Barrier" in buttons(page))
    async with emitted(model.opened):
        buttons(page)["Open study Barrier"].click()
    assert studies.chosen == ["Barrier"]


async def test_the_first_usable_study_takes_the_focus_and_keeps_it(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope, notices: NoticesViewModel
) -> None:
    page, model = make_page(qtbot, tasks, notices, FakeStudies((UNUSABLE, READY)))
    page.activateWindow()
    page.setFocus()
    await eventually(lambda: "Open study Barrier" in buttons(page))
    assert QApplication.focusWidget() is buttons(page)["Open study Barrier"]
    model.refresh()
    await eventually(lambda: not model.state.is_loading)
    assert QApplication.focusWidget() is buttons(page)["Open study Barrier"]


async def test_a_dataset_without_an_application_is_refused_with_the_reason(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope, notices: NoticesViewModel
) -> None:
    studies = FakeStudies()
    page, _ = make_page(qtbot, tasks, notices, studies)
    await eventually(lambda: "Why Empty can't be used" in buttons(page))
    buttons(page)["Why Empty can't be used"].click()
    assert notices.current is not None
    assert notices.current.message == "No application is connected to this dataset."
    assert studies.chosen == []


async def test_without_a_network_the_page_says_so_and_looks_again(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope, notices: NoticesViewModel
) -> None:
    studies = FakeStudies(error=UnreachableError())
    page, model = make_page(qtbot, tasks, notices, studies)
    await eventually(lambda: model.state.error)
    assert page._nothing.accessibleName().startswith("No connection.")
    studies.error = None
    page._nothing._action.click()
    await eventually(lambda: "Open study Barrier" in buttons(page))


async def test_an_account_without_studies_is_told_whom_to_ask(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope, notices: NoticesViewModel
) -> None:
    page, model = make_page(qtbot, tasks, notices, FakeStudies(offers=()))
    await eventually(lambda: not model.state.is_loading)
    assert "Ask the study's administrator" in page._nothing.accessibleName()


async def test_every_control_has_a_name_and_a_key(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope, notices: NoticesViewModel
) -> None:
    page, _ = make_page(qtbot, tasks, notices, FakeStudies())
    await eventually(lambda: "Open study Barrier" in buttons(page))
    assert_usable(page)


async def test_somebody_elses_sign_in_while_studies_are_read_shows_theirs(
    tasks: TaskScope, notices: NoticesViewModel
) -> None:
    studies, changes = FakeStudies(), Broadcast[Change]()
    model = StudiesViewModel(cast(Studies, studies), Desk(), notices, tasks, changes)
    studies.gate.clear()
    model.refresh()
    await eventually(lambda: studies.asked)
    studies.offers = (StudyOffer("Theirs", (FACES,)),)
    changes.send(Change(Topic.SESSION))
    studies.gate.set()
    await eventually(lambda: not tasks.running())
    assert [line.name for line in model.state.lines] == ["Theirs"]
    assert not model.state.is_loading


async def test_studies_of_another_company_can_not_be_chosen_once_it_has_left(
    tasks: TaskScope, notices: NoticesViewModel
) -> None:
    studies, changes = FakeStudies(), Broadcast[Change]()
    model = StudiesViewModel(cast(Studies, studies), Desk(), notices, tasks, changes)
    model.refresh()
    await eventually(lambda: model.state.lines)
    studies.error = UnreachableError()
    changes.send(Change(Topic.STUDY))
    changes.send(Change(Topic.SESSION))
    await eventually(lambda: model.state.error)
    assert model.state.lines == ()


async def test_studies_that_come_once_their_company_has_left_are_not_shown(
    tasks: TaskScope, notices: NoticesViewModel
) -> None:
    studies, changes = FakeStudies(), Broadcast[Change]()
    model = StudiesViewModel(cast(Studies, studies), Desk(), notices, tasks, changes)
    studies.gate.clear()
    model.refresh()
    await eventually(lambda: studies.asked)
    changes.send(Change(Topic.STUDY))
    studies.gate.set()
    await eventually(lambda: not tasks.running())
    assert not model.state.lines
    studies.offers = (StudyOffer("Theirs", (FACES,)),)
    changes.send(Change(Topic.SESSION))
    await eventually(lambda: not tasks.running())
    assert [line.name for line in model.state.lines] == ["Theirs"]
    assert not model.state.is_loading
