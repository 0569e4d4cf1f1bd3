"""Takes: of a slot's attempts one counts, and a finished visit's stay as they are."""

import pytest

from haut_desktop.domain.errors import StoreError, VisitClosedError
from haut_desktop.domain.ids import SlotId
from tests.store.conftest import Record


async def test_of_a_slots_takes_one_counts(record: Record) -> None:
    _, (front, *_) = await record.open_visit(await record.register())
    await record.take_in(front)
    await record.take_in(front, number=2)
    assert await record.takes_of(front) == [(1, False), (2, True)]
    await record.takes.choose(await record.take_id(front, 1), record.act)
    assert await record.takes_of(front) == [(1, True), (2, False)]


async def test_a_removed_take_lets_the_newest_other_one_count(record: Record) -> None:
    _, (front, *_) = await record.open_visit(await record.register())
    for number in (1, 2, 3):
        await record.take_in(front, number=number)
    await record.takes.remove(await record.take_id(front, 3), record.act)
    assert await record.takes_of(front) == [(1, False), (2, True)]
    await record.take_in(front, number=4)
    assert await record.takes_of(front) == [(1, False), (2, False), (4, True)]


async def test_a_moved_take_counts_in_its_new_slot(record: Record) -> None:
    _, (front, left, _) = await record.open_visit(await record.register())
    await record.take_in(front)
    await record.take_in(left)
    await record.takes.move(await record.take_id(front, 1), left.id, record.act)
    assert await record.takes_of(front) == []
    assert await record.takes_of(left) == [(1, False), (2, True)]


async def test_a_take_stays_within_its_visit(record: Record) -> None:
    subject = await record.register()
    _, (front, *_) = await record.open_visit(subject)
    _, (other, *_) = await record.open_visit(subject, "Week 4")
    await record.take_in(front)
    take_id = await record.take_id(front, 1)
    with pytest.raises(VisitClosedError):
        await record.takes.move(take_id, other.id, record.act)
    with pytest.raises(StoreError, match="no such slot"):
        await record.takes.move(take_id, SlotId("x"), record.act)


async def test_a_finished_visits_pictures_stay_as_they_are(record: Record) -> None:
    batch = await record.finish(await record.register())
    sheet = await record.visits.sheet(batch.visit_id)
    take = sheet.shelves[0].takes[0].take
    assert sheet.shelves[0].takes[0].image == batch.images[0]
    with pytest.raises(VisitClosedError, match="Reopen"):
        await record.takes.remove(take.id, record.act)
    with pytest.raises(VisitClosedError):
        await record.hand_overs.finish(batch.visit_id, (), record.clock(), record.act)
