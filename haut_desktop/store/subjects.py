"""Subjects in the database: codes with their history, and details."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from haut_desktop.domain.audit import Act
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.errors import SubjectCodeError
from haut_desktop.domain.ids import (
    DatasetId,
    PlatformSubjectId,
    StationId,
    StudyId,
    SubjectId,
    new_id,
)
from haut_desktop.domain.overviews import SUBJECTS_AT_MOST, SubjectRow
from haut_desktop.domain.subjects import (
    CodeKind,
    KnownCode,
    Registration,
    Subject,
    SubjectCode,
    SubjectDetails,
    SubjectStatus,
    code_key,
)
from haut_desktop.store.database import Database
from haut_desktop.store.driver import Connection, Row
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.registrations import insert_registration, registration_of
from haut_desktop.store.rows import (
    Value,
    moment,
    moment_or_none,
    one,
    text_of,
    update,
)
from haut_desktop.store.subject_search import find_subjects

_KNOWN_CODES: Final = """
SELECT said.code_key, said.code AS said, said.subject_id, current.code
FROM subject_code AS said
JOIN subject_code AS current
    ON current.subject_id = said.subject_id AND current.is_current = 1
WHERE said.study_id = ? AND said.code_key IN (SELECT value FROM json_each(?))
ORDER BY length(said.code_key) DESC, said.is_current DESC, said.rowid
"""
_CODES: Final = """
SELECT * FROM subject_code WHERE subject_id IN (SELECT value FROM json_each(?))
ORDER BY subject_id, number
"""
_REGISTRATIONS: Final = """
SELECT * FROM registration WHERE subject_id IN (SELECT value FROM json_each(?))
ORDER BY subject_id, rowid
"""


class SubjectStore:
    """Keeps participants; a code and an entry of the platform belong to one of them at a time."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(self, subject: Subject, act: Act) -> None:
        """Add a subject with codes and registrations; raises SubjectCodeError for a taken code."""

        def work(connection: Connection) -> None:
            ledger = Ledger(connection, self._clock)
            insert_subject(ledger, subject)
            ledger.audit(act, "subject.registered", "subject", subject.id, new=subject.code)

        await self._database.write(work)

    async def get(self, subject_id: SubjectId) -> Subject:
        """Give one subject; raises StoreError for an unknown one."""
        return await self._database.read(lambda c: read_subject(c, subject_id))

    async def find(self, subject_id: SubjectId) -> Subject | None:
        """Give one subject if this station knows it."""
        return await self._one("SELECT * FROM subject WHERE id = ?", subject_id)

    async def by_code(self, study_id: StudyId, code: str) -> Subject | None:
        """Give the subject whose current code this is, however it is typed."""
        return await self._one(
            "SELECT subject.* FROM subject"
            " JOIN subject_code ON subject_code.subject_id = subject.id"
            " WHERE subject_code.study_id = ? AND code_key = ? AND is_current = 1",
            study_id,
            code_key(code),
        )

    async def by_platform_id(
        self, dataset_id: DatasetId, platform_id: PlatformSubjectId
    ) -> Subject | None:
        """Give the subject to whom an entry of the platform belongs."""
        return await self._one(
            "SELECT subject.* FROM subject JOIN registration"
            " ON registration.subject_id = subject.id WHERE dataset_id = ? AND platform_id = ?",
            dataset_id,
            platform_id,
        )

    async def search(
        self, study_id: StudyId, text: str = "", limit: int = SUBJECTS_AT_MOST
    ) -> tuple[SubjectRow, ...]:
        """Find by any part of any code, present or former; last seen or registered first."""

        def work(connection: Connection) -> tuple[SubjectRow, ...]:
            rows = find_subjects(connection, study_id, code_key(text), limit)
            subjects = _subjects(connection, rows)
            return tuple(_overview(*both) for both in zip(subjects, rows, strict=True))

        return await self._database.read(work)

    async def known_codes(self, study_id: StudyId, keys: Iterable[str]) -> tuple[KnownCode, ...]:
        """Give those of ``keys`` that are or were codes in the study: longest, then current first.

        One question, however many keys and subjects there are.
        """
        values = (study_id, json.dumps(sorted(keys)))
        return await self._database.read(
            lambda c: tuple(_known_code(row) for row in c.execute(_KNOWN_CODES, values))
        )

    async def change_code(
        self, subject_id: SubjectId, code: str, kind: CodeKind, act: Act
    ) -> Subject:
        """Give the subject a new current code, with the act's reason; the former ones stay."""

        def work(connection: Connection) -> Subject:
            ledger = Ledger(connection, self._clock)
            subject = read_subject(connection, subject_id)
            _add_code(
                ledger, subject_id, subject.study_id, SubjectCode(code, kind, act.reason, ledger.at)
            )
            ledger.correct(act, "subject", subject_id, "code", old=subject.code, new=code)
            return read_subject(connection, subject_id)

        return await self._database.write(work)

    async def change_details(
        self, subject_id: SubjectId, details: SubjectDetails, act: Act
    ) -> Subject:
        """Correct the details: each changed one leaves its former value and the reason."""

        def work(connection: Connection) -> Subject:
            ledger = Ledger(connection, self._clock)
            before = _details_columns(read_subject(connection, subject_id).details)
            after = _details_columns(details)
            for name, value in after.items():
                if value != before[name]:
                    ledger.correct(
                        act, "subject", subject_id, name, old=_word(before[name]), new=_word(value)
                    )
            update(connection, "subject", subject_id, after)
            return read_subject(connection, subject_id)

        return await self._database.write(work)

    async def change_status(
        self, subject_id: SubjectId, status: SubjectStatus, act: Act
    ) -> Subject:
        """Say where the participant stands in the study."""

        def work(connection: Connection) -> Subject:
            ledger = Ledger(connection, self._clock)
            before = read_subject(connection, subject_id).status
            update(connection, "subject", subject_id, {"status": status.value})
            ledger.correct(act, "subject", subject_id, "status", old=before.value, new=status.value)
            return read_subject(connection, subject_id)

        return await self._database.write(work)

    async def _one(self, statement: str, *values: Value) -> Subject | None:
        def work(connection: Connection) -> Subject | None:
            row = connection.execute(statement, values).fetchone()
            return None if row is None else _subject(connection, row)

        return await self._database.read(work)


