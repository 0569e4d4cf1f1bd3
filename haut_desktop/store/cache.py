"""The read cache: pictures and masks that can be fetched again, sealed like everything else."""

import hashlib
import logging
from pathlib import Path
from typing import Final

from haut_desktop.store.files import remove, write_atomically
from haut_desktop.store.sealing import SealBrokenError, seal, unseal

_log = logging.getLogger(__name__)
_SUFFIX: Final = ".age"


class PictureCache:
    """Keeps bytes under a key; what cannot be read is simply not there. Everything here blocks."""

    def __init__(self, folder: Path, recipient: str, identity: str) -> None:
        self._folder = folder
        self._recipient = recipient
        self._identity = identity

    def get(self, key: str) -> bytes | None:
        """Give what is kept, or None."""
        try:
            opened = unseal(self._path(key).read_bytes(), self._identity)
        except FileNotFoundError:
            return None
        except (OSError, SealBrokenError) as error:
            _log.info("cached picture not opened: %s", type(error).__name__)
            return None
        mark = _mark(key)
        # Another key's file that somebody put here is not an answer.
        return opened[len(mark) :] if opened.startswith(mark) else None

    def put(self, key: str, data: bytes) -> None:
        """Keep bytes; raises DiskFullError or OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        sealed = seal(_mark(key) + data, [self._recipient])
        # what a power cut tears does not open, and is fetched or made again
        write_atomically(self._path(key), sealed, is_flushed=False)

    def forget(self, key: str) -> None:
        """Keep it no longer."""
        remove(self._path(key))

    def _path(self, key: str) -> Path:
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()}{_SUFFIX}"


def _mark(key: str) -> bytes:
    return key.encode() + b"\0"
