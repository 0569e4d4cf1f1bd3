"""The sign-in that the station keeps, as a command uses it: one renewal, whoever makes it.

A refresh token is good for one renewal. While the window is open it renews, and the command reads
what came of it; without a window the command renews and keeps the new tokens, under the lock that
the window takes.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final

from haut_desktop.api.auth import TokenKeeper
from haut_desktop.api.client import HautApi
from haut_desktop.domain.clock import system_clock
from haut_desktop.domain.errors import AccountError, OtherSignInError, SignedOutError
from haut_desktop.domain.session import SignedIn, Tokens
from haut_desktop.outbox_command.record import StationInUseError
from haut_desktop.store.station import Station

OpenAlone = Callable[[], AbstractAsyncContextManager[Station]]
"""Opens the station to change it; raises StationInUseError while the window is open."""

_SIGN_IN: Final = "The kept sign-in has ended. Open the program, sign in, and try again."
_LOOK: Final = (
    "The kept sign-in has ended, and the program, which is open, has not renewed it. Look whether "
    "it asks somebody to sign in, and try again."
)


class KeptSignIn:
    """Asks the platform as whoever is signed in on the station."""

    def __init__(self, kept: SignedIn, station: Station, open_alone: OpenAlone) -> None:
        self._account = kept.account
        self._station = station
        self._open_alone = open_alone
        keeper = TokenKeeper(system_clock)
        self.api = HautApi(kept.account.server, keeper, clock=system_clock)
        keeper.exchange = self._renew
        keeper.use(kept)

    async def _renew(self, seen: Tokens) -> Tokens:
        """Give tokens that are newer than ``seen``; raises SignedOutError with what helps."""
        try:
            async with self._open_alone() as station:
                tokens = await self._kept(station)
                if tokens.access != seen.access:
                    return tokens  # a window renewed them and was closed
                renewed = await self._exchange(tokens)
                await station.credentials.save(SignedIn(self._account, renewed))
                return renewed
        except StationInUseError:
            tokens = await self._kept(self._station)
            if tokens.access == seen.access:
                raise SignedOutError(_LOOK) from None
            return tokens

    async def _exchange(self, tokens: Tokens) -> Tokens:
        try:
            return await self.api.refresh(tokens)
        except AccountError as error:
            raise SignedOutError(_SIGN_IN) from error

    async def _kept(self, station: Station) -> Tokens:
        kept = await station.credentials.load()
        if kept is None:
            raise SignedOutError(_SIGN_IN)
        if kept.account != self._account:
            raise OtherSignInError
        return kept.tokens
