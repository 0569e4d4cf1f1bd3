"""A placed picture that may have gone is asked for: never sent on a guess, never taken on one."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from haut_desktop.domain.audit import Act
from haut_desktop.domain.delivery import BatchEvent, BatchState, ImageState, Route
from haut_desktop.domain.errors import (
    AddressExpiredError,
    RefusedError,
    UnreachableError,
)
from haut_desktop.domain.former import FormerSubject, MayBeThereError, NotAskedYetError
from haut_desktop.domain.ids import PlatformBatchId, PlatformImageId, PlatformSubjectId
from haut_desktop.domain.imaging import Batch, Side
from haut_desktop.domain.retraction import MAY_BE_THERE, Computed, Remnant
from haut_desktop.domain.session import SessionState
from haut_desktop.domain.subjects import Subject
from haut_desktop.domain.tenant import Tenant
from haut_desktop.services.former import FormerDelivery
from haut_desktop.store.driver import Connection
from tests.conftest import ExpectedLogs
from tests.photographs import marked
from tests.services.askings import THERE, Listing, listing_of, ways_to
from tests.services.rooms import Room, open_room
from tests.services.test_placing import WHY, at, front, hold_strange, placing_of

ANOTHER = PlatformSubjectId("another-entry")


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room(tmp_path) as opened:
        yield opened


async def placed(room: Room, whose: Subject | None = None) -> None:
    """Place a picture of which nobody knows whether it went, and that was ``whose`` by its note."""
    await room.register()
    original, _ = await hold_strange(room, whose)
    await placing_of(room).assign(original.id, room.study, at(room, await front(room)), WHY)


async def finished(room: Room, whose: Subject | None = None) -> Batch:
    """Place such a picture, finish its visit, and let it rest."""
    await placed(room, whose)
    await room.capture.finish(room.visit)
    (batch,) = await room.batches()
    assert batch.route is Route.SIGNED
    room.clock.advance(3600)
    return batch


def asking(room: Room, there: Listing) -> FormerDelivery:
    return FormerDelivery(ways_to(room, there), room.station.former)


async def due(room: Room) -> int:
    return len(await room.outbox.due_batches(room.clock(), 10))


async def kind(room: Room) -> str:
    (batch,) = await room.batches()
    return batch.waiting.trouble.kind if batch.waiting.trouble else ""


async def test_what_is_not_there_goes_after_the_asking_and_not_before(room: Room) -> None:
    batch, there = await finished(room), listing_of(room)
    there.hold("front.jpg", b"another picture")
    assert await due(room) == 0
    await asking(room, there).look()
    assert (await due(room), await kind(room)) == (1, "")
    trail = await room.station.audit.of_entity(batch.images[0].id)
    assert ("picture.asked-for", "not there") in {(one.action, one.new) for one in trail}


@pytest.mark.parametrize("is_computed", (True, False))
async def test_what_is_there_is_taken_over_and_never_sent(room: Room, is_computed: bool) -> None:
    await finished(room)
    there = listing_of(room)
    there.is_computed = is_computed
    there.hold("front.jpg", marked(5))
    await asking(room, there).look()
    (batch,) = await room.batches()
    # not known to be computed: its results decide, or a person; nobody asks for them on a guess
    assert batch.state is (BatchState.SUBMITTED if is_computed else BatchState.SUBMITTING)
    assert batch.platform_id == f"{THERE}-0"
    (image,) = batch.images
    assert (image.state, image.platform_id) == (ImageState.STORED, "picture-0")
    assert image.proof is not None
    assert await room.station.former.names(batch.id) == {}


async def test_while_nobody_can_be_asked_it_waits_and_says_why(room: Room) -> None:
    await finished(room)
    there = listing_of(room)
    there.trouble = UnreachableError()
    await asking(room, there).look()
    assert (await due(room), await kind(room)) == (0, NotAskedYetError.__name__)
    there.state, there.trouble = SessionState.SIGNED_OUT, None
    await asking(room, there).look()
    assert await due(room) == 0
    there.state = SessionState.SIGNED_IN
    await asking(room, there).look()
    assert await due(room) == 1


async def test_another_tenants_platform_is_never_asked(room: Room) -> None:
    await finished(room)
    there = listing_of(room)
    there.tenant = Tenant("https://another.example", there.tenant.company_id)
    await asking(room, there).look()
    assert (await due(room), await kind(room)) == (0, NotAskedYetError.__name__)


async def test_an_end_between_the_asking_and_the_writing_asks_anew(room: Room) -> None:
    await finished(room)
    there = listing_of(room)
    there.hold("front.jpg", marked(5))
    there.is_computed = UnreachableError()
    await asking(room, there).look()
    (batch,) = await room.batches()
    assert (batch.state, batch.images[0].state) == (BatchState.OPEN, ImageState.STORED)
    assert await due(room) == 0  # stored and nothing else to do: it would be computed
    there.is_computed = True
    await asking(room, there).look()
    (batch,) = await room.batches()
    assert batch.state is BatchState.SUBMITTED


@pytest.mark.parametrize(
    "why",
    (
        "another view",
        "twice",
        "deleted there",
        "address ended",
        "no right to see it",
        "computed and deleted",
        "posted and deleted",
    ),
)
async def test_what_nobody_can_tell_is_held_until_a_person_says(
    room: Room, expected_log: ExpectedLogs, why: str
) -> None:
    expected_log("is held: MayBeThereError")
    batch, there = await finished(room), listing_of(room)
    if why == "another view":
        there.hold("left.jpg", marked(5), Side.LEFT)
    elif why == "twice":
        there.hold("front.jpg", marked(5))
        there.hold("front.jpg", marked(5))
    elif why == "deleted there":
        there.hold("front.jpg", None, url="")
    elif why == "address ended":
        there.hold("front.jpg", AddressExpiredError())
    elif why == "no right to see it":
        there.hold("front.jpg", RefusedError(403, "store", "no"))
    else:
        there.hold("front.jpg", None, is_signed=why == "computed and deleted")
    await asking(room, there).look()
    assert (await room.outbox.batch(batch.id)).state is BatchState.HELD
    assert await kind(room) == MayBeThereError.__name__
    await asking(room, there).look()
    assert await due(room) == 0
    await room.outbox.resume(batch.id, Act(None, "not in the portal"))
    assert await due(room) == 1


async def test_a_persons_own_hold_decides_nothing(room: Room) -> None:
    batch = await finished(room)
    await room.outbox.move_batch(batch.id, BatchEvent.HOLD)
    await room.outbox.resume(batch.id, Act(None, "go on"))
    assert await due(room) == 0


async def test_a_reopened_visit_asks_as_well(room: Room) -> None:
    await placed(room)
    await room.capture.finish(room.visit)
    await room.capture.reopen(room.visit)
    await room.capture.finish(room.visit)
    room.clock.advance(3600)
    assert await due(room) == 0


async def test_a_picture_that_never_arrived_is_not_there(room: Room) -> None:
    batch, there = await finished(room), listing_of(room)
    there.hold("front.jpg", None)
    there.is_computed = False
    await asking(room, there).look()
    assert (await room.outbox.batch(batch.id)).platform_id is None
    assert await due(room) == 1


@pytest.mark.parametrize("lies", ("there", "deleted there"))
async def test_what_lies_with_whose_it_was_by_its_note_is_held_until_a_person_says(
    room: Room, expected_log: ExpectedLogs, lies: str
) -> None:
    expected_log("is held: MayBeThereError")
    batch, there = await finished(room, room.other), listing_of(room)
    there.codes[room.other.code] = (ANOTHER, there.own)
    if lies == "there":
        there.hold("front.jpg", marked(5), entry=ANOTHER)
    else:
        there.hold("front.jpg", None, url="", entry=ANOTHER)
    await asking(room, there).look()
    held = await room.outbox.batch(batch.id)
    assert (held.state, there.asked) == (BatchState.HELD, 2)
    assert held.waiting.trouble is not None
    assert held.waiting.trouble.kind == MayBeThereError.__name__
    assert f"for subject {room.other.code}" in held.waiting.trouble.message
    await room.outbox.resume(batch.id, Act(None, "it is this one's"))
    assert await due(room) == 1


@pytest.mark.parametrize("lies", ("nothing alike", "no entry", "entry gone"))
async def test_what_does_not_lie_with_whose_it_was_by_its_note_goes(room: Room, lies: str) -> None:
    await finished(room, room.other)
    there = listing_of(room)
    if lies != "no entry":
        there.codes[room.other.code] = (ANOTHER,)
        there.hold("front.jpg", b"another picture", entry=ANOTHER)
    if lies == "entry gone":
        there.gone.add(ANOTHER)
    await asking(room, there).look()
    assert there.asked == (1 if lies == "no entry" else 2)
    assert await due(room) == 1


async def test_an_entry_that_the_note_names_is_asked_whatever_its_code_is_now(
    room: Room, expected_log: ExpectedLogs
) -> None:
    expected_log("is held: MayBeThereError")
    batch, there = await finished(room, room.other), listing_of(room)
    there.hold("front.jpg", marked(5), entry=ANOTHER)

    def name_it(connection: Connection) -> None:
        subject = FormerSubject(room.other.id, room.other.code, {batch.dataset_id: ANOTHER})
        text = msgspec.json.encode(subject).decode()
        connection.execute("UPDATE former_delivery SET subject = ?", (text,))

    await room.station.database.write(name_it)
    await asking(room, there).look()
    assert (await room.outbox.batch(batch.id)).state is BatchState.HELD


async def test_who_has_it_by_note_and_by_word_is_asked_once(room: Room) -> None:
    await finished(room, room.subject)
    there = listing_of(room)
    there.codes[room.subject.code] = (ANOTHER,)
    await asking(room, there).look()
    assert (there.asked, await due(room)) == (1, 1)


@pytest.mark.parametrize("lies", ("deleted there", "posted and deleted", "right to see it"))
async def test_a_name_alone_makes_no_picture_look_delivered(
    room: Room, expected_log: ExpectedLogs, lies: str
) -> None:
    """Whoever wrote a strange note may have put any picture's id in it."""
    expected_log("is held: MayBeThereError")
    batch, there = await finished(room), listing_of(room)
    strange = batch.images[0].name.replace(batch.images[0].id, str(UUID(int=7)))

    def name_it(connection: Connection) -> None:
        connection.execute("UPDATE former_delivery SET names = ?", (f'["{UUID(int=7)}"]',))

    await room.outbox._database.write(name_it)
    if lies == "deleted there":
        there.hold(strange, None, url="")
    elif lies == "posted and deleted":
        there.hold(strange, None, is_signed=False)
    else:
        there.hold(strange, RefusedError(403, "store", "no"), is_signed=False)
    await asking(room, there).look()
    assert (await room.outbox.batch(batch.id)).state is BatchState.HELD
    assert await kind(room) == MayBeThereError.__name__


