"""Reads what ``strace`` saw of a program and gives what it did to one folder."""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from tests.faults.power_loss.operations import (
    ROOT,
    Entry,
    Node,
    Operation,
    Resize,
    Said,
    Sync,
    Write,
)

CALLS: Final = (
    "open,openat,openat2,creat,close,lseek,write,pwrite64,writev,pwritev,pwritev2,"
    "ftruncate,truncate,fallocate,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,"
    "link,linkat,symlink,symlinkat,fsync,fdatasync,sync_file_range,dup,dup2,dup3,copy_file_range,"
    "sendfile,splice,mmap,clone,clone3,fork,vfork"
)
"""Every call that can change a file, and those that say which file it is."""

_LINE: Final = re.compile(r"(\d+) +(?:<\.\.\. )?(\w+)(\(| resumed>)(.*)$", re.DOTALL)
_DONE: Final = re.compile(r"^(.*)\) += (-?\d+|\?)(.*)$", re.DOTALL)
_UNFINISHED: Final = " <unfinished ...>"
_AT_ONCE: Final = frozenset({"close"})
"""They count from their beginning: another thread is given the same handle before they end."""
_TEXT: Final = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_HANDLE: Final = re.compile(r"(\d+)<([^>]*)>")
_SHARED_MEMORY: Final = "-shm"
"""SQLite's index of the write-ahead log: it is made anew from the log after every crash."""


class UnknownCallError(Exception):
    """The program did something to the folder that the model of a disk does not know."""


@dataclass(frozen=True, slots=True)
class Call:
    """One system call that succeeded."""

    name: str
    arguments: str
    result: int
    began: int
    """How many operations were complete when it began."""

    def texts(self) -> list[bytes]:
        """Its strings."""
        return [_bytes(text) for text in _TEXT.findall(self.arguments)]

    def handle(self) -> tuple[int, str]:
        """Its first handle, and the path that the kernel knows for it."""
        found = _HANDLE.match(self.arguments)
        return (int(found[1]), os.fsdecode(_bytes(found[2]))) if found else (-1, "")

    def number(self, place: int) -> int:
        """One of its numbers, counted from its last argument."""
        return int(self.arguments.rsplit(",")[place])


@dataclass(slots=True)
class _Open:
    node: Node
    position: int = 0
    appends: bool = False


