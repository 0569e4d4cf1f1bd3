"""``python -m tests.widgets.gallery --out DIR``: every screen on a clinic monitor, light and dark.

The pictures are taken of what the tests of the screens show; nothing runs behind them.
"""

import argparse
import io
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFrame, QLineEdit, QPlainTextEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from haut_desktop.domain.analysis import Completeness
from haut_desktop.domain.errors import KeyringLockedError, StoreBusyError
from haut_desktop.domain.ids import OriginalId
from haut_desktop.practice.pictures import Person, SkinTone, draw_face
from haut_desktop.services.changes import Change, Topic
from haut_desktop.services.disk_space import DiskSpace
from haut_desktop.services.results_masks import MasksAway
from haut_desktop.services.spooling import SpoolIntake
from haut_desktop.services.tasks import TaskScope
from haut_desktop.settings import resources_folder
from haut_desktop.store.sealing import new_identity, recipient_of
from haut_desktop.store.spool import Spool
from haut_desktop.tour.eyes import Eyes
from haut_desktop.viewmodels.decision import Way
from haut_desktop.viewmodels.desk import Desk
from haut_desktop.viewmodels.notices import NoticesViewModel
from haut_desktop.viewmodels.outbox import PageState
from haut_desktop.viewmodels.sign_in import PracticeAccount
from haut_desktop.viewmodels.spool import SpoolViewModel
from haut_desktop.viewmodels.status import Status
from haut_desktop.widgets.help_page import HelpPage
from haut_desktop.widgets.main_window import MainWindow
from haut_desktop.widgets.phototypes import Phototypes
from haut_desktop.widgets.rail import Place
from haut_desktop.widgets.slot_card import SlotCard
from haut_desktop.widgets.station_sheet import StationSheet
from haut_desktop.widgets.theme import Appearance, Scheme
from haut_desktop.widgets.two_steps_dialog import TwoStepsDialog
from haut_desktop.widgets.unlock_dialog import UnlockDialog
from tests.fakes.builders import make_subject
from tests.fakes.clock import FakeClock
from tests.fakes.screens import FakeCapture
from tests.photographs import marked
from tests.services.rooms import Room
from tests.viewmodels.findings import make_findings, make_result
from tests.waiting import eventually
from tests.widgets.conftest import Office
from tests.widgets.drops import drop_files
from tests.widgets.test_capture_page import finish_visit, open_sheet, open_visit, takes
from tests.widgets.test_decision_dialog import Asked
from tests.widgets.test_decision_dialog import asked as shown_decision
from tests.widgets.test_first_start_dialog import go_to_recovery, make_first_start
from tests.widgets.test_outbox_page import Shown as Outbox
from tests.widgets.test_outbox_page import _asked
from tests.widgets.test_outbox_page import open_sheet as open_sending_sheet
from tests.widgets.test_outbox_page import shown as shown_outbox
from tests.widgets.test_placing_dialog import open_dialog as open_placing
from tests.widgets.test_placing_dialog import room, spool
from tests.widgets.test_results_page import Shown as Results
from tests.widgets.test_results_page import shown as shown_results
from tests.widgets.test_sign_in_dialog import make_sign_in, type_in
from tests.widgets.test_station_sheet import FACTS
from tests.widgets.test_study_page import FakeStudies, make_page
from tests.widgets.test_subjects_page import open_form, shown

__all__ = ["room", "shown_decision", "shown_outbox", "shown_results"]

_OUT: Final = "HAUT_GALLERY"
_STATUS: Final = Status(
    study="Barrier",
    site="B01",
    operator="someone@clinic.example",
    connection="Connected",
    connection_icon="online",
    connection_tone="good",
    token="Signed in, renews within 42 min",
    outbox="Last sent 3 min ago, 2 waiting",
    outbox_count=2,
)


@dataclass(frozen=True)
class Album:
    """Takes a picture of the screen in both schemes."""

    folder: Path
    appearance: Appearance

    async def take(self, name: str) -> None:
        eyes = Eyes(lambda: "")
        for scheme in (Scheme.LIGHT, Scheme.DARK):
            self.appearance.choose(scheme)
            await eyes.photograph(self.folder / f"{name}-{scheme.value}.png")
        self.appearance.choose(Scheme.LIGHT)


@pytest.fixture
def album(appearance: Appearance) -> Album:
    return Album(Path(os.environ[_OUT]), appearance)


Framed = Callable[..., MainWindow]


@pytest.fixture
def framed(qtbot: QtBot, appearance: Appearance, notices: NoticesViewModel) -> Framed:
    """Put a page that a test shows alone into the program's window."""

    def frame(place: Place, page: QWidget, desk: Desk | None = None) -> MainWindow:
        window = MainWindow(
            pages={place: lambda: page},
            desk=desk or Desk("Europe/Berlin"),
            notices=notices,
            appearance=appearance,
        )
        qtbot.addWidget(window)
        window.show_status(_STATUS)
        window.show()
        window.go(place)
        return window

    return frame