@pytest.mark.parametrize("was_asked", (True, False), ids=("held", "not asked yet"))
@pytest.mark.parametrize("act", ("taken back", "erased"))
async def test_what_may_be_there_is_never_said_to_be_nothing(
    room: Room, expected_log: ExpectedLogs, was_asked: bool, act: str
) -> None:
    batch, there = await finished(room), listing_of(room)
    if was_asked:
        expected_log("is held: MayBeThereError")
        there.hold("left.jpg", marked(5), Side.LEFT)
        await asking(room, there).look()
    if act == "erased":
        original_id = batch.images[0].rendition.original_id
        await room.station.erasures.write(original_id, Act(None, "withdrawn"))
    else:
        await room.station.retractions.ask(batch.id, Act(None, "wrong participant"))
    (retracted,) = await room.batches()
    assert retracted.state is BatchState.RETRACTED
    assert retracted.retraction is not None
    assert retracted.retraction.left == (MAY_BE_THERE,)
    assert "look at the subject in the web portal" in retracted.retraction.left_in_words()
    (line,) = [
        one
        for one in await room.station.audit.of_entity(batch.id)
        if one.action == "batch.retracted"
    ]
    assert line.new == retracted.retraction.left_in_words()
    hashes = [batch.images[0].rendition.digest.sha256]
    (before,) = await room.station.pictures.computed_before(hashes)
    assert (before.batch_id, before.computed) == (batch.id, Computed.UNKNOWN)


async def test_what_was_found_there_leaves_no_doubt_when_it_is_taken_back(room: Room) -> None:
    batch, there = await finished(room), listing_of(room)
    there.hold("front.jpg", marked(5))
    there.is_computed = UnreachableError()
    await asking(room, there).look()  # taken over, and its mark is there still
    await room.station.retractions.ask(batch.id, Act(None, "wrong participant"))
    left = (Remnant(PlatformBatchId(f"{THERE}-0"), (PlatformImageId("picture-0"),)),)
    ended = await room.station.retractions.end(batch.id, left)
    assert ended.retraction is not None
    assert ended.retraction.left == left
