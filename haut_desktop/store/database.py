"""The encrypted database: whole transactions on one thread, reads for the screen on another.

SQLCipher with a raw key, WAL and ``synchronous=FULL``: what ``write`` has answered survives a power
cut. Every outcome that SQLite can report is an error of its own, and nothing is ever deleted: a
damaged file is closed, and moved aside by ``move_aside``.
"""

import asyncio
import contextlib
import errno
import hashlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Final, Self, TypeVar

from haut_desktop.domain.errors import (
    StoreCannotOpenError,
    StoreCorruptError,
    StoreError,
    StoreIOError,
    StoreKeyError,
    StoreMissingError,
    StoreNewerError,
    StoreReadOnlyError,
)
from haut_desktop.store.driver import (
    NOT_A_DATABASE,
    Connection,
    DatabaseError,
    Row,
    connect,
    outcome_of,
    result_code,
)
from haut_desktop.store.files import flush_folder, write_atomically

T = TypeVar("T")
Work = Callable[[Connection], T]

KEY_BYTES: Final = 32
_BUSY_TIMEOUT_S: Final = 5.0
_CACHE_KIB: Final = 64 * 1024
_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_COMPANIONS: Final = ("", "-wal", "-shm")


class Database:
    """Runs work inside transactions; every connection is used by one thread only."""

    def __init__(self, path: Path, key: bytes) -> None:
        self.path = path
        self._key = key
        self._writes = _Lane("store-write", self._suspect)
        self._reads = _Lane("store-read", self._suspect)

    @classmethod
    def open(cls, path: Path, key: bytes, *, expect_existing: bool) -> Self:
        """Open or create the file and bring it to the newest version; blocking.

        ``expect_existing`` says that pictures are sealed already: then a missing or empty file is
        a StoreMissingError and is left as it is. Raises the StoreError that fits.
        """
        if expect_existing and not _has_content(path):
            raise StoreMissingError
        database = cls(path, key)
        try:
            database._writes.connect(database._open_for_writing)
            database._reads.connect(database._open_for_reading)
        except BaseException:
            database.close()
            raise
        return database

    @classmethod
    def open_for_reading(cls, path: Path, key: bytes) -> Self:
        """Open an existing file beside whoever writes it; blocking; ``write`` is refused.

        Nothing is created, migrated or checked in. Raises the StoreError that fits.
        """
        if not _has_content(path):
            raise StoreMissingError
        database = cls(path, key)
        database._writes.refuse(StoreReadOnlyError("The database was opened for reading only."))
        try:
            database._reads.connect(database._open_read_only)
        except BaseException:
            database.close()
            raise
        return database

    @classmethod
    def prove(cls, path: Path, key: bytes) -> None:
        """Read every page of a file that nobody else has open; blocking.

        Returns when all is well; raises the StoreError that fits. What it holds is not changed.
        """
        if not _has_content(path):
            raise StoreMissingError
        database = cls(path, key)
        try:
            database._writes.connect(database._open_to_prove)
        finally:
            database.close()

    async def write(self, work: Work[T]) -> T:
        """Do ``work`` in one transaction, whole or not at all.

        Once called it runs to its end; a cancelled caller is released only after that, so that
        whoever cancels knows that nothing is still on its way.
        """
        future = asyncio.wrap_future(self._writes.submit(_transaction, work))
        future.add_done_callback(_take_notice)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait((future,))
            raise

    def write_now(self, work: Work[T]) -> T:
        """Do ``work`` in one transaction, blocking: for what runs without an event loop."""
        return self._writes.submit(_transaction, work).result()

    async def read(self, work: Work[T]) -> T:
        """Do ``work``, which only reads, beside whatever is being written."""
        future = asyncio.wrap_future(self._reads.submit(_snapshot, work))
        future.add_done_callback(_take_notice)
        return await future

    def close(self) -> None:
        """Finish what was asked for, then close; blocking; a second time does nothing."""
        self._reads.close()
        self._writes.close()

    async def aclose(self) -> None:
        """Finish what was asked for, then close."""
        await asyncio.to_thread(self.close)

    def _open_for_writing(self) -> Connection:
        if not _has_content(self.path):
            self._leave_fingerprint()
        connection = self._connect()
        try:
            self._prove(connection)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _open_for_reading(self) -> Connection:
        connection = self._connect()
        connection.execute("PRAGMA query_only = ON")
        return connection

    def _open_read_only(self) -> Connection:
        connection = self._connect(f"{self.path.resolve().as_uri()}?mode=ro")
        try:
            connection.execute("PRAGMA query_only = ON")
            _refuse_other_version(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _open_to_prove(self) -> Connection:
        connection = self._connect()
        try:
            _prove_pages(connection)
            _refuse_other_version(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _suspect(self) -> None:
        """Remember that damage was met, so that the next start looks at every page."""
        with contextlib.suppress(OSError):
            _suspicion_file(self.path).touch()

    def _prove(self, connection: Connection) -> None:
        """After damage was met, prove every page; raises StoreCorruptError."""
        if not _suspicion_file(self.path).exists():
            return
        _prove_pages(connection)
        _suspicion_file(self.path).unlink(missing_ok=True)

    def _connect(self, address: str = "") -> Connection:
        """Connect and prove that the key fits."""
        connection = connect(
            address or self.path,
            timeout=_BUSY_TIMEOUT_S,
            isolation_level=None,
            uri=bool(address),
        )
        try:
            # The library would write its errors to stderr, where they help nobody.
            connection.execute("PRAGMA cipher_log_level = NONE")
            connection.execute(f"PRAGMA key = \"x'{self._key.hex()}'\"")
            connection.execute("SELECT count(*) FROM sqlite_master")
        except DatabaseError as error:
            connection.close()
            if result_code(error) == NOT_A_DATABASE and not self._is_key_known():
                raise StoreKeyError from error
            raise
        # Every page that is not in memory is decrypted anew.
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        connection.row_factory = Row
        return connection

    def _leave_fingerprint(self) -> None:
        """Say beside the new file which key it has, before the file is there."""
        try:
            write_atomically(_fingerprint_file(self.path), fingerprint(self._key).encode())
        except FileNotFoundError as error:
            raise StoreCannotOpenError from error
        except OSError as error:
            is_closed = error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
            raise (StoreReadOnlyError if is_closed else StoreIOError) from error

    def _is_key_known(self) -> bool:
        try:
            kept = _fingerprint_file(self.path).read_text("ascii")
        except (OSError, UnicodeDecodeError):
            return False
        return kept.strip() == fingerprint(self._key)


class _Lane:
    """One thread with one connection; after damage it is closed and says so for ever."""

    def __init__(self, name: str, on_damage: Callable[[], None]) -> None:
        self._on_damage = on_damage
        self._is_closed = False
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._connection: Connection | None = None
        self._damage: StoreError | None = None

    def connect(self, opening: Callable[[], Connection]) -> None:
        self._connection = self._executor.submit(_translated, opening).result()

    def refuse(self, reason: StoreError) -> None:
        """Answer everything with ``reason``."""
        self._damage = reason

    def submit(self, how: Callable[[Connection, Work[T]], T], work: Work[T]) -> Future[T]:
        return self._executor.submit(self._run, how, work)

    def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        self._executor.submit(self._disconnect)
        self._executor.shutdown(wait=True)

    def _run(self, how: Callable[[Connection, Work[T]], T], work: Work[T]) -> T:
        if self._connection is None:
            raise self._damage or StoreError("The database is closed.")
        connection = self._connection
        try:
            return _translated(lambda: how(connection, work))
        except StoreCorruptError as error:
            self._damage = error
            self._disconnect()
            self._on_damage()
            raise

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def fingerprint(key: bytes) -> str:
    """Say which key a database file belongs to without giving the key away."""
    return hashlib.sha256(b"haut-desktop database key\0" + key).hexdigest()[:32]


def migrate(connection: Connection) -> None:
    """Run the numbered migrations that the file lacks, each in one transaction with its number."""
    scripts = sorted(_MIGRATIONS.glob("[0-9]*.sql"))
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(scripts):
        raise StoreNewerError
    for number, script in enumerate(scripts[version:], start=version + 1):
        steps = script.read_text("utf-8")
        try:
            connection.executescript(
                f"BEGIN IMMEDIATE;\n{steps}\nPRAGMA user_version = {number};\nCOMMIT;"
            )
        except BaseException:
            _roll_back(connection)
            raise


def _prove_pages(connection: Connection) -> None:
    """Read every page; raises StoreCorruptError."""
    # A power cut while the log was moved into the file tears pages there that the log still has
    # whole: moved again, they are no damage.
    connection.execute("PRAGMA wal_checkpoint")
    if connection.execute("PRAGMA cipher_integrity_check").fetchall():
        raise StoreCorruptError
    if connection.execute("PRAGMA quick_check").fetchone()[0] != "ok":
        raise StoreCorruptError


def _refuse_other_version(connection: Connection) -> None:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    newest = len(list(_MIGRATIONS.glob("[0-9]*.sql")))
    if version > newest:
        raise StoreNewerError
    if version < newest:
        raise StoreError(
            "This station's data was written by an older Haut Desktop. Open the program once, "
            "which brings it up to date; then try again.",
            title="Made by an older version",
        )


def move_aside(path: Path, at: datetime, *, why: str = "damaged") -> Path:
    """Rename a closed database and its companions; gives the file's new place, named by ``why``."""
    name = f"{path.name}.{why}-{at.strftime('%Y%m%dT%H%M%SZ')}"
    target = path.with_name(name)
    again = 1
    while target.exists():  # what was moved aside before is never replaced
        again += 1
        target = path.with_name(f"{name}-{again}")
    for companion in _COMPANIONS:
        source = path.with_name(path.name + companion)
        if source.exists():
            source.rename(target.with_name(target.name + companion))
    _suspicion_file(path).unlink(missing_ok=True)
    flush_folder(path.parent)
    return target


def _transaction(connection: Connection, work: Work[T]) -> T:
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work(connection)
        connection.execute("COMMIT")
    except BaseException:
        _roll_back(connection)
        raise
    return result


def _snapshot(connection: Connection, work: Work[T]) -> T:
    """Let everything that ``work`` reads come from one moment."""
    connection.execute("BEGIN")
    try:
        return work(connection)
    finally:
        _roll_back(connection)


def _roll_back(connection: Connection) -> None:
    # After FULL, IOERR and the like SQLite may have rolled back by itself; a second ROLLBACK would
    # raise and hide the reason.
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _translated(call: Callable[[], T]) -> T:
    try:
        return call()
    except DatabaseError as error:
        raise outcome_of(error) from error


def _take_notice(future: asyncio.Future[T]) -> None:
    """Look at the outcome, so that asyncio does not complain when a cancelled caller cannot."""
    if not future.cancelled():
        future.exception()


def _has_content(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _fingerprint_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.fingerprint")


def _suspicion_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.suspect")
