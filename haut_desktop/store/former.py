"""Pictures that may have been delivered before the record was lost, until the platform was asked.

The mark lies on the picture and not on a batch: a visit that is reopened and finished again makes a
new batch, which is as little allowed to go unasked.
"""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

import msgspec

from haut_desktop.domain.audit import BY_ITSELF, Act
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.former import FormerSubject, MayBeThereError
from haut_desktop.domain.ids import BatchId, DatasetId, ImageId, PlatformBatchId, RenditionId
from haut_desktop.domain.tenant import Tenant
from haut_desktop.store.database import Database
from haut_desktop.store.driver import Connection
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.rows import OF_TENANT, tenant_values, text_of

_OF_BATCH: Final = """
SELECT image.id, former_delivery.rendition_id, former_delivery.names
FROM former_delivery JOIN image ON image.rendition_id = former_delivery.rendition_id
WHERE image.batch_id = ? AND image.state <> 'ERASED'
"""

# What was erased here may be there as much as before; what was found there has its proof.
_DOUBTED: Final = """
SELECT 1 FROM former_delivery JOIN image ON image.rendition_id = former_delivery.rendition_id
WHERE image.batch_id = ? AND image.proof_kind IS NULL
LIMIT 1
"""

_SUBJECTS: Final = msgspec.json.Decoder(FormerSubject)
_SUBJECTS_OF_BATCH: Final = """
SELECT DISTINCT former_delivery.subject
FROM former_delivery JOIN image ON image.rendition_id = former_delivery.rendition_id
JOIN batch ON batch.id = image.batch_id JOIN visit ON visit.id = batch.visit_id
WHERE batch.id = ? AND image.state <> 'ERASED' AND former_delivery.subject IS NOT NULL
    AND json_extract(former_delivery.subject, '$.id') <> coalesce(visit.subject_id, '')
ORDER BY former_delivery.subject
"""

_PENDING: Final = f"""
SELECT DISTINCT batch.id, batch.visit_at
FROM former_delivery CROSS JOIN image ON image.rendition_id = former_delivery.rendition_id
JOIN batch ON batch.id = image.batch_id
JOIN visit ON visit.id = batch.visit_id
JOIN registration ON registration.subject_id = visit.subject_id
    AND registration.dataset_id = batch.dataset_id AND registration.state = 'REGISTERED'
JOIN dataset ON dataset.id = batch.dataset_id
JOIN study ON study.id = dataset.study_id
WHERE former_delivery.written_at <= :by AND image.state <> 'ERASED'
    AND batch.state IN ('OPEN', 'INITIATING', 'SUBMITTING', 'SUBMITTED')
    AND visit.status = 'finished' AND coalesce(batch.not_before, '') <= :now
    AND coalesce(batch.retry_at, '') <= :now
    AND NOT EXISTS (SELECT 1 FROM rebuilt_batch WHERE rebuilt_batch.batch_id = batch.id)
    AND NOT EXISTS (SELECT 1 FROM retraction WHERE retraction.batch_id = batch.id)
    AND {OF_TENANT}
ORDER BY batch.visit_at, batch.id
"""  # noqa: S608 - a clause of ours

_UNEXPLAINED: Final = """
SELECT DISTINCT batch.id
FROM former_delivery CROSS JOIN image ON image.rendition_id = former_delivery.rendition_id
JOIN batch ON batch.id = image.batch_id
WHERE batch.state = 'OPEN' AND image.state <> 'ERASED' AND batch.error_kind IS NULL
"""


