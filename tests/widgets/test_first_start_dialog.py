"""First start: the station is created only with a recovery that was really kept."""

import asyncio
from dataclasses import dataclass, field

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit
from pytestqt.qtbot import QtBot

from haut_desktop.domain.errors import KeyringLockedError
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.first_start import FirstStartViewModel, RecoveryWay, SetUp
from haut_desktop.widgets.first_start_dialog import FirstStartDialog
from haut_desktop.widgets.theme import Appearance
from tests.waiting import emitted, eventually

PASSPHRASE = "k7mq-2vfd-9xhe-p4wt-8rbn-c3ya-6gsz-5ujk"
PUBLIC_KEY = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"


@dataclass
class FakeFactory:
    """Creates stations on paper."""

    made: list[SetUp] = field(default_factory=list)
    error: Exception | None = None
    prompt: asyncio.Event = field(default_factory=asyncio.Event)
    is_slow: bool = False

    async def __call__(self, set_up: SetUp) -> None:
        """Create one, or raise what a test wants."""
        if self.is_slow:
            await self.prompt.wait()
        if self.error is not None:
            raise self.error
        self.made.append(set_up)


def make_first_start(qtbot: QtBot, tasks: TaskScope) -> tuple[FirstStartDialog, FakeFactory]:
    factory = FakeFactory()
    dialog = FirstStartDialog(FirstStartViewModel(factory, tasks, passphrase=PASSPHRASE))
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog, factory


def find(dialog: FirstStartDialog, name: str) -> QLineEdit:
    found = dialog.findChild(QLineEdit, name)
    assert found is not None
    return found


def go_to_recovery(dialog: FirstStartDialog) -> None:
    QTest.keyClicks(find(dialog, "site"), "b01")
    dialog._next.click()


def begin_creating(dialog: FirstStartDialog) -> None:
    go_to_recovery(dialog)
    find(dialog, "group-2").setText("2vfd")
    find(dialog, "group-5").setText("8rbn")
    dialog._create.click()


async def test_a_site_without_a_code_is_not_accepted(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope
) -> None:
    dialog, _ = make_first_start(qtbot, tasks)
    dialog._next.click()
    assert "code that your study gave" in dialog._site_field.problem
    assert dialog._steps.currentIndex() == 0


@pytest.mark.parametrize("zone", ["Mars/Phobos", "Berlin", "Europe", "../Europe/Berlin", " "])
async def test_a_zone_that_does_not_exist_is_not_accepted(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope, zone: str
) -> None:
    dialog, _ = make_first_start(qtbot, tasks)
    dialog._zone.setEditText(zone)
    go_to_recovery(dialog)
    assert "from the list" in dialog._zone_field.problem
    assert dialog._steps.currentIndex() == 0
    dialog._zone.setEditText("europe/berlin")
    assert dialog._zone_field.problem == ""
    dialog._next.click()
    assert dialog._steps.currentIndex() == 1
    assert dialog._set_up().zone == "Europe/Berlin"


async def test_a_station_without_a_name_is_not_accepted(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope
) -> None:
    dialog, _ = make_first_start(qtbot, tasks)
    find(dialog, "station").setText("  ")
    go_to_recovery(dialog)
    assert "name for this computer" in dialog._station_field.problem
    QTest.keyClicks(find(dialog, "station"), "Room 2")
    assert dialog._station_field.problem == ""
    assert dialog._steps.currentIndex() == 0


