"""A retraction asks what the platform holds; a refused question is no refused picture."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from haut_desktop.domain.audit import Act
from haut_desktop.domain.delivery import BatchState, Route
from haut_desktop.domain.destination import SubjectAddress
from haut_desktop.domain.errors import RefusedError
from haut_desktop.domain.imaging import Batch
from haut_desktop.services.holdings import Holdings
from haut_desktop.services.retracting import Retracting
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


def retracting(room: Room, there: Listing) -> Retracting:
    return Retracting(
        outbox=room.outbox,
        retractions=room.station.retractions,
        destinations=room.station.destinations,
        routes={Route.SIGNED: NothingLost()},
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
