"""What was computed before goes again only with a person's word, whichever act brings it."""

from dataclasses import replace

import pytest

from haut_desktop.domain.computed_before import ComputedAlreadyError, ComputedBefore, hashes_of
from haut_desktop.domain.delivery import BatchEvent, BatchState, ImageEvent, Route
from haut_desktop.domain.ids import PlatformBatchId, VisitId
from haut_desktop.domain.imaging import Batch, Slot
from haut_desktop.domain.retraction import Computed, Remnant
from haut_desktop.domain.visits import VisitStatus
from haut_desktop.store.erasures import ErasureStore
from haut_desktop.store.retractions import RetractionStore
from tests.fakes.builders import make_batch, make_picture, make_proof
from tests.store.conftest import Record
from tests.store.test_erasures import original_of
from tests.store.test_outbox import deliver, submit

THERE = PlatformBatchId("there")


async def taken_back(record: Record, batch: Batch, *left: Computed) -> None:
    """Take a batch back, of which this is left on the platform."""
    retractions = RetractionStore(record.database, record.clock)
    await retractions.ask(batch.id, record.act)
    if (await record.outbox.batch(batch.id)).state is BatchState.RETRACTING:
        await retractions.end(batch.id, [Remnant(THERE, (), computed) for computed in left])
    await record.hand_overs.reopen(batch.visit_id, record.act)


async def computed_front(record: Record, data: bytes) -> tuple[Slot, Batch]:
    """A visit with one picture, a front view, that was computed."""
    visit, (front, *_) = await record.open_visit(await record.register())
    rendition = await record.take_in(front, data)
    batch = make_batch(visit, record.study.datasets[0], ((front, rendition),))
    await finish(record, batch)
    return front, await submit(record, batch)


async def once_more(record: Record, visit_id: VisitId) -> Batch:
    """The pictures of a visit that count, in a batch of their own."""
    sheet = await record.visits.sheet(visit_id)
    pictures = tuple(
        (shelf.slot, shelf.counting.rendition) for shelf in sheet.shelves if shelf.counting
    )
    return make_batch(sheet.visit, record.study.datasets[0], pictures)


async def finish(record: Record, batch: Batch) -> None:
    await record.hand_overs.finish(batch.visit_id, (batch,), record.clock(), record.act)


async def before_of(record: Record, batch: Batch) -> list[ComputedBefore]:
    return list(await record.pictures.computed_before(hashes_of([batch])))


async def test_what_was_computed_goes_again_with_a_reason_only_that_batch_and_trail_keep(
    record: Record,
) -> None:
    batch = await submit(record, await record.finish(await record.register()))
    await taken_back(record, batch, Computed.YES)
    before = await before_of(record, batch)
    assert {one.sha256 for one in before} == hashes_of([batch])
    assert {(one.batch_id, one.computed) for one in before} == {(batch.id, Computed.YES)}
    assert before[0].at == batch.submitted_at
    again = await once_more(record, batch.visit_id)
    with pytest.raises(ComputedAlreadyError) as refused:
        await finish(record, again)
    assert list(refused.value.before) == before
    assert (await record.visits.get(batch.visit_id)).status is VisitStatus.OPEN
    await finish(record, replace(again, again="the scores were lost"))
    assert (await record.outbox.batch(again.id)).again == "the scores were lost"
    (line,) = await record.audit.of_entity(again.id)
    assert (line.action, line.old) == ("batch.computed-again", batch.id)
    assert (line.reason, line.operator_id) == ("the scores were lost", record.act.operator_id)


@pytest.mark.parametrize("left", [(Computed.NO,), ()], ids=["uncomputed", "nothing"])
async def test_what_was_not_computed_goes_as_ever(
    record: Record, left: tuple[Computed, ...]
) -> None:
    batch = await deliver(record, await record.finish(await record.register()))
    await taken_back(record, batch, *left)
    assert await before_of(record, batch) == []
    again = await once_more(record, batch.visit_id)
    await finish(record, again)
    assert await record.audit.of_entity(again.id) == ()


@pytest.mark.parametrize("left", [(Computed.UNKNOWN,), ()], ids=["a doubt", "nothing is listed"])
async def test_a_doubt_is_asked_about(record: Record, left: tuple[Computed, ...]) -> None:
    batch = await deliver(record, await record.finish(await record.register()))
    await record.outbox.move_batch(batch.id, BatchEvent.SUBMIT)
    await record.outbox.move_batch(batch.id, BatchEvent.HOLD)
    await taken_back(record, batch, *left)
    assert {one.computed for one in await before_of(record, batch)} == {Computed.UNKNOWN}
    with pytest.raises(ComputedAlreadyError):
        await finish(record, await once_more(record, batch.visit_id))


