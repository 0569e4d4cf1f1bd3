"""Placing held pictures with real clicks and keys, on a real station."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
import pytest_asyncio
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QDialog, QLabel, QLineEdit, QListWidget, QPushButton
from pytestqt.qtbot import QtBot

from haut_desktop.domain.audit import Act
from haut_desktop.domain.errors import StoreIOError
from haut_desktop.domain.ids import OriginalId, SubjectId
from haut_desktop.domain.overviews import SubjectRow
from haut_desktop.domain.study import Study
from haut_desktop.domain.visits import VisitSheet
from haut_desktop.services.intake import Pasted
from haut_desktop.services.placing import Placing, WaitingPicture
from haut_desktop.services.subjects import Subjects
from haut_desktop.services.tasks import TaskScope
from haut_desktop.store.secrets import MemorySecrets
from haut_desktop.viewmodels.outbox_confirm import NO_REASON
from haut_desktop.viewmodels.placing import (
    NO_SLOT,
    NO_SUBJECT,
    NO_VISIT,
    STILL_LOOKING,
    PlacingViewModel,
)
from haut_desktop.viewmodels.placing_words import visit_choices
from haut_desktop.widgets.placing_dialog import PlacingDialog
from haut_desktop.widgets.rail import Place
from haut_desktop.widgets.theme import Appearance
from tests.e2e.stations import open_workplace
from tests.e2e.windows import open_shell
from tests.fakes.builders import make_study
from tests.photographs import marked
from tests.services.rooms import Room, open_room
from tests.services.test_placing import hold_strange, placing_of
from tests.services.test_spooling import WORDS, drain_of, intake_of
from tests.waiting import eventually
from tests.widgets.test_accessibility import assert_usable


@dataclass
class StoredSubjects:
    """The search of the subjects' service, without a platform behind it."""

    room: Room

    async def search(self, study: Study, text: str) -> tuple[SubjectRow, ...]:
        return await self.room.station.subjects.search(study.id, text)


Erase = Callable[[OriginalId, str], Awaitable[None]]


@dataclass
class Asked:
    """The open dialog, and the station behind it."""

    dialog: PlacingDialog
    model: PlacingViewModel
    room: Room

    def button(self, name: str) -> QPushButton:
        found = self.dialog.findChild(QPushButton, name)
        assert found is not None
        return found

    def click(self, name: str) -> None:
        QTest.mouseClick(self.button(name), Qt.MouseButton.LeftButton)

    def box(self, name: str) -> QComboBox:
        found = self.dialog.findChild(QComboBox, name)
        assert found is not None
        return found

    def listed(self, name: str) -> QListWidget:
        found = self.dialog.findChild(QListWidget, name)
        assert found is not None
        return found

    def type_into(self, name: str, words: str) -> None:
        edit = self.dialog.findChild(QLineEdit, name)
        assert edit is not None
        edit.setFocus()
        edit.selectAll()
        QTest.keyClicks(edit, words)

    def text(self, name: str) -> str:
        edit = self.dialog.findChild(QLineEdit, name)
        assert edit is not None
        return edit.text()

    def says(self, words: str) -> bool:
        labels = self.dialog.findChildren(QLabel)
        return any(words in label.text() for label in labels if label.isVisible())

    def told(self, words: str) -> int:
        """How often the dialog says it."""
        labels = self.dialog.findChildren(QLabel)
        return sum(words in label.text() for label in labels if label.isVisible())

    def choose(self, name: str, place: int) -> None:
        """Choose with the arrow keys, as somebody without a mouse does."""
        box = self.box(name)
        box.setFocus()
        for _ in range(place + 1):
            QTest.keyClick(box, Qt.Key.Key_Down)


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room(tmp_path) as opened:
        yield opened


async def spool(room: Room, *numbers: int) -> None:
    for number in numbers:
        await intake_of(room).take_in(Pasted(marked(number)), WORDS)
    await (await drain_of(room)).drain()


