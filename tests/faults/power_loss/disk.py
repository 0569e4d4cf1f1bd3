"""A disk that keeps only what was flushed, and everything that a power cut can leave on it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.faults.power_loss.operations import ROOT, Entry, Node, Operation, Resize, Sync, Write

SECTOR_BYTES: Final = 512
"""A disk writes this much whole or not at all."""

_MOST_PARTS: Final = 6


@dataclass(frozen=True, slots=True)
class Content:
    """Which of a file's operations are on the disk; equal ones have equal bytes."""

    node: Node
    flushed: int
    """The last operation of the flushed ones."""
    pieces: tuple[tuple[int, int], ...] = ()
    """What else is there: the operation, and how many of its bytes."""
    size_bytes: int = -1
    """Stretched with zeros to this size."""


@dataclass(frozen=True, slots=True)
class Remains:
    """What a power cut left: folders and files by their path."""

    kind: str = field(compare=False)
    folders: tuple[str, ...]
    files: tuple[tuple[str, Content], ...]


@dataclass(slots=True)
class _File:
    flushed: bytearray = field(default_factory=bytearray)
    flushed_index: int = -1
    pending: list[tuple[int, Write | Resize]] = field(default_factory=list)


_Pieces = dict[Node, Content]
_Names = Mapping[Node, Mapping[str, Node]]


