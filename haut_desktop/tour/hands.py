"""Hands: clicks, keys and drops as the window system would deliver them.

Every event goes to the window, and Qt's own dispatch finds the widget: what lies under something
else, is disabled or has lost the focus does not get it, as with a person's hands.
"""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QWindow,
)
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget

from haut_desktop.tour.eyes import Eyes, TourError

_LEFT: Final = Qt.MouseButton.LeftButton
_NO_BUTTON: Final = Qt.MouseButton.NoButton
_PLAIN: Final = Qt.KeyboardModifier.NoModifier
_COPY: Final = Qt.DropAction.CopyAction


class Hands:
    """Does what a technician does, one thing at a time, once it can be done."""

    def __init__(self, eyes: Eyes) -> None:
        self._eyes = eyes

    async def click(self, name: str) -> None:
        """Click the middle of a widget."""
        await self.click_on(await self._reach(name))

    async def click_on(self, widget: QWidget, at: QPoint | None = None) -> None:
        """Click a place of a widget, in its own coordinates."""
        window, point = _on_window(widget, at)
        _press(window, QEvent.Type.MouseButtonPress, point, held=_LEFT)
        await asyncio.sleep(0)
        _press(window, QEvent.Type.MouseButtonRelease, point, held=_NO_BUTTON)
        await self._eyes.settle()

    async def type_into(self, name: str, text: str) -> None:
        """Click a field, take away what is in it, and type."""
        widget = await self._reach(name)
        await self.click_on(widget)
        window, _ = _on_window(widget, None)
        _strike(window, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        _strike(window, Qt.Key.Key_Delete)
        for letter in text:
            _strike(window, _key_of(letter), _PLAIN, letter)
            await asyncio.sleep(0)
        await self._eyes.settle()

    async def press(self, name: str, key: Qt.Key) -> None:
        """Press a key while a widget has the focus."""
        widget = await self._reach(name)
        widget.setFocus(Qt.FocusReason.TabFocusReason)
        window, _ = _on_window(widget, None)
        _strike(window, key)
        await self._eyes.settle()

    async def drop(self, name: str, paths: Iterable[Path]) -> None:
        """Drag files onto a widget and let them go; raises TourError when nobody takes them."""
        widget = await self._reach(name)
        window, at = _on_window(widget, None)
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        enter = QDragEnterEvent(at, _COPY, mime, _LEFT, _PLAIN)
        QApplication.sendEvent(window, enter)
        move = QDragMoveEvent(at, _COPY, mime, _LEFT, _PLAIN)
        QApplication.sendEvent(window, move)
        await asyncio.sleep(0)
        if not (enter.isAccepted() and move.isAccepted()):
            QApplication.sendEvent(window, QDragLeaveEvent())
            raise TourError(f"{name} takes no files")
        QApplication.sendEvent(window, QDropEvent(QPointF(at), _COPY, mime, _LEFT, _PLAIN))
        await self._eyes.settle()

    async def _reach(self, name: str) -> QWidget:
        """Wait for a widget, and scroll to it where it lies outside a view."""
        widget = await self._eyes.see(name)
        parent = widget.parentWidget()
        while parent is not None:
            if isinstance(parent, QScrollArea):
                parent.ensureWidgetVisible(widget)
            parent = parent.parentWidget()
        return widget


def _on_window(widget: QWidget, at: QPoint | None) -> tuple[QWindow, QPoint]:
    window = widget.window()
    handle = window.windowHandle()
    if handle is None:
        raise TourError(f"{widget.objectName()} has no window")
    return handle, widget.mapTo(window, widget.rect().center() if at is None else at)


def _press(window: QWindow, kind: QEvent.Type, at: QPoint, *, held: Qt.MouseButton) -> None:
    place = QPointF(at)
    event = QMouseEvent(kind, place, QPointF(window.mapToGlobal(at)), _LEFT, held, _PLAIN)
    QApplication.sendEvent(window, event)


def _strike(
    window: QWindow, key: Qt.Key, modifiers: Qt.KeyboardModifier = _PLAIN, text: str = ""
) -> None:
    for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
        QApplication.sendEvent(window, QKeyEvent(kind, key, modifiers, text))


def _key_of(letter: str) -> Qt.Key:
    """Qt's key codes are those of Latin-1's capital letters."""
    code = ord(letter.upper())
    return Qt.Key(code) if letter.isascii() and letter.isprintable() else Qt.Key.Key_unknown
