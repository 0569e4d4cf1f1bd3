"""Handing a visit over: finished with exactly what counts, taken back while nothing has left."""

from dataclasses import replace
from datetime import timedelta

import pytest

from haut_desktop.domain.delivery import BatchEvent, BatchState
from haut_desktop.domain.errors import VisitClosedError
from haut_desktop.domain.visits import VisitStatus
from tests.fakes.builders import make_batch
from tests.store.conftest import Record


async def test_a_visit_is_finished_with_exactly_the_pictures_that_count(record: Record) -> None:
    visit, (front, left, _) = await record.open_visit(await record.register())
    batch = make_batch(visit, record.study.datasets[0], ((front, await record.take_in(front)),))
    await record.takes.move(await record.take_id(front, 1), left.id, record.act)
    with pytest.raises(VisitClosedError, match="have changed meanwhile"):
        await record.hand_overs.finish(visit.id, (batch,), record.clock(), record.act)
    with pytest.raises(VisitClosedError, match="have changed meanwhile"):
        await record.hand_overs.finish(visit.id, (), record.clock(), record.act)
    assert (await record.visits.get(visit.id)).status is VisitStatus.OPEN


async def test_a_reopened_visit_can_be_finished_again(record: Record) -> None:
    batch = await record.finish(await record.register())
    visit = await record.hand_overs.reopen(batch.visit_id, record.act)
    assert (visit.status, visit.finished_at, visit.not_before) == (VisitStatus.OPEN, None, None)
    assert await record.outbox.due_batches(record.clock(), 10) == ()
    not_before = record.clock() + timedelta(seconds=300)
    again = replace(batch, not_before=not_before)
    await record.hand_overs.finish(batch.visit_id, (again,), not_before, record.act)
    assert await record.outbox.batch(batch.id) == again


async def test_a_resting_visit_is_sent_at_once_when_asked(record: Record) -> None:
    batch = await record.finish(await record.register(), rest=timedelta(seconds=300))
    assert await record.outbox.due_batches(record.clock(), 10) == ()
    visit = await record.hand_overs.end_rest(batch.visit_id, record.act)
    assert visit.not_before == record.clock()
    assert [due.id for due in await record.outbox.due_batches(record.clock(), 10)] == [batch.id]


async def test_what_is_asked_for_twice_stands_in_the_trail_once(record: Record) -> None:
    batch = await record.finish(await record.register(), rest=timedelta(seconds=300))
    for act in (record.hand_overs.end_rest, record.hand_overs.reopen):
        assert await act(batch.visit_id, record.act) == await act(batch.visit_id, record.act)
    trail = await record.audit.of_entity(batch.visit_id)
    done = [entry.action for entry in trail if entry.action.startswith("visit.")]
    assert done[-3:] == ["visit.finished", "visit.sent-now", "visit.reopened"]


async def test_a_visit_on_its_way_is_not_reopened(record: Record) -> None:
    batch = await record.finish(await record.register())
    await record.outbox.move_batch(batch.id, BatchEvent.INITIATE)
    with pytest.raises(VisitClosedError):
        await record.hand_overs.reopen(batch.visit_id, record.act)
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
    with pytest.raises(VisitClosedError, match="Take it back in the outbox first"):
        await record.hand_overs.reopen(batch.visit_id, record.act)
    assert [one.id for one in await record.outbox.of_visit(batch.visit_id)] == [batch.id]


async def test_a_visit_whose_start_was_turned_away_at_the_door_is_reopened(record: Record) -> None:
    batch = await record.finish(await record.register())
    for _ in range(2):
        await record.outbox.move_batch(batch.id, BatchEvent.INITIATE)
        await record.outbox.move_batch(batch.id, BatchEvent.TURN_AWAY)
    (delivery,) = await record.outbox.deliveries(1)
    assert delivery.begun == frozenset()
    visit = await record.hand_overs.reopen(batch.visit_id, record.act)
    assert visit.status is VisitStatus.OPEN
