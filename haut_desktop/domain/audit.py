"""The audit trail: who did what, when and why; the first entry always stays."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from haut_desktop.domain.errors import ItemError
from haut_desktop.domain.ids import OperatorId, StationId


@dataclass(frozen=True, slots=True)
class Act:
    """Who does something, and why; every change of the record carries one."""

    operator_id: OperatorId | None = None
    """None for what the station does by itself."""
    reason: str = ""


CAME_BACK: Final = "picture.came-back"
"""What a rebuild read in the note beside a picture: ``old`` is who had taken it in."""
BY_ITSELF: Final = Act()
"""The station acting by itself."""


def given_reason(reason: str) -> str:
    """Insist on the words that will stand in the trail, trimmed; raises ItemError."""
    words = reason.strip()
    if not words:
        raise ItemError(
            "Write a few words why: they stand in the audit trail. Nothing was changed.",
            title="A reason is needed",
        )
    return words


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the trail; ``digest`` chains it to the line before it."""

    number: int
    at: datetime
    zone: str
    station_id: StationId
    operator_id: OperatorId | None
    action: str
    """A stable word, e.g. ``visit.finished``."""
    entity: str
    entity_id: str
    old: str = ""
    new: str = ""
    reason: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Correction:
    """A later value laid over an earlier one, with its reason."""

    entity: str
    entity_id: str
    field: str
    old: str
    new: str
    reason: str
    at: datetime
    operator_id: OperatorId | None = None
