"""Erasing a picture: its sealed bytes leave the disk for ever, the record of it stays."""

from dataclasses import dataclass
from datetime import datetime

from haut_desktop.domain.ids import BatchId, OriginalId, VisitId
from haut_desktop.domain.imaging import Side


@dataclass(frozen=True, slots=True)
class Erasure:
    """One picture that leaves the disk; written down before the first byte goes."""

    id: str
    original_id: OriginalId
    reason: str
    asked_at: datetime
    files: tuple[str, ...]
    """Names in the vault; each with the note beside it."""
    visit_id: VisitId | None = None
    seen_in: tuple[tuple[BatchId, Side], ...] = ()
    """Where copies that the platform made of the picture may be kept."""


@dataclass(frozen=True, slots=True)
class Remains:
    """Under which names copies of erased pictures may still be kept."""

    original_ids: tuple[OriginalId, ...]
    sides: tuple[tuple[BatchId, Side], ...]
    """Sides of batches of which every picture is erased."""
    shared: tuple[tuple[BatchId, Side], ...]
    """Sides of batches of which a picture is erased and another stands, as in another light."""
