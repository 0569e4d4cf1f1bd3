"""The subjects' view model: what the record says last is what the desk shows."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import cast

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from haut_desktop.domain.ageing import OVERDUE_AFTER_S, WAITS_LONG_AFTER_S
from haut_desktop.domain.delivery import RegistrationState
from haut_desktop.domain.errors import HautError
from haut_desktop.domain.ids import SubjectId
from haut_desktop.domain.overviews import SUBJECTS_AT_MOST, SubjectRow
from haut_desktop.domain.study import Study
from haut_desktop.domain.subjects import FROM_THE_PLATFORM, Subject
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.subject_list import SubjectSync
from haut_desktop.services.subjects import Subjects
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.desk import Desk
from haut_desktop.viewmodels.notices import NoticesViewModel
from haut_desktop.viewmodels.subject_words import registration_words, visits_words
from haut_desktop.viewmodels.subjects import SubjectsModel, SubjectsState, SubjectsViewModel
from tests.fakes.builders import make_study, make_subject
from tests.fakes.clock import START, FakeClock
from tests.waiting import eventually


@dataclass
class SlowSubjects:
    """A record whose readings end when, and in the order in which, a test lets them."""

    asked: list[asyncio.Future[Subject]] = field(default_factory=list)
    synced: list[Study] = field(default_factory=list)

    async def search(self, _study: Study, _text: str) -> tuple[SubjectRow, ...]:
        return ()

    async def sync(self, study: Study) -> SubjectSync:
        self.synced.append(study)
        return SubjectSync(0, 0, ())

    async def get(self, _subject_id: SubjectId) -> Subject:
        self.asked.append(asyncio.get_running_loop().create_future())
        return await self.asked[-1]


async def test_of_two_readings_at_once_the_later_one_stays_on_the_desk(qtbot: QtBot) -> None:
    study, errors = make_study(), list[HautError]()
    record, desk, changes = SlowSubjects(), Desk("UTC"), Changes()
    tasks = TaskScope("test", errors.append)
    draft = make_subject(study, "B-007")
    between, registered = (
        replace(draft, registrations=tuple(replace(r, state=state) for r in draft.registrations))
        for state in (RegistrationState.REGISTERING, RegistrationState.REGISTERED)
    )
    _model = SubjectsViewModel(
        cast(Subjects, record), desk, NoticesViewModel(), tasks, changes, FakeClock()
    )
    desk.open_study(study)
    desk.open_subject(draft)
    for _ in range(2):
        changes.send(Change(Topic.SUBJECTS))
    await eventually(lambda: len(record.asked) == 2)
    earlier, later = record.asked
    earlier.set_result(between)
    later.set_result(registered)
    await eventually(lambda: desk.subject is registered)
    await tasks.aclose()
    assert not errors


def test_the_list_says_its_order_and_that_there_may_be_more() -> None:
    words = [SubjectsState(shown=shown).shown_words for shown in (1, 7, SUBJECTS_AT_MOST)]
    assert words == ["1 subject", "7 subjects, most recent first", "The 200 most recent subjects"]


def test_visits_that_were_never_read_are_not_said_to_be_none() -> None:
    here = make_subject(make_study(), "B-007")
    (code,) = here.codes
    there = replace(here, codes=(replace(code, reason=FROM_THE_PLATFORM),))
    assert visits_words(SubjectRow(here, 0, None, 0)) == "no visit yet"
    assert visits_words(SubjectRow(there, 0, None, 0)) == "visits not read yet"
    assert visits_words(SubjectRow(there, 2, None, 0)) == "2 visits"


@pytest.mark.parametrize(
    ("state", "seconds", "words", "tone"),
    [
        (RegistrationState.DRAFT, WAITS_LONG_AFTER_S - 1, "Waits for registration", "neutral"),
        (RegistrationState.DRAFT, WAITS_LONG_AFTER_S, "Not registered for 1 h", "warn"),
        (RegistrationState.REGISTERING, WAITS_LONG_AFTER_S, "Not registered for 1 h", "warn"),
        (RegistrationState.DRAFT, 3 * OVERDUE_AFTER_S, "Not registered for 3 days", "bad"),
        (RegistrationState.HELD, 0, "Registration held", "bad"),
        (RegistrationState.HELD, 3 * OVERDUE_AFTER_S, "Registration held, 3 days", "bad"),
        (RegistrationState.REGISTERED, 3 * OVERDUE_AFTER_S, "Registered", "good"),
    ],
)
def test_a_registration_that_waits_ages(
    state: RegistrationState, seconds: float, words: str, tone: str
) -> None:
    made = make_subject(make_study(), state=state)
    registrations = tuple(replace(one, created_at=START) for one in made.registrations)
    subject = replace(made, registrations=registrations)
    assert registration_words(subject, START + timedelta(seconds=seconds)) == (words, tone)


def test_the_list_ages_without_being_read_again(qapp: QApplication) -> None:
    clock = FakeClock()
    made = make_subject(make_study(), "B-007")
    registrations = tuple(replace(one, created_at=clock()) for one in made.registrations)
    model = SubjectsModel("UTC", clock)
    model.show((SubjectRow(replace(made, registrations=registrations), 0, None, 0),))
    assert model.line(0).registration == "Waits for registration"
    clock.advance(WAITS_LONG_AFTER_S)
    model.age_passed()
    assert model.line(0).registration == "Not registered for 1 h"


async def test_each_study_is_synchronised_once_however_fast_they_are_turned(qtbot: QtBot) -> None:
    first, second = make_study("First"), make_study("Second")
    errors, record, desk = list[HautError](), SlowSubjects(), Desk("UTC")
    tasks = TaskScope("test", errors.append)
    _model = SubjectsViewModel(
        cast(Subjects, record), desk, NoticesViewModel(), tasks, Changes(), FakeClock()
    )
    desk.open_study(first)
    desk.open_study(second)
    await eventually(lambda: not tasks.running())
    assert record.synced == [first, second]
    await tasks.aclose()
    assert not errors
