"""The encrypted database: whole transactions, outcomes told apart, nothing deleted."""

import asyncio
import errno
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from haut_desktop.domain.errors import (
    DiskFullError,
    HautError,
    StoreBusyError,
    StoreCannotOpenError,
    StoreCorruptError,
    StoreError,
    StoreIOError,
    StoreKeyError,
    StoreLockedError,
    StoreMissingError,
    StoreNewerError,
    StoreReadOnlyError,
)
from haut_desktop.store import database as database_module
from haut_desktop.store.database import Database, migrate, move_aside
from haut_desktop.store.driver import (
    Connection,
    DatabaseError,
    IntegrityError,
    connect,
    outcome_of,
)
from tests.store.conftest import KEY

OTHER_KEY = bytes(32)


def insert(value: str) -> "database_module.Work[None]":
    def work(connection: Connection) -> None:
        connection.execute("INSERT INTO site VALUES (?, ?, 'UTC', 'now')", (value, value))

    return work


def count(connection: Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM site").fetchone()[0])


async def test_what_was_written_is_there_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "station.db"
    database = Database.open(path, KEY, expect_existing=False)
    await database.write(insert("a"))
    await database.aclose()
    again = Database.open(path, KEY, expect_existing=True)
    assert await again.read(count) == 1
    await again.aclose()


async def test_nothing_readable_lies_on_the_disk(tmp_path: Path, database: Database) -> None:
    await database.write(insert("B-007-subject"))
    for content in contents(tmp_path):
        assert b"B-007-subject" not in content
        assert b"SQLite format" not in content


def contents(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.iterdir()]


async def test_promises_are_kept_by_the_files_settings(database: Database) -> None:
    def settings(connection: Connection) -> list[object]:
        words = ("journal_mode", "synchronous", "foreign_keys")
        return [connection.execute(f"PRAGMA {word}").fetchone()[0] for word in words]

    assert await database.write(settings) == ["wal", 2, 1]


async def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    def work(connection: Connection) -> None:
        insert("a")(connection)
        raise LookupError("half way")

    with pytest.raises(LookupError):
        await database.write(work)
    assert await database.read(count) == 0
    await database.write(insert("b"))
    assert await database.read(count) == 1


async def test_a_broken_constraint_is_our_own_bug_and_stays_itself(database: Database) -> None:
    await database.write(insert("a"))
    with pytest.raises(IntegrityError):
        await database.write(insert("a"))


async def test_reading_cannot_write(database: Database) -> None:
    with pytest.raises(StoreReadOnlyError):
        await database.read(insert("a"))


async def test_reads_and_writes_have_a_thread_each(database: Database) -> None:
    def name(connection: Connection) -> str:
        return threading.current_thread().name

    assert (await database.write(name)).startswith("store-write")
    assert (await database.read(name)).startswith("store-read")


async def test_a_cancelled_write_is_whole_and_ended_when_the_caller_goes_on(
    database: Database,
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        begun.set()
        go_on.wait(30)
        insert("a")(connection)

    task = asyncio.get_running_loop().create_task(database.write(slow))
    await asyncio.to_thread(begun.wait, 30)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await database.read(count) == 1


async def test_a_write_that_waits_in_the_queue_is_done_although_cancelled(
    database: Database,
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def block(connection: Connection) -> None:
        begun.set()
        go_on.wait(30)

    loop = asyncio.get_running_loop()
    first = loop.create_task(database.write(block))
    await asyncio.to_thread(begun.wait, 30)
    second = loop.create_task(database.write(insert("a")))
    await asyncio.sleep(0)
    second.cancel()
    go_on.set()
    await first
    with pytest.raises(asyncio.CancelledError):
        await second
    assert await database.read(count) == 1


async def test_a_cancelled_write_that_fails_complains_to_nobody_else(database: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def fail(connection: Connection) -> None:
        begun.set()
        go_on.wait(30)
        raise LookupError

    task = asyncio.get_running_loop().create_task(database.write(fail))
    await asyncio.to_thread(begun.wait, 30)
    task.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_cancelled_read_is_let_go(database: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(connection: Connection) -> int:
        begun.set()
        go_on.wait(30)
        return 1

    loop = asyncio.get_running_loop()
    first, second = loop.create_task(database.read(slow)), loop.create_task(database.read(count))
    await asyncio.to_thread(begun.wait, 30)
    await asyncio.sleep(0)
    second.cancel()
    go_on.set()
    assert await first == 1
    with pytest.raises(asyncio.CancelledError):
        await second


async def test_a_closed_database_says_so(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "station.db", KEY, expect_existing=False)
    await database.aclose()
    with pytest.raises(RuntimeError):
        await database.read(count)


# ---- opening -------------------------------------------------------------------------------


def test_a_wrong_key_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "station.db"
    Database.open(path, KEY, expect_existing=False).close()
    before = path.read_bytes()
    with pytest.raises(StoreKeyError):
        Database.open(path, OTHER_KEY, expect_existing=True)
    assert path.read_bytes() == before


def test_a_damaged_file_under_the_right_key_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "station.db"
    Database.open(path, KEY, expect_existing=False).close()
    path.write_bytes(b"x" * 8192)
    with pytest.raises(StoreCorruptError):
        Database.open(path, KEY, expect_existing=True)


def test_without_the_fingerprint_nobody_speaks_of_damage(tmp_path: Path) -> None:
    path = tmp_path / "station.db"
    Database.open(path, KEY, expect_existing=False).close()
    (tmp_path / "station.db.fingerprint").unlink()
    path.write_bytes(b"x" * 8192)
    with pytest.raises(StoreKeyError):
        Database.open(path, KEY, expect_existing=True)


@pytest.mark.parametrize("place", (0, 0.5))
async def test_proving_reads_every_page_and_changes_nothing(tmp_path: Path, place: float) -> None:
    path = tmp_path / "station.db"
    database = Database.open(path, KEY, expect_existing=False)
    await database.write(insert("a"))
    await database.aclose()
    whole = path.read_bytes()
    Database.prove(path, KEY)
    assert path.read_bytes() == whole
    with pytest.raises(StoreKeyError):
        Database.prove(path, OTHER_KEY)
    start = int(len(whole) * place)
    path.write_bytes(whole[:start] + b"nonsense" * 8 + whole[start + 64 :])
    with pytest.raises(StoreCorruptError):
        Database.prove(path, KEY)
    path.unlink()
    with pytest.raises(StoreMissingError):
        Database.prove(path, KEY)
    assert not path.exists()


@pytest.mark.parametrize("is_there", (True, False))
def test_an_empty_or_missing_file_beside_pictures_is_an_error(
    tmp_path: Path, is_there: bool
) -> None:
    path = tmp_path / "station.db"
    if is_there:
        path.touch()
    with pytest.raises(StoreMissingError):
        Database.open(path, KEY, expect_existing=True)
    assert path.exists() is is_there


def test_a_missing_folder_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(StoreCannotOpenError):
        Database.open(tmp_path / "gone" / "station.db", KEY, expect_existing=False)


@pytest.mark.parametrize(
    ("number", "outcome"),
    (
        (errno.EACCES, StoreReadOnlyError),
        (errno.EROFS, StoreReadOnlyError),
        (errno.EIO, StoreIOError),
    ),
)
def test_a_folder_that_takes_nothing_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, outcome: type[HautError]
) -> None:
    def refuse(handle: int) -> None:
        raise OSError(number, "refused")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(outcome):
        Database.open(tmp_path / "station.db", KEY, expect_existing=False)


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "station.db"
    Database.open(path, KEY, expect_existing=False).close()
    connection = connect(path)
    connection.execute(f"PRAGMA key = \"x'{KEY.hex()}'\"")
    connection.execute("PRAGMA user_version = 9999")
    connection.close()
    with pytest.raises(StoreNewerError):
        Database.open(path, KEY, expect_existing=True)


def test_0001_initial_runs_once(tmp_path: Path) -> None:
    connection = connect(tmp_path / "plain.db", isolation_level=None)
    migrate(connection)
    migrate(connection)
    assert connection.execute("PRAGMA user_version").fetchone()[0] >= 1
    connection.close()


def test_0002_rebuilt_adds_what_waits_after_a_rebuild(tmp_path: Path) -> None:
    connection = connect(tmp_path / "plain.db", isolation_level=None)
    migrate(connection)
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    assert {"rebuilt_batch", "held_picture"} <= tables
    connection.close()


def test_0003_taken_back_adds_retractions_and_erasures(tmp_path: Path) -> None:
    connection = connect(tmp_path / "plain.db", isolation_level=None)
    migrate(connection)
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    assert {"retraction", "erasure", "batch_retracting", "erasure_pending"} <= names
    connection.close()


def test_0004_initiating_lets_a_start_find_what_was_being_begun(tmp_path: Path) -> None:
    connection = connect(tmp_path / "plain.db", isolation_level=None)
    migrate(connection)
    plan = connection.execute(
        "EXPLAIN QUERY PLAN SELECT id FROM batch WHERE state = 'INITIATING'"
    ).fetchall()
    assert [row[3] for row in plan] == ["SEARCH batch USING INDEX batch_initiating (state=?)"]
    connection.close()


def test_0005_server_leaves_what_was_there_to_the_first_who_signs_in(tmp_path: Path) -> None:
    connection = connect(tmp_path / "plain.db", isolation_level=None)
    _migrate_to(connection, 4)
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("INSERT INTO study VALUES ('s', 'station', 'c', 'Study', NULL, 'now')")
    connection.execute("INSERT INTO operator VALUES ('o', 'station', 'c', 7, 'tech', 'now')")
    migrate(connection)
    assert connection.execute("SELECT server FROM study").fetchall() == [("",)]
    assert connection.execute("SELECT server FROM operator").fetchall() == [("",)]
    other = "INSERT INTO operator VALUES (?, 'station', 'c', 7, 'tech', 'now', ?)"
    connection.execute(other, ("p", "https://staging.haut.ai"))
    with pytest.raises(IntegrityError):
        connection.execute(other, ("q", "https://staging.haut.ai"))
    connection.close()


def _migrate_to(connection: Connection, version: int) -> None:
    """Bring a file to the form that an older program left."""
    folder = Path(database_module.__file__).parent / "migrations"
    for script in sorted(folder.glob("[0-9]*.sql"))[:version]:
        connection.executescript(script.read_text("utf-8"))
    connection.execute(f"PRAGMA user_version = {version}")


def test_0007_former_delivery_keeps_what_must_be_asked_for(tmp_path: Path) -> None:
    connection = connect(tmp_path / "plain.db", isolation_level=None)
    _migrate_to(connection, 6)
    migrate(connection)
    assert connection.execute("SELECT names FROM former_delivery").fetchall() == []
    connection.close()


def test_0008_computed_again_says_of_no_batch_that_was_there_that_it_goes_again(
    tmp_path: Path,
) -> None:
    connection = connect(tmp_path / "plain.db", isolation_level=None)
    _migrate_to(connection, 7)
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute(
        "INSERT INTO batch (id, station_id, visit_id, dataset_id, route, state, created_at,"
        " visit_at, written_at) VALUES ('b', 's', 'v', 'd', 'signed', 'OPEN', 'now', 'now', 'now')"
    )
    migrate(connection)
    assert connection.execute("SELECT again FROM batch").fetchall() == [("",)]
    plan = connection.execute("EXPLAIN QUERY PLAN SELECT id FROM rendition WHERE sha256 = 'a'")
    assert "rendition_same" in plan.fetchall()[0][3]
    connection.close()


def test_0009_moves_lost_finds_what_an_earlier_rebuild_wrote(tmp_path: Path) -> None:
    connection = connect(tmp_path / "plain.db", isolation_level=None)
    _migrate_to(connection, 8)
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute(
        "INSERT INTO audit VALUES (1, 'then', 'UTC', 's', NULL, 'outbox.rebuilt', 'station', 's',"
        " '', '', '', 'digest')"
    )
    for name, state, at in (
        ("ended", "RETRACTED", "then"),
        ("asked", "OPEN", "then"),
        ("waits", "OPEN", "then"),
        ("ours", "RETRACTED", "later"),
        ("sent", "RETRACTED", "then"),
    ):
        connection.execute(
            "INSERT INTO batch (id, station_id, visit_id, dataset_id, route, state, created_at,"
            " visit_at, written_at) VALUES (?, 's', 'v', 'd', 'signed', ?, 'now', 'now', ?)",
            (name, state, at),
        )
    connection.execute("INSERT INTO rebuilt_batch VALUES ('waits', 's', 'then')")
    connection.execute(
        "INSERT INTO transition VALUES ('t', 's', 'batch', 'sent', 'initiate', 'OPEN',"
        " 'INITIATING', 0, NULL, NULL, '', 'later')"
    )
    migrate(connection)
    rows = connection.execute("SELECT id FROM batch WHERE moves_lost = 1 ORDER BY id")
    assert [row[0] for row in rows] == ["ended", "waits"]
    connection.close()


def test_0006_ageing_finds_what_is_begun_and_not_computed(tmp_path: Path) -> None:
    connection = connect(tmp_path / "plain.db", isolation_level=None)
    migrate(connection)
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    assert "batch_begun" in names
    connection.close()


def test_0012_former_subject_knows_of_no_mark_that_was_there_whose_it_was(tmp_path: Path) -> None:
    connection = connect(tmp_path / "plain.db", isolation_level=None)
    _migrate_to(connection, 11)
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("INSERT INTO former_delivery VALUES ('r', 'st', '[]', 'now')")
    migrate(connection)
    (row,) = connection.execute("SELECT names, subject FROM former_delivery").fetchall()
    assert tuple(row) == ("[]", None)
    connection.close()


def test_0013_result_light_keeps_what_was_said_and_tells_lights_apart(tmp_path: Path) -> None:
    connection = connect(tmp_path / "plain.db", isolation_level=None)
    _migrate_to(connection, 12)
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute(
        "INSERT INTO result VALUES ('1', 'st', 'b', NULL, 'there', 'redness', '1.0', 1, 'Redness',"
        " 'app', 'front', 1, '', '[]', NULL, x'', 'said', 1, 'now', 'now')"
    )
    migrate(connection)
    assert connection.execute("SELECT light FROM result").fetchall() == [("",)]
    again = "INSERT INTO result SELECT ?, 'st', 'b', NULL, 'there', 'redness', '1.0', 1, 'Redness',"
    again += " 'app', 'front', 1, '', '[]', NULL, x'', 'said', 1, 'now', 'now', ?"
    connection.execute(again, ("2", "uv"))
    with pytest.raises(IntegrityError, match="UNIQUE"):
        connection.execute(again, ("3", "uv"))
    connection.close()


def test_0010_rechecks_finds_what_nobody_has_read(tmp_path: Path) -> None:
    connection = connect(tmp_path / "plain.db", isolation_level=None)
    migrate(connection)
    plan = connection.execute(
        "EXPLAIN QUERY PLAN SELECT batch_id FROM recheck"
        " WHERE differences <> '[]' AND seen_at IS NULL"
    ).fetchall()
    assert "recheck_unseen" in plan[0][3]
    connection.close()


def test_0011_once_leaves_pictures_that_were_there_twice_and_lets_no_other_in(
    tmp_path: Path,
) -> None:
    connection = connect(tmp_path / "plain.db", isolation_level=None)
    _migrate_to(connection, 10)
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute(
        "INSERT INTO slot VALUES ('s', 'st', 'v', 'selfie', 'front', 'regular', '', 1, 0, 1, 'now')"
    )
    _take(connection, 1, "a")
    _take(connection, 2, "a")
    _take(connection, 3, "b")
    migrate(connection)
    pictures = connection.execute("SELECT picture FROM take ORDER BY number").fetchall()
    assert pictures == [(f"v {'a' * 64}",), (None,), (f"v {'b' * 64}",)]
    for sha in ("a", "b"):
        connection.execute("BEGIN")
        with pytest.raises(IntegrityError, match="UNIQUE"):
            _take(connection, 4, sha)
        connection.execute("ROLLBACK")
    _take(connection, 4, "c")
    connection.close()


def _take(connection: Connection, number: int, sha: str) -> None:
    """Write a take and its picture down as the first version did."""
    connection.execute(
        "INSERT INTO take (id, station_id, slot_id, number, counts, reason, written_at)"
        " VALUES (?, 'st', 's', ?, 0, '', 'now')",
        (f"t{number}", number),
    )
    connection.execute(
        "INSERT INTO original (id, station_id, take_id, sha256, md5, size_bytes, media_type, width,"
        " height, orientation, file_name, captured_text, captured_source, captured_at,"
        " received_at, zone, vault_name, written_at) VALUES (?, 'st', ?, ?, ?, 1, 'image/jpeg',"
        " 1, 1, 1, '', '', '', 'now', 'now', 'UTC', ?, 'now')",
        (f"o{number}", f"t{number}", sha * 64, "m" * 32, f"{number}.age"),
    )


def test_a_migration_that_fails_leaves_the_version_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "0001_good.sql").write_text("CREATE TABLE a (x);")
    (tmp_path / "0002_bad.sql").write_text("CREATE TABLE b (x); CREATE TABLE a (x);")
    monkeypatch.setattr(database_module, "_MIGRATIONS", tmp_path)
    connection = connect(tmp_path / "plain.db", isolation_level=None)
    with pytest.raises(DatabaseError, match="already exists"):
        migrate(connection)
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master")]
    assert tables == ["a"]
    assert connection.execute("PRAGMA user_version").fetchone()[0] == 1
    connection.close()


# ---- outcomes ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "outcome"),
    (
        (5, StoreBusyError),
        (6, StoreLockedError),
        (8, StoreReadOnlyError),
        (1032, StoreReadOnlyError),
        (10, StoreIOError),
        (778, StoreIOError),
        (11, StoreCorruptError),
        (13, DiskFullError),
        (14, StoreCannotOpenError),
        (26, StoreCorruptError),
        (1, StoreError),
        (None, StoreError),
    ),
)
def test_outcomes_are_told_apart(code: int | None, outcome: type[HautError]) -> None:
    error = DatabaseError("x")
    if code is not None:
        error.sqlite_errorcode = code
    assert type(outcome_of(error)) is outcome


async def test_a_full_disk_says_so_and_writing_goes_on_when_there_is_room(
    database: Database,
) -> None:
    def limit(pages: int) -> "database_module.Work[None]":
        def work(connection: Connection) -> None:
            connection.execute(f"PRAGMA max_page_count = {pages}")

        return work

    def fill(connection: Connection) -> None:
        connection.execute("INSERT INTO site VALUES ('big', ?, 'UTC', 'now')", ("x" * 4_000_000,))

    await database.write(limit(1))
    with pytest.raises(DiskFullError):
        await database.write(fill)
    assert await database.read(count) == 0
    await database.write(limit(1_000_000))
    await database.write(fill)
    assert await database.read(count) == 1


async def test_somebody_elses_long_write_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_BUSY_TIMEOUT_S", 0.0)
    path = tmp_path / "station.db"
    database = Database.open(path, KEY, expect_existing=False)
    other = connect(path, isolation_level=None)
    other.execute(f"PRAGMA key = \"x'{KEY.hex()}'\"")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusyError):
        await database.write(insert("a"))
    other.close()
    await database.write(insert("a"))
    await database.aclose()


async def test_after_damage_the_connection_is_closed_and_stays_so(database: Database) -> None:
    def damaged(connection: Connection) -> None:
        error = DatabaseError("database disk image is malformed")
        error.sqlite_errorcode = 11
        raise error

    with pytest.raises(StoreCorruptError):
        await database.write(damaged)
    with pytest.raises(StoreCorruptError):
        await database.write(insert("a"))


def test_a_damaged_file_is_moved_aside_with_its_companions(tmp_path: Path) -> None:
    path = tmp_path / "station.db"
    for name in ("station.db", "station.db-wal"):
        (tmp_path / name).write_text(name)
    aside = move_aside(path, datetime(2026, 3, 1, 9, tzinfo=UTC))
    assert not path.exists()
    assert aside.read_text() == "station.db"
    assert aside.with_name(f"{aside.name}-wal").read_text() == "station.db-wal"
