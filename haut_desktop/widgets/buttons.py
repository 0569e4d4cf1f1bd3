"""Buttons by their weight: one primary action on a page, the others quieter; keys in tool tips."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QElapsedTimer, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence, QMouseEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLineEdit,
    QPushButton,
    QToolButton,
)

from haut_desktop.widgets.icons import ICON_SIZE, dress

HASTE_MS: Final = 200
"""So soon after another key, or after the focus has come, nobody presses Enter on purpose."""

if TYPE_CHECKING:
    _Button = QAbstractButton
else:  # a widget is built on one class of Qt alone
    _Button = object

_ENTER: Final = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class Keys:
    """Tells a person's Enter from the one that a scanner sends behind a code."""

    def __init__(self) -> None:
        self._since = QElapsedTimer()

    def begin(self) -> None:
        """A key was pressed, or the focus has come."""
        self._since.start()

    def is_meant(self) -> bool:
        """Whether a person presses Enter now."""
        return not self._since.isValid() or self._since.elapsed() >= HASTE_MS


class Presses:
    """Tells a double click on a button from one whose first half opened what it is on."""

    def __init__(self) -> None:
        self._since = QElapsedTimer()

    def begin(self) -> None:
        """The mouse was pressed on the button."""
        self._since.start()

    def is_second_half(self) -> bool:
        """Whether the double click that comes now began on the button."""
        longest_ms = 2 * QApplication.doubleClickInterval()
        return self._since.isValid() and self._since.elapsed() <= longest_ms


class _Pressed(_Button):
    """What both kinds of button do with Enter and a double click; Qt's class stands behind it."""

    _keys: Keys
    _presses: Presses

    def takes_enter_itself(self) -> bool:
        """Whether Qt presses the button at Enter already."""
        return False

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Note when the focus has come."""
        self._keys.begin()
        super().focusInEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take Enter."""
        if event.key() in _ENTER and not self.takes_enter_itself():
            _press(self, self._keys, event)
        else:
            self._keys.begin()
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Note where a double click may have begun."""
        self._presses.begin()
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Let the second half of a double click elsewhere press nothing."""
        if self._presses.is_second_half():
            super().mouseDoubleClickEvent(event)


class PushButton(_Pressed, QPushButton):
    """Enter presses the button that has the focus, as Space does, and never another one."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self._keys, self._presses = Keys(), Presses()

    def takes_enter_itself(self) -> bool:
        """A default button takes it at once, as ever."""
        return self.isDefault()


class ToolButton(_Pressed, QToolButton):
    """A tool button that Enter presses too."""

    def __init__(self) -> None:
        super().__init__()
        self._keys, self._presses = Keys(), Presses()


def _press(pressed: QAbstractButton, keys: Keys, event: QKeyEvent) -> None:
    is_meant = keys.is_meant() and not event.isAutoRepeat()
    keys.begin()
    if is_meant:
        pressed.click()


def on_entered(edit: QLineEdit, act: Callable[[], object]) -> None:
    """Act at a person's Enter in a field, and not at a scanner's behind a code."""
    keys = Keys()

    def _on_return_pressed() -> None:
        is_meant = keys.is_meant()
        keys.begin()
        if is_meant:
            act()

    edit.textEdited.connect(lambda _text: keys.begin())
    edit.returnPressed.connect(_on_return_pressed)


def button(
    text: str, *, role: str = "", icon: str = "", key: str = "", tip: str = ""
) -> QPushButton:
    """Make a push button; ``role`` is primary, danger, quiet, choice or nothing."""
    made = PushButton(text)
    fit_out(made, role=role, icon=icon, key=key, tip=tip)
    return made


def fit_out(
    wearer: QPushButton, *, role: str = "", icon: str = "", key: str = "", tip: str = ""
) -> None:
    """Give a push button, whatever its class, the looks and the key of ``button``."""
    wearer.setProperty("button_role", role)
    wearer.setAutoDefault(False)
    wearer.setCursor(Qt.CursorShape.PointingHandCursor)
    wearer.setAccessibleName(plain(wearer.text()))
    if icon:
        dress(wearer, icon)
    give_key(wearer, key, tip)


def primary_button(text: str, *, icon: str = "", key: str = "", tip: str = "") -> QPushButton:
    """Make the page's one primary button."""
    return button(text, role="primary", icon=icon, key=key, tip=tip)


def quiet_button(text: str, *, icon: str = "", key: str = "", tip: str = "") -> QPushButton:
    """Make a button without a frame."""
    return button(text, role="quiet", icon=icon, key=key, tip=tip)


def icon_button(icon: str, name: str, *, key: str = "", size: int = ICON_SIZE) -> QToolButton:
    """Make a button that shows only an icon; ``name`` is what a screen reader says."""
    made = ToolButton()
    made.setProperty("button_role", "icon")
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    made.setCursor(Qt.CursorShape.PointingHandCursor)
    made.setAccessibleName(name)
    dress(made, icon, size=size)
    give_key(made, key, name)
    return made


def give_key(wearer: QAbstractButton, key: str, tip: str = "") -> None:
    """Set a button's shortcut and tell it in the tool tip.

    A text must not mark a letter then: Qt keeps one shortcut, and the letter would do nothing.
    """
    if key:
        wearer.setShortcut(QKeySequence(key))
    shown = QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) if key else ""
    words = tip or (plain(wearer.text()) if key else "")
    wearer.setToolTip(f"{words} ({shown})" if shown else words)
    if words and words != wearer.accessibleName():
        wearer.setAccessibleDescription(words)


def change_text(wearer: QAbstractButton, text: str) -> None:
    """Change a button's text and keep its shortcut, which Qt would drop."""
    key = wearer.shortcut()
    wearer.setText(text)
    if not key.isEmpty():
        wearer.setShortcut(key)


def plain(text: str) -> str:
    """Take the mnemonic's mark out of a button's text."""
    return text.replace("&&", "\0").replace("&", "").replace("\0", "&")
