"""Unlock: the recovery key is asked for where it helps, and nowhere else."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QClipboard, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QListWidget, QPushButton
from pytestqt.qtbot import QtBot

from haut_desktop.domain.errors import (
    DiskFullError,
    HautError,
    KeyringLockedError,
    KeyringStrangerError,
    RecoveryKeyError,
    StoreIOError,
    StoreKeyError,
    StoreMissingError,
    StoreNewerError,
)
from haut_desktop.services.disk_space import DiskSpace
from haut_desktop.services.spooling import SpoolIntake
from haut_desktop.services.tasks import TaskScope
from haut_desktop.store.sealing import new_identity, recipient_of
from haut_desktop.store.spool import Spool
from haut_desktop.viewmodels.capture_words import Rejected
from haut_desktop.viewmodels.spool import SpoolViewModel
from haut_desktop.widgets.busy_bar import BusyBar
from haut_desktop.widgets.rejected_list import RejectedList
from haut_desktop.widgets.secret_edit import SecretEdit
from haut_desktop.widgets.theme import Appearance
from haut_desktop.widgets.unlock_dialog import Answer, UnlockDialog
from tests.fakes.clock import FakeClock
from tests.photographs import marked
from tests.viewmodels.test_spool import Intake
from tests.waiting import eventually


@pytest.mark.parametrize(
    ("error", "helps"),
    [
        (KeyringStrangerError(), True),
        (KeyringLockedError(), True),
        (RecoveryKeyError(), True),
        (StoreKeyError(), False),
        (DiskFullError(), False),
        (StoreIOError(), False),
        (StoreNewerError(), False),
    ],
)
def test_the_recovery_key_is_asked_for_where_it_helps(
    qtbot: QtBot, error: HautError, helps: bool
) -> None:
    dialog = UnlockDialog(error)
    qtbot.addWidget(dialog)
    dialog.show()
    key = dialog.findChild(SecretEdit, "recovery-key")
    assert (key is not None and key.isVisible()) == helps
    assert dialog.recovery_key is None


def disk(folder: Path) -> tuple[Spool, DiskSpace]:
    """A spool in the folder, and the room that there is for it."""
    return Spool(folder / "spool", recipient_of(new_identity()), FakeClock()), DiskSpace(folder)


def open_dialog(
    qtbot: QtBot, error: HautError, intake: SpoolIntake, tasks: TaskScope
) -> tuple[UnlockDialog, SpoolViewModel]:
    """The dialog for a station that did not open, with a spool for pictures meanwhile."""
    model = SpoolViewModel(intake, tasks)
    dialog = UnlockDialog(error, model)
    qtbot.addWidget(dialog)
    dialog.open()
    return dialog, model


async def test_a_scanned_code_with_its_enter_stays_and_closes_nothing(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope, tmp_path: Path
) -> None:
    dialog, model = open_dialog(qtbot, KeyringLockedError(), SpoolIntake(*disk(tmp_path)), tasks)
    dialog._meanwhile.click()
    code = dialog.findChild(QLineEdit, "spool-code")
    assert code is not None
    QTest.keyClicks(code, "B-007")
    QTest.keyClick(code, Qt.Key.Key_Return)
    assert dialog.isVisible()
    assert model.words == {"subject_code": "B-007"}


async def test_a_reason_that_takes_two_lines_is_read_whole(
    qtbot: QtBot, appearance: Appearance
) -> None:
    shown = RejectedList()
    qtbot.addWidget(shown)
    shown.resize(300, 200)
    shown.show()
    reason = "This is a PDF document. Add the picture itself, as JPEG or PNG."
    shown.show_rejected((Rejected("notes.pdf", "Picture not taken in", reason),))
    lines = shown.findChild(QListWidget)
    assert lines is not None
    await eventually(lambda: lines.verticalScrollBar().maximum() == 0)
    assert lines.visualItemRect(lines.item(0)).bottom() <= lines.viewport().height()


async def test_every_way_out_waits_until_what_was_dropped_is_sealed(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope, tmp_path: Path
) -> None:
    intake = Intake(*disk(tmp_path))
    dialog, model = open_dialog(qtbot, StoreMissingError(), intake, tasks)
    ways = [dialog.findChild(QPushButton, name) for name in ("try-again", "rebuild")]
    assert all(way is not None and way.isEnabled() for way in ways)
    (tmp_path / "front.jpg").write_bytes(marked(1))
    intake.gate = asyncio.Event()  # a slow disk
    model.take_in((tmp_path / "front.jpg",))
    assert not any(way.isEnabled() for way in ways if way)
    busy = dialog.findChild(BusyBar, "unlock-busy")
    assert busy is not None
    assert busy.isVisible()
    dialog.accept()
    assert dialog.isVisible()
    assert [words.text() for words in busy.findChildren(QLabel)] == [
        "0 of 1 pictures sealed; this window closes when that is done"
    ]
    intake.gate.set()
    await eventually(lambda: not dialog.isVisible())
    assert dialog.answer is Answer.AGAIN
    assert len(model.state.lines) == 1


async def test_leaving_while_pictures_are_sealed_counts_more_than_another_try(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope, tmp_path: Path
) -> None:
    intake = Intake(*disk(tmp_path))
    dialog, model = open_dialog(qtbot, KeyringLockedError(), intake, tasks)
    intake.gate = asyncio.Event()
    model.take_in((tmp_path / "gone.jpg", tmp_path / "gone, too.jpg"))
    dialog.accept()
    dialog.reject()
    assert dialog.isVisible()
    intake.gate.set()
    await eventually(lambda: not dialog.isVisible())
    assert dialog.answer is Answer.LEAVE


@pytest.fixture
def clipboard(qapp: QApplication) -> Iterator[QClipboard]:
    yield qapp.clipboard()
    qapp.clipboard().clear()


@pytest.mark.parametrize("field", ["spool-code", "spool-visit"])
async def test_a_pasted_picture_is_sealed_wherever_the_cursor_stands(
    qtbot: QtBot,
    appearance: Appearance,
    tasks: TaskScope,
    tmp_path: Path,
    clipboard: QClipboard,
    field: str,
) -> None:
    dialog, model = open_dialog(qtbot, KeyringLockedError(), SpoolIntake(*disk(tmp_path)), tasks)
    dialog._meanwhile.click()
    edit = dialog.findChild(QLineEdit, field)
    assert edit is not None
    edit.setFocus()
    clipboard.setText("B-007")
    QTest.keyClick(edit, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert edit.text() == "B-007"
    clipboard.setImage(QImage(640, 640, QImage.Format.Format_RGB32))
    QTest.keyClick(edit, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert model.state.is_going
    await eventually(lambda: not model.state.is_going)
    assert model.state.done == 1
    copied = QMimeData()
    copied.setUrls([QUrl.fromLocalFile(str(tmp_path / "gone.jpg"))])
    clipboard.setMimeData(copied)
    QTest.keyClick(edit, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    await eventually(lambda: [line.name for line in model.state.rejected] == ["gone.jpg"])
    assert edit.text() == "B-007"


async def test_the_button_is_called_by_what_it_does(qtbot: QtBot, appearance: Appearance) -> None:
    dialog = UnlockDialog(KeyringLockedError())
    qtbot.addWidget(dialog)
    dialog._key.setText("k7mq-2vfd")
    assert dialog._again.accessibleName() == "Open with the recovery key"
    dialog._key.clear()
    assert dialog._again.accessibleName() == "Try again"


async def test_a_shown_secret_is_hidden_again_when_it_is_cleared(
    qtbot: QtBot, appearance: Appearance
) -> None:
    edit = SecretEdit("Password")
    qtbot.addWidget(edit)
    edit.setText("k7mq-2vfd")
    edit._eye.trigger()
    assert edit.echoMode() is SecretEdit.EchoMode.Normal
    edit.clear()
    assert edit.echoMode() is SecretEdit.EchoMode.Password
