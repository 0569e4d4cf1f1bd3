"""What a program does to the disk, one operation at a time."""

from dataclasses import dataclass
from typing import Any, NewType

Node = NewType("Node", int)
"""A file or a folder, whatever it is called: an inode."""

ROOT = Node(0)
"""The folder in which everything happens; it was on the disk before."""


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes written into a file."""

    node: Node
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Resize:
    """A file cut or stretched."""

    node: Node
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of a folder's names, which happens whole or not at all."""

    folder: Node
    removed: str = ""
    added: str = ""
    node: Node = ROOT
    """What ``added`` names."""


@dataclass(frozen=True, slots=True)
class Sync:
    """A flush of a file's bytes or a folder's names."""

    node: Node
    covers: int
    """Operations before this one were complete when the flush began."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the program told the world at this moment; the disk does not change."""

    words: dict[str, Any]


Operation = Write | Resize | Entry | Sync | Said
