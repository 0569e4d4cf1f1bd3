"""Every control has a name for a screen reader, and Tab reaches every one that is shown."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QListWidget,
    QMainWindow,
    QPlainTextEdit,
    QTextBrowser,
    QWidget,
)
from pytestqt.qtbot import QtBot

from haut_desktop.domain.errors import KeyringLockedError
from haut_desktop.services.disk_space import DiskSpace
from haut_desktop.services.spooling import SpoolIntake
from haut_desktop.services.tasks import TaskScope
from haut_desktop.settings import resources_folder
from haut_desktop.store.sealing import new_identity, recipient_of
from haut_desktop.store.spool import Spool
from haut_desktop.viewmodels.decision import Way
from haut_desktop.viewmodels.outbox import PageState
from haut_desktop.viewmodels.sign_in import PracticeAccount
from haut_desktop.viewmodels.spool import SpoolViewModel
from haut_desktop.widgets.help_page import HelpPage
from haut_desktop.widgets.outbox_page import OutboxPage
from haut_desktop.widgets.rail import Place
from haut_desktop.widgets.results_page import ResultsPage
from haut_desktop.widgets.study_page import StudyPage
from haut_desktop.widgets.theme import Appearance
from haut_desktop.widgets.unlock_dialog import UnlockDialog
from tests.fakes.clock import FakeClock
from tests.photographs import marked
from tests.waiting import eventually
from tests.widgets.conftest import Office
from tests.widgets.drops import drop_files
from tests.widgets.test_capture_page import open_sheet, open_visit, takes
from tests.widgets.test_decision_dialog import Asked
from tests.widgets.test_decision_dialog import asked as shown_decision
from tests.widgets.test_first_start_dialog import make_first_start
from tests.widgets.test_outbox_page import Shown as Outbox
from tests.widgets.test_outbox_page import shown as shown_outbox
from tests.widgets.test_results_page import Shown as Results
from tests.widgets.test_results_page import shown as shown_results
from tests.widgets.test_sign_in_dialog import make_sign_in

__all__ = ["shown_decision", "shown_outbox", "shown_results"]

_PAGES = (QDialog, QMainWindow, HelpPage, StudyPage, OutboxPage, ResultsPage)
"""What a test shows as a window on purpose."""
CONTROLS = (QAbstractButton, QLineEdit, QPlainTextEdit, QComboBox, QAbstractItemView, QTextBrowser)


def controls(root: QWidget) -> Iterator[QWidget]:
    """Every control a person could use at this moment, without the parts of a bigger one."""
    for widget in root.findChildren(QWidget):
        is_part = isinstance(widget.parentWidget(), QComboBox | QLineEdit | QAbstractItemView)
        if isinstance(widget, CONTROLS) and widget.isVisible() and not is_part:
            yield widget


def nameless(root: QWidget) -> list[str]:
    """Controls that a screen reader could only call by their class."""
    return [
        f"{type(each).__name__} {each.objectName()} {each.toolTip()}"
        for each in controls(root)
        if not each.accessibleName()
    ]


def reached_by_tab(root: QWidget) -> set[QWidget]:
    """Everything in the focus chain of the window that Tab would stop at."""
    reached, start = set[QWidget](), root.window()
    widget = start.nextInFocusChain()
    while widget is not None and widget is not start:
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible():
            reached.add(widget)
        widget = widget.nextInFocusChain()
    return reached


def unreachable(root: QWidget) -> list[str]:
    """Enabled controls that the keyboard can't get to."""
    reached = reached_by_tab(root)
    return [
        f"{type(each).__name__} {each.accessibleName()}"
        for each in controls(root)
        if each.isEnabled() and each not in reached and each.focusProxy() not in reached
        if not _is_reached_by_arrows(each, reached)
    ]


def _is_reached_by_arrows(control: QWidget, reached: set[QWidget]) -> bool:
    """Of buttons that exclude each other Tab stops at one, and arrow keys lead to the others."""
    group = control.group() if isinstance(control, QAbstractButton) else None
    return group is not None and group.exclusive() and not reached.isdisjoint(group.buttons())


