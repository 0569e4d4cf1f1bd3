"""Beside the outbox: what is the matter with the chosen row, the facts, and what can be done."""

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QLineEdit, QWidget

from haut_desktop.domain.delivery import Trouble
from haut_desktop.domain.errors import (
    Blame,
    NotThePlatformError,
    OtherAccountError,
    OutcomeUnknownError,
    PermissionRefusedError,
    SignedOutError,
)
from haut_desktop.domain.former import NotAskedYetError, RebuiltError
from haut_desktop.viewmodels.outbox_confirm import NO_REASON
from haut_desktop.viewmodels.outbox_held import HELD_TODOS
from haut_desktop.viewmodels.outbox_late import TODOS
from haut_desktop.viewmodels.outbox_rows import Deed, OutboxRow, RowKind
from haut_desktop.widgets.badge import Badge
from haut_desktop.widgets.boxes import card, column, held, line, row
from haut_desktop.widgets.buttons import button, on_entered, primary_button, quiet_button
from haut_desktop.widgets.fact_list import FactList
from haut_desktop.widgets.field import Field
from haut_desktop.widgets.labels import caption, heading, label, muted
from haut_desktop.widgets.tokens import Tone

PANEL_WIDTH: Final = 320

_WHO_ACTS: Final = {
    Blame.NETWORK: "Nothing to do: it goes on by itself when the network is back.",
    Blame.ACCOUNT: "Sign in again, or ask the study's administrator for the right.",
    Blame.SERVER: "Nothing to do: the station tries again by itself.",
    Blame.ITEM: "Look at it, then release it to try once more, or leave it held.",
    Blame.STATION: "Call your study's IT; the sealed pictures are safe.",
}
_NOTHING_ELSE: Final = "Nothing else to do; the pictures are safe here meanwhile."
_TODOS: Final = TODOS | {
    OutcomeUnknownError.__name__: "Nothing to do: the station asks by itself.",
    NotThePlatformError.__name__: (
        "Sign in to the network in a web browser; then it goes on by itself."
    ),
    NotAskedYetError.__name__: _NOTHING_ELSE,
    RebuiltError.__name__: _NOTHING_ELSE,
    OtherAccountError.__name__: "Sign in with an account of that company when it is to go on.",
    PermissionRefusedError.__name__: "Ask the study's administrator for the right, then try now.",
    SignedOutError.__name__: "Sign in again; then it goes on by itself.",
}
_DECIDE: Final = "Decide whose entry on the platform it is; the pictures wait until then."
_LOOK_FIRST: Final = (
    "Look in the web portal whether there are results. Ask for the analysis again only if there "
    "are none, or leave it held."
)
_NEEDS_REASON: Final = {
    Deed.HOLD: ("Hold back", "Why is it held back?"),
    Deed.COMPUTE_AGAIN: ("Ask for the analysis again", "Why is it asked for again?"),
}


