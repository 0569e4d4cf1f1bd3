"""After a rebuild the moves are lost: what they proved is never taken for its opposite."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from haut_desktop.domain.audit import Act
from haut_desktop.domain.computed_before import hashes_of
from haut_desktop.domain.delivery import BatchEvent, BatchState
from haut_desktop.domain.ids import PlatformBatchId, PlatformImageId
from haut_desktop.domain.imaging import Batch
from haut_desktop.domain.retraction import Computed, Remnant
from haut_desktop.services.sidecars import Sidecars
from haut_desktop.store.rebuild import recover_station
from tests.services.rooms import Room, open_room

WRONG = Act(reason="wrong participant")
THERE = PlatformBatchId("there-1")
PICTURES = (PlatformImageId("p-1"),)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room(tmp_path) as opened:
        yield opened


@pytest.fixture
async def finished(room: Room) -> Room:
    """A face that was taken and finished."""
    await room.register()
    await room.take_face()
    await room.capture.finish(room.visit)
    return room


async def rebuild(room: Room) -> None:
    """Lose the record and make it anew from the vault; ``room`` goes on with it."""
    await Sidecars(pictures=room.station.pictures, vault=room.vault).follow(room.visit)
    await room.station.aclose()
    room.station, _ = await recover_station(room.station.folder, room.secrets, room.clock)


async def take_back(room: Room, batch: Batch, *left: Remnant) -> None:
    await room.station.retractions.ask(batch.id, WRONG)
    await room.station.retractions.end(batch.id, left)


async def computed_before(room: Room, batch: Batch) -> set[Computed]:
    found = await room.station.pictures.computed_before(hashes_of([batch]))
    return {one.computed for one in found}


async def test_what_was_computed_before_the_rebuild_is_not_said_to_be_uncomputed(
    finished: Room,
) -> None:
    batch = await finished.submit()
    await rebuild(finished)
    await finished.station.retractions.ask(batch.id, WRONG)
    assert await finished.station.retractions.computed(batch.id) is Computed.YES


async def test_what_was_taken_back_and_is_listed_no_more_may_have_been_computed(
    finished: Room,
) -> None:
    batch = await finished.submit()
    await take_back(finished, batch)
    await rebuild(finished)
    assert await computed_before(finished, batch) == {Computed.UNKNOWN}


async def test_a_doubt_outlives_the_rebuild(finished: Room) -> None:
    batch = await finished.arrive()
    await finished.outbox.move_batch(batch.id, BatchEvent.SUBMIT)
    await finished.outbox.move_batch(batch.id, BatchEvent.HOLD)
    await take_back(finished, batch)
    assert await computed_before(finished, batch) == {Computed.UNKNOWN}
    await rebuild(finished)
    assert await computed_before(finished, batch) == {Computed.UNKNOWN}


async def test_what_was_told_to_be_uncomputed_stays_so(finished: Room) -> None:
    batch = await finished.arrive()
    await take_back(finished, batch, Remnant(THERE, PICTURES, Computed.NO))
    await rebuild(finished)
    assert await computed_before(finished, batch) == set()


async def test_what_never_left_is_not_asked_about_after_a_rebuild(finished: Room) -> None:
    (batch,) = await finished.batches()
    await finished.station.retractions.ask(batch.id, WRONG)
    await rebuild(finished)
    assert await computed_before(finished, batch) == set()


@pytest.mark.parametrize("times", (1, 2))
async def test_a_seal_proves_nothing_of_what_is_taken_back_before_the_platform_was_asked(
    finished: Room, times: int
) -> None:
    batch = await finished.submit()
    await finished.station.aclose()  # its end stands in no note
    finished.station, _ = await recover_station(
        finished.station.folder, finished.secrets, finished.clock
    )
    await finished.station.retractions.ask(batch.id, WRONG)
    assert await finished.station.retractions.computed(batch.id) is Computed.UNKNOWN
    await finished.station.rebuilt.settle(batch.id)
    left = Remnant(THERE, PICTURES, Computed.UNKNOWN)
    await finished.station.retractions.end(batch.id, [left])
    for _ in range(times - 1):
        await rebuild(finished)
    assert await computed_before(finished, batch) == {Computed.UNKNOWN}


async def test_what_the_platform_was_asked_for_is_known_by_its_moves_again(finished: Room) -> None:
    (batch,) = await finished.batches()
    await rebuild(finished)
    await finished.station.rebuilt.settle(batch.id)  # nothing is there
    await finished.arrive()
    assert await finished.station.retractions.computed(batch.id) is Computed.NO


async def test_a_persons_word_for_a_second_computation_outlives_the_rebuild(
    finished: Room,
) -> None:
    batch = await finished.submit()
    await take_back(finished, batch, Remnant(THERE, PICTURES, Computed.YES))
    await finished.capture.reopen(finished.visit)
    await finished.capture.finish(finished.visit, again="the scores were lost")
    await rebuild(finished)
    (fresh,) = [b for b in await finished.batches() if b.state is not BatchState.RETRACTED]
    assert (fresh.again, fresh.state) == ("the scores were lost", BatchState.OPEN)


async def test_that_word_says_what_was_computed_before_also_when_its_batch_is_taken_back(
    finished: Room,
) -> None:
    batch = await finished.submit()
    await take_back(finished, batch, Remnant(THERE, PICTURES, Computed.YES))
    await finished.capture.reopen(finished.visit)
    await finished.capture.finish(finished.visit, again="the scores were lost")
    await rebuild(finished)  # the note beside a picture speaks of its latest batch alone
    (fresh,) = await finished.batches()
    await finished.station.retractions.ask(fresh.id, WRONG)
    await finished.station.rebuilt.settle(fresh.id)
    await finished.station.retractions.end(fresh.id, ())
    assert await computed_before(finished, batch) == {Computed.UNKNOWN}
