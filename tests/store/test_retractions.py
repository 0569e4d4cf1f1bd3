"""Taking a batch back in the record: from where, what may still move, how it ends."""

from dataclasses import replace
from datetime import timedelta

import pytest

from haut_desktop.domain.delivery import (
    BatchEvent,
    BatchState,
    HeldBackError,
    ImageEvent,
    ImageState,
    TransitionError,
    Trouble,
    Waiting,
)
from haut_desktop.domain.errors import Blame, RetractionRefusedError
from haut_desktop.domain.ids import BatchId, DatasetId, PlatformBatchId, PlatformImageId
from haut_desktop.domain.imaging import Batch, Side
from haut_desktop.domain.retraction import Computed, Remnant
from haut_desktop.store.retractions import RetractionStore
from tests.fakes.builders import make_proof
from tests.store.conftest import Record
from tests.store.test_outbox import addresses_of, deliver, submit

PLATFORM_BATCH = PlatformBatchId("platform-batch-1")
LEFT = (Remnant(PLATFORM_BATCH, (PlatformImageId("platform-1"),), Computed.YES),)


@pytest.fixture(name="retractions")
def _retractions(record: Record) -> RetractionStore:
    return RetractionStore(record.database, record.clock)


async def begin(record: Record, batch: Batch) -> Batch:
    """Bring a batch to where the platform knows it."""
    await record.outbox.move_batch(batch.id, BatchEvent.INITIATE)
    return await record.outbox.initiated(batch.id, PLATFORM_BATCH, addresses_of(batch))


async def due(record: Record, retractions: RetractionStore) -> list[BatchId]:
    return [batch.id for batch in await retractions.due(record.clock(), 10)]


async def events(record: Record, thing: str) -> list[str]:
    return [move.event for move in await record.outbox.transitions(thing)]


async def test_a_batch_that_never_left_is_retracted_at_once_and_nothing_is_left(
    record: Record, retractions: RetractionStore
) -> None:
    batch = await record.finish(await record.register(is_registered=False))
    retracted = await retractions.ask(batch.id, record.act)
    assert retracted.state is BatchState.RETRACTED
    assert retracted.retraction is not None
    assert retracted.retraction.reason == "typing error"
    assert (retracted.retraction.left, retracted.retraction.left_in_words()) == ((), "nothing")
    assert retracted.retraction.ended_at == record.clock()
    assert await events(record, batch.id) == ["retract", "retracted"]
    actions = [entry.action for entry in await record.audit.of_entity(batch.id)]
    assert "batch.retraction-asked" in actions


async def test_what_the_platform_may_know_is_asked_for_before_the_retraction_ends(
    record: Record, retractions: RetractionStore
) -> None:
    batch = await begin(record, await record.finish(await record.register()))
    asked = await retractions.ask(batch.id, record.act)
    assert asked.state is BatchState.RETRACTING
    assert await due(record, retractions) == [batch.id]
    assert await record.outbox.due_batches(record.clock(), 10) == ()
    ended = await retractions.end(batch.id, LEFT)
    assert ended.state is BatchState.RETRACTED
    assert ended.retraction is not None
    assert ended.retraction.left == LEFT
    assert "platform-batch-1 (1 picture, computed)" in ended.retraction.left_in_words()
    assert await due(record, retractions) == []
    (line,) = [
        entry
        for entry in await record.audit.of_entity(batch.id)
        if entry.action == "batch.retracted"
    ]
    assert "platform-batch-1" in line.new


async def test_a_lost_answer_to_the_start_makes_it_ask_although_no_id_is_known(
    record: Record, retractions: RetractionStore
) -> None:
    batch = await record.finish(await record.register())
    await record.outbox.move_batch(batch.id, BatchEvent.INITIATE)
    await record.outbox.move_batch(batch.id, BatchEvent.RELEASE)
    assert (await retractions.ask(batch.id, record.act)).state is BatchState.RETRACTING


@pytest.mark.parametrize("begun", [False, True], ids=["starting", "asking for the analysis"])
async def test_a_step_that_is_under_way_comes_to_its_end_first(
    record: Record, retractions: RetractionStore, begun: bool
) -> None:
    batch = await record.finish(await record.register(), sides=(Side.FRONT,))
    if begun:
        await deliver(record, batch)
        await record.outbox.move_batch(batch.id, BatchEvent.SUBMIT)
    else:
        await record.outbox.move_batch(batch.id, BatchEvent.INITIATE)
    asked = await retractions.ask(batch.id, record.act)
    assert asked.state is (BatchState.SUBMITTING if begun else BatchState.INITIATING)
    assert asked.retraction is not None
    if begun:
        after = await record.outbox.move_batch(batch.id, BatchEvent.SUBMITTED)
    else:
        after = await record.outbox.initiated(batch.id, PLATFORM_BATCH, addresses_of(batch))
    assert after.state is BatchState.RETRACTING
    assert after.platform_id is not None


async def test_an_unknown_computation_is_not_held_for_a_person_who_took_it_back(
    record: Record, retractions: RetractionStore
) -> None:
    batch = await deliver(record, await record.finish(await record.register()))
    await record.outbox.move_batch(batch.id, BatchEvent.SUBMIT)
    await retractions.ask(batch.id, record.act)
    moved = await record.outbox.move_batch(batch.id, BatchEvent.HOLD)
    assert moved.state is BatchState.RETRACTING
    assert await retractions.computed(batch.id) is Computed.UNKNOWN


async def test_after_a_start_a_torn_step_does_not_keep_a_retraction_waiting(
    record: Record, retractions: RetractionStore
) -> None:
    batch = await record.finish(await record.register())
    await record.outbox.move_batch(batch.id, BatchEvent.INITIATE)
    await retractions.ask(batch.id, record.act)
    await record.outbox.recover(record.clock())
    assert (await record.outbox.batch(batch.id)).state is BatchState.RETRACTING


