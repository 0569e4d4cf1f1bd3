"""Lanes: three in flight, a few opened ahead, nothing begun in trouble."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from haut_desktop.domain.errors import AddressExpiredError, ServerTroubleError
from haut_desktop.domain.imaging import Image
from haut_desktop.services.lanes import Lanes
from tests.fakes.builders import make_batch, make_picture, make_slots, make_study, make_subject
from tests.fakes.builders import make_visit as make_visit_of
from tests.waiting import eventually


def make_images(count: int) -> list[Image]:
    """So many pictures; only their ids matter here."""
    study = make_study()
    subject = make_subject(study, "B-001")
    visit = make_visit_of(study, subject)
    slot = make_slots(visit)[0]
    pictures = tuple((slot, make_picture(slot, bytes([n]))[1]) for n in range(count))
    return list(make_batch(visit, study.datasets[0], pictures).images)


class Sending:
    """Opens at once and sends when it is told to; remembers the order of everything."""

    def __init__(self, images: list[Image]) -> None:
        self.numbers = {image.id: number for number, image in enumerate(images)}
        self.opened: list[int] = []
        self.in_flight: list[int] = []
        self.sent: list[int] = []
        self.ends = [asyncio.Event() for _ in images]
        self.errors: dict[int, Exception] = {}
        self.unreadable: set[int] = set()
        self.outcomes: list[BaseException | None] = []

    async def unseal(self, image: Image) -> bytes | None:
        number = self.numbers[image.id]
        self.opened.append(number)
        return None if number in self.unreadable else bytes([number])

    async def send(self, image: Image, data: bytes) -> None:
        number = self.numbers[image.id]
        assert data == bytes([number])
        self.in_flight.append(number)
        await self.ends[number].wait()
        self.in_flight.remove(number)
        if number in self.errors:
            raise self.errors[number]
        self.sent.append(number)

    def end(self, *numbers: int) -> None:
        """Let these arrive."""
        for number in numbers:
            self.ends[number].set()


@asynccontextmanager
async def carrying(lanes: Lanes, *batches: list[Image]) -> AsyncIterator[Sending]:
    """Carry the batches beside each other; after the block every one has come to its end."""
    sending = Sending([image for batch in batches for image in batch])
    each = (lanes.send_each(batch, sending.unseal, sending.send) for batch in batches)
    ended = asyncio.gather(*each, return_exceptions=True)
    yield sending
    sending.outcomes = await ended


async def test_batches_share_three_lanes_and_the_next_pictures_are_open_already() -> None:
    images = make_images(8)
    async with carrying(Lanes(3, ahead=2), images[:4], images[4:]) as sending:
        await eventually(lambda: sending.opened == [0, 1, 2, 3, 4])
        assert sending.in_flight == [0, 1, 2]
        sending.end(1)
        await eventually(lambda: sending.in_flight == [0, 2, 3])
        await eventually(lambda: sending.opened == [0, 1, 2, 3, 4, 5])
        sending.end(*range(8))
    assert sorted(sending.sent) == list(range(8))


async def test_a_picture_that_cant_be_opened_is_left_out() -> None:
    images = make_images(3)
    async with carrying(Lanes(3), images) as sending:
        sending.unreadable = {1}
        sending.end(0, 2)
    assert sorted(sending.sent) == [0, 2]


async def test_in_trouble_nothing_more_is_begun_and_the_gravest_error_is_raised() -> None:
    images = make_images(6)
    async with carrying(Lanes(2, ahead=2), images) as sending:
        sending.errors = {0: ServerTroubleError(503), 1: AddressExpiredError()}
        await eventually(lambda: sending.opened == [0, 1, 2, 3])
        sending.end(0, 1)
    assert list(map(type, sending.outcomes)) == [AddressExpiredError]
    assert sending.opened == [0, 1, 2, 3]
    assert sending.sent == sending.in_flight == []


async def test_one_batchs_trouble_is_not_the_others() -> None:
    images = make_images(4)
    async with carrying(Lanes(3), images[:2], images[2:]) as sending:
        sending.errors = {0: ServerTroubleError(503)}
        await eventually(lambda: sending.in_flight == [0, 1, 2])
        sending.end(*range(4))
    assert list(map(type, sending.outcomes)) == [ServerTroubleError, type(None)]
    assert sorted(sending.sent) == [1, 2, 3]


async def test_once_nothing_may_begin_what_is_in_flight_ends_and_no_other_picture_follows() -> None:
    images, paused = make_images(5), asyncio.Event()
    lanes = Lanes(2, ahead=2, may_begin=lambda: not paused.is_set())
    async with carrying(lanes, images) as sending:
        await eventually(lambda: sending.opened == [0, 1, 2, 3])
        paused.set()
        sending.end(*range(5))
    assert sending.outcomes == [None]
    assert sorted(sending.sent) == [0, 1]
    assert sending.opened == [0, 1, 2, 3]
