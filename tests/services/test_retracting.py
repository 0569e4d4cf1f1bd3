"""A retraction asks what the platform holds; a refused question is no refused picture."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from haut_desktop.domain.audit import Act
from haut_desktop.domain.delivery import BatchState, ImageEvent, ImageState, Route
from haut_desktop.domain.destination import SubjectAddress
from haut_desktop.domain.errors import RefusedError
from haut_desktop.domain.imaging import Batch
from haut_desktop.services.broadcast import Broadcast
from haut_desktop.services.changes import Progress
from haut_desktop.services.holdings import Holdings
from haut_desktop.services.inline_route import InlineRoute
from haut_desktop.services.lanes import Lanes
from haut_desktop.services.retracting import Retracting, Settler
from haut_desktop.services.sealed_images import SealedImages
from haut_desktop.services.settling import NotToldError
from tests.services.askings import Listing, listing_of
from tests.services.rooms import Room, open_room


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room(tmp_path) as opened:
        yield opened


class NothingLost:
    """A route of which nothing is in flight."""

    async def settle(self, batch: Batch, to: SubjectAddress) -> None: ...


def inline(room: Room, there: Listing) -> InlineRoute:
    """The inline route without its quiet times."""
    return InlineRoute(
        api=there,  # type: ignore[arg-type]
        outbox=room.outbox,
        sealed=SealedImages(room.outbox, room.vault),
        lanes=Lanes(1),
        progress=Broadcast[Progress](),
        clock=room.clock,
        quiet_s=0.0,
        second_look_s=0.0,
    )


def retracting(room: Room, there: Listing, route: Settler | None = None) -> Retracting:
    return Retracting(
        outbox=room.outbox,
        retractions=room.station.retractions,
        destinations=room.station.destinations,
        routes={Route.SIGNED: route or NothingLost()},
        holdings=Holdings(there),  # type: ignore[arg-type]
        has_results=there.has_results,
    )


async def test_a_refused_look_is_told_as_a_refused_question_and_asked_again(room: Room) -> None:
    await room.take_face()
    await room.capture.finish(room.visit)
    await room.register()
    batch = await room.submit()
    batch = await room.station.retractions.ask(batch.id, Act(reason="the wrong subject"))
    there = listing_of(room)
    at_work = retracting(room, there)
    refused = RefusedError(400, "invalid", "Try later.")
    there.trouble = refused
    with pytest.raises(NotToldError, match="that question was refused"):
        await at_work.carry(batch)
    there.trouble, there.is_computed = None, refused
    with pytest.raises(NotToldError, match="that question was refused"):
        await at_work.carry(batch)
    assert (await room.outbox.batch(batch.id)).state is BatchState.RETRACTING
    there.is_computed = True
    await at_work.carry(batch)
    assert (await room.outbox.batch(batch.id)).state is BatchState.RETRACTED


async def _with_a_lost_answer(room: Room) -> Batch:
    await room.take_face()
    await room.capture.finish(room.visit)
    await room.register()
    batch = await room.deliver()
    lost = batch.images[0].id
    await room.outbox.move_image(lost, ImageEvent.CLAIM)
    await room.outbox.move_image(lost, ImageEvent.LOSE)
    return await room.outbox.batch(batch.id)


async def test_an_inline_batch_that_was_deleted_on_the_platform_is_taken_back_all_the_same(
    room: Room,
) -> None:
    batch = await _with_a_lost_answer(room)
    await room.station.retractions.ask(batch.id, Act(reason="the wrong subject"))
    there = listing_of(room)
    there.gone, there.is_computed = {batch.platform_id}, False
    at_work = retracting(room, there, inline(room, there))
    for look in ("first", "second", "last"):
        batch = await room.outbox.batch(batch.id)
        assert batch.state is BatchState.RETRACTING, look
        await at_work.carry(batch)
    batch = await room.outbox.batch(batch.id)
    assert (batch.state, batch.images[0].state) == (BatchState.RETRACTED, ImageState.SEALED)
    assert batch.retraction is not None
    assert batch.retraction.left == ()


async def test_a_listing_that_is_not_found_sends_nothing_again(room: Room) -> None:
    batch = await _with_a_lost_answer(room)
    there = listing_of(room)
    there.gone = {batch.platform_id}
    route = inline(room, there)
    for _look in ("first", "second", "last"):
        batch = await room.outbox.batch(batch.id)
        target = await room.station.destinations.of_batch(batch.id)
        with pytest.raises(RefusedError):
            await route.settle(batch, target.address)
    batch = await room.outbox.batch(batch.id)
    assert batch.images[0].state is ImageState.UNSETTLED
