"""A station's record after a year, made quickly: a few real visits, copied with ids of their own.

The first visits are written by the program's own stores. Their rows are then copied inside the
database, foreign keys, checks and triggers on: the copies have other ids, codes, hashes and times.
What is left out: results, masks and the copies' lines in the audit trail, which is a chain. The
vault's files have their right names and nothing else (``sealed``), for nothing here opens one.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from haut_desktop.domain.analysis import Completeness
from haut_desktop.domain.audit import Act
from haut_desktop.domain.clock import system_clock
from haut_desktop.domain.delivery import BatchEvent, ImageEvent, RegistrationEvent
from haut_desktop.domain.ids import PlatformBatchId, PlatformSubjectId, new_id
from haut_desktop.domain.imaging import Batch
from haut_desktop.domain.session import Account, SignedIn, Tokens
from haut_desktop.domain.study import Study
from haut_desktop.domain.subjects import Subject
from haut_desktop.store.driver import Connection
from haut_desktop.store.keys import NoRecovery
from haut_desktop.store.secrets import Secrets
from haut_desktop.store.station import Station, create_station
from tests.benchmarks.sealed import fill_vault, names_of_originals
from tests.fakes.builders import (
    make_address,
    make_batch,
    make_picture,
    make_proof,
    make_slots,
    make_study,
    make_subject,
    make_verdict,
    make_visit,
)
from tests.fakes.clock import START

NOBODY: Final = "http://127.0.0.1:9"
"""A server that is not there: the station works offline."""
VISITS_OF_SUBJECT: Final = 4
IMAGES_OF_VISIT: Final = 3
TEMPLATE_VISITS: Final = 33
_YEAR_S: Final = 250 * 24 * 3600
"""From the first visit to the last one."""

_COPIED: Final = (
    "subject",
    "subject_code",
    "registration",
    "visit",
    "observation",
    "slot",
    "take",
    "original",
    "rendition",
    "verdict",
    "batch",
    "image",
    "transition",
)
"""In the order in which they refer to each other."""
_OF_THE_FRAME: Final = frozenset({"station_id", "study_id", "dataset_id", "operator_id"})
_OWN: Final = frozenset({"sha256", "vault_name", "platform_id", "entity_id"})


@dataclass(frozen=True, slots=True)
class Year:
    """How much there is, and how much of it still waits."""

    images: int
    waiting_visits: int
    """Of ``TEMPLATE_VISITS``; the others are delivered and analysed."""

    @property
    def copies(self) -> int:
        """How often the first visits are copied."""
        return max(0, self.images // (TEMPLATE_VISITS * IMAGES_OF_VISIT) - 1)


async def make_year(folder: Path, secrets: Secrets, year: Year) -> None:
    """Make a station with a signed-in account, a chosen study and everything of ``year``."""
    store = await create_station(
        folder,
        secrets,
        system_clock,
        recovery=NoRecovery("benchmark"),
        site_code="B01",
        zone="Europe/Berlin",
        station_name="Capture 1",
    )
    try:
        study = make_study()
        account = Account(NOBODY, study.company_id, 7, "tech@example.com")
        study = replace(study, server=account.tenant.server)
        act = Act((await store.studies.operator_for(account)).id)
        await store.credentials.save(SignedIn(account, Tokens("token", is_private=True)))
        await store.studies.save_study(study, act)
        await store.studies.set_last_study(study.id)
        await _fill(_Pen(store, study, act), year)
        await store.database.write(lambda connection: _copy_all(connection, year.copies))
        fill_vault(store, await store.database.read(names_of_originals))
    finally:
        await store.aclose()


async def _fill(pen: "_Pen", year: Year) -> None:
    subjects = [
        await pen.register(f"B-{n:03}") for n in range(TEMPLATE_VISITS)[::VISITS_OF_SUBJECT]
    ]
    for number in range(TEMPLATE_VISITS):
        batch = await pen.finish_visit(subjects[number // VISITS_OF_SUBJECT], number)
        if number < TEMPLATE_VISITS - year.waiting_visits:
            await pen.deliver(batch)


@dataclass(frozen=True, slots=True)
class _Pen:
    """Writes visits by the program's own stores."""

    store: Station
    study: Study
    act: Act

    async def register(self, code: str) -> Subject:
        station = await self.store.studies.station()
        assert station is not None
        subject = make_subject(self.study, code, station_id=station.id)
        await self.store.subjects.add(subject, self.act)
        move = self.store.registrations.move
        for registration in subject.registrations:
            await move(registration.id, RegistrationEvent.CLAIM)
            platform_id = PlatformSubjectId(f"platform-{subject.id}")
            await move(registration.id, RegistrationEvent.CONFIRM, platform_id=platform_id)
        return subject

    async def finish_visit(self, subject: Subject, number: int) -> Batch:
        created_at = START + timedelta(minutes=number)
        visit = make_visit(self.study, subject, f"Week {number}", created_at=created_at)
        slots, pictures = make_slots(visit), []
        await self.store.visits.add(visit, slots, self.act)
        for slot in slots:
            original, rendition, take = make_picture(slot)
            verdicts = (make_verdict(rendition),)
            await self.store.pictures.add(original, rendition, take, verdicts, self.act)
            pictures.append((slot, rendition))
        batch = make_batch(visit, self.study.datasets[0], tuple(pictures))
        await self.store.hand_overs.finish(visit.id, (batch,), created_at, self.act)
        return batch

    async def deliver(self, batch: Batch) -> None:
        outbox = self.store.outbox
        await outbox.move_batch(batch.id, BatchEvent.INITIATE)
        addresses = {image.id: make_address(image) for image in batch.images}
        await outbox.initiated(batch.id, PlatformBatchId(new_id()), addresses)
        for image in batch.images:
            await outbox.move_image(image.id, ImageEvent.CLAIM)
            proof = replace(make_proof(), at=batch.created_at)
            await outbox.move_image(image.id, ImageEvent.CONFIRM, proof=proof)
        for event in (BatchEvent.SUBMIT, BatchEvent.SUBMITTED):
            await outbox.move_batch(batch.id, event, submitted_at=batch.created_at)
        await self.store.results.mark_complete(batch.id, Completeness.COMPLETE)


