"""The sending sheet: what it says fits into it, also the words that come later."""

from datetime import time

import pytest
from PySide6.QtWidgets import QLabel, QPushButton, QTimeEdit
from pytestqt.qtbot import QtBot

from haut_desktop.domain.traffic import SendingRules, Window
from haut_desktop.widgets.sending_sheet import SendingSheet


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
