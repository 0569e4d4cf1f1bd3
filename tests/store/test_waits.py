"""Stored waits keep their length when the clock is set back, at work and between two runs."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from haut_desktop.domain.delivery import LONGEST_WAIT, BatchEvent, Waiting
from haut_desktop.domain.imaging import Batch
from haut_desktop.domain.traffic import LONGEST_REST
from haut_desktop.store.waits import WaitStore
from tests.fakes.builders import make_batch, make_picture
from tests.store.conftest import Record
from tests.store.test_outbox import submit

BACK = [3600.0, 86_400.0, 365 * 86_400.0]
REST = timedelta(seconds=300)


@pytest.fixture
def waits(record: Record) -> WaitStore:
    return WaitStore(record.database, record.clock)


async def _make_all_wait(record: Record, wait_s: float) -> Batch:
    """A batch, one of its pictures, and a registration that wait for ``wait_s``."""
    batch = await record.finish(await record.register())
    waiting = Waiting(1, record.clock() + timedelta(seconds=wait_s))
    await record.outbox.set_waiting_batch(batch.id, waiting)
    await record.outbox.set_waiting_image(batch.images[0].id, waiting)
    (registration, *_) = (await record.register("B-008", is_registered=False)).registrations
    await record.registrations.set_waiting(registration.id, waiting)
    return batch


async def _retries(record: Record, batch: Batch) -> set[datetime | None]:
    found = await record.outbox.batch(batch.id)
    now = record.clock() + timedelta(days=1000)
    registrations = await record.registrations.due(now, 10, None)
    return {
        found.waiting.retry_at,
        found.images[0].waiting.retry_at,
        *(r.waiting.retry_at for r in registrations if r.waiting.retry_at is not None),
    }


async def _rest(record: Record) -> tuple[Batch, datetime]:
    """Finish a visit just now; it rests for five minutes."""
    batch = await record.finish(await record.register(), rest=REST)
    return batch, record.clock() + REST


async def _ends(record: Record, batch: Batch) -> set[datetime | None]:
    visit = await record.visits.get(batch.visit_id)
    return {visit.not_before, (await record.outbox.batch(batch.id)).not_before}


@pytest.mark.parametrize("back_s", BACK)
async def test_what_waits_follows_a_clock_that_is_set_back(
    record: Record, waits: WaitStore, back_s: float
) -> None:
    batch = await _make_all_wait(record, 25.0)
    record.clock.advance(-back_s)
    assert await waits.set_back(timedelta(seconds=back_s)) == 4  # its rest is over, too
    due_at = record.clock() + timedelta(seconds=25)
    assert await _retries(record, batch) == {due_at}
    assert await record.outbox.next_time(record.clock()) == due_at
    record.clock.advance(25.0)
    assert [due.id for due in await record.outbox.due_batches(record.clock(), 10)] == [batch.id]


@pytest.mark.parametrize("is_held", [False, True], ids=["on its way", "held"])
@pytest.mark.parametrize("back_s", BACK)
async def test_a_visit_rests_as_long_as_it_was_told_to(
    record: Record, waits: WaitStore, back_s: float, is_held: bool
) -> None:
    batch, _ = await _rest(record)
    if is_held:
        await record.outbox.move_batch(batch.id, BatchEvent.HOLD)
    record.clock.advance(-back_s)
    assert await waits.set_back(timedelta(seconds=back_s)) == 1
    assert await _ends(record, batch) == {record.clock() + timedelta(seconds=300)}


@pytest.mark.parametrize("back_s", BACK)
async def test_a_start_notices_a_clock_that_was_set_back_while_the_program_was_closed(
    record: Record, waits: WaitStore, back_s: float
) -> None:
    batch = await _make_all_wait(record, 25.0)
    record.clock.advance(-back_s)
    assert await waits.open() == 4  # its rest is over, too
    assert await _retries(record, batch) == {record.clock() + timedelta(seconds=25)}


@pytest.mark.parametrize("back_s", BACK)
async def test_a_start_notices_the_step_also_behind_what_was_written_after_it(
    record: Record, waits: WaitStore, back_s: float
) -> None:
    batch = await _make_all_wait(record, 25.0)
    record.clock.advance(-back_s)
    await record.register("B-009")
    assert await waits.open() == 4
    due_at = record.clock() + timedelta(seconds=25)
    assert await _retries(record, batch) == {due_at}
    assert await waits.open() == 0
    assert await _retries(record, batch) == {due_at}


async def test_a_step_that_was_followed_at_work_is_not_followed_again_at_the_start(
    record: Record, waits: WaitStore
) -> None:
    batch = await _make_all_wait(record, 25.0)
    record.clock.advance(-3600.0)
    await waits.set_back(timedelta(hours=1))
    assert await waits.open() == 0
    assert await _retries(record, batch) == {record.clock() + timedelta(seconds=25)}


@pytest.mark.parametrize("back_s", BACK)
async def test_a_start_notices_a_second_step_though_nothing_happened_since_the_first(
    record: Record, waits: WaitStore, back_s: float
) -> None:
    batch = await _make_all_wait(record, 25.0)
    record.clock.advance(-600.0)
    await waits.set_back(timedelta(minutes=10))
    record.clock.advance(-back_s)
    assert await waits.open() == 4
    due_at = record.clock() + timedelta(seconds=25)
    assert await _retries(record, batch) == {due_at}
    assert await waits.open() == 0
    assert await _retries(record, batch) == {due_at}


async def test_no_wait_lasts_longer_than_any_can_when_no_row_shows_the_step(
    record: Record, waits: WaitStore
) -> None:
    batch = await _make_all_wait(record, 400 * 86_400.0)
    await waits.open()
    assert await _retries(record, batch) == {record.clock() + LONGEST_WAIT}


@pytest.mark.parametrize("ahead_s", [0.0, 10.0])
async def test_a_clock_that_goes_ahead_changes_no_wait(
    record: Record, waits: WaitStore, ahead_s: float
) -> None:
    batch = await _make_all_wait(record, 25.0)
    before = await _retries(record, batch)
    record.clock.advance(ahead_s)
    assert await waits.open() == 0
    assert await _retries(record, batch) == before


async def test_what_is_held_or_due_is_left_as_it_is(record: Record, waits: WaitStore) -> None:
    batch = await record.finish(await record.register())
    due = Waiting(1, record.clock() - timedelta(hours=2))
    await record.outbox.set_waiting_batch(batch.id, due)
    held = await record.outbox.move_batch(batch.id, BatchEvent.HOLD, waiting=due)
    assert await waits.set_back(timedelta(hours=1)) == 0
    assert await record.outbox.batch(batch.id) == held


@pytest.mark.parametrize("is_started", [False, True], ids=["running", "started"])
async def test_a_step_that_is_noticed_late_takes_nothing_from_a_visit_finished_after_it(
    record: Record, waits: WaitStore, is_started: bool
) -> None:
    await record.register("B-010")  # lies in the future from here on
    record.clock.advance(-3600.0)
    record.clock.advance(1200.0)
    batch, ends_at = await _rest(record)
    record.clock.advance(1.0)
    await (waits.open() if is_started else waits.set_back(timedelta(hours=1)))
    assert await _ends(record, batch) == {ends_at}
    assert await record.outbox.due_batches(record.clock(), 10) == ()


async def test_a_rest_that_was_moved_is_not_cut_at_the_next_start(
    record: Record, waits: WaitStore
) -> None:
    batch, ends_at = await _rest(record)
    record.clock.advance(-250.0)
    await waits.set_back(timedelta(seconds=250))
    ends_at -= timedelta(seconds=250)
    assert await waits.open() == 0
    assert await _ends(record, batch) == {ends_at}


async def test_no_rest_lasts_longer_than_any_that_can_be_set_when_no_row_shows_the_step(
    record: Record, waits: WaitStore
) -> None:
    batch = await record.finish(await record.register(), rest=timedelta(days=400))
    await waits.open()
    assert await _ends(record, batch) == {record.clock() + LONGEST_REST}


@pytest.mark.parametrize("is_held", [False, True], ids=["on its way", "held"])
@pytest.mark.parametrize("back_s", [0.0, *BACK])
async def test_the_longest_rest_that_can_be_set_is_kept_whole(
    record: Record, waits: WaitStore, back_s: float, is_held: bool
) -> None:
    batch = await record.finish(await record.register(), rest=LONGEST_REST)
    if is_held:
        await record.outbox.move_batch(batch.id, BatchEvent.HOLD)
    record.clock.advance(-back_s)
    await waits.open()
    assert await _ends(record, batch) == {record.clock() + LONGEST_REST}
    assert await waits.open() == 0


async def test_a_plan_may_let_visits_rest_for_longer_than_a_station_can(
    record: Record, waits: WaitStore
) -> None:
    plan = replace(record.study.plan, resting_s=2 * LONGEST_REST.total_seconds())
    await record.studies.save_study(replace(record.study, plan=plan), record.act)
    batch = await record.finish(await record.register(), rest=2 * LONGEST_REST)
    record.clock.advance(-86_400.0)
    await waits.open()
    assert await _ends(record, batch) == {record.clock() + 2 * LONGEST_REST}


async def _retake(record: Record, batch: Batch) -> Batch:
    """Take the visit's front once more, long after it has gone; the new picture rests."""
    sheet = await record.visits.sheet(batch.visit_id)
    front = sheet.shelves[0].slot
    original, rendition, take = make_picture(front, b"once more", number=2)
    again = make_batch(sheet.visit, record.study.datasets[0], ((front, rendition),))
    again = replace(again, not_before=record.clock() + REST)
    await record.pictures.add_retake(original, rendition, take, (again,), record.act)
    return again


@pytest.mark.parametrize("back_s", BACK)
async def test_a_picture_that_was_retaken_rests_as_long_as_it_was_told_to_and_by_itself(
    record: Record, waits: WaitStore, back_s: float
) -> None:
    batch, _ = await _rest(record)
    await submit(record, batch)
    record.clock.advance(3 * 86_400.0)
    again = await _retake(record, batch)
    before = (await record.visits.get(batch.visit_id)).not_before
    record.clock.advance(-back_s)
    assert await waits.set_back(timedelta(seconds=back_s)) == 1
    assert (await record.outbox.batch(again.id)).not_before == record.clock() + REST
    assert (await record.visits.get(batch.visit_id)).not_before == before
