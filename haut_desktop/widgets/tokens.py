"""The colours of the program, by their job, for light and for dark."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from PySide6.QtGui import QGuiApplication, QPalette


class Tone(StrEnum):
    """What a coloured sign means; the sign always has words too."""

    NEUTRAL = "neutral"
    ACCENT = "accent"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Tokens:
    """Every colour of the program, by its job; text colours reach 4.5:1 on their grounds."""

    is_dark: bool
    canvas: str
    surface: str
    sunken: str
    line: str
    line_strong: str
    text: str
    muted: str
    accent: str
    accent_strong: str
    accent_soft: str
    on_accent: str
    good: str
    good_soft: str
    warn: str
    warn_soft: str
    bad: str
    bad_soft: str
    rail: str

    def ink(self, tone: Tone) -> str:
        """The colour in which a tone is written."""
        inks = {Tone.ACCENT: self.accent, Tone.GOOD: self.good, Tone.WARN: self.warn}
        return {**inks, Tone.BAD: self.bad}.get(tone, self.muted)

    def wash(self, tone: Tone) -> str:
        """The ground on which a tone is written."""
        washes = {Tone.ACCENT: self.accent_soft, Tone.GOOD: self.good_soft}
        return {**washes, Tone.WARN: self.warn_soft, Tone.BAD: self.bad_soft}.get(tone, self.sunken)


LIGHT: Final = Tokens(
    is_dark=False,
    canvas="#f4f5f7",
    surface="#ffffff",
    sunken="#eaedf1",
    line="#dce1e7",
    line_strong="#8b96a5",
    text="#17202b",
    muted="#556172",
    accent="#0a6a70",
    accent_strong="#07545a",
    accent_soft="#dceeee",
    on_accent="#ffffff",
    good="#1a6b38",
    good_soft="#def1e4",
    warn="#845200",
    warn_soft="#fbecd0",
    bad="#ab231c",
    bad_soft="#fbe3e1",
    rail="#eceff2",
)

DARK: Final = Tokens(
    is_dark=True,
    canvas="#14181d",
    surface="#1c2229",
    sunken="#272e37",
    line="#303944",
    line_strong="#758293",
    text="#e8ecf1",
    muted="#a3aebc",
    accent="#55c4c1",
    accent_strong="#7ad6d3",
    accent_soft="#173b3d",
    on_accent="#04292b",
    good="#74cf91",
    good_soft="#183524",
    warn="#e6b84f",
    warn_soft="#3b2f14",
    bad="#ff938a",
    bad_soft="#45211f",
    rail="#101419",
)


def current_tokens() -> Tokens:
    """Give the tokens that the application is dressed in at this moment."""
    # a widget's own palette is no guide: the style sheet changes it
    window = QGuiApplication.palette().color(QPalette.ColorRole.Window)
    return DARK if window.lightness() < 128 else LIGHT
