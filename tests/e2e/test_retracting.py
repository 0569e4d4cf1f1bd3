"""Taking a batch back on a real platform: what is in flight ends, nothing is computed after."""

from dataclasses import replace
from typing import Any

import pytest

from haut_desktop.domain.computed_before import ComputedAlreadyError
from haut_desktop.domain.delivery import BatchState, ImageEvent, ImageState, Route, Trouble
from haut_desktop.domain.destination import SubjectAddress
from haut_desktop.domain.errors import Blame, ItemError, OutcomeUnknownError, VisitClosedError
from haut_desktop.domain.imaging import Batch, ProofOfDelivery
from haut_desktop.domain.retraction import Computed, Remnant
from haut_desktop.services.lanes import Lanes
from tests.e2e.conftest import MakeStudy, Pictures
from tests.e2e.stations import QUICK, HeadlessStation, OwnStation
from tests.e2e.studies import PlatformStudy
from tests.waiting import eventually, in_time

pytestmark = pytest.mark.timeout(120)

WHY = "the wrong participant's pictures"


def ids_of(batch: Batch) -> set[str]:
    """Everything that the retraction says is left on the platform."""
    assert batch.retraction is not None
    left = batch.retraction.left
    return {str(one.platform_id) for one in left} | {str(i) for one in left for i in one.pictures}


def ids_on(there: PlatformStudy) -> set[str]:
    """Everything that the platform holds."""
    return {batch["id"] for batch in there.batches()} | {i["id"] for i in there.images()}


async def retracted(station: HeadlessStation) -> Batch:
    """Wait for the end of the retraction."""
    batch = await station.until_batch(BatchState.RETRACTED)
    assert batch.retraction is not None
    assert batch.retraction.reason == WHY
    return batch


@pytest.mark.parametrize("route", [Route.SIGNED, Route.INLINE])
async def test_a_computed_batch_is_taken_back_and_says_what_is_left(
    study_by: MakeStudy, small_pictures: Pictures, route: Route, here: OwnStation
) -> None:
    there = study_by(route)
    async with here.after_visit(there, *small_pictures) as station:
        await station.until_delivered()
        (batch,) = await station.batches()
        await station.work.outbox.retract(batch.id, WHY)
        batch = await retracted(station)
        assert not station.errors
    assert ids_of(batch) == ids_on(there)
    assert batch.retraction is not None
    assert [one.computed for one in batch.retraction.left] == [Computed.YES]
    there.check_each_once(small_pictures)