class Disk:
    """Follows the operations and says what a cut of the power would leave at this moment."""

    def __init__(self, folders: frozenset[Node]) -> None:
        """Begin empty; ``folders`` are the nodes that will be folders."""
        self._folders = folders
        self._files: dict[Node, _File] = {}
        self._names: dict[Node, dict[str, Node]] = {ROOT: {}}
        self._changes: list[tuple[int, Entry]] = []

    def apply(self, index: int, operation: Operation) -> None:
        """Do one operation."""
        match operation:
            case Write(node=node) | Resize(node=node):
                self._file(node).pending.append((index, operation))
            case Entry():
                self._changes.append((index, operation))
            case Sync(node=node, covers=covers):
                self._flush_bytes(node, covers)
                self._flush_names(node, covers)
            case _:
                pass

    def cuts(self) -> Iterator[Remains]:
        """Everything that may be left when the power goes now; equal ones may come twice."""
        everything, nothing = self._everything(), self._nothing()
        new, old = self._named(len(self._changes)), self._named(0)
        yield self._remains("all lost", old, nothing)
        yield self._remains("all kept", new, everything)
        yield self._remains("data lost, names kept", new, nothing)
        yield self._remains("names lost, data kept", old, everything)
        for part in range(1, min(len(self._changes), _MOST_PARTS)):
            yield self._remains("names in part", self._named(part), everything)
            yield self._remains("names in part, data lost", self._named(part), nothing)
        yield from self._odd(new, everything, nothing)

    def bytes_of(self, content: Content) -> bytes:
        """The bytes of a file as it was left; asked before the next operation is applied."""
        file = self._files.get(content.node, _File())
        data = bytearray(file.flushed)
        last = content.flushed
        pieces = dict(content.pieces)
        for index, operation in file.pending:
            if index <= last:
                _do(data, operation)
            elif index in pieces:
                _do(data, operation, pieces[index])
        if content.size_bytes >= 0:
            _do(data, Resize(content.node, content.size_bytes))
        return bytes(data)

    def leave(self, remains: Remains, folder: Path) -> None:
        """Put what was left into a folder."""
        for name in remains.folders:
            (folder / name).mkdir(parents=True, exist_ok=True)
        for name, content in remains.files:
            (folder / name).write_bytes(self.bytes_of(content))

    # ---- flushing ------------------------------------------------------------------------

    def _file(self, node: Node) -> _File:
        return self._files.setdefault(node, _File())

    def _flush_bytes(self, node: Node, covers: int) -> None:
        file = self._file(node)
        while file.pending and file.pending[0][0] < covers:
            file.flushed_index, operation = file.pending.pop(0)
            _do(file.flushed, operation)

    def _flush_names(self, node: Node, covers: int) -> None:
        due = [c for c in self._changes if c[1].folder == node and c[0] < covers]
        for change in due:
            _change(self._names, change[1])
            self._changes.remove(change)

    # ---- what may be left ----------------------------------------------------------------

    def _odd(self, names: _Names, everything: _Pieces, nothing: _Pieces) -> Iterator[Remains]:
        waiting = [node for node, file in self._files.items() if file.pending]
        if len(waiting) > 1:
            for node in waiting:
                yield self._remains("one file lost", names, {**everything, node: nothing[node]})
        holes = {node: self._hollow(node) for node in waiting}
        yield self._remains("sizes kept, data lost", names, {**nothing, **holes})
        writes = [
            (i, o) for n in waiting for i, o in self._files[n].pending if isinstance(o, Write)
        ]
        if not writes:
            return
        index, last = max(writes, key=lambda write: write[0])
        alone = Content(last.node, nothing[last.node].flushed, ((index, len(last.data)),))
        yield self._remains("last write alone", names, {**nothing, last.node: alone})
        for length in tears(last):
            torn = self._torn(last.node, index, length)
            yield self._remains("last write torn", names, {**everything, last.node: torn})
            alone = Content(last.node, nothing[last.node].flushed, ((index, length),))
            yield self._remains("last write torn and alone", names, {**nothing, last.node: alone})

    def _everything(self) -> _Pieces:
        return {
            node: Content(node, file.pending[-1][0] if file.pending else file.flushed_index)
            for node, file in self._files.items()
        }

    def _nothing(self) -> _Pieces:
        return {node: Content(node, file.flushed_index) for node, file in self._files.items()}

    def _torn(self, node: Node, index: int, length: int) -> Content:
        """Everything but the rest of one write and what came to the same file after it."""
        before = [i for i, _ in self._files[node].pending if i < index]
        flushed = before[-1] if before else self._files[node].flushed_index
        return Content(node, flushed, ((index, length),))

    def _hollow(self, node: Node) -> Content:
        file = self._files[node]
        size = len(file.flushed)
        for _, operation in file.pending:
            size = _size_after(size, operation)
        return Content(node, file.flushed_index, size_bytes=max(size, len(file.flushed)))

    def _named(self, count: int) -> _Names:
        """The names after the first ``count`` of the changes that are not flushed."""
        names = {folder: dict(entries) for folder, entries in self._names.items()}
        for _, change in self._changes[:count]:
            _change(names, change)
        return names

    def _remains(self, kind: str, names: _Names, contents: _Pieces) -> Remains:
        folders: list[str] = []
        files: list[tuple[str, Content]] = []

        def walk(folder: Node, path: str) -> None:
            for name, node in sorted(names.get(folder, {}).items()):
                if node in self._folders:
                    folders.append(path + name)
                    walk(node, f"{path}{name}/")
                else:
                    files.append((path + name, contents.get(node, Content(node, -1))))

        walk(ROOT, "")
        return Remains(kind, tuple(folders), tuple(files))


def tears(write: Write) -> Sequence[int]:
    """How many bytes of a write arrive when it is torn: after one, half, all but one sector."""
    first = SECTOR_BYTES - write.offset % SECTOR_BYTES
    cuts = range(first, len(write.data), SECTOR_BYTES)
    return sorted({cuts[0], cuts[len(cuts) // 2], cuts[-1]}) if cuts else ()


def _do(data: bytearray, operation: Write | Resize, length: int | None = None) -> None:
    if isinstance(operation, Resize):
        del data[operation.size_bytes :]
        data.extend(bytes(operation.size_bytes - len(data)))
        return
    part = operation.data if length is None else operation.data[:length]
    data.extend(bytes(max(operation.offset - len(data), 0)))
    data[operation.offset : operation.offset + len(part)] = part


def _size_after(size_bytes: int, operation: Write | Resize) -> int:
    if isinstance(operation, Resize):
        return operation.size_bytes
    return max(size_bytes, operation.offset + len(operation.data))


def _change(names: dict[Node, dict[str, Node]], change: Entry) -> None:
    entries = names.setdefault(change.folder, {})
    if change.removed:
        entries.pop(change.removed, None)
    if change.added:
        entries[change.added] = change.node
