"""What stays behind: set aside or removed, never delivered, and when the rule may erase it."""

from datetime import timedelta

import pytest

from haut_desktop.domain.delivery import BatchEvent
from haut_desktop.domain.imaging import Batch, Rendition
from haut_desktop.domain.visits import Visit
from haut_desktop.store.asides import AsideStore
from haut_desktop.store.erasures import ErasureStore
from haut_desktop.store.retractions import RetractionStore
from tests.fakes.builders import make_batch
from tests.store.conftest import Record
from tests.store.test_outbox import submit


@pytest.fixture(name="asides")
def _asides(record: Record) -> AsideStore:
    return AsideStore(record.database)


async def two_takes(record: Record) -> tuple[Visit, Rendition, Batch]:
    """An open visit with two takes of the front; the batch that would carry the second."""
    visit, (front, *_) = await record.open_visit(await record.register())
    first = await record.take_in(front)
    second = await record.take_in(front, number=2)
    return visit, first, make_batch(visit, record.study.datasets[0], ((front, second),))


async def test_what_was_set_aside_or_removed_is_told_with_its_reason(
    record: Record, asides: AsideStore
) -> None:
    visit, (front, left, _) = await record.open_visit(await record.register())
    first = await record.take_in(front)
    await record.take_in(front, number=2)
    strange = await record.take_in(left)
    await record.takes.remove(await record.take_id(left, 1), record.act)
    set_aside, removed = await asides.of_visit(visit.id)
    assert (set_aside.original_id, set_aside.slot, set_aside.number) == (
        first.original_id,
        front,
        1,
    )
    assert (set_aside.reason, set_aside.removed_at) == ("take 2 counts", None)
    assert (removed.original_id, removed.reason) == (strange.original_id, "typing error")
    assert removed.removed_at == record.clock()


async def test_erasing_a_removed_picture_keeps_why_it_was_removed(
    record: Record, asides: AsideStore
) -> None:
    visit, (front, *_) = await record.open_visit(await record.register())
    rendition = await record.take_in(front)
    await record.takes.remove(await record.take_id(front, 1), record.act)
    removed_at = record.clock()
    record.clock.advance(60)
    await ErasureStore(record.database, record.clock).write(rendition.original_id, record.act)
    (row,) = await record.database.read(
        lambda c: c.execute("SELECT removed_at FROM take").fetchall()
    )
    assert row["removed_at"][:19] == removed_at.isoformat()[:19]
    assert await asides.of_visit(visit.id) == ()


async def test_the_rule_waits_until_the_visit_is_finished_and_has_gone(
    record: Record, asides: AsideStore
) -> None:
    visit, first, batch = await two_takes(record)
    study = record.study.id
    assert await asides.outlived(study, record.clock(), 10) == ()
    await record.hand_overs.finish(visit.id, (batch,), record.clock(), record.act)
    assert await asides.outlived(study, record.clock(), 10) == ()
    await submit(record, batch)
    assert await asides.outlived(study, record.clock(), 10) == (first.original_id,)
    assert await asides.outlived(study, record.clock() - timedelta(seconds=1), 10) == ()


async def test_while_the_batch_is_held_or_after_it_was_taken_back_the_rule_erases_nothing(
    record: Record, asides: AsideStore
) -> None:
    visit, first, batch = await two_takes(record)
    await record.hand_overs.finish(visit.id, (batch,), record.clock(), record.act)
    await record.outbox.move_batch(batch.id, BatchEvent.HOLD)
    assert await asides.outlived(record.study.id, record.clock(), 10) == ()
    await RetractionStore(record.database, record.clock).ask(batch.id, record.act)
    # the visit can be reopened, and the first take count
    assert await asides.outlived(record.study.id, record.clock(), 10) == ()
    assert [one.original_id for one in await asides.of_visit(visit.id)] == [first.original_id]
