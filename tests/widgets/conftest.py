"""Windows in tests: dressed, shown offscreen, with services that keep everything in memory."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import TypeVar, cast

import pytest
import pytest_asyncio
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from haut_desktop.domain.study import Study
from haut_desktop.services.biological_sexes import BiologicalSexes
from haut_desktop.services.broadcast import Broadcast
from haut_desktop.services.capture import Capture
from haut_desktop.services.changes import Change, Changes
from haut_desktop.services.subjects import Subjects
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.capture import CaptureViewModel
from haut_desktop.viewmodels.desk import Desk
from haut_desktop.viewmodels.notices import NoticesViewModel
from haut_desktop.viewmodels.subject_form import SubjectFormViewModel
from haut_desktop.viewmodels.subjects import SubjectsViewModel
from haut_desktop.widgets.capture_page import CapturePage
from haut_desktop.widgets.main_window import MainWindow
from haut_desktop.widgets.rail import Place
from haut_desktop.widgets.subjects_page import SubjectsPage
from haut_desktop.widgets.theme import Appearance, Scheme
from tests.fakes.builders import make_study, make_subject
from tests.fakes.clock import FakeClock
from tests.fakes.screens import FakeCapture, FakeSexes, FakeSubjects

_Widget = TypeVar("_Widget", bound=QWidget)


@pytest.fixture
def appearance(qapp: QApplication) -> Iterator[Appearance]:
    # as in the program: a closed window is not the end
    qapp.setQuitOnLastWindowClosed(False)
    made = Appearance(qapp, Scheme.LIGHT)
    yield made
    made.deleteLater()


@pytest_asyncio.fixture
async def tasks(qapp: QApplication, notices: NoticesViewModel) -> AsyncIterator[TaskScope]:
    scope = TaskScope("test", notices.report)
    yield scope
    await scope.aclose()


@pytest.fixture
def notices(qapp: QApplication) -> NoticesViewModel:
    return NoticesViewModel()


@dataclass
class Office:
    """A main window with the subjects and the capture page, and the fakes behind them."""

    window: MainWindow
    desk: Desk
    notices: NoticesViewModel
    subjects: FakeSubjects
    capture: FakeCapture
    changes: Changes
    clock: FakeClock
    sexes: FakeSexes
    listed: SubjectsViewModel
    study: Study

    def find(self, kind: type[_Widget], name: str) -> _Widget:
        """Give a widget by its object name."""
        found = self.window.findChild(kind, name)
        assert found is not None, name
        return found


@pytest_asyncio.fixture
async def office(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope, notices: NoticesViewModel
) -> AsyncIterator[Office]:
    changes: Changes = Broadcast[Change]()
    clock = FakeClock()
    desk = Desk("Europe/Berlin")
    study = make_study()
    subjects = FakeSubjects(changes, [make_subject(study, "B-001"), make_subject(study, "B-002")])
    capture = FakeCapture(study, changes)
    sexes = FakeSexes()
    real_subjects, real_capture = cast(Subjects, subjects), cast(Capture, capture)
    listed = SubjectsViewModel(real_subjects, desk, notices, tasks, changes, clock)
    form = SubjectFormViewModel(
        real_subjects, desk, tasks, clock, sexes=cast(BiologicalSexes, sexes)
    )
    captured = CaptureViewModel(real_capture, desk, notices, tasks, changes, clock)
    window = MainWindow(
        pages={
            Place.SUBJECTS: lambda: SubjectsPage(listed, form),
            Place.CAPTURE: lambda: CapturePage(captured),
        },
        desk=desk,
        notices=notices,
        appearance=appearance,
        is_practice=True,
        clock=clock,
    )
    qtbot.addWidget(window)
    desk.open_study(study)
    window.show()
    window.go(Place.SUBJECTS)
    yield Office(window, desk, notices, subjects, capture, changes, clock, sexes, listed, study)
    form.close()