async def test_submitted_and_held_batches_can_be_taken_back(
    record: Record, retractions: RetractionStore
) -> None:
    submitted = await submit(record, await record.finish(await record.register("B-007")))
    held = await begin_other(record)
    trouble = Trouble("RefusedError", Blame.ITEM, "Refused", "No.")
    await record.outbox.move_batch(held.id, BatchEvent.HOLD, waiting=Waiting(trouble=trouble))
    for batch in (submitted, held):
        asked = await retractions.ask(batch.id, record.act)
        assert asked.state is BatchState.RETRACTING
        assert asked.waiting == Waiting()
    assert await retractions.computed(submitted.id) is Computed.YES
    assert await retractions.computed(held.id) is Computed.NO


async def begin_other(record: Record) -> Batch:
    batch = await record.finish(await record.register("B-008"))
    await record.outbox.move_batch(batch.id, BatchEvent.INITIATE)
    return await record.outbox.initiated(batch.id, PlatformBatchId("other"), {})


async def test_nothing_is_begun_after_it_was_asked_for(
    record: Record, retractions: RetractionStore
) -> None:
    batch = await begin(record, await record.finish(await record.register()))
    flying, waiting, _ = batch.images
    await record.outbox.move_image(flying.id, ImageEvent.CLAIM)
    await retractions.ask(batch.id, record.act)
    with pytest.raises(TransitionError, match="taken back"):
        await record.outbox.move_image(waiting.id, ImageEvent.CLAIM)
    for event in (BatchEvent.SUBMIT, BatchEvent.INITIATE, BatchEvent.SUBMITTED):
        with pytest.raises(TransitionError):
            await record.outbox.move_batch(batch.id, event)
    landed = await record.outbox.move_image(flying.id, ImageEvent.CONFIRM, proof=make_proof())
    assert landed.state is ImageState.STORED


async def test_asking_twice_changes_nothing(record: Record, retractions: RetractionStore) -> None:
    batch = await begin(record, await record.finish(await record.register()))
    first = await retractions.ask(batch.id, record.act)
    record.clock.advance(10)
    assert await retractions.ask(batch.id, record.act) == first


async def test_a_batch_without_pictures_of_this_station_is_not_ours_to_take_back(
    record: Record, retractions: RetractionStore
) -> None:
    batch = await record.finish(await record.register(), sides=())
    with pytest.raises(RetractionRefusedError):
        await retractions.ask(batch.id, record.act)


async def test_a_retraction_that_waits_is_due_when_its_time_has_come(
    record: Record, retractions: RetractionStore
) -> None:
    batch = await begin(record, await record.finish(await record.register()))
    await retractions.ask(batch.id, record.act)
    again = record.clock() + timedelta(seconds=60)
    await record.outbox.set_waiting_batch(batch.id, Waiting(1, again))
    assert await due(record, retractions) == []
    assert await record.outbox.next_time(record.clock()) == again
    record.clock.advance(60)
    assert await due(record, retractions) == [batch.id]
    tenant = record.study.tenant
    assert [b.id for b in await retractions.due(record.clock(), 10, tenant)] == [batch.id]
    elsewhere = replace(tenant, server="https://staging.haut.ai")
    assert await retractions.due(record.clock(), 10, elsewhere) == ()


async def test_a_retraction_of_which_nothing_may_be_read_takes_no_others_place(
    record: Record, retractions: RetractionStore
) -> None:
    batch = await begin(record, await record.finish(await record.register()))
    await retractions.ask(batch.id, record.act)
    unreadable = {batch.dataset_id}
    assert await retractions.due(record.clock(), 10, unreadable=unreadable) != ()
    told = Trouble("PermissionRefusedError", Blame.ACCOUNT, "Not allowed", "Ask for the right.")
    await record.outbox.set_waiting_batch(batch.id, Waiting(trouble=told))
    assert await retractions.due(record.clock(), 10, unreadable=unreadable) == ()
    assert await retractions.due(record.clock(), 10, unreadable={DatasetId("another")}) != ()


async def test_what_was_taken_back_does_not_wait_any_more(
    record: Record, retractions: RetractionStore
) -> None:
    subject = await record.register()
    batch = await record.finish(subject)
    assert (await record.outbox.summary()).waiting_images == 3
    await retractions.ask(batch.id, record.act)
    summary = await record.outbox.summary()
    assert (summary.waiting_images, summary.waiting_bytes, summary.held) == (0, 0, 0)
    (row,) = await record.subjects.search(record.study.id)
    assert row.waiting_images == 0


@pytest.mark.parametrize("is_held", [True, False], ids=["held", "taken back"])
async def test_nothing_is_begun_or_repeated_of_what_a_person_keeps_back(
    record: Record, retractions: RetractionStore, is_held: bool
) -> None:
    batch = await record.finish(await record.register(), sides=(Side.FRONT, Side.LEFT))
    batch = await begin(record, batch)
    lost, sealed = batch.images
    for event in (ImageEvent.CLAIM, ImageEvent.LOSE):
        await record.outbox.move_image(lost.id, event)
    await record.outbox.check_may_go(lost.id)
    if is_held:
        await record.outbox.move_batch(batch.id, BatchEvent.HOLD, act=record.act)
    else:
        await retractions.ask(batch.id, record.act)
    with pytest.raises(HeldBackError):
        await record.outbox.check_may_go(lost.id)
    with pytest.raises(HeldBackError):
        await record.outbox.move_image(sealed.id, ImageEvent.CLAIM)
