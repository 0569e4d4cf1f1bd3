"""A line for secrets, with a switch that shows what was typed."""

from PySide6.QtGui import QAction, QIcon
from PySide6.QtWidgets import QLineEdit

from haut_desktop.widgets.icons import icon_pixmap
from haut_desktop.widgets.tokens import current_tokens


class SecretEdit(QLineEdit):
    """Hides its text until the eye (Ctrl+Shift+S) is pressed; hidden again when cleared."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setEchoMode(QLineEdit.EchoMode.Password)
        self.setAccessibleName(name)
        eye = QIcon(icon_pixmap("eye", current_tokens().muted))
        self._eye = QAction(eye, f"Show {name.lower()}", self)
        self._eye.setCheckable(True)
        self._eye.setShortcut("Ctrl+Shift+S")
        self._eye.setToolTip(f"Show {name.lower()} (Ctrl+Shift+S)")
        self._eye.toggled.connect(self._on_eye_toggled)
        self.addAction(self._eye, QLineEdit.ActionPosition.TrailingPosition)
        self.textChanged.connect(self._on_text_changed)

    def _on_text_changed(self, text: str) -> None:
        if not text:
            self._eye.setChecked(False)

    def _on_eye_toggled(self, is_shown: bool) -> None:
        mode = QLineEdit.EchoMode.Normal if is_shown else QLineEdit.EchoMode.Password
        self.setEchoMode(mode)
