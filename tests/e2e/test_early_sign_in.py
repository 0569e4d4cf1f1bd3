"""The sign-in window comes before the station is open, and what is typed meanwhile counts."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QPushButton

from haut_desktop import settings
from haut_desktop.app import Mode, Program, make_application
from haut_desktop.domain.errors import KeyringError, KeyringLockedError
from haut_desktop.services import interrupted
from haut_desktop.services.early_session import SignedOutNote
from haut_desktop.services.interrupted import InterruptedIntake
from haut_desktop.services.tasks import TaskScope
from haut_desktop.settings import AppPaths
from haut_desktop.widgets.sign_in_dialog import SignInDialog
from haut_desktop.widgets.unlock_dialog import UnlockDialog
from tests.e2e.stations import set_up_station
from tests.fakes.keyring import FakeSecrets, locked
from tests.fakes.practice import PASSWORD, TECHNICIAN, PracticePlatform
from tests.waiting import eventually


@pytest.fixture
async def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppPaths:
    """A computer with a station where nobody is signed in."""
    # whatever disk the tests' folder lies on is good enough for them
    monkeypatch.setattr(settings, "PASSING_FILE_SYSTEMS", frozenset())
    paths = AppPaths(tmp_path)
    store = await set_up_station(paths.station, _SECRETS)
    await store.aclose()
    SignedOutNote(paths.station).write()
    return paths


@pytest.fixture
def application(qapp: QApplication) -> QApplication:
    """The application as the program sets it up: it does not end with a window."""
    return make_application()


ProgramWith = Callable[[FakeSecrets], Program]


@pytest.fixture
def program_with(
    application: QApplication, paths: AppPaths, practice_platform: PracticePlatform
) -> ProgramWith:
    """Makes the program for this computer's station and such a keyring."""
    url = practice_platform.url
    return lambda secrets: Program(
        application, paths=paths, mode=Mode.STUDY, secrets=secrets, platform=url
    )


_SECRETS = FakeSecrets()


def secrets_of(trouble: type[KeyringError]) -> FakeSecrets:
    """This account's keyring, with the station's key in it, in trouble."""
    return FakeSecrets(_SECRETS.kept, trouble)


@asynccontextmanager
async def running(program: Program) -> AsyncIterator[None]:
    """The program at work; ended as its window's cross would end it."""
    scope = TaskScope("test", lambda error: pytest.fail(str(error)))
    task = scope.start(program.run(), name="program")
    try:
        yield
    finally:
        program.request_close()
        async with asyncio.timeout(30):
            await task
        await scope.aclose()


def type_credentials(dialog: QDialog | None) -> None:
    """Fill in the technician's account and press the button."""
    assert isinstance(dialog, SignInDialog)
    for name, text in (("username", TECHNICIAN), ("password", PASSWORD)):
        edit = dialog.findChild(QLineEdit, name)
        assert edit is not None
        edit.setText(text)
    button = dialog.findChild(QPushButton, "sign-in")
    assert button is not None
    button.click()


async def test_what_is_typed_before_the_station_is_open_signs_in(
    program_with: ProgramWith, paths: AppPaths
) -> None:
    program = program_with(_SECRETS)
    async with running(program):
        type_credentials(await eventually(lambda: program.dialog))
        await eventually(lambda: program.shell)
        assert not SignedOutNote(paths.station).is_there


async def test_a_full_vault_is_looked_through_once_the_window_is_there(
    program_with: ProgramWith, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[bool] = []
    looked = asyncio.Event()
    settle = InterruptedIntake.settle

    async def noted(intake: InterruptedIntake, *, has_window: bool = False) -> None:
        waits.append(has_window)
        await settle(intake, has_window=has_window)
        looked.set()

    monkeypatch.setattr(InterruptedIntake, "settle", noted)
    monkeypatch.setattr(interrupted, "AT_ONCE", 0)
    monkeypatch.setattr(interrupted, "FIRST_PAGES_S", 0.0)
    program = program_with(_SECRETS)
    async with running(program):
        type_credentials(await eventually(lambda: program.dialog))
        await eventually(looked.is_set)
        assert waits == [True]


async def test_a_wrong_note_still_leads_to_the_kept_sign_in(
    program_with: ProgramWith, paths: AppPaths
) -> None:
    first = program_with(_SECRETS)
    async with running(first):
        type_credentials(await eventually(lambda: first.dialog))
        await eventually(lambda: first.shell)
    SignedOutNote(paths.station).write()  # wrong, as after a write that was lost
    again = program_with(_SECRETS)
    async with running(again):
        await eventually(lambda: again.shell)
        assert again.dialog is None
        assert not SignedOutNote(paths.station).is_there


async def test_a_locked_keyring_is_told_over_the_sign_in_window(program_with: ProgramWith) -> None:
    program = program_with(locked())
    async with running(program):
        first = await eventually(lambda: program.dialog)
        unlock = await eventually(
            lambda: program.dialog if isinstance(program.dialog, UnlockDialog) else None
        )
        assert unlock is not None
        assert unlock.parent() is first
        unlock.reject()


class PromptingSecrets(FakeSecrets):
    """A keyring whose own prompt stands there until a test answers it."""

    def __init__(self, trouble: type[KeyringError] | None) -> None:
        super().__init__(_SECRETS.kept, trouble)
        self.asked = threading.Event()
        self.answered = threading.Event()

    def get(self, name: str) -> str | None:
        """Give a secret, once the prompt is answered."""
        self.asked.set()
        assert self.answered.wait(20), "nobody answered the prompt"
        return super().get(name)


async def _sign_in_over_prompt(program: Program, secrets: PromptingSecrets) -> SignInDialog:
    await eventually(secrets.asked.is_set)
    dialog = program.dialog
    assert isinstance(dialog, SignInDialog)
    return dialog


async def test_who_leaves_the_sign_in_is_asked_nothing_more(program_with: ProgramWith) -> None:
    secrets = PromptingSecrets(KeyringLockedError)
    program = program_with(secrets)
    scope = TaskScope("test", lambda error: pytest.fail(str(error)))
    run = scope.start(program.run(), name="program")
    dialog = await _sign_in_over_prompt(program, secrets)
    dialog.reject()
    await eventually(lambda: program.dialog is None)
    secrets.answered.set()  # and the keyring stays locked
    async with asyncio.timeout(30):
        await run
    await scope.aclose()


async def test_practice_opens_though_the_station_behind_the_sign_in_does_not(
    program_with: ProgramWith,
) -> None:
    secrets = PromptingSecrets(KeyringLockedError)
    program = program_with(secrets)
    async with running(program):
        dialog = await _sign_in_over_prompt(program, secrets)
        practice = dialog.findChild(QPushButton, "practice")
        assert practice is not None
        practice.click()
        secrets.answered.set()
        other = await eventually(
            lambda: program.dialog if program.dialog not in (None, dialog) else None
        )
        assert isinstance(other, SignInDialog)
