"""Drop area: takes dropped files, folders and pictures, and shows that it would."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QFrame

from haut_desktop.viewmodels.capture_sources import Encode, holds_pictures, pasted_png, paths_of

TakeFiles = Callable[[tuple[Path, ...]], None]
TakePicture = Callable[[Encode], None]


class DropArea(QFrame):
    """A frame that hands on what is dropped on it while it is open for drops."""

    def __init__(self) -> None:
        super().__init__()
        self.setAcceptDrops(True)
        self._take_files: TakeFiles | None = None
        self._take_picture: TakePicture | None = None

    def take_drops(self, take_files: TakeFiles | None, take_picture: TakePicture | None) -> None:
        """Say who gets what is dropped; None closes the area."""
        self._take_files = take_files
        self._take_picture = take_picture

    @property
    def takes_drops(self) -> bool:
        """Whether it is open."""
        return self._take_files is not None

    def show_hover(self, is_over: bool) -> None:
        """Show that a drop here would be taken; subclasses draw more."""
        self.setProperty("is_drop_target", is_over)

    def hand_on(self, mime: QMimeData) -> bool:
        """Give files, or else a picture, to whoever takes them."""
        if paths := paths_of(mime):
            if self._take_files is not None:
                self._take_files(paths)
            return True
        encode = pasted_png(mime)
        if encode is not None and self._take_picture is not None:
            self._take_picture(encode)
        return encode is not None

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept what could be a picture."""
        if self._take_files is not None and holds_pictures(event.mimeData()):
            event.acceptProposedAction()
            self.show_hover(True)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Go on accepting."""
        if self._take_files is not None:
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Show the ordinary face again."""
        self.show_hover(False)
        event.accept()

    def dropEvent(self, event: QDropEvent) -> None:
        """Hand on what was dropped."""
        self.show_hover(False)
        if self.hand_on(event.mimeData()):
            event.acceptProposedAction()