async def open_dialog(qtbot: QtBot, tasks: TaskScope, room: Room) -> Asked:
    async def erase(original_id: OriginalId, reason: str) -> None:
        await room.station.erasures.write(original_id, Act(None, reason))

    asked = show_dialog(qtbot, tasks, room, erase, zone="Europe/Berlin")
    await eventually(lambda: asked.model.state.subjects)
    return asked


def show_dialog(qtbot: QtBot, tasks: TaskScope, room: Room, erase: Erase, **more: str) -> Asked:
    """Open the dialog, whatever it comes to read."""
    model = PlacingViewModel(
        placing=placing_of(room),
        subjects=cast(Subjects, StoredSubjects(room)),
        study=room.study,
        erase=erase,
        tasks=tasks,
        **more,
    )
    dialog = PlacingDialog(model)
    qtbot.addWidget(dialog)
    dialog.open()
    return Asked(dialog, model, room)


Ask = Callable[..., Awaitable[Asked]]


@pytest.fixture
def ask(qtbot: QtBot, appearance: Appearance, tasks: TaskScope, room: Room) -> Ask:
    """Opens the dialog over pictures that were taken for B-007 while the keyring was locked."""

    async def about(*numbers: int) -> Asked:
        await spool(room, *numbers)
        return await open_dialog(qtbot, tasks, room)

    return about


async def fill_in(asked: Asked) -> None:
    """Choose all that is needed for the picture that was typed for B-007."""
    await eventually(lambda: asked.model.state.visit)
    asked.choose("slot", 0)
    asked.type_into("reason", "the paper list")


async def counting(room: Room) -> list[OriginalId]:
    shelves = (await room.sheet()).shelves
    return [shelf.counting.original.id for shelf in shelves if shelf.counting]


async def test_only_an_exact_code_and_its_open_visit_are_chosen_beforehand(ask: Ask) -> None:
    asked = await ask(9)
    await eventually(lambda: asked.model.state.visit)
    assert asked.says("Subject B-007, Visit Baseline")
    state = asked.model.state
    assert state.subject is not None
    assert (state.subject.code, state.slot) == ("B-007", None)
    assert_usable(asked.dialog)
    asked.type_into("subject-search", "B-00")
    await eventually(lambda: len(asked.model.state.subjects) == 2)
    asked.type_into("subject-search", "B-008")
    await eventually(lambda: len(asked.model.state.subjects) == 1)
    assert asked.model.state.subject is not None
    assert asked.model.state.subject.code == "B-008"
    assert asked.model.state.visit is None


async def test_it_says_everything_once_more_before_it_is_done(ask: Ask, room: Room) -> None:
    asked = await ask(9)
    await eventually(lambda: asked.model.state.visit)
    asked.click("continue")
    assert asked.says(NO_SLOT)
    assert asked.says(NO_REASON)
    asked.choose("slot", 0)
    asked.type_into("reason", "the paper list")
    asked.click("continue")
    sentence = (
        "This picture becomes the front view of the visit Baseline of 1 Mar 2026, subject B-007"
    )
    assert asked.says(sentence)
    assert_usable(asked.dialog)
    assert await counting(room) == []
    # Enter on the second step means the harmless answer
    QTest.keyClick(asked.dialog, Qt.Key.Key_Return)
    assert not asked.says(sentence)
    assert await counting(room) == []
    asked.click("continue")
    asked.click("yes")
    await eventually(lambda: asked.dialog.result() == QDialog.DialogCode.Accepted)
    assert len(await counting(room)) == 1


async def test_a_visit_that_was_typed_and_is_not_there_can_be_opened(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope, room: Room
) -> None:
    await intake_of(room).take_in(Pasted(marked(9)), {**WORDS, "visit": "Day 3"})
    await (await drain_of(room)).drain()
    asked = await open_dialog(qtbot, tasks, room)
    await eventually(lambda: asked.model.state.visits)
    assert asked.model.state.visit is None, "a person chooses it"
    names = [choice.name for choice in asked.model.state.visits]
    assert names.count("Day 3") == 1
    asked.choose("visit", names.index("Day 3"))
    asked.choose("slot", 0)
    asked.type_into("reason", "the paper list")
    asked.click("continue")
    assert asked.says("This picture becomes the front view of a new visit Day 3, subject B-007")
    asked.click("yes")
    await eventually(lambda: asked.dialog.result() == QDialog.DialogCode.Accepted)
    subject = (await room.sheet()).visit.subject_id
    assert subject is not None
    opened = (await room.station.visits.sheets(subject))[-1]
    assert (opened.visit.name, len(opened.shelves[0].takes)) == ("Day 3", 1)


