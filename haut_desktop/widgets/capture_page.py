"""The capture page: drop, paste or choose a visit's pictures, check them, finish the visit."""

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QGridLayout, QStackedWidget, QWidget

from haut_desktop.domain.ids import SlotId
from haut_desktop.viewmodels.capture import CaptureState, CaptureViewModel, Confirmation
from haut_desktop.viewmodels.picture_intake import Intake
from haut_desktop.widgets.ask import offer_pictures
from haut_desktop.widgets.boxes import column, held, scrolled
from haut_desktop.widgets.busy_bar import BusyBar
from haut_desktop.widgets.drop_area import DropArea
from haut_desktop.widgets.empty_state import EmptyState
from haut_desktop.widgets.finish_sheet import FinishSheet
from haut_desktop.widgets.rejected_list import RejectedList
from haut_desktop.widgets.slot_card import SlotCard
from haut_desktop.widgets.visit_chooser import VisitChooser
from haut_desktop.widgets.visit_foot import VisitFoot
from haut_desktop.widgets.visit_header import VisitHeader

_COLUMNS = 3


class CapturePage(DropArea):
    """No subject, no visit, a visit: each with its own first thing to do."""

    subject_wanted = Signal()
    results_wanted = Signal()
    asides_wanted = Signal()

    def __init__(self, view_model: CaptureViewModel) -> None:
        super().__init__()
        self._view_model = view_model
        self._cards: dict[SlotId, SlotCard] = {}
        self._nobody = EmptyState(
            "capture",
            "Whose visit is it?",
            "Open or register the subject in front of you; the visit's pictures go here.",
            action="&Find the subject",
        )
        self._reading = EmptyState("clock", "Reading the visits…", "This takes a moment.")
        self._elsewhere = EmptyState(
            "picture",
            "These pictures were taken elsewhere",
            "Another station or the web portal sent this visit. Its pictures and results are on "
            "the results page.",
            action="&See the results",
        )
        self._chooser = VisitChooser()
        self._header = VisitHeader()
        self._busy = BusyBar("Taking in pictures", can_stop=True)
        self._rejected = RejectedList()
        self._grid = QGridLayout()
        self._foot = VisitFoot()
        self._visit = self._visit_page()
        self._stack = QStackedWidget()
        for page in (self._nobody, self._reading, self._chooser, self._visit):
            self._stack.addWidget(page)
        self.setLayout(column(self._stack, gap=0))
        self._connect()
        self._on_view_model_changed(view_model.state)
        self._on_intake_changed(view_model.intake.state)
        self._rejected.show_rejected(view_model.intake.rejected)

    def show_asides(self, number: int) -> None:
        """Say how many of the visit's pictures stay behind."""
        self._header.show_asides(number)

    def _visit_page(self) -> QWidget:
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(16)
        for place in range(_COLUMNS):
            self._grid.setColumnStretch(place, 1)
        self._slots = QStackedWidget()
        self._slots.addWidget(scrolled(held(self._grid)))
        self._slots.addWidget(self._elsewhere)
        above = column(self._header, self._busy, self._rejected, self._slots, gap=12)
        above.setStretch(3, 1)
        above.setContentsMargins(24, 12, 24, 12)
        return held(column(held(above), self._foot, gap=0))

    def _connect(self) -> None:
        model = self._view_model
        self._nobody.acted.connect(self.subject_wanted)
        self._elsewhere.acted.connect(self.results_wanted)
        for chooser in (self._chooser, self._header):
            chooser.started.connect(model.start_visit)
            chooser.opened.connect(model.open_visit)
        self._header.asides_wanted.connect(self.asides_wanted)
        self._header.slot_wanted.connect(model.add_slot)
        self._header.files_wanted.connect(partial(self._choose_files, None))
        self._busy.stopped.connect(model.intake.stop)
        self._rejected.dismissed.connect(model.intake.forget_rejected)
        self._foot.finish_wanted.connect(model.ask_to_finish)
        self._foot.reopen_wanted.connect(model.reopen)
        self._foot.sending_wanted.connect(model.send_now)
        self._foot.next_wanted.connect(model.leave_subject)
        model.changed.connect(self._on_view_model_changed)
        model.intake.changed.connect(self._on_intake_changed)
        model.intake.rejected_changed.connect(self._rejected.show_rejected)
        model.confirmation_ready.connect(self._on_confirmation_ready)
        paste = QShortcut(QKeySequence(QKeySequence.StandardKey.Paste), self)
        paste.activated.connect(self._on_paste_activated)

    def _on_view_model_changed(self, state: CaptureState) -> None:
        focus = QApplication.focusWidget()
        had_focus = focus is not None and self.isAncestorOf(focus)
        if state.subject_code and not state.is_loading:
            self._chooser.show_state(state)
        self._header.show_state(state)
        self._foot.show_state(state)
        self._show_cards(state)
        is_open = state.visit_id is not None and not state.is_finished
        if is_open:
            self.take_drops(self._view_model.intake.take_in, self._view_model.intake.paste)
        else:
            self.take_drops(None, None)
        self._slots.setCurrentIndex(0 if state.slots or not state.is_finished else 1)
        self._turn_to(self._page_for(state), takes_focus=had_focus)

    def _turn_to(self, page: QWidget, *, takes_focus: bool) -> None:
        """Show a page; the focus stays on this page of the window, whatever it was on is gone."""
        self._stack.setCurrentWidget(page)
        focus = QApplication.focusWidget()
        is_there = focus is not None and page.isAncestorOf(focus)
        # also when the button that had it is hidden now: Qt would go on to the top bar
        if takes_focus and focus is not page and not is_there:
            page.setFocus(Qt.FocusReason.OtherFocusReason)

    def _page_for(self, state: CaptureState) -> QWidget:
        if not state.subject_code:
            return self._nobody
        if state.is_loading:
            return self._reading
        return self._chooser if state.visit_id is None else self._visit

    def _show_cards(self, state: CaptureState) -> None:
        wanted = [line.slot_id for line in state.slots]
        if list(self._cards) != wanted:
            self._rebuild(state)
        for line in state.slots:
            card = self._cards[line.slot_id]
            card.offer_slots(other for other in state.slots if other is not line)
            card.show_line(line, is_open=not state.is_finished)
            if state.is_finished:
                card.take_drops(None, None)
            else:
                self._open_card(card, line.slot_id)

    def _rebuild(self, state: CaptureState) -> None:
        for card in self._cards.values():
            self._grid.removeWidget(card)
            card.hide()
            card.deleteLater()
        self._cards = {}
        for number, line in enumerate(state.slots):
            card = SlotCard(line, self._view_model.thumbnails)
            card.files_wanted.connect(self._choose_files)
            card.take_chosen.connect(self._view_model.choose_take)
            card.take_moved.connect(self._view_model.move_take)
            card.take_removed.connect(self._view_model.remove_take)
            self._cards[line.slot_id] = card
            self._grid.addWidget(card, number // _COLUMNS, number % _COLUMNS)

    def _open_card(self, card: SlotCard, slot_id: SlotId) -> None:
        intake = self._view_model.intake
        card.take_drops(
            lambda paths: intake.take_in(paths, slot_id), lambda data: intake.paste(data, slot_id)
        )

    def _choose_files(self, slot_id: SlotId | None) -> None:
        intake, state = self._view_model.intake, self._view_model.state
        # bound now: another subject may be open when the choice is made
        if (take := intake.bound(slot_id)) is None:
            intake.tell_no_visit()
            return
        offer_pictures(self, take, f"Choose pictures for {state.subject_code}, {state.visit}")

    def _on_paste_activated(self) -> None:
        copied = QGuiApplication.clipboard().mimeData()
        if not self.takes_drops:
            self._view_model.intake.tell_no_visit()
        elif not self.hand_on(copied):
            self._view_model.intake.tell_nothing_to_paste()

    def _on_intake_changed(self, intake: Intake) -> None:
        self._foot.show_intake(is_going=intake.is_going)
        if not intake.is_going:
            self._busy.clear()
        elif intake.steps is None:
            self._busy.show_going(intake.words)
        else:
            self._busy.show_progress(*intake.steps, intake.words)

    def _on_confirmation_ready(self, confirmation: Confirmation) -> None:
        sheet = FinishSheet(confirmation, self._view_model.thumbnails, self)
        sheet.confirmed.connect(partial(self._view_model.finish, confirmation))
        sheet.finished.connect(sheet.deleteLater)
        sheet.open()
