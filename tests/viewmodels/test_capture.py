"""Capture on the screen: whose visit is open, however slowly the station answers."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest_asyncio
from PySide6.QtWidgets import QApplication

from haut_desktop.domain.computed_before import ComputedBefore
from haut_desktop.domain.ids import BatchId, SubjectId, VisitId
from haut_desktop.domain.imaging import Slot, Verdict, VerdictLevel
from haut_desktop.domain.retraction import Computed
from haut_desktop.domain.study import Study
from haut_desktop.domain.subjects import Subject
from haut_desktop.domain.visits import Shelf, Visit, VisitSheet, VisitStatus
from haut_desktop.services.broadcast import Broadcast
from haut_desktop.services.capture import Capture
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.capture import CaptureViewModel, Confirmation
from haut_desktop.viewmodels.capture_words import other_day_words, slot_line, visit_day
from haut_desktop.viewmodels.desk import Desk
from haut_desktop.viewmodels.notices import NoticesViewModel
from tests.fakes.builders import (
    make_slots,
    make_study,
    make_subject,
    make_taken,
    make_visit,
)
from tests.fakes.clock import START, FakeClock
from tests.fakes.screens import FakeCapture
from tests.waiting import Emission, emitted, eventually


@dataclass
class SlowCapture(FakeCapture):
    """A capture whose visits are written, and told of, only when a test lets them."""

    written: asyncio.Event = field(default_factory=asyncio.Event)
    told: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[SubjectId] = field(default_factory=list)
    sheets_read: int = 0

    async def sheet(self, visit_id: VisitId) -> VisitSheet:
        self.sheets_read += 1
        return await super().sheet(visit_id)

    async def visits(self, subject_id: SubjectId) -> tuple[Visit, ...]:
        self.asked.append(subject_id)
        found = await super().visits(subject_id)
        await self.told.wait()
        return found

    async def open_visit(self, study: Study, subject_id: SubjectId, name: str) -> Visit:
        visit = await super().open_visit(study, subject_id, name)
        await self.written.wait()
        return visit


@dataclass
class Bench:
    """A capture view model at a desk with two subjects, and the capture behind it."""

    model: CaptureViewModel
    capture: SlowCapture
    desk: Desk
    tasks: TaskScope
    notices: NoticesViewModel
    first: Subject
    second: Subject

    async def settle(self) -> None:
        """Let everything that was started come to its end."""
        await eventually(lambda: not self.tasks.running())


@pytest_asyncio.fixture
async def bench(qapp: QApplication) -> AsyncIterator[Bench]:
    changes: Changes = Broadcast[Change]()
    notices, desk, study = NoticesViewModel(), Desk("Europe/Berlin"), make_study()
    tasks = TaskScope("test", notices.report)
    capture = SlowCapture(study, changes)
    capture.written.set()
    capture.told.set()
    model = CaptureViewModel(cast(Capture, capture), desk, notices, tasks, changes, FakeClock())
    desk.open_study(study)
    first, second = make_subject(study, "B-001"), make_subject(study, "B-002")
    yield Bench(model, capture, desk, tasks, notices, first, second)
    await tasks.aclose()


def confirmation_of(emission: Emission) -> Confirmation:
    """What the person is asked before the visit is finished."""
    (confirmation,) = emission.args
    assert isinstance(confirmation, Confirmation)
    return confirmation


async def test_the_sheet_and_what_is_missing_are_of_one_reading(bench: Bench) -> None:
    bench.desk.open_subject(bench.first)
    bench.model.start_visit("Baseline")
    await eventually(lambda: bench.model.state.problems)
    await bench.settle()
    before = bench.capture.sheets_read
    async with emitted(bench.model.confirmation_ready) as emission:
        bench.model.ask_to_finish()
    confirmation = confirmation_of(emission)
    assert confirmation.problems == bench.model.state.problems
    (visit,) = bench.capture.all_visits
    assert confirmation.details == f"Baseline · {visit_day(visit)}", "another form than elsewhere"
    assert bench.capture.sheets_read == before + 1


async def test_a_visit_that_was_started_for_the_subject_before_is_not_opened(bench: Bench) -> None:
    bench.capture.written.clear()
    bench.desk.open_subject(bench.first)
    bench.model.start_visit("Baseline")
    await eventually(lambda: bench.capture.all_visits)
    bench.desk.open_subject(bench.second)
    bench.capture.written.set()
    await bench.settle()
    assert bench.desk.visit_id is None
    assert (bench.model.state.subject_code, bench.model.state.visit_id) == ("B-002", None)


async def test_a_visit_that_is_started_is_open_when_it_is_there(bench: Bench) -> None:
    bench.desk.open_subject(bench.first)
    bench.model.start_visit("Baseline")
    await bench.settle()
    assert bench.model.state.visit_id == bench.desk.visit_id == bench.capture.all_visits[0].id


async def test_another_subjects_visit_is_never_shown_under_the_open_ones_name(
    bench: Bench,
) -> None:
    theirs = make_visit(bench.capture.study, bench.first)
    bench.capture.all_visits.append(theirs)
    bench.capture.shelves[theirs.id] = []
    bench.desk.open_subject(bench.second)
    await bench.settle()
    bench.desk.open_visit(theirs.id, of=bench.second.id)
    await bench.settle()
    assert bench.model.state.visit_id is None


async def test_a_reading_that_ends_after_the_subject_was_put_away_shows_nothing(
    bench: Bench,
) -> None:
    bench.capture.told.clear()
    bench.desk.open_subject(bench.first)
    await eventually(lambda: bench.capture.asked)
    bench.desk.open_subject(None)
    bench.capture.told.set()
    await bench.settle()
    assert bench.model.state.subject_code == ""


async def test_many_news_at_once_are_read_once_and_once_more(bench: Bench) -> None:
    bench.desk.open_subject(bench.first)
    bench.model.start_visit("Baseline")
    await bench.settle()
    bench.capture.told.clear()
    bench.capture.asked.clear()
    for _ in range(50):
        bench.capture.changes.send(Change(Topic.VISITS))
    await eventually(lambda: bench.capture.asked)
    bench.capture.told.set()
    await bench.settle()
    for _ in range(50):
        bench.capture.changes.send(Change(Topic.VISITS))
    await bench.settle()
    # a reading asks twice: for the visits, and for the planned ones that are still to come
    assert len(bench.capture.asked) <= 2 * 2


async def test_a_change_during_a_reading_is_read_as_well(bench: Bench) -> None:
    bench.desk.open_subject(bench.first)
    await bench.settle()
    bench.capture.told.clear()
    bench.model.refresh()
    await eventually(lambda: bench.capture.asked)
    late = make_visit(bench.capture.study, bench.first, "Week 4")
    bench.capture.all_visits.append(late)
    bench.capture.shelves[late.id] = []
    bench.model.refresh()
    bench.capture.told.set()
    await bench.settle()
    assert bench.model.state.visit_id == late.id


async def test_the_desk_refuses_a_visit_of_a_subject_that_is_not_open(bench: Bench) -> None:
    visit = make_visit(bench.capture.study, bench.first)
    bench.desk.open_subject(bench.second)
    bench.desk.open_visit(visit.id, of=bench.first.id)
    assert bench.desk.visit_id is None


async def test_what_was_confirmed_is_finished_whatever_is_open_then(bench: Bench) -> None:
    bench.desk.open_subject(bench.first)
    bench.model.start_visit("Baseline")
    await bench.settle()
    async with emitted(bench.model.confirmation_ready) as asked:
        bench.model.ask_to_finish()
    confirmation = confirmation_of(asked)
    bench.desk.open_subject(bench.second)
    bench.model.start_visit("Baseline")
    await bench.settle()
    bench.model.finish(confirmation, "")
    await bench.settle()
    assert [visit.status for visit in bench.capture.all_visits] == [
        VisitStatus.FINISHED,
        VisitStatus.OPEN,
    ]


async def test_nothing_is_finished_while_pictures_are_still_coming(bench: Bench) -> None:
    bench.desk.open_subject(bench.first)
    bench.model.start_visit("Baseline")
    await bench.settle()
    asked: list[object] = []
    bench.model.confirmation_ready.connect(asked.append)
    bench.capture.gate.clear()
    bench.model.intake.take_in((Path("front.jpg"),))
    bench.model.ask_to_finish()
    bench.capture.gate.set()
    await bench.settle()
    assert asked == []


async def test_the_check_of_sealed_pictures_has_a_progress_of_its_own(bench: Bench) -> None:
    bench.desk.open_subject(bench.first)
    bench.model.start_visit("Baseline")
    await bench.settle()
    bench.capture.judging.clear()
    bench.model.intake.take_in((Path("front.jpg"), Path("bad.jpg"), Path("left.jpg")))
    await eventually(lambda: bench.model.intake.state.is_judging)
    intake = bench.model.intake.state
    assert intake.steps == (0, 2)
    assert "All are sealed and safe. 0 of 2 checked" in intake.words
    bench.capture.judging.set()
    await bench.settle()
    assert not bench.model.intake.state.is_going


def test_what_must_be_done_again_is_said_before_what_is_right() -> None:
    study = make_study()
    slot = make_slots(make_visit(study, make_subject(study)))[0]
    taken = make_taken(slot)
    said = [
        Verdict(taken.rendition.id, "station", text, level, text, 50.0)
        for text, level in (
            ("Face found.", VerdictLevel.GOOD),
            ("A little soft.", VerdictLevel.WARN),
            ("Too dark.", VerdictLevel.BAD),
            ("Few pixels.", VerdictLevel.WARN),
        )
    ]
    taken = replace(taken, verdicts=tuple(said))
    (line,) = slot_line(Shelf(slot, (taken,)), "UTC").takes
    words = [mark.text for mark in line.marks]
    assert words == ["Too dark.", "A little soft.", "Few pixels.", "Face found."]


def test_what_goes_and_was_taken_on_another_day_is_named_before_finishing() -> None:
    study = make_study()
    visit = make_visit(study, make_subject(study))
    front, left, right = make_slots(visit)

    def shelf(slot: Slot, days: int, *, counts: bool = True, source: str = "exif") -> Shelf:
        """Nothing was said of it yet: the program may have ended before, or the record was lost."""
        taken = make_taken(slot)
        captured = replace(taken.original.captured, utc=START + timedelta(days=days), source=source)
        original = replace(taken.original, captured=captured)
        take = replace(taken.take, counts=counts)
        return Shelf(slot, (replace(taken, take=take, original=original),))

    def words(*shelves: Shelf) -> str:
        return other_day_words(VisitSheet(visit, shelves), "Europe/Berlin")

    both = words(shelf(front, -1), shelf(left, 30), shelf(right, 0))
    assert "Front, Left." in both
    assert visit_day(visit) in both
    own, aside, of_no_camera = (
        shelf(front, 0),
        shelf(left, 1, counts=False),
        shelf(right, 1, source="file"),
    )
    assert words(own, aside, of_no_camera) == ""


async def test_pictures_that_turn_out_to_be_computed_are_asked_about_and_not_finished(
    bench: Bench,
) -> None:
    """The batch's end came between the sheet and the yes."""
    bench.desk.open_subject(bench.first)
    bench.model.start_visit("Baseline")
    await bench.settle()
    await bench.capture.take_in_all(
        bench.capture.all_visits[0].id, [Path("front.jpg")], lambda _: None
    )
    finished: list[bool] = []
    bench.model.finished.connect(lambda: finished.append(True))
    async with emitted(bench.model.confirmation_ready) as asked:
        bench.model.ask_to_finish()
    confirmation = confirmation_of(asked)
    assert confirmation.again is None
    shelf = bench.capture.shelves[confirmation.visit_id][0]
    assert shelf.counting is not None
    sha256 = shelf.counting.rendition.digest.sha256
    bench.capture.before = [ComputedBefore(sha256, BatchId("first"), Computed.YES, START)]
    async with emitted(bench.model.confirmation_ready) as asked:
        bench.model.finish(confirmation, "")
    confirmation = confirmation_of(asked)
    assert confirmation.again is not None
    assert confirmation.again.title == "This picture was computed already on 1 Mar 2026."
    assert not finished
    bench.model.finish(confirmation, "", "the scores were lost")
    await bench.settle()
    assert (finished, bench.capture.again) == ([True], ["the scores were lost"])


