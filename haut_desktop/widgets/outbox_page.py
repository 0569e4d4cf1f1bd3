"""The outbox page: what waits and why, by visit, batch and picture."""

from typing import Final

from PySide6.QtCore import QItemSelection, Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHeaderView, QStackedWidget, QTreeView, QWidget

from haut_desktop.viewmodels.outbox import (
    OutboxHead,
    OutboxViewModel,
    PageState,
)
from haut_desktop.viewmodels.outbox_confirm import confirmation_of
from haut_desktop.viewmodels.outbox_model import OutboxColumn
from haut_desktop.viewmodels.outbox_rows import Deed, OutboxRow
from haut_desktop.viewmodels.phrase import Mood, Phrase
from haut_desktop.widgets.badge import Badge
from haut_desktop.widgets.boxes import card, column, held, row
from haut_desktop.widgets.buttons import button, give_key, primary_button, quiet_button
from haut_desktop.widgets.empty_state import EmptyState
from haut_desktop.widgets.icons import dress
from haut_desktop.widgets.inline_problem import InlineProblem
from haut_desktop.widgets.labels import muted, title
from haut_desktop.widgets.outbox_delegates import PlainDelegate, ProgressDelegate, StateDelegate
from haut_desktop.widgets.outbox_panel import OutboxPanel
from haut_desktop.widgets.sending_sheet import SendingSheet
from haut_desktop.widgets.tokens import Tone
from haut_desktop.widgets.two_steps_dialog import TwoStepsDialog

_WIDTHS: Final = {
    OutboxColumn.STATE: 272,
    OutboxColumn.PROGRESS: 128,
    OutboxColumn.SIZE: 76,
    OutboxColumn.AGE: 104,
    OutboxColumn.NEXT_TRY: 92,
}

_UNPLACED: Final = "They are sealed on this station, and nothing of them is sent before that."


