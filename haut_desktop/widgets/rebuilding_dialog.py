"""Rebuilding: what is shown while the record is made anew, a while for many pictures."""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QDialog

from haut_desktop.viewmodels.unlocking import RebuildProgress
from haut_desktop.widgets.boxes import column
from haut_desktop.widgets.busy_bar import BusyBar
from haut_desktop.widgets.labels import muted, title


class RebuildingDialog(QDialog):
    """Closed by whoever opened it, when the record is whole; the user can only wait."""

    def __init__(self, progress: RebuildProgress) -> None:
        super().__init__()
        self.setWindowTitle("Rebuilding – Haut Desktop")
        self._busy = BusyBar("Reading the sealed pictures' notes")
        self._busy.show_going("Reading the vault…")
        self.setLayout(
            column(
                title("The station's record is being rebuilt"),
                muted(
                    "It is made anew from the sealed pictures and the notes beside them. Nothing "
                    "is lost, and nothing is sent meanwhile. The program goes on by itself."
                ),
                self._busy,
                None,
                gap=12,
                margins=(32, 24, 32, 24),
            )
        )
        self.setMinimumSize(QSize(520, 200))
        progress.went_on.connect(self._on_progress_went_on)

    def _on_progress_went_on(self, steps: tuple[int, int]) -> None:
        done, total = steps
        self._busy.show_progress(done, total, f"{done} of {total} notes read")

    def reject(self) -> None:
        """Stay: half a record is none."""