async def test_what_is_refused_of_the_visit_before_is_not_listed_under_the_next_subject(
    bench: Bench,
) -> None:
    bench.desk.open_subject(bench.first)
    bench.model.start_visit("Baseline")
    await bench.settle()
    bench.capture.gate.clear()
    bench.model.intake.take_in((Path("bad-1.pdf"), Path("bad-2.pdf")))
    bench.desk.open_subject(bench.second)
    bench.model.start_visit("Baseline")
    await eventually(lambda: bench.model.state.visit_id)
    bench.capture.gate.set()
    await bench.settle()
    assert bench.model.intake.rejected == ()
    notice = bench.notices.current
    assert notice is not None
    assert notice.title == "2 files not taken in for another visit"
    assert notice.message.startswith("bad-1.pdf: Picture not taken in; bad-2.pdf: ")


async def test_who_asks_twice_to_finish_is_asked_once(bench: Bench) -> None:
    bench.desk.open_subject(bench.first)
    bench.model.start_visit("Baseline")
    await bench.settle()
    async with emitted(bench.model.confirmation_ready) as asked:
        bench.model.ask_to_finish()
        bench.model.ask_to_finish()
        await bench.settle()
    assert len(asked.calls) == 1
    async with emitted(bench.model.confirmation_ready) as asked:
        bench.model.ask_to_finish()


