"""The main window: rail, top bar, subject banner, notices and the pages, built when first shown."""

from collections.abc import Callable, Mapping
from typing import Final

from PySide6.QtCore import QMargins, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QMainWindow, QSizePolicy, QStackedWidget, QWidget

from haut_desktop.domain.clock import Clock, system_clock
from haut_desktop.domain.ids import SubjectId
from haut_desktop.domain.subjects import Subject
from haut_desktop.viewmodels.desk import Desk
from haut_desktop.viewmodels.notices import NoticesViewModel
from haut_desktop.viewmodels.status import Status
from haut_desktop.widgets.boxes import column, frame, held, row
from haut_desktop.widgets.labels import label
from haut_desktop.widgets.notice_bar import NoticeBar
from haut_desktop.widgets.rail import ON_RAIL, TITLES, Place, Rail
from haut_desktop.widgets.subject_banner import SubjectBanner
from haut_desktop.widgets.theme import Appearance
from haut_desktop.widgets.top_bar import TopBar

PageMaker = Callable[[], QWidget]

PRACTICE_WORDS = "Practice: no measurements. Pictures go to the practice platform on this computer."


_SIZE: Final = QSize(1366, 768)
_FRAME: Final = QMargins(0, 40, 0, 8)
"""What a desktop draws around a window, at the most."""


class MainWindow(QMainWindow):
    """Frames the pages and asks to be closed; who owns it decides when it really closes."""

    close_requested = Signal()
    place_changed = Signal(object)

    def __init__(
        self,
        *,
        pages: Mapping[Place, PageMaker],
        desk: Desk,
        notices: NoticesViewModel,
        appearance: Appearance,
        is_practice: bool = False,
        clock: Clock = system_clock,
    ) -> None:
        super().__init__()
        self._makers = dict(pages)
        self._pages: dict[Place, QWidget] = {}
        self._may_close = False
        self._is_practice = is_practice
        self.top_bar = TopBar(appearance)
        self.rail = Rail()
        self._banner = SubjectBanner(clock)
        self._stack = QStackedWidget()
        # a page that is not shown must not make the window larger than the screen
        self._stack.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self._notices = notices
        self._subject_id: SubjectId | None = None
        self._notice_bar = NoticeBar(notices)
        self.setCentralWidget(self._assembled(self._notice_bar))
        self._notice_bar.show_notice(notices.current)
        self.setMinimumSize(QSize(960, 600))
        self.resize(_SIZE)
        self._connect(desk)
        self._place = Place.STUDY
        self._name_window("Haut Desktop")

    @property
    def place(self) -> Place:
        """The page that is shown."""
        return self._place

    @property
    def page(self) -> QWidget | None:
        """Its widget."""
        return self._stack.currentWidget()

    def go(self, place: Place) -> None:
        """Show a page; it is built now if it is shown for the first time."""
        if place is not self._place:
            self._notices.go_on()
        if place not in self._pages:
            page = self._makers[place]()
            self._pages[place] = page
            self._stack.addWidget(page)
        self._place = place
        self._stack.setCurrentWidget(self._pages[place])
        self._pages[place].setFocus()
        self.rail.mark(place)
        self._name_window(f"{TITLES[place]} – Haut Desktop")
        self.place_changed.emit(place)

    def fit_screen(self, room: QSize) -> None:
        """Take the whole of a screen that the window would hang over with its frame."""
        whole = _SIZE.grownBy(_FRAME)
        if whole.boundedTo(room) != whole:
            self.setWindowState(self.windowState() | Qt.WindowState.WindowMaximized)

    def show_status(self, status: Status) -> None:
        """Show what the status says."""
        self.top_bar.show_status(status)
        self.rail.set_count(Place.OUTBOX, status.outbox_count)
        self._banner.age_passed()  # the status is read anew as minutes pass

    def close_now(self) -> None:
        """Close for good, once everything behind the window has ended."""
        self._may_close = True
        self.close()

    def _assembled(self, notice_bar: QWidget) -> QWidget:
        below = column(self._banner, notice_bar, self._stack, gap=0)
        body = row(self.rail, held(below), gap=0)
        parts: list[QWidget] = [self.top_bar, held(body)]
        if self._is_practice:
            parts.insert(0, _ribbon())
        whole = column(*parts, gap=0)
        whole.setStretch(len(parts) - 1, 1)
        return held(whole)

    def _connect(self, desk: Desk) -> None:
        self.rail.chosen.connect(self.go)
        self.top_bar.study_wanted.connect(lambda: self.go(Place.STUDY))
        self.top_bar.outbox_wanted.connect(lambda: self.go(Place.OUTBOX))
        self._banner.closed.connect(lambda: desk.open_subject(None))
        desk.subject_changed.connect(self._on_subject_changed)

    def _on_subject_changed(self, subject: Subject | None) -> None:
        self._banner.show_subject(subject)
        subject_id = subject.id if subject is not None else None
        if subject_id != self._subject_id:
            self._notices.go_on()
        self._subject_id = subject_id
        if subject is None and self._place in ON_RAIL and self._place is not Place.OUTBOX:
            self.go(Place.SUBJECTS)

    def _name_window(self, name: str) -> None:
        self.setWindowTitle(f"{name} (practice)" if self._is_practice else name)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask instead of closing, until `close_now`."""
        if self._may_close:
            event.accept()
            return
        event.ignore()
        self.close_requested.emit()


def _ribbon() -> QWidget:
    words = label(PRACTICE_WORDS)
    return frame("practice", row(None, words, None, margins=(8, 3, 8, 3)))
