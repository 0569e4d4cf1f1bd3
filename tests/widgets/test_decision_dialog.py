"""The decision about a held subject with real clicks and keys; the platform's side is in memory."""

import asyncio
import sys
from dataclasses import dataclass, field
from typing import cast

import pytest
import pytest_asyncio
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QLabel, QLineEdit, QListWidget, QPushButton
from pytestqt.qtbot import QtBot

from haut_desktop.domain.delivery import RegistrationState, Waiting
from haut_desktop.domain.errors import (
    EntryTakenError,
    HautError,
    SubjectCodeError,
    UnreachableError,
)
from haut_desktop.domain.ids import PlatformSubjectId, SubjectId
from haut_desktop.domain.subjects import Registration, Subject, SubjectDetails
from haut_desktop.services.decisions import Decisions, Entry, Maker
from haut_desktop.services.registration import CodeTakenError
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.decision import NO_ENTRY, DecisionViewModel, Way
from haut_desktop.viewmodels.outbox_confirm import NO_REASON
from haut_desktop.widgets import buttons
from haut_desktop.widgets.decision_dialog import DecisionDialog
from haut_desktop.widgets.theme import Appearance
from tests.fakes.builders import make_study, make_subject
from tests.fakes.clock import START
from tests.viewmodels.deliveries import trouble_with
from tests.waiting import eventually