async def test_a_fault_leaves_no_window_that_waits_for_ever(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[object] = []
    monkeypatch.setattr("sys.excepthook", lambda *fault: faults.append(fault[0]))
    dialog, factory = make_first_start(qtbot, tasks)
    factory.error = ZeroDivisionError()
    begin_creating(dialog)
    await eventually(lambda: dialog._problem.text)
    assert dialog._problem.text.startswith("The station could not be created")
    assert dialog._create.isEnabled()
    await eventually(lambda: faults == [ZeroDivisionError])


@pytest.mark.parametrize("leave", ["reject", "close"])
async def test_a_station_that_is_being_made_is_made_before_the_dialog_closes(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope, leave: str
) -> None:
    dialog, factory = make_first_start(qtbot, tasks)
    factory.is_slow = True
    begin_creating(dialog)
    getattr(dialog, leave)()
    assert dialog.isVisible()
    async with emitted(dialog.accepted):
        factory.prompt.set()
    assert len(factory.made) == 1


async def test_a_dialog_that_was_to_close_closes_when_the_station_could_not_be_made(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope
) -> None:
    dialog, factory = make_first_start(qtbot, tasks)
    factory.is_slow, factory.error = True, KeyringLockedError()
    begin_creating(dialog)
    dialog.reject()
    assert dialog.isVisible()
    async with emitted(dialog.rejected):
        factory.prompt.set()
    assert not factory.made


async def test_a_public_key_with_one_wrong_letter_is_refused_in_place(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope
) -> None:
    dialog, _ = make_first_start(qtbot, tasks)
    go_to_recovery(dialog)
    dialog._recovery._ways.take(RecoveryWay.PUBLIC_KEY)
    find(dialog, "public-key").setText(PUBLIC_KEY[:-1] + "q")
    assert "letter of this key is wrong" in dialog._recovery._key_field.problem
    assert not dialog._create.isEnabled()


async def test_the_station_is_created_after_two_groups_are_typed_back(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope
) -> None:
    dialog, factory = make_first_start(qtbot, tasks)
    go_to_recovery(dialog)
    QTest.keyClicks(find(dialog, "group-2"), "2VFD")
    assert not dialog._create.isEnabled()
    QTest.keyClicks(find(dialog, "group-5"), "8rbn")
    async with emitted(dialog.accepted):
        dialog._create.click()
    made = factory.made[0]
    assert (made.site_code, made.way, made.recovery) == ("B01", RecoveryWay.PASSPHRASE, PASSPHRASE)
    assert PASSPHRASE not in repr(made)


async def test_a_group_that_was_misread_is_said_once_it_is_typed_whole(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope
) -> None:
    dialog, _ = make_first_start(qtbot, tasks)
    go_to_recovery(dialog)
    group = find(dialog, "group-2")
    QTest.keyClicks(group, "2VF")
    assert group.accessibleDescription() == ""
    QTest.keyClicks(group, "O")
    assert "not group 2" in group.accessibleDescription()
    group.setText(" 2vfd ")
    assert group.accessibleDescription() == ""


async def test_a_malformed_public_key_is_refused_in_place(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope
) -> None:
    dialog, _ = make_first_start(qtbot, tasks)
    go_to_recovery(dialog)
    dialog._recovery._ways.take(RecoveryWay.PUBLIC_KEY)
    find(dialog, "public-key").setText("age1nonsense")
    assert "begins with age1" in dialog._recovery._key_field.problem
    assert not dialog._create.isEnabled()
    find(dialog, "public-key").setText(PUBLIC_KEY)
    assert dialog._create.isEnabled()


async def test_declining_takes_a_reason(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope
) -> None:
    dialog, factory = make_first_start(qtbot, tasks)
    go_to_recovery(dialog)
    dialog._recovery._ways.take(RecoveryWay.DECLINED)
    reason = dialog.findChild(QPlainTextEdit, "reason")
    assert reason is not None
    assert not dialog._create.isEnabled()
    reason.setPlainText("Loan computer for two days.")
    dialog._create.click()
    await eventually(lambda: factory.made)
    assert factory.made[0].recovery == "Loan computer for two days."


async def test_a_locked_keyring_is_named_and_nothing_typed_is_lost(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope
) -> None:
    dialog, factory = make_first_start(qtbot, tasks)
    factory.error = KeyringLockedError()
    go_to_recovery(dialog)
    find(dialog, "group-2").setText("2vfd")
    find(dialog, "group-5").setText("8rbn")
    dialog._create.click()
    await eventually(lambda: dialog._problem.text)
    assert dialog._problem.text.startswith("Your keyring is locked")
    assert find(dialog, "group-2").text() == "2vfd"
    assert dialog._create.isEnabled()


async def test_practice_is_offered_first(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope
) -> None:
    dialog, _ = make_first_start(qtbot, tasks)
    async with emitted(dialog._view_model.practice_requested):
        dialog._practice.click()
