"""The audit trail: lines that are only added, each chained to the one before by its digest."""

import hashlib
import json
from datetime import datetime
from typing import Final

from haut_desktop.domain.audit import Act, AuditEntry, Correction
from haut_desktop.domain.ids import OperatorId, StationId
from haut_desktop.store.database import Database
from haut_desktop.store.driver import Connection, Row
from haut_desktop.store.rows import moment, text_of

_START: Final = "0" * 64
_CHAINED: Final = (
    "number",
    "written_at",
    "zone",
    "station_id",
    "operator_id",
    "action",
    "entity",
    "entity_id",
    "old",
    "new",
    "reason",
)


class AuditLog:
    """Reads the trail and proves that nobody rewrote it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def entries(self, limit: int = 200, offset: int = 0) -> tuple[AuditEntry, ...]:
        """Give lines, newest first."""

        def work(connection: Connection) -> tuple[AuditEntry, ...]:
            rows = connection.execute(
                "SELECT * FROM audit ORDER BY number DESC LIMIT ? OFFSET ?", (limit, offset)
            )
            return tuple(_entry(row) for row in rows)

        return await self._database.read(work)

    async def of_entity(self, entity_id: str) -> tuple[AuditEntry, ...]:
        """Give everything that happened to one thing, oldest first."""

        def work(connection: Connection) -> tuple[AuditEntry, ...]:
            rows = connection.execute(
                "SELECT * FROM audit WHERE entity_id = ? ORDER BY number", (entity_id,)
            )
            return tuple(_entry(row) for row in rows)

        return await self._database.read(work)

    async def corrections(self, entity_id: str) -> tuple[Correction, ...]:
        """Give what was corrected of one thing, oldest first."""

        def work(connection: Connection) -> tuple[Correction, ...]:
            rows = connection.execute(
                "SELECT * FROM correction WHERE entity_id = ? ORDER BY rowid", (entity_id,)
            )
            return tuple(_correction(row) for row in rows)

        return await self._database.read(work)

    async def verify(self) -> int | None:
        """Give the number of the first line that does not fit the chain; None when all do."""
        return await self._database.read(_first_broken)


def record(
    connection: Connection,
    act: Act,
    action: str,
    entity: str,
    entity_id: str,
    *,
    at: datetime,
    zone: str,
    station_id: str,
    old: str = "",
    new: str = "",
) -> None:
    """Add a line within the caller's transaction, so that act and line stand or fall together."""
    last = connection.execute(
        "SELECT number, digest FROM audit ORDER BY number DESC LIMIT 1"
    ).fetchone()
    number, before = (last["number"] + 1, last["digest"]) if last else (1, _START)
    line: dict[str, object] = {
        "number": number,
        "written_at": text_of(at),
        "zone": zone,
        "station_id": station_id,
        "operator_id": act.operator_id,
        "action": action,
        "entity": entity,
        "entity_id": entity_id,
        "old": old,
        "new": new,
        "reason": act.reason,
    }
    connection.execute(
        "INSERT INTO audit VALUES (:number, :written_at, :zone, :station_id, :operator_id,"
        " :action, :entity, :entity_id, :old, :new, :reason, :digest)",
        {**line, "digest": _digest(before, line)},
    )


def _digest(before: str, line: dict[str, object]) -> str:
    """Chain a line: SHA-256 over the digest before it and its fields as canonical JSON."""
    body = json.dumps([line[name] for name in _CHAINED], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{before}\n{body}".encode()).hexdigest()


def _first_broken(connection: Connection) -> int | None:
    before, expected = _START, 1
    for row in connection.execute("SELECT * FROM audit ORDER BY number"):
        line = {name: row[name] for name in _CHAINED}
        if row["number"] != expected or row["digest"] != _digest(before, line):
            return expected
        before, expected = row["digest"], expected + 1
    return None


def _entry(row: Row) -> AuditEntry:
    return AuditEntry(
        number=row["number"],
        at=moment(row["written_at"]),
        zone=row["zone"],
        station_id=StationId(row["station_id"]),
        operator_id=None if row["operator_id"] is None else OperatorId(row["operator_id"]),
        action=row["action"],
        entity=row["entity"],
        entity_id=row["entity_id"],
        old=row["old"],
        new=row["new"],
        reason=row["reason"],
        digest=row["digest"],
    )


def _correction(row: Row) -> Correction:
    return Correction(
        entity=row["entity"],
        entity_id=row["entity_id"],
        field=row["field"],
        old=row["old"],
        new=row["new"],
        reason=row["reason"],
        at=moment(row["written_at"]),
        operator_id=None if row["operator_id"] is None else OperatorId(row["operator_id"]),
    )