async def test_a_picture_that_never_left_is_not_asked_about(record: Record) -> None:
    """The answer to the start was lost: a place is there, and no picture in it."""
    batch = await record.finish(await record.register())
    await record.outbox.move_batch(batch.id, BatchEvent.INITIATE)
    await record.outbox.move_batch(batch.id, BatchEvent.RELEASE)
    await taken_back(record, batch, Computed.UNKNOWN)
    assert await before_of(record, batch) == []


async def test_the_same_bytes_in_another_take_are_the_same_picture(record: Record) -> None:
    front, batch = await computed_front(record, b"face")
    await taken_back(record, batch, Computed.YES)
    await record.takes.remove(await record.take_id(front, 1), record.act)
    await record.take_in(front, b"face", number=2)
    with pytest.raises(ComputedAlreadyError):
        await finish(record, await once_more(record, batch.visit_id))


async def test_what_was_erased_after_it_was_computed_is_asked_about_in_another_visit(
    record: Record,
) -> None:
    """The batch stands: its picture lay under the wrong subject and was erased there."""
    _, batch = await computed_front(record, b"face")
    await ErasureStore(record.database, record.clock).write(original_of(batch), record.act)
    other, (slot, *_) = await record.open_visit(await record.register("B-008"))
    await record.take_in(slot, b"face")
    with pytest.raises(ComputedAlreadyError):
        await finish(record, await once_more(record, other.id))


async def test_what_was_erased_before_it_left_is_not_asked_about(record: Record) -> None:
    batch = await record.finish(await record.register())
    await ErasureStore(record.database, record.clock).write(original_of(batch), record.act)
    assert await before_of(record, replace(batch, images=batch.images[:1])) == []


async def test_a_retake_of_bytes_that_were_computed_is_refused(record: Record) -> None:
    front, batch = await computed_front(record, b"face")
    await ErasureStore(record.database, record.clock).write(original_of(batch), record.act)
    original, same, take = make_picture(front, b"face", number=2)
    visit = await record.visits.get(batch.visit_id)
    fresh = make_batch(visit, record.study.datasets[0], ((front, same),))
    with pytest.raises(ComputedAlreadyError):
        await record.pictures.add_retake(original, same, take, (fresh,), record.act)
    assert await record.takes.next_number(front.id) == 2


async def begun_inline(record: Record) -> Batch:
    """A batch of one picture whose way computes by itself; its picture is on its way."""
    visit, (front, *_) = await record.open_visit(await record.register())
    pictures = ((front, await record.take_in(front)),)
    batch = replace(make_batch(visit, record.study.datasets[0], pictures), route=Route.INLINE)
    await finish(record, batch)
    await record.outbox.move_batch(batch.id, BatchEvent.INITIATE)
    await record.outbox.initiated(batch.id, THERE, {})
    await record.outbox.move_image(batch.images[0].id, ImageEvent.CLAIM)
    return batch


async def test_what_arrived_inline_was_computed_also_where_its_batch_is_gone(
    record: Record,
) -> None:
    batch = await begun_inline(record)
    await record.outbox.move_image(batch.images[0].id, ImageEvent.CONFIRM, proof=make_proof())
    await taken_back(record, batch)
    assert {one.computed for one in await before_of(record, batch)} == {Computed.YES}


@pytest.mark.parametrize(
    ("left", "doubts"),
    [((), {Computed.UNKNOWN}), ((Computed.NO,), set[Computed]())],
    ids=["its batch is gone", "its batch lists it not"],
)
async def test_what_was_lost_inline_may_be_computed_unless_its_batch_lists_it_not(
    record: Record, left: tuple[Computed, ...], doubts: set[Computed]
) -> None:
    batch = await begun_inline(record)
    await record.outbox.move_image(batch.images[0].id, ImageEvent.LOSE)
    await RetractionStore(record.database, record.clock).ask(batch.id, record.act)
    await record.outbox.move_image(batch.images[0].id, ImageEvent.RELEASE)
    await taken_back(record, batch, *left)
    assert {one.computed for one in await before_of(record, batch)} == doubts
