"""The practice platform's data folder: one process at a time works on it."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

_LOCK: Final = "practice.lock"
_LOOK_AGAIN_S: Final = 0.1


class DataFolderError(Exception):
    """The folder can't be worked on; says why."""


@contextmanager
def hold(folder: Path, *, patience_s: float = 10.0) -> Iterator[None]:
    """Have the folder alone, made if need be; the system gives it free however the process ends.

    A platform that is just ending is waited for; raises DataFolderError when it stays, or when
    the folder can't be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / _LOCK).open("a+b")
    except FileExistsError as error:
        raise DataFolderError(f"{folder} is a file, not a folder") from error
    except OSError as error:
        raise DataFolderError(f"{folder} can't be written to: {error.strerror}") from error
    with file:
        looking = threading.Event()
        for _ in range(round(patience_s / _LOOK_AGAIN_S) + 1):
            if _lock(file):
                break
            looking.wait(_LOOK_AGAIN_S)
        else:
            raise DataFolderError(f"another practice platform works on {folder}; end it first")
        yield


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> bool:
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
