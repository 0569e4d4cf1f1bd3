"""Field: a label, its control, and one line under it that helps or says what is wrong."""

from PySide6.QtWidgets import QLabel, QLineEdit, QWidget

from haut_desktop.widgets.boxes import column
from haut_desktop.widgets.buttons import plain
from haut_desktop.widgets.labels import caption, label, repolish


class Field(QWidget):
    """Ties label, control and the line under it together, for eyes and for screen readers."""

    def __init__(self, name: str, control: QWidget, *, help_text: str = "") -> None:
        super().__init__()
        self.control = control
        self._help_text = help_text
        self._label: QLabel = label(name, "caption")
        self._label.setBuddy(control)
        self._line = caption("", wraps=True)
        if not control.accessibleName():
            control.setAccessibleName(plain(name))
        self.setLayout(column(self._label, control, self._line, gap=4))
        self.setFocusProxy(control)
        self.say("")

    @property
    def problem(self) -> str:
        """The problem that is shown, or nothing."""
        return self._line.text() if self._line.property("text_role") == "problem" else ""

    def say(self, problem: str, *, praise: str = "") -> None:
        """Show what is wrong, or what is right, or else the field's help."""
        self._line.setText(problem or praise or self._help_text)
        self._line.setVisible(bool(self._line.text()))
        self._line.setProperty("text_role", "problem" if problem else "caption")
        repolish(self._line)
        self.control.setAccessibleDescription(self._line.text())
        if isinstance(self.control, QLineEdit):
            self.control.setProperty("has_problem", "true" if problem else "false")
            repolish(self.control)
