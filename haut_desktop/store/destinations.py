"""Where promises go: the platform's ids behind a batch or a registration, and what to say of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from haut_desktop.domain.destination import DatasetAddress, SubjectAddress
from haut_desktop.domain.errors import StoreError
from haut_desktop.domain.ids import (
    BatchId,
    CompanyId,
    PlatformDatasetId,
    PlatformSubjectId,
    RegistrationId,
)
from haut_desktop.store.database import Database
from haut_desktop.store.driver import Connection, Row
from haut_desktop.store.rows import one

_OF_BATCH = """
SELECT study.company_id, dataset.platform_id AS dataset_id, registration.platform_id AS subject_id,
    batch.id AS batch_id, visit.id AS visit_id, visit.name AS visit_name, visit.occurrence,
    visit.local_date, batch.station_id, site.code AS site_code
FROM batch
JOIN visit ON visit.id = batch.visit_id
JOIN dataset ON dataset.id = batch.dataset_id
JOIN study ON study.id = dataset.study_id
JOIN station ON station.id = batch.station_id
JOIN site ON site.id = station.site_id
LEFT JOIN registration
    ON registration.subject_id = visit.subject_id AND registration.dataset_id = dataset.id
WHERE batch.id = ?
"""

_OF_REGISTRATION = """
SELECT study.company_id, dataset.platform_id AS dataset_id
FROM registration
JOIN dataset ON dataset.id = registration.dataset_id
JOIN study ON study.id = dataset.study_id
WHERE registration.id = ?
"""


@dataclass(frozen=True, slots=True)
class BatchTarget:
    """A batch's address, and the words that let anybody match the platform's batch to ours."""

    address: SubjectAddress
    meta: Mapping[str, str]


class DestinationStore:
    """Reads addresses; everything in them was written by others."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_batch(self, batch_id: BatchId) -> BatchTarget:
        """Address of the subject that ``batch_id`` goes to; StoreError while it has none."""

        def read(connection: Connection) -> BatchTarget:
            return _target(one(connection.execute(_OF_BATCH, (batch_id,)).fetchone(), "batch"))

        return await self._database.read(read)

    async def of_registration(self, registration_id: RegistrationId) -> DatasetAddress:
        """Address of the dataset that a registration is for."""

        def read(connection: Connection) -> DatasetAddress:
            found = connection.execute(_OF_REGISTRATION, (registration_id,)).fetchone()
            row = one(found, "registration")
            return DatasetAddress(
                CompanyId(row["company_id"]), PlatformDatasetId(row["dataset_id"])
            )

        return await self._database.read(read)


def _target(row: Row) -> BatchTarget:
    if row["subject_id"] is None:
        raise StoreError("The batch's subject is not registered yet. Nothing was sent.")
    address = SubjectAddress(
        CompanyId(row["company_id"]),
        PlatformDatasetId(row["dataset_id"]),
        PlatformSubjectId(row["subject_id"]),
    )
    meta = {
        "batch_id": row["batch_id"],
        "visit_id": row["visit_id"],
        "visit": row["visit_name"],
        "occurrence": str(row["occurrence"]),
        "visit_date": row["local_date"],
        "station_id": row["station_id"],
        "site": row["site_code"],
    }
    return BatchTarget(address, meta)
