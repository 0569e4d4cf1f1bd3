"""Unlock: what stands between this account and the station, and the ways that lead on."""

from enum import Enum, auto

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QLayout, QStackedWidget, QWidget

from haut_desktop.domain.errors import HautError
from haut_desktop.viewmodels.spool import SpoolState, SpoolViewModel
from haut_desktop.viewmodels.unlocking import Impasse, Way, impasse_of
from haut_desktop.widgets.boxes import column, held, line, named, row, scrolled
from haut_desktop.widgets.busy_bar import BusyBar
from haut_desktop.widgets.buttons import button, plain, primary_button
from haut_desktop.widgets.cover import Cover
from haut_desktop.widgets.field import Field
from haut_desktop.widgets.inline_problem import InlineProblem
from haut_desktop.widgets.labels import muted, title
from haut_desktop.widgets.secret_edit import SecretEdit
from haut_desktop.widgets.spool_page import SpoolPage

_PROMISE = "The station's pictures are sealed. Its keys lie in your account's keyring."
_KEY_HELP = (
    "Printed when the station was set up. An account whose keyring works needs it only once."
)


class Answer(Enum):
    """What the user wants of a station that didn't open."""

    LEAVE = auto()
    AGAIN = auto()
    REBUILD = auto()


class UnlockDialog(QDialog):
    """Accepted to try again, with ``recovery_key`` when one was typed, or to rebuild.

    While pictures are being sealed it stays, however it is closed, and goes when that is done: the
    station takes up what was sealed once, as it opens.
    """

    def __init__(
        self, error: HautError, spool: SpoolViewModel | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._impasse = impasse_of(error)
        self._spool = spool if self._impasse.ways & Way.PICTURES else None
        self._wanted: QDialog.DialogCode | None = None
        """How it closes once everything that was dropped is sealed."""
        self._wants_rebuild = False
        self.setWindowTitle("Open this station – Haut Desktop")
        self._key = named(SecretEdit("Recovery key"), "recovery-key")
        self._again = named(primary_button("&Try again"), "try-again")
        self._again.setDefault(True)
        self._leave = button("&Close")
        self._rebuild = named(button("Re&build the record", icon="retry"), "rebuild")
        self._meanwhile = named(button("Take &pictures in meanwhile…", icon="picture"), "meanwhile")
        self._busy = named(BusyBar("Sealing pictures"), "unlock-busy")
        self._pages = QStackedWidget()
        self._pages.addWidget(scrolled(held(self._form())))
        if self._spool is not None:
            self._pages.addWidget(self._spool_page(self._spool))
        self.setLayout(row(Cover(_PROMISE), self._pages, gap=0))
        self.setMinimumSize(QSize(880, 560))
        self.resize(QSize(920, 680))
        self._connect()
        if self._spool is not None and self._spool.state.lines:
            # whoever was taking pictures in goes on with that
            self._turn_to(1)
        elif not self._impasse.ways & Way.RECOVERY_KEY:
            self._again.setFocus()

    @property
    def recovery_key(self) -> str | None:
        """What was typed, or None."""
        return self._key.text().strip() or None

    @property
    def answer(self) -> Answer:
        """What is wanted, once the dialog is closed."""
        if self.result() != QDialog.DialogCode.Accepted:
            return Answer.LEAVE
        return Answer.REBUILD if self._wants_rebuild else Answer.AGAIN

    def _form(self) -> QLayout:
        impasse, problem = self._impasse, InlineProblem()
        problem.say(impasse.title, impasse.message)
        return column(
            None,
            title(impasse.heading),
            muted("Nothing is lost. Mend what is named here and try again."),
            problem,
            self._key_way(impasse),
            self._way(
                Way.REBUILD,
                "Or make the record anew from the sealed pictures and the notes beside them.",
                self._rebuild,
            ),
            self._way(
                Way.PICTURES,
                "Is a subject waiting? Pictures can be sealed now and placed later.",
                self._meanwhile,
            ),
            self._busy,
            row(self._leave, None, self._again),
            None,
            gap=12,
            margins=(48, 24, 48, 24),
        )

    def _key_way(self, impasse: Impasse) -> QWidget:
        field = Field("&Recovery key", self._key, help_text=_KEY_HELP)
        way = held(column(line(), muted("Or open it with the recovery key."), field, gap=12))
        if not impasse.ways & Way.RECOVERY_KEY:
            way.hide()
        return way

    def _way(self, way: Way, words: str, does: QWidget) -> QWidget:
        made = held(column(line(), muted(words), row(does, None), gap=12))
        is_open = bool(self._impasse.ways & way) and (way is not Way.PICTURES or bool(self._spool))
        if not is_open:
            made.hide()
        return made

    def _spool_page(self, spool: SpoolViewModel) -> SpoolPage:
        page = SpoolPage(spool)
        page.back_wanted.connect(lambda: self._turn_to(0))
        page.again_wanted.connect(self.accept)
        spool.changed.connect(self._on_spool_changed)
        self._on_spool_changed(spool.state)
        return page

    def _connect(self) -> None:
        self._again.clicked.connect(self.accept)
        self._leave.clicked.connect(self.reject)
        self._rebuild.clicked.connect(self._on_rebuild_clicked)
        self._meanwhile.clicked.connect(lambda: self._turn_to(1))
        self._key.textChanged.connect(self._on_key_text_changed)

    def _turn_to(self, page: int) -> None:
        self._pages.setCurrentIndex(page)
        self._again.setDefault(page == 0)
        if shown := self._pages.currentWidget():
            shown.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_key_text_changed(self, text: str) -> None:
        words = "&Open with the recovery key" if text.strip() else "&Try again"
        self._again.setText(words)
        self._again.setAccessibleName(plain(words))

    def _on_rebuild_clicked(self) -> None:
        self._wants_rebuild = True
        self.accept()

    def _on_spool_changed(self, state: SpoolState) -> None:
        for way_on in (self._again, self._rebuild):
            way_on.setEnabled(not state.is_going)
        if state.is_going:
            self._show_sealing(state)
            return
        self._busy.clear()
        if self._wanted is not None:
            super().done(self._wanted)

    def _show_sealing(self, state: SpoolState) -> None:
        words = f"{state.done} of {state.total} pictures sealed"
        if self._wanted is not None:
            words += "; this window closes when that is done"
        self._busy.show_progress(state.done, state.total, words)

    def done(self, result: int) -> None:
        """Close, once everything that was dropped is sealed; what was said last counts."""
        self._wanted = QDialog.DialogCode(result)
        if self._spool is not None and self._spool.state.is_going:
            self._show_sealing(self._spool.state)
        else:
            super().done(result)