async def test_a_reason_is_not_typed_again_after_a_finish_that_was_refused(bench: Bench) -> None:
    bench.desk.open_subject(bench.first)
    bench.model.start_visit("Baseline")
    await bench.settle()
    async with emitted(bench.model.confirmation_ready) as asked:
        bench.model.ask_to_finish()
    confirmation = confirmation_of(asked)
    (visit,) = bench.capture.all_visits
    await bench.capture.take_in_all(visit.id, [Path("left.jpg")], lambda _: None)
    bench.model.finish(confirmation, "the camera broke", "nobody asked this")
    await bench.settle()
    assert visit.status is VisitStatus.OPEN, "another picture came after the sheet was shown"
    async with emitted(bench.model.confirmation_ready) as asked:
        bench.model.ask_to_finish()
    confirmation = confirmation_of(asked)
    assert (confirmation.reason, confirmation.reason_again) == ("the camera broke", "")
    bench.model.finish(confirmation, confirmation.reason)
    await bench.settle()
    await bench.capture.reopen(visit.id)
    async with emitted(bench.model.confirmation_ready) as asked:
        await eventually(lambda: not bench.model.state.is_finished)
        bench.model.ask_to_finish()
    assert confirmation_of(asked).reason == "", "it was said, and stands in the record"


async def test_a_reason_for_a_missing_view_stands_beside_no_other_missing_view(
    bench: Bench,
) -> None:
    bench.desk.open_subject(bench.first)
    bench.model.start_visit("Baseline")
    await bench.settle()
    (visit,) = bench.capture.all_visits
    await bench.capture.take_in_all(visit.id, [Path("front.jpg")], lambda _: None)
    async with emitted(bench.model.confirmation_ready) as asked:
        bench.model.ask_to_finish()
    stale = replace(confirmation_of(asked), shown=frozenset())
    bench.model.finish(stale, "the left cheek is bandaged")
    await bench.settle()
    assert visit.status is VisitStatus.OPEN
    shelves = bench.capture.shelves[visit.id]
    shelves[0] = replace(shelves[0], takes=())
    async with emitted(bench.model.confirmation_ready) as asked:
        bench.model.ask_to_finish()
    confirmation = confirmation_of(asked)
    assert len(confirmation.problems) > len(stale.problems)
    assert confirmation.reason == ""


