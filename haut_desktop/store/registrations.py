"""Registrations in the database: what is due, and the only functions that move one."""

from datetime import datetime
from typing import Final

from haut_desktop.domain.audit import BY_ITSELF, Act
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.delivery import RegistrationEvent, RegistrationState, Waiting
from haut_desktop.domain.errors import EntryTakenError
from haut_desktop.domain.ids import DatasetId, PlatformSubjectId, RegistrationId, SubjectId
from haut_desktop.domain.outbox import OpenRegistration
from haut_desktop.domain.subjects import Registration
from haut_desktop.domain.tenant import Tenant
from haut_desktop.store.database import Database
from haut_desktop.store.driver import Connection, Row
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.moves import move
from haut_desktop.store.rows import (
    OF_TENANT,
    Value,
    moment,
    one,
    tenant_of,
    tenant_values,
    text_of,
    update,
    waiting_columns,
    waiting_of,
)

_TO_REGISTER = f"""
SELECT registration.* FROM registration
JOIN subject ON subject.id = registration.subject_id
WHERE state IN ('DRAFT', 'REGISTERING') AND coalesce(retry_at, '') <= :now
    AND (:company IS NULL OR EXISTS (
        SELECT 1 FROM study WHERE study.id = subject.study_id AND {OF_TENANT}))
ORDER BY attempt > 0, subject.created_at, registration.id
LIMIT :limit
"""  # noqa: S608 - a clause of ours

_OPEN: Final = """
SELECT registration.*, subject_code.code, study.name AS study, study.server, study.company_id
FROM registration
JOIN dataset ON dataset.id = registration.dataset_id
JOIN study ON study.id = dataset.study_id
JOIN subject_code ON subject_code.subject_id = registration.subject_id
    AND subject_code.is_current = 1
WHERE registration.state IN ('DRAFT', 'REGISTERING', 'HELD')
ORDER BY registration.written_at, registration.id
"""


class RegistrationStore:
    """Keeps subjects' registrations on their way; an entry of the platform is one subject's."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(self, registration: Registration, act: Act) -> None:
        """Add a registration in one more dataset of the study."""

        def work(connection: Connection) -> None:
            ledger = Ledger(connection, self._clock)
            insert_registration(ledger, registration)
            ledger.audit(act, "registration.added", "registration", registration.id)

        await self._database.write(work)

    async def due(
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

    async def open(self) -> tuple[OpenRegistration, ...]:
        """Give every registration that waits or is held, of every study, the oldest first."""

        def work(connection: Connection) -> tuple[OpenRegistration, ...]:
            return tuple(_open_registration(row) for row in connection.execute(_OPEN))

        return await self._database.read(work)

    async def of(self, subject_id: SubjectId, dataset_id: DatasetId) -> Registration | None:
        """Give the subject's registration in one dataset."""

        def work(connection: Connection) -> Registration | None:
            row = connection.execute(
                "SELECT * FROM registration WHERE subject_id = ? AND dataset_id = ?",
                (subject_id, dataset_id),
            ).fetchone()
            return None if row is None else registration_of(row)

        return await self._database.read(work)

    async def move(
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
            return _read(connection, registration_id)

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

            state = RegistrationState
            resumed = move(ledger, state, registration_id, RegistrationEvent.RESUME, act=act)
            if resumed is RegistrationState.DRAFT:
                move(ledger, state, registration_id, RegistrationEvent.CLAIM, act=act)
            columns: dict[str, Value] = {"platform_id": platform_id}
            event = RegistrationEvent.CONFIRM
            move(ledger, state, registration_id, event, columns=columns, act=act)
            return _read(connection, registration_id)

        return await self._database.write(work)

    async def set_waiting(self, registration_id: RegistrationId, waiting: Waiting) -> Registration:
        """Say when, and why only then, it is tried again; the state stays."""

        def work(connection: Connection) -> Registration:
            update(connection, "registration", registration_id, waiting_columns(waiting))
            return _read(connection, registration_id)

        return await self._database.write(work)


def insert_registration(ledger: Ledger, registration: Registration) -> None:
    """Add a registration, within the caller\'s transaction."""
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
        created_at=moment(row["written_at"]),
    )


def _open_registration(row: Row) -> OpenRegistration:
    return OpenRegistration(
        registration_of(row),
        row["code"],
        row["study"],
        tenant_of(row),
        moment(row["written_at"]),
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


def _read(connection: Connection, registration_id: RegistrationId) -> Registration:
    row = connection.execute(
        "SELECT * FROM registration WHERE id = ?", (registration_id,)
    ).fetchone()
    return registration_of(one(row, "registration"))
