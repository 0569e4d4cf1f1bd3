"""The spool's page: pictures are sealed while the station is locked, with words beside them."""

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import (
    QGuiApplication,
    QIcon,
    QImage,
    QKeyEvent,
    QKeySequence,
    QPixmap,
    QShortcut,
)
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem

from haut_desktop.viewmodels.capture_sources import is_pictures_only
from haut_desktop.viewmodels.spool import SpoolLine, SpoolState, SpoolViewModel
from haut_desktop.widgets.ask import offer_pictures
from haut_desktop.widgets.boxes import card, column, named, row
from haut_desktop.widgets.busy_bar import BusyBar
from haut_desktop.widgets.buttons import button, primary_button
from haut_desktop.widgets.drop_area import DropArea
from haut_desktop.widgets.field import Field
from haut_desktop.widgets.labels import caption, heading, muted, title
from haut_desktop.widgets.rejected_list import RejectedList

_WHERE = "Drop pictures or a folder here, or paste with Ctrl+V."
_OVER = "Let go: the pictures are sealed at once."
_ICON = QSize(56, 56)
_ID = Qt.ItemDataRole.UserRole


class _Words(QLineEdit):
    """Takes words; pictures that are pasted here go to the page, as pasted anywhere else on it."""

    def __init__(self, words: str, placeholder: str, paste_pictures: Callable[[], object]) -> None:
        super().__init__(words, placeholderText=placeholder)
        self._paste_pictures = paste_pictures

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave the paste key to the page while the clipboard has pictures and no words."""
        if event.matches(QKeySequence.StandardKey.Paste) and is_pictures_only(
            QGuiApplication.clipboard().mimeData()
        ):
            self._paste_pictures()
        else:
            super().keyPressEvent(event)


class SpoolPage(DropArea):
    """Takes pictures by drop, paste or choice; nothing typed or sealed goes with the window."""

    back_wanted = Signal()
    again_wanted = Signal()

    def __init__(self, view_model: SpoolViewModel) -> None:
        super().__init__()
        self._view_model = view_model
        self._code = named(_Words(view_model.code, "B-007", self._paste), "spool-code")
        self._visit = named(_Words(view_model.visit, "Baseline", self._paste), "spool-visit")
        self._choose = named(button("Choose files…", icon="folder", key="Ctrl+O"), "spool-choose")
        self._busy = BusyBar("Sealing pictures")
        self._rejected = RejectedList()
        self._where = muted(_WHERE)
        self._heading = heading("")
        self._earlier = caption("", wraps=True)
        self._list = named(QListWidget(), "spool-list")
        self._rename = named(
            button("Put these &words on them", tip="On the pictures chosen in the list"),
            "spool-rename",
        )
        self._back = button("&Back", icon="back")
        self._again = named(primary_button("&Try again"), "spool-again")
        self._lay_out()
        self._connect()
        self.take_drops(view_model.take_in, view_model.paste)
        self._on_view_model_changed(view_model.state)

    def _lay_out(self) -> None:
        self._list.setAccessibleName("Sealed pictures, waiting for the station to open")
        self._list.setIconSize(_ICON)
        self._list.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        fields = row(Field("Subject &code", self._code), Field("&Visit", self._visit), gap=16)
        choice = row(self._where, self._choose)
        choice.setStretch(0, 1)
        target = card(fields, choice, gap=12)
        whole = column(
            title("Take pictures in meanwhile"),
            muted(
                "They are sealed on this station at once and wait for it to open; they are not yet "
                "in the record. Afterwards you say in the outbox whose they are: what you type "
                "here stands beside them then."
            ),
            target,
            self._busy,
            self._rejected,
            row(self._heading, None, self._rename),
            self._earlier,
            self._list,
            row(self._back, None, self._again),
            gap=12,
            margins=(32, 24, 32, 24),
        )
        whole.setStretch(7, 1)
        self.setLayout(whole)
        self.setFocusProxy(self._code)

    def show_hover(self, is_over: bool) -> None:
        """Say that a drop here is taken."""
        self._where.setText(_OVER if is_over else _WHERE)

    def _connect(self) -> None:
        model = self._view_model
        self._code.textChanged.connect(self._on_words_changed)
        self._visit.textChanged.connect(self._on_words_changed)
        self._choose.clicked.connect(self._on_choose_clicked)
        self._rejected.dismissed.connect(model.forget_rejected)
        self._rename.clicked.connect(self._on_rename_clicked)
        self._list.itemSelectionChanged.connect(self._show_readiness)
        self._back.clicked.connect(self.back_wanted)
        self._again.clicked.connect(self.again_wanted)
        model.changed.connect(self._on_view_model_changed)
        paste = QShortcut(QKeySequence(QKeySequence.StandardKey.Paste), self)
        paste.activated.connect(self._paste)

    def _on_view_model_changed(self, state: SpoolState) -> None:
        self._heading.setText(state.heading)
        self._earlier.setText(state.earlier_words)
        self._earlier.setVisible(bool(state.earlier_words))
        if state.rejected or not self._rejected.isHidden():
            self._rejected.show_rejected(state.rejected)
        if state.is_going:
            words = f"{state.done} of {state.total} sealed"
            self._busy.show_progress(state.done, state.total, words)
        else:
            self._busy.clear()
        self._show_lines(state.lines)
        self._show_readiness()

    def _show_lines(self, lines: tuple[SpoolLine, ...]) -> None:
        for number, line in enumerate(lines):
            if number == self._list.count():
                fresh = QListWidgetItem(_icon(line.thumbnail), "")
                fresh.setData(_ID, line.id)
                self._list.addItem(fresh)
                self._list.scrollToBottom()
            self._list.item(number).setText(f"{line.whose}\n{line.name}")

    def _show_readiness(self) -> None:
        self._rename.setEnabled(bool(self._list.selectedItems() and self._view_model.words))
        # what is being sealed is sealed first
        self._again.setEnabled(not self._view_model.state.is_going)

    def _on_words_changed(self) -> None:
        self._view_model.code = self._code.text()
        self._view_model.visit = self._visit.text()
        self._show_readiness()

    def _on_choose_clicked(self) -> None:
        offer_pictures(self, self._view_model.take_in)

    def _on_rename_clicked(self) -> None:
        self._view_model.rename(item.data(_ID) for item in self._list.selectedItems())

    def _paste(self) -> None:
        self.hand_on(QGuiApplication.clipboard().mimeData())


def _icon(thumbnail: bytes) -> QIcon:
    return QIcon(QPixmap.fromImage(QImage.fromData(thumbnail)))