class FormerStore:
    """Keeps which pictures the platform must be asked for before they may go."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def pending(self, by: datetime, tenant: Tenant) -> tuple[BatchId, ...]:
        """Give rested batches of registered subjects with a picture that was marked by then.

        One that met trouble waits for its time like any other batch.

        Only those of ``tenant``: what another one's platform does not list proves nothing.
        """
        values = tenant_values(tenant) | {"by": text_of(by), "now": text_of(self._clock())}
        return await self._ids(_PENDING, values)

    async def unexplained(self) -> tuple[BatchId, ...]:
        """Give the batches that wait for the platform's word and do not say so yet."""
        return await self._ids(_UNEXPLAINED, {})

    async def names(self, batch_id: BatchId) -> Mapping[ImageId, frozenset[ImageId]]:
        """Give the batch's marked pictures, each with the ids that it may have there."""

        def work(connection: Connection) -> Mapping[ImageId, frozenset[ImageId]]:
            rows = connection.execute(_OF_BATCH, (batch_id,))
            return {ImageId(row["id"]): frozenset(json.loads(row["names"])) for row in rows}

        return await self._database.read(work)

    async def subjects(self, batch_id: BatchId) -> tuple[FormerSubject, ...]:
        """Say whose else the batch's marked pictures were by their former notes."""

        def work(connection: Connection) -> tuple[FormerSubject, ...]:
            rows = connection.execute(_SUBJECTS_OF_BATCH, (batch_id,))
            return tuple(_SUBJECTS.decode(row["subject"]) for row in rows)

        return await self._database.read(work)

    async def owner(self, dataset_id: DatasetId, platform_id: PlatformBatchId) -> BatchId | None:
        """Say which batch of ours is the platform's batch ``platform_id``; None for none."""
        statement = "SELECT id FROM batch WHERE dataset_id = ? AND platform_id = ?"

        def work(connection: Connection) -> BatchId | None:
            row = connection.execute(statement, (dataset_id, platform_id)).fetchone()
            return None if row is None else BatchId(row["id"])

        return await self._database.read(work)

    async def settle(self, batch_id: BatchId, outcome: str) -> None:
        """Let a batch's pictures go by the usual way: what the platform has of them is known."""

        def work(connection: Connection) -> None:
            forget_former(Ledger(connection, self._clock), batch_id, BY_ITSELF, outcome)

        await self._database.write(work)

    async def _ids(self, statement: str, values: Mapping[str, object]) -> tuple[BatchId, ...]:
        return await self._database.read(
            lambda c: tuple(BatchId(row["id"]) for row in c.execute(statement, values))
        )


def insert_former(
    ledger: Ledger,
    rendition_id: RenditionId,
    names: Collection[ImageId],
    subject: FormerSubject | None = None,
) -> None:
    """Mark a picture, within the caller's transaction."""
    text = json.dumps(sorted(names))
    whose = None if subject is None else msgspec.json.encode(subject).decode()
    ledger.insert("former_delivery", rendition_id=rendition_id, names=text, subject=whose)


def read_former(connection: Connection, rendition_id: RenditionId) -> tuple[ImageId, ...] | None:
    """Give the ids that a marked picture may have there; None for one that is not marked."""
    row = connection.execute(
        "SELECT names FROM former_delivery WHERE rendition_id = ?", (rendition_id,)
    ).fetchone()
    return None if row is None else tuple(ImageId(name) for name in json.loads(row["names"]))


def read_former_subject(connection: Connection, rendition_id: RenditionId) -> FormerSubject | None:
    """Say whose a marked picture was by its former note; None where no note said so."""
    row = connection.execute(
        "SELECT subject FROM former_delivery WHERE rendition_id = ?", (rendition_id,)
    ).fetchone()
    return None if row is None or row["subject"] is None else _SUBJECTS.decode(row["subject"])


def may_be_there(connection: Connection, batch_id: BatchId) -> bool:
    """Whether a picture of the batch may have been delivered before, and nobody has said."""
    return connection.execute(_DOUBTED, (batch_id,)).fetchone() is not None


def forget_former(ledger: Ledger, batch_id: BatchId, act: Act, outcome: str) -> None:
    """Take the marks from a batch's pictures, audited, within the caller's transaction."""
    for row in ledger.connection.execute(_OF_BATCH, (batch_id,)).fetchall():
        ledger.connection.execute(
            "DELETE FROM former_delivery WHERE rendition_id = ?", (row["rendition_id"],)
        )
        ledger.audit(act, "picture.asked-for", "image", row["id"], new=outcome)


def decide_former(ledger: Ledger, batch_id: BatchId, error_kind: str | None, act: Act) -> None:
    """A person lets a held batch go on: a doubt that was why it was held is theirs to end."""
    if error_kind == MayBeThereError.__name__:
        forget_former(ledger, batch_id, act, "a person let it go")
