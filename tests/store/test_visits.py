"""Visits: opened and found again, assigned once, observed, missed, adopted from the platform."""

from dataclasses import replace

import pytest

from haut_desktop.domain.delivery import BatchState
from haut_desktop.domain.errors import ItemError, StoreError, VisitClosedError
from haut_desktop.domain.ids import BatchId, DatasetId, PlatformBatchId, VisitId, new_id
from haut_desktop.domain.imaging import Side
from haut_desktop.domain.visits import VisitStatus
from tests.fakes.builders import make_batch, make_slots, make_visit
from tests.store.conftest import Record


async def test_a_visit_comes_back_as_it_was_opened(record: Record) -> None:
    visit, slots = await record.open_visit(await record.register())
    assert await record.visits.get(visit.id) == visit
    sheet = await record.visits.sheet(visit.id)
    assert tuple(shelf.slot for shelf in sheet.shelves) == slots


async def test_an_unknown_visit_is_an_error(record: Record) -> None:
    with pytest.raises(StoreError, match="no such visit"):
        await record.visits.get(VisitId("x"))


async def test_visits_of_a_subject_come_oldest_first(record: Record) -> None:
    subject = await record.register()
    first, _ = await record.open_visit(subject)
    record.clock.advance(60)
    second, _ = await record.open_visit(subject, "Week 4")
    assert await record.visits.of_subject(subject.id) == (first, second)
    assert [sheet.visit for sheet in await record.visits.sheets(subject.id)] == [first, second]


async def test_a_visit_without_a_subject_is_assigned_once(record: Record) -> None:
    visit, _ = await record.open_visit(None)
    subject = await record.register()
    assigned = await record.visits.assign(visit.id, subject.id, record.act)
    assert assigned.subject_id == subject.id
    with pytest.raises(VisitClosedError):
        await record.visits.assign(visit.id, subject.id, record.act)


async def test_a_second_visit_of_one_name_and_number_is_refused_in_words(record: Record) -> None:
    subject = await record.register()
    await record.open_visit(subject)
    with pytest.raises(ItemError, match="a visit “Baseline” already"):
        await record.open_visit(subject)
    again, _ = await record.open_visit(subject, occurrence=2)
    with pytest.raises(ItemError, match=r"a visit “Baseline \(2\)” already"):
        await record.visits.add(replace(again, id=VisitId(new_id())), (), record.act)


async def test_a_visit_is_not_assigned_beside_one_of_its_name(record: Record) -> None:
    subject = await record.register()
    await record.open_visit(subject)
    unknown, _ = await record.open_visit(None)
    with pytest.raises(ItemError, match="a visit “Baseline” already"):
        await record.visits.assign(unknown.id, subject.id, record.act)
    assert (await record.visits.get(unknown.id)).subject_id is None


async def test_a_corrected_observation_leaves_the_former_one(record: Record) -> None:
    visit, _ = await record.open_visit(await record.register())
    seen = (("skin condition", "oily"), ("device", "tripod"))
    changed = await record.visits.observe(visit.id, seen, record.act)
    assert changed.observations == seen
    (correction,) = await record.audit.corrections(visit.id)
    assert (correction.field, correction.old, correction.new) == ("skin condition", "dry", "oily")


async def test_a_missed_visit_keeps_its_reason(record: Record) -> None:
    visit, _ = await record.open_visit(await record.register())
    missed = await record.visits.miss(visit.id, record.act)
    assert (missed.status, missed.missed_reason) == (VisitStatus.MISSED, "typing error")


async def test_a_free_slot_is_added_last(record: Record) -> None:
    visit, _ = await record.open_visit(await record.register())
    (slot,) = make_slots(visit, (Side.OTHER,))
    slot = replace(slot, position=3)
    await record.visits.add_slot(slot, record.act)
    assert (await record.visits.sheet(visit.id)).shelves[-1].slot == slot


async def test_a_batch_known_from_the_platform_only_is_adopted_once(record: Record) -> None:
    subject = await record.register()
    visit = replace(
        make_visit(record.study, subject),
        status=VisitStatus.FINISHED,
        finished_at=record.clock(),
    )
    batch = replace(
        make_batch(visit, record.study.datasets[0], (), state=BatchState.SUBMITTED),
        platform_id=PlatformBatchId("p-1"),
        submitted_at=record.clock(),
    )
    assert await record.visits.adopt(visit, batch, record.act)
    twin = replace(batch, id=BatchId(new_id()))
    assert not await record.visits.adopt(visit, twin, record.act)
    assert await record.outbox.submitted_incomplete(record.clock()) == (batch,)
    asked = [PlatformBatchId("p-1"), PlatformBatchId("p-2")]
    assert await record.visits.known_batches(batch.dataset_id, asked) == {"p-1"}
    assert await record.visits.known_batches(DatasetId("another server's"), asked) == frozenset()
    other = replace(twin, platform_id=PlatformBatchId("p-2"))
    assert await record.visits.adopt(visit, other, record.act)
    assert await record.outbox.deliveries(limit=10) == ()
