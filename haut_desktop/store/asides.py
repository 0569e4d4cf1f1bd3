"""Pictures that stay behind in the database: set aside or removed, and never part of a batch."""

from datetime import datetime
from typing import Final

from haut_desktop.domain.ids import OriginalId, StudyId, VisitId
from haut_desktop.domain.overviews import Aside
from haut_desktop.store.database import Database
from haut_desktop.store.driver import Connection, Row
from haut_desktop.store.rows import moment, moment_or_none, text_of
from haut_desktop.store.visit_rows import slot_of

# Whatever has been in a batch is delivery's to speak of, even if that batch was taken back.
_STAYS_BEHIND: Final = """
    take.counts = 0 AND original.erased_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM rendition JOIN image ON image.rendition_id = rendition.id
        WHERE rendition.original_id = original.id)
"""

_OF_VISIT: Final = f"""
SELECT slot.*, original.id AS original_id, original.received_at, take.number, take.reason,
    take.removed_at
FROM slot JOIN take ON take.slot_id = slot.id JOIN original ON original.take_id = take.id
WHERE slot.visit_id = ? AND {_STAYS_BEHIND}
ORDER BY slot.position, slot.rowid, take.number
"""  # noqa: S608 - a clause of ours

# A visit that has gone whole is reopened only by taking what went back, and then this take is gone.
# What may have been delivered before the record was lost is not known to have stayed behind.
_OUTLIVED: Final = f"""
SELECT original.id FROM visit
JOIN slot ON slot.visit_id = visit.id
JOIN take ON take.slot_id = slot.id
JOIN original ON original.take_id = take.id
WHERE visit.study_id = :study AND visit.status = 'finished' AND visit.finished_at <= :until
    AND {_STAYS_BEHIND}
    AND EXISTS (SELECT 1 FROM batch WHERE batch.visit_id = visit.id AND state = 'SUBMITTED')
    AND NOT EXISTS (SELECT 1 FROM batch WHERE batch.visit_id = visit.id
        AND (state NOT IN ('SUBMITTED', 'RETRACTED') OR submitted_at > :until))
    AND NOT EXISTS (SELECT 1 FROM rendition
        JOIN former_delivery ON former_delivery.rendition_id = rendition.id
        WHERE rendition.original_id = original.id)
ORDER BY visit.finished_at, original.rowid
LIMIT :limit
"""  # noqa: S608 - a clause of ours


class AsideStore:
    """Finds what lies in the vault and was never to be delivered."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_visit(self, visit_id: VisitId) -> tuple[Aside, ...]:
        """Give a visit's pictures that stay behind, in the slots' order."""
        return await self._database.read(
            lambda c: tuple(_aside(row) for row in c.execute(_OF_VISIT, (visit_id,)))
        )

    async def outlived(
        self, study_id: StudyId, until: datetime, limit: int
    ) -> tuple[OriginalId, ...]:
        """Give what stayed behind in visits that had gone whole by then, oldest visit first."""

        def work(connection: Connection) -> tuple[OriginalId, ...]:
            values = {"study": study_id, "until": text_of(until), "limit": limit}
            return tuple(OriginalId(row["id"]) for row in connection.execute(_OUTLIVED, values))

        return await self._database.read(work)


def _aside(row: Row) -> Aside:
    return Aside(
        original_id=OriginalId(row["original_id"]),
        slot=slot_of(row),
        number=row["number"],
        reason=row["reason"],
        received_at=moment(row["received_at"]),
        removed_at=moment_or_none(row["removed_at"]),
    )
