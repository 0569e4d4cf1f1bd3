"""What was confirmed and is asked for again: what is due, what was said, who has read it."""

import json
from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from typing import Final

from haut_desktop.domain.audit import BY_ITSELF, Act
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.ids import BatchId
from haut_desktop.domain.imaging import Batch
from haut_desktop.domain.overviews import Whereabouts
from haut_desktop.domain.rechecks import Finding, Program, Recheck, Round
from haut_desktop.domain.tenant import Tenant
from haut_desktop.domain.verification import Difference
from haut_desktop.store.database import Database
from haut_desktop.store.driver import Connection, Row
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.rows import BATCH_OF_TENANT, Value, moment, tenant_values, text_of

_PROGRAM: Final = "program"
_ROUND: Final = "recheck"

# As Batch.confirmed: an erased picture's proof may be of a batch that was left behind.
_CONFIRMED: Final = """(image.state = 'STORED' OR (image.state = 'ERASED'
    AND image.proof_at IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM abandoned_batch WHERE batch_id = image.batch_id)))"""

# The newest first: a station that has years behind it still asks for yesterday's. What differs is
# asked for once more, on another day. A moment ahead of the clock was written before that was set
# back.
_DUE: Final = f"""
SELECT batch.id FROM batch
JOIN (SELECT batch_id, count(*) AS pictures, max(proof_at) AS confirmed_at FROM image
    WHERE {_CONFIRMED} GROUP BY batch_id) AS there ON there.batch_id = batch.id
LEFT JOIN recheck ON recheck.batch_id = batch.id
WHERE batch.platform_id IS NOT NULL AND batch.state NOT IN ('RETRACTING', 'RETRACTED')
    AND NOT EXISTS (SELECT 1 FROM retraction WHERE retraction.batch_id = batch.id)
    AND (there.confirmed_at <= :until OR there.confirmed_at > :now)
    AND (recheck.batch_id IS NULL OR recheck.platform_id <> batch.platform_id
        OR recheck.pictures < there.pictures
        OR (recheck.differences <> '[]' AND recheck.looks = 1
            AND (recheck.written_at <= :yesterday OR recheck.written_at > :now)))
    AND batch.id NOT IN (SELECT value FROM json_each(:without))
    AND {BATCH_OF_TENANT}
ORDER BY there.confirmed_at DESC
LIMIT :most
"""  # noqa: S608 - a clause of ours

_FIRST: Final = f"""
SELECT batch.id FROM batch
WHERE batch.state = 'SUBMITTED' AND batch.platform_id IS NOT NULL
    AND batch.submitted_at >= :since AND batch.submitted_at <= :until
    AND NOT EXISTS (SELECT 1 FROM retraction WHERE retraction.batch_id = batch.id)
    AND EXISTS (SELECT 1 FROM image WHERE batch_id = batch.id AND {_CONFIRMED}
        AND proof_at >= :since)
    AND {BATCH_OF_TENANT}
ORDER BY batch.submitted_at
LIMIT 1
"""  # noqa: S608 - a clause of ours

_AS_IT_WAS: Final = """
SELECT 1 FROM batch WHERE id = ? AND platform_id = ?
    AND NOT EXISTS (SELECT 1 FROM retraction WHERE retraction.batch_id = batch.id)
"""

_UNSEEN: Final = """
SELECT recheck.*, batch.completeness, visit.name, visit.local_date, subject_code.code
FROM recheck JOIN batch ON batch.id = recheck.batch_id
JOIN visit ON visit.id = batch.visit_id
LEFT JOIN subject_code ON subject_code.subject_id = visit.subject_id
    AND subject_code.is_current = 1
WHERE recheck.differences <> '[]' AND recheck.seen_at IS NULL
ORDER BY recheck.written_at, recheck.batch_id
"""


