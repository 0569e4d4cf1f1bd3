"""Badges: a word that is cut with an ellipsis, or advice that takes the lines it needs."""

from pytestqt.qtbot import QtBot

from haut_desktop.widgets.badge import Badge
from haut_desktop.widgets.tokens import Tone

ADVICE = "The face is small in the picture. Go nearer, so that it fills the frame."


def test_advice_takes_as_many_lines_as_it_needs(qtbot: QtBot) -> None:
    badge, line = Badge(ADVICE, Tone.WARN, wraps=True), Badge(ADVICE, Tone.WARN)
    for each in (badge, line):
        qtbot.addWidget(each)
        each.resize(180, 22)
        each.show()
    assert badge.height() >= 3 * badge.fontMetrics().height()
    assert line.height() == 22
    badge.resize(900, badge.height())
    assert badge.height() == 22
