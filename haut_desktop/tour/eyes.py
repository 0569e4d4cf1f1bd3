"""Eyes: find what is on the screen, wait until it is there, and take pictures of it."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, TypeVar

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QWidget

from haut_desktop.services.changes import Changes
from haut_desktop.widgets.picture_frame import PictureFrame

DEADLINE_S: Final = 60.0
"""Generous: a slow computer makes the tour slow, not wrong."""
SCREEN: Final = QSize(1366, 768)
"""The clinic monitor that the screens are made for."""

_LOOK_AGAIN_S: Final = 0.03
_LOOK_ANYWAY_S: Final = 2.0
_SETTLING_S: Final = 0.15
DESKTOP: Final = "#aab2bb"
_SHADE: Final = QColor(20, 26, 32, 70)
_EDGE: Final = QColor(20, 26, 32, 110)

_T = TypeVar("_T")


class TourError(Exception):
    """A step did not come to what it promises."""


class Eyes:
    """Looks at the program's windows; a fault of the program ends every waiting at once."""

    def __init__(self, ended: Callable[[], str]) -> None:
        self._ended = ended
        self._faults: list[str] = []

    # ---- waiting -------------------------------------------------------------------------

    async def until(
        self, look: Callable[[], _T | None], what: str, *, deadline_s: float = DEADLINE_S
    ) -> _T:
        """Wait for the first true answer of ``look``; raises TourError when it is too late."""
        async with self._deadline(what, deadline_s):
            while not (seen := look()):
                self._check()
                await asyncio.sleep(_LOOK_AGAIN_S)
        return seen

    async def until_changed(
        self,
        changes: Changes,
        ask: Callable[[], Awaitable[_T | None]],
        what: str,
        *,
        deadline_s: float = DEADLINE_S,
    ) -> _T:
        """Ask again at every change that the program tells of, until the answer is true."""
        changed = asyncio.Event()
        unsubscribe = changes.subscribe(lambda _change: changed.set())
        try:
            async with self._deadline(what, deadline_s):
                while not (answer := await ask()):
                    self._check()
                    await _wait_at_most(changed, _LOOK_ANYWAY_S)
                    changed.clear()
            return answer
        finally:
            unsubscribe()

    async def settle(self) -> None:
        """Give layouts, pictures and fades the moment that a person would give them."""
        await asyncio.sleep(_SETTLING_S)
        self._check()

    def on_fault(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """Keep an error that nobody caught; stands in ``sys.excepthook`` during the tour."""
        self._faults.append(f"{kind.__name__}: {error}")
        sys.__excepthook__(kind, error, trace)

    def _check(self) -> None:
        if self._faults:
            raise TourError(f"the program had a fault: {self._faults[0]}")
        if reason := self._ended():
            raise TourError(reason)

    def _deadline(self, what: str, deadline_s: float) -> "_Deadline":
        return _Deadline(what, deadline_s)

    # ---- finding -------------------------------------------------------------------------

    def find(self, name: str) -> QWidget | None:
        """The visible widget of this object name or accessible name, in what takes input."""
        modal = QApplication.activeModalWidget()
        tops = [modal] if modal is not None else QApplication.topLevelWidgets()
        for top in tops:
            if top.isVisible():
                for widget in _family(top):
                    is_it = name in {widget.objectName(), widget.accessibleName()}
                    if is_it and widget.isVisible():
                        return widget
        return None

    async def see(self, name: str, *, deadline_s: float = DEADLINE_S) -> QWidget:
        """Wait until a widget is visible and takes input."""

        def look() -> QWidget | None:
            found = self.find(name)
            return found if found is not None and found.isEnabled() else None

        return await self.until(look, f"{name} on the screen", deadline_s=deadline_s)

    # ---- pictures ------------------------------------------------------------------------

    async def photograph(self, path: Path) -> None:
        """Save what a person sees on a clinic monitor: the window and the dialog before it."""
        await self.until(lambda: not _opening(), "pictures that are being opened")
        await self.settle()
        screen = QPixmap(SCREEN)
        screen.fill(QColor(DESKTOP))
        painter = QPainter(screen)
        try:
            for number, window in enumerate(sorted(_windows(), key=_is_in_front)):
                if number:
                    painter.fillRect(screen.rect(), _SHADE)
                _paint(painter, window)
        finally:
            painter.end()
        if not screen.save(str(path)):
            raise TourError(f"the screenshot {path.name} can't be written")


class _Deadline:
    """Turns a timeout into what was waited for in vain."""

    def __init__(self, what: str, deadline_s: float) -> None:
        self._what = what
        self._deadline_s = deadline_s
        self._timeout = asyncio.timeout(deadline_s)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError:
            raise TourError(f"waited {self._deadline_s:g} s for {self._what}") from None


async def _wait_at_most(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return


def _family(top: QWidget) -> Iterator[QWidget]:
    yield top
    yield from top.findChildren(QWidget)


def _windows() -> list[QWidget]:
    return [w for w in QApplication.topLevelWidgets() if w.isVisible() and w.isWindow()]


def _opening() -> list[PictureFrame]:
    frames = [f for window in _windows() for f in window.findChildren(PictureFrame)]
    return [frame for frame in frames if frame.isVisible() and frame.is_opening]


def _is_in_front(window: QWidget) -> bool:
    return bool(window.windowFlags() & Qt.WindowType.Dialog == Qt.WindowType.Dialog)


def _paint(painter: QPainter, window: QWidget) -> None:
    """Paint a window where it would stand, a dialog with an edge."""
    box = QRect(_place(window), window.size())
    if _is_in_front(window):
        painter.fillRect(box.adjusted(-1, -1, 1, 1), _EDGE)
    painter.drawPixmap(box.topLeft(), window.grab())


def _place(window: QWidget) -> QPoint:
    box = QRect(QPoint(), window.size())
    box.moveCenter(QRect(QPoint(), SCREEN).center())
    return box.topLeft()