@cache
def _face(visit: int = 1) -> bytes:
    drawn = draw_face(Person(seed=7, skin_tone=SkinTone("light")), visit=visit, size=800)
    data = io.BytesIO()
    Image.fromarray(drawn.rgb).save(data, "JPEG", quality=92)
    return data.getvalue()


# ---- before the window opens


async def shoot_sign_in(qtbot: QtBot, album: Album, tasks: TaskScope) -> None:
    dialog, _ = make_sign_in(qtbot, tasks)
    type_in(dialog, "secret")
    await album.take("sign-in")


async def shoot_sign_in_to_practice(qtbot: QtBot, album: Album, tasks: TaskScope) -> None:
    accounts = tuple(
        PracticeAccount(f"{role}@practice.example", "x", role)
        for role in ("technician", "reviewer", "administrator")
    )
    make_sign_in(qtbot, tasks, accounts=accounts)
    await album.take("sign-in-practice")


async def shoot_first_start(qtbot: QtBot, album: Album, tasks: TaskScope) -> None:
    dialog, _ = make_first_start(qtbot, tasks)
    await album.take("first-start")
    go_to_recovery(dialog)
    await album.take("first-start-recovery")


async def shoot_unlock(qtbot: QtBot, album: Album, tasks: TaskScope, tmp_path: Path) -> None:
    sealed = Spool(tmp_path / "spool", recipient_of(new_identity()), FakeClock())
    model = SpoolViewModel(SpoolIntake(sealed, DiskSpace(tmp_path)), tasks)
    dialog = UnlockDialog(KeyringLockedError(), model)
    qtbot.addWidget(dialog)
    dialog.open()
    await album.take("unlock")
    dialog._meanwhile.click()
    await album.take("spool-empty")
    code = dialog.findChild(QLineEdit, "spool-code")
    assert code is not None
    QTest.keyClicks(code, "B-007")
    for data in (marked(1), marked(2), b"no picture"):
        model.paste(data)
    await eventually(lambda: model.state.done == 3 and not model.state.is_going)
    await album.take("spool")


# ---- studies and subjects


async def shoot_studies(
    qtbot: QtBot, album: Album, framed: Framed, tasks: TaskScope, notices: NoticesViewModel
) -> None:
    page, _ = make_page(qtbot, tasks, notices, FakeStudies())
    framed(Place.STUDY, page)
    await eventually(lambda: len(page.findChildren(QPushButton)) > 1)
    await album.take("studies")


async def shoot_subjects(office: Office, album: Album) -> None:
    office.window.show_status(_STATUS)
    for number in range(3, 40):
        office.subjects.rows.append(make_subject(office.study, f"B-{number:03}"))
    office.changes.send(Change(Topic.SUBJECTS))
    await eventually(lambda: len(shown(office)) > 30)
    await album.take("subjects")


async def shoot_subjects_that_are_not_there(office: Office, album: Album) -> None:
    office.window.show_status(_STATUS)
    office.subjects.rows.clear()
    office.subjects.may_sync.clear()
    office.listed.sync()
    office.changes.send(Change(Topic.SUBJECTS))
    await eventually(lambda: not shown(office) and not office.listed.state.is_loading)
    await album.take("subjects-loading")
    office.subjects.may_sync.set()
    await album.take("subjects-empty")


