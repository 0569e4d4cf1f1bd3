"""The bearer token: kept fresh by one request however many wait, never shown to another host."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

import httpx

from haut_desktop.api.errors import is_of_token
from haut_desktop.api.token_times import life_of
from haut_desktop.api.transport import origin_of
from haut_desktop.domain.clock import Clock, system_clock
from haut_desktop.domain.errors import (
    AccountError,
    HautError,
    NetworkError,
    OtherAccountError,
    OtherSignInError,
    ServerError,
    SignedOutError,
    StationError,
    UnreachableError,
)
from haut_desktop.domain.session import Account, SignedIn, Tokens

_log = logging.getLogger(__name__)

_MARGIN_SHARE: Final = 0.1
_LARGEST_MARGIN: Final = timedelta(seconds=30)
_ASK_AGAIN_AFTER: Final = timedelta(hours=1)
"""A refresh token that was refused is not shown to the platform again at every call."""

Exchange = Callable[[Tokens], Awaitable[Tokens]]
"""Asks the platform for new tokens; raises AccountError only if it refused."""


async def _keep_nowhere(_tokens: Tokens) -> None:
    """Keep tokens in memory alone."""


def _tell_nobody_else() -> None:
    """Let an acceptance pass in silence."""


def _tell_nobody(_error: AccountError) -> None:
    """Let a refusal be seen by the callers alone."""


class TokenKeeper:
    """Holds the tokens of the one who is signed in and renews them, one request at a time."""

    def __init__(self, clock: Clock = system_clock) -> None:
        self._clock = clock
        self._tokens: Tokens | None = None
        self._account: Account | None = None
        self._aside: Tokens | None = None
        self._flight: asyncio.Future[tuple[Tokens | HautError]] | None = None
        self.exchange: Exchange | None = None
        """Set by the client that knows how to ask the platform."""
        self.on_changed: Callable[[Tokens], Awaitable[None]] = _keep_nowhere
        """Persists new tokens; awaited before anybody uses them."""
        self.on_refused: Callable[[AccountError], None] = _tell_nobody
        """Hears that the platform refuses the tokens for good; network trouble is no refusal."""
        self.on_accepted: Callable[[], None] = _tell_nobody_else
        """Hears that tokens which had been refused are accepted again."""
        self._refused_at: datetime | None = None

    @property
    def tokens(self) -> Tokens | None:
        """The tokens in use."""
        return self._tokens

    @property
    def account(self) -> Account | None:
        """Whose tokens they are."""
        return self._account

    @property
    def aside(self) -> Tokens | None:
        """The tokens that were laid aside, renewed where a renewal ended since."""
        return self._aside

    def lay_aside(self) -> None:
        """Use no tokens until ``use``; a renewal that is under way makes the present ones void."""
        if self._tokens is not None:
            aside = self._tokens
            self.use(None)
            self._aside = aside

    def use(self, signed_in: SignedIn | None) -> None:
        """Go on with another sign-in, or with none; what was laid aside is forgotten."""
        self._aside = None
        self._tokens = signed_in.tokens if signed_in else None
        self._account = signed_in.account if signed_in else None
        self._refused_at = None

    def check_still(self, who: Account | None) -> None:
        """Raise unless ``who`` is signed in still: what was begun for one isn't ended for another.

        Not even for a colleague, who may see less. What was begun while nobody was signed in is
        nobody's. Raises SignedOutError, OtherSignInError or, for another tenant, OtherAccountError.
        """
        if who is None or self._account == who:
            return
        if self._account is None:
            raise SignedOutError
        raise OtherSignInError if self._account.tenant == who.tenant else OtherAccountError

    async def fresh(self) -> Tokens:
        """Tokens that are good for a request; renews them if they are about to end.

        While they are still valid, trouble of the network in renewing them is nobody's trouble.
        """
        tokens = self._present()
        if not self._is_ending(tokens):
            return tokens
        try:
            return await self.refresh(tokens)
        except (NetworkError, ServerError):
            if tokens.expires_at is None or self._clock() >= tokens.expires_at:
                raise
            return tokens

    async def refresh(self, seen: Tokens | None = None) -> Tokens:
        """Renew the tokens unless somebody did since ``seen``; all who wait share one request.

        A caller that is cancelled does not break off the request the others wait for.
        """
        tokens = self._present()
        if seen is not None and seen.access != tokens.access:
            return tokens
        if self._refused_at is not None and self._clock() < self._refused_at + _ASK_AGAIN_AFTER:
            raise SignedOutError
        flight = self._flight
        if flight is None or flight.done():
            self._flight = flight = asyncio.gather(self._renew(tokens))
        (outcome,) = await asyncio.shield(flight)
        if isinstance(outcome, HautError):
            raise outcome
        return outcome

    def refuse(self, seen: Tokens, error: AccountError) -> None:
        """Take note that the platform refused ``seen`` for good; newer tokens are not affected."""
        if self._tokens is not None and self._tokens.access == seen.access:
            self._refused_at = self._clock()
            self.on_refused(error)

    def accept(self, seen: Tokens) -> None:
        """Take note that the platform accepts ``seen``, perhaps after all."""
        if self._refused_at is None or self._tokens is None or self._tokens.access != seen.access:
            return
        self._refused_at = None
        self.on_accepted()

    async def aclose(self) -> None:
        """Wait for a renewal that is under way: its answer may be the only valid token."""
        if self._flight is not None:
            await asyncio.wait([self._flight])

    async def _renew(self, tokens: Tokens) -> Tokens | HautError:
        """Renewed tokens, or the error that everybody who waited gets."""
        try:
            renewed = await self._exchanged(tokens)
        except AccountError as error:
            self.refuse(tokens, error)
            return error
        except HautError as error:
            return error
        if self._tokens is None or self._tokens.access != tokens.access:
            if self._aside is not None and self._aside.access == tokens.access:
                self._aside = renewed
            return SignedOutError()  # signed out, or in anew, while the request was under way
        self._tokens = renewed
        self.accept(renewed)
        try:
            await self.on_changed(renewed)
        except StationError as error:
            _log.warning("renewed tokens could not be kept: %s", error.kind)
        return renewed

    async def _exchanged(self, tokens: Tokens) -> Tokens:
        if self.exchange is None or not tokens.refresh:
            raise SignedOutError
        return await self.exchange(tokens)

    def _present(self) -> Tokens:
        if self._tokens is None:
            raise SignedOutError
        return self._tokens

    def _is_ending(self, tokens: Tokens) -> bool:
        if tokens.expires_at is None or not tokens.refresh:
            return False
        left = tokens.expires_at - self._clock()
        return left <= min(_LARGEST_MARGIN, life_of(tokens.access) * _MARGIN_SHARE)


class TokenAuth(httpx.Auth):
    """Adds the bearer token for one origin; renews it once and repeats the same step on 401."""

    def __init__(self, keeper: TokenKeeper, origin: Callable[[], httpx.URL]) -> None:
        self._keeper = keeper
        self._origin = origin

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Refuse to show the token to any other origin than the platform's."""
        if origin_of(request.url) != origin_of(self._origin()):
            raise UnreachableError("The station does not show its token to another server.")
        who = self._keeper.account
        tokens = self._still(who, await _before_sending(self._keeper.fresh()))
        response = yield _with_bearer(request, tokens)
        if not await _is_refused(response):
            self._keeper.accept(tokens)
            return
        renewed = self._still(who, await _before_sending(self._keeper.refresh(tokens)))
        response = yield _with_bearer(request, renewed)
        if await _is_refused(response):
            self._keeper.refuse(renewed, SignedOutError())

    def _still(self, who: Account | None, tokens: Tokens) -> Tokens:
        """Refuse to go on with the tokens of somebody who signed in while we waited for ours."""
        self._keeper.check_still(who)
        return tokens


async def _is_refused(response: httpx.Response) -> bool:
    """Whether the platform refuses the token, and not what is asked with it."""
    if response.status_code not in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return False
    # an answer that is not read keeps its connection: were all of them kept so, the renewal for
    # which these calls wait would get none
    await response.aread()
    return response.status_code == httpx.codes.UNAUTHORIZED or is_of_token(response)


def _with_bearer(request: httpx.Request, tokens: Tokens) -> httpx.Request:
    request.headers["Authorization"] = f"Bearer {tokens.access}"
    return request


async def _before_sending(tokens: Awaitable[Tokens]) -> Tokens:
    """Wait for tokens; trouble in getting them proves that the step itself was never done.

    Without this, a broken *renewal* would look to the caller like a broken *step*, whose outcome
    had to be settled by asking.
    """
    try:
        return await tokens
    except (NetworkError, ServerError) as error:
        raise UnreachableError(
            "The sign-in could not be renewed just now. Pictures are safe on this station and go "
            "out by themselves when the platform answers again."
        ) from error