@dataclass
class FakeDecisions:
    """Entries in memory; notes what was said."""

    held: Subject
    found: tuple[Entry, ...] = ()
    trouble: HautError | None = None
    refusal: HautError | None = None
    said: list[tuple[str, ...]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """What is said is written down once it is open."""

    def __post_init__(self) -> None:
        """Let everything through until a test closes the gate."""
        self.gate.set()

    async def subject(self, _subject_id: SubjectId) -> Subject:
        return self.held

    async def entries(self, _registration: Registration) -> tuple[Entry, ...]:
        if self.trouble is not None:
            raise self.trouble
        return self.found

    async def say_same(
        self, _registration: Registration, platform_id: PlatformSubjectId, reason: str
    ) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.said.append(("same", platform_id, reason))

    async def say_other(self, _registration: Registration, text: str, reason: str) -> None:
        if text == "B-001":
            raise SubjectCodeError("It is taken.")
        self.said.append(("other", text, reason))

    async def look_again(self, _registration: Registration, reason: str) -> None:
        await self.gate.wait()
        if self.trouble is not None:
            raise self.trouble
        self.said.append(("look again", reason))


@dataclass
class Asked:
    """The open dialog and what stands behind it."""

    dialog: DecisionDialog
    decisions: FakeDecisions

    def button(self, name: str) -> QPushButton:
        found = [b for b in self.dialog.findChildren(QPushButton) if b.accessibleName() == name]
        assert found, name
        return found[0]

    def type_into(self, name: str, words: str) -> None:
        edit = self.dialog.findChild(QLineEdit, name)
        assert edit is not None
        edit.setFocus()
        QTest.keyClicks(edit, words)

    def decide(self) -> None:
        decide = self.dialog.findChild(QPushButton, "decide")
        assert decide is not None
        QTest.mouseClick(decide, Qt.MouseButton.LeftButton)

    def says(self, words: str) -> bool:
        labels = self.dialog.findChildren(QLabel)
        return any(words in label.text() for label in labels if label.isVisible())

    def told(self, words: str) -> int:
        """How often the dialog says it."""
        labels = self.dialog.findChildren(QLabel)
        return sum(words in label.text() for label in labels if label.isVisible())

    @property
    def entries(self) -> QListWidget:
        found = self.dialog.findChild(QListWidget, "entries")
        assert found is not None
        return found


def entry(number: int, maker: Maker = Maker.PORTAL) -> Entry:
    details = SubjectDetails(birth_year=1970 + number, biological_sex="female")
    return Entry(PlatformSubjectId(f"there-{number}"), "B-001", details, START, maker)


@pytest_asyncio.fixture
async def asked(qtbot: QtBot, appearance: Appearance, tasks: TaskScope) -> Asked:
    subject = make_subject(make_study(), "B-001", state=RegistrationState.HELD)
    decisions = FakeDecisions(subject, (entry(1), entry(2, Maker.OTHER_STATION)))
    return open_dialog(qtbot, tasks, decisions)


def open_dialog(
    qtbot: QtBot, tasks: TaskScope, decisions: FakeDecisions, why: HautError | None = None
) -> Asked:
    (registration, *_) = decisions.held.registrations
    waiting = Waiting(trouble=trouble_with(why or CodeTakenError()))
    held = Registration(
        registration.id,
        registration.subject_id,
        registration.dataset_id,
        RegistrationState.HELD,
        waiting=waiting,
    )
    model = DecisionViewModel(cast(Decisions, decisions), tasks, held)
    dialog = DecisionDialog(model)
    qtbot.addWidget(dialog)
    dialog.open()
    return Asked(dialog, decisions)


@pytest.mark.parametrize(("haste_ms", "is_decided"), [(3_600_000, False), (0, True)])
async def test_a_persons_enter_decides_and_a_scanners_does_not(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, haste_ms: int, *, is_decided: bool
) -> None:
    monkeypatch.setattr(buttons, "HASTE_MS", haste_ms)
    await eventually(lambda: asked.entries.count() == 2)
    asked.entries.setCurrentRow(0)
    asked.type_into("reason", "B-002")
    reason = asked.dialog.findChild(QLineEdit, "reason")
    assert reason is not None
    QTest.keyClick(reason, Qt.Key.Key_Return)
    assert asked.dialog._view_model.state.is_busy is is_decided
    await eventually(lambda: bool(asked.decisions.said) is is_decided)


async def test_it_shows_the_platforms_entries_to_compare(asked: Asked) -> None:
    await eventually(lambda: asked.entries.count() == 2)
    assert asked.says("Who is B-001?")
    assert asked.says("born 1971 · female")
    assert asked.says("Made in the web portal, or by another program")
    assert asked.says("Made by another station")


async def test_the_same_participant_needs_an_entry_and_a_reason(asked: Asked) -> None:
    await eventually(lambda: asked.entries.count() == 2)
    asked.decide()
    assert asked.says(NO_ENTRY)
    assert asked.says(NO_REASON)
    asked.entries.setFocus()
    QTest.keyClick(asked.entries, Qt.Key.Key_Down)
    QTest.keyClick(asked.entries, Qt.Key.Key_Down)
    asked.type_into("reason", "paper list")
    asked.decide()
    await eventually(lambda: asked.dialog.result() == QDialog.DialogCode.Accepted)
    assert asked.decisions.said == [("same", "there-2", "paper list")]


async def test_a_refusal_that_is_why_the_subject_is_held_is_said_once(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope
) -> None:
    subject = make_subject(make_study(), "B-001", state=RegistrationState.HELD)
    decisions = FakeDecisions(subject, (entry(1),), refusal=EntryTakenError())
    asked = open_dialog(qtbot, tasks, decisions, why=EntryTakenError())
    await eventually(lambda: asked.entries.count() == 1)
    assert asked.told(EntryTakenError.default_message) == 1
    asked.entries.setCurrentRow(0)
    asked.type_into("reason", "the paper list")
    asked.decide()
    await eventually(asked.dialog._problem.isVisible)
    assert asked.told(EntryTakenError.default_message) == 1


async def decide_other(asked: Asked, code: str) -> None:
    """Say that it is another participant, whose code was misread and is this one."""
    await eventually(lambda: asked.entries.count() == 2)
    QTest.mouseClick(asked.button("Decision: Another participant"), Qt.MouseButton.LeftButton)
    asked.type_into("new-code", code)
    asked.type_into("reason", "misread")
    asked.decide()


async def test_another_participant_gets_a_new_code(asked: Asked) -> None:
    await decide_other(asked, "B-002")
    await eventually(lambda: asked.dialog.result() == QDialog.DialogCode.Accepted)
    assert asked.decisions.said == [("other", "B-002", "misread")]


async def test_a_code_that_is_taken_is_said_at_its_field(asked: Asked) -> None:
    await decide_other(asked, "B-001")
    await eventually(lambda: asked.says("It is taken."))
    assert asked.dialog.isVisible()


async def test_what_was_put_right_in_the_portal_is_looked_up_again(asked: Asked) -> None:
    await eventually(lambda: asked.entries.count() == 2)
    name = "Decision: Put right in the portal"
    QTest.mouseClick(asked.button(name), Qt.MouseButton.LeftButton)
    asked.type_into("reason", "renamed there")
    asked.decide()
    await eventually(lambda: asked.decisions.said)
    assert asked.decisions.said == [("look again", "renamed there")]


async def test_without_the_platform_it_says_so_and_asks_again(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope
) -> None:
    subject = make_subject(make_study(), "B-001", state=RegistrationState.HELD)
    asked = open_dialog(qtbot, tasks, FakeDecisions(subject, (entry(1),), UnreachableError()))
    await eventually(lambda: asked.says("No connection"))
    asked.decisions.trouble = None
    QTest.mouseClick(asked.button("Ask again"), Qt.MouseButton.LeftButton)
    await eventually(lambda: asked.entries.count() == 1)
    assert not asked.says("No connection")


async def test_a_dialog_that_is_left_says_nothing(asked: Asked) -> None:
    QTest.keyClick(asked.dialog, Qt.Key.Key_Escape)
    await eventually(lambda: not asked.dialog.isVisible())
    assert asked.decisions.said == []


async def test_a_dialog_that_is_left_while_it_is_written_down_tells_the_refusal(
    asked: Asked,
) -> None:
    await eventually(lambda: asked.entries.count() == 2)
    asked.decisions.gate.clear()
    asked.dialog._ways.take(Way.LOOK_AGAIN)
    asked.type_into("reason", "renamed there")
    asked.decide()
    QTest.keyClick(asked.dialog, Qt.Key.Key_Escape)
    assert asked.dialog.isVisible()
    asked.decisions.trouble = UnreachableError()
    asked.decisions.gate.set()
    await eventually(lambda: asked.says("No connection"))
    QTest.keyClick(asked.dialog, Qt.Key.Key_Escape)
    assert not asked.dialog.isVisible()


async def test_a_fault_while_it_is_written_down_locks_nobody_in(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[type[BaseException]] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, _error, _trace: faults.append(kind))

    async def fail(_registration: Registration, _reason: str) -> None:
        raise RuntimeError

    monkeypatch.setattr(asked.decisions, "look_again", fail)
    await eventually(lambda: asked.entries.count() == 2)
    asked.dialog._ways.take(Way.LOOK_AGAIN)
    asked.type_into("reason", "renamed there")
    asked.decide()
    await eventually(lambda: faults == [RuntimeError])
    QTest.keyClick(asked.dialog, Qt.Key.Key_Escape)
    assert not asked.dialog.isVisible()
