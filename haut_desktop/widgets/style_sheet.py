"""The style sheet: what Fusion and the palette alone do not give, in the tokens' colours."""

from string import Template
from typing import Final

from haut_desktop.settings import resources_folder
from haut_desktop.widgets.tokens import Tokens

_SHEET: Final = Template("""
QWidget { font-size: 14px; }
QToolTip { background: $surface; color: $text; border: 1px solid $line_strong; padding: 4px 8px; }

QLabel[text_role="title"] { font-size: 20px; font-weight: 600; }
QLabel[text_role="heading"] { font-weight: 600; }
QLabel[text_role="caption"] { font-size: 12px; color: $muted; }
QLabel[text_role="number"] { font-size: 12px; }
QLabel[text_role="muted"] { color: $muted; }
QLabel[text_role="problem"] { font-size: 12px; color: $bad; }
QLabel[text_role="code"] { font-weight: 600; }

QFrame[frame_role="card"] {
    background: $surface; border: 1px solid $line; border-radius: 8px;
}
QFrame[frame_role="rail"] { background: $rail; border: 0; border-right: 1px solid $line; }
QFrame[frame_role="bar"] { background: $surface; border: 0; border-bottom: 1px solid $line; }
QFrame[frame_role="foot"] { background: $surface; border: 0; border-top: 1px solid $line; }
QFrame[frame_role="subject"] {
    background: $accent_soft; border: 0; border-bottom: 1px solid $line;
}
QFrame[frame_role="practice"] { background: $warn_soft; border: 0; }
QFrame[frame_role="practice"] QLabel { color: $warn; font-size: 12px; font-weight: 600; }
QFrame[frame_role="notice"][tone="bad"] { background: $bad_soft; border-left: 4px solid $bad; }
QFrame[frame_role="notice"][tone="warn"] { background: $warn_soft; border-left: 4px solid $warn; }
QFrame[frame_role="notice"][tone="good"] { background: $good_soft; border-left: 4px solid $good; }
QFrame[frame_role="notice"][tone="accent"] {
    background: $accent_soft; border-left: 4px solid $accent;
}
QFrame[frame_role="line"] { background: $line; border: 0; }

QPushButton, QToolButton[button_role="plain"] {
    background: $surface; color: $text; border: 1px solid $line_strong; border-radius: 6px;
    padding: 6px 14px; min-height: 18px;
}
QPushButton:hover, QToolButton[button_role="plain"]:hover { background: $sunken; }
QPushButton:pressed { background: $line; }
QPushButton:focus, QToolButton:focus { border: 2px solid $accent; padding: 5px 13px; }
QPushButton:disabled { color: $line_strong; border-color: $line; background: $canvas; }
QPushButton[button_role="primary"] {
    background: $accent; color: $on_accent; border: 1px solid $accent; font-weight: 600;
}
QPushButton[button_role="primary"]:hover { background: $accent_strong; }
QPushButton[button_role="primary"]:focus { border: 2px solid $text; padding: 5px 13px; }
QPushButton[button_role="primary"]:disabled {
    background: $sunken; color: $muted; border-color: $line;
}
QPushButton[button_role="danger"] { color: $bad; border-color: $bad; }
QPushButton[button_role="quiet"] {
    background: transparent; border: 1px solid transparent; color: $accent; padding: 6px 8px;
}
QPushButton[button_role="quiet"]:hover { background: $accent_soft; }
QPushButton[button_role="quiet"]:focus { border: 2px solid $accent; padding: 5px 7px; }
QPushButton[button_role="quiet"]:disabled { color: $line_strong; }
QPushButton[button_role="choice"] { text-align: left; }
QPushButton[button_role="choice"]:checked, QPushButton[button_role="segment"]:checked {
    background: $accent_soft; border: 2px solid $accent; padding: 5px 13px; color: $accent;
}
QPushButton[button_role="choice"]:checked:focus, QPushButton[button_role="segment"]:checked:focus {
    border: 2px solid $text;
}
QToolButton { background: transparent; border: 2px solid transparent; border-radius: 6px; }
QToolButton[button_role="icon"] { padding: 4px; }
QToolButton[button_role="icon"]:hover { background: $sunken; }
QToolButton[button_role="icon"]:focus { border: 2px solid $accent; padding: 4px; }
QToolButton::menu-indicator { image: none; }
QToolButton[button_role="rail"] {
    color: $muted; font-size: 12px; padding: 8px 0 6px 0; border-radius: 8px;
}
QToolButton[button_role="rail"]:hover { background: $sunken; color: $text; }
QToolButton[button_role="rail"]:checked {
    background: $accent_soft; color: $accent; font-weight: 600;
}
QToolButton[button_role="rail"]:focus { border: 2px solid $accent; padding: 8px 0 6px 0; }

QLineEdit, QPlainTextEdit, QAbstractSpinBox, QComboBox {
    background: $surface; border: 1px solid $line_strong; border-radius: 6px; padding: 6px 8px;
    selection-background-color: $accent; selection-color: $on_accent;
}
QLineEdit, QAbstractSpinBox, QComboBox { min-height: 18px; }
QLineEdit:focus, QPlainTextEdit:focus, QAbstractSpinBox:focus, QComboBox:focus {
    border: 2px solid $accent; padding: 5px 7px;
}
QLineEdit[has_problem="true"] { border: 2px solid $bad; padding: 5px 7px; }
QLineEdit:disabled, QPlainTextEdit:disabled { color: $muted; background: $canvas; }
QComboBox::drop-down { border: 0; width: 24px; }
QComboBox::down-arrow { image: url("$arrow"); width: 14px; height: 14px; }
QComboBox QAbstractItemView { background: $surface; border: 1px solid $line_strong; }
QAbstractSpinBox QLineEdit, QAbstractSpinBox QLineEdit:focus {
    border: 0; padding: 0; min-height: 0; background: transparent;
}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { width: 0; height: 0; border: 0; }
QAbstractSpinBox:disabled { color: $muted; background: $canvas; }
QCheckBox, QRadioButton { spacing: 8px; padding: 3px; border: 2px solid transparent; }
QCheckBox::indicator {
    width: 14px; height: 14px; border: 1px solid $line_strong; border-radius: 3px;
    background: $surface;
}
QCheckBox::indicator:checked { background: $accent; border-color: $accent; image: url("$check"); }
QCheckBox:focus, QRadioButton:focus { border: 2px solid $accent; border-radius: 6px; }

QListWidget::item { padding: 4px 8px; }
QListWidget::item:selected { background: $accent_soft; color: $text; }
QAbstractItemView { border: 0; background: $surface; outline: 0; }
QTreeView { selection-background-color: $accent_soft; selection-color: $text; }
QListView, QTableView, QTreeView { border: 2px solid transparent; }
QListView:focus, QTableView:focus, QTreeView:focus { border: 2px solid $accent; }
QTextBrowser { background: $surface; border: 1px solid $line; border-radius: 8px; padding: 16px; }
QTextBrowser:focus { border: 2px solid $accent; }
QHeaderView::section {
    background: $surface; color: $muted; font-size: 12px; border: 0;
    border-bottom: 1px solid $line; padding: 6px 3px;
}
QHeaderView::section:first { padding-left: 8px; }
QTableCornerButton::section { background: $surface; border: 0; }
QScrollArea { border: 0; background: transparent; }
QScrollArea[frame_role="facts"] { border: 2px solid transparent; border-radius: 6px; }
QScrollArea[frame_role="facts"]:focus { border: 2px solid $accent; }
QScrollArea > QWidget > QWidget[page_role="scrolled"] { background: transparent; }
QScrollBar:vertical { background: transparent; width: 12px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 0; }
QScrollBar::handle { background: $line_strong; border-radius: 4px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QProgressBar { background: $sunken; border: 0; border-radius: 3px; max-height: 6px; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }
QTabBar::tab { padding: 6px 12px; border: 0; border-bottom: 2px solid transparent; color: $muted; }
QTabBar::tab:selected { color: $accent; border-bottom: 2px solid $accent; font-weight: 600; }
QTabBar::tab:selected:focus { border: 2px solid $accent; border-radius: 6px; padding: 4px 10px; }
QMenu { background: $surface; border: 1px solid $line_strong; padding: 4px; }
QMenu::item { padding: 6px 24px 6px 12px; border-radius: 4px; }
QMenu::item:selected { background: $accent_soft; color: $text; }
QMenu::item:disabled { color: $muted; }
QMenu::separator { height: 1px; background: $line; margin: 4px 8px; }
QSplitter::handle { background: $line; }
""")


def style_sheet(tokens: Tokens) -> str:
    """Fill the sheet with ``tokens``."""
    arrow = resources_folder() / "icons" / f"arrow-{'dark' if tokens.is_dark else 'light'}.svg"
    check = resources_folder() / "icons" / ("check.svg" if tokens.is_dark else "check-light.svg")
    names = set(_SHEET.get_identifiers()) - {"arrow", "check"}
    colours = {name: getattr(tokens, name) for name in names}
    return _SHEET.substitute(colours, arrow=arrow.as_posix(), check=check.as_posix())
