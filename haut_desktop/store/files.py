"""Files that are there whole or not at all, also after a power cut."""

import contextlib
import errno
import os
import stat
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

from haut_desktop.domain.errors import DiskFullError

_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_TEMPORARY: Final = ".part"
_WRITING: Final = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def write_atomically(
    path: Path, data: bytes, *, is_read_only: bool = False, is_flushed: bool = True
) -> None:
    """Write beside, flush to the disk, rename, flush the folder; raises DiskFullError or OSError.

    Whoever looks at ``path`` sees the old file or the new one. What a crash leaves beside it ends
    in ``.part`` and is nobody's. Who may read it is left to the folder: the station's accounts
    share it, and nothing readable is ever written. Without ``is_flushed`` a power cut may leave
    ``path`` torn: for what is proven when it is read, and can be made again.
    """
    beside = path.with_name(f".{path.name}.{uuid4().hex}{_TEMPORARY}")
    try:
        if is_flushed:
            _write_through(beside, data)
        else:
            beside.write_bytes(data)
        if is_read_only:
            beside.chmod(beside.stat().st_mode & ~_WRITING)
        if os.name == "nt" and path.exists():  # Windows does not replace a read-only file
            path.chmod(path.stat().st_mode | stat.S_IWUSR)
        beside.replace(path)
        if is_flushed:
            flush_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        _say_if_full(error)
        raise


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, that outlive a power cut; an existing one is flushed, too.

    Whoever made an existing one may have been ended before its name was on the disk. Raises
    DiskFullError or OSError.
    """
    made = [folder for folder in path.parents if not folder.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
        for folder in (path, *made):
            flush_folder(folder.parent)
    except OSError as error:
        _say_if_full(error)
        raise


def _say_if_full(error: OSError) -> None:
    if error.errno in _NO_ROOM:
        raise DiskFullError from error


def _write_through(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def remove(path: Path) -> None:
    """Remove a file, a read-only one too, and make that durable; a missing one is no error."""
    if not path.exists():
        return
    if os.name == "nt":
        path.chmod(path.stat().st_mode | stat.S_IWUSR)
    path.unlink(missing_ok=True)
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Make the folder's entries durable; Windows does so by itself and has no call for it."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def is_temporary(name: str) -> bool:
    """Whether a file of this name is what a crash left of a write."""
    return name.endswith(_TEMPORARY)


def clear_temporary(folder: Path, before: datetime) -> None:
    """Remove what a crash before then left of a write; what can't be removed stays."""
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        halves = [Path(entry.path) for entry in entries if is_temporary(entry.name)]
    clear_halves(halves, before)


def clear_halves(paths: Iterable[Path], before: datetime) -> None:
    """Remove those that were written before then; what can't be removed stays."""
    for path in paths:
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < before.timestamp():
                remove(path)
