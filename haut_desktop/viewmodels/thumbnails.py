"""Thumbnails: opened from the sealed cache when they are first asked for, kept while needed."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from haut_desktop.domain.errors import HautError
from haut_desktop.domain.ids import OriginalId
from haut_desktop.services.previews import PREVIEW_EDGE_PX
from haut_desktop.services.tasks import TaskScope

EDGE_PX: Final = PREVIEW_EDGE_PX
_MOST_KEPT: Final = 60


class Thumbnails(QObject):
    """Gives a picture if it is there, and says when one has come."""

    arrived = Signal(object)
    """Carries the original's id."""

    def __init__(
        self,
        read: Callable[[OriginalId, int], Awaitable[bytes]],
        tasks: TaskScope,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._read = read
        self._tasks = tasks
        self._kept: OrderedDict[OriginalId, QImage] = OrderedDict()
        self._asked: set[OriginalId] = set()

    def get(self, original_id: OriginalId) -> QImage | None:
        """The thumbnail, or None while it is being opened; ``arrived`` follows."""
        if original_id in self._kept:
            self._kept.move_to_end(original_id)
            return self._kept[original_id]
        if original_id not in self._asked:
            self._asked.add(original_id)
            self._tasks.start(self._fetch(original_id), name="thumbnail")
        return None

    async def _fetch(self, original_id: OriginalId) -> None:
        try:
            image = QImage.fromData(await self._read(original_id, EDGE_PX))
        except HautError:
            # the card keeps its empty face; sending checks the picture again and says more
            image = QImage()
        finally:
            self._asked.discard(original_id)
        self._kept[original_id] = image
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        self.arrived.emit(original_id)