def false_letters(root: QWidget) -> list[str]:
    """Buttons that underline a letter which does nothing, because they have another key."""
    return [
        f"{each.text()} has {each.shortcut().toString()}"
        for each in root.findChildren(QAbstractButton)
        if not (letter := QKeySequence.mnemonic(each.text())).isEmpty()
        if each.shortcut() != letter
    ]


def shared_letters(root: QWidget) -> list[str]:
    """Underlined letters that two visible things have: such a key presses neither."""
    letters: dict[str, list[str]] = {}
    for each in root.findChildren(QWidget):
        is_label = isinstance(each, QLabel) and each.buddy() is not None
        if each.isVisible() and (is_label or isinstance(each, QAbstractButton)):
            text = each.property("text")
            letters.setdefault(QKeySequence.mnemonic(text).toString(), []).append(text)
    return [f"{key}: {texts}" for key, texts in letters.items() if key and len(texts) > 1]


def stray_windows() -> list[str]:
    """Parts that were shown before they had a parent, and so became windows."""
    return [
        type(window).__name__
        for window in QApplication.topLevelWidgets()
        if window.isVisible() and not isinstance(window, _PAGES)
    ]


def assert_usable(root: QWidget) -> None:
    assert stray_windows() == []
    assert list(controls(root))
    assert nameless(root) == []
    assert unreachable(root) == []
    assert false_letters(root) == []
    assert shared_letters(root) == []


async def test_subjects_page_with_the_form_open(office: Office) -> None:
    assert_usable(office.window)
    office.find(QAbstractButton, "register-subject").click()
    assert_usable(office.window)


async def test_capture_page_in_every_state(office: Office) -> None:
    office.window.go(Place.CAPTURE)
    assert_usable(office.window)
    await open_visit(office)
    assert_usable(office.window)
    page = office.window.page
    assert page is not None
    for name in ("front.jpg", "front.jpg", "bad.pdf"):
        drop_files(office.find(QAbstractButton, "choose-files"), Path(name))
    await eventually(lambda: takes(office, "front") == 2)
    assert_usable(office.window)
    sheet = await open_sheet(office)
    assert_usable(sheet)
    sheet.reject()


@pytest.mark.parametrize("is_practice", (True, False))
async def test_sign_in(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope, is_practice: bool
) -> None:
    accounts = (PracticeAccount("a@practice.example", "x", "technician"),) if is_practice else ()
    dialog, _ = make_sign_in(qtbot, tasks, accounts=accounts)
    assert_usable(dialog)


async def test_first_start_in_both_steps(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope
) -> None:
    dialog, _ = make_first_start(qtbot, tasks)
    assert_usable(dialog)
    dialog._site.setText("B01")
    dialog._next.click()
    assert_usable(dialog)


async def test_unlocking(qtbot: QtBot, appearance: Appearance) -> None:
    dialog = UnlockDialog(KeyringLockedError())
    qtbot.addWidget(dialog)
    dialog.open()
    assert_usable(dialog)


async def test_taking_pictures_in_while_the_station_is_locked(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope, tmp_path: Path
) -> None:
    spool = Spool(tmp_path / "spool", recipient_of(new_identity()), FakeClock())
    model = SpoolViewModel(SpoolIntake(spool, DiskSpace(tmp_path)), tasks)
    dialog = UnlockDialog(KeyringLockedError(), model)
    qtbot.addWidget(dialog)
    dialog.open()
    dialog._meanwhile.click()
    assert_usable(dialog)
    model.code = "B-007"
    model.paste(marked(1))
    model.paste(b"no picture")
    await eventually(lambda: model.state.done == 2 and not model.state.is_going)
    assert len(model.state.lines) == len(model.state.rejected) == 1
    assert_usable(dialog)


