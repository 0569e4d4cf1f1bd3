"""Erasing a picture in the record: never while its fate is open, and written down first."""

from dataclasses import replace
from datetime import timedelta

import pytest

from haut_desktop.domain.delivery import (
    BatchEvent,
    BatchState,
    ImageEvent,
    ImageState,
    TransitionError,
)
from haut_desktop.domain.errors import ErasureRefusedError
from haut_desktop.domain.ids import OriginalId
from haut_desktop.domain.imaging import Batch, Side
from haut_desktop.store.erasures import _ERASED_SIDES, ErasureStore
from haut_desktop.store.retractions import RetractionStore
from tests.fakes.builders import make_batch, make_proof
from tests.store.conftest import Record
from tests.store.test_outbox import submit
from tests.store.test_retractions import begin


@pytest.fixture(name="erasures")
def _erasures(record: Record) -> ErasureStore:
    return ErasureStore(record.database, record.clock)


def original_of(batch: Batch, number: int = 0) -> OriginalId:
    return batch.images[number].rendition.original_id


async def state(record: Record, batch: Batch, number: int = 0) -> ImageState:
    return (await record.outbox.batch(batch.id)).images[number].state


async def test_a_delivered_picture_is_erased_and_its_record_stays(
    record: Record, erasures: ErasureStore
) -> None:
    batch = await submit(record, await record.finish(await record.register()))
    erasure = await erasures.write(original_of(batch), record.act)
    assert erasure is not None
    assert erasure.files == (batch.images[0].rendition.vault_name,)
    assert erasure.seen_in == ((batch.id, Side.FRONT),)
    assert await erasures.pending() == (erasure,)
    (listed,) = await record.outbox.deliveries(10)
    assert listed.erasing == {erasure.original_id: record.clock()}
    after = await record.outbox.batch(batch.id)
    assert after.state is BatchState.SUBMITTED
    assert after.images[0].state is ImageState.ERASED
    assert after.images[0].proof == batch.images[0].proof
    names = {picture.vault_name for picture in await record.pictures.sealed()}
    assert erasure.files[0] not in names
    assert await record.pictures.leaving() == set(erasure.files)
    await erasures.done(erasure)
    (listed,) = await record.outbox.deliveries(10)
    assert listed.erasing == {}
    assert (await erasures.pending(), await record.pictures.leaving()) == ((), frozenset())
    trail = await record.audit.of_entity(erasure.original_id)
    said = {entry.action: (entry.reason, entry.operator_id) for entry in trail}
    assert said["picture.erased"] == ("typing error", record.operator.id)
    assert said["picture.left-the-disk"][0] == "typing error"


async def test_erasing_twice_changes_nothing(record: Record, erasures: ErasureStore) -> None:
    batch = await submit(record, await record.finish(await record.register()))
    assert await erasures.write(original_of(batch), record.act) is not None
    assert await erasures.write(original_of(batch), record.act) is None


@pytest.mark.parametrize("event", [None, ImageEvent.LOSE], ids=["in flight", "unsettled"])
async def test_a_picture_whose_fate_is_open_is_not_erased(
    record: Record, erasures: ErasureStore, event: ImageEvent | None
) -> None:
    batch = await begin(record, await record.finish(await record.register()))
    await record.outbox.move_image(batch.images[0].id, ImageEvent.CLAIM)
    if event is not None:
        await record.outbox.move_image(batch.images[0].id, event)
    with pytest.raises(ErasureRefusedError, match="take the batch back first"):
        await erasures.write(original_of(batch), record.act)
    assert await erasures.pending() == ()


async def test_nothing_is_erased_while_a_step_of_its_batch_is_under_way(
    record: Record, erasures: ErasureStore
) -> None:
    batch = await record.finish(await record.register())
    await record.outbox.move_batch(batch.id, BatchEvent.INITIATE)
    with pytest.raises(ErasureRefusedError, match="under way"):
        await erasures.write(original_of(batch), record.act)


async def test_the_other_pictures_go_without_the_erased_one(
    record: Record, erasures: ErasureStore
) -> None:
    batch = await begin(record, await record.finish(await record.register()))
    refused = batch.images[0].id
    await record.outbox.move_image(refused, ImageEvent.CLAIM)
    await record.outbox.move_image(refused, ImageEvent.HOLD)
    await erasures.write(original_of(batch), record.act)
    assert await state(record, batch) is ImageState.ERASED
    with pytest.raises(TransitionError):
        await record.outbox.move_image(refused, ImageEvent.CLAIM)
    for image in batch.images[1:]:
        await record.outbox.move_image(image.id, ImageEvent.CLAIM)
        await record.outbox.move_image(image.id, ImageEvent.CONFIRM, proof=make_proof())
    after = await record.outbox.batch(batch.id)
    assert (after.state, after.is_stored) == (BatchState.OPEN, True)
    assert [b.id for b in await record.outbox.due_batches(record.clock(), 10)] == [batch.id]


async def test_a_batch_of_which_nothing_is_left_is_taken_back(
    record: Record, erasures: ErasureStore
) -> None:
    batch = await record.finish(await record.register(), sides=(Side.FRONT,))
    await erasures.write(original_of(batch), record.act)
    after = await record.outbox.batch(batch.id)
    assert after.state is BatchState.RETRACTED
    assert after.retraction is not None
    assert after.retraction.reason == "typing error"
    assert (await record.outbox.summary()).waiting_images == 0