@dataclass(slots=True)
class Reader:
    """Turns calls into operations; ``folder`` was empty when the program began."""

    folder: Path
    operations: list[Operation] = field(default_factory=list)
    folders: set[Node] = field(default_factory=lambda: {ROOT})
    _names: dict[Path, Node] = field(default_factory=dict)
    _sizes: dict[Node, int] = field(default_factory=dict)
    _open: dict[int, _Open] = field(default_factory=dict)
    _nodes: int = 1

    def read(self, lines: Iterable[str]) -> None:
        """Read the whole trace."""
        self._names[self.folder] = ROOT
        for call in self._calls(lines):
            doing = getattr(self, f"_do_{call.name}", None)
            if doing is not None:
                doing(call)
            else:
                self._refuse_unknown(call)

    def _calls(self, lines: Iterable[str]) -> Iterator[Call]:
        begun: dict[str, tuple[str, int]] = {}
        for line in lines:
            match = _LINE.match(line.rstrip("\n"))
            if match is None:
                continue
            process, name, mark, rest = match.groups()
            text, began = "", len(self.operations)
            if mark != "(":
                text, began = begun.pop(process)
            if rest.endswith(_UNFINISHED):
                text = rest.removesuffix(_UNFINISHED)
                begun[process] = (text, began)
                if name in _AT_ONCE:
                    yield Call(name, text, 0, began)
                continue
            if mark != "(" and name in _AT_ONCE:
                continue
            done = _DONE.match(text + rest)
            if done is not None and done[2] != "?" and int(done[2]) >= 0:
                yield Call(name, done[1], int(done[2]), began)

    # ---- files ---------------------------------------------------------------------------

    def _do_openat(self, call: Call) -> None:
        path = Path(os.fsdecode(call.texts()[0]))
        self._open.pop(call.result, None)
        if not self._is_ours(path):
            return
        flags = call.arguments
        node = self._names.get(path)
        if node is None:
            if "O_CREAT" not in flags:
                raise UnknownCallError(f"opened out of nowhere: {path.name}")
            node = self._new(path)
        elif "O_TRUNC" in flags and self._sizes.get(node):
            self._resize(node, 0)
        self._open[call.result] = _Open(node, appends="O_APPEND" in flags)

    def _do_close(self, call: Call) -> None:
        self._open.pop(call.handle()[0], None)

    def _do_lseek(self, call: Call) -> None:
        file = self._file(call)
        if file is not None:
            file.position = call.result

    def _do_write(self, call: Call) -> None:
        handle, path = call.handle()
        data = call.texts()[0][: call.result]
        if handle == 1 and data.startswith(b"{") and not self._is_ours(Path(path)):
            self.operations.append(Said(msgspec.json.decode(data)))
            return
        file = self._file(call)
        if file is not None:
            where = self._sizes.get(file.node, 0) if file.appends else file.position
            self._write(file.node, where, data)
            file.position = where + len(data)

    def _do_pwrite64(self, call: Call) -> None:
        file = self._file(call)
        if file is not None:
            self._write(file.node, call.number(-1), call.texts()[0][: call.result])

    def _do_ftruncate(self, call: Call) -> None:
        file = self._file(call)
        if file is not None:
            self._resize(file.node, call.number(-1))

    def _do_fsync(self, call: Call) -> None:
        file = self._file(call)
        if file is not None:
            self.operations.append(Sync(file.node, call.began))

    _do_fdatasync = _do_fsync

    def _do_mmap(self, call: Call) -> None:
        if "PROT_WRITE" in call.arguments and "MAP_SHARED" in call.arguments:
            self._refuse_unknown(call)

    # ---- names ---------------------------------------------------------------------------

    def _do_mkdir(self, call: Call) -> None:
        path = Path(os.fsdecode(call.texts()[0]))
        if self._is_ours(path):
            self.folders.add(self._new(path))

    def _do_rename(self, call: Call) -> None:
        old, new = (Path(os.fsdecode(text)) for text in call.texts())
        if not self._is_ours(old) and not self._is_ours(new):
            return
        if old.parent != new.parent:
            raise UnknownCallError("renamed into another folder")
        node = self._names.pop(old)
        self._names[new] = node
        self.operations.append(Entry(self._names[new.parent], old.name, new.name, node))

    _do_renameat = _do_renameat2 = _do_rename

    def _do_unlink(self, call: Call) -> None:
        path = Path(os.fsdecode(call.texts()[0]))
        if self._is_ours(path):
            self._names.pop(path)
            self.operations.append(Entry(self._names[path.parent], removed=path.name))

    _do_unlinkat = _do_rmdir = _do_unlink

    def _do_clone(self, call: Call) -> None:
        if "CLONE_THREAD" not in call.arguments:
            raise UnknownCallError("the program started another process")

    _do_clone3 = _do_fork = _do_vfork = _do_clone

    # ---- inside --------------------------------------------------------------------------

    def _refuse_unknown(self, call: Call) -> None:
        paths = [os.fsdecode(_bytes(path)) for _, path in _HANDLE.findall(call.arguments)]
        paths += [os.fsdecode(text) for text in call.texts()]
        if any(self._is_ours(Path(path)) for path in paths):
            raise UnknownCallError(call.name)

    def _is_ours(self, path: Path) -> bool:
        return path.is_relative_to(self.folder) and not path.name.endswith(_SHARED_MEMORY)

    def _file(self, call: Call) -> _Open | None:
        handle, path = call.handle()
        file = self._open.get(handle)
        if (file is not None) != self._is_ours(Path(path.removesuffix(" (deleted)"))):
            raise UnknownCallError(f"{call.name} on a handle out of nowhere: {Path(path).name}")
        return file

    def _new(self, path: Path) -> Node:
        node = Node(self._nodes)
        self._nodes += 1
        self._names[path] = node
        self.operations.append(Entry(self._names[path.parent], added=path.name, node=node))
        return node

    def _write(self, node: Node, offset: int, data: bytes) -> None:
        self.operations.append(Write(node, offset, data))
        self._sizes[node] = max(self._sizes.get(node, 0), offset + len(data))

    def _resize(self, node: Node, size_bytes: int) -> None:
        self.operations.append(Resize(node, size_bytes))
        self._sizes[node] = size_bytes


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))