def insert_subject(ledger: Ledger, subject: Subject) -> None:
    """Add a subject with codes and registrations; raises SubjectCodeError for a taken code."""
    ledger.insert(
        "subject",
        id=subject.id,
        study_id=subject.study_id,
        status=subject.status.value,
        created_at=text_of(subject.created_at),
        **_details_columns(subject.details),
    )
    for code in subject.codes[:-1]:  # given up: somebody else may have it by now
        _insert_code(ledger, subject.id, subject.study_id, code, is_current=False)
    _add_code(ledger, subject.id, subject.study_id, subject.codes[-1])
    for registration in subject.registrations:
        insert_registration(ledger, registration)


def _add_code(ledger: Ledger, subject_id: SubjectId, study_id: StudyId, code: SubjectCode) -> None:
    taken = ledger.connection.execute(
        "SELECT 1 FROM subject_code WHERE study_id = ? AND code_key = ? AND is_current = 1"
        " AND subject_id <> ?",
        (study_id, code_key(code.code), subject_id),
    ).fetchone()
    if taken is not None:
        raise SubjectCodeError(
            f"The code {code.code} belongs to another subject of this study already. "
            "Open that subject, or check the code."
        )
    ledger.connection.execute(
        "UPDATE subject_code SET is_current = 0 WHERE subject_id = ?", (subject_id,)
    )
    _insert_code(ledger, subject_id, study_id, code, is_current=True)


def _insert_code(
    ledger: Ledger,
    subject_id: SubjectId,
    study_id: StudyId,
    code: SubjectCode,
    *,
    is_current: bool,
) -> None:
    number = ledger.connection.execute(
        "SELECT count(*) + 1 FROM subject_code WHERE subject_id = ?", (subject_id,)
    ).fetchone()[0]
    ledger.insert(
        "subject_code",
        id=new_id(),
        study_id=study_id,
        subject_id=subject_id,
        number=number,
        code=code.code,
        code_key=code_key(code.code),
        kind=code.kind.value,
        reason=code.reason,
        since=text_of(code.since),
        is_current=int(is_current),
    )


def _details_columns(details: SubjectDetails) -> dict[str, Value]:
    return {
        "birth_year": details.birth_year,
        "birth_date": details.birth_date.isoformat() if details.birth_date else None,
        "biological_sex": details.biological_sex,
        "phototype": details.phototype,
        "remarks": details.remarks,
    }


def _word(value: Value) -> str:
    return "" if value is None else str(value)


def read_subject(connection: Connection, subject_id: SubjectId) -> Subject:
    """Read one subject; raises StoreError for an unknown one."""
    row = connection.execute("SELECT * FROM subject WHERE id = ?", (subject_id,)).fetchone()
    return _subject(connection, one(row, "subject"))


def _overview(subject: Subject, row: Row) -> SubjectRow:
    return SubjectRow(
        subject,
        row["visit_count"],
        moment_or_none(row["last_visit_at"]),
        row["waiting_images"],
    )


def _subject(connection: Connection, row: Row) -> Subject:
    return _subjects(connection, (row,))[0]


def _subjects(connection: Connection, rows: Sequence[Row]) -> list[Subject]:
    """Read them in as many statements as one of them takes, in the order of ``rows``."""
    ids = (json.dumps([row["id"] for row in rows]),)
    codes: defaultdict[str, list[SubjectCode]] = defaultdict(list)
    for code in connection.execute(_CODES, ids):
        codes[code["subject_id"]].append(_code(code))
    registrations: defaultdict[str, list[Registration]] = defaultdict(list)
    for entry in connection.execute(_REGISTRATIONS, ids):
        registrations[entry["subject_id"]].append(registration_of(entry))
    return [_subject_of(row, codes[row["id"]], registrations[row["id"]]) for row in rows]


def _subject_of(
    row: Row, codes: Iterable[SubjectCode], registrations: Iterable[Registration]
) -> Subject:
    return Subject(
        id=SubjectId(row["id"]),
        study_id=StudyId(row["study_id"]),
        station_id=StationId(row["station_id"]),
        codes=tuple(codes),
        details=SubjectDetails(
            birth_year=row["birth_year"],
            birth_date=date.fromisoformat(row["birth_date"]) if row["birth_date"] else None,
            biological_sex=row["biological_sex"],
            phototype=row["phototype"],
            remarks=row["remarks"],
        ),
        created_at=moment(row["created_at"]),
        status=SubjectStatus(row["status"]),
        registrations=tuple(registrations),
    )


def _known_code(row: Row) -> KnownCode:
    return KnownCode(row["code_key"], row["said"], SubjectId(row["subject_id"]), row["code"])


def _code(row: Row) -> SubjectCode:
    return SubjectCode(row["code"], CodeKind(row["kind"]), row["reason"], moment(row["since"]))
