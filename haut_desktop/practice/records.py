"""What the practice platform remembers: one SQLite file in its data folder."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

Row = dict[str, Any]


class Records:
    """A SQLite file shared by all threads; every statement outside a transaction is committed."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = _make_row
        # A platform killed with -9 keeps what it answered; only a power cut may cost the last
        # commits, which a practice platform can bear.
        self._connection.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
        )
        schema = files("haut_desktop.practice").joinpath("schema.sql").read_text("utf-8")
        self._connection.executescript(schema)

    def fetch_one(self, sql: str, *parameters: object) -> Row | None:
        with self._lock:
            row: Row | None = self._connection.execute(sql, parameters).fetchone()
            return row

    def fetch_all(self, sql: str, *parameters: object) -> list[Row]:
        with self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    def fetch_value(self, sql: str, *parameters: object) -> Any:
        """The first column of the first row, None without a row."""
        row = self.fetch_one(sql, *parameters)
        return None if row is None else next(iter(row.values()))

    def execute(self, sql: str, *parameters: object) -> int:
        """Number of rows changed."""
        with self._lock:
            return self._connection.execute(sql, parameters).rowcount

    def insert(self, table: str, **values: object) -> int:
        """Id of the new row."""
        columns, marks = ", ".join(values), ", ".join("?" * len(values))
        with self._lock:
            cursor = self._connection.execute(
                f"INSERT INTO {table} ({columns}) VALUES ({marks})",  # noqa: S608 - our own names
                tuple(values.values()),
            )
            return cursor.lastrowid or 0

    def update(self, table: str, row_id: object, **values: object) -> None:
        columns = ", ".join(f"{name} = ?" for name in values)
        sql = f"UPDATE {table} SET {columns} WHERE id = ?"  # noqa: S608 - our own names
        self.execute(sql, *values.values(), row_id)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; other threads wait. Not to be nested."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def setting(self, key: str) -> str | None:
        value: str | None = self.fetch_value("SELECT value FROM settings WHERE key = ?", key)
        return value

    def remember(self, key: str, value: str) -> None:
        self.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", key, value)

    def count(self, name: str) -> None:
        self.execute(
            "INSERT INTO counters VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1",
            name,
        )

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def _make_row(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}


def to_json(value: object) -> str | None:
    """JSON text for a column; None stays NULL."""
    return None if value is None else msgspec.json.encode(value).decode()


def from_json(text: str | None) -> Any:
    return None if text is None else msgspec.json.decode(text)