class OutboxPage(QWidget):
    """Lists deliveries; the chosen one is explained beside the list."""

    subjects_wanted = Signal()
    visit_reopened = Signal(object)
    """Carries the id of a visit that is taken back to the capture page."""
    decision_wanted = Signal(object)
    """Carries the held registration that a person decides about."""
    placing_wanted = Signal()
    """Somebody wants to say whose the pictures are that nobody could place."""
    receipts_wanted = Signal(object)
    """Carries the id of the visit whose proofs somebody wants to have as files."""

    def __init__(self, view_model: OutboxViewModel) -> None:
        super().__init__()
        self._vm = view_model
        self._chosen = ""
        self._open: set[str] = set()
        self._words = muted("", wraps=False)
        self._words.setAccessibleName("Outbox in one line")
        self._obstacle = Badge()
        self._retry = button("Try everything now", icon="retry", key="F5")
        self._pause = button("Pause sending", icon="pause", key="Ctrl+P")
        self._rules = button("Sending…", icon="clock", key="Ctrl+Shift+S")
        self._more = quiet_button("Show older visits", icon="down", key="Ctrl+M")
        self._unplaced = InlineProblem(Tone.WARN)
        self._place = primary_button("Say whose they are…", icon="subjects", key="Ctrl+J")
        self._waiting = held(row(self._unplaced, self._place, gap=12))
        self._tree = self._make_tree()
        self._panel = OutboxPanel()
        self._empty = EmptyState("outbox", "", "")
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._make_body())
        head = row(
            column(title("Outbox"), row(self._words, self._obstacle, None), gap=4),
            None, self._retry, self._rules, self._pause,
        )  # fmt: skip
        self.setLayout(column(head, self._waiting, self._stack, gap=16, margins=(24, 20, 24, 20)))
        self._wire()
        self._waiting.hide()
        self.setFocusProxy(self._tree)
        self._on_state_changed(view_model.state)

    def _make_tree(self) -> QTreeView:
        tree = QTreeView()
        tree.setModel(self._vm.model)
        tree.setAccessibleName("Deliveries by visit, batch and picture")
        tree.setUniformRowHeights(True)
        tree.setSelectionBehavior(QTreeView.SelectionBehavior.SelectRows)
        tree.setAllColumnsShowFocus(True)
        tree.setItemDelegate(PlainDelegate(tree))
        tree.setItemDelegateForColumn(OutboxColumn.STATE, StateDelegate(tree))
        tree.setItemDelegateForColumn(OutboxColumn.PROGRESS, ProgressDelegate(tree))
        header = tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(OutboxColumn.TITLE, QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for section, width in _WIDTHS.items():
            tree.setColumnWidth(section, width)
        return tree

    def _make_body(self) -> QWidget:
        body = QWidget()
        listed = card(self._tree, row(None, self._more, None), pad=1, gap=0)
        body.setLayout(row(listed, self._panel, gap=16))
        return body

    def _wire(self) -> None:
        self._vm.head_changed.connect(self._on_head_changed)
        self._vm.state_changed.connect(self._on_state_changed)
        self._vm.rows_changed.connect(self._on_rows_changed)
        self._vm.model.modelReset.connect(self._on_model_reset)
        self._tree.selectionModel().selectionChanged.connect(self._on_selection_changed)
        self._tree.expanded.connect(lambda index: self._open.add(self._id_at(index)))
        self._tree.collapsed.connect(lambda index: self._open.discard(self._id_at(index)))
        self._vm.reopened.connect(self.visit_reopened)
        self._panel.deed_chosen.connect(self._on_deed_chosen)
        self._retry.clicked.connect(self._vm.retry_all)
        self._pause.clicked.connect(self._vm.toggle_pause)
        self._rules.clicked.connect(self._on_rules_clicked)
        self._more.clicked.connect(self._vm.show_more)
        self._empty.acted.connect(self._on_empty_acted)
        self._place.clicked.connect(self.placing_wanted)

    def choose(self, row_id: str) -> None:
        """Choose a row by its id and open what is above it."""
        index = self._vm.model.find(row_id)
        if index.isValid():
            self._tree.setCurrentIndex(index)

    def _on_head_changed(self, head: OutboxHead) -> None:
        self._words.setText(head.words)
        obstacle = head.obstacle
        self._obstacle.say(
            obstacle.text if obstacle else "",
            Tone(obstacle.mood.value) if obstacle else Tone.NEUTRAL,
        )
        is_paused = head.summary.is_paused
        words, icon = ("Resume sending", "play") if is_paused else ("Pause sending", "pause")
        self._pause.setText(words)
        self._pause.setAccessibleName(words)
        dress(self._pause, icon)
        give_key(self._pause, "Ctrl+P")
        self._show_unplaced(head.unplaced)
        has_to_try = bool(head.summary.waiting_images or head.summary.late)
        self._retry.setEnabled(has_to_try and not is_paused)

    def _show_unplaced(self, phrase: Phrase | None) -> None:
        if phrase is not None:
            self._unplaced.set_tone(Tone.BAD if phrase.mood is Mood.BAD else Tone.WARN)
        self._unplaced.say(phrase.text if phrase else "", _UNPLACED if phrase else "")
        self._waiting.setVisible(phrase is not None)

    def _on_state_changed(self, state: PageState) -> None:
        if state is PageState.LOADING:
            self._empty.say("clock", "Reading the outbox", "One moment.")
        elif state is PageState.EMPTY:
            self._empty.say(
                "outbox",
                "Nothing has been sent yet",
                "Finish a visit on the capture page: its pictures are sealed on this station, "
                "appear here, and go to the platform by themselves.",
                action="Go to the subjects",
            )
        elif state is PageState.FAILED and self._vm.error is not None:
            error = self._vm.error
            self._empty.say(
                "problem", error.title, error.message, action="Try again", tone=Tone.BAD
            )
        self._stack.setCurrentIndex(1 if state is PageState.READY else 0)
        self._more.setVisible(self._vm.has_more)

    def _on_rules_clicked(self) -> None:
        sheet = SendingSheet(self._vm.rules, self._vm.zone, self.window())
        sheet.chosen.connect(self._vm.set_rules)
        sheet.finished.connect(sheet.deleteLater)
        sheet.open()

    def _on_empty_acted(self) -> None:
        if self._vm.state is PageState.EMPTY:
            self.subjects_wanted.emit()
        else:
            self._vm.refresh()

    def _id_at(self, index: object) -> str:
        found = self._vm.model.row_at(index)  # type: ignore[arg-type] # a QModelIndex by the signal
        return found.id if found else ""

    def _on_model_reset(self) -> None:
        for row_id in tuple(self._open):
            self._tree.expand(self._vm.model.find(row_id))
        self.choose(self._chosen)

    def _on_rows_changed(self) -> None:
        if not self._tree.currentIndex().isValid() and self._vm.model.rowCount():
            self._tree.setCurrentIndex(self._vm.model.index(0, 0))
        self._panel.show_row(self._vm.model.row_at(self._tree.currentIndex()))

    def _on_selection_changed(self, _now: QItemSelection, _before: QItemSelection) -> None:
        found = self._vm.model.row_at(self._tree.currentIndex())
        if found is not None:
            self._chosen = found.id
        self._panel.show_row(found)

    def _on_deed_chosen(self, deed: Deed, chosen: OutboxRow, reason: str) -> None:
        match deed:
            case Deed.RETRY:
                self._vm.retry(chosen)
            case Deed.HOLD:
                self._vm.hold(chosen, reason)
            case Deed.RELEASE:
                self._vm.release(chosen, reason)
            case Deed.COMPUTE_AGAIN:
                self._vm.compute_again(chosen, reason)
            case Deed.REOPEN:
                self._vm.reopen(chosen)
            case Deed.SEND_NOW:
                self._vm.send_now(chosen)
            case Deed.RETRACT | Deed.ERASE:
                self._ask_twice(deed, chosen)
            case Deed.DECIDE:
                self.decision_wanted.emit(chosen.held_registration)
            case Deed.RECEIPTS:
                self.receipts_wanted.emit(chosen.visit_id)

    def _ask_twice(self, deed: Deed, chosen: OutboxRow) -> None:
        """Open the two steps; the deed is done for the row that was chosen, whatever comes."""
        dialog = TwoStepsDialog(confirmation_of(deed, chosen), self)
        do = self._vm.erase if deed is Deed.ERASE else self._vm.retract
        dialog.confirmed.connect(lambda reason: do(chosen, reason))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def showEvent(self, event: QShowEvent) -> None:
        """Read when seen."""
        super().showEvent(event)
        self._vm.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Rest when not seen."""
        super().hideEvent(event)
        self._vm.stop()
