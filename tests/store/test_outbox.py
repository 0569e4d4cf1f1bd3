"""The outbox: what is due and in which order, moves that are written whole, abandoned batches."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from haut_desktop.domain.ageing import (
    NO_RESULTS_AFTER_S,
    NOT_COMPUTED_AFTER_S,
    OVERDUE_AFTER_S,
    WAITS_LONG_AFTER_S,
    lateness,
    unsent_after_s,
)
from haut_desktop.domain.delivery import (
    BatchEvent,
    BatchState,
    ImageEvent,
    ImageState,
    RegistrationEvent,
    TransitionError,
    Trouble,
    Waiting,
)
from haut_desktop.domain.errors import Blame, StoreError
from haut_desktop.domain.ids import BatchId, ImageId, PlatformBatchId, PlatformImageId
from haut_desktop.domain.imaging import Batch, Side, UploadAddress
from haut_desktop.store.driver import Connection, IntegrityError
from haut_desktop.store.former import insert_former
from haut_desktop.store.imaging_rows import insert_batch
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.outbox_reading import _ASKED_FIRST
from haut_desktop.store.rebuilt import _PENDING
from haut_desktop.store.retractions import RetractionStore
from haut_desktop.store.rows import tenant_values, text_of
from haut_desktop.viewmodels.outbox_rows import visit_row
from haut_desktop.viewmodels.outbox_words import Circumstances
from tests.fakes.builders import make_address, make_batch, make_proof
from tests.store.conftest import Record

TROUBLE = Trouble("ServerTroubleError", Blame.SERVER, "The platform has trouble", "It waits.")


@pytest.fixture(name="platform_id")
def _platform_id() -> PlatformBatchId:
    return PlatformBatchId("platform-batch-1")


async def deliver(record: Record, batch: Batch) -> Batch:
    """Bring a batch to its last step: everything stored, nothing submitted."""
    await record.outbox.move_batch(batch.id, BatchEvent.INITIATE)
    await record.outbox.initiated(
        batch.id, PlatformBatchId(f"platform-{batch.id}"), addresses_of(batch)
    )
    for image in batch.images:
        await record.outbox.move_image(image.id, ImageEvent.CLAIM)
        await record.outbox.move_image(image.id, ImageEvent.CONFIRM, proof=make_proof())
    return await record.outbox.batch(batch.id)


async def submit(record: Record, batch: Batch) -> Batch:
    """Bring a batch to its end: everything stored, its analysis asked for and accepted."""
    batch = await deliver(record, batch)
    await record.outbox.move_batch(batch.id, BatchEvent.SUBMIT)
    return await record.outbox.move_batch(batch.id, BatchEvent.SUBMITTED)


def addresses_of(batch: Batch) -> Mapping[ImageId, UploadAddress]:
    return {image.id: make_address(image) for image in batch.images}


async def due(record: Record, limit: int = 10) -> list[BatchId]:
    return [batch.id for batch in await record.outbox.due_batches(record.clock(), limit)]


# ---- what is due ---------------------------------------------------------------------------


async def test_a_finished_visits_batch_is_due_and_comes_back_whole(record: Record) -> None:
    batch = await record.finish(await record.register())
    assert await record.outbox.due_batches(record.clock(), 10) == (batch,)


async def test_a_resting_visit_is_due_after_its_rest(record: Record) -> None:
    batch = await record.finish(await record.register(), rest=timedelta(seconds=300))
    not_before = record.clock() + timedelta(seconds=300)
    assert await due(record) == []
    summary = await record.outbox.summary()
    assert (summary.next_try_at, summary.resting_visits) == (not_before, 1)
    record.clock.advance(300)
    assert await due(record) == [batch.id]


async def test_pictures_wait_for_the_subjects_registration(record: Record) -> None:
    subject = await record.register(is_registered=False)
    batch = await record.finish(subject)
    assert await due(record) == []
    registration = subject.registrations[0]
    await record.registrations.move(registration.id, RegistrationEvent.CLAIM)
    assert await due(record) == []
    await record.confirm(registration)
    assert await due(record) == [batch.id]


async def test_the_oldest_visit_goes_first_and_failed_ones_last(record: Record) -> None:
    subject = await record.register()
    batches = []
    for name in ("Baseline", "Week 4", "Week 8"):
        batches.append(await record.finish(subject, name))
        record.clock.advance(60)
    first, second, third = (batch.id for batch in batches)
    assert await due(record) == [first, second, third]
    assert await due(record, limit=1) == [first]
    past = Waiting(1, record.clock(), TROUBLE)
    await record.outbox.set_waiting_batch(first, past)
    assert await due(record) == [second, third, first]
    await record.outbox.set_waiting_image(batches[1].images[0].id, past)
    assert await due(record) == [third, first, second]
    await record.outbox.set_waiting_batch(first, Waiting())
    assert await due(record) == [first, third, second]


async def test_a_waiting_batch_is_due_after_its_time(record: Record) -> None:
    batch = await record.finish(await record.register())
    later = record.clock() + timedelta(seconds=5)
    kept = await record.outbox.set_waiting_batch(batch.id, Waiting(1, later, TROUBLE))
    assert kept.waiting == Waiting(1, later, TROUBLE)
    assert await due(record) == []
    record.clock.advance(5)
    assert await due(record) == [batch.id]


async def test_a_batch_whose_pictures_all_wait_is_not_due(record: Record) -> None:
    batch = await record.finish(await record.register(), sides=(Side.FRONT,))
    later = Waiting(1, record.clock() + timedelta(seconds=5), TROUBLE)
    await record.outbox.set_waiting_image(batch.images[0].id, later, body_drops=1)
    assert await due(record) == []
    record.clock.advance(5)
    (kept,) = await record.outbox.due_batches(record.clock(), 1)
    assert kept.images[0].body_drops == 1


async def test_a_batch_with_a_held_picture_is_due_only_for_the_others(record: Record) -> None:
    batch = await record.finish(await record.register(), sides=(Side.FRONT, Side.LEFT))
    held, other = batch.images
    await record.outbox.move_image(held.id, ImageEvent.HOLD, waiting=Waiting(trouble=TROUBLE))
    assert await due(record) == [batch.id]
    await record.outbox.move_image(other.id, ImageEvent.CLAIM)
    assert await due(record) == []
    await record.outbox.move_image(other.id, ImageEvent.CONFIRM, proof=make_proof())
    assert await due(record) == []


async def test_a_stored_batch_is_due_to_be_submitted_and_then_no_more(record: Record) -> None:
    batch = await deliver(record, await record.finish(await record.register()))
    assert batch.is_stored
    assert await due(record) == [batch.id]
    await record.outbox.move_batch(batch.id, BatchEvent.SUBMIT)
    assert await due(record) == [batch.id]
    submitted = await record.outbox.move_batch(batch.id, BatchEvent.SUBMITTED)
    assert submitted.submitted_at == record.clock()
    assert await due(record) == []


async def test_a_resumed_computation_waits_for_its_answer_anew(record: Record) -> None:
    batch = await deliver(record, await record.finish(await record.register()))
    await record.outbox.move_batch(batch.id, BatchEvent.SUBMIT)
    await record.outbox.move_batch(batch.id, BatchEvent.HOLD)
    record.clock.advance(5 * 3600.0)
    resumed = await record.outbox.resume(batch.id, record.act)
    assert (resumed.state, resumed.submitted_at) == (BatchState.SUBMITTING, record.clock())


async def test_a_held_batch_is_not_due_until_somebody_resumes_it(record: Record) -> None:
    batch = await record.finish(await record.register())
    held = await record.outbox.move_batch(batch.id, BatchEvent.HOLD, act=record.act)
    assert (held.state, held.held_from) == (BatchState.HELD, BatchState.OPEN)
    assert await due(record) == []
    assert (await record.outbox.summary()).held == 1
    await record.outbox.resume(batch.id, record.act)
    assert await due(record) == [batch.id]
    actions = [entry.action for entry in await record.audit.of_entity(batch.id)]
    assert actions == ["batch.hold", "batch.resume"]


# ---- moves ---------------------------------------------------------------------------------


async def test_what_the_platform_gave_is_kept_until_the_picture_is_stored(
    record: Record, platform_id: PlatformBatchId
) -> None:
    batch = await record.finish(await record.register())
    await record.outbox.move_batch(batch.id, BatchEvent.INITIATE)
    addresses = addresses_of(batch)
    one_unknown = dict(list(addresses.items())[:2])
    started = await record.outbox.initiated(batch.id, platform_id, one_unknown)
    assert started.state is BatchState.OPEN
    assert started.platform_id == platform_id
    assert started.images[0].address == addresses[batch.images[0].id]
    assert started.images[0].platform_id == addresses[batch.images[0].id].platform_id
    assert started.images[2].address is None
    await record.outbox.move_image(batch.images[0].id, ImageEvent.CLAIM)
    stored = await record.outbox.move_image(
        batch.images[0].id, ImageEvent.CONFIRM, proof=make_proof()
    )
    assert stored.proof == make_proof()
    assert stored.address is None


async def test_an_address_without_an_id_leaves_the_id_open(
    record: Record, platform_id: PlatformBatchId
) -> None:
    batch = await record.finish(await record.register(), sides=(Side.FRONT,))
    await record.outbox.move_batch(batch.id, BatchEvent.INITIATE)
    address = replace(make_address(batch.images[0]), platform_id=None)
    started = await record.outbox.initiated(batch.id, platform_id, {batch.images[0].id: address})
    assert started.images[0].platform_id is None
    assert started.images[0].address == address


async def test_fields_that_are_given_are_written_with_the_move(record: Record) -> None:
    batch = await record.finish(await record.register(), sides=(Side.FRONT,))
    image = batch.images[0]
    address = make_address(image)
    claimed = await record.outbox.move_image(
        image.id,
        ImageEvent.CLAIM,
        address=address,
        platform_id=PlatformImageId("p"),
        body_drops=1,
        waiting=Waiting(2),
    )
    assert claimed == replace(
        image,
        state=ImageState.UPLOADING,
        address=address,
        platform_id=PlatformImageId("p"),
        body_drops=1,
        waiting=Waiting(2),
    )


async def test_a_failed_attempt_stays_counted_until_success(record: Record) -> None:
    batch = await record.finish(await record.register(), sides=(Side.FRONT,))
    image_id = batch.images[0].id
    await record.outbox.move_image(image_id, ImageEvent.CLAIM)
    lost = await record.outbox.move_image(
        image_id, ImageEvent.LOSE, waiting=Waiting(1, record.clock(), TROUBLE)
    )
    assert lost.state is ImageState.UNSETTLED
    assert (await record.outbox.summary()).unsettled == 1
    released = await record.outbox.move_image(image_id, ImageEvent.RELEASE)
    assert released.waiting.attempt == 1
    await record.outbox.move_image(image_id, ImageEvent.CLAIM)
    stored = await record.outbox.move_image(image_id, ImageEvent.CONFIRM, proof=make_proof())
    assert stored.waiting == Waiting()


async def test_every_move_leaves_a_line(record: Record) -> None:
    batch = await record.finish(await record.register(), sides=(Side.FRONT,))
    image_id = batch.images[0].id
    await record.outbox.move_image(image_id, ImageEvent.CLAIM)
    record.clock.advance(1)
    await record.outbox.move_image(
        image_id, ImageEvent.LOSE, waiting=Waiting(1, record.clock(), TROUBLE)
    )
    lines = await record.outbox.transitions(image_id)
    assert [(line.event, line.old, line.new) for line in lines] == [
        ("claim", "SEALED", "UPLOADING"),
        ("lose", "UPLOADING", "UNSETTLED"),
    ]
    assert lines[1].error_kind == "ServerTroubleError"
    assert lines[1].at == record.clock()


async def test_a_move_that_is_not_in_the_table_changes_nothing(record: Record) -> None:
    batch = await record.finish(await record.register())
    with pytest.raises(TransitionError):
        await record.outbox.move_image(batch.images[0].id, ImageEvent.CONFIRM, proof=make_proof())
    with pytest.raises(TransitionError):
        await record.outbox.move_batch(batch.id, BatchEvent.RETRACTED)
    assert await record.outbox.batch(batch.id) == batch


async def test_stored_without_a_proof_is_impossible(record: Record) -> None:
    batch = await record.finish(await record.register())
    image_id = batch.images[0].id
    await record.outbox.move_image(image_id, ImageEvent.CLAIM)
    with pytest.raises(IntegrityError):
        await record.outbox.move_image(image_id, ImageEvent.CONFIRM)
    assert (await record.outbox.batch(batch.id)).images[0].state is ImageState.UPLOADING


async def test_a_batch_can_be_given_its_id_and_time_with_a_move(
    record: Record, platform_id: PlatformBatchId
) -> None:
    batch = await record.finish(await record.register())
    moment = record.clock() - timedelta(seconds=3)
    moved = await record.outbox.move_batch(
        batch.id, BatchEvent.SUBMITTED, platform_id=platform_id, submitted_at=moment
    )
    assert (moved.platform_id, moved.submitted_at) == (platform_id, moment)


async def test_an_unknown_image_is_an_error(record: Record) -> None:
    with pytest.raises(StoreError, match="no such image"):
        await record.outbox.move_image(ImageId("x"), ImageEvent.CLAIM)


async def test_an_unknown_batch_is_an_error(record: Record) -> None:
    with pytest.raises(StoreError, match="no such batch"):
        await record.outbox.batch(BatchId("x"))


async def add_batch(record: Record, batch: Batch) -> None:
    at = text_of(batch.created_at)
    await record.database.write(lambda c: insert_batch(Ledger(c, record.clock), batch, visit_at=at))


async def test_a_picture_is_in_one_living_batch_of_a_dataset(record: Record) -> None:
    batch = await record.finish(await record.register(), sides=(Side.FRONT,))
    visit = await record.visits.get(batch.visit_id)
    sheet = await record.visits.sheet(visit.id)
    twin = make_batch(
        visit, record.study.datasets[0], ((sheet.shelves[0].slot, batch.images[0].rendition),)
    )
    with pytest.raises(IntegrityError, match="in a batch of this dataset already"):
        await add_batch(record, twin)
    await record.outbox.move_batch(batch.id, BatchEvent.RETRACT, act=record.act)
    await record.outbox.move_batch(batch.id, BatchEvent.RETRACTED)
    again = replace(twin, supersedes=batch.id)
    await add_batch(record, again)
    assert await record.outbox.batch(again.id) == again


# ---- abandoning ----------------------------------------------------------------------------


async def test_an_abandoned_batch_begins_anew_and_leaves_its_ids_in_the_record(
    record: Record, platform_id: PlatformBatchId
) -> None:
    batch = await record.finish(await record.register())
    await record.outbox.move_batch(batch.id, BatchEvent.INITIATE)
    await record.outbox.initiated(batch.id, platform_id, addresses_of(batch))
    stored, lost, sealed = (image.id for image in batch.images)
    for image_id in (stored, lost):
        await record.outbox.move_image(image_id, ImageEvent.CLAIM)
    await record.outbox.move_image(stored, ImageEvent.CONFIRM, proof=make_proof())
    await record.outbox.move_image(lost, ImageEvent.LOSE)
    begun = await record.outbox.abandon(batch.id, "AddressExpiredError")
    assert begun == replace(batch, abandoned=1)
    assert [line.event for line in await record.outbox.transitions(stored)][-1] == "abandon"
    assert await record.outbox.transitions(sealed) == ()
    rows = await record.database.read(_abandoned)
    assert rows == [(batch.id, platform_id, "AddressExpiredError")]
    assert await record.visits.known_batches(batch.dataset_id, [platform_id]) == {platform_id}


def _abandoned(connection: Connection) -> list[tuple[str, str, str]]:
    rows = connection.execute("SELECT batch_id, platform_id, reason FROM abandoned_batch")
    return [(row[0], row[1], row[2]) for row in rows]


async def test_a_held_picture_of_an_abandoned_batch_resumes_sealed(
    record: Record, platform_id: PlatformBatchId
) -> None:
    batch = await record.finish(await record.register(), sides=(Side.FRONT, Side.LEFT))
    await record.outbox.move_batch(batch.id, BatchEvent.INITIATE)
    await record.outbox.initiated(batch.id, platform_id, addresses_of(batch))
    held, erased = (image.id for image in batch.images)
    await record.outbox.move_image(held, ImageEvent.CLAIM)
    await record.outbox.move_image(held, ImageEvent.HOLD)
    await record.outbox.move_image(erased, ImageEvent.ERASE, act=record.act)
    await record.outbox.abandon(batch.id, "AddressExpiredError")
    resumed = await record.outbox.move_image(held, ImageEvent.RESUME, act=record.act)
    assert resumed.state is ImageState.SEALED
    assert resumed.address is None
    assert (await record.outbox.batch(batch.id)).images[1].state is ImageState.ERASED


async def test_a_submitted_batch_is_never_abandoned(record: Record) -> None:
    batch = await deliver(record, await record.finish(await record.register()))
    await record.outbox.move_batch(batch.id, BatchEvent.SUBMIT)
    with pytest.raises(TransitionError):
        await record.outbox.abandon(batch.id, "why")


# ---- after a crash -------------------------------------------------------------------------


async def test_recovery_makes_what_was_in_flight_unknown(record: Record) -> None:
    subject = await record.register()
    uploading, initiating = await record.finish(subject), await record.finish(subject, "Week 4")
    await record.outbox.move_image(uploading.images[0].id, ImageEvent.CLAIM)
    await record.outbox.move_batch(initiating.id, BatchEvent.INITIATE)
    recovered = await record.outbox.recover(record.clock())
    assert (recovered.images, recovered.batches) == (1, 1)
    assert (await record.outbox.batch(uploading.id)).images[0].state is ImageState.UNSETTLED
    assert (await record.outbox.batch(initiating.id)).state is BatchState.OPEN
    again = await record.outbox.recover(record.clock())
    assert (again.images, again.batches) == (0, 0)


async def test_recovery_leaves_a_computation_to_be_settled_by_asking(record: Record) -> None:
    batch = await deliver(record, await record.finish(await record.register()))
    await record.outbox.move_batch(batch.id, BatchEvent.SUBMIT)
    await record.outbox.recover(record.clock())
    assert (await record.outbox.batch(batch.id)).state is BatchState.SUBMITTING


# ---- the screen ----------------------------------------------------------------------------


async def late(record: Record) -> int:
    """How many are late by the summary, which says the same as the rule for one batch."""
    now = record.clock()
    by_rule = [
        row.id
        for visit in await record.outbox.deliveries(limit=10)
        for batch, row in zip(
            visit.batches, visit_row(visit, Circumstances(now), {}).children, strict=True
        )
        if lateness(batch, now, is_computed=batch.id in visit.computed)
        or "not sent for" in row.phrase.text
    ]
    counted = (await record.outbox.summary()).late
    assert counted == len(by_rule)
    return counted


async def test_what_arrived_and_is_not_computed_is_late_by_its_age(record: Record) -> None:
    subject = await record.register()
    await deliver(record, await record.finish(subject))
    await record.finish(subject, "Week 4")  # waits, which is told apart
    record.clock.advance(NOT_COMPUTED_AFTER_S - 1)
    assert await late(record) == 0
    record.clock.advance(1)
    assert await late(record) == 1


async def test_results_that_stay_away_are_late_until_they_are_complete(record: Record) -> None:
    batch = await deliver(record, await record.finish(await record.register()))
    await record.outbox.move_batch(batch.id, BatchEvent.SUBMIT)
    await record.outbox.move_batch(batch.id, BatchEvent.SUBMITTED, submitted_at=record.clock())
    record.clock.advance(NO_RESULTS_AFTER_S - 1)
    assert await late(record) == 0
    record.clock.advance(1)
    assert await late(record) == 1
    await record.database.write(lambda c: c.execute("UPDATE batch SET completeness = 'complete'"))
    assert await late(record) == 0


async def test_what_a_person_takes_back_is_not_late(record: Record) -> None:
    batch = await deliver(record, await record.finish(await record.register()))
    record.clock.advance(NOT_COMPUTED_AFTER_S)
    assert await late(record) == 1
    await RetractionStore(record.database, record.clock).ask(batch.id, record.act)
    assert await late(record) == 0


async def test_what_was_to_go_an_hour_ago_is_late_whatever_became_of_it_meanwhile(
    record: Record,
) -> None:
    subject = await record.register()
    waits = await record.finish(subject)
    begun, arrived, held = [await record.finish(subject, name) for name in ("1", "2", "3")]
    await record.finish(subject, "rests", rest=timedelta(hours=2))
    await record.outbox.move_batch(begun.id, BatchEvent.INITIATE)
    await record.outbox.move_batch(held.id, BatchEvent.HOLD, act=record.act)
    record.clock.advance(WAITS_LONG_AFTER_S - 1)
    assert await late(record) == 0
    record.clock.advance(1)
    assert await late(record) == 3
    await deliver(record, arrived)
    assert await late(record) == 3
    record.clock.advance(NOT_COMPUTED_AFTER_S)
    assert await late(record) == 3, "it is late for two reasons and counted once"
    await record.outbox.move_batch(arrived.id, BatchEvent.SUBMIT)
    await RetractionStore(record.database, record.clock).ask(begun.id, record.act)
    assert await late(record) == 2
    await record.outbox.move_batch(arrived.id, BatchEvent.SUBMITTED, submitted_at=record.clock())
    assert await late(record) == 1
    await RetractionStore(record.database, record.clock).ask(waits.id, record.act)
    assert await late(record) == 0
    record.clock.advance(2 * WAITS_LONG_AFTER_S)
    assert await late(record) == 2, "the results of one, and the one that rested"


async def test_what_waits_for_the_sending_times_is_late_after_a_day(record: Record) -> None:
    await record.finish(await record.register())
    record.clock.advance(OVERDUE_AFTER_S - 1)
    after_s = unsent_after_s(record.clock(), is_kept_back=False)
    assert (await record.outbox.summary(after_s)).late == 0
    record.clock.advance(1)
    assert (await record.outbox.summary(after_s)).late == 1


async def test_the_summary_counts_what_is_left(record: Record) -> None:
    batch = await record.finish(await record.register())
    first, second, third = batch.images
    await record.outbox.move_image(first.id, ImageEvent.CLAIM)
    await record.outbox.move_image(first.id, ImageEvent.CONFIRM, proof=make_proof(record.clock()))
    later = record.clock() + timedelta(seconds=25)
    await record.outbox.set_waiting_image(second.id, Waiting(1, later, TROUBLE))
    await record.outbox.move_image(third.id, ImageEvent.HOLD)
    summary = await record.outbox.summary()
    assert summary.waiting_images == 1
    assert summary.waiting_bytes == second.rendition.digest.size_bytes
    assert summary.held == 1
    assert summary.last_sent_at == record.clock()
    assert summary.next_try_at == later
    assert summary.resting_visits == 0


@pytest.mark.parametrize("mark", ("rebuilt_batch", "former_delivery"))
async def test_a_refused_question_is_no_trouble_of_the_account(record: Record, mark: str) -> None:
    batch = await record.finish(await record.register())
    told = Trouble("PermissionRefusedError", Blame.ACCOUNT, "Not allowed", "Ask for the right.")
    await record.outbox.set_waiting_batch(batch.id, Waiting(trouble=told))
    waits = await record.outbox.account_trouble()
    assert waits is not None
    assert waits.trouble == told

    def work(connection: Connection) -> None:
        ledger = Ledger(connection, record.clock)
        if mark == "rebuilt_batch":
            ledger.insert("rebuilt_batch", batch_id=batch.id)
        else:
            insert_former(ledger, batch.images[0].rendition.id, ())

    await record.database.write(work)
    assert await record.outbox.account_trouble() is None


async def test_a_question_that_waits_by_itself_is_no_trouble_of_the_account(
    record: Record,
) -> None:
    batch = await record.finish(await record.register())
    told = Trouble("PermissionRefusedError", Blame.ACCOUNT, "Not allowed", "Ask for the right.")
    again_at = record.clock() + timedelta(hours=1)
    await record.outbox.set_waiting_batch(batch.id, Waiting(0, again_at, told))
    assert await record.outbox.account_trouble() is None


async def test_an_empty_outbox_has_an_empty_summary(record: Record) -> None:
    summary = await record.outbox.summary()
    assert (summary.waiting_images, summary.held, summary.next_try_at) == (0, 0, None)


async def test_deliveries_list_visits_newest_first_by_pages(record: Record) -> None:
    subject = await record.register()
    older = await record.finish(subject)
    record.clock.advance(60)
    newer = await record.finish(subject, "Week 4")
    await record.open_visit(subject, "Week 8")
    first, second = await record.outbox.deliveries(limit=10)
    assert first.visit.name == "Week 4"
    assert first.subject_code == subject.code
    assert first.batches == (newer,)
    assert first.registrations == subject.registrations
    assert second.batches == (older,)
    assert (await record.outbox.deliveries(limit=1, offset=1))[0] == second


@pytest.mark.parametrize("statement", [_ASKED_FIRST, _PENDING], ids=["page", "asking"])
async def test_where_nothing_was_rebuilt_no_batch_is_gone_through(
    record: Record, statement: str
) -> None:
    given = {"by": "", "now": ""} | tenant_values(None)
    plan = await record.database.read(
        lambda c: c.execute(f"EXPLAIN QUERY PLAN {statement}", given).fetchall()
    )
    scans = [row["detail"].split()[1] for row in plan if row["detail"].startswith("SCAN")]
    assert scans == ["rebuilt_batch"]


async def test_a_submitted_batch_is_followed_until_its_results_are_complete(
    record: Record,
) -> None:
    batch = await deliver(record, await record.finish(await record.register()))
    await record.outbox.move_batch(batch.id, BatchEvent.SUBMITTED)
    (followed,) = await record.outbox.submitted_incomplete(record.clock())
    assert followed.id == batch.id
    later = Waiting(0, record.clock() + timedelta(seconds=10))
    await record.outbox.set_waiting_batch(batch.id, later)
    assert await record.outbox.submitted_incomplete(record.clock()) == ()
