"""The schema says the domain's words, and keeps what must never be rewritten."""

import re
from enum import StrEnum
from pathlib import Path

import pytest

from haut_desktop.domain.analysis import Completeness
from haut_desktop.domain.delivery import (
    BatchState,
    ImageState,
    Proof,
    RegistrationState,
    Route,
)
from haut_desktop.domain.imaging import ImageType, Side, VerdictLevel
from haut_desktop.domain.subjects import CodeKind, SubjectStatus
from haut_desktop.domain.visits import VisitKind, VisitStatus
from haut_desktop.store import database as database_module
from haut_desktop.store.driver import Connection, IntegrityError
from tests.store.conftest import Record

SCHEMA = (Path(database_module.__file__).parent / "migrations" / "0001_initial.sql").read_text()

WORDS: tuple[tuple[str, str, type[StrEnum]], ...] = (
    ("image", "state", ImageState),
    ("image", "side", Side),
    ("image", "proof_kind", Proof),
    ("batch", "state", BatchState),
    ("batch", "route", Route),
    ("batch", "completeness", Completeness),
    ("registration", "state", RegistrationState),
    ("dataset", "image_type", ImageType),
    ("dataset", "route", Route),
    ("subject", "status", SubjectStatus),
    ("subject_code", "kind", CodeKind),
    ("visit", "kind", VisitKind),
    ("visit", "status", VisitStatus),
    ("slot", "image_type", ImageType),
    ("slot", "side", Side),
    ("verdict", "level", VerdictLevel),
    ("result", "side", Side),
)


@pytest.mark.parametrize(("table", "column", "words"), WORDS)
def test_a_check_lists_the_domains_words(table: str, column: str, words: type[StrEnum]) -> None:
    assert words_of(table, column) == {word.value for word in words}


@pytest.mark.parametrize(
    ("table", "states"),
    (("image", ImageState), ("batch", BatchState), ("registration", RegistrationState)),
)
def test_everything_but_an_end_can_be_held_from(table: str, states: type[StrEnum]) -> None:
    ends = {"HELD", "ERASED", "RETRACTED"}
    assert words_of(table, "held_from") == {state.value for state in states} - ends


def words_of(table: str, column: str) -> set[str]:
    body = SCHEMA.split(f"CREATE TABLE {table} (")[1].split(") STRICT;")[0]
    check = re.search(rf"CHECK \({column} IN\s*\(([^)]*)\)", body)
    assert check is not None
    return set(re.findall(r"'([^']*)'", check[1]))


@pytest.mark.parametrize("table", ("audit", "transition", "correction"))
@pytest.mark.parametrize("statement", ("UPDATE {} SET reason = 'x'", "DELETE FROM {}"))
async def test_what_was_done_is_never_rewritten(record: Record, table: str, statement: str) -> None:
    subject = await record.register()
    await record.subjects.change_details(subject.id, subject.details, record.act)
    details = type(subject.details)(birth_year=1999)
    await record.subjects.change_details(subject.id, details, record.act)

    def tamper(connection: Connection) -> None:
        connection.execute(statement.format(table))

    with pytest.raises(IntegrityError, match=r"not (re|short)"):
        await record.database.write(tamper)


async def test_the_trail_of_an_ordinary_day_verifies(record: Record) -> None:
    await record.finish(await record.register())
    entries = await record.audit.entries()
    assert [entry.action for entry in entries][:2] == ["visit.finished", "picture.taken-in"]
    assert entries[0].operator_id == record.operator.id
    assert entries[0].zone == "Europe/Berlin"
    assert entries[0].station_id == record.station.id
    assert await record.audit.verify() is None


@pytest.mark.parametrize(
    ("forgery", "first_broken"),
    (
        ("UPDATE audit SET reason = 'other' WHERE number = 2", 2),
        ("DELETE FROM audit WHERE number = 3", 3),
    ),
)
async def test_a_rewritten_trail_is_noticed(
    record: Record, forgery: str, first_broken: int
) -> None:
    await record.register()

    def forge(connection: Connection) -> None:
        connection.execute("DROP TRIGGER audit_unchanged")
        connection.execute("DROP TRIGGER audit_kept")
        connection.execute(forgery)

    await record.database.write(forge)
    assert await record.audit.verify() == first_broken
