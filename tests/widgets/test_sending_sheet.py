"""The sending sheet: what it says fits into it, also the words that come later."""

from datetime import time

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractSpinBox, QLabel, QPushButton, QSpinBox, QTimeEdit
from pytestqt.qtbot import QtBot

from haut_desktop.domain.traffic import SendingRules, Window
from haut_desktop.widgets.sending_sheet import SendingSheet
from haut_desktop.widgets.theme import Appearance


@pytest.mark.parametrize("points", [9.0, 18.0])
def test_words_that_come_are_not_squeezed(qtbot: QtBot, points: float) -> None:
    rules = SendingRules(most_bytes_per_s=None, window=Window(time(18, 0), time(7, 0)))
    sheet = SendingSheet(rules, "America/Argentina/ComodRivadavia")
    qtbot.addWidget(sheet)
    font = sheet.font()
    font.setPointSizeF(points)
    sheet.setFont(font)
    sheet.show()
    ends = sheet.findChild(QTimeEdit, "ends")
    begins = sheet.findChild(QTimeEdit, "begins")
    choose = sheet.findChild(QPushButton, "set")
    assert ends is not None
    assert begins is not None
    assert choose is not None
    ends.setTime(begins.time())
    choose.click()
    assert sheet.isVisible()
    squeezed = [
        shown.text()
        for shown in sheet.findChildren(QLabel)
        if shown.isVisible() and shown.height() < shown.heightForWidth(shown.width())
    ]
    assert squeezed == []


@pytest.mark.parametrize("name", ["limit", "begins", "ends", "rest"])
def test_a_code_scanned_into_a_field_sets_no_rules(
    qtbot: QtBot, appearance: Appearance, name: str
) -> None:
    window = Window(time(18, 0), time(7, 0))
    sheet = SendingSheet(SendingRules(most_bytes_per_s=2_000_000, window=window), "UTC")
    qtbot.addWidget(sheet)
    chosen: list[object] = []
    sheet.chosen.connect(chosen.append)
    sheet.show()
    field = sheet.findChild(QAbstractSpinBox, name)
    assert field is not None
    field.setFocus()
    QTest.keyClicks(field, "12")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert sheet.isVisible()
    assert chosen == []


@pytest.mark.parametrize(
    ("kept", "shown", "typed", "set_to"),
    (
        (None, 5, None, None),
        (None, 5, 12, 12),
        (12, 12, None, 12),
        (12, 12, 5, 5),
        (12, 12, 0, 0),
        (12, 12, 75, 60),
    ),
    ids=("usual", "another", "kept", "as usual again", "none", "no more than an hour"),
)
def test_the_rest_of_a_finished_visit_is_set_in_minutes(
    qtbot: QtBot, kept: int | None, shown: int, typed: int | None, set_to: int | None
) -> None:
    rules = SendingRules(is_paused=True, rest_minutes=kept)
    sheet = SendingSheet(rules, "UTC")
    qtbot.addWidget(sheet)
    chosen: list[object] = []
    sheet.chosen.connect(chosen.append)
    rest, choose = sheet.findChild(QSpinBox, "rest"), sheet.findChild(QPushButton, "set")
    assert rest is not None
    assert choose is not None
    assert rest.value() == shown
    sheet.show()
    assert not rest.hasFocus()
    if typed is not None:
        rest.setValue(typed)
    choose.click()
    assert chosen == [SendingRules(is_paused=True, rest_minutes=set_to)]
