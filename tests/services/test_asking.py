"""Whoever asks the platform heeds what sending heeds, and what he meets keeps nobody else back."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import pytest

from haut_desktop.domain.audit import Act
from haut_desktop.domain.delivery import (
    BatchEvent,
    BatchState,
    TransitionError,
    Trouble,
    Waiting,
)
from haut_desktop.domain.errors import (
    HautError,
    PermissionRefusedError,
    RefusedError,
    ServerTroubleError,
    SignedOutError,
    StoreIOError,
    TooManyRequestsError,
    UnreachableError,
)
from haut_desktop.domain.former import NotAskedYetError, RebuiltError
from haut_desktop.domain.ids import BatchId
from haut_desktop.domain.imaging import Batch
from haut_desktop.services.asking import Asking, KeptBackError
from haut_desktop.services.blame import SERVER_ERRORS_THAT_PAUSE
from haut_desktop.services.former import FormerDelivery
from haut_desktop.services.reconciliation import Reconciliation
from haut_desktop.services.settling import NotToldError
from haut_desktop.store.driver import Connection
from haut_desktop.store.ledger import Ledger
from tests.conftest import ExpectedLogs
from tests.photographs import marked
from tests.services.askings import listing_of, ways_to
from tests.services.rooms import Room, open_room
from tests.services.test_former import finished


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room(tmp_path) as opened:
        yield opened


class Asker(Protocol):
    """Whoever asks for what the platform may have."""

    async def look(self) -> None: ...
    async def settle(self, batch_id: BatchId) -> None: ...


def former(room: Room, ways: Asking) -> Asker:
    return FormerDelivery(ways, room.station.former)


def reconciliation(room: Room, ways: Asking) -> Asker:
    return Reconciliation(ways, room.station.rebuilt)


@pytest.fixture(params=(former, reconciliation))
def asker(request: pytest.FixtureRequest) -> Callable[[Room, Asking], Asker]:
    found: Callable[[Room, Asking], Asker] = request.param
    return found


async def marked_batch(room: Room, asker: Callable[[Room, Asking], Asker]) -> Batch:
    """A finished batch for which the platform is to be asked."""
    batch = await finished(room)
    if asker is reconciliation:

        def mark(connection: Connection) -> None:
            Ledger(connection, room.clock).insert("rebuilt_batch", batch_id=batch.id)

        await room.station.outbox._database.write(mark)
        room.clock.advance(3600)
    return batch


async def waiting(room: Room) -> Waiting:
    (batch,) = await room.batches()
    return batch.waiting


def kind(trouble: Trouble | None) -> str:
    return trouble.kind if trouble else ""


async def test_what_keeps_sending_back_keeps_the_asking_back(
    room: Room, asker: Callable[[Room, Asking], Asker]
) -> None:
    await marked_batch(room, asker)
    there = listing_of(room)
    there.is_paused = True
    at_work = asker(room, ways_to(room, there))
    await at_work.look()
    assert there.asked == 0
    there.is_paused = False
    await at_work.look()
    assert there.asked == 1


@pytest.mark.parametrize("error", (TooManyRequestsError(120.0), ServerTroubleError(503)))
async def test_the_time_that_the_platform_asks_for_is_given(
    room: Room, asker: Callable[[Room, Asking], Asker], error: HautError
) -> None:
    await marked_batch(room, asker)
    there = listing_of(room)
    there.trouble = error
    at_work = asker(room, ways_to(room, there))
    await at_work.look()
    now = await waiting(room)
    assert (kind(now.trouble), now.attempt) == (error.kind, 1)
    assert now.retry_at is not None
    left_s = (now.retry_at - room.clock()).total_seconds()
    assert left_s == (120.0 if isinstance(error, TooManyRequestsError) else 10.0)
    await at_work.look()
    assert there.asked == 1
    there.trouble = None
    room.clock.advance(left_s)
    await at_work.look()
    assert there.asked == 2
    assert await waiting(room) == Waiting()


async def test_a_network_that_is_away_is_asked_again_when_it_is_due(
    room: Room, asker: Callable[[Room, Asking], Asker]
) -> None:
    await marked_batch(room, asker)
    there = listing_of(room)
    ways = ways_to(room, there)
    there.trouble = UnreachableError()
    await asker(room, ways).look()
    assert not ways.may_begin()
    await asker(room, ways).look()
    assert there.asked == 1
    room.clock.advance(3600)
    there.trouble = None
    await asker(room, ways).look()
    assert there.asked == 2


async def test_what_may_not_be_read_may_be_sent_and_is_asked_for_hourly(
    room: Room, asker: Callable[[Room, Asking], Asker]
) -> None:
    await marked_batch(room, asker)
    there = listing_of(room)
    there.trouble = PermissionRefusedError()
    ways = ways_to(room, there)
    at_work = asker(room, ways)
    for _ in range(2):
        await at_work.look()
    assert (there.asked, ways.may_begin()) == (1, True)
    assert kind((await waiting(room)).trouble) == PermissionRefusedError.__name__
    room.clock.advance(timedelta(hours=1).total_seconds())
    await at_work.look()
    assert there.asked == 2
    ways.judge.forgive_account()  # somebody signed in
    there.trouble = None
    await at_work.look()
    assert there.asked == 3
    assert await waiting(room) == Waiting()


async def test_who_was_signed_out_is_not_told_it_of_every_batch(
    room: Room, asker: Callable[[Room, Asking], Asker]
) -> None:
    await marked_batch(room, asker)
    there = listing_of(room)
    there.trouble = SignedOutError()
    await asker(room, ways_to(room, there)).look()
    expected = NotAskedYetError if asker is former else RebuiltError
    assert kind((await waiting(room)).trouble) == expected.__name__


async def test_a_refusal_of_the_one_is_asked_ever_less_often(
    room: Room, asker: Callable[[Room, Asking], Asker]
) -> None:
    await marked_batch(room, asker)
    there = listing_of(room)
    there.trouble = RefusedError(400, "invalid", "No.")
    at_work = asker(room, ways_to(room, there))
    await at_work.look()
    await at_work.look()
    assert kind((await waiting(room)).trouble) == NotToldError.__name__
    room.clock.advance(10)
    await at_work.look()
    room.clock.advance(10)
    await at_work.look()
    assert there.asked == 2
    assert (await waiting(room)).attempt == 2


async def test_a_pause_between_two_pictures_ends_the_asking_and_it_begins_anew(room: Room) -> None:
    await marked_batch(room, former)
    there = listing_of(room)
    for content in (b"one", b"two", marked(5)):
        there.hold("front.jpg", content)

    def stop() -> None:
        there.is_paused = True

    there.on_fetch = stop
    at_work = former(room, ways_to(room, there))
    await at_work.look()
    assert len(there.fetched) == 1
    assert (await waiting(room)).attempt == 0
    there.on_fetch, there.is_paused = (lambda: None), False
    await at_work.look()
    (batch,) = await room.batches()
    assert (len(there.fetched), batch.state) == (4, BatchState.SUBMITTED)


async def test_what_is_held_while_it_is_asked_for_stays_held(
    room: Room, asker: Callable[[Room, Asking], Asker]
) -> None:
    batch = await marked_batch(room, asker)
    there = listing_of(room)
    there.hold("front.jpg" if asker is former else batch.images[0].name, marked(5))

    async def hold() -> None:
        await room.outbox.move_batch(batch.id, BatchEvent.HOLD)

    there.before_results = hold
    await asker(room, ways_to(room, there)).look()
    assert (await room.outbox.batch(batch.id)).state is BatchState.HELD


@pytest.mark.parametrize("fault", [TransitionError("no such move"), KeyError("no such word")])
async def test_a_fault_of_ours_with_one_batch_ends_the_asking_for_no_other(
    room: Room,
    asker: Callable[[Room, Asking], Asker],
    expected_log: ExpectedLogs,
    fault: Exception,
) -> None:
    batch = await marked_batch(room, asker)
    there = listing_of(room)
    there.hold("front.jpg" if asker is former else batch.images[0].name, marked(5))
    one = asker(room, ways_to(room, there))

    async def fail() -> None:
        raise fault

    there.before_results = fail
    await one.look()
    expected_log(f"batch {batch.id} .* put right")
    there.before_results = None
    await one.look()
    assert (await room.outbox.batch(batch.id)).state is BatchState.SUBMITTED


async def test_a_fault_with_what_was_erased_of_before_it_was_asked_for_is_still_one(
    room: Room, expected_log: ExpectedLogs
) -> None:
    batch = await finished(room)
    original_id = batch.images[0].rendition.original_id
    await room.station.erasures.write(original_id, Act(reason="withdrawn"))

    async def fail(_batch_id: BatchId) -> None:
        raise TransitionError("no such move")

    await ways_to(room, listing_of(room)).attempt(batch.id, fail)
    expected_log(f"batch {batch.id} .* put right")


async def test_what_was_held_before_it_was_asked_for_is_asked_for_later(
    room: Room, asker: Callable[[Room, Asking], Asker]
) -> None:
    there = listing_of(room)
    batch = await marked_batch(room, asker)
    one = asker(room, ways_to(room, there))
    await room.outbox.move_batch(batch.id, BatchEvent.HOLD)
    with pytest.raises(KeptBackError):
        await one.settle(batch.id)
    assert there.asked == 0
    await room.outbox.move_batch(batch.id, BatchEvent.RESUME)
    await one.look()
    assert there.asked == 1


async def test_what_was_held_and_not_asked_for_does_not_praise_the_platform(
    room: Room, asker: Callable[[Room, Asking], Asker]
) -> None:
    batch = await marked_batch(room, asker)
    ways = ways_to(room, listing_of(room))
    one = asker(room, ways)

    async def held_first(batch_id: BatchId) -> None:
        await room.outbox.move_batch(batch_id, BatchEvent.HOLD)
        await one.settle(batch_id)

    for _ in range(SERVER_ERRORS_THAT_PAUSE - 1):
        ways.judge.sentence(ServerTroubleError(503), Waiting())
    await ways.attempt(batch.id, held_first)
    ways.judge.sentence(ServerTroubleError(503), Waiting())
    assert not ways.may_begin()


async def test_a_disk_in_trouble_writes_nothing_into_the_record(
    room: Room, asker: Callable[[Room, Asking], Asker]
) -> None:
    await marked_batch(room, asker)
    there = listing_of(room)
    there.trouble = StoreIOError()
    with pytest.raises(StoreIOError):
        await asker(room, ways_to(room, there)).look()
    assert (await waiting(room)).attempt == 0