async def test_in_an_open_visit_the_take_before_it_counts_again(
    record: Record, erasures: ErasureStore
) -> None:
    _, (front, *_) = await record.open_visit(await record.register())
    first = await record.take_in(front)
    second = await record.take_in(front, number=2)
    await erasures.write(second.original_id, record.act)
    sheet = await record.visits.sheet(front.visit_id)
    assert [taken.rendition.id for taken in sheet.shelves[0].takes] == [first.id]
    assert sheet.shelves[0].counting is not None


async def test_an_erased_picture_of_a_taken_back_batch_is_not_sent_again(
    record: Record, erasures: ErasureStore
) -> None:
    batch = await begin(record, await record.finish(await record.register()))
    retractions = RetractionStore(record.database, record.clock)
    await retractions.ask(batch.id, record.act)
    with pytest.raises(ErasureRefusedError):
        await erasures.write(original_of(batch), record.act)
    await retractions.end(batch.id, ())
    await erasures.write(original_of(batch), record.act)
    visit = await record.hand_overs.reopen(batch.visit_id, record.act)
    shelves = (await record.visits.sheet(visit.id)).shelves
    assert [shelf.counting is None for shelf in shelves] == [True, False, False]
    kept = tuple((s.slot, s.counting.rendition) for s in shelves if s.counting is not None)
    again = make_batch(visit, record.study.datasets[0], kept)
    await record.hand_overs.finish(visit.id, (again,), record.clock(), record.act)
    assert len((await record.outbox.batch(again.id)).images) == 2


async def test_a_visit_of_which_a_picture_was_erased_before_it_left_is_reopened(
    record: Record, erasures: ErasureStore
) -> None:
    batch = await record.finish(await record.register())
    await erasures.write(original_of(batch), record.act)
    await record.hand_overs.reopen(batch.visit_id, record.act)
    shelves = (await record.visits.sheet(batch.visit_id)).shelves
    assert [shelf.counting is None for shelf in shelves] == [True, False, False]
    assert shelves[0].takes[0].erased_at == record.clock()


async def test_only_what_is_proven_and_will_not_be_needed_outlives_the_plan(
    record: Record, erasures: ErasureStore
) -> None:
    study, start = record.study.id, record.clock()
    sent = await submit(record, await record.finish(await record.register("B-001")))
    await deliver_other(record)
    await record.finish(await record.register("B-003"))
    ids = tuple(image.rendition.original_id for image in sent.images)
    assert set(await erasures.outlived(study, start, 10)) == set(ids)
    assert await erasures.outlived(study, start - timedelta(days=1), 10) == ()
    assert len(await erasures.outlived(study, start, 2)) == 2
    await erasures.write(ids[0], replace(record.act, operator_id=None, reason="the rule"))
    assert set(await erasures.outlived(study, start, 10)) == set(ids[1:])


async def deliver_other(record: Record) -> None:
    """A batch that is all stored and not submitted: its bytes may be needed again."""
    batch = await record.finish(await record.register("B-002"))
    await record.outbox.move_batch(batch.id, BatchEvent.INITIATE)
    for image in batch.images:
        await record.outbox.move_image(image.id, ImageEvent.CLAIM)
        await record.outbox.move_image(image.id, ImageEvent.CONFIRM, proof=make_proof())


async def test_what_was_held_unsettled_can_go_once_its_batch_is_taken_back(
    record: Record, erasures: ErasureStore
) -> None:
    batch = await begin(record, await record.finish(await record.register()))
    image = batch.images[0].id
    for event in (ImageEvent.CLAIM, ImageEvent.LOSE, ImageEvent.HOLD):
        await record.outbox.move_image(image, event)
    with pytest.raises(ErasureRefusedError):
        await erasures.write(original_of(batch), record.act)
    retractions = RetractionStore(record.database, record.clock)
    await retractions.ask(batch.id, record.act)
    with pytest.raises(ErasureRefusedError):
        await erasures.write(original_of(batch), record.act)
    await retractions.end(batch.id, ())
    assert await erasures.write(original_of(batch), record.act) is not None
    assert await state(record, batch) is ImageState.ERASED


@pytest.mark.parametrize("is_shared", [False, True])
async def test_of_a_side_of_which_another_picture_stands_not_everything_is_erased(
    record: Record, erasures: ErasureStore, is_shared: bool
) -> None:
    batch = await submit(record, await record.finish(await record.register()))
    other = batch.images[1].id
    if is_shared:
        await record.database.write(
            lambda c: c.execute("UPDATE image SET side = 'front' WHERE id = ?", (other,))
        )
    await erasures.write(original_of(batch), record.act)
    remains = await erasures.remains()
    mine = ((batch.id, Side.FRONT),)
    assert (remains.sides, remains.shared) == (((), mine) if is_shared else (mine, ()))


async def test_what_was_never_erased_is_not_gone_through(record: Record) -> None:
    plan = await record.database.read(
        lambda c: c.execute(f"EXPLAIN QUERY PLAN {_ERASED_SIDES}").fetchall()
    )
    assert [row["detail"] for row in plan if row["detail"].startswith("SCAN")] == [
        "SCAN erasure USING COVERING INDEX erasure_of"
    ]
