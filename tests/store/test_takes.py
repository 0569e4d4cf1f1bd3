"""Takes: of a slot's attempts one counts, and a finished visit's stay as they are."""

import pytest

from haut_desktop.domain.audit import Act
from haut_desktop.domain.errors import StoreError, VisitClosedError
from haut_desktop.domain.ids import SlotId
from haut_desktop.domain.imaging import Slot
from haut_desktop.store.driver import Connection, IntegrityError
from haut_desktop.store.erasures import ErasureStore
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.picture_rows import insert_picture
from haut_desktop.store.takes import insert_take
from tests.fakes.builders import make_batch, make_picture
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


async def test_of_an_erased_take_nothing_counts_again(record: Record) -> None:
    visit, (front, *_) = await record.open_visit(await record.register())
    await record.take_in(front)
    gone = await record.take_in(front, number=2)
    batch = make_batch(visit, record.study.datasets[0], ((front, gone),))
    await record.hand_overs.finish(visit.id, (batch,), record.clock(), record.act)
    erasures = ErasureStore(record.database, record.clock)
    assert await erasures.write(gone.original_id, record.act)
    await record.hand_overs.reopen(visit.id, record.act)
    await record.take_in(front, number=3)
    await record.takes.remove(await record.take_id(front, 3), record.act)
    assert await record.takes_of(front) == [(1, True), (2, False)]


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


# ---- the same bytes ------------------------------------------------------------------------------


async def insert(record: Record, slot: Slot, data: bytes, number: int = 1) -> None:
    """Write a picture down past everything that would refuse it."""
    original, rendition, take = make_picture(slot, data, number=number, counts=number == 1)

    def work(connection: Connection) -> None:
        ledger = Ledger(connection, record.clock)
        insert_take(ledger, take)
        insert_picture(ledger, original, rendition)

    await record.database.write(work)


async def test_the_record_itself_refuses_the_same_bytes_twice_in_a_visit(record: Record) -> None:
    subject = await record.register()
    _, (front, left, _) = await record.open_visit(subject)
    await insert(record, front, b"once")
    with pytest.raises(IntegrityError, match="UNIQUE"):
        await insert(record, front, b"once", 2)
    with pytest.raises(IntegrityError, match="UNIQUE"):
        await insert(record, left, b"once")
    await insert(record, front, b"another", 2)
    _, (later, *_) = await record.open_visit(subject, "Week 4")
    await insert(record, later, b"once")
    _, (other, *_) = await record.open_visit(await record.register("B-008"))
    await insert(record, other, b"once")


async def test_the_record_refuses_a_placed_picture_whose_bytes_are_in_the_visit(
    record: Record,
) -> None:
    _, (front, left, _) = await record.open_visit(await record.register())
    await insert(record, front, b"once")
    original, rendition, _ = make_picture(None, b"once")
    await record.pictures.add(original, rendition, None, (), record.act)
    _, _, take = make_picture(left, b"once")
    with pytest.raises(IntegrityError, match="UNIQUE"):
        await record.pictures.assign(original.id, take, record.act)


async def test_a_picture_that_was_taken_out_or_erased_can_come_again(record: Record) -> None:
    _, (front, left, _) = await record.open_visit(await record.register())
    await insert(record, front, b"once")
    await record.takes.remove(await record.take_id(front, 1), record.act)
    await insert(record, front, b"once", 2)
    await record.takes.choose(await record.take_id(front, 2), record.act)
    await record.takes.move(await record.take_id(front, 2), left.id, record.act)
    with pytest.raises(IntegrityError, match="UNIQUE"):
        await insert(record, front, b"once", 3)
    taken = (await record.visits.sheet(left.visit_id)).shelves[1].takes[0]
    await ErasureStore(record.database, record.clock).write(
        taken.original.id, Act(record.operator.id, "a stranger")
    )
    await insert(record, front, b"once", 3)
