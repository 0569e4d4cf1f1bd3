"""Saying whose a held picture is: look at it, choose subject, visit and view, then say yes."""

from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon, QKeyEvent, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QWidget,
)

from haut_desktop.domain.ids import OriginalId
from haut_desktop.domain.imaging import Side
from haut_desktop.viewmodels.outbox_confirm import erasure_of_held
from haut_desktop.viewmodels.placing import PlacingState, PlacingViewModel
from haut_desktop.viewmodels.placing_words import PictureLine, SubjectChoice
from haut_desktop.widgets.boxes import column, held, named, row
from haut_desktop.widgets.busy_bar import BusyBar
from haut_desktop.widgets.buttons import button, primary_button
from haut_desktop.widgets.fact_list import FactList
from haut_desktop.widgets.field import Field
from haut_desktop.widgets.inline_problem import InlineProblem
from haut_desktop.widgets.labels import caption, heading, label, muted, title
from haut_desktop.widgets.picture_frame import PictureFrame
from haut_desktop.widgets.tokens import Tone
from haut_desktop.widgets.two_steps_dialog import TwoStepsDialog

_ID: Final = int(Qt.ItemDataRole.UserRole)
_ICON: Final = 48
_LIST_WIDTH: Final = 208
_LOOK_WIDTH: Final = 304


