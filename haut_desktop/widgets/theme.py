"""The look: type scale, spacing, light or dark, and the one call to apply them."""

from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

from haut_desktop.settings import resources_folder
from haut_desktop.widgets.style_sheet import style_sheet
from haut_desktop.widgets.tokens import DARK, LIGHT, Tokens

FONT_FAMILY: Final = "Inter"
"""Shipped with the program: it renders the same on a computer without any font."""


class TextSize:
    """The three text sizes, in device-independent pixels."""

    CAPTION: Final = 12
    BODY: Final = 14
    TITLE: Final = 20


class Scheme(StrEnum):
    """What the operator wants; SYSTEM follows the desktop."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class SchemeFile:
    """Keeps the choice between starts; without a file that can be read there was no choice."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Scheme:
        """Give what was chosen last."""
        try:
            return Scheme(self._path.read_text("utf-8").strip())
        except (OSError, ValueError):
            return Scheme.SYSTEM

    def write(self, scheme: Scheme) -> None:
        """Keep a choice; where nothing may be written it holds until the program ends."""
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(scheme.value, "utf-8")


class Appearance(QObject):
    """The application's look: follows the desktop's light or dark unless the operator chose one."""

    scheme_changed = Signal(object)

    def __init__(self, application: QApplication, scheme: Scheme = Scheme.SYSTEM) -> None:
        super().__init__(application)
        self._application = application
        self._scheme = scheme
        load_fonts()
        application.styleHints().colorSchemeChanged.connect(self._on_system_scheme_changed)
        self._apply()

    @property
    def scheme(self) -> Scheme:
        """The operator's choice."""
        return self._scheme

    @property
    def tokens(self) -> Tokens:
        """The tokens in use."""
        return tokens_for(self._scheme, self._application)

    def choose(self, scheme: Scheme) -> None:
        """Change the look of every window at once."""
        self._scheme = scheme
        self._apply()
        self.scheme_changed.emit(scheme)

    def choose_next(self) -> None:
        """Turn light into dark and dark into light."""
        self.choose(Scheme.LIGHT if self.tokens.is_dark else Scheme.DARK)

    def _apply(self) -> None:
        apply_tokens(self._application, self.tokens)

    def _on_system_scheme_changed(self, _scheme: object) -> None:
        if self._scheme is Scheme.SYSTEM:
            self._apply()


def apply_theme(application: QApplication, scheme: Scheme) -> None:
    """Dress the application once, without following the desktop afterwards."""
    load_fonts()
    apply_tokens(application, tokens_for(scheme, application))


def tokens_for(scheme: Scheme, application: QApplication) -> Tokens:
    """Choose the tokens for ``scheme``, asking the desktop where it is SYSTEM."""
    if scheme is Scheme.SYSTEM:
        is_dark = application.styleHints().colorScheme() == Qt.ColorScheme.Dark
        return DARK if is_dark else LIGHT
    return DARK if scheme is Scheme.DARK else LIGHT


def load_fonts() -> None:
    """Make the shipped font known to Qt, once."""
    if FONT_FAMILY in QFontDatabase.families():
        return
    for path in sorted((resources_folder() / "fonts").glob("*.otf")):
        QFontDatabase.addApplicationFont(str(path))


def apply_tokens(application: QApplication, tokens: Tokens) -> None:
    """Set style, font, palette and style sheet."""
    if application.style().name() != "fusion":
        application.setStyle("Fusion")
    application.setFont(body_font())
    application.setPalette(_palette(tokens))
    application.setStyleSheet(style_sheet(tokens))


def body_font() -> QFont:
    """The body text's font, with figures of equal width so that numbers stand in columns."""
    font = QFont(FONT_FAMILY)
    font.setPixelSize(TextSize.BODY)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def _palette(tokens: Tokens) -> QPalette:
    role = QPalette.ColorRole
    colours = {
        role.Window: tokens.canvas,
        role.WindowText: tokens.text,
        role.Base: tokens.surface,
        role.AlternateBase: tokens.canvas,
        role.Text: tokens.text,
        role.PlaceholderText: tokens.muted,
        role.Button: tokens.surface,
        role.ButtonText: tokens.text,
        role.BrightText: tokens.on_accent,
        role.Highlight: tokens.accent,
        role.HighlightedText: tokens.on_accent,
        role.Accent: tokens.accent,
        role.Link: tokens.accent,
        role.LinkVisited: tokens.accent,
        role.ToolTipBase: tokens.surface,
        role.ToolTipText: tokens.text,
        role.Light: tokens.surface,
        role.Midlight: tokens.line,
        role.Mid: tokens.line_strong,
        role.Dark: tokens.line_strong,
        role.Shadow: tokens.line,
    }
    palette = QPalette()
    for colour_role, colour in colours.items():
        palette.setColor(colour_role, QColor(colour))
    for colour_role in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, colour_role, QColor(tokens.line_strong))
    return palette
