"""Badges: a word that is cut with an ellipsis, or advice that takes the lines it needs."""

from pytestqt.qtbot import QtBot

from haut_desktop.widgets.badge import Badge
from haut_desktop.widgets.boxes import column, held
from haut_desktop.widgets.tokens import Tone

ADVICE = "The face is small in the picture. Go nearer, so that it fills the frame."


def test_advice_takes_as_many_lines_as_it_needs(qtbot: QtBot) -> None:
    badge, line = Badge(ADVICE, Tone.WARN, wraps=True), Badge(ADVICE, Tone.WARN)
    page = held(column(badge, line, None))
    qtbot.addWidget(page)
    page.resize(180, 200)
    page.show()
    assert badge.height() == Badge.room(3) >= 3 * badge.fontMetrics().height()
    assert line.height() == 22
    page.resize(900, 200)
    assert badge.height() == 22
