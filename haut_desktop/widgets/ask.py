"""Questions that only a person can answer, awaited without a nested event loop."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QDialog, QFileDialog, QMessageBox, QWidget

from haut_desktop.domain.errors import HautError
from haut_desktop.viewmodels.capture_sources import FILE_FILTER

Ask = Callable[[QDialog], Coroutine[Any, Any, bool]]
"""Shows a dialog until it is closed; True when it was accepted."""

_UNSEEN_S: Final = 1.0
"""A window that is not painted by then is minimised or covered; nobody waits for it."""


async def finish(dialog: QDialog) -> bool:
    """Open ``dialog`` and wait until it is closed; True when it was accepted."""
    answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def _on_dialog_finished(result: int) -> None:
        if not answered.done():
            answered.set_result(result)

    dialog.finished.connect(_on_dialog_finished)
    dialog.open()
    try:
        return await answered == QDialog.DialogCode.Accepted
    finally:
        dialog.finished.disconnect(_on_dialog_finished)
        if not answered.done() or answered.cancelled():
            dialog.close()


class _FirstPaint(QObject):
    """Sets an event when a widget is painted."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.seen = asyncio.Event()
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Look and let everything through."""
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            self.seen.set()
        return False


async def painted(widget: QWidget) -> None:
    """Wait until ``widget`` can be seen, so that what follows does not hold it up."""
    first = _FirstPaint(widget)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_UNSEEN_S):
            await first.seen.wait()


async def ask_yes_no(parent: QWidget, title: str, message: str, *, yes: str, no: str) -> bool:
    """Ask one question; the buttons say what they do, Esc and Enter mean the harmless answer."""
    box = QMessageBox(parent)
    box.setWindowTitle(title)
    box.setText(title)
    box.setInformativeText(message)
    accept = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
    reject = box.addButton(no, QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(reject)
    box.setEscapeButton(reject)
    try:
        await finish(box)
        return box.clickedButton() is accept
    finally:
        box.deleteLater()


def problem_box(title: str, message: str) -> QMessageBox:
    """Make the box that says what went wrong, over no window."""
    box = QMessageBox(QMessageBox.Icon.Critical, "Haut Desktop", title)
    box.setInformativeText(message)
    box.addButton(QMessageBox.StandardButton.Close)
    return box


async def tell_error(error: HautError) -> None:
    """Say what went wrong, over no window, until it was read."""
    box = problem_box(error.title, error.message)
    try:
        await finish(box)
    finally:
        box.deleteLater()


def offer_pictures(
    parent: QWidget, take: Callable[[tuple[Path, ...]], None], title: str = "Choose pictures"
) -> None:
    """Open a choice of picture files; ``take`` gets what is chosen, and nothing when it is left."""
    dialog = QFileDialog(parent, title)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    dialog.setNameFilter(FILE_FILTER)
    dialog.filesSelected.connect(lambda names: take(tuple(Path(name) for name in names)))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()


async def choose_folder(parent: QWidget, title: str) -> Path | None:
    """Let the user choose a folder."""
    dialog = QFileDialog(parent, title)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    try:
        return Path(dialog.selectedFiles()[0]) if await finish(dialog) else None
    finally:
        dialog.deleteLater()


async def choose_save_path(
    parent: QWidget, title: str, name_filter: str, *, suggested: str = ""
) -> Path | None:
    """Let the user name a file to write."""
    dialog = QFileDialog(parent, title)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilter(name_filter)
    dialog.selectFile(suggested)
    try:
        return Path(dialog.selectedFiles()[0]) if await finish(dialog) else None
    finally:
        dialog.deleteLater()