@pytest.mark.parametrize("typed", ("baseline", "WEEK  4", "unscheduled", " "))
def test_a_name_that_is_offered_already_is_not_offered_twice(typed: str) -> None:
    choices = visit_choices((), make_study(), typed)
    names = [choice.name.casefold() for choice in choices]
    assert names == ["baseline", "week 4", "week 8", "week 12", "unscheduled"]


async def test_by_a_strangers_note_nobody_is_chosen(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope, room: Room
) -> None:
    await hold_strange(room)
    asked = await open_dialog(qtbot, tasks, room)
    assert asked.says("is not this station's")
    assert asked.says("Subject B-007")
    assert asked.model.state.text == ""
    asked.click("continue")
    assert all(asked.says(words) for words in (NO_SUBJECT, NO_REASON, NO_VISIT, NO_SLOT))
    assert_usable(asked.dialog)
    found = asked.listed("subjects-found")
    codes = [choice.code for choice in asked.model.state.subjects]
    found.setFocus()
    for _ in range(codes.index("B-007")):
        QTest.keyClick(found, Qt.Key.Key_Down)
    QTest.keyClick(found, Qt.Key.Key_Space)
    await eventually(lambda: asked.model.state.visits)
    assert asked.model.state.visit is None
    asked.choose("visit", 0)
    asked.choose("slot", 1)
    asked.type_into("reason", "seen on the paper list")
    asked.click("continue")
    assert asked.says("only your word says whose picture it is")
    assert asked.says("It may have been sent before")
    asked.click("yes")
    await eventually(lambda: asked.dialog.result() == QDialog.DialogCode.Accepted)
    assert (await room.sheet()).shelves[1].counting is not None


async def test_the_next_picture_begins_with_nothing_of_the_last(ask: Ask) -> None:
    asked = await ask(8, 9)
    await fill_in(asked)
    asked.click("continue")
    asked.click("yes")
    await eventually(lambda: len(asked.model.state.pictures) == 1)
    assert asked.says("Placed: Baseline of subject B-007.")
    assert (asked.model.state.slot, asked.model.state.sentence) == (None, "")
    assert asked.text("reason") == ""
    await eventually(lambda: asked.model.state.visit)
    assert "has take 1" in asked.box("slot").itemText(0)


async def test_a_picture_that_is_there_already_can_only_be_erased(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope, room: Room
) -> None:
    await spool(room, 9)
    await room.capture.take_in(room.visit, room.file("front.jpg", marked(9)))
    asked = await open_dialog(qtbot, tasks, room)
    assert asked.says("belongs to subject B-007 already")
    assert not asked.button("continue").isEnabled()
    asked.model.erase(asked.model.state.pictures[0].original_id, "twice")
    await eventually(lambda: asked.dialog.result() == QDialog.DialogCode.Accepted)
    assert len(await counting(room)) == 1


async def test_a_refusal_is_said_and_nothing_that_was_typed_is_lost(ask: Ask, room: Room) -> None:
    asked = await ask(9)
    await fill_in(asked)
    await room.capture.take_in(room.visit, room.file("front.jpg", marked(1)))
    asked.click("continue")
    asked.click("yes")
    await eventually(lambda: asked.says("The visit has changed"))
    assert asked.text("reason") == "the paper list"
    await eventually(lambda: asked.model.state.visit)
    assert "has take 1" in asked.box("slot").itemText(0)


async def test_a_picture_that_another_subject_got_meanwhile_is_refused_in_one_sentence(
    ask: Ask, tasks: TaskScope, room: Room
) -> None:
    asked = await ask(9)
    await fill_in(asked)
    theirs = await room.capture.open_visit(room.study, room.other.id, "Baseline")
    await room.capture.take_in(theirs.id, room.file("front.jpg", marked(9)))
    asked.click("continue")
    asked.click("yes")
    await eventually(lambda: asked.model.state.picture and asked.model.state.picture.is_placed)
    await eventually(lambda: not tasks.running())
    assert asked.told("picture is there already") == 1
    assert asked.told("subject B-008") == 1


