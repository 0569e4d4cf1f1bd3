"""Where things go: the platform's ids on the way from company to subject, and our ids beside."""

from collections.abc import Mapping
from dataclasses import dataclass

from haut_desktop.domain.destination import DatasetAddress, SubjectAddress
from haut_desktop.domain.errors import StoreError
from haut_desktop.domain.ids import (
    BatchId,
    DatasetId,
    OriginalId,
    PlatformDatasetId,
    PlatformSubjectId,
    RegistrationId,
)
from haut_desktop.domain.imaging import ImageType
from haut_desktop.domain.tenant import Tenant
from haut_desktop.store.database import Database
from haut_desktop.store.driver import Connection, Row
from haut_desktop.store.rows import one, tenant_of

_TENANTS = """
SELECT study.company_id, study.server, dataset.id AS dataset_id
FROM dataset JOIN study ON study.id = dataset.study_id
"""

_OF_REGISTRATION = """
SELECT study.company_id, study.server, dataset.platform_id AS dataset_id
FROM registration
JOIN dataset ON dataset.id = registration.dataset_id
JOIN study ON study.id = dataset.study_id
WHERE registration.id = ?
"""

_OF_ORIGINAL = """
SELECT study.company_id, study.server
FROM original
JOIN take ON take.id = original.take_id
JOIN slot ON slot.id = take.slot_id
JOIN visit ON visit.id = slot.visit_id
JOIN study ON study.id = visit.study_id
WHERE original.id = ?
"""

_OF_BATCH = """
SELECT study.company_id, study.server, dataset.platform_id AS dataset_id, dataset.image_type,
    registration.platform_id AS subject_id, batch.id AS batch_id, batch.station_id,
    visit.id AS visit_id, visit.name AS visit, visit.occurrence, visit.local_date,
    visit.subject_id AS our_subject_id
FROM batch
JOIN visit ON visit.id = batch.visit_id
JOIN dataset ON dataset.id = batch.dataset_id
JOIN study ON study.id = dataset.study_id
LEFT JOIN registration ON registration.subject_id = visit.subject_id
    AND registration.dataset_id = batch.dataset_id
WHERE batch.id = ?
"""


@dataclass(frozen=True, slots=True)
class BatchTarget:
    """Where a batch goes, and the ``meta`` by which the platform's batch is matched to ours."""

    address: SubjectAddress
    meta: Mapping[str, str]


class DestinationStore:
    """Looks up the way to the platform for what is about to be sent."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def tenants(self) -> Mapping[DatasetId, Tenant]:
        """Say whose each dataset is."""

        def work(connection: Connection) -> Mapping[DatasetId, Tenant]:
            rows = connection.execute(_TENANTS)
            return {DatasetId(row["dataset_id"]): tenant_of(row) for row in rows}

        return await self._database.read(work)

    async def tenant_of_original(self, original_id: OriginalId) -> Tenant | None:
        """Say for whom a picture was taken; None for one that nobody has placed yet."""

        def work(connection: Connection) -> Tenant | None:
            row = connection.execute(_OF_ORIGINAL, (original_id,)).fetchone()
            return None if row is None else tenant_of(row)

        return await self._database.read(work)

    async def of_registration(self, registration_id: RegistrationId) -> DatasetAddress:
        """Give the dataset in which the registration is made; raises StoreError."""

        def work(connection: Connection) -> DatasetAddress:
            row = connection.execute(_OF_REGISTRATION, (registration_id,)).fetchone()
            row = one(row, "registration")
            return DatasetAddress(tenant_of(row), PlatformDatasetId(row["dataset_id"]))

        return await self._database.read(work)

    async def of_batch(self, batch_id: BatchId) -> BatchTarget:
        """Give the registered subject to whom the batch goes; raises StoreError."""

        def work(connection: Connection) -> BatchTarget:
            row = one(connection.execute(_OF_BATCH, (batch_id,)).fetchone(), "batch")
            if row["subject_id"] is None:
                raise StoreError("The subject is not registered yet. The pictures wait for it.")
            return _target(row)

        return await self._database.read(work)


def _target(row: Row) -> BatchTarget:
    address = SubjectAddress(
        tenant_of(row),
        PlatformDatasetId(row["dataset_id"]),
        PlatformSubjectId(row["subject_id"]),
        ImageType(row["image_type"]),
    )
    meta = {
        "batch_id": row["batch_id"],
        "visit_id": row["visit_id"],
        "visit": row["visit"],
        "occurrence": str(row["occurrence"]),
        "visit_date": row["local_date"],
        "subject_id": row["our_subject_id"],
        "station_id": row["station_id"],
    }
    return BatchTarget(address, meta)