async def shoot_subjects_in_trouble(
    office: Office, album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise StoreBusyError

    office.window.show_status(_STATUS)
    monkeypatch.setattr(office.subjects, "search", fail)
    office.changes.send(Change(Topic.SUBJECTS))
    await eventually(lambda: office.notices.current)
    await album.take("subjects-error")


async def shoot_registration(office: Office, album: Album) -> None:
    office.window.show_status(_STATUS)
    office.sexes.there = (("female", "Female"), ("male", "Male"))
    await open_form(office, "b-077")
    office.find(QLineEdit, "birth").setText("1984")
    phototypes = office.window.findChild(Phototypes)
    assert phototypes is not None
    phototypes._swatches[2].click()
    office.find(QPlainTextEdit, "remarks").setPlainText("Dry skin on both cheeks")
    await album.take("registration")


# ---- capture


async def _thumbnail(*_: object) -> bytes:
    return _face()


@pytest.fixture
def faces(monkeypatch: pytest.MonkeyPatch) -> None:
    """A face in every picture that the fake service gives."""
    monkeypatch.setattr(FakeCapture, "thumbnail", _thumbnail)


@pytest.fixture
def studio(faces: None, office: Office) -> Office:
    """The office, with faces."""
    office.window.show_status(_STATUS)
    return office


async def shoot_visit_choice(studio: Office, album: Album) -> None:
    studio.window.go(Place.CAPTURE)
    await album.take("capture-nobody")
    studio.desk.open_subject(studio.subjects.rows[0])
    await eventually(lambda: studio.window.findChild(QPushButton, "start-visit"))
    await album.take("visit-choice")


async def shoot_capture(studio: Office, album: Album) -> None:
    await open_visit(studio)
    await album.take("capture-empty")
    names = ("front.jpg", "front.jpg", "left.jpg", "bad.pdf")
    drop_files(studio.find(QPushButton, "choose-files"), *map(Path, names))
    await eventually(lambda: takes(studio, "front") == 2 and takes(studio, "left") == 1)
    await album.take("capture-rejected")
    studio.find(QFrame, "rejected").findChildren(QPushButton)[0].click()
    drop_files(studio.find(SlotCard, "slot-right"), Path("right.jpg"))
    await eventually(lambda: takes(studio, "right") == 1)
    await album.take("capture-full")
    sheet = await open_sheet(studio)
    await album.take("finish-sheet")
    sheet.reject()


async def shoot_finished_visit(studio: Office, album: Album) -> None:
    await finish_visit(studio)
    await album.take("capture-finished")


async def shoot_missing_view(studio: Office, album: Album) -> None:
    studio.capture.previous = OriginalId("earlier")
    await open_visit(studio)
    drop_files(studio.find(SlotCard, "slot-left"), Path("a.jpg"))
    await eventually(lambda: takes(studio, "left") == 1)
    sheet = await open_sheet(studio)
    await album.take("finish-sheet-missing")
    sheet.reject()


# ---- outbox


async def shoot_outbox(shown_outbox: Outbox, framed: Framed, album: Album) -> None:
    framed(Place.OUTBOX, shown_outbox.page)
    await album.take("outbox-resting")
    QTest.keyClick(shown_outbox.tree, Qt.Key.Key_Down)
    await album.take("outbox-held")
    await _two_steps(shown_outbox, "Take back…", album, "retraction")
    _, held = shown_outbox.outbox.deliveries
    shown_outbox.page.choose(held.batches[0].images[0].id)
    await _two_steps(shown_outbox, "Erase for ever…", album, "erasing")
    sheet = open_sending_sheet(shown_outbox)
    await album.take("sending-sheet")
    sheet.reject()
    shown_outbox.outbox.deliveries = ()
    shown_outbox.model.refresh()
    await eventually(lambda: shown_outbox.model.state is PageState.EMPTY)
    await album.take("outbox-empty")


async def _two_steps(shown: Outbox, act: str, album: Album, name: str) -> None:
    dialog = await _asked(shown, act)
    reason = dialog.findChild(QLineEdit)
    assert reason is not None
    QTest.keyClicks(reason, "the subject asked for it")
    await album.take(name)
    QTest.keyClick(reason, Qt.Key.Key_Return)
    await album.take(f"{name}-once-more")
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    await eventually(lambda: shown.page.findChild(TwoStepsDialog) is None)


async def shoot_decision(shown_decision: Asked, album: Album) -> None:
    await eventually(lambda: shown_decision.entries.count() == 2)
    for way in Way:
        shown_decision.dialog._ways.take(way)
        await album.take(f"decision-{way.value.replace(' ', '-')}")


async def shoot_placing(
    qtbot: QtBot, album: Album, appearance: Appearance, tasks: TaskScope, room: Room
) -> None:
    await spool(room, 9, 10)
    asked = await open_placing(qtbot, tasks, room)
    await eventually(lambda: asked.model.state.visit)
    await album.take("placing")
    asked.choose("slot", 0)
    asked.type_into("reason", "the paper list")
    asked.click("continue")
    await album.take("placing-once-more")
    asked.dialog.reject()


# ---- results


async def shoot_results(shown_results: Results, framed: Framed, album: Album) -> None:
    framed(Place.RESULTS, shown_results.page, shown_results.desk)
    shown_results.results.data = _face()
    await album.take("results-nobody")
    full = shown_results.results.found
    shown_results.results.found = ()
    await shown_results.open()
    await album.take("results-empty")
    growing = make_findings(make_result(), visit="Baseline", completeness=Completeness.PARTIAL)
    growing = replace(growing, awaited=("Pores", "Lines"), masks_away=MasksAway())
    await _show(shown_results, growing)
    await album.take("results-growing")
    await _show(shown_results, *full)
    await eventually(lambda: shown_results.masks().count())
    QTest.keyClick(shown_results.table, Qt.Key.Key_Down)
    await album.take("results-full")


async def _show(shown: Results, *found: object) -> None:
    shown.results.found = found  # type: ignore[assignment] # what the fixture's tests give
    shown.model.refresh()
    await eventually(lambda: shown.model.visits == found)


# ---- station and help


async def shoot_station_sheet(qtbot: QtBot, album: Album) -> None:
    sheet = StationSheet(FACTS)
    qtbot.addWidget(sheet)
    sheet.show()
    await album.take("station-sheet")
    sheet.reject()


async def shoot_help(qtbot: QtBot, album: Album, framed: Framed) -> None:
    page = HelpPage(resources_folder() / "help")
    framed(Place.HELP, page)
    await album.take("help")


def main() -> None:
    """Read the command line and take the pictures, as tests of their own kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", default="", help="a word in the names of what is to be shown")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    options = ["-q", "-p", "no:cacheprovider", "-o", "python_functions=shoot_*"]
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-k", arguments.only, __file__],
        env=os.environ | {_OUT: str(arguments.out.resolve())},
        check=False,
    )
    sys.exit(finished.returncode)


if __name__ == "__main__":
    main()
