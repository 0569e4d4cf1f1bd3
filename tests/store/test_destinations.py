"""Where things go: the platform's ids on the way, our own ids beside them."""

import pytest

from haut_desktop.domain.destination import DatasetAddress, SubjectAddress
from haut_desktop.domain.errors import StoreError
from haut_desktop.domain.ids import BatchId, PlatformSubjectId
from haut_desktop.store.destinations import DestinationStore
from tests.store.conftest import Record


async def test_a_registration_goes_to_its_dataset(record: Record) -> None:
    subject = await record.register(is_registered=False)
    destinations = DestinationStore(record.database)
    address = await destinations.of_registration(subject.registrations[0].id)
    dataset = record.study.datasets[0]
    assert address == DatasetAddress(record.study.tenant, dataset.platform_id)


async def test_a_batch_goes_to_its_registered_subject_with_our_ids(record: Record) -> None:
    subject = await record.register()
    batch = await record.finish(subject)
    target = await DestinationStore(record.database).of_batch(batch.id)
    dataset = record.study.datasets[0]
    assert target.address == SubjectAddress(
        record.study.tenant,
        dataset.platform_id,
        PlatformSubjectId(f"platform-{subject.id}"),
        dataset.image_type,
    )
    assert target.meta["batch_id"] == batch.id
    assert target.meta["visit"] == "Baseline"
    assert target.meta["station_id"] == record.station.id


async def test_a_batch_waits_for_its_subjects_registration(record: Record) -> None:
    batch = await record.finish(await record.register(is_registered=False))
    with pytest.raises(StoreError, match="not registered yet"):
        await DestinationStore(record.database).of_batch(batch.id)


async def test_an_unknown_batch_is_an_error(record: Record) -> None:
    with pytest.raises(StoreError, match="no such batch"):
        await DestinationStore(record.database).of_batch(BatchId("x"))
