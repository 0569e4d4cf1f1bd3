"""Help: the pages of resources/help, shown inside the program."""

from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QTextBrowser, QWidget

from haut_desktop.widgets.boxes import column, row
from haut_desktop.widgets.labels import caption, title


class HelpPage(QWidget):
    """Lists the help's pages and shows the chosen one; links between pages work."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._list = QListWidget()
        self._list.setAccessibleName("Help pages")
        self._list.setFixedWidth(240)
        self._text = QTextBrowser()
        self._text.setAccessibleName("Help text")
        self._text.setOpenExternalLinks(True)
        self._text.setSearchPaths([str(folder)])
        for path in _pages(folder):
            item = QListWidgetItem(_page_title(path))
            item.setData(Qt.ItemDataRole.UserRole, path.name)
            self._list.addItem(item)
        self._list.currentItemChanged.connect(self._on_list_current_changed)
        left = column(title("Help"), caption("F1 opens it from everywhere"), self._list)
        self.setLayout(row(left, self._text, gap=16, margins=(24, 16, 24, 16)))
        self._list.setCurrentRow(0)
        self.setFocusProxy(self._list)

    def _on_list_current_changed(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self._text.setSource(QUrl(item.data(Qt.ItemDataRole.UserRole)))


def _pages(folder: Path) -> list[Path]:
    """Every page, the first steps first."""
    return sorted(folder.glob("*.md"), key=lambda path: (path.stem != "first-steps", path.stem))


def _page_title(path: Path) -> str:
    first = path.read_text("utf-8").partition("\n")[0]
    return first.removeprefix("#").strip() or path.stem