async def test_a_reason_to_compute_once_more_stands_only_beside_the_same_question(
    bench: Bench,
) -> None:
    bench.desk.open_subject(bench.first)
    bench.model.start_visit("Baseline")
    await bench.settle()
    (visit,) = bench.capture.all_visits
    await bench.capture.take_in_all(visit.id, [Path("front.jpg")], lambda _: None)
    counting = bench.capture.shelves[visit.id][0].counting
    assert counting is not None
    computed = ComputedBefore(
        counting.rendition.digest.sha256, BatchId("first"), Computed.YES, START
    )
    bench.capture.before = [computed]

    async def ask() -> Confirmation:
        async with emitted(bench.model.confirmation_ready) as asked:
            bench.model.ask_to_finish()
        return confirmation_of(asked)

    stale = replace(await ask(), shown=frozenset())
    bench.model.finish(stale, "", "the scores were lost")
    await bench.settle()
    assert (await ask()).reason_again == "the scores were lost"
    bench.capture.before = [replace(computed, computed=Computed.UNKNOWN)]
    assert (await ask()).reason_again == ""
    bench.capture.before = []
    assert (await ask()).reason_again == ""


async def test_a_visit_is_of_the_subject_for_whom_it_was_started(bench: Bench) -> None:
    bench.desk.open_subject(bench.first)
    bench.model.start_visit("Baseline")
    bench.desk.open_subject(bench.second)
    await bench.settle()
    assert [visit.subject_id for visit in bench.capture.all_visits] == [bench.first.id]
    assert bench.desk.visit_id is None