# ----------------------------------------------------------------------------------- the copies


def _copy_all(connection: Connection, copies: int) -> None:
    for table in _COPIED if copies else ():
        columns = [row["name"] for row in connection.execute(f"PRAGMA table_info({table})")]
        values = ", ".join(_value(table, column, copies) for column in columns)
        connection.execute(
            "WITH RECURSIVE copy (k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM copy WHERE k < ?)"
            f" INSERT INTO {table} ({', '.join(columns)})"
            f" SELECT {values} FROM copy CROSS JOIN (SELECT * FROM {table}) AS first",
            (copies,),
        )


def _value(table: str, column: str, copies: int) -> str:
    """What a copy has in a column, as SQL over ``first`` and the copy's number ``k``."""
    if column in _OF_THE_FRAME:
        return column
    if column == "id" or column in _OWN or column.endswith("_id"):
        return _own(column)
    if table == "subject_code" and column in ("code", "code_key"):
        return f"{column} || '-' || k"
    if table == "take" and column == "picture":
        return "NULL"  # the database's own rule writes it with the copy's original
    if table == "image" and column == "name":
        return f"replace(name, id, {_own('id')})"
    if column.endswith("_at") or column in ("since", "not_before"):
        return _later(column, _YEAR_S / copies)
    return column


def _own(column: str) -> str:
    """The first eight characters make way for the copy's number."""
    return f"printf('%08x', k) || substr({column}, 9)"


def _later(column: str, step_s: float) -> str:
    moved = f"strftime('%Y-%m-%dT%H:%M:%S', {column}, '+' || (k * {step_s:.0f}) || ' seconds')"
    return f"{moved} || substr({column}, 20)"
