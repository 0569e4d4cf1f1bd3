"""Buttons by the keyboard: Enter presses the one that has the focus, and no other."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QLineEdit
from pytestqt.qtbot import QtBot

from haut_desktop.widgets import buttons
from haut_desktop.widgets.boxes import column
from haut_desktop.widgets.buttons import button, icon_button, primary_button
from haut_desktop.widgets.theme import Appearance

FOREVER_MS = 3_600_000


class Asked(QDialog):
    """A dialog whose default is not the button that has the focus."""

    def __init__(self, other: QAbstractButton) -> None:
        super().__init__()
        self.pressed: list[str] = []
        self.text = QLineEdit()
        self.other = other
        default = primary_button("Set")
        default.setDefault(True)
        default.clicked.connect(lambda: self.pressed.append("default"))
        other.clicked.connect(lambda: self.pressed.append("other"))
        self.setLayout(column(self.text, default, other))


@pytest.fixture(params=(lambda: button("Close"), lambda: icon_button("close", "Close")))
def asked(
    request: pytest.FixtureRequest,
    qtbot: QtBot,
    appearance: Appearance,
    monkeypatch: pytest.MonkeyPatch,
) -> Asked:
    monkeypatch.setattr(buttons, "HASTE_MS", 0)
    make: Callable[[], QAbstractButton] = request.param
    made = Asked(make())
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.mark.parametrize("key", (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space))
def test_it_presses_the_button_that_has_the_focus(asked: Asked, key: Qt.Key) -> None:
    asked.other.setFocus()
    QTest.keyClick(asked.other, key)
    assert asked.pressed == ["other"]


def test_enter_in_a_field_is_the_dialogs_default(asked: Asked) -> None:
    QTest.keyClick(asked.text, Qt.Key.Key_Return)
    assert asked.pressed == ["default"]


def test_a_scanners_enter_presses_nothing(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    asked.other.setFocus()
    monkeypatch.setattr(buttons, "HASTE_MS", FOREVER_MS)
    QTest.keyClicks(asked.other, "B-002")
    QTest.keyClick(asked.other, Qt.Key.Key_Return)
    QTest.keyClick(asked.other, Qt.Key.Key_Enter)
    assert asked.pressed == []


def test_an_enter_that_moved_the_focus_there_does_not_press_it_too(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buttons, "HASTE_MS", FOREVER_MS)
    asked.activateWindow()
    asked.other.setFocus()
    assert QApplication.focusWidget() is asked.other
    QTest.keyClick(asked.other, Qt.Key.Key_Return)
    assert asked.pressed == []


def send_mouse(target: QAbstractButton, *kinds: QEvent.Type) -> None:
    """Send the left button's events to the middle of ``target``."""
    middle = target.rect().center()
    for kind in kinds:
        is_up = kind is QEvent.Type.MouseButtonRelease
        event = QMouseEvent(
            kind,
            QPointF(middle),
            QPointF(target.mapToGlobal(middle)),
            Qt.MouseButton.LeftButton,
            Qt.MouseButton.NoButton if is_up else Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(target, event)


def test_the_second_half_of_a_double_click_elsewhere_presses_nothing(asked: Asked) -> None:
    """The first half opened the page on which the button is."""
    kind = QEvent.Type
    send_mouse(asked.other, kind.MouseButtonDblClick, kind.MouseButtonRelease)
    assert asked.pressed == []


def test_a_double_click_on_a_button_presses_it_twice(asked: Asked) -> None:
    kind = QEvent.Type
    send_mouse(asked.other, kind.MouseButtonPress, kind.MouseButtonRelease)
    send_mouse(asked.other, kind.MouseButtonDblClick, kind.MouseButtonRelease)
    assert asked.pressed == ["other", "other"]