class RecheckStore:
    """Keeps for which batches the platform was asked again, and what it said."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    # ---- the day's round ---------------------------------------------------------------------

    async def due(
        self, tenant: Tenant, *, rested: timedelta, without: Collection[BatchId], most: int
    ) -> tuple[BatchId, ...]:
        """Give the batches of ``tenant`` to ask for, at ``most`` so many, in their order.

        What was confirmed less than ``rested`` ago may not be listed yet. Goes through everything
        that was ever confirmed: not to be asked for every batch.
        """
        now = self._clock()
        values = tenant_values(tenant) | {
            "now": text_of(now),
            "until": text_of(now - rested),
            "yesterday": text_of(now - timedelta(hours=12)),
            "without": json.dumps(sorted(without)),
            "most": most,
        }
        return await self._batch_ids(_DUE, values)

    async def last_round(self, tenant: Tenant) -> datetime | None:
        """Say when everything of ``tenant`` that was due had been asked for."""

        def work(connection: Connection) -> datetime | None:
            value = _setting(connection, _round_of(tenant))
            return None if value is None else moment(value)

        return await self._database.read(work)

    async def end_round(self, tenant: Tenant, done: Round) -> None:
        """Write down when it was looked, for how much, and how much differed."""

        def work(connection: Connection) -> None:
            ledger = Ledger(connection, self._clock)
            _keep(ledger, _round_of(tenant), text_of(ledger.at))
            if done.batches or done.skipped:
                ledger.audit(
                    BY_ITSELF, "platform.asked-again", "station", ledger.station_id, new=str(done)
                )

        await self._database.write(work)

    async def note(self, batch: Batch, differences: tuple[Difference, ...]) -> None:
        """Keep what the platform said of a batch."""

        def work(connection: Connection) -> None:
            _note(Ledger(connection, self._clock), batch, differences, "")

        await self._database.write(work)

    # ---- the first upload of a version -------------------------------------------------------

    async def begin_program(self, version: str, since: datetime) -> Program:
        """Give the version that works in the record from ``since`` on, which may be known already.

        A beginning that lies ahead was written before the clock was set back: it is now.
        """

        def work(connection: Connection) -> Program:
            ledger = Ledger(connection, self._clock)
            known = _program(connection)
            if known is None or known.version != version:
                if known is not None:
                    ledger.audit(
                        BY_ITSELF,
                        "program.changed",
                        "station",
                        ledger.station_id,
                        old=known.version,
                        new=version,
                    )
                known = Program(version, since)
                _keep_program(ledger, known)
            elif known.since > ledger.at:
                known = Program(version, ledger.at, known.is_verified)
                _keep_program(ledger, known)
            return known

        return await self._database.write(work)

    async def first_of(
        self, program: Program, tenant: Tenant, *, rested: timedelta
    ) -> BatchId | None:
        """Give the first batch that ``program`` delivered; None while there is none."""
        values = tenant_values(tenant) | {
            "since": text_of(program.since),
            "until": text_of(self._clock() - rested),
        }
        found = await self._batch_ids(_FIRST, values)
        return found[0] if found else None

    async def verified(
        self, program: Program, batch: Batch, differences: tuple[Difference, ...], outcome: str
    ) -> None:
        """The version's first upload was read back: keep the outcome, and that it was."""

        def work(connection: Connection) -> None:
            ledger = Ledger(connection, self._clock)
            _note(ledger, batch, differences, program.version)
            _keep_program(ledger, Program(program.version, program.since, is_verified=True))
            ledger.audit(
                BY_ITSELF,
                "program.first-upload-read-back",
                "batch",
                batch.id,
                old=program.version,
                new=outcome,
            )

        await self._database.write(work)

    # ---- for a person ------------------------------------------------------------------------

    async def unseen(self) -> tuple[Finding, ...]:
        """Give what differs and nobody has said to have read, the oldest first."""
        return await self._database.read(
            lambda connection: tuple(_finding(row) for row in connection.execute(_UNSEEN))
        )

    async def see(self, rechecks: Iterable[Recheck], act: Act) -> None:
        """A person has read it; audited. What was said differently since is still to be read."""
        shown = [(one.batch_id, _text(one.differences)) for one in rechecks]

        def work(connection: Connection) -> None:
            ledger = Ledger(connection, self._clock)
            for batch_id, differences in shown:
                done = connection.execute(
                    "UPDATE recheck SET seen_at = ?"
                    " WHERE batch_id = ? AND differences = ? AND seen_at IS NULL",
                    (text_of(ledger.at), batch_id, differences),
                )
                if done.rowcount:
                    ledger.audit(act, "difference.read", "batch", batch_id)

        await self._database.write(work)

    async def _batch_ids(self, statement: str, values: dict[str, Value]) -> tuple[BatchId, ...]:
        def work(connection: Connection) -> tuple[BatchId, ...]:
            return tuple(BatchId(row["id"]) for row in connection.execute(statement, values))

        return await self._database.read(work)


