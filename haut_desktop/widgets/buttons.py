"""Buttons by their weight: one primary action on a page, the others quieter; keys in tool tips."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QAbstractButton, QPushButton, QToolButton

from haut_desktop.widgets.icons import ICON_SIZE, dress


def button(
    text: str, *, role: str = "", icon: str = "", key: str = "", tip: str = ""
) -> QPushButton:
    """Make a push button; ``role`` is primary, danger, quiet, choice or nothing."""
    made = QPushButton(text)
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
    made = QToolButton()
    made.setProperty("button_role", "icon")
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    made.setCursor(Qt.CursorShape.PointingHandCursor)
    made.setAccessibleName(name)
    dress(made, icon, size=size)
    give_key(made, key, name)
    return made


def give_key(wearer: QAbstractButton, key: str, tip: str = "") -> None:
    """Set a button's shortcut and tell it in the tool tip."""
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
