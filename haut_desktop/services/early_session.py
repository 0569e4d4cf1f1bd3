"""Signing in before the station is open: the dialog comes at once, the attempt waits."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from haut_desktop.services.session import Session


class SignsIn(Protocol):
    """What a sign-in dialog needs of a session."""

    async def sign_in(self, server: str, username: str, password: str) -> None:
        """Sign in by e-mail and password."""
        ...

    async def sign_in_with_token(self, server: str, token: str) -> None:
        """Sign in with a private token."""
        ...


class EarlySession:
    """Takes what was typed and hands it to the session, once that has arrived."""

    def __init__(self) -> None:
        self._arrived = asyncio.Event()
        self._session: Session | None = None

    def arrive(self, session: "Session") -> None:
        """Go on with the real session."""
        self._session = session
        self._arrived.set()

    async def sign_in(self, server: str, username: str, password: str) -> None:
        """Sign in by e-mail and password as soon as the station is open."""
        await (await self._real()).sign_in(server, username, password)

    async def sign_in_with_token(self, server: str, token: str) -> None:
        """Sign in with a private token as soon as the station is open."""
        await (await self._real()).sign_in_with_token(server, token)

    async def _real(self) -> "Session":
        await self._arrived.wait()
        assert self._session is not None, "it has arrived"
        return self._session


class SignedOutNote:
    """An empty file that says nobody is signed in, so that the next start may ask at once.

    A wrong note costs a moment and nothing else: the encrypted database decides.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "signed-out"

    @property
    def is_there(self) -> bool:
        """Whether the last start ended with nobody signed in."""
        return self._path.is_file()

    def write(self) -> None:
        """Note that nobody is signed in."""
        try:
            self._path.touch()
        except OSError:
            return  # the next start asks a little later

    def erase(self) -> None:
        """Note that somebody is."""
        try:
            self._path.unlink(missing_ok=True)
        except OSError:
            return
