"""What differs on the platform: a notice until somebody has read it, and words beside the batch."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import cast

import pytest
import pytest_asyncio
from PySide6.QtWidgets import QApplication

from haut_desktop.domain.delivery import BatchState, ImageState
from haut_desktop.domain.ids import BatchId
from haut_desktop.domain.overviews import Whereabouts
from haut_desktop.domain.rechecks import Finding, Recheck
from haut_desktop.domain.verification import Difference
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.rechecks import Rechecks
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.notices import NoticesViewModel, Weight
from haut_desktop.viewmodels.outbox_rows import visit_row
from haut_desktop.viewmodels.outbox_words import Circumstances
from haut_desktop.viewmodels.phrase import Mood, Phrase
from haut_desktop.viewmodels.rechecks import RechecksViewModel
from tests.fakes.clock import START
from tests.viewmodels.deliveries import batch_of, make_delivery
from tests.waiting import eventually

GONE, OTHER = "batch-not-on-platform", "other-bytes-on-platform"


def finding(kind: str, code: str = "B-007", *, has_results: bool, program: str = "") -> Finding:
    differences = (Difference(kind, "batch", code, "words"),)
    recheck = Recheck(BatchId(code), START, 3, differences, program)
    return Finding(recheck, Whereabouts(code, "Baseline", date(2026, 3, 1)), has_results)


@dataclass
class FakeRechecks:
    """What nobody has read."""

    found: tuple[Finding, ...] = ()
    have_read: list[Finding] = field(default_factory=list)

    async def unread(self) -> tuple[Finding, ...]:
        return self.found

    async def read(self, findings: tuple[Finding, ...]) -> None:
        self.have_read += findings
        self.found = tuple(one for one in self.found if one not in findings)


@dataclass
class Bench:
    """The view model with what stands around it."""

    model: RechecksViewModel
    rechecks: FakeRechecks
    notices: NoticesViewModel
    changes: Changes

    async def told(self, *found: Finding) -> str:
        """The title once so much differs."""
        self.rechecks.found = found
        self.changes.send(Change(Topic.RECHECKS))
        await eventually(lambda: self.model._told == found)
        return self.notices.current.title if self.notices.current else ""


@pytest_asyncio.fixture
async def bench(qapp: QApplication) -> AsyncIterator[Bench]:
    notices, changes, rechecks = NoticesViewModel(), Changes(), FakeRechecks()
    scope = TaskScope("test", notices.report)
    model = RechecksViewModel(
        cast(Rechecks, rechecks), notices=notices, changes=changes, tasks=scope
    )
    yield Bench(model, rechecks, notices, changes)
    model.close()
    await scope.aclose()


async def test_a_notice_says_what_is_missing_until_somebody_has_read_it(bench: Bench) -> None:
    lost = finding(GONE, has_results=False)
    assert await bench.told(lost) == "Pictures that had arrived are missing on the platform"
    notice = bench.notices.current
    assert notice is not None
    assert notice.weight is Weight.WARN
    assert notice.message.startswith("B-007, Baseline of 1 Mar 2026. ")
    bench.notices.take_action()
    await eventually(lambda: bench.rechecks.have_read)
    assert bench.rechecks.have_read == [lost]
    assert await bench.told() == ""


async def test_what_has_results_is_not_called_missing(bench: Bench) -> None:
    title = await bench.told(finding(GONE, has_results=True))
    assert title == "Pictures are no longer on the platform"
    assert bench.notices.current is not None
    assert bench.notices.current.weight is Weight.INFO
    assert "Results are here and stay." in bench.notices.current.message


async def test_the_worst_is_told_first_and_one_notice_stands_for_all(bench: Bench) -> None:
    gone = [finding(GONE, f"B-00{n}", has_results=False) for n in range(5)]
    await bench.told(*gone)
    assert bench.notices.current is not None
    assert "; B-002, Baseline of 1 Mar 2026, and 2 more. " in bench.notices.current.message
    first = finding(OTHER, "B-009", has_results=True, program="2.1")
    assert await bench.told(*gone, first) == (
        "The first upload after the update is not as it was sent"
    )
    assert bench.notices.current.weight is Weight.BAD
    assert bench.notices.waiting == 0
    assert await bench.told(finding(OTHER, has_results=False)) == (
        "The platform has something else than was sent"
    )


async def test_only_what_the_notice_is_about_counts_as_read(bench: Bench) -> None:
    lost, other = finding(GONE, "B-001", has_results=False), finding(OTHER, has_results=True)
    await bench.told(lost, other)
    bench.notices.take_action()
    await eventually(lambda: bench.rechecks.have_read)
    assert bench.rechecks.have_read == [other]
    assert await bench.told(*bench.rechecks.found) == (
        "Pictures that had arrived are missing on the platform"
    )


async def test_the_notice_goes_with_its_window(bench: Bench) -> None:
    await bench.told(finding(GONE, has_results=True))
    bench.model.close()
    assert bench.notices.current is None


@pytest.mark.parametrize(
    ("kinds", "is_computed", "phrase"),
    (
        ((), True, Phrase("Arrived and computed", Mood.GOOD)),
        ((GONE,), True, Phrase("Computed, no longer on the platform")),
        ((GONE,), False, Phrase("Had arrived, missing on the platform", Mood.WARN)),
        ((GONE, OTHER), True, Phrase("Arrived, not as it was sent", Mood.BAD)),
    ),
)
def test_a_batch_says_what_the_platform_no_longer_has(
    kinds: tuple[str, ...], is_computed: bool, phrase: Phrase
) -> None:
    made = make_delivery(ImageState.STORED, batch=BatchState.SUBMITTED, is_computed=is_computed)
    batch = batch_of(made)
    differences = tuple(Difference(kind, "image", "1", "words") for kind in kinds)
    recheck = Recheck(batch.id, START + timedelta(hours=3), 1, differences)
    asked = replace(made, rechecks={batch.id: recheck})
    row = visit_row(asked, Circumstances(now=START), {})
    assert row.phrase == phrase
    facts = dict(row.children[0].facts)
    assert facts["Checked on the platform"].startswith("1 Mar 2026, 12:12")
