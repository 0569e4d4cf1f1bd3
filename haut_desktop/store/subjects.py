"""Subjects in the database: codes with their history, details, registrations."""

from datetime import date, datetime

from haut_desktop.domain.audit import BY_ITSELF, Act
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.delivery import RegistrationEvent, RegistrationState, Waiting
from haut_desktop.domain.errors import EntryTakenError, SubjectCodeError
from haut_desktop.domain.ids import (
    DatasetId,
    PlatformSubjectId,
    RegistrationId,
    StationId,
    StudyId,
    SubjectId,
    new_id,
)
from haut_desktop.domain.overviews import SubjectRow
from haut_desktop.domain.subjects import (
    CodeKind,
    Registration,
    Subject,
    SubjectCode,
    SubjectDetails,
    SubjectStatus,
    normalise_code,
)
from haut_desktop.domain.tenant import Tenant
from haut_desktop.store.database import Database
from haut_desktop.store.driver import Connection, Row
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.moves import move
from haut_desktop.store.rows import (
    OF_TENANT,
    Value,
    moment,
    moment_or_none,
    one,
    tenant_values,
    text_of,
    update,
    waiting_columns,
    waiting_of,
)
from haut_desktop.store.subject_search import find_subjects

_TO_REGISTER = f"""
SELECT registration.* FROM registration
JOIN subject ON subject.id = registration.subject_id
WHERE state IN ('DRAFT', 'REGISTERING') AND coalesce(retry_at, '') <= :now
    AND (:company IS NULL OR EXISTS (
        SELECT 1 FROM study WHERE study.id = subject.study_id AND {OF_TENANT}))
ORDER BY attempt > 0, subject.created_at, registration.id
LIMIT :limit
"""  # noqa: S608 - a clause of ours


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

    async def add_registration(self, registration: Registration, act: Act) -> None:
        """Add a registration in one more dataset of the study."""

        def work(connection: Connection) -> None:
            ledger = Ledger(connection, self._clock)
            _add_registration(ledger, registration)
            ledger.audit(act, "registration.added", "registration", registration.id)

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
        self, study_id: StudyId, text: str = "", limit: int = 200
    ) -> tuple[SubjectRow, ...]:
        """Find by any part of any code, present or former; the last seen first."""

        def work(connection: Connection) -> tuple[SubjectRow, ...]:
            rows = find_subjects(connection, study_id, code_key(text), limit)
            return tuple(_overview(connection, row) for row in rows)

        return await self._database.read(work)

    async def change_code(
        self, subject_id: SubjectId, code: str, kind: CodeKind, act: Act
    ) -> Subject:
        """Give the subject a new current code, with the act's reason; the former ones stay."""

        def work(connection: Connection) -> Subject:
            ledger = Ledger(connection, self._clock)
            subject = read_subject(connection, subject_id)
            connection.execute(
                "UPDATE subject_code SET is_current = 0 WHERE subject_id = ?", (subject_id,)
            )
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

    async def registrations_due(
        self, now: datetime, limit: int | None = None, tenant: Tenant | None = None
    ) -> tuple[Registration, ...]:
        """Give what is to be registered, oldest subject first, failed ones last.

        With ``tenant`` only of that tenant's studies.
        """
        values = {"now": text_of(now), "limit": -1 if limit is None else limit}

        def work(connection: Connection) -> tuple[Registration, ...]:
            rows = connection.execute(_TO_REGISTER, values | tenant_values(tenant))
            return tuple(registration_of(row) for row in rows)

        return await self._database.read(work)

    async def registration(
        self, subject_id: SubjectId, dataset_id: DatasetId
    ) -> Registration | None:
        """Give the subject's registration in one dataset."""

        def work(connection: Connection) -> Registration | None:
            row = connection.execute(
                "SELECT * FROM registration WHERE subject_id = ? AND dataset_id = ?",
                (subject_id, dataset_id),
            ).fetchone()
            return None if row is None else registration_of(row)

        return await self._database.read(work)

    async def move_registration(
        self,
        registration_id: RegistrationId,
        event: RegistrationEvent,
        *,
        platform_id: PlatformSubjectId | None = None,
        waiting: Waiting | None = None,
        act: Act = BY_ITSELF,
    ) -> Registration:
        """Move a registration, the only way its state changes.

        Raises EntryTakenError when the platform's entry is another subject's.
        """

        def work(connection: Connection) -> Registration:
            ledger = Ledger(connection, self._clock)
            if platform_id is not None:
                _refuse_anothers_entry(connection, registration_id, platform_id)
            columns = {} if platform_id is None else {"platform_id": platform_id}
            move(
                ledger,
                RegistrationState,
                registration_id,
                event,
                columns=columns,
                waiting=waiting,
                act=act,
            )
            return _registration_row(connection, registration_id)

        return await self._database.write(work)

    async def confirm_held(
        self, registration_id: RegistrationId, platform_id: PlatformSubjectId, act: Act
    ) -> Registration:
        """A person says that the platform's entry is the held subject: registered, in one piece.

        Between two of these moves delivery would look the subject up. Raises EntryTakenError when
        the entry is another subject's; the registration is held as before then.
        """

        def work(connection: Connection) -> Registration:
            ledger = Ledger(connection, self._clock)
            _refuse_anothers_entry(connection, registration_id, platform_id)

            def step(event: RegistrationEvent, columns: dict[str, Value]) -> RegistrationState:
                return move(
                    ledger,
                    RegistrationState,
                    registration_id,
                    event,
                    columns=columns,
                    waiting=Waiting(),
                    act=act,
                )

            if step(RegistrationEvent.RESUME, {}) is RegistrationState.DRAFT:
                step(RegistrationEvent.CLAIM, {})
            step(RegistrationEvent.CONFIRM, {"platform_id": platform_id})
            return _registration_row(connection, registration_id)

        return await self._database.write(work)

    async def set_waiting_registration(
        self, registration_id: RegistrationId, waiting: Waiting
    ) -> Registration:
        """Say when, and why only then, it is tried again; the state stays."""

        def work(connection: Connection) -> Registration:
            update(connection, "registration", registration_id, waiting_columns(waiting))
            return _registration_row(connection, registration_id)

        return await self._database.write(work)

    async def _one(self, statement: str, *values: Value) -> Subject | None:
        def work(connection: Connection) -> Subject | None:
            row = connection.execute(statement, values).fetchone()
            return None if row is None else _subject(connection, row)

        return await self._database.read(work)