class PlacingDialog(QDialog):
    """Esc leaves what is not placed waiting; it closes by itself when nothing waits any more.

    While a picture is being placed or erased it stays: a refusal is told here.
    """

    def __init__(self, view_model: PlacingViewModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._vm = view_model
        self._is_leaving = False
        self._reasoned: OriginalId | None = None
        """The picture whose reason is being typed."""
        self._listed: tuple[PictureLine, ...] = ()
        self._offered: tuple[SubjectChoice, ...] = ()
        self.setObjectName("placing")
        self.setWindowTitle("Whose pictures are these? – Haut Desktop")
        self._pictures = named(QListWidget(), "held-pictures")
        self._pictures.setAccessibleName("Pictures that wait for a subject")
        self._pictures.setIconSize(QSize(_ICON, _ICON))
        self._frame = PictureFrame(Side.OTHER, height=200)
        self._facts = FactList("What is known of the picture")
        self._why = muted("")
        self._note = InlineProblem(Tone.WARN)
        self._elsewhere = InlineProblem()
        self._search = named(QLineEdit(), "subject-search")
        self._search.setPlaceholderText("Type or scan a code")
        self._search_field = Field("&Subject", self._search)
        self._subjects = named(QListWidget(), "subjects-found")
        self._subjects.setAccessibleName("Subjects found")
        self._visit = named(QComboBox(), "visit")
        self._visit_field = Field("&Visit", self._visit)
        self._slot = named(QComboBox(), "slot")
        self._slot_field = Field("Vie&w", self._slot)
        self._reason = named(QLineEdit(), "reason")
        self._reason.setPlaceholderText("For example: compared with the paper list")
        self._reason_field = Field("&Reason", self._reason)
        self._sentence = label("", "heading", wraps=True)
        self._points = label("", wraps=True)
        self._stands = muted("")
        self._problem = InlineProblem()
        self._again = named(button("Try again", icon="retry", key="F5"), "look-again")
        self._placed = caption("")
        self._busy = BusyBar("Placing the picture")
        self._leave = named(button("&Later", tip="Later (Esc)"), "leave")
        self._erase = named(button("&Erase for ever…", icon="remove"), "erase")
        self._on = named(primary_button("&Continue…", tip="Continue (Enter)"), "continue")
        self._back = named(button("&Back"), "back")
        self._yes = named(primary_button("&Yes, it is this subject's"), "yes")
        self._steps = QStackedWidget()
        self._steps.addWidget(self._choosing())
        self._steps.addWidget(self._saying_again())
        self._lay_out()
        self._connect()
        self._on_changed(view_model.state)
        self._search.setFocus()
        view_model.load()

    # ---- layout --------------------------------------------------------------------------

    def _choosing(self) -> QWidget:
        page = column(
            self._search_field, self._subjects, self._visit_field, self._slot_field,
            self._reason_field, gap=8,
        )  # fmt: skip
        page.setStretch(1, 1)
        return held(page)

    def _saying_again(self) -> QWidget:
        return held(
            column(
                caption("Is this right?"), self._sentence, self._points,
                caption("The reason"), self._stands, None, gap=12,
            )
        )  # fmt: skip

    def _lay_out(self) -> None:
        look = held(column(self._frame, self._why, self._facts, gap=8))
        look.setFixedWidth(_LOOK_WIDTH)
        self._pictures.setFixedWidth(_LIST_WIDTH)
        body = row(self._pictures, look, self._steps, gap=16)
        body.setStretch(2, 1)
        trouble = row(self._problem, self._again, gap=12)
        trouble.setStretch(0, 1)
        foot = row(self._leave, self._erase, self._placed, None, self._back, self._on, self._yes)
        whole = column(
            title("Whose picture is this?"), self._note, self._elsewhere, body, trouble,
            self._busy, foot, gap=12, margins=(24, 20, 24, 20),
        )  # fmt: skip
        whole.setStretch(3, 1)
        self.setLayout(whole)
        self.setMinimumSize(QSize(1000, 640))

    def _connect(self) -> None:
        self._vm.changed.connect(self._on_changed)
        self._vm.emptied.connect(self.accept)
        self._vm.thumbnails.arrived.connect(self._on_thumbnail_arrived)
        self._pictures.currentItemChanged.connect(self._on_picture_chosen)
        self._search.textEdited.connect(self._vm.search)
        self._subjects.itemSelectionChanged.connect(self._on_subject_chosen)
        self._visit.activated.connect(
            lambda _index: self._vm.choose_visit(str(self._visit.currentData()))
        )
        self._slot.activated.connect(
            lambda _index: self._vm.choose_slot(str(self._slot.currentData()))
        )
        self._again.clicked.connect(self._vm.look_again)
        self._leave.clicked.connect(self.reject)
        self._erase.clicked.connect(self._on_erase_clicked)
        self._on.clicked.connect(lambda: self._vm.go_on(self._reason.text()))
        self._back.clicked.connect(self._vm.go_back)
        self._yes.clicked.connect(self._vm.confirm)

    # ---- what is chosen ------------------------------------------------------------------

    def _on_picture_chosen(self, now: QListWidgetItem | None) -> None:
        if now is not None:
            self._vm.choose_picture(now.data(_ID))

    def _on_subject_chosen(self) -> None:
        chosen = self._subjects.selectedItems()
        self._vm.choose_subject(chosen[0].data(_ID) if chosen else None)

    def _on_erase_clicked(self) -> None:
        picture = self._vm.state.picture
        if picture is None:
            return
        dialog = TwoStepsDialog(erasure_of_held(picture.spoken), self)
        dialog.confirmed.connect(lambda reason: self._vm.erase(picture.original_id, reason))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take a scanner's Enter behind a code for nothing but the end of the code."""
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if not (is_enter and self._search.hasFocus()):
            super().keyPressEvent(event)

    def reject(self) -> None:
        """Leave; what is being written down is written first."""
        if self._vm.state.is_busy:
            self._is_leaving = True
        else:
            super().reject()

    def _leave_if_wanted(self, state: PlacingState) -> None:
        if self._is_leaving and not state.is_busy:
            self._is_leaving = False
            if not state.problem_title:
                super().reject()

    # ---- what is shown -------------------------------------------------------------------

    def _on_changed(self, state: PlacingState) -> None:
        shown = state.picture.original_id if state.picture else None
        if shown != self._reasoned:
            self._reasoned = shown
            self._reason.clear()
        self._show_pictures(state)
        self._show_picture(state.picture)
        self._show_subjects(state)
        _fill(self._visit, [(v.key, v.words) for v in state.visits],
              state.visit.key if state.visit else "", "Choose the visit…")  # fmt: skip
        _fill(self._slot, [(s.key, s.words) for s in state.slots],
              state.slot.key if state.slot else "", "Choose the view…")  # fmt: skip
        if not self._search.hasFocus() or self._search.text() != state.text:
            self._search.setText(state.text)
        self._search_field.say(state.subject_problem)
        self._visit_field.say(state.visit_problem)
        self._slot_field.say(state.slot_problem)
        self._reason_field.say(state.reason_problem)
        self._problem.say(state.problem_title, state.problem)
        self._again.setVisible(state.has_failed)
        self._placed.setText(state.placed)
        if state.is_busy or state.is_loading:
            self._busy.show_going("Writing it down…" if state.is_busy else "Reading the pictures…")
        else:
            self._busy.clear()
        self._show_step(state)
        self._leave_if_wanted(state)

    def _show_step(self, state: PlacingState) -> None:
        step = 1 if state.sentence else 0
        has_moved = step != self._steps.currentIndex()
        self._sentence.setText(state.sentence)
        self._points.setText("\n".join(f"•  {point}" for point in state.points))
        self._points.setVisible(bool(state.points))
        self._stands.setText(state.reason)
        self._steps.setCurrentIndex(step)
        self._pictures.setEnabled(step == 0 and not state.is_busy)
        for each in (self._back, self._yes):
            each.setVisible(step == 1)
            each.setEnabled(not state.is_busy)
        self._erase.setVisible(step == 0)
        self._erase.setEnabled(state.picture is not None and not state.is_busy)
        self._leave.setEnabled(not state.is_busy)
        self._on.setVisible(step == 0)
        can_go_on = state.picture is not None and not state.picture.is_placed
        self._on.setEnabled(can_go_on and not state.is_busy)
        # on the second step Enter means the harmless answer
        self._on.setDefault(step == 0)
        self._back.setDefault(step == 1)
        if has_moved:
            (self._back if step else self._search).setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_pictures(self, state: PlacingState) -> None:
        if state.pictures != self._listed:
            self._listed = state.pictures
            self._pictures.blockSignals(True)
            self._pictures.clear()
            for line in state.pictures:
                item = QListWidgetItem(line.title, self._pictures)
                item.setData(_ID, line.original_id)
                item.setData(Qt.ItemDataRole.AccessibleTextRole, line.spoken)
                item.setSizeHint(QSize(0, _ICON + 8))
                self._show_icon(item)
            self._pictures.blockSignals(False)
        places = [line.original_id for line in state.pictures]
        if state.picture is not None and state.picture.original_id in places:
            self._pictures.blockSignals(True)
            self._pictures.setCurrentRow(places.index(state.picture.original_id))
            self._pictures.blockSignals(False)

    def _show_icon(self, item: QListWidgetItem) -> None:
        image = self._vm.thumbnails.get(item.data(_ID))
        if image is not None and not image.isNull():
            item.setIcon(QIcon(QPixmap.fromImage(image)))

    def _show_picture(self, line: PictureLine | None) -> None:
        self._note.say(line.note_title if line else "", line.note if line else "")
        twin = line.elsewhere if line else ""
        self._elsewhere.say("The same picture is there already" if twin else "", twin)
        self._why.setText(line.reason if line else "")
        self._why.setVisible(bool(line and line.reason))
        self._facts.show_facts(line.facts if line else ())
        image = self._vm.thumbnails.get(line.original_id) if line else None
        self._frame.show_image(image, is_expected=line is not None and image is None)
        is_broken = image is not None and image.isNull()
        self._frame.show_words("It can't be shown" if is_broken else "")

    def _show_subjects(self, state: PlacingState) -> None:
        found = self._subjects
        found.blockSignals(True)
        if state.subjects != self._offered:
            self._offered = state.subjects
            found.clear()
            for choice in state.subjects:
                item = QListWidgetItem(found)
                item.setData(_ID, choice.subject_id)
                item.setData(Qt.ItemDataRole.AccessibleTextRole, choice.spoken)
                words = _subject_words(choice)
                item.setSizeHint(QSize(0, words.sizeHint().height()))
                found.setItemWidget(item, words)
        ids = [choice.subject_id for choice in state.subjects]
        if state.subject is not None and state.subject.subject_id in ids:
            found.setCurrentRow(ids.index(state.subject.subject_id))
        else:
            found.clearSelection()
            found.setCurrentRow(-1)
        found.blockSignals(False)

    def _on_thumbnail_arrived(self, _original_id: object) -> None:
        for place in range(self._pictures.count()):
            self._show_icon(self._pictures.item(place))
        self._show_picture(self._vm.state.picture)


def _fill(box: QComboBox, choices: list[tuple[str, str]], taken: str, prompt: str) -> None:
    """Offer choices; nothing is taken until somebody takes it."""
    offered = [(str(box.itemData(i)), box.itemText(i)) for i in range(box.count())]
    if offered != choices:
        box.clear()
        for key, words in choices:
            box.addItem(words, key)
    box.setPlaceholderText(prompt)
    box.setCurrentIndex(next((i for i, (key, _) in enumerate(choices) if key == taken), -1))
    box.setEnabled(bool(choices))


def _subject_words(choice: SubjectChoice) -> QWidget:
    details = f"{choice.details}  ·  {choice.history}"
    words = held(column(heading(choice.code), caption(details), gap=2, margins=(12, 6, 12, 6)))
    words.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    return words