async def test_signed_pictures_in_flight_end_and_are_never_computed(
    there: PlatformStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    there.platform.add_fault("slow", target="store", method="PUT", delay_s=0.5)
    async with here.after_visit(there, *small_pictures) as station:
        image = await station.until_image(ImageState.UPLOADING)
        await station.work.outbox.retract(image.batch_id, WHY)
        batch = await retracted(station)
        assert not station.errors
        assert {image.state for image in batch.images} == {ImageState.STORED}
    assert ids_of(batch) == ids_on(there)
    assert batch.retraction is not None
    assert [one.computed for one in batch.retraction.left] == [Computed.NO]
    assert not there.computed()


@pytest.mark.parametrize("is_held", [True, False], ids=["held", "taken back"])
async def test_signed_pictures_that_are_to_be_repeated_are_not_when_a_person_says_stop(
    there: PlatformStudy, small_pictures: Pictures, is_held: bool, here: OwnStation
) -> None:
    async with here.open() as station:
        work, puts = station.work, 0
        route, put = work.delivery._routes[Route.SIGNED], work.objects.put

        async def stopped_at_the_fourth(*args: Any, **options: Any) -> ProofOfDelivery:
            nonlocal puts
            puts += 1
            proof = await put(*args, **options)
            if puts <= len(small_pictures):
                route._lanes = Lanes(1)  # type: ignore[attr-defined]
                raise OutcomeUnknownError
            (batch,) = await station.batches()
            act = work.outbox.hold if is_held else work.outbox.retract
            await act(batch.id, WHY)
            return proof

        work.objects.put = stopped_at_the_fourth  # type: ignore[method-assign]
        await station.sign_in(there.platform.url)
        await station.finish_first_visit(there.name, *small_pictures)
        if is_held:
            await station.until_batch(BatchState.HELD)
            await eventually(lambda: not work.delivery._carrying)
        else:
            await retracted(station)
        assert puts == len(small_pictures) + 1
        assert not station.errors
    assert not there.computed()


async def test_a_retraction_that_is_held_while_the_platform_is_asked_goes_on_later(
    there: PlatformStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    async with here.open() as station:
        work = station.work
        left = work.delivery._retracting._left

        async def held_meanwhile(batch: Batch, to: SubjectAddress) -> tuple[Remnant, ...]:
            work.delivery._retracting._left = left  # type: ignore[method-assign]
            await work.outbox.hold(batch.id, "not yet")
            return await left(batch, to)

        work.delivery._retracting._left = held_meanwhile  # type: ignore[method-assign]
        await station.sign_in(there.platform.url)
        await station.finish_first_visit(there.name, *small_pictures)
        await station.until_delivered()
        (batch,) = await station.batches()
        await work.outbox.retract(batch.id, WHY)
        await station.until_batch(BatchState.HELD)
        await eventually(lambda: not work.delivery._carrying)
        assert not station.errors
        await work.outbox.resume_held(batch.id)
        await retracted(station)


async def test_inline_pictures_that_were_not_in_flight_are_not_sent_any_more(
    study_by: MakeStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    there = study_by(Route.INLINE)
    there.platform.add_fault("drop_answer", path="*/images/", method="POST", count=1)
    there.platform.add_fault("slow", path="*/images/", method="POST", delay_s=0.5)
    async with here.open() as station:
        station.work.delivery._routes[Route.INLINE]._lanes = Lanes(1)  # type: ignore[attr-defined]
        await station.sign_in(there.platform.url)
        await station.finish_first_visit(there.name, *small_pictures)
        image = await station.until_image(ImageState.UPLOADING)
        await station.work.outbox.retract(image.batch_id, WHY)
        batch = await retracted(station)
        assert not station.errors
        states = sorted(image.state for image in batch.images)
        assert states == [ImageState.SEALED, ImageState.SEALED, ImageState.STORED]
    assert ids_of(batch) == ids_on(there)
    assert len(there.computed()) == 1


async def test_a_start_that_is_under_way_is_waited_for(
    there: PlatformStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    there.platform.add_fault("slow", path="*/upload/", delay_s=0.4, count=1)
    async with here.after_visit(there, *small_pictures) as station:
        batch = await station.until_batch(BatchState.INITIATING)
        await station.work.outbox.retract(batch.id, WHY)
        batch = await retracted(station)
        assert not station.errors
        assert {image.state for image in batch.images} == {ImageState.SEALED}
    assert len(there.batches()) == 1
    assert ids_of(batch) == ids_on(there)
    assert not there.computed()


async def test_a_start_whose_answer_was_lost_is_found_by_our_id(
    there: PlatformStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    there.platform.add_fault("drop_answer", path="*/upload/", count=1)
    slow = replace(QUICK, retry=replace(QUICK.retry, delays_s=(60.0,)))
    async with here.after_visit(there, *small_pictures, pacing=slow) as station:
        await eventually(there.batches)
        (batch,) = await station.batches()
        await station.work.outbox.retract(batch.id, WHY)
        station.work.connectivity.network_changed()
        batch = await retracted(station)
        assert not station.errors
    assert ids_of(batch) == ids_on(there)
    assert not there.computed()


async def test_a_computation_whose_answer_was_lost_is_settled_before_the_end(
    there: PlatformStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    there.platform.add_fault("drop_answer", path="*/compute/", count=1)
    patient = replace(QUICK, settling_s=60.0)
    async with here.after_visit(there, *small_pictures, pacing=patient) as station:
        batch = await station.until_batch(BatchState.SUBMITTING)
        await station.work.outbox.retract(batch.id, WHY)
        station.work.connectivity.network_changed()
        batch = await retracted(station)
        assert not station.errors
    assert batch.retraction is not None
    assert [one.computed for one in batch.retraction.left] == [Computed.YES]
    there.check_each_once(small_pictures)


async def test_offline_it_waits_and_a_restart_carries_it_on(
    there: PlatformStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    async with here.after_visit(there, *small_pictures) as station:
        await station.until_delivered()
        there.platform.add_fault("offline", path="*/batches/")
        (batch,) = await station.batches()
        await station.work.outbox.retract(batch.id, WHY)

        async def waits() -> bool:
            (batch,) = await station.batches()
            return batch.waiting.trouble is not None

        await in_time(waits)
        (batch,) = await station.batches()
        assert batch.state is BatchState.RETRACTING
        assert batch.waiting.trouble is not None
        assert batch.waiting.trouble.blame is Blame.NETWORK
    there.platform.clear_faults()
    async with here.open() as station:
        batch = await retracted(station)
        assert not station.errors
    assert ids_of(batch) == ids_on(there)


async def test_a_retraction_that_may_not_be_asked_for_keeps_nothing_else_back(
    there: PlatformStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    async with here.after_visit(there, *small_pictures) as station:
        await station.until_delivered()
        there.platform.add_fault("403", method="GET", path="*/batches/")
        (batch,) = await station.batches()
        await station.work.outbox.retract(batch.id, WHY)

        async def why() -> Trouble | None:
            (batch,) = await station.batches()
            return batch.waiting.trouble

        trouble = await in_time(why)
        assert trouble is not None
        assert trouble.blame is Blame.ACCOUNT
        await eventually(lambda: not station.work.delivery._carrying)
        assert station.work.outbox.account_waits is None
        assert station.work.delivery.may_begin
        assert there.platform.struck() == 1
        there.platform.clear_faults()
        await station.work.outbox.retry_now(batch.id)
        await retracted(station)
        assert not station.errors


async def test_the_visit_can_be_sent_again_by_a_later_act_only(
    there: PlatformStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    async with here.open() as station:
        work = station.work
        await station.sign_in(there.platform.url)
        study = await station.choose_study(there.name)
        subject = await station.register(study, "B-007")
        visit_id = await station.finish_visit(study, subject, *small_pictures[:2])
        await station.until_delivered()
        (first,) = await station.batches()
        with pytest.raises(VisitClosedError):
            await work.capture.reopen(visit_id)
        await work.outbox.retract(first.id, WHY)
        first = await retracted(station)
        await work.capture.reopen(visit_id)
        await work.capture.take_in(visit_id, small_pictures[2])
        with pytest.raises(ComputedAlreadyError):
            await work.capture.finish(visit_id)
        await work.capture.finish(visit_id, again=WHY)

        async def is_done() -> bool:
            states = {batch.state for batch in await station.batches()}
            return states == {BatchState.RETRACTED, BatchState.SUBMITTED}

        await in_time(is_done)
        old, new = await station.batches()
        assert old == first
        assert (new.supersedes, new.again, len(new.images)) == (first.id, WHY, 3)
        assert not station.errors


async def test_without_a_reason_nothing_is_taken_back(
    there: PlatformStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    async with here.after_visit(there, *small_pictures) as station:
        (batch,) = await station.batches()
        with pytest.raises(ItemError, match="why"):
            await station.work.outbox.retract(batch.id, "  ")
        await station.until_delivered()


async def test_a_batch_that_was_taken_back_is_not_released(
    there: PlatformStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    async with here.open(is_working=False) as station:
        await station.sign_in(there.platform.url)
        await station.finish_first_visit(there.name, *small_pictures)
        (batch,) = await station.batches()
        held = batch.images[0]
        store = station.work.store.outbox
        await store.move_image(held.id, ImageEvent.HOLD)
        await station.work.outbox.retract(batch.id, WHY)
        with pytest.raises(ItemError, match="taken back"):
            await station.work.outbox.resume_held(batch.id)
        (batch,) = await station.batches()
        assert batch.state is BatchState.RETRACTED
        assert batch.images[0].state is ImageState.HELD