class OutboxPanel(QFrame):
    """Shows one row and asks for deeds; a deed that needs a reason asks for it here."""

    deed_chosen = Signal(object, object, str)
    """Carries the deed, the row and the reason."""

    def __init__(self) -> None:
        super().__init__()
        self._row: OutboxRow | None = None
        self._asked: Deed | None = None
        self._kind = caption("")
        self._title = label("", "heading", wraps=True)
        self._badge = Badge()
        self._trouble_title = heading("")
        self._trouble_title.setWordWrap(True)
        self._trouble = label("", wraps=True)
        self._todo = muted("")
        self._trouble_box = held(
            column(line(), self._trouble_title, self._trouble, self._todo, gap=6)
        )
        self._facts = FactList("Facts about the chosen row")
        self._buttons = self._make_buttons()
        self._reason = QLineEdit()
        self._field = Field("Reason", self._reason)
        self._confirm = primary_button("Hold back")
        self._dismiss = quiet_button("Cancel")
        self._reason_box = held(column(self._field, row(self._confirm, self._dismiss, None), gap=8))
        self._wire()
        inner = card(
            self._kind, self._title, row(self._badge, None), self._trouble_box, line(),
            self._facts, line(), *self._buttons.values(), self._reason_box, gap=10,
        )  # fmt: skip
        self.setLayout(column(inner))
        self.setFixedWidth(PANEL_WIDTH)
        self.setAccessibleName("Details of the chosen row")
        self.show_row(None)

    def _make_buttons(self) -> dict[Deed, QWidget]:
        made = {
            Deed.RELEASE: button("Release and try again", icon="play", key="Ctrl+L"),
            Deed.COMPUTE_AGAIN: button(
                "Ask for the analysis again…", icon="retry", key="Ctrl+Shift+L"
            ),
            Deed.RETRY: button("Try now", icon="retry", key="Ctrl+R"),
            Deed.DECIDE: primary_button("Decide who it is…", icon="subjects", key="Ctrl+D"),
            Deed.SEND_NOW: button("Send now", icon="outbox", key="Ctrl+Shift+Return"),
            Deed.REOPEN: button("Reopen the visit", icon="reopen", key="Ctrl+E"),
            Deed.HOLD: button("Hold back…", icon="hold", key="Ctrl+H"),
            Deed.RETRACT: button("Take back…", icon="back", key="Ctrl+B"),
            Deed.RECEIPTS: button("Save receipts…", icon="report", key="Ctrl+Shift+R"),
            Deed.ERASE: button("Erase for ever…", icon="remove", key="Ctrl+Delete"),
        }
        for deed, each in made.items():
            each.clicked.connect(lambda _=False, deed=deed: self._on_deed_clicked(deed))
        return dict(made)

    def _wire(self) -> None:
        self._confirm.clicked.connect(self._on_confirm_clicked)
        on_entered(self._reason, self._on_confirm_clicked)
        self._dismiss.clicked.connect(self._on_dismiss_clicked)

    def show_row(self, shown: OutboxRow | None) -> None:
        """Show another row, or the same one anew; a reason that is being typed stays."""
        is_same = self._row is not None and shown is not None and shown.id == self._row.id
        self._row = shown
        if shown is None:
            self.setVisible(False)
            return
        self._kind.setText(shown.kind.value.capitalize())
        self._title.setText(shown.title)
        self._badge.say(shown.phrase.text, Tone(shown.phrase.mood.value))
        if not is_same or (self._asked is not None and self._asked not in shown.deeds):
            self._ask(None)
        self._show_deeds(shown.deeds)
        self._show_trouble(shown)
        self._show_facts(shown)
        # only now: Qt would make the window so tall that every button has room, and leave it so
        self.setVisible(True)

    def _show_deeds(self, deeds: frozenset[Deed]) -> None:
        """Hide first, then show, so that never more is in sight than one row has."""
        for is_offered in (False, True):
            for deed, each in self._buttons.items():
                if (deed in deeds) is is_offered:
                    each.setVisible(is_offered)

    def _show_trouble(self, shown: OutboxRow) -> None:
        trouble = shown.trouble
        self._trouble_box.setVisible(trouble is not None)
        if trouble is not None:
            self._trouble_title.setText(trouble.title)
            self._trouble.setText(trouble.message)
            self._todo.setText(_todo(shown.deeds, trouble))

    def _show_facts(self, shown: OutboxRow) -> None:
        facts = shown.facts
        if shown.kind is RowKind.VISIT and len(shown.children) == 1:
            facts += shown.children[0].facts
        self._facts.show_facts(facts)

    def _ask(self, deed: Deed | None) -> None:
        self._asked = deed
        self._reason_box.setVisible(deed is not None)
        if deed is None:
            self._reason.clear()
            return
        words, question = _NEEDS_REASON[deed]
        self._confirm.setText(words)
        self._confirm.setAccessibleName(words)
        self._reason.setPlaceholderText(question)
        self._reason.setAccessibleName(question)
        self._field.say("")
        self._reason.setFocus()

    def _on_deed_clicked(self, deed: Deed) -> None:
        if deed in _NEEDS_REASON:
            self._ask(deed)
        elif self._row is not None:
            self.deed_chosen.emit(deed, self._row, "")

    def _on_confirm_clicked(self) -> None:
        reason = self._reason.text().strip()
        if not reason:
            self._field.say(NO_REASON)
        elif self._asked is not None and self._row is not None:
            deed = self._asked
            self._ask(None)
            self.deed_chosen.emit(deed, self._row, reason)

    def _on_dismiss_clicked(self) -> None:
        self._ask(None)


def _todo(deeds: frozenset[Deed], trouble: Trouble) -> str:
    """Say what a person can do about a row with these buttons."""
    if Deed.DECIDE in deeds:
        return _DECIDE
    if Deed.COMPUTE_AGAIN in deeds:
        return _LOOK_FIRST
    if Deed.RELEASE in deeds and trouble.kind in HELD_TODOS:
        return HELD_TODOS[trouble.kind]
    if trouble.blame is Blame.ITEM and Deed.RELEASE not in deeds:
        return _TODOS.get(trouble.kind, _WHO_ACTS[Blame.SERVER])
    return _TODOS.get(trouble.kind) or _WHO_ACTS[trouble.blame]
