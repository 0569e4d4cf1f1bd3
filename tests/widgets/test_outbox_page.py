"""The outbox page with real clicks and keys."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import time, timedelta
from typing import Final, TypeVar

import pytest
import pytest_asyncio
from PySide6.QtCore import Qt, QTime
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QCheckBox,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QMainWindow,
    QPushButton,
    QSpinBox,
    QTimeEdit,
    QTreeView,
    QWidget,
)
from pytestqt.qtbot import QtBot

from haut_desktop.domain.delivery import (
    BatchState,
    ImageState,
    RegistrationState,
    Waiting,
    held_by_hand,
)
from haut_desktop.domain.errors import (
    AddressExpiredError,
    BodyRefusedError,
    ContentMismatchError,
    HautError,
    NotThePlatformError,
    PermissionRefusedError,
    RefusedError,
    SignedOutError,
    VaultError,
)
from haut_desktop.domain.ids import PlatformBatchId, VisitId
from haut_desktop.domain.outbox import OutboxSummary
from haut_desktop.domain.traffic import SendingRules, Window
from haut_desktop.services.changes import Changes
from haut_desktop.services.computing import ComputationUnknownError
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.outbox import OutboxViewModel, PageState
from haut_desktop.viewmodels.outbox_model import OutboxColumn
from haut_desktop.viewmodels.outbox_rows import visit_row
from haut_desktop.viewmodels.outbox_words import Circumstances
from haut_desktop.widgets import buttons
from haut_desktop.widgets.outbox_page import OutboxPage
from haut_desktop.widgets.outbox_panel import OutboxPanel
from haut_desktop.widgets.sending_sheet import SendingSheet
from haut_desktop.widgets.theme import Appearance
from haut_desktop.widgets.two_steps_dialog import TwoStepsDialog
from tests.fakes.clock import START
from tests.viewmodels.deliveries import FakeOutbox, batch_of, make_delivery, trouble_with
from tests.viewmodels.outbox_desks import FakeSession, outbox_model
from tests.waiting import emitted, eventually
from tests.widgets.columns import words_of_cell, words_of_head
from tests.widgets.outbox_gallery import LAYING_OUT, gallery, troubled

_BEARING_PX: Final = 2
"""Letters begin up to so far from where they are set."""
FOREVER_MS: Final = 3_600_000
_Part = TypeVar("_Part", bound=QWidget)


@dataclass
class Shown:
    """The page on the screen, and the fake outbox behind it."""

    page: OutboxPage
    outbox: FakeOutbox
    model: OutboxViewModel

    def button(self, name: str) -> QPushButton:
        found = [b for b in self.page.findChildren(QPushButton) if b.accessibleName() == name]
        assert found, name
        return found[0]

    @property
    def tree(self) -> QTreeView:
        found = self.page.findChild(QTreeView)
        assert isinstance(found, QTreeView)
        return found


@pytest_asyncio.fixture
async def shown(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Shown]:
    monkeypatch.setattr(buttons, "HASTE_MS", 0)
    waiting = Waiting(trouble=trouble_with(ContentMismatchError()))
    held = make_delivery(ImageState.STORED, ImageState.HELD, image_waiting=waiting, code="B-009")
    resting = make_delivery(ImageState.SEALED, not_before=START + timedelta(minutes=5))
    outbox = FakeOutbox((resting, held))

    async def reopen(_visit_id: VisitId) -> None:
        outbox.done.append(("reopen",))

    async def send_now(_visit_id: VisitId) -> None:
        outbox.done.append(("send-now",))

    model = outbox_model(
        outbox,
        session=FakeSession(),
        reopen=reopen,
        send_now=send_now,
        changes=Changes(),
        tasks=tasks,
    )
    page = OutboxPage(model)
    qtbot.addWidget(page)
    page.resize(1290, 676)
    page.show()
    await eventually(lambda: model.state is PageState.READY)
    yield Shown(page, outbox, model)
    model.close()


async def test_the_arrow_keys_work_at_once(shown: Shown) -> None:
    shown.page.activateWindow()
    shown.page.setFocus()
    assert QApplication.focusWidget() is shown.tree


async def test_the_first_row_is_explained(shown: Shown) -> None:
    assert shown.tree.currentIndex().row() == 0
    assert shown.button("Reopen the visit").isVisible()


@pytest.mark.parametrize("column", [OutboxColumn.AGE, OutboxColumn.NEXT_TRY])
async def test_a_columns_head_begins_where_its_words_begin(
    shown: Shown, column: OutboxColumn
) -> None:
    head, _ = words_of_head(shown.tree, column)
    cell, _ = words_of_cell(shown.tree, 0, column)
    assert abs(head - cell) <= _BEARING_PX


async def test_the_sizes_head_ends_where_the_sizes_end(shown: Shown) -> None:
    _, head = words_of_head(shown.tree, OutboxColumn.SIZE)
    _, cell = words_of_cell(shown.tree, 0, OutboxColumn.SIZE)
    assert abs(head - cell) <= _BEARING_PX


async def test_a_reopened_visit_is_handed_on_once_it_is_reopened(shown: Shown) -> None:
    resting, _ = shown.outbox.deliveries
    async with emitted(shown.page.visit_reopened) as emission:
        QTest.mouseClick(shown.button("Reopen the visit"), Qt.MouseButton.LeftButton)
    assert emission.args == (resting.visit.id,)
    assert shown.outbox.done == [("reopen",)]


async def test_a_resting_visit_is_sent_now(shown: Shown) -> None:
    QTest.mouseClick(shown.button("Send now"), Qt.MouseButton.LeftButton)
    await eventually(lambda: shown.outbox.done)
    assert shown.outbox.done == [("send-now",)]


async def test_a_held_registration_is_handed_on_for_a_decision(shown: Shown) -> None:
    held = make_delivery(ImageState.SEALED, registration=RegistrationState.HELD)
    shown.outbox.deliveries = (held,)
    shown.model.refresh()
    await eventually(lambda: shown.model.model.rowCount() == 1)
    async with emitted(shown.page.decision_wanted) as emission:
        QTest.mouseClick(shown.button("Decide who it is…"), Qt.MouseButton.LeftButton)
    assert emission.args == (held.registrations[0],)


async def test_holding_asks_for_a_reason_first(shown: Shown) -> None:
    hold, _ = shown.outbox.deliveries
    QTest.mouseClick(shown.button("Hold back…"), Qt.MouseButton.LeftButton)
    reason = shown.page.findChild(QLineEdit)
    assert reason is not None
    QTest.keyClick(reason, Qt.Key.Key_Return)
    assert not shown.outbox.done
    QTest.keyClicks(reason, "wrong subject")
    QTest.keyClick(reason, Qt.Key.Key_Return)
    await eventually(lambda: shown.outbox.done)
    assert shown.outbox.done == [("hold", batch_of(hold).id, "wrong subject")]


async def test_a_code_that_is_scanned_into_the_reason_does_nothing(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    QTest.mouseClick(shown.button("Hold back…"), Qt.MouseButton.LeftButton)
    reason = shown.page.findChild(QLineEdit)
    assert reason is not None
    monkeypatch.setattr(buttons, "HASTE_MS", FOREVER_MS)
    QTest.keyClicks(reason, "B-002")
    QTest.keyClick(reason, Qt.Key.Key_Return)
    assert reason.isVisible()
    assert reason.text() == "B-002"


@pytest.mark.parametrize(
    ("error", "todo"),
    [
        (
            NotThePlatformError(),
            "Sign in to the network in a web browser; then it goes on by itself.",
        ),
        (SignedOutError(), "Sign in again; then it goes on by itself."),
        (PermissionRefusedError(), "Ask the study's administrator for the right, then try now."),
    ],
)
async def test_what_to_do_fits_what_happened(shown: Shown, error: HautError, todo: str) -> None:
    waiting = Waiting(2, START + timedelta(minutes=2), trouble_with(error))
    shown.outbox.deliveries = (make_delivery(ImageState.SEALED, waiting=waiting),)
    shown.model.refresh()
    await eventually(lambda: error.title in words(shown.page))
    assert todo in words(shown.page)


@pytest.mark.parametrize(
    ("error", "todo"),
    [
        (AddressExpiredError(), "Check the network and the limit under Sending"),
        (BodyRefusedError(), "A firewall or proxy at the site often does that"),
        (ContentMismatchError(), "Release it to send the picture once more"),
        (RefusedError(400, "invalid", "Side is not known."), "Tell the study's support"),
        (VaultError("The sealed picture can't be opened."), "leave it held until then"),
    ],
)
async def test_a_held_picture_says_what_a_person_can_do(
    shown: Shown, error: HautError, todo: str
) -> None:
    waiting = Waiting(trouble=trouble_with(error))
    shown.outbox.deliveries = (make_delivery(ImageState.HELD, image_waiting=waiting),)
    shown.model.refresh()
    await eventually(lambda: error.title in words(shown.page))
    assert error.message in words(shown.page)
    assert any(todo in text for text in words(shown.page))


async def test_what_a_person_held_back_says_their_reason(shown: Shown) -> None:
    waiting = Waiting(trouble=held_by_hand("no consent yet"))
    held = make_delivery(ImageState.SEALED, batch=BatchState.HELD, waiting=waiting)
    shown.outbox.deliveries = (held,)
    shown.model.refresh()
    await eventually(lambda: held_by_hand("no consent yet").message in words(shown.page))
    assert "Release it when it may go." in words(shown.page)


async def test_what_goes_on_by_itself_is_not_to_be_released(shown: Shown) -> None:
    refused = Waiting(1, START, trouble_with(RefusedError(400, "invalid", "No.")))
    shown.outbox.deliveries = (make_delivery(ImageState.SEALED, waiting=refused),)
    shown.model.refresh()
    await eventually(lambda: "The platform says: No." in words(shown.page))
    assert not any("elease" in text for text in words(shown.page))


def words(page: QWidget) -> list[str]:
    return [label.text() for label in page.findChildren(QLabel) if label.isVisible()]


async def test_the_visits_date_is_written_as_everywhere(shown: Shown) -> None:
    assert "1 Mar 2026" in words(shown.page)


async def test_a_held_visit_says_why_and_is_released(shown: Shown) -> None:
    _, held = shown.outbox.deliveries
    QTest.keyClick(shown.tree, Qt.Key.Key_Down)
    texts = [label.text() for label in shown.page.findChildren(QLabel) if label.isVisible()]
    assert "Arrived changed" in texts
    QTest.mouseClick(shown.button("Release and try again"), Qt.MouseButton.LeftButton)
    await eventually(lambda: shown.outbox.done)
    assert shown.outbox.done == [("release", batch_of(held).id)]


async def _asked(shown: Shown, button: str) -> TwoStepsDialog:
    """Press the button and give the first step."""
    QTest.mouseClick(shown.button(button), Qt.MouseButton.LeftButton)
    dialog = shown.page.findChild(TwoStepsDialog)
    assert dialog is not None
    await eventually(dialog.isVisible)
    return dialog


def _part(dialog: TwoStepsDialog, name: str) -> QPushButton:
    found = dialog.findChild(QPushButton, name)
    assert found is not None
    return found


async def test_taking_back_takes_a_reason_and_a_second_step(shown: Shown) -> None:
    _, held = shown.outbox.deliveries
    QTest.keyClick(shown.tree, Qt.Key.Key_Down)
    dialog = await _asked(shown, "Take back…")
    reason = dialog.findChild(QLineEdit)
    assert reason is not None
    QTest.keyClick(reason, Qt.Key.Key_Return)
    assert not _part(dialog, "yes").isVisible()
    QTest.keyClicks(reason, "wrong participant")
    QTest.keyClick(reason, Qt.Key.Key_Return)
    assert _part(dialog, "yes").isVisible()
    assert not shown.outbox.done
    assert not nameless(dialog)
    QTest.mouseClick(_part(dialog, "yes"), Qt.MouseButton.LeftButton)
    await eventually(lambda: shown.outbox.done)
    assert shown.outbox.done == [("retract", batch_of(held).id, "wrong participant")]


async def test_enter_on_the_second_step_leaves_everything_as_it_is(shown: Shown) -> None:
    QTest.keyClick(shown.tree, Qt.Key.Key_Down)
    dialog = await _asked(shown, "Take back…")
    reason = dialog.findChild(QLineEdit)
    assert reason is not None
    QTest.keyClicks(reason, "wrong participant")
    QTest.keyClick(reason, Qt.Key.Key_Return)
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    await eventually(lambda: shown.page.findChild(TwoStepsDialog) is None)
    assert not shown.outbox.done


async def test_a_picture_is_erased_in_two_steps(shown: Shown) -> None:
    _, held = shown.outbox.deliveries
    shown.page.choose(batch_of(held).images[0].id)
    dialog = await _asked(shown, "Erase for ever…")
    reason = dialog.findChild(QLineEdit)
    assert reason is not None
    QTest.keyClicks(reason, "the subject asked for it")
    QTest.mouseClick(_part(dialog, "continue"), Qt.MouseButton.LeftButton)
    QTest.mouseClick(_part(dialog, "yes"), Qt.MouseButton.LeftButton)
    await eventually(lambda: shown.outbox.done)
    original_id = batch_of(held).images[0].rendition.original_id
    assert shown.outbox.done == [("erase", original_id, "the subject asked for it")]


async def test_the_window_stays_as_it_is_while_rows_are_chosen(shown: Shown, qtbot: QtBot) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    panel = OutboxPanel()
    window.setCentralWidget(panel)
    window.resize(1278, 646)
    window.show()
    _, held = shown.outbox.deliveries
    sent = make_delivery(ImageState.STORED, batch=BatchState.SUBMITTED)
    for delivery in (held, *shown.outbox.deliveries, sent, held):
        row = visit_row(delivery, Circumstances(START, "UTC"), {})
        panel.show_row(row)
        panel.show_row(row.children[0].children[0])
        assert (window.width(), window.height()) == (1278, 646)


async def test_of_an_unknown_computation_no_button_is_named_that_is_not_there(
    shown: Shown, qtbot: QtBot
) -> None:
    panel = OutboxPanel()
    qtbot.addWidget(panel)
    waiting = Waiting(trouble=trouble_with(ComputationUnknownError()))
    held = make_delivery(ImageState.STORED, batch=BatchState.HELD, waiting=waiting)
    unknown = replace(batch_of(held), held_from=BatchState.SUBMITTING)
    row = visit_row(replace(held, batches=(unknown,)), Circumstances(START), {})
    panel.show_row(row)
    words = " ".join(one.text() for one in panel.findChildren(QLabel))
    assert "Ask for the analysis again only" in words
    assert "release" not in words


async def test_no_fact_is_cut_at_the_panels_edge(shown: Shown) -> None:
    number = "0f21bd39-1c52-4a4e-bb0a-77d2a3f2c0de"
    sent = make_delivery(ImageState.STORED, batch=BatchState.SUBMITTED)
    batch = replace(batch_of(sent), platform_id=PlatformBatchId(number))
    shown.outbox.deliveries = (replace(sent, batches=(batch,)),)
    shown.model.refresh()
    await eventually(lambda: number in [one.text() for one in shown.page.findChildren(QLabel)])
    (found,) = [one for one in shown.page.findChildren(QLabel) if one.text() == number]
    assert found.fontMetrics().horizontalAdvance(number) <= found.contentsRect().width()


async def test_what_is_open_stays_open_when_the_list_grows(shown: Shown) -> None:
    shown.tree.expand(shown.model.model.index(1, 0))
    shown.outbox.deliveries = (make_delivery(ImageState.SEALED), *shown.outbox.deliveries)
    shown.model.refresh()
    await eventually(lambda: shown.model.model.rowCount() == 3)
    assert shown.tree.isExpanded(shown.model.model.index(2, 0))


async def test_an_empty_outbox_says_what_to_do(shown: Shown) -> None:
    shown.outbox.deliveries = ()
    shown.model.refresh()
    await eventually(lambda: shown.model.state is PageState.EMPTY)
    assert shown.button("Go to the subjects").isVisible()


async def test_pausing_changes_the_button(shown: Shown) -> None:
    QTest.mouseClick(shown.button("Pause sending"), Qt.MouseButton.LeftButton)
    await eventually(lambda: shown.model.head.summary.is_paused)
    assert shown.button("Resume sending").isVisible()


async def test_a_visits_receipts_are_asked_for(shown: Shown) -> None:
    resting, _ = shown.outbox.deliveries
    async with emitted(shown.page.receipts_wanted) as emission:
        QTest.mouseClick(shown.button("Save receipts…"), Qt.MouseButton.LeftButton)
    assert emission.args == (resting.visit.id,)


@pytest.mark.parametrize("total", (OutboxSummary(waiting_images=1), OutboxSummary(late=1)))
async def test_everything_is_tried_now_while_something_waits_or_is_late(
    shown: Shown, total: OutboxSummary
) -> None:
    button = shown.button("Try everything now")
    assert not button.isEnabled()
    shown.outbox.total = total
    async with emitted(shown.model.head_changed):
        shown.model.refresh()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    await eventually(lambda: ("retry", "all") in shown.outbox.done)


async def test_the_sending_sheet_sets_speed_and_time(shown: Shown) -> None:
    sheet = open_sheet(shown)
    part(sheet, QCheckBox, "is-limited").click()
    part(sheet, QDoubleSpinBox, "limit").setValue(1.5)
    part(sheet, QCheckBox, "has-window").click()
    part(sheet, QTimeEdit, "begins").setTime(QTime(20, 30))
    part(sheet, QPushButton, "set").click()
    await eventually(lambda: shown.outbox.rules.window is not None)
    night = Window(time(20, 30), time(7, 0))
    assert shown.outbox.rules == SendingRules(most_bytes_per_s=1_500_000, window=night)
    await eventually(lambda: "at most 1.5 MB/s" in shown.model.head.words)


async def test_the_sending_sheet_sets_the_rest_and_shows_it_again(shown: Shown) -> None:
    sheet = open_sheet(shown)
    part(sheet, QSpinBox, "rest").setValue(15)
    part(sheet, QPushButton, "set").click()
    await eventually(lambda: shown.outbox.rules == SendingRules(rest_minutes=15))
    await eventually(lambda: shown.page.window().findChild(SendingSheet) is None)
    again = open_sheet(shown)
    assert part(again, QSpinBox, "rest").value() == 15
    again.reject()


async def test_a_time_that_is_never_open_is_not_set(shown: Shown) -> None:
    sheet = open_sheet(shown)
    part(sheet, QCheckBox, "has-window").click()
    part(sheet, QTimeEdit, "ends").setTime(part(sheet, QTimeEdit, "begins").time())
    part(sheet, QPushButton, "set").click()
    assert sheet.isVisible()
    assert shown.outbox.rules == SendingRules()
    sheet.reject()


async def test_every_control_of_the_sending_sheet_has_a_name(shown: Shown) -> None:
    sheet = open_sheet(shown)
    assert not nameless(sheet)
    sheet.reject()


def open_sheet(shown: Shown) -> SendingSheet:
    """Open the sheet as a technician does."""
    QTest.mouseClick(shown.button("Sending…"), Qt.MouseButton.LeftButton)
    return part(shown.page.window(), SendingSheet, "sending")


def part(within: QWidget, kind: type[_Part], name: str) -> _Part:
    """Find a widget by its object name."""
    found = within.findChild(kind, name)
    assert isinstance(found, kind)
    return found


async def test_every_control_has_a_name(shown: Shown) -> None:
    assert not nameless(shown.page)


def nameless(page: QWidget) -> list[str]:
    """Visible controls that a screen reader could not name."""
    kinds = (QAbstractButton, QAbstractItemView, QLineEdit)
    controls = [c for kind in kinds for c in page.findChildren(kind) if c.isVisible()]
    return [repr(c) for c in controls if not c.accessibleName() and not _is_inner(c)]


def _is_inner(control: QWidget) -> bool:
    """Parts that Qt makes inside its own controls."""
    name = control.metaObject().className()
    return control.objectName().startswith("qt_") or name in {"QHeaderView", "QTableCornerButton"}


async def test_pictures_that_nobody_could_place_are_told_above_everything(shown: Shown) -> None:
    assert not shown.button("Say whose they are…").isVisible()
    shown.outbox.total, shown.outbox.deliveries = OutboxSummary(unplaced=3), ()
    shown.model.refresh()
    await eventually(lambda: shown.model.state is PageState.EMPTY)
    labels = [label.text() for label in shown.page.findChildren(QLabel) if label.isVisible()]
    assert "3 pictures wait for you to say whose they are" in labels
    async with emitted(shown.page.placing_wanted):
        QTest.keyClick(shown.page, Qt.Key.Key_J, Qt.KeyboardModifier.ControlModifier)


async def test_no_words_beside_a_row_are_cut_on_a_small_monitor(appearance: Appearance) -> None:
    deliveries = troubled()
    squeezed = []
    async with gallery(deliveries) as page:
        (panel,) = page.findChildren(OutboxPanel)
        for delivery in deliveries:
            page.choose(delivery.visit.id)
            for _ in range(LAYING_OUT):
                await asyncio.sleep(0)
            squeezed += [
                (delivery.subject_code, shown.text())
                for shown in panel.findChildren(QLabel)
                if shown.isVisible() and shown.height() < shown.heightForWidth(shown.width())
            ]
    assert squeezed == []
