"""The capture page: pictures by drop, paste and key into a visit, checked and finished."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QFileDialog,
    QFrame,
    QLineEdit,
    QListView,
    QListWidget,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
)
from pytestqt.qtbot import QtBot

from haut_desktop.domain.computed_before import ComputedBefore
from haut_desktop.domain.ids import BatchId, OriginalId
from haut_desktop.domain.retraction import Computed
from haut_desktop.domain.subjects import SubjectDetails
from haut_desktop.domain.visits import VisitStatus
from haut_desktop.services.changes import Change, Topic
from haut_desktop.services.tasks import TaskScope
from haut_desktop.widgets import buttons
from haut_desktop.widgets.capture_page import CapturePage
from haut_desktop.widgets.finish_sheet import FinishSheet
from haut_desktop.widgets.inline_problem import InlineProblem
from haut_desktop.widgets.picture_frame import PictureFrame
from haut_desktop.widgets.rail import Place
from haut_desktop.widgets.slot_card import SlotCard
from haut_desktop.widgets.visit_header import VisitHeader
from tests.fakes.builders import make_visit
from tests.fakes.clock import START
from tests.waiting import eventually
from tests.widgets.conftest import Office
from tests.widgets.drops import drop_files


async def open_visit(office: Office) -> None:
    """Open the first subject and start the first planned visit."""
    office.desk.open_subject(office.subjects.rows[0])
    office.window.go(Place.CAPTURE)
    start = await eventually(lambda: office.window.findChild(QPushButton, "start-visit"))
    assert start is not None
    start.click()
    await eventually(lambda: office.window.findChild(SlotCard, "slot-front"))


def takes(office: Office, side: str) -> int:
    line = office.find(SlotCard, f"slot-{side}").line
    return len(line.takes)


async def test_without_a_subject_the_page_sends_to_the_subjects(office: Office) -> None:
    office.window.go(Place.CAPTURE)
    page = office.window.page
    assert page is not None
    words = [button.text() for button in page.findChildren(QPushButton) if button.isVisible()]
    assert words == ["&Find the subject"]


async def test_the_next_planned_visit_is_offered_first(office: Office) -> None:
    office.desk.open_subject(office.subjects.rows[0])
    office.window.go(Place.CAPTURE)
    start = await eventually(lambda: office.window.findChild(QPushButton, "start-visit"))
    assert start is not None
    assert start.text() == "Start Baseline"


async def test_the_next_planned_visit_has_the_focus(office: Office) -> None:
    office.window.activateWindow()
    search = office.find(QLineEdit, "search")
    await eventually(lambda: office.find(QListView, "subjects").model().rowCount() == 2)
    QTest.keyClick(search, Qt.Key.Key_Return)
    office.window.go(Place.CAPTURE)
    start = await eventually(lambda: office.window.findChild(QPushButton, "start-visit"))
    await eventually(lambda: QApplication.focusWidget() is start)


async def test_a_picture_dropped_on_a_card_falls_into_its_slot(office: Office) -> None:
    await open_visit(office)
    assert drop_files(office.find(SlotCard, "slot-left"), Path("IMG_1.jpg"))
    await eventually(lambda: takes(office, "left") == 1)
    assert takes(office, "front") == 0


async def test_pictures_dropped_on_the_page_find_their_slots_by_name(office: Office) -> None:
    await open_visit(office)
    page = office.window.page
    assert page is not None
    header = office.find(QPushButton, "choose-files")
    assert drop_files(header, Path("front.jpg"), Path("right.jpg"))
    await eventually(lambda: takes(office, "front") == takes(office, "right") == 1)


@pytest.mark.parametrize("name", ["choose-files", "choose-front"])
async def test_chosen_files_are_for_the_visit_that_was_open_when_the_button_was_pressed(
    office: Office, name: str
) -> None:
    await open_visit(office)
    (meant,) = office.capture.all_visits
    if name == "choose-files":
        office.find(QPushButton, name).click()
    else:
        office.find(SlotCard, "slot-front")._choose.click()
    page = office.window.page
    assert isinstance(page, CapturePage)
    dialog = page.findChild(QFileDialog)
    assert dialog is not None
    assert dialog.windowTitle() == "Choose pictures for B-001, Baseline"
    office.desk.open_subject(office.subjects.rows[1])
    page._view_model.start_visit("Baseline")
    (other,) = await eventually(lambda: [v for v in office.capture.all_visits if v is not meant])
    await eventually(lambda: page._view_model.state.visit_id == other.id)
    dialog.filesSelected.emit(["a-front.jpg"])
    dialog.reject()
    taken = office.capture.shelves
    await eventually(lambda: any(shelf.takes for shelf in taken[meant.id]))
    assert not any(shelf.takes for shelf in taken[other.id])


async def test_no_files_are_chosen_while_no_visit_takes_pictures(office: Office) -> None:
    await open_visit(office)
    page = office.window.page
    assert isinstance(page, CapturePage)
    office.desk.open_subject(office.subjects.rows[1])  # its visits are still being read
    page._choose_files(None)
    assert page.findChild(QFileDialog) is None
    assert office.notices.current is not None
    assert office.notices.current.title == "No visit is open"


async def test_a_second_picture_becomes_the_take_that_counts(office: Office) -> None:
    await open_visit(office)
    drop_files(office.find(SlotCard, "slot-front"), Path("a.jpg"))
    await eventually(lambda: takes(office, "front") == 1)
    drop_files(office.find(SlotCard, "slot-front"), Path("b.jpg"))
    await eventually(lambda: takes(office, "front") == 2)
    counting = office.find(SlotCard, "slot-front").line.counting
    assert counting is not None
    assert counting.number == 2


async def test_the_first_take_can_be_chosen_again(office: Office) -> None:
    await test_a_second_picture_becomes_the_take_that_counts(office)
    card = office.find(SlotCard, "slot-front")
    first = next(b for b in card.findChildren(QPushButton) if b.text() == "1")
    first.click()
    await eventually(lambda: (taken := card.line.counting) and taken.number == 1)


async def test_the_chosen_take_keeps_the_focus_while_pictures_come(office: Office) -> None:
    await test_a_second_picture_becomes_the_take_that_counts(office)
    office.window.activateWindow()
    await eventually(office.window.isActiveWindow)
    card = office.find(SlotCard, "slot-front")
    first = next(b for b in card.findChildren(QPushButton) if b.text() == "1")
    first.setFocus()
    QTest.keyClick(first, Qt.Key.Key_Space)
    await eventually(lambda: (taken := card.line.counting) and taken.number == 1)
    drop_files(card, Path("c.jpg"))
    await eventually(lambda: takes(office, "front") == 3)
    focus = QApplication.focusWidget()
    assert isinstance(focus, QPushButton)
    assert focus.accessibleName().startswith("Take 1 of ")
    texts = [b.text() for b in card._takes.findChildren(QPushButton)]
    assert texts == ["1", "2", "✓ 3"]


async def test_a_removed_picture_leaves_an_empty_slot(office: Office) -> None:
    await open_visit(office)
    drop_files(office.find(SlotCard, "slot-front"), Path("a.jpg"))
    await eventually(lambda: takes(office, "front") == 1)
    office.find(SlotCard, "slot-front")._remove.click()
    await eventually(lambda: takes(office, "front") == 0)


async def test_a_picture_in_the_wrong_slot_is_moved_by_its_cards_menu(office: Office) -> None:
    await open_visit(office)
    drop_files(office.find(SlotCard, "slot-front"), Path("a.jpg"))
    await eventually(lambda: takes(office, "front") == 1)
    card = office.find(SlotCard, "slot-front")
    move = card.findChild(QToolButton, "move-picture")
    assert move is not None
    move.setFocus()
    QTest.keyClick(move, Qt.Key.Key_Space)
    menu = card.findChild(QMenu)
    assert menu is not None
    await eventually(menu.isVisible)
    assert [entry.text() for entry in menu.actions()] == ["Left", "Right"]
    QTest.keyClick(menu, Qt.Key.Key_Down)
    QTest.keyClick(menu, Qt.Key.Key_Return)
    await eventually(lambda: takes(office, "left") == 1)
    assert takes(office, "front") == 0


async def test_a_finished_visits_pictures_are_not_moved(office: Office) -> None:
    await finish_visit(office)
    move = office.find(SlotCard, "slot-front").findChild(QToolButton, "move-picture")
    assert move is not None
    assert not move.isVisible()


async def test_a_refused_file_is_named_with_its_reason_and_stops_nothing(office: Office) -> None:
    await open_visit(office)
    page = office.window.page
    assert page is not None
    drop_files(office.find(QPushButton, "choose-files"), Path("bad.pdf"), Path("front.jpg"))
    await eventually(lambda: takes(office, "front") == 1)
    rejected = office.find(QFrame, "rejected").findChild(QListWidget)
    assert rejected is not None
    assert rejected.item(0).text() == "bad.pdf: Picture not taken in. This is not a picture."


async def test_what_was_refused_pushes_no_button_of_a_card_off_the_screen(office: Office) -> None:
    await open_visit(office)
    drop_files(office.find(QPushButton, "choose-files"), Path("bad.pdf"), Path("front.jpg"))
    await eventually(lambda: takes(office, "front") == 1)
    await eventually(office.find(QFrame, "rejected").isVisible)
    choose = office.find(SlotCard, "slot-front")._choose
    await eventually(lambda: choose.visibleRegion().boundingRect() == choose.rect())


async def test_a_pasted_picture_is_taken_in(office: Office) -> None:
    await open_visit(office)
    image = QImage(8, 8, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    mime = QMimeData()
    mime.setImageData(image)
    QGuiApplication.clipboard().setMimeData(mime)
    office.window.activateWindow()
    await eventually(office.window.isActiveWindow)
    QTest.keyClick(office.window, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    await eventually(lambda: takes(office, "front") == 1)
    # what Python made must not be left to the clipboard when the interpreter ends
    QGuiApplication.clipboard().clear()


def _told(office: Office) -> str:
    notice = office.notices.current
    return notice.title if notice else ""


async def test_what_cannot_be_pasted_is_said(office: Office) -> None:
    await open_visit(office)
    office.window.activateWindow()
    await eventually(office.window.isActiveWindow)
    QGuiApplication.clipboard().setText("P-001")
    QTest.keyClick(office.window, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    await eventually(lambda: _told(office) == "There is no picture to paste")
    office.notices.dismiss()
    office.desk.open_subject(None)
    office.window.go(Place.CAPTURE)
    QTest.keyClick(office.window, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    await eventually(lambda: _told(office) == "No visit is open")
    QGuiApplication.clipboard().clear()


async def test_progress_says_what_is_left_and_can_be_stopped(office: Office) -> None:
    await open_visit(office)
    office.capture.gate.clear()
    page = office.window.page
    assert page is not None
    paths = [Path(f"front{number}.jpg") for number in range(3)]
    drop_files(office.find(QPushButton, "choose-files"), *paths)
    stop = next(b for b in page.findChildren(QPushButton) if b.text() == "Stop")
    await eventually(stop.isVisible)
    stop.click()
    await eventually(lambda: not stop.isVisible())
    assert takes(office, "front") == 0


async def test_finishing_waits_until_the_last_picture_is_there(office: Office) -> None:
    await open_visit(office)
    drop_files(office.find(SlotCard, "slot-front"), Path("a.jpg"))
    finish = office.find(QPushButton, "finish-visit")
    await eventually(finish.isEnabled)
    office.capture.gate.clear()
    drop_files(office.find(SlotCard, "slot-left"), Path("b.jpg"))
    await eventually(lambda: not finish.isEnabled())
    office.capture.gate.set()
    await eventually(finish.isEnabled)


async def test_the_thumbnail_fills_the_card(office: Office) -> None:
    await open_visit(office)
    drop_files(office.find(SlotCard, "slot-front"), Path("a.jpg"))
    picture = office.find(SlotCard, "slot-front")._picture

    def middle() -> str:
        grabbed = picture.grab().toImage()
        return grabbed.pixelColor(grabbed.width() // 2, grabbed.height() // 2).name()

    await eventually(lambda: middle() == "#2f8f4f")


async def open_sheet(office: Office) -> FinishSheet:
    finish = office.find(QPushButton, "finish-visit")
    await eventually(finish.isEnabled)
    finish.click()
    sheet = await eventually(lambda: office.window.findChild(FinishSheet))
    assert sheet is not None
    return sheet


async def test_a_missing_required_view_is_finished_with_a_reason_only(office: Office) -> None:
    await open_visit(office)
    drop_files(office.find(SlotCard, "slot-left"), Path("a.jpg"))
    await eventually(lambda: takes(office, "left") == 1)
    sheet = await open_sheet(office)
    finish = sheet.findChild(QPushButton, "confirm-finish")
    reason = sheet.findChild(QPlainTextEdit, "missing-reason")
    assert finish is not None
    assert reason is not None
    assert not finish.isEnabled()
    reason.setPlainText("Subject left early")
    finish.click()
    await eventually(lambda: office.capture.reasons == ["Subject left early"])


async def test_computed_pictures_go_once_more_with_a_reason_only(office: Office) -> None:
    await open_visit(office)
    drop_files(office.find(SlotCard, "slot-front"), Path("a.jpg"))
    await eventually(lambda: takes(office, "front") == 1)
    (visit,) = office.capture.all_visits
    counting = office.capture.shelves[visit.id][0].counting
    assert counting is not None
    sha256 = counting.rendition.digest.sha256
    office.capture.before = [ComputedBefore(sha256, BatchId("first"), Computed.YES)]
    sheet = await open_sheet(office)
    finish = sheet.findChild(QPushButton, "confirm-finish")
    again = sheet.findChild(QPlainTextEdit, "again-reason")
    missing = sheet.findChild(QPlainTextEdit, "missing-reason")
    assert finish is not None
    assert again is not None
    assert missing is not None
    assert (again.isVisible(), missing.isVisible()) == (True, False)
    assert again.hasFocus()
    assert any("computed already" in each.text for each in sheet.findChildren(InlineProblem))
    assert not finish.isEnabled()
    again.setPlainText("The scores were lost")
    finish.click()
    await eventually(lambda: office.capture.again == ["The scores were lost"])


async def test_pictures_of_another_day_are_finished_with_a_yes_to_them_only(
    office: Office,
) -> None:
    await open_visit(office)
    drop_files(office.find(SlotCard, "slot-front"), Path("a.jpg"))
    await eventually(lambda: takes(office, "front") == 1)
    (visit,) = office.capture.all_visits
    front, *others = office.capture.shelves[visit.id]
    (taken,) = front.takes
    captured = replace(taken.original.captured, utc=START - timedelta(days=1))
    taken = replace(taken, original=replace(taken.original, captured=captured))
    office.capture.shelves[visit.id] = [replace(front, takes=(taken,)), *others]
    sheet = await open_sheet(office)
    finish = sheet.findChild(QPushButton, "confirm-finish")
    yes = sheet.findChild(QCheckBox, "other-day")
    assert finish is not None
    assert yes is not None
    assert yes.isVisible()
    assert yes.hasFocus()
    assert not finish.isEnabled()
    yes.click()
    assert finish.isEnabled()
    yes.click()
    assert not finish.isEnabled()
    yes.click()
    finish.click()
    await eventually(lambda: office.capture.days_checked == [True])


async def test_a_scanners_enter_does_not_finish_a_visit(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buttons, "HASTE_MS", 3_600_000)
    sheet = await full_sheet(office)
    QTest.keyClicks(sheet.focusWidget(), "B-002")
    QTest.keyClick(sheet.focusWidget(), Qt.Key.Key_Return)
    assert sheet.isVisible()
    assert not sheet.result()


async def test_enter_finishes_a_visit(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buttons, "HASTE_MS", 0)
    sheet = await full_sheet(office)
    QTest.keyClick(sheet.focusWidget(), Qt.Key.Key_Return)
    assert not sheet.isVisible()
    await eventually(lambda: office.find(QPushButton, "next-subject").isVisible())


async def full_sheet(office: Office) -> FinishSheet:
    """The finish sheet of a visit of which nothing is missing."""
    await open_visit(office)
    drop_files(office.find(SlotCard, "slot-front"), Path("a.jpg"))
    await eventually(lambda: takes(office, "front") == 1)
    sheet = await open_sheet(office)
    await eventually(sheet.isVisible)
    assert sheet.focusWidget() is sheet.findChild(QPushButton, "confirm-finish")
    return sheet


async def test_pictures_of_a_visit_are_shown_equally_large(office: Office) -> None:
    await open_visit(office)
    page = office.window.page
    assert page is not None
    add = next(b for b in page.findChildren(QPushButton) if b.text() == "&Add a slot")
    next(action for action in add.menu().actions() if action.text() == "Other").trigger()
    await eventually(lambda: len(page.findChildren(SlotCard)) == 4)
    for side in ("front", "left", "right"):
        drop_files(office.find(SlotCard, f"slot-{side}"), Path(f"{side}.jpg"))
        await eventually(partial(takes, office, side))
    sheet = await open_sheet(office)
    await eventually(sheet.isVisible)
    this_visit = sheet.findChildren(PictureFrame)[:4]
    widths = {frame.width() for frame in this_visit}
    assert max(widths) - min(widths) <= 1


async def finish_visit(office: Office) -> None:
    await open_visit(office)
    drop_files(office.find(SlotCard, "slot-front"), Path("a.jpg"))
    await eventually(lambda: takes(office, "front") == 1)
    sheet = await open_sheet(office)
    button = sheet.findChild(QPushButton, "confirm-finish")
    assert button is not None
    button.click()
    await eventually(lambda: office.find(QPushButton, "next-subject").isVisible())


async def test_a_finished_visit_says_when_it_goes_and_takes_no_drop(office: Office) -> None:
    await finish_visit(office)
    page = office.window.page
    assert page is not None
    assert office.capture.all_visits[0].status is VisitStatus.FINISHED
    assert not drop_files(office.find(SlotCard, "slot-left"), Path("b.jpg"))


async def test_a_resting_visit_is_reopened_by_its_key(office: Office) -> None:
    await finish_visit(office)
    office.find(QPushButton, "reopen-visit").click()
    await eventually(lambda: office.find(QPushButton, "finish-visit").isVisible())


async def test_the_focus_stays_on_the_page_when_its_button_goes(office: Office) -> None:
    await finish_visit(office)
    office.window.activateWindow()
    office.find(QPushButton, "next-subject").setFocus()
    header = office.window.findChild(VisitHeader)
    assert header is not None
    header.started.emit("Week 4")
    await eventually(lambda: office.find(QPushButton, "finish-visit").isVisible())
    focus, page = QApplication.focusWidget(), office.window.page
    assert focus is not None
    assert page is not None
    assert page.isAncestorOf(focus)


async def test_next_subject_leads_back_to_the_list(office: Office) -> None:
    await finish_visit(office)
    office.find(QPushButton, "next-subject").click()
    assert office.window.place is Place.SUBJECTS
    assert office.desk.subject is None


async def test_the_finish_sheet_shows_the_previous_front_view(office: Office) -> None:
    office.capture.previous = OriginalId("earlier")
    await open_visit(office)
    drop_files(office.find(SlotCard, "slot-front"), Path("a.jpg"))
    await eventually(lambda: takes(office, "front") == 1)
    sheet = await open_sheet(office)
    watched = {original_id for original_id, _ in sheet._frames}
    assert OriginalId("earlier") in watched
    sheet.reject()


async def test_another_subjects_visit_is_gone_at_once(office: Office) -> None:
    await open_visit(office)
    office.desk.open_subject(office.subjects.rows[1])
    page = office.window.page
    assert page is not None
    assert not [card for card in page.findChildren(SlotCard) if card.isVisible()]


@pytest.mark.parametrize("side", ("Front", "Left", "Right", "Other"))
async def test_a_free_slot_can_be_added(office: Office, side: str) -> None:
    await open_visit(office)
    page = office.window.page
    assert page is not None
    add = next(b for b in page.findChildren(QPushButton) if b.text() == "&Add a slot")
    menu = add.menu()
    next(action for action in menu.actions() if action.text() == side).trigger()
    await eventually(lambda: len(page.findChildren(SlotCard)) == 4)


async def test_a_visit_that_was_taken_elsewhere_leads_to_its_results(
    office: Office, qtbot: QtBot
) -> None:
    subject = office.subjects.rows[0]
    visit = replace(
        make_visit(office.capture.study, subject, "Week 4"), status=VisitStatus.FINISHED
    )
    office.capture.all_visits.append(visit)
    office.capture.shelves[visit.id] = []
    office.desk.open_subject(subject)
    office.window.go(Place.CAPTURE)
    past = await eventually(lambda: office.window.findChild(QPushButton, "past-visit"))
    assert past is not None
    past.click()
    page = office.window.page
    assert isinstance(page, CapturePage)
    act = await eventually(lambda: shown_button(page, "&See the results"))
    assert act is not None
    with qtbot.waitSignal(page.results_wanted):
        act.click()


def shown_button(page: CapturePage, text: str) -> QPushButton | None:
    buttons = page.findChildren(QPushButton)
    return next((b for b in buttons if b.isVisible() and b.text() == text), None)


async def test_the_focus_stays_on_the_page_when_a_visit_is_started(office: Office) -> None:
    office.desk.open_subject(office.subjects.rows[0])
    office.window.go(Place.CAPTURE)
    start = await eventually(lambda: office.window.findChild(QPushButton, "start-visit"))
    assert start is not None
    start.setFocus()
    start.click()
    await eventually(lambda: office.window.findChild(SlotCard, "slot-front"))
    page, focus = office.window.page, QApplication.focusWidget()
    assert page is not None
    assert focus is not None
    assert page.isAncestorOf(focus)


async def test_news_of_the_open_subject_do_not_take_the_choice_away(office: Office) -> None:
    subject = office.subjects.rows[0]
    office.desk.open_subject(subject)
    office.window.go(Place.CAPTURE)
    start = await eventually(lambda: office.window.findChild(QPushButton, "start-visit"))
    assert start is not None
    office.desk.open_subject(replace(subject, details=SubjectDetails(birth_year=1984)))
    assert start.isVisible()


async def test_a_reason_stands_in_the_sheet_again_when_the_finish_was_refused(
    office: Office,
) -> None:
    await open_visit(office)
    drop_files(office.find(SlotCard, "slot-left"), Path("a.jpg"))
    await eventually(lambda: takes(office, "left") == 1)
    sheet = await open_sheet(office)
    box = sheet.findChild(QPlainTextEdit, "missing-reason")
    assert box is not None
    box.setPlainText("the camera broke")
    visit_id = office.capture.all_visits[0].id
    await office.capture.take_in_all(visit_id, [Path("right.jpg")], lambda _: None)
    finish = sheet.findChild(QPushButton, "confirm-finish")
    assert finish is not None
    finish.click()
    await eventually(lambda: office.notices.current)
    await eventually(lambda: office.window.findChild(FinishSheet) is None)
    box = (await open_sheet(office)).findChild(QPlainTextEdit, "missing-reason")
    assert box is not None
    assert box.toPlainText() == "the camera broke"


async def test_an_open_menu_keeps_the_marked_entry_while_news_come(
    office: Office, tasks: TaskScope
) -> None:
    await open_visit(office)
    drop_files(office.find(SlotCard, "slot-front"), Path("a.jpg"))
    await eventually(lambda: takes(office, "front") == 1)
    header, card = office.window.findChild(VisitHeader), office.find(SlotCard, "slot-front")
    assert header is not None
    for menu in (header._new_menu, card._others):
        menu.popup(office.window.pos())
        menu.setActiveAction(menu.actions()[1])
        marked = menu.activeAction().text()
        office.changes.send(Change(Topic.VISITS))
        await eventually(lambda: not tasks.running())
        assert menu.activeAction() is not None
        assert menu.activeAction().text() == marked
        menu.close()
