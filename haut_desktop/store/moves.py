"""One move of the state machine in the database: read the row, ask the domain, write, note it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeVar

from haut_desktop.domain.audit import BY_ITSELF, Act
from haut_desktop.domain.delivery import (
    BatchState,
    Event,
    ImageState,
    RegistrationState,
    Waiting,
    advance,
)
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.rows import Value, one, update, waiting_columns, waiting_of

S = TypeVar("S", ImageState, BatchState, RegistrationState)

_FORGETS_TROUBLE: Final = frozenset(
    {"confirm", "initiated", "submitted", "retract", "retracted", "resume"}
)
"""Events after which what went wrong before no longer matters."""

_NOTHING_ELSE: Final[Mapping[str, Value]] = MappingProxyType({})

_TABLES: Final[Mapping[type, str]] = {
    ImageState: "image",
    BatchState: "batch",
    RegistrationState: "registration",
}


def move(
    ledger: Ledger,
    states: type[S],
    row_id: str,
    event: Event,
    *,
    columns: Mapping[str, Value] = _NOTHING_ELSE,
    waiting: Waiting | None = None,
    act: Act = BY_ITSELF,
) -> S:
    """Move one row within the caller's transaction and give its new state.

    ``columns`` are written with it. Without ``waiting`` the row keeps its own, except that success
    and a person's resume clear it; without ``act`` the station moved it by itself.
    Raises TransitionError, and changes nothing, where the table has no such move.
    """
    table = _TABLES[states]
    statement = f"SELECT * FROM {table} WHERE id = ?"  # noqa: S608 - the name is ours
    row = one(ledger.connection.execute(statement, (row_id,)).fetchone(), table)
    old = states(row["state"])
    held_from = states(row["held_from"]) if row["held_from"] else None
    new = advance(old, event, held_from=held_from)
    if waiting is None:
        waiting = Waiting() if event.value in _FORGETS_TROUBLE else waiting_of(row)
    update(
        ledger.connection,
        table,
        row_id,
        {
            "state": new.value,
            "held_from": old.value if event.value == "hold" else None,
            **waiting_columns(waiting),
            **columns,
        },
    )
    ledger.moved(table, row_id, event, old, new, waiting, act)
    return new