async def test_deciding_each_way(shown_decision: Asked) -> None:
    await eventually(lambda: shown_decision.entries.count() == 2)
    for way in Way:
        shown_decision.dialog._ways.take(way)
        assert_usable(shown_decision.dialog)


async def test_outbox_row_by_row(shown_outbox: Outbox) -> None:
    page, model = shown_outbox.page, shown_outbox.model.model
    for place in range(model.rowCount()):
        shown_outbox.tree.setCurrentIndex(model.index(place, 0))
        assert_usable(page)
    shown_outbox.button("Release and try again").setFocus()
    shown_outbox.outbox.deliveries = ()
    shown_outbox.model.refresh()
    await eventually(lambda: shown_outbox.model.state is PageState.EMPTY)
    assert_usable(page)


async def test_results_with_and_without_a_subject(shown_results: Results) -> None:
    assert_usable(shown_results.page)
    await shown_results.open()
    await eventually(lambda: shown_results.masks().count())
    assert_usable(shown_results.page)


async def test_help(qtbot: QtBot, appearance: Appearance, tmp_path: Path) -> None:
    (tmp_path / "architecture.md").write_text("# Architecture\n\nRooms.", "utf-8")
    words = "# Help\n\nDrop a picture.\n\n| key | does |\n| --- | --- |\n| F1 | helps |\n"
    (tmp_path / "help.md").write_text(words, "utf-8")
    page = HelpPage(tmp_path)
    qtbot.addWidget(page)
    page.show()
    assert_usable(page)
    browser = page.findChild(QTextBrowser)
    assert browser is not None
    assert "Drop a picture." in browser.toPlainText()


async def test_bold_words_of_the_help_have_a_weight_that_is_shipped(
    qtbot: QtBot, appearance: Appearance, tmp_path: Path
) -> None:
    words = "# Help\n\nA **sealed** one.\n\n| key | does |\n| --- | --- |\n| F1 | **helps** |\n"
    (tmp_path / "help.md").write_text(words, "utf-8")
    page = HelpPage(tmp_path)
    qtbot.addWidget(page)
    browser = page.findChild(QTextBrowser)
    assert browser is not None
    places = range(1, browser.document().characterCount())
    cursor, weights = browser.textCursor(), set[int]()
    for place in places:
        cursor.setPosition(place)
        weights.add(int(cursor.charFormat().fontWeight()))
    assert weights == {QFont.Weight.Normal.value, QFont.Weight.DemiBold.value}


async def test_a_helps_long_name_is_read_whole(
    qtbot: QtBot, appearance: Appearance, tmp_path: Path
) -> None:
    (tmp_path / "help.md").write_text("# What can go wrong, and what proves that nothing is lost")
    page = HelpPage(tmp_path)
    qtbot.addWidget(page)
    page.show()
    pages = page.findChild(QListWidget)
    assert pages is not None
    room = pages.visualItemRect(pages.item(0))
    assert room.width() <= pages.viewport().width()
    assert room.height() >= 2 * pages.fontMetrics().height()


async def test_the_help_lists_what_a_user_needs_first(qtbot: QtBot, appearance: Appearance) -> None:
    page = HelpPage(resources_folder() / "help")
    qtbot.addWidget(page)
    pages = page.findChild(QListWidget)
    assert pages is not None
    names = [pages.item(row).data(Qt.ItemDataRole.UserRole) for row in range(pages.count())]
    wanted = ["help", "recovery", "failures", "changelog", "architecture"]
    assert names == [f"{name}.md" for name in wanted]


async def test_the_first_line_of_a_list_leaves_the_focus_its_frame(
    qtbot: QtBot, appearance: Appearance
) -> None:
    lines = QListWidget()
    lines.addItem("First")
    lines.setCurrentRow(0)
    qtbot.addWidget(lines)
    lines.show()
    lines.setFocus()
    await eventually(lines.hasFocus)
    frame = lines.rect().adjusted(2, 2, -2, -2)
    assert frame.contains(lines.viewport().geometry())
