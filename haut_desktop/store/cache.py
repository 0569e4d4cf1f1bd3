"""The read cache: pictures and masks that can be fetched again, sealed like everything else."""

import errno
import hashlib
import logging
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Final

from haut_desktop.store.files import clear_temporary, flush_folder, remove, write_atomically
from haut_desktop.store.sealing import SealBrokenError, seal, unseal

_log = logging.getLogger(__name__)
_SUFFIX: Final = ".age"

_CLEARINGS: Final = 50
"""How often a shelf is cleared on which somebody puts something meanwhile."""


class PictureCache:
    """Keeps bytes under a key; what cannot be read is simply not there. Everything here blocks.

    What must leave together lies on one shelf, a folder of its own: it goes whole, also what a
    crash left there that nobody has listed.
    """

    def __init__(self, folder: Path, recipient: str, identity: str) -> None:
        self._folder = folder
        self._recipient = recipient
        self._identity = identity

    def get(self, key: str, *, shelf: str = "") -> bytes | None:
        """Give what is kept, or None."""
        # before there were shelves, everything lay beside each other
        return self._read(key, self._path(key, shelf)) or (self.get(key) if shelf else None)

    def put(self, key: str, data: bytes, *, shelf: str = "") -> None:
        """Keep bytes; raises DiskFullError, or OSError also when the shelf is cleared meanwhile."""
        path = self._path(key, shelf)
        path.parent.mkdir(parents=True, exist_ok=True)
        sealed = seal(_mark(key) + data, [self._recipient])
        # what a power cut tears does not open, and is fetched or made again
        write_atomically(path, sealed, is_flushed=False)

    def forget(self, key: str, *, shelf: str = "") -> None:
        """Keep it no longer; raises OSError."""
        remove(self._path(key, shelf))
        remove(self._path(key, ""))

    def clear_shelf(self, shelf: str) -> None:
        """Keep nothing of a shelf any longer, nor what is put there meanwhile; raises OSError."""
        folder = self._folder_of(shelf)
        for left in reversed(range(_CLEARINGS)):
            if not folder.is_dir():
                return
            try:
                _clear(folder)
            except OSError as error:
                if left == 0 or error.errno not in _MEANWHILE:
                    raise
            else:
                flush_folder(self._folder)
                return

    def has_shelf(self, shelf: str) -> bool:
        """Whether anything may lie on a shelf."""
        return self._folder_of(shelf).is_dir()

    def keep_only(self, keys: Collection[str], *, shelf: str) -> None:
        """Keep nothing on a shelf but what is named; raises OSError."""
        folder = self._folder_of(shelf)
        named = {self._path(key, shelf) for key in keys}
        for path in folder.iterdir() if folder.is_dir() else ():
            if path not in named:
                remove(path)

    def clear_half_written(self, before: datetime) -> None:
        """Remove what a crash before then left of a write; what lies on shelves goes with them."""
        clear_temporary(self._folder, before)

    def _read(self, key: str, path: Path) -> bytes | None:
        try:
            opened = unseal(path.read_bytes(), self._identity)
        except FileNotFoundError:
            return None
        except (OSError, SealBrokenError) as error:
            _log.info("cached picture not opened: %s", type(error).__name__)
            return None
        mark = _mark(key)
        # Another key's file that somebody put here is not an answer.
        return opened[len(mark) :] if opened.startswith(mark) else None

    def _path(self, key: str, shelf: str) -> Path:
        return self._folder_of(shelf) / f"{_hash(key)}{_SUFFIX}"

    def _folder_of(self, shelf: str) -> Path:
        return self._folder / _hash(shelf) if shelf else self._folder


_MEANWHILE: Final = frozenset({errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT})
"""Somebody put something into the folder, or cleared it as well."""


def _clear(folder: Path) -> None:
    for path in folder.iterdir():
        remove(path)
    folder.rmdir()


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def _mark(key: str) -> bytes:
    return key.encode() + b"\0"
