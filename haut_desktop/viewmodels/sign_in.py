"""Sign-in: by password or private token; what is wrong is said in words, nothing typed is lost."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from PySide6.QtCore import QObject, Signal

from haut_desktop.domain.errors import HautError, MfaAccountError, TooManyRequestsError
from haut_desktop.domain.tenant import goes_in_the_clear
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.words import span

if TYPE_CHECKING:
    from haut_desktop.services.early_session import SignsIn


class Way(StrEnum):
    """How one proves who one is."""

    PASSWORD = "password"  # noqa: S105 - a word, no secret
    TOKEN = "token"  # noqa: S105 - a word, no secret


@dataclass(frozen=True, slots=True)
class PracticeAccount:
    """An account of the practice platform, offered to be picked."""

    username: str
    password: str
    role: str
    has_mfa: bool = False

    def __repr__(self) -> str:
        return f"PracticeAccount({self.role})"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What was typed; its ``repr`` shows no secret."""

    server: str
    way: Way
    username: str = ""
    secret: str = ""

    def __repr__(self) -> str:
        return f"Credentials({self.way})"

    @property
    def is_complete(self) -> bool:
        """Whether there is enough to try."""
        has_name = bool(self.username.strip()) or self.way is Way.TOKEN
        return has_name and bool(self.secret) and bool(self.server.strip())


@dataclass(frozen=True, slots=True)
class SignInState:
    """What the sign-in window shows beside the fields."""

    way: Way = Way.PASSWORD
    is_busy: bool = False
    title: str = ""
    message: str = ""
    offers_token: bool = False
    """The account has a second factor: a private token is the way in."""


def server_address(typed: str) -> str:
    """The address that was meant: https where nothing else is said, no slash last."""
    address = typed.strip()
    return (address if "://" in address else f"https://{address}").rstrip("/")


def server_problem(typed: str) -> str:
    """Say what is wrong with a server's address, or nothing."""
    address = server_address(typed)
    try:
        parts = urlsplit(address)
        is_whole = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none
        is_whole = False
    if not is_whole or any(letter.isspace() for letter in address):
        return "This is no address of a server. One looks like https://saas.haut.ai."
    if goes_in_the_clear(address):
        return "With http:// the password can be read on its way. Begin the address with https://."
    return ""


class SignInViewModel(QObject):
    """Signs in through the session and says how it went."""

    changed = Signal(object)
    signed_in = Signal()
    practice_requested = Signal()

    def __init__(
        self,
        session: "SignsIn",
        tasks: TaskScope,
        *,
        server: str,
        practice_accounts: tuple[PracticeAccount, ...] = (),
        reason: str = "",
    ) -> None:
        super().__init__()
        self._session = session
        self._tasks = tasks
        self.server = server
        self.practice_accounts = practice_accounts
        self.reason = reason
        """Why one is asked again, e.g. that the platform has ended the session."""
        self._state = SignInState()
        self._trying: asyncio.Task[None] | None = None

    @property
    def state(self) -> SignInState:
        """What is shown now."""
        return self._state

    @property
    def is_practice(self) -> bool:
        """Whether this signs in to the practice platform."""
        return bool(self.practice_accounts)

    def choose(self, way: Way) -> None:
        """Take another way in; a message about the first one is no longer true."""
        self._show(SignInState(way))

    def submit(self, credentials: Credentials) -> None:
        """Try; while one try is under way another one is not started."""
        if credentials.is_complete and not self._state.is_busy:
            self._show(SignInState(credentials.way, is_busy=True))
            self._trying = self._tasks.start(self._try(credentials), name="sign-in")

    def give_up(self) -> None:
        """End the try that is under way: nobody is signed in by a window that was closed."""
        # once: a second time would break off what puts everything back
        if self._trying is not None and not self._trying.cancelling():
            self._trying.cancel()

    async def given_up(self) -> None:
        """Give up, and wait until the try has ended and everything is as it was before."""
        self.give_up()
        if self._trying is not None:
            await asyncio.wait((self._trying,))

    def ask_for_practice(self) -> None:
        """Ask for the practice platform instead."""
        self.practice_requested.emit()

    async def _try(self, credentials: Credentials) -> None:
        try:
            await self._attempt(credentials)
        except HautError as error:
            self._show(_refused(credentials.way, error))
        else:
            self._show(replace(self._state, is_busy=False))
            self.signed_in.emit()

    def _attempt(self, credentials: Credentials) -> Coroutine[Any, Any, object]:
        server = server_address(credentials.server)
        if credentials.way is Way.TOKEN:
            return self._session.sign_in_with_token(server, credentials.secret.strip())
        return self._session.sign_in(server, credentials.username.strip(), credentials.secret)

    def _show(self, state: SignInState) -> None:
        self._state = state
        self.changed.emit(state)


def _refused(way: Way, error: HautError) -> SignInState:
    title, message = error.title, error.message
    if isinstance(error, TooManyRequestsError):
        wait = f"Wait {span(error.retry_after_s)}" if error.retry_after_s else "Wait a few minutes"
        title = "Too many tries"
        message = f"The platform takes no more sign-ins from here for now. {wait} and try again."
    return SignInState(way, False, title, message, isinstance(error, MfaAccountError))
