"""Signing in: what is told of the work before, and what comes of a sign-in that is left."""

import asyncio
from dataclasses import dataclass, field
from typing import cast

import pytest
import shiboken6
from PySide6.QtWidgets import QApplication, QDialog

from haut_desktop.app import make_application
from haut_desktop.domain.errors import HautError, StationError
from haut_desktop.domain.ids import CompanyId
from haut_desktop.domain.session import Account
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.tasks import TaskScope
from haut_desktop.signing_in import SigningIn, unsent_notice
from haut_desktop.viewmodels.notices import NoticesViewModel
from haut_desktop.viewmodels.sign_in import Credentials, Way
from haut_desktop.widgets.ask import finish
from haut_desktop.widgets.sign_in_dialog import SignInDialog
from haut_desktop.workplace import Workplace
from tests.waiting import eventually

HERE = Account("https://saas.haut.ai", CompanyId("c"), 7, "tech@example.com")
COLLEAGUE = Account(HERE.server, HERE.company_id, 8, "colleague@example.com")


def test_another_companys_pictures_wait_for_that_company() -> None:
    other = Account(HERE.server, CompanyId("d"), 8, "other@example.com")
    notice = unsent_notice(HERE, other, 1)
    assert notice.title == "1 picture of another company waits"
    assert "of that company signs in again" in notice.message


def test_the_server_is_named_when_that_is_what_differs() -> None:
    other = Account("https://staging.haut.ai", CompanyId("c"), 7, "tech@example.com")
    notice = unsent_notice(HERE, other, 2)
    assert notice.title == "2 pictures for https://saas.haut.ai wait"
    assert "you are at https://staging.haut.ai" in notice.message


@dataclass
class Taken:
    """A station on which somebody else of the same company has just signed in."""

    unsent: int
    predecessor: Account = HERE
    account: Account = COLLEAGUE
    changes: Changes = field(default_factory=Changes)
    tasks: TaskScope = field(default_factory=lambda: TaskScope("station", lambda _error: None))

    @property
    def session(self) -> "Taken":
        return self

    @property
    def store(self) -> "Taken":
        return self

    @property
    def studies(self) -> "Taken":
        return self

    async def restore(self) -> bool:
        return True

    async def unsent_pictures(self, _tenant: object) -> int:
        return self.unsent


@pytest.mark.parametrize(
    ("unsent", "titles"), ((0, []), (1, ["1 picture is sent with your sign-in"]))
)
async def test_a_colleague_is_told_of_what_waits_and_whose_work_it_was(
    qapp: QApplication, unsent: int, titles: list[str]
) -> None:
    make_application()  # it does not end with a window
    told: list[HautError] = []
    tasks, notices, shown = TaskScope("test", told.append), NoticesViewModel(), list[QDialog]()

    async def ask(dialog: QDialog) -> bool:
        shown.append(dialog)
        return await finish(dialog)

    taken = Taken(unsent)

    async def open_work() -> Workplace | None:
        return cast(Workplace, taken)

    signing_in = SigningIn(
        ask=ask,
        tasks=tasks,
        notices=notices,
        want_practice=lambda dialog: dialog.reject(),
        note=None,
        window=lambda: None,
    )
    work, is_in = await signing_in.before_opening(open_work, HERE.server, ask_no_more=lambda: None)
    assert (work is not None, is_in) == (True, True)
    now = notices.current
    assert [now.title for now in (now,) if now is not None] == titles
    assert now is None or "tech@example.com worked here before" in now.message
    taken.unsent = 0
    taken.changes.send(Change(Topic.OUTBOX))
    await eventually(lambda: notices.current is None)
    signing_in.close()
    await taken.tasks.aclose()
    shiboken6.delete(shown[0])
    await tasks.aclose()
    assert not told


async def test_a_station_that_fails_once_the_sign_in_was_left_is_told_and_ends_nothing(
    qapp: QApplication,
) -> None:
    make_application()  # it does not end with a window
    told: list[HautError] = []
    tasks, shown = TaskScope("test", told.append), list[QDialog]()
    prompt, stopped = asyncio.Event(), list[bool]()

    async def ask(dialog: QDialog) -> bool:
        shown.append(dialog)
        return await finish(dialog)

    async def open_work() -> Workplace | None:
        await prompt.wait()
        raise StationError("The folder is gone.")

    signing_in = SigningIn(
        ask=ask,
        tasks=tasks,
        notices=NoticesViewModel(),
        want_practice=lambda dialog: dialog.reject(),
        note=None,
        window=lambda: None,
    )
    asked = tasks.start(
        signing_in.before_opening(open_work, HERE.server, ask_no_more=lambda: stopped.append(True)),
        name="sign in",
    )
    (dialog,) = await eventually(lambda: shown)
    dialog.reject()
    await eventually(lambda: stopped)
    shiboken6.delete(dialog)  # as the program does with what was answered
    prompt.set()
    assert await asked == (None, False)
    assert [error.message for error in told] == ["The folder is gone."]
    await tasks.aclose()


@dataclass
class HeldSession:
    """A platform that answers when a test lets it, and what came of the try in the end."""

    answers: asyncio.Event
    ended: list[str]

    async def sign_in(self, _server: str, _username: str, _password: str) -> None:
        self.ended.append("begun")
        try:
            await self.answers.wait()
            self.ended.append("signed in")
        except asyncio.CancelledError:
            # as the session, which puts everything back before it ends
            await asyncio.get_running_loop().run_in_executor(None, self.ended.append, "put back")
            raise


@dataclass
class HeldWork:
    """A station that is open."""

    session: HeldSession

    @property
    def api(self) -> Account:
        return HERE


async def test_a_try_ends_with_the_dialog_that_was_closed_during_it(qapp: QApplication) -> None:
    make_application()  # it does not end with a window
    told: list[HautError] = []
    tasks, shown = TaskScope("test", told.append), list[SignInDialog]()
    session = HeldSession(asyncio.Event(), [])

    async def ask(dialog: QDialog) -> bool:
        assert isinstance(dialog, SignInDialog)
        shown.append(dialog)
        return await finish(dialog)

    signing_in = SigningIn(
        ask=ask,
        tasks=tasks,
        notices=NoticesViewModel(),
        want_practice=lambda dialog: dialog.reject(),
        note=None,
        window=lambda: None,
    )
    asked = tasks.start(signing_in.sign_in(cast(Workplace, HeldWork(session))), name="sign in")
    (dialog,) = await eventually(lambda: shown)
    dialog._view_model.submit(Credentials(HERE.server, Way.PASSWORD, "tech@example.com", "secret"))
    await eventually(lambda: session.ended)
    dialog.reject()
    session.answers.set()
    assert await asked is False
    assert session.ended == ["begun", "put back"]
    shiboken6.delete(dialog)
    await tasks.aclose()
    assert not told
