"""Which pictures of a visit stay behind, each with its reason, and erasing one for ever."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QListWidget, QListWidgetItem, QWidget

from haut_desktop.domain.ids import OriginalId
from haut_desktop.domain.imaging import Side
from haut_desktop.viewmodels.asides import AsideLine, AsidesViewModel
from haut_desktop.viewmodels.outbox_confirm import erasure_of_aside
from haut_desktop.viewmodels.thumbnails import Thumbnails
from haut_desktop.widgets.boxes import column, named, row
from haut_desktop.widgets.buttons import button
from haut_desktop.widgets.labels import muted, title
from haut_desktop.widgets.picture_frame import PictureFrame
from haut_desktop.widgets.two_steps_dialog import TwoStepsDialog

_LOOK_WIDTH = 240
_MEANING = (
    "These pictures were set aside or removed: they are not sent. They stay sealed on this "
    "computer until the study is closed, or until somebody erases them."
)


class AsidesDialog(QDialog):
    """Lists them and shows the chosen one; closes by itself when none is left."""

    def __init__(
        self, view_model: AsidesViewModel, thumbnails: Thumbnails, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._vm = view_model
        self._thumbnails = thumbnails
        self._lines: tuple[AsideLine, ...] = ()
        self.setObjectName("asides")
        self.setWindowTitle("Pictures that stay behind – Haut Desktop")
        self._list = named(QListWidget(), "asides-list")
        self._list.setAccessibleName("Pictures that stay behind")
        self._list.setWordWrap(True)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._frame = PictureFrame(Side.OTHER)
        self._frame.setFixedWidth(_LOOK_WIDTH)
        self._erase = button("Erase for ever…", icon="remove", key="Ctrl+Delete")
        self._erase.setObjectName("erase-aside")
        self._close = button("&Close", tip="Close (Esc)")
        self._lay_out()
        self._list.currentItemChanged.connect(self._on_chosen)
        self._erase.clicked.connect(self._on_erase_clicked)
        self._close.clicked.connect(self.reject)
        view_model.changed.connect(self._on_changed)
        thumbnails.arrived.connect(self._on_thumbnail_arrived)
        self._on_changed(view_model.lines)
        self._list.setFocus()

    def _lay_out(self) -> None:
        body = row(self._list, self._frame, gap=16)
        body.setStretch(0, 1)
        whole = column(
            title("Pictures that stay behind"), muted(_MEANING), body,
            row(self._erase, None, self._close), gap=12, margins=(24, 20, 24, 20),
        )  # fmt: skip
        whole.setStretch(2, 1)
        self.setLayout(whole)
        self.setMinimumSize(QSize(760, 480))

    def _line(self) -> AsideLine | None:
        number = self._list.currentRow()
        return self._lines[number] if 0 <= number < len(self._lines) else None

    def _on_changed(self, lines: tuple[AsideLine, ...]) -> None:
        if not lines:
            self.reject()
            return
        before = self._line()
        self._list.clear()
        self._lines = lines
        for line in lines:
            item = QListWidgetItem(f"{line.title}\n{line.words}")
            item.setData(Qt.ItemDataRole.AccessibleTextRole, line.spoken)
            self._list.addItem(item)
        ids = [line.original_id for line in lines]
        kept = before is not None and before.original_id in ids
        self._list.setCurrentRow(ids.index(before.original_id) if before and kept else 0)

    def _on_chosen(self, _now: QListWidgetItem | None) -> None:
        line = self._line()
        self._erase.setEnabled(line is not None)
        if line is not None:
            image = self._thumbnails.get(line.original_id)
            self._frame.show_image(image, is_expected=image is None)

    def _on_thumbnail_arrived(self, original_id: OriginalId) -> None:
        line = self._line()
        if line is not None and line.original_id == original_id:
            self._frame.show_image(self._thumbnails.get(original_id))

    def _on_erase_clicked(self) -> None:
        line = self._line()
        if line is None:
            return
        dialog = TwoStepsDialog(erasure_of_aside(line.spoken), self)
        dialog.confirmed.connect(lambda reason: self._vm.erase(line, reason))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


def open_asides(view_model: AsidesViewModel, thumbnails: Thumbnails, parent: QWidget) -> None:
    """Open the dialog over a page."""
    dialog = AsidesDialog(view_model, thumbnails, parent)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
