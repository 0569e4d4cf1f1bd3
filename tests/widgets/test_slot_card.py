"""The slot card: what is said about a picture is read whole, whatever the card's width."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from itertools import combinations
from typing import Final

import pytest
from PySide6.QtCore import QRect
from pytestqt.qtbot import QtBot

from haut_desktop.services.tasks import TaskScope
from haut_desktop.widgets.theme import Appearance
from tests.widgets.card_marks import MARKS, Laid, lay_out

WIDTHS: Final = (399, 320, 260)
"""Of a card in a window of 1366 pixels, in a smaller one, and the smallest there is."""


def assert_read_whole(cards: Sequence[Laid], *, width: int, scale: float) -> None:
    assert [list(card.marks) for card in cards] == [
        [mark.text for mark in marks] for marks in MARKS.values()
    ]
    for card in cards:
        assert (card.scale, card.size[0]) == (scale, width)
        for words, (box, needed) in card.marks.items():
            assert QRect(*card.strip).contains(QRect(*box)), words
            assert box[3] == needed, words
        marks = [box for box, _ in card.marks.values()]
        parts = [QRect(*box) for box in (card.picture, *marks, *card.below)]
        assert all(QRect(0, 0, *card.size).contains(part) for part in parts)
        assert not any(one.intersects(other) for one, other in combinations(parts, 2))


@pytest.mark.parametrize("width", WIDTHS)
async def test_every_mark_is_read_whole(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope, width: int
) -> None:
    page, cards = lay_out(width, tasks)
    qtbot.addWidget(page)
    assert_read_whole(cards, width=width, scale=1.0)


async def test_the_pictures_stand_in_one_line_whatever_is_said(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope
) -> None:
    page, cards = lay_out(WIDTHS[0], tasks)
    qtbot.addWidget(page)
    assert len({card.picture[1:] for card in cards}) == 1


def test_every_mark_is_read_whole_at_200_percent() -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "tests.widgets.card_marks", *map(str, WIDTHS)],
        env=os.environ | {"QT_SCALE_FACTOR": "2"},
        stdout=subprocess.PIPE,
        check=True,
    )
    for width, cards in json.loads(finished.stdout).items():
        laid = [Laid(**card) for card in cards]
        assert_read_whole(laid, width=int(width), scale=2.0)
