"""The registration form: whose study it registers in, and which code it is looking up."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import cast

import pytest_asyncio
from PySide6.QtWidgets import QApplication

from haut_desktop.domain.errors import HautError, UnreachableError
from haut_desktop.domain.study import Study
from haut_desktop.domain.subjects import Subject, SubjectDetails
from haut_desktop.services.subjects import CodeCheck, Subjects
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.desk import Desk
from haut_desktop.viewmodels.subject_form import FormInput, SubjectFormViewModel
from tests.fakes.builders import make_study, make_subject
from tests.fakes.clock import FakeClock
from tests.waiting import eventually


@dataclass
class SlowRegister:
    """Registers at once; a look-up ends when a test lets it."""

    registered: list[Study] = field(default_factory=list)
    asked: dict[str, asyncio.Future[CodeCheck]] = field(default_factory=dict)

    async def register(self, study: Study, text: str, _details: SubjectDetails) -> Subject:
        self.registered.append(study)
        return make_subject(study, text)

    async def check_code(self, _study: Study, text: str) -> CodeCheck:
        self.asked[text] = asyncio.get_running_loop().create_future()
        return await self.asked[text]


@dataclass
class Bench:
    """A form at a desk with a study, and the record behind it."""

    form: SubjectFormViewModel
    record: SlowRegister
    desk: Desk
    study: Study
    tasks: TaskScope


@pytest_asyncio.fixture
async def bench(qapp: QApplication) -> AsyncIterator[Bench]:
    errors, study = list[HautError](), make_study()
    tasks, desk, record = TaskScope("test", errors.append), Desk("UTC"), SlowRegister()
    desk.open_study(study)
    form = SubjectFormViewModel(cast(Subjects, record), desk, tasks, FakeClock())
    yield Bench(form, record, desk, study, tasks)
    await tasks.aclose()
    assert not errors


async def test_a_subject_is_of_the_study_in_which_they_were_registered(bench: Bench) -> None:
    opened: list[object] = []
    bench.form.registered.connect(opened.append)
    bench.form.register(FormInput("B-001"))
    bench.desk.open_study(make_study("Another"))
    await eventually(lambda: not bench.tasks.running())
    assert bench.record.registered == [bench.study]
    assert not opened, "under another study nobody of this one is opened"
    assert not bench.form.state.is_busy


async def test_a_failed_look_up_of_the_code_before_leaves_the_next_one_looking(
    bench: Bench,
) -> None:
    bench.form.check_code("B-001")
    await eventually(lambda: "B-001" in bench.record.asked)
    bench.form.check_code("B-002")
    await eventually(lambda: "B-002" in bench.record.asked)
    bench.record.asked["B-001"].set_exception(UnreachableError())
    await eventually(lambda: len(bench.tasks.running()) == 1)
    assert bench.form.state.is_checking
    bench.record.asked["B-002"].set_exception(UnreachableError())
    await eventually(lambda: not bench.tasks.running())
    assert not bench.form.state.is_checking
