"""The encrypted SQLite driver, with the types of its twin in the standard library."""

from typing import TYPE_CHECKING, Final

from haut_desktop.domain.errors import (
    DiskFullError,
    HautError,
    StoreBusyError,
    StoreCannotOpenError,
    StoreCorruptError,
    StoreError,
    StoreIOError,
    StoreLockedError,
    StoreReadOnlyError,
)

if TYPE_CHECKING:
    from sqlite3 import Connection, DatabaseError, IntegrityError, Row, connect
else:
    from sqlcipher3.dbapi2 import Connection, DatabaseError, IntegrityError, Row, connect

__all__ = [
    "NOT_A_DATABASE",
    "Connection",
    "DatabaseError",
    "IntegrityError",
    "Row",
    "connect",
    "outcome_of",
    "result_code",
]

NOT_A_DATABASE: Final = 26
"""SQLITE_NOTADB: not a database, or a wrong key; the caller knows which."""

_CONSTRAINT: Final = 19

_OUTCOMES: Final[dict[int, type[HautError]]] = {
    5: StoreBusyError,  # BUSY
    6: StoreLockedError,  # LOCKED
    8: StoreReadOnlyError,
    10: StoreIOError,
    11: StoreCorruptError,
    13: DiskFullError,
    14: StoreCannotOpenError,
    NOT_A_DATABASE: StoreCorruptError,
}


def result_code(error: DatabaseError) -> int:
    """Give SQLite's primary result code; 1 (ERROR) where the driver knows none."""
    code = getattr(error, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else 1


def outcome_of(error: DatabaseError) -> Exception:
    """Translate the driver's error; a broken constraint stays itself, for it is a bug of ours."""
    code = result_code(error)
    if code == _CONSTRAINT:
        return error
    return _OUTCOMES.get(code, StoreError)()
