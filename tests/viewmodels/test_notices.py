"""Notices go with what they tell of: a success soon, a state with the state."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from PySide6.QtWidgets import QApplication

from haut_desktop.domain.errors import StoreBusyError
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.counted_notice import CountedNotice
from haut_desktop.viewmodels.notices import Notice, NoticesViewModel, Weight
from tests.waiting import eventually

SAVED = Notice("Receipts saved", "They lie in a folder.", Weight.GOOD)
FULL = Notice("The disk is almost full", weight=Weight.WARN)


def titles(notices: NoticesViewModel) -> list[str]:
    return [one.title for one in notices._queue]


@pytest.mark.parametrize("later", [FULL, Notice("Receipts saved", "Elsewhere.", Weight.GOOD)])
def test_a_success_gives_way_to_what_is_told_next(qapp: QApplication, later: Notice) -> None:
    notices = NoticesViewModel()
    notices.show(SAVED)
    notices.show(later)
    assert (notices.current, notices.waiting) == (later, 0)


def test_a_success_is_gone_when_the_user_goes_on_and_what_waits_stays(qapp: QApplication) -> None:
    notices, wanted = NoticesViewModel(), Notice("Saved", weight=Weight.GOOD, action="Undo")
    for notice in (FULL, wanted, SAVED):
        notices.show(notice)
    notices.go_on()
    assert titles(notices) == [FULL.title, wanted.title]


@dataclass
class Bench:
    """A notice about what waits, and what the record counts."""

    notices: NoticesViewModel
    changes: Changes
    tasks: TaskScope
    waiting: int = 3
    trouble: bool = False
    told: list[CountedNotice] = field(default_factory=list)

    async def count(self) -> int:
        if self.trouble:
            raise StoreBusyError
        return self.waiting

    def tell(self) -> CountedNotice:
        self.told.append(
            CountedNotice(
                self.waiting,
                count=self.count,
                say=lambda number: Notice(f"{number} wait") if number else None,
                notices=self.notices,
                changes=self.changes,
                tasks=self.tasks,
            )
        )
        return self.told[-1]

    async def news(self, waiting: int) -> list[str]:
        """What stands in the bar once so many wait."""
        self.waiting = waiting
        self.changes.send(Change(Topic.OUTBOX))
        await eventually(lambda: not self.tasks.running())
        return titles(self.notices)


@pytest_asyncio.fixture
async def bench(qapp: QApplication) -> AsyncIterator[Bench]:
    notices = NoticesViewModel()
    made = Bench(notices, Changes(), TaskScope("test", notices.report))
    yield made
    for one in made.told:
        one.close()
    await made.tasks.aclose()


async def test_a_notice_of_what_waits_follows_the_number_and_goes_with_the_last(
    bench: Bench,
) -> None:
    bench.tell()
    bench.notices.show(FULL)
    assert await bench.news(2) == ["2 wait", FULL.title], "it stands where it stood"
    assert await bench.news(5) == ["2 wait", FULL.title], "what came later is not meant"
    assert await bench.news(0) == [FULL.title]
    assert await bench.news(1) == [FULL.title]


async def test_what_was_put_away_does_not_come_back(bench: Bench) -> None:
    bench.tell()
    bench.notices.dismiss()
    assert await bench.news(2) == []
    assert await bench.news(1) == []


async def test_a_record_that_is_busy_changes_nothing(bench: Bench) -> None:
    bench.tell()
    bench.trouble = True
    assert await bench.news(0) == ["3 wait"]


async def test_no_word_of_a_station_stays_when_it_is_closed(bench: Bench) -> None:
    bench.tell().close()
    assert titles(bench.notices) == []
    assert await bench.news(1) == []