def read_rechecks(connection: Connection, visit_ids: Iterable[str]) -> dict[BatchId, Recheck]:
    """Give what was asked for again of some visits, by batch."""
    rows = connection.execute(
        "SELECT recheck.* FROM recheck JOIN batch ON batch.id = recheck.batch_id"
        " AND batch.platform_id = recheck.platform_id"
        " WHERE batch.visit_id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(visit_ids)),),
    )
    return {BatchId(row["batch_id"]): _recheck(row) for row in rows}


def _note(ledger: Ledger, batch: Batch, differences: tuple[Difference, ...], program: str) -> None:
    """Replace what was said before; what differs as before need not be read twice.

    Of a batch that was taken back or begun anew since it was asked for, nothing is kept.
    """
    if ledger.connection.execute(_AS_IT_WAS, (batch.id, batch.platform_id)).fetchone() is None:
        return
    before = ledger.connection.execute(
        "SELECT * FROM recheck WHERE batch_id = ?", (batch.id,)
    ).fetchone()
    text = _text(differences)
    is_same = before is not None and before["differences"] == text
    ledger.connection.execute("DELETE FROM recheck WHERE batch_id = ?", (batch.id,))
    ledger.insert(
        "recheck",
        batch_id=batch.id,
        platform_id=batch.platform_id,
        pictures=len(batch.confirmed),
        looks=before["looks"] + 1 if is_same else 1,
        differences=text,
        program=program or (before["program"] if before is not None else ""),
        seen_at=before["seen_at"] if is_same else None,
    )
    if differences and not is_same:
        kinds = ", ".join(sorted({one.kind for one in differences}))
        ledger.audit(BY_ITSELF, "batch.differs-on-platform", "batch", batch.id, new=kinds)


def _text(differences: Iterable[Difference]) -> str:
    words = [(one.kind, one.entity, one.entity_id, one.words) for one in differences]
    return json.dumps(words, ensure_ascii=False)


def _keep_program(ledger: Ledger, program: Program) -> None:
    value = [program.version, text_of(program.since), program.is_verified]
    _keep(ledger, _PROGRAM, json.dumps(value))


def _program(connection: Connection) -> Program | None:
    value = _setting(connection, _PROGRAM)
    if value is None:
        return None
    version, since, is_verified = json.loads(value)
    return Program(version, moment(since), is_verified)


def _setting(connection: Connection, name: str) -> str | None:
    row = connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row["value"])


def _keep(ledger: Ledger, name: str, value: str) -> None:
    ledger.connection.execute("DELETE FROM setting WHERE name = ?", (name,))
    ledger.insert("setting", name=name, value=value)


def _round_of(tenant: Tenant) -> str:
    return f"{_ROUND} {tenant.company_id} {tenant.server}"


def _recheck(row: Row) -> Recheck:
    return Recheck(
        BatchId(row["batch_id"]),
        moment(row["written_at"]),
        row["pictures"],
        tuple(Difference(*words) for words in json.loads(row["differences"])),
        row["program"],
    )


def _finding(row: Row) -> Finding:
    on = date.fromisoformat(row["local_date"])
    place = Whereabouts(row["code"] or "", row["name"], on)
    return Finding(_recheck(row), place, row["completeness"] == "complete")
