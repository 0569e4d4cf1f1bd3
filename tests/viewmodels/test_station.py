"""This station on the screen: what is said of its disk, and until when."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import cast

import pytest
import pytest_asyncio
from PySide6.QtWidgets import QApplication

from haut_desktop.domain.errors import HautError, StoreIOError
from haut_desktop.domain.space import GIB, MIB, Room, SpaceLimits
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.tasks import TaskScope
from haut_desktop.services.this_station import ThisStation
from haut_desktop.viewmodels.notices import NoticesViewModel, Weight
from haut_desktop.viewmodels.phrase import Mood, Phrase
from haut_desktop.viewmodels.station import StationViewModel, space_phrase
from tests.waiting import emitted, eventually


@dataclass
class FakeStation:
    """A disk whose room a test sets."""

    free_bytes: int = 2 * GIB
    limits: SpaceLimits = field(default_factory=SpaceLimits)
    trouble: HautError | None = None
    reasons: list[str] = field(default_factory=list)

    async def room(self) -> Room:
        if self.trouble is not None:
            raise self.trouble
        return Room(self.free_bytes, self.limits)

    async def set_limits(self, limits: SpaceLimits, reason: str) -> None:
        self.limits = limits
        self.reasons.append(reason)


@dataclass
class Bench:
    """The view model with what stands around it."""

    model: StationViewModel
    station: FakeStation
    notices: NoticesViewModel
    changes: Changes

    async def look(self, free_bytes: int) -> None:
        """Let pictures come while so much is free."""
        self.station.free_bytes = free_bytes
        async with emitted(self.model.room_changed):
            self.changes.send(Change(Topic.VISITS))

    @property
    def title(self) -> str:
        return self.notices.current.title if self.notices.current else ""


@pytest_asyncio.fixture
async def bench(qapp: QApplication) -> AsyncIterator[Bench]:
    notices, changes, station = NoticesViewModel(), Changes(), FakeStation()
    scope = TaskScope("test", notices.report)
    model = StationViewModel(
        station=cast(ThisStation, station), notices=notices, changes=changes, tasks=scope
    )
    yield Bench(model, station, notices, changes)
    model.close()
    await scope.aclose()


async def test_the_warning_comes_grows_and_goes_with_the_room(bench: Bench) -> None:
    await bench.look(2 * GIB)
    assert bench.title == ""
    await bench.look(GIB - 1)
    assert bench.title == "The disk is getting full"
    await bench.look(GIB // 2 - 1)
    assert bench.title == "The disk is full: no more pictures are taken in"
    assert bench.notices.waiting == 0
    await bench.look(2 * GIB)
    assert bench.notices.current is None


async def test_a_warning_that_was_read_is_not_shown_anew_while_it_holds(bench: Bench) -> None:
    await bench.look(GIB - 1)
    bench.notices.dismiss()
    await bench.look(GIB - 2)
    assert bench.title == ""
    await bench.look(GIB // 2 - 1)
    assert bench.notices.current is not None
    assert bench.notices.current.weight is Weight.BAD


async def test_other_limits_are_judged_by_at_once(bench: Bench) -> None:
    await bench.look(2 * GIB)
    bench.model.set_limits(SpaceLimits(4 * GIB, GIB), "a small disk")
    await eventually(lambda: bench.title == "The disk is getting full")
    assert bench.station.reasons == ["a small disk"]


async def test_a_warning_names_the_limits_that_hold_now(bench: Bench) -> None:
    await bench.look(GIB - 1)
    bench.station.limits = SpaceLimits(4 * GIB, GIB // 4)
    await bench.look(GIB - 1)
    assert bench.notices.current is not None
    assert "Less than 4,096 MB are free" in bench.notices.current.message
    assert bench.notices.waiting == 0
    bench.notices.dismiss()
    bench.station.limits = SpaceLimits(3 * GIB, GIB // 4)
    await bench.look(GIB - 1)
    assert bench.title == ""


async def test_a_window_that_closes_takes_its_warning_along(bench: Bench) -> None:
    await bench.look(GIB - 1)
    bench.model.refresh()  # a look that is still under way says nothing afterwards
    bench.model.close()
    assert bench.notices.current is None
    await eventually(lambda: not bench.model._looking.is_going)
    assert bench.notices.current is None


async def test_a_disk_that_does_not_answer_is_left_to_who_works_with_it(bench: Bench) -> None:
    bench.station.trouble = StoreIOError()
    bench.model.refresh()
    await eventually(lambda: not bench.model._looking.is_going)
    bench.station.trouble = None
    await bench.look(GIB - 1)
    assert bench.title == "The disk is getting full"


@pytest.mark.parametrize(
    ("free_bytes", "phrase"),
    (
        (GIB, None),
        (820 * MIB, Phrase("Disk: 820 MB free", Mood.WARN)),
        (512 * MIB - 1, Phrase("Disk: 511 MB free", Mood.BAD)),
    ),
)
def test_the_top_bar_names_the_room_that_is_left(free_bytes: int, phrase: Phrase | None) -> None:
    assert space_phrase(Room(free_bytes, SpaceLimits())) == phrase