async def test_a_picture_that_is_refused_stays_the_one_that_is_shown(
    ask: Ask, tasks: TaskScope, room: Room
) -> None:
    await spool(room, 8)
    asked = await ask(9)
    refused = asked.model.state.pictures[1].original_id
    asked.model.choose_picture(refused)
    await fill_in(asked)
    theirs = await room.capture.open_visit(room.study, room.other.id, "Baseline")
    await room.capture.take_in(theirs.id, room.file("front.jpg", marked(9)))
    asked.click("continue")
    asked.click("yes")
    await eventually(lambda: not tasks.running())
    assert asked.model.state.picture is not None
    assert asked.model.state.picture.original_id == refused
    assert asked.listed("held-pictures").currentRow() == 1
    assert asked.told("belongs to subject B-008 already") == 1
    assert asked.text("reason") == "the paper list"


async def test_a_picture_that_changed_meanwhile_is_searched_for_when_it_is_read_again(
    ask: Ask, tasks: TaskScope, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = await ask(9)
    await eventually(lambda: not tasks.running())

    async def in_trouble(*_: object) -> tuple[object, ...]:
        raise StoreIOError

    with monkeypatch.context() as patch:
        patch.setattr(asked.model._subjects, "search", in_trouble)
        asked.type_into("subject-search", "B-00")
        await eventually(lambda: asked.model.state.has_failed)
    await room.capture.take_in(room.visit, room.file("front.jpg", marked(9)))
    asked.model.look_again()
    await eventually(lambda: not tasks.running())
    assert asked.model.state.picture == asked.model.state.pictures[0]
    assert asked.model.state.picture.is_placed
    assert len(asked.model.state.subjects) == 2


async def test_a_scanned_code_with_its_enter_says_nothing_of_the_subject_before(
    ask: Ask, tasks: TaskScope
) -> None:
    asked = await ask(9)
    await fill_in(asked)
    asked.type_into("subject-search", "B-008")
    search = asked.dialog.findChild(QLineEdit, "subject-search")
    assert search is not None
    QTest.keyClick(search, Qt.Key.Key_Return)
    assert asked.model.state.sentence == ""
    asked.click("continue")  # faster than the search
    assert asked.says(STILL_LOOKING)
    assert asked.model.state.sentence == ""
    await eventually(
        lambda: asked.model.state.subject and asked.model.state.subject.code == "B-008"
    )
    await eventually(lambda: not tasks.running())
    assert not asked.says(STILL_LOOKING)
    asked.click("continue")
    assert asked.says(NO_VISIT)
    assert asked.model.state.sentence == ""


async def test_another_subject_takes_the_sentence_away(
    ask: Ask, tasks: TaskScope, room: Room
) -> None:
    asked = await ask(9)
    await fill_in(asked)
    asked.click("continue")
    assert asked.model.state.sentence
    asked.model.choose_subject(None)
    asked.model.confirm()
    assert (asked.model.state.sentence, asked.model.state.is_busy) == ("", False)
    await eventually(lambda: not tasks.running())
    assert await counting(room) == []


async def test_a_slower_second_reading_undoes_no_choice(
    ask: Ask, tasks: TaskScope, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = await ask(8, 9)
    await eventually(lambda: asked.model.state.visit)
    model, gates = asked.model, list[asyncio.Event]()
    read = model._placing.sheets

    async def read_slowly(subject_id: SubjectId) -> tuple[VisitSheet, ...]:
        gates.append(gate := asyncio.Event())
        await gate.wait()
        return await read(subject_id)

    monkeypatch.setattr(model._placing, "sheets", read_slowly)
    first, second = (line.original_id for line in model.state.pictures)
    model.choose_picture(second)
    await eventually(lambda: len(gates) == 1)
    model.choose_picture(first)
    await eventually(lambda: len(gates) == 2)
    gates[1].set()
    await eventually(lambda: model.state.visits)
    model.choose_visit(model.state.visits[-1].key)
    chosen = model.state.visit
    gates[0].set()
    await eventually(lambda: not tasks.running())
    assert model.state.visit == chosen


async def test_a_refusal_is_told_though_somebody_wanted_to_leave(
    ask: Ask, tasks: TaskScope, room: Room
) -> None:
    asked = await ask(9)
    await fill_in(asked)
    await room.capture.take_in(room.visit, room.file("front.jpg", marked(1)))
    asked.click("continue")
    asked.click("yes")
    QTest.keyClick(asked.dialog, Qt.Key.Key_Escape)
    assert asked.dialog.isVisible()
    assert not asked.button("leave").isEnabled()
    await eventually(lambda: asked.says("The visit has changed"))
    assert asked.dialog.isVisible()
    await eventually(lambda: not tasks.running())
    QTest.keyClick(asked.dialog, Qt.Key.Key_Escape)
    assert not asked.dialog.isVisible()


async def test_a_picture_that_was_erased_elsewhere_leaves_the_list(
    ask: Ask, tasks: TaskScope, room: Room
) -> None:
    asked = await ask(8, 9)
    await fill_in(asked)
    picture = asked.model.state.picture
    assert picture is not None
    await room.station.erasures.write(picture.original_id, Act(None, "elsewhere"))
    asked.click("continue")
    asked.click("yes")
    await eventually(lambda: len(asked.model.state.pictures) == 1)
    assert asked.model.state.problem_title
    await eventually(lambda: not tasks.running())
    assert asked.says(asked.model.state.problem_title)
    assert asked.text("reason") == ""


async def test_without_a_picture_there_is_nothing_to_erase(
    qtbot: QtBot,
    appearance: Appearance,
    tasks: TaskScope,
    room: Room,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def in_trouble(_placing: Placing) -> tuple[WaitingPicture, ...]:
        raise StoreIOError

    await spool(room, 9)
    with monkeypatch.context() as patch:
        patch.setattr(Placing, "waiting", in_trouble)
        asked = show_dialog(qtbot, tasks, room, _never)
        await eventually(lambda: asked.says(StoreIOError().title))
        assert not asked.button("erase").isEnabled()
    asked.dialog.reject()


async def test_what_could_not_be_read_is_read_again_from_the_dialog(
    qtbot: QtBot,
    appearance: Appearance,
    tasks: TaskScope,
    room: Room,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def in_trouble(*_: object) -> tuple[object, ...]:
        raise StoreIOError

    await spool(room, 9)
    with monkeypatch.context() as patch:
        patch.setattr(Placing, "waiting", in_trouble)
        asked = show_dialog(qtbot, tasks, room, _never)
        dialog, model = asked.dialog, asked.model
        await eventually(lambda: asked.says(StoreIOError().title))
        assert_usable(dialog)
    with monkeypatch.context() as patch:
        patch.setattr(Placing, "sheets", in_trouble)
        QTest.keyClick(dialog, Qt.Key.Key_F5)
        await eventually(lambda: model.state.subject is not None and model.state.has_failed)
        assert model.state.pictures
        assert not model.state.visits
    asked.type_into("reason", "the paper list")
    asked.click("look-again")
    await eventually(lambda: model.state.visits)
    await eventually(lambda: not tasks.running())
    assert not asked.says(StoreIOError().title)
    assert not asked.button("look-again").isVisible()
    assert asked.text("reason") == "the paper list"
    dialog.reject()


async def test_without_a_study_it_says_what_is_missing(
    appearance: Appearance, tmp_path: Path
) -> None:
    async with open_workplace(tmp_path / "station", MemorySecrets()) as station:
        shell = await open_shell(station)
        shell._on_placing_wanted()
        assert shell.notices.current is not None
        assert shell.notices.current.title == "Choose a study first"
        assert shell.window.place is Place.STUDY
        shell.close()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


async def _never(_original_id: OriginalId, _reason: str) -> None:
    raise AssertionError("there is nothing to erase")
