"""Between the domain's values and what stands in a row: times, ids, waiting, JSON."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, TypeVar

from haut_desktop.domain.delivery import Trouble, Waiting
from haut_desktop.domain.errors import Blame, StoreError
from haut_desktop.domain.ids import CompanyId
from haut_desktop.domain.tenant import Tenant
from haut_desktop.store.driver import Connection, Row

Value = str | int | float | bytes | None
T = TypeVar("T")


def text_of(at: datetime) -> str:
    """Write a moment as UTC text of one width, which sorts as it is: ``…T09:12:44.000000Z``."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def text_or_none(at: datetime | None) -> str | None:
    """Write a moment, or nothing."""
    return None if at is None else text_of(at)


def moment(text: str) -> datetime:
    """Read a moment back."""
    return datetime.fromisoformat(text)


def moment_or_none(text: str | None) -> datetime | None:
    """Read a moment back, or nothing."""
    return None if text is None else datetime.fromisoformat(text)


def pairs_text(pairs: tuple[tuple[str, str], ...] | tuple[str, ...]) -> str:
    """Write words, or pairs of words, as JSON."""
    return json.dumps(pairs, ensure_ascii=False, separators=(",", ":"))


def words_of(text: str) -> tuple[str, ...]:
    """Read a tuple of words back."""
    return tuple(str(word) for word in json.loads(text))


def waiting_columns(waiting: Waiting) -> dict[str, Value]:
    """Spread ``waiting`` over its columns."""
    trouble = waiting.trouble
    return {
        "attempt": waiting.attempt,
        "retry_at": text_or_none(waiting.retry_at),
        "error_kind": trouble.kind if trouble else None,
        "error_blame": trouble.blame.value if trouble else None,
        "error_title": trouble.title if trouble else None,
        "error_message": trouble.message if trouble else None,
    }


def waiting_of(row: Row) -> Waiting:
    """Gather ``waiting`` from its columns."""
    trouble = None
    if row["error_kind"] is not None:
        trouble = Trouble(
            kind=row["error_kind"],
            blame=Blame(row["error_blame"]),
            title=row["error_title"],
            message=row["error_message"],
        )
    return Waiting(row["attempt"], moment_or_none(row["retry_at"]), trouble)


OF_TENANT: Final = "study.company_id = :company AND study.server = :server"
"""Keeps a statement to one tenant's studies, with ``tenant_values``."""

BATCH_OF_TENANT: Final = f"""(:company IS NULL OR EXISTS (
        SELECT 1 FROM dataset JOIN study ON study.id = dataset.study_id
        WHERE dataset.id = batch.dataset_id AND {OF_TENANT}))"""  # noqa: S608 - ours
"""Keeps a statement to one tenant's batches, or to everybody's, with ``tenant_values``."""


def tenant_values(tenant: Tenant | None) -> dict[str, Value]:
    """Give the ``:company`` and ``:server`` of a statement; both None for everybody's."""
    if tenant is None:
        return {"company": None, "server": None}
    return {"company": tenant.company_id, "server": tenant.server}


def tenant_of(row: Row) -> Tenant:
    """Say whose it is, by a row with a study's ``server`` and ``company_id``."""
    return Tenant(row["server"], CompanyId(row["company_id"]))


def one(row: T | None, what: str) -> T:
    """Insist on a row that must be there."""
    if row is None:
        raise StoreError(f"The record has no such {what}. Nothing was changed.")
    return row


def update(connection: Connection, table: str, row_id: str, columns: Mapping[str, Value]) -> None:
    """Write ``columns`` of one row; the names are ours, never input."""
    settings = ", ".join(f"{name} = :{name}" for name in columns)
    statement = f"UPDATE {table} SET {settings} WHERE id = :id"  # noqa: S608 - names are ours
    connection.execute(statement, {**columns, "id": row_id})
