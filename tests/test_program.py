"""The program around its windows: one dialog at a time, an end that nothing forgets."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
import pytest_asyncio
from PySide6.QtWidgets import QApplication, QDialog

from haut_desktop.app import Mode, Program, make_application
from haut_desktop.desktop.instance import FolderLock
from haut_desktop.domain.errors import StationError
from haut_desktop.settings import AppPaths
from haut_desktop.signing_in import SigningIn
from haut_desktop.viewmodels.sign_in import PracticeAccount
from haut_desktop.workplace import Workplace
from tests.fakes.timers import settle
from tests.waiting import eventually


class _Session:
    """A session of which only the leaving is asked."""

    def __init__(self) -> None:
        self.left = 0

    async def sign_out(self) -> None:
        self.left += 1


class _Work:
    def __init__(self) -> None:
        self.session = _Session()


class _Asking(SigningIn):
    """Counts the sign-in dialogs instead of showing them."""

    asked = 0

    async def sign_in(
        self, work: Workplace, accounts: tuple[PracticeAccount, ...] = (), reason: str = ""
    ) -> bool:
        self.asked += 1
        return False


@pytest_asyncio.fixture
async def program(qapp: QApplication, tmp_path: Path) -> AsyncIterator[Program]:
    made = Program(make_application(), paths=AppPaths(tmp_path), mode=Mode.STUDY)
    yield made
    await made._tasks.aclose()


async def test_signing_out_twice_opens_one_dialog(program: Program) -> None:
    work = _Work()
    asking = _Asking(
        ask=program.ask,
        tasks=program._tasks,
        notices=program.notices,
        want_practice=lambda _dialog: None,
        note=None,
        window=lambda: None,
    )
    program._sign_out(cast(Workplace, work), asking)
    program._sign_out(cast(Workplace, work), asking)
    await eventually(lambda: asking.asked > 0)
    await settle()
    assert (work.session.left, asking.asked) == (1, 1)


async def test_an_end_that_was_asked_for_between_two_dialogs_is_not_forgotten(
    program: Program,
) -> None:
    program.request_close()
    assert not await program.ask(QDialog())
    await program.run()


class _Stubborn(QDialog):
    """Stays until its work is done, as the window of a rebuild does."""

    def reject(self) -> None:
        """Stay."""


async def test_an_end_reaches_the_dialog_below_one_that_stays_until_its_work_is_done(
    program: Program,
) -> None:
    below, above = QDialog(), _Stubborn()
    asked = [program._tasks.start(program.ask(below), name="below")]
    await eventually(lambda: program.dialog is below)
    asked.append(program._tasks.start(program.ask(above), name="above"))
    await eventually(lambda: program.dialog is above)
    program.request_close()
    assert not any(task.done() for task in asked)
    above.accept()
    await eventually(lambda: all(task.done() for task in asked))
    assert [task.result() for task in asked] == [False, True]


async def test_practice_from_the_studys_window_waits_for_the_practice_that_is_open(
    program: Program, tmp_path: Path
) -> None:
    folder = AppPaths(tmp_path).practice_station
    folder.mkdir(parents=True)
    other = FolderLock(folder)
    assert other.acquire()
    program._mode = Mode.PRACTICE
    with pytest.raises(StationError) as caught:
        await program.run()
    assert caught.value.title == "Practice is open already"
    other.release()
