"""Unlock: what stands between this account and the station's keys, and the two ways past it."""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QDialog, QWidget

from haut_desktop.domain.errors import HautError, KeyringError, StoreKeyError
from haut_desktop.widgets.boxes import column, held, line, row
from haut_desktop.widgets.buttons import button, primary_button
from haut_desktop.widgets.cover import Cover
from haut_desktop.widgets.field import Field
from haut_desktop.widgets.inline_problem import InlineProblem
from haut_desktop.widgets.labels import muted, title
from haut_desktop.widgets.secret_edit import SecretEdit

_PROMISE = "The station's pictures are sealed. Its keys lie in your account's keyring."


class UnlockDialog(QDialog):
    """Accepted to try again, with ``recovery_key`` when one was typed; rejected to leave it."""

    def __init__(self, error: HautError, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Open this station – Haut Desktop")
        self._problem = InlineProblem()
        self._problem.say(error.title, error.message)
        self._key = SecretEdit("Recovery key")
        self._key.setObjectName("recovery-key")
        self._again = primary_button("&Try again")
        self._again.setObjectName("try-again")
        self._again.setDefault(True)
        self._leave = button("&Close")
        # a key opens no full disk and no newer record
        self._other = held(
            column(
                line(),
                muted("Or open it with the recovery key, which lets this account in from now on."),
                Field("&Recovery key", self._key, help_text="Printed when the station was set up."),
                gap=12,
            )
        )
        form = column(
            None,
            title(_title(error)),
            muted("Nothing is lost. Mend what is named here and try again."),
            self._problem,
            self._other,
            row(self._leave, None, self._again),
            None,
            gap=12,
            margins=(48, 24, 48, 24),
        )
        self.setLayout(row(Cover(_PROMISE), held(form), gap=0))
        self.setMinimumSize(QSize(880, 520))
        self._again.clicked.connect(self.accept)
        self._leave.clicked.connect(self.reject)
        self._key.textChanged.connect(self._on_key_text_changed)

        self._other.setVisible(isinstance(error, KeyringError | StoreKeyError))

    @property
    def recovery_key(self) -> str | None:
        """What was typed, or None."""
        return self._key.text().strip() or None

    def _on_key_text_changed(self, text: str) -> None:
        self._again.setText("&Open with the recovery key" if text.strip() else "&Try again")


def _title(error: HautError) -> str:
    is_locked = isinstance(error, KeyringError)
    return "The station is locked" if is_locked else "The station can't be opened"
