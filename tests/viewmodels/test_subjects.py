"""The subjects' view model: what the record says last is what the desk shows."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import cast

from pytestqt.qtbot import QtBot

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
from haut_desktop.viewmodels.subject_words import visits_words
from haut_desktop.viewmodels.subjects import SubjectsState, SubjectsViewModel
from tests.fakes.builders import make_study, make_subject
from tests.fakes.clock import FakeClock
from tests.waiting import eventually


@dataclass
class SlowSubjects:
    """A record whose readings end when, and in the order in which, a test lets them."""

    asked: list[asyncio.Future[Subject]] = field(default_factory=list)

    async def search(self, _study: Study, _text: str) -> tuple[SubjectRow, ...]:
        return ()

    async def sync(self, _study: Study) -> SubjectSync:
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
