"""The outbox as a Qt model: visits at the top, batches under them, pictures under those."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Any, Final

from PySide6.QtCore import QModelIndex, QObject, Qt

from haut_desktop.domain.clock import Clock
from haut_desktop.viewmodels.outbox_rows import OutboxRow
from haut_desktop.viewmodels.tree_model import RIGHT, Index, Node, TreeModel
from haut_desktop.viewmodels.words import ago, clock_time, size


class OutboxColumn(IntEnum):
    """The columns, left to right."""

    TITLE = 0
    STATE = 1
    PROGRESS = 2
    SIZE = 3
    AGE = 4
    NEXT_TRY = 5


ROW_ROLE: Final = int(Qt.ItemDataRole.UserRole)
"""Gives the whole ``OutboxRow`` of an index."""


class OutboxModel(TreeModel[OutboxRow]):
    """Shows rows; new ones are compared with the old, so that what is open stays open."""

    headers = ("Subject and visit", "State", "Sent", "Size", "Age", "Next try")
    right = (OutboxColumn.SIZE,)
    gap_before = OutboxColumn.AGE

    def __init__(self, clock: Clock, zone: str = "UTC", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self._zone = zone

    @property
    def zone(self) -> str:
        """The zone in which times are told."""
        return self._zone

    def show(self, rows: Iterable[OutboxRow]) -> None:
        """Show other rows: in place where the same things are listed, from the start otherwise."""
        wanted = list(rows)
        if _shape(wanted) == _shape(node.row for node in self._tops):
            self._refill(self._tops, wanted)
            return
        self.beginResetModel()
        self._tops = [_grow(row, None, position) for position, row in enumerate(wanted)]
        self.endResetModel()

    def row_at(self, index: Index) -> OutboxRow | None:
        """What an index stands for."""
        return self._node(index).row if index.isValid() else None

    def find(self, row_id: str) -> QModelIndex:
        """Where a row is; an invalid index when it is gone."""
        for node in self._walk():
            if node.row.id == row_id:
                return self.createIndex(node.position, 0, node)
        return QModelIndex()

    def age_passed(self) -> None:
        """Let views read the ages again."""
        if self._tops:
            last = len(self._tops) - 1
            self.dataChanged.emit(
                self.index(0, OutboxColumn.AGE), self.index(last, OutboxColumn.AGE)
            )

    def _refill(self, nodes: list[Node[OutboxRow]], rows: Iterable[OutboxRow]) -> None:
        for node, row in zip(nodes, rows, strict=True):
            if node.row != row:
                node.row = row
                first = self.createIndex(node.position, 0, node)
                last = self.createIndex(node.position, len(OutboxColumn) - 1, node)
                self.dataChanged.emit(first, last)
                self._refill(node.children, row.children)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt: words, and the row itself for those who draw."""
        if not index.isValid():
            return None
        row = self._node(index).row
        if role == ROW_ROLE:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return self._words(row, OutboxColumn(index.column()))
        if role == Qt.ItemDataRole.ToolTipRole and row.trouble is not None:
            return f"{row.trouble.title}. {row.trouble.message}"
        if role == Qt.ItemDataRole.AccessibleTextRole:
            words = self._words(row, OutboxColumn(index.column()))
            return f"{self.headers[index.column()]}: {words}"
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() in self.right:
            return RIGHT
        return None

    def _words(self, row: OutboxRow, column: OutboxColumn) -> str:
        match column:
            case OutboxColumn.TITLE:
                return row.title
            case OutboxColumn.STATE:
                return row.phrase.text
            case OutboxColumn.PROGRESS:
                return "" if row.progress is None else f"{row.progress:.0%}"
            case OutboxColumn.SIZE:
                return size(row.size_bytes) if row.size_bytes else ""
            case OutboxColumn.AGE:
                return ago(row.since, self._clock())
            case OutboxColumn.NEXT_TRY:
                return clock_time(row.next_try, self._zone) if row.next_try else ""


def _grow(row: OutboxRow, parent: Node[OutboxRow] | None, position: int) -> Node[OutboxRow]:
    node = Node(row, parent, position)
    node.children = [_grow(child, node, place) for place, child in enumerate(row.children)]
    return node


def _shape(rows: Iterable[OutboxRow]) -> list[object]:
    return [(row.id, _shape(row.children)) for row in rows]