async def test_files_not_taken_in_are_listed_at_their_visit_until_they_were_read(
    bench: Bench,
) -> None:
    shown: list[int] = []
    intake = bench.model.intake
    intake.rejected_changed.connect(lambda rejected: shown.append(len(rejected)))
    bench.capture.gate.set()
    bench.desk.open_subject(bench.first)
    bench.model.start_visit("Baseline")
    await bench.settle()
    first = bench.model.state.visit_id
    assert first is not None
    intake.take_in((Path("bad-1.pdf"),))
    await bench.settle()
    assert [line.name for line in intake.rejected] == ["bad-1.pdf"]
    bench.model.start_visit("Week 4")
    await bench.settle()
    assert bench.model.state.visit_id != first
    assert (intake.rejected, shown[-1]) == ((), 0)
    bench.model.open_visit(first)
    await bench.settle()
    assert [line.name for line in intake.rejected] == ["bad-1.pdf"]
    assert shown[-1] == 1
    intake.forget_rejected()
    assert (intake.rejected, shown[-1]) == ((), 0)


async def test_a_file_refused_after_its_visit_was_left_is_listed_there_all_the_same(
    bench: Bench,
) -> None:
    intake = bench.model.intake
    bench.desk.open_subject(bench.first)
    bench.model.start_visit("Baseline")
    await bench.settle()
    first = bench.model.state.visit_id
    assert first is not None
    bench.capture.gate.clear()
    intake.take_in((Path("bad-1.pdf"),))
    bench.model.start_visit("Week 4")
    await eventually(lambda: bench.model.state.visit_id not in (None, first))
    bench.capture.gate.set()
    await bench.settle()
    assert not intake.rejected
    assert bench.notices.current is not None
    bench.model.open_visit(first)
    await bench.settle()
    assert [line.name for line in intake.rejected] == ["bad-1.pdf"]
