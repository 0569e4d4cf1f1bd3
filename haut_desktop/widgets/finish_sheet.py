"""The finish sheet: everything once more, beside the subject's previous front view."""

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QCheckBox, QDialog, QGridLayout, QHBoxLayout, QPlainTextEdit, QWidget

from haut_desktop.domain.ids import OriginalId
from haut_desktop.domain.imaging import Side
from haut_desktop.viewmodels.capture import Confirmation
from haut_desktop.viewmodels.capture_words import SlotLine
from haut_desktop.viewmodels.outbox_confirm import is_reason
from haut_desktop.viewmodels.thumbnails import Thumbnails
from haut_desktop.viewmodels.words import count
from haut_desktop.widgets.badge import Badge
from haut_desktop.widgets.boxes import column, frame, held, row, scrolled
from haut_desktop.widgets.buttons import button, plain, primary_button
from haut_desktop.widgets.inline_problem import InlineProblem
from haut_desktop.widgets.labels import caption, heading, label, muted
from haut_desktop.widgets.picture_frame import PictureFrame
from haut_desktop.widgets.tokens import Tone


class FinishSheet(QDialog):
    """Asks whether these are this subject's pictures.

    A missing required view needs a reason, and so does computing pictures once more; pictures of
    another day need a yes of their own. No button is
    the default: that one would take a scanner's Enter, and a key that is held, for a person's.
    """

    confirmed = Signal(object, object)
    """Carries why a view is missing, and why pictures are computed once more; each may be empty."""

    def __init__(
        self, confirmation: Confirmation, thumbnails: Thumbnails, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._confirmation = confirmation
        self._thumbnails = thumbnails
        self._frames: list[tuple[OriginalId, PictureFrame]] = []
        self.setWindowTitle(f"Finish {confirmation.visit}")
        self.setObjectName("finish-sheet")
        self._reason = _reason_box(
            "missing-reason", "Reason why a required view is missing", "Why is it missing?"
        )
        self._again = _reason_box(
            "again-reason", "Reason why pictures are computed once more", "Why once more?"
        )
        self._reason.setPlainText(confirmation.reason)
        self._again.setPlainText(confirmation.reason_again)
        self._other_day = QCheckBox("&Checked: what was taken on another day belongs to this visit")
        self._other_day.setObjectName("other-day")
        self._other_day.setAccessibleName(plain(self._other_day.text()))
        self._finish = primary_button("&Finish visit", icon="check", tip="Finish visit (Enter)")
        self._finish.setObjectName("confirm-finish")
        self._back = button("&Back to the pictures", tip="Back to the pictures (Esc)")
        self._problem = InlineProblem(Tone.BAD)
        self._question = InlineProblem(Tone.WARN)
        self._day = InlineProblem(Tone.WARN)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        whole = column(self._head(), self._pictures(), *self._problems(), self._foot(), gap=12)
        whole.setStretch(1, 1)
        whole.setContentsMargins(24, 16, 24, 16)
        self.setLayout(whole)
        self._problem.say(" ".join(self._confirmation.problems))
        if self._confirmation.other_day:
            self._day.say("Another day", self._confirmation.other_day)
        if (again := self._confirmation.again) is not None:
            self._question.say(again.title, again.message)
        self.setMinimumSize(QSize(840, 520))
        self.resize(QSize(1080, 640))

    def _head(self) -> QWidget:
        shown = self._confirmation
        taken = sum(slot.counting is not None for slot in shown.slots)
        code = label(shown.subject_code, "title")
        words = label(shown.details, "muted")
        return held(row(code, words, None, Badge(count(taken, "picture"), Tone.ACCENT), gap=12))

    def _pictures(self) -> QWidget:
        # pictures stand in one line however much is said under each
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setRowStretch(0, 1)
        for place, slot in enumerate(self._confirmation.slots):
            picture, words = self._now(slot)
            grid.addWidget(picture, 0, place)
            grid.addWidget(words, 1, place)
            grid.setColumnStretch(place, 1)
        these = column(heading("This visit"), scrolled(held(grid)))
        both = row(gap=16)
        both.addLayout(these, 3)
        both.addWidget(frame("card", self._previous()), 1)
        return held(both)

    def _previous(self) -> QHBoxLayout:
        picture = PictureFrame(Side.FRONT, height=200)
        picture.setMinimumWidth(180)
        original_id = self._confirmation.previous_front
        words = "Is it the same person?"
        if original_id is None:
            picture.show_words("No earlier front view")
            words = "This is the subject's first visit with a front view."
        else:
            self._watch(original_id, picture)
        inside = column(heading("Previous front view"), picture, caption(words, wraps=True))
        inside.setStretch(1, 1)
        return row(inside, margins=(12, 12, 12, 12))

    def _now(self, slot: SlotLine) -> tuple[QWidget, QWidget]:
        """Make a slot's picture, and what is said under it."""
        picture = PictureFrame(slot.side, height=200)
        picture.setMinimumWidth(150)
        taken = slot.counting
        parts: list[QWidget] = [label(slot.title, "code")]
        if taken is None:
            picture.show_words("No picture")
            tone = Tone.BAD if slot.is_required else Tone.NEUTRAL
            parts.append(Badge("Missing, required" if slot.is_required else "Left out", tone))
        else:
            self._watch(taken.original_id, picture)
            parts += [Badge(mark.text, Tone(mark.tone), wraps=True) for mark in taken.marks[:2]]
            parts.append(caption(f"Take {taken.number} · {slot.hint.lower()}", wraps=True))
        return picture, held(column(*parts, None, gap=4))

    def _problems(self) -> list[QWidget]:
        self._reason.setVisible(bool(self._confirmation.problems))
        self._again.setVisible(self._confirmation.again is not None)
        self._other_day.setVisible(bool(self._confirmation.other_day))
        asked = [self._problem, self._reason, self._question, self._again]
        return [*asked, self._day, self._other_day]

    def _foot(self) -> QWidget:
        words = muted("While a finished visit rests it can be reopened; then its pictures go.")
        foot = row(words, self._back, self._finish)
        foot.setStretch(0, 1)
        return held(foot)

    def _connect(self) -> None:
        self._back.clicked.connect(self.reject)
        self._finish.clicked.connect(self._on_finish_clicked)
        for box in (self._reason, self._again):
            box.textChanged.connect(self._show_readiness)
        self._thumbnails.arrived.connect(self._on_thumbnail_arrived)
        self._other_day.toggled.connect(self._show_readiness)
        self._show_readiness()
        first = self._other_day if self._confirmation.other_day else self._finish
        (self._asked()[0] if self._asked() else first).setFocus()

    def _asked(self) -> list[QPlainTextEdit]:
        """The reasons that must be given."""
        missing = [self._reason] if self._confirmation.problems else []
        return missing + ([self._again] if self._confirmation.again is not None else [])

    def _watch(self, original_id: OriginalId, picture: PictureFrame) -> None:
        self._frames.append((original_id, picture))
        image = self._thumbnails.get(original_id)
        picture.show_image(image, is_expected=image is None)

    def _show_readiness(self) -> None:
        is_answered = self._other_day.isChecked() or not self._confirmation.other_day
        has_reasons = all(is_reason(box.toPlainText()) for box in self._asked())
        self._finish.setEnabled(is_answered and has_reasons)

    def _on_finish_clicked(self) -> None:
        reason, again = self._reason.toPlainText().strip(), self._again.toPlainText().strip()
        self.confirmed.emit(reason, again)
        self.accept()

    def _on_thumbnail_arrived(self, original_id: OriginalId) -> None:
        for watched, picture in self._frames:
            if watched == original_id:
                picture.show_image(self._thumbnails.get(original_id))


def _reason_box(name: str, what: str, hint: str) -> QPlainTextEdit:
    box = QPlainTextEdit()
    box.setObjectName(name)
    box.setAccessibleName(what)
    box.setPlaceholderText(hint)
    box.setTabChangesFocus(True)
    box.setFixedHeight(56)
    return box
