"""``python -m tests.widgets.card_marks WIDTH…``: where the parts of slot cards lie, as JSON.

A program of its own, because Qt's scale is set for a whole process.
"""

import asyncio
import json
import sys
from dataclasses import asdict, dataclass
from typing import Final

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication, QWidget

from haut_desktop.domain.ids import OriginalId, SlotId, TakeId
from haut_desktop.domain.imaging import Side
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.capture_words import QualityMark, SlotLine, TakeLine
from haut_desktop.viewmodels.thumbnails import Thumbnails
from haut_desktop.widgets.badge import Badge
from haut_desktop.widgets.boxes import held, row
from haut_desktop.widgets.slot_card import SlotCard
from haut_desktop.widgets.theme import Appearance, Scheme

NEARER: Final = "The face is small in the picture. Go nearer, so that it fills the frame."
LIGHT: Final = "Parts are white without any detail. Use less light or a shorter exposure."
PIXELS: Final = (
    "The picture has 512 × 512 pixels; fine detail needs at least 1200 on the shorter edge, "
    "better 2500."
)
MARKS: Final = {
    Side.FRONT: (QualityMark(NEARER, "warn"), QualityMark(PIXELS, "warn")),
    Side.LEFT: (QualityMark(LIGHT, "bad"), QualityMark("The picture is sharp.", "good")),
    Side.RIGHT: (),
}
"""Two long marks, a long and a short one, and no picture yet."""
_GAP: Final = 16
_HEIGHT: Final = 525
"""What a card has in a window of 768 pixels."""

Box = tuple[int, int, int, int]
"""Left, top, width and height on the card."""


@dataclass(frozen=True, slots=True)
class Laid:
    """Where the parts of one card lie."""

    scale: float
    size: tuple[int, int]
    picture: Box
    strip: Box
    below: tuple[Box, ...]
    """The takes' line and the buttons."""
    marks: dict[str, tuple[Box, int]]
    """What each mark says, where it lies, and the height in pixels that its words need."""


def lay_out(width: int, tasks: TaskScope) -> tuple[QWidget, list[Laid]]:
    """Show three cards of ``width`` side by side, as high as in the window or as they need."""
    thumbnails = Thumbnails(_no_picture, tasks)
    cards = [_card(side, thumbnails) for side in MARKS]
    shelf = row(*cards, gap=_GAP)
    for number in range(len(cards)):
        shelf.setStretch(number, 1)
    page = held(shelf)
    whole = len(cards) * (width + _GAP) - _GAP
    page.resize(whole, max(_HEIGHT, page.heightForWidth(whole)))
    page.show()
    return page, [_measure(card) for card in cards]


def _card(side: Side, thumbnails: Thumbnails) -> SlotCard:
    words = "3000 × 4000 px · 10:12 UTC"
    taken = TakeLine(TakeId(side), OriginalId(side), 1, True, MARKS[side], words)
    takes = (taken,) if MARKS[side] else ()
    line = SlotLine(SlotId(side), side, side.title(), "Looks into the camera", True, takes)
    card = SlotCard(line, thumbnails)
    card.show_line(line, is_open=True)
    return card


async def _no_picture(_original_id: OriginalId, _edge_px: int) -> bytes:
    """The frame stays dark."""
    return b""


def _measure(card: SlotCard) -> Laid:
    def box(part: QWidget) -> Box:
        corner = part.mapTo(card, QPoint())
        return corner.x(), corner.y(), part.width(), part.height()

    strip = card._marks
    badges = [badge for badge in card.findChildren(Badge) if badge.parentWidget() is strip]
    return Laid(
        scale=card.devicePixelRatioF(),
        size=(card.width(), card.height()),
        picture=box(card._picture),
        strip=box(strip),
        below=(box(card._words), box(card._choose)),
        marks={each.text: (box(each), each.heightForWidth(each.width())) for each in badges},
    )


async def _print_all(widths: list[int]) -> None:
    tasks = TaskScope("cards", lambda _error: None)
    shown = {width: lay_out(width, tasks) for width in widths}
    read = {width: [asdict(each) for each in laid] for width, (_, laid) in shown.items()}
    sys.stdout.write(json.dumps(read))
    await tasks.aclose()


if __name__ == "__main__":
    _appearance = Appearance(QApplication(sys.argv), Scheme.LIGHT)
    asyncio.run(_print_all([int(width) for width in sys.argv[1:]]))