def code_key(code: str) -> str:
    """Give what makes two codes the same: their one form, case folded."""
    return normalise_code(code).casefold()


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
    for code in subject.codes:
        _add_code(ledger, subject.id, subject.study_id, code)
    for registration in subject.registrations:
        _add_registration(ledger, registration)


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
        is_current=1,
    )


def _refuse_anothers_entry(
    connection: Connection, registration_id: RegistrationId, platform_id: PlatformSubjectId
) -> None:
    row = connection.execute(
        "SELECT 1 FROM registration AS ours JOIN registration AS theirs"
        " ON theirs.dataset_id = ours.dataset_id AND theirs.id <> ours.id"
        " WHERE ours.id = ? AND theirs.platform_id = ?",
        (registration_id, platform_id),
    ).fetchone()
    if row is not None:
        raise EntryTakenError


def _add_registration(ledger: Ledger, registration: Registration) -> None:
    ledger.insert(
        "registration",
        id=registration.id,
        subject_id=registration.subject_id,
        dataset_id=registration.dataset_id,
        state=registration.state.value,
        held_from=registration.held_from.value if registration.held_from else None,
        platform_id=registration.platform_id,
        **waiting_columns(registration.waiting),
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


def _overview(connection: Connection, row: Row) -> SubjectRow:
    return SubjectRow(
        _subject(connection, row),
        row["visit_count"],
        moment_or_none(row["last_visit_at"]),
        row["waiting_images"],
    )


def _subject(connection: Connection, row: Row) -> Subject:
    codes = connection.execute(
        "SELECT * FROM subject_code WHERE subject_id = ? ORDER BY number", (row["id"],)
    )
    registrations = connection.execute(
        "SELECT * FROM registration WHERE subject_id = ? ORDER BY rowid", (row["id"],)
    )
    return Subject(
        id=SubjectId(row["id"]),
        study_id=StudyId(row["study_id"]),
        station_id=StationId(row["station_id"]),
        codes=tuple(_code(code) for code in codes),
        details=SubjectDetails(
            birth_year=row["birth_year"],
            birth_date=date.fromisoformat(row["birth_date"]) if row["birth_date"] else None,
            biological_sex=row["biological_sex"],
            phototype=row["phototype"],
            remarks=row["remarks"],
        ),
        created_at=moment(row["created_at"]),
        status=SubjectStatus(row["status"]),
        registrations=tuple(registration_of(entry) for entry in registrations),
    )


def _code(row: Row) -> SubjectCode:
    return SubjectCode(row["code"], CodeKind(row["kind"]), row["reason"], moment(row["since"]))


def _registration_row(connection: Connection, registration_id: RegistrationId) -> Registration:
    row = connection.execute(
        "SELECT * FROM registration WHERE id = ?", (registration_id,)
    ).fetchone()
    return registration_of(one(row, "registration"))


def registration_of(row: Row) -> Registration:
    """Read a registration."""
    return Registration(
        id=RegistrationId(row["id"]),
        subject_id=SubjectId(row["subject_id"]),
        dataset_id=DatasetId(row["dataset_id"]),
        state=RegistrationState(row["state"]),
        held_from=RegistrationState(row["held_from"]) if row["held_from"] else None,
        platform_id=PlatformSubjectId(row["platform_id"]) if row["platform_id"] else None,
        waiting=waiting_of(row),
    )
