"""Real drops: sent to the window, found their widget by Qt's own dispatch."""

from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget


def drop_files(target: QWidget, *paths: Path) -> bool:
    """Drop files on the middle of ``target``; whether somebody took them."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    window = target.window()
    handle = window.windowHandle()
    assert handle is not None
    at = target.mapTo(window, QPoint(target.width() // 2, target.height() // 2))
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(at, copy, mime, left, none)
    QApplication.sendEvent(handle, enter)
    move = QDragMoveEvent(at, copy, mime, left, none)
    QApplication.sendEvent(handle, move)
    drop = QDropEvent(QPointF(at), copy, mime, left, none)
    QApplication.sendEvent(handle, drop)
    return enter.isAccepted() and drop.isAccepted()
