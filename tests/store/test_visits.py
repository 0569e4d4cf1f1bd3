"""Visits: takes of which one counts, finishing that can be taken back, pictures found again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from haut_desktop.domain.delivery import BatchEvent, BatchState
from haut_desktop.domain.errors import ItemError, StoreError, VisitClosedError
from haut_desktop.domain.ids import BatchId, PlatformBatchId, SlotId, TakeId, VisitId, new_id
from haut_desktop.domain.imaging import Side, Slot, Take
from haut_desktop.domain.visits import VisitStatus
from haut_desktop.store.driver import DatabaseError
from tests.fakes.builders import make_batch, make_picture, make_slots, make_verdict, make_visit
from tests.store.conftest import Record


async def takes_of(record: Record, slot: Slot) -> list[tuple[int, bool]]:
    sheet = await record.visits.sheet(slot.visit_id)
    shelf = next(shelf for shelf in sheet.shelves if shelf.slot.id == slot.id)
    return [(picture.take.number, picture.take.counts) for picture in shelf.takes]


async def take_id_of(record: Record, slot: Slot, number: int) -> TakeId:
    sheet = await record.visits.sheet(slot.visit_id)
    shelf = next(shelf for shelf in sheet.shelves if shelf.slot.id == slot.id)
    return next(picture.take.id for picture in shelf.takes if picture.take.number == number)


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


async def test_a_picture_comes_back_with_everything_said_about_it(record: Record) -> None:
    _, (front, *_) = await record.open_visit(await record.register())
    original, rendition, take = make_picture(front)
    verdict = make_verdict(rendition)
    await record.visits.add_picture(original, rendition, take, (verdict,), record.act)
    reader = replace(verdict, author="reader", code="checked")
    await record.visits.add_verdicts((reader,), record.act)
    (picture,) = (await record.visits.sheet(front.visit_id)).shelves[0].takes
    assert picture.original == original == await record.visits.original(original.id)
    assert picture.rendition == rendition
    assert picture.verdicts == (verdict, reader)
    assert picture.image is None


async def test_of_a_slots_takes_one_counts(record: Record) -> None:
    _, (front, *_) = await record.open_visit(await record.register())
    await record.take_in(front)
    await record.take_in(front, number=2)
    assert await takes_of(record, front) == [(1, False), (2, True)]
    await record.visits.choose_take(await take_id_of(record, front, 1), record.act)
    assert await takes_of(record, front) == [(1, True), (2, False)]


async def test_a_removed_take_lets_the_newest_other_one_count(record: Record) -> None:
    _, (front, *_) = await record.open_visit(await record.register())
    for number in (1, 2, 3):
        await record.take_in(front, number=number)
    await record.visits.remove_take(await take_id_of(record, front, 3), record.act)
    assert await takes_of(record, front) == [(1, False), (2, True)]
    await record.take_in(front, number=4)
    assert await takes_of(record, front) == [(1, False), (2, False), (4, True)]


async def test_a_moved_take_counts_in_its_new_slot(record: Record) -> None:
    _, (front, left, _) = await record.open_visit(await record.register())
    await record.take_in(front)
    await record.take_in(left)
    await record.visits.move_take(await take_id_of(record, front, 1), left.id, record.act)
    assert await takes_of(record, front) == []
    assert await takes_of(record, left) == [(1, False), (2, True)]


async def test_a_take_stays_within_its_visit(record: Record) -> None:
    subject = await record.register()
    _, (front, *_) = await record.open_visit(subject)
    _, (other, *_) = await record.open_visit(subject, "Week 4")
    await record.take_in(front)
    take_id = await take_id_of(record, front, 1)
    with pytest.raises(VisitClosedError):
        await record.visits.move_take(take_id, other.id, record.act)
    with pytest.raises(StoreError, match="no such slot"):
        await record.visits.move_take(take_id, SlotId("x"), record.act)


async def test_a_finished_visits_pictures_stay_as_they_are(record: Record) -> None:
    batch = await record.finish(await record.register())
    sheet = await record.visits.sheet(batch.visit_id)
    take = sheet.shelves[0].takes[0].take
    assert sheet.shelves[0].takes[0].image == batch.images[0]
    with pytest.raises(VisitClosedError, match="Reopen"):
        await record.visits.remove_take(take.id, record.act)
    with pytest.raises(VisitClosedError):
        await record.visits.finish(batch.visit_id, (), record.clock(), record.act)


async def test_nothing_is_added_to_a_finished_visit(record: Record) -> None:
    batch = await record.finish(await record.register())
    visit = await record.visits.get(batch.visit_id)
    (late,) = make_slots(visit, (Side.OTHER,))
    with pytest.raises(VisitClosedError, match="no longer open"):
        await record.visits.add_slot(late, record.act)
    front = (await record.visits.sheet(visit.id)).shelves[0].slot
    with pytest.raises(VisitClosedError, match="no longer open"):
        await record.take_in(front, number=2)
    original, rendition, _ = make_picture(None)
    await record.visits.add_picture(original, rendition, None, (), record.act)
    take = Take(TakeId(new_id()), front.id, 2, counts=True)
    with pytest.raises(VisitClosedError, match="no longer open"):
        await record.visits.assign_picture(original.id, take, record.act)
    assert await takes_of(record, front) == [(1, True)]


async def test_a_visit_is_finished_with_exactly_the_pictures_that_count(record: Record) -> None:
    visit, (front, left, _) = await record.open_visit(await record.register())
    batch = make_batch(visit, record.study.datasets[0], ((front, await record.take_in(front)),))
    await record.visits.move_take(await take_id_of(record, front, 1), left.id, record.act)
    with pytest.raises(VisitClosedError, match="have changed meanwhile"):
        await record.visits.finish(visit.id, (batch,), record.clock(), record.act)
    with pytest.raises(VisitClosedError, match="have changed meanwhile"):
        await record.visits.finish(visit.id, (), record.clock(), record.act)
    assert (await record.visits.get(visit.id)).status is VisitStatus.OPEN


async def test_a_reopened_visit_can_be_finished_again(record: Record) -> None:
    batch = await record.finish(await record.register())
    visit = await record.visits.reopen(batch.visit_id, record.act)
    assert (visit.status, visit.finished_at, visit.not_before) == (VisitStatus.OPEN, None, None)
    assert await record.outbox.due_batches(record.clock(), 10) == ()
    not_before = record.clock() + timedelta(seconds=300)
    again = replace(batch, not_before=not_before)
    await record.visits.finish(batch.visit_id, (again,), not_before, record.act)
    assert await record.outbox.batch(batch.id) == again


async def test_a_resting_visit_is_sent_at_once_when_asked(record: Record) -> None:
    batch = await record.finish(await record.register())
    await record.visits.reopen(batch.visit_id, record.act)
    not_before = record.clock() + timedelta(seconds=300)
    resting = replace(batch, not_before=not_before)
    await record.visits.finish(batch.visit_id, (resting,), not_before, record.act)
    assert await record.outbox.due_batches(record.clock(), 10) == ()
    visit = await record.visits.end_rest(batch.visit_id, record.act)
    assert visit.not_before == record.clock()
    assert [due.id for due in await record.outbox.due_batches(record.clock(), 10)] == [batch.id]


async def test_a_visit_on_its_way_is_not_reopened(record: Record) -> None:
    batch = await record.finish(await record.register())
    await record.outbox.move_batch(batch.id, BatchEvent.INITIATE)
    with pytest.raises(VisitClosedError):
        await record.visits.reopen(batch.visit_id, record.act)
    assert (await record.outbox.batch(batch.id)).state is BatchState.INITIATING


async def test_a_visit_that_may_have_been_begun_is_taken_back_before_it_is_reopened(
    record: Record,
) -> None:
    """Nobody knows an id of it; with its rows the record of what the platform has would go."""
    batch = await record.finish(await record.register())
    await record.outbox.move_batch(batch.id, BatchEvent.INITIATE)
    await record.outbox.move_batch(batch.id, BatchEvent.RELEASE)
    (delivery,) = await record.outbox.deliveries(1)
    assert delivery.begun == {batch.id}
    with pytest.raises(VisitClosedError):
        await record.visits.reopen(batch.visit_id, record.act)
    assert [one.id for one in await record.outbox.of_visit(batch.visit_id)] == [batch.id]


async def test_a_visit_whose_start_was_turned_away_at_the_door_is_reopened(record: Record) -> None:
    batch = await record.finish(await record.register())
    for _ in range(2):
        await record.outbox.move_batch(batch.id, BatchEvent.INITIATE)
        await record.outbox.move_batch(batch.id, BatchEvent.TURN_AWAY)
    (delivery,) = await record.outbox.deliveries(1)
    assert delivery.begun == frozenset()
    visit = await record.visits.reopen(batch.visit_id, record.act)
    assert visit.status is VisitStatus.OPEN


async def test_the_same_bytes_are_found_again_until_they_are_removed(record: Record) -> None:
    subject = await record.register()
    visit, (front, *_) = await record.open_visit(subject)
    rendition = await record.take_in(front, b"same")
    (place,) = await record.visits.places_of(rendition.digest.sha256)
    assert (place.subject_id, place.subject_code) == (subject.id, subject.code)
    assert (place.visit_id, place.visit_name, place.slot_id) == (visit.id, visit.name, front.id)
    await record.visits.remove_take(await take_id_of(record, front, 1), record.act)
    assert await record.visits.places_of(rendition.digest.sha256) == ()


async def test_a_picture_taken_before_registration_waits_to_be_assigned(record: Record) -> None:
    original, rendition, _ = make_picture(None)
    await record.visits.add_picture(original, rendition, None, (), record.act)
    assert await record.visits.unassigned() == (original,)
    (place,) = await record.visits.places_of(original.digest.sha256)
    assert (place.subject_id, place.subject_code, place.visit_id) == (None, "", None)
    _, (front, *_) = await record.open_visit(await record.register())
    _, _, take = make_picture(front)
    assert take is not None
    await record.visits.assign_picture(original.id, take, record.act)
    assert await record.visits.unassigned() == ()
    assert await takes_of(record, front) == [(1, True)]
    with pytest.raises(VisitClosedError):
        await record.visits.assign_picture(original.id, take, record.act)


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
    known = await record.visits.known_batches([PlatformBatchId("p-1"), PlatformBatchId("p-2")])
    assert known == {"p-1"}
    other = replace(twin, platform_id=PlatformBatchId("p-2"))
    assert await record.visits.adopt(visit, other, record.act)
    assert await record.outbox.deliveries(limit=10) == ()


async def test_a_picture_comes_with_its_new_slot_or_not_at_all(record: Record) -> None:
    visit, _ = await record.open_visit(await record.register())
    (slot,) = make_slots(visit, (Side.OTHER,))
    sent = (*make_picture(slot), (), record.act)
    await record.visits.add_picture(*sent, new_slot=slot)
    again = replace(slot, id=SlotId(new_id()), replicate=2)
    with pytest.raises(DatabaseError):
        await record.visits.add_picture(*sent, new_slot=again)
    slots = [shelf.slot.id for shelf in (await record.visits.sheet(visit.id)).shelves]
    assert slot.id in slots
    assert again.id not in slots
