"""A tree of rows as a Qt model: where each stands, and the names of the columns."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Generic, TypeVar

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt

Index = QModelIndex | QPersistentModelIndex

T = TypeVar("T")

GAP: Final = "\u2002"
"""Between what stands flush right and the column beside it, which is flush left."""
RIGHT: Final = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


@dataclass(eq=False)
class Node(Generic[T]):
    """One row and where it stands."""

    row: T
    parent: "Node[T] | None"
    position: int
    children: list["Node[T]"] = field(default_factory=list)

    def walk(self) -> Iterator["Node[T]"]:
        """Give the node, then all under it."""
        yield self
        for child in self.children:
            yield from child.walk()


class TreeModel(QAbstractItemModel, Generic[T]):
    """Answers Qt what is alike in every tree of ours; what stands in a cell a subclass says."""

    headers: ClassVar[tuple[str, ...]]
    """The columns' names, left to right."""
    right: ClassVar[tuple[int, ...]] = ()
    """Columns that are flush right."""
    gap_before: ClassVar[int] = -1
    """The column that a gap keeps away from the one before."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tops: list[Node[T]] = []

    def _node(self, index: Index) -> Node[T]:
        node = index.internalPointer()
        assert isinstance(node, Node)
        return node

    def _children(self, parent: Index) -> list[Node[T]]:
        if not parent.isValid():
            return self._tops
        return self._node(parent).children if parent.column() == 0 else []

    def _walk(self) -> Iterator[Node[T]]:
        for top in self._tops:
            yield from top.walk()

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008 - Qt's own default
        """Qt: the index of a child."""
        nodes = self._children(parent)
        if not (0 <= row < len(nodes) and 0 <= column < len(self.headers)):
            return QModelIndex()
        return self.createIndex(row, column, nodes[row])

    def parent(self, index: Index | None = None) -> Any:
        """Qt: the index of the row above; without an index, the owner of the model."""
        if index is None:
            return super().parent()
        above = self._node(index).parent if index.isValid() else None
        return QModelIndex() if above is None else self.createIndex(above.position, 0, above)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """Qt: how many children."""
        return len(self._children(parent))

    def columnCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """Qt: always all columns."""
        return len(self.headers)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Qt: the columns' names."""
        if orientation is Qt.Orientation.Horizontal and 0 <= section < len(self.headers):
            if role == Qt.ItemDataRole.DisplayRole:
                return GAP * (section == self.gap_before) + self.headers[section]
            if role == Qt.ItemDataRole.TextAlignmentRole and section in self.right:
                return RIGHT
        return None
