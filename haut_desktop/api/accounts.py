"""Signing in and staying signed in: both spellings of every path, and refusals told apart."""

from typing import Final

import httpx

from haut_desktop.api.fields import Fields
from haut_desktop.api.platform import Platform, path
from haut_desktop.api.token_times import expiry_of
from haut_desktop.api.wire import (
    GUESS_MFA_WORDS,
    GUESS_REFRESH_TOKEN_KEYS,
    GUESS_TOO_MANY_WORDS,
    parse_access_token,
    parse_account,
    parse_profile,
)
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.errors import (
    AccountError,
    HautError,
    MfaAccountError,
    RefusedError,
    ServerTroubleError,
    SignedOutError,
    SignInRefusedError,
    TooManyRequestsError,
)
from haut_desktop.domain.session import SignedIn, Tokens

LOGIN_PATHS: Final = (path("v1", "auth", "login"), path("v1", "login"))
REFRESH_PATHS: Final = (path("v1", "auth", "refresh"), path("v1", "refresh"))
PROFILE_PATH: Final = path("v1", "auth", "profile")

_OF_THE_TRANSPORT: Final = frozenset({408, 411, 413, 414, 421, 425, 431})
"""Refusals of how a request came, said by whoever stands before the platform; none of a token."""


class Accounts:
    """The platform's sign-in calls."""

    def __init__(self, platform: Platform, clock: Clock) -> None:
        self._platform = platform
        self._clock = clock

    async def sign_in(self, username: str, password: str) -> SignedIn:
        """Raise SignInRefusedError, MfaAccountError or TooManyRequestsError in their cases."""
        body = {"username": username, "password": password}
        try:
            fields = await self._first_known("sign in", LOGIN_PATHS, body)
        except (RefusedError, AccountError) as error:
            raise _sign_in_trouble(error) from error
        tokens = self._tokens(parse_access_token(fields), fields.text("refresh_token"))
        return SignedIn(parse_account(fields, self._platform.server), tokens)

    async def sign_in_with_token(self, token: str) -> SignedIn:
        """Check a private token; it is never refreshed."""
        try:
            fields = await self._platform.fields("profile", "GET", PROFILE_PATH, token=token)
        except SignedOutError as error:
            raise SignInRefusedError(
                "The platform does not accept this token. It may have expired; make a new one in "
                "the web portal."
            ) from error
        account = parse_profile(fields, self._platform.server)
        return SignedIn(account, Tokens(access=token, is_private=True))

    async def refresh(self, tokens: Tokens) -> Tokens:
        """Exchange the refresh token; raises SignedOutError only when the platform refused.

        The answer may or may not hold a new refresh token; without one the old one stays.
        """
        body = {"refresh_token": tokens.refresh}
        try:
            fields = await self._first_known("refresh", REFRESH_PATHS, body)
        except RefusedError as error:
            if error.status in _OF_THE_TRANSPORT:
                raise ServerTroubleError(error.status) from error
            raise SignedOutError from error
        except AccountError as error:
            raise SignedOutError from error
        access = fields.text(*GUESS_REFRESH_TOKEN_KEYS)
        if not access:
            # §2.3: without a token in the answer there is nothing left but to sign in again
            raise SignedOutError
        return self._tokens(access, fields.text("refresh_token") or tokens.refresh)

    def _tokens(self, access: str, refresh: str) -> Tokens:
        now, offset = self._clock(), self._platform.clock_offset
        return Tokens(access, refresh, expiry_of(access, now=now, clock_offset=offset))

    async def _first_known(self, call: str, paths: tuple[str, ...], body: dict[str, str]) -> Fields:
        """Call the current path, and the older one where the platform does not know it (404)."""
        for each in paths[:-1]:
            try:
                return await self._platform.fields(call, "POST", each, body=body, is_public=True)
            except RefusedError as error:
                if error.status != httpx.codes.NOT_FOUND:
                    raise
        return await self._platform.fields(call, "POST", paths[-1], body=body, is_public=True)


def _sign_in_trouble(error: HautError) -> HautError:
    """Tell wrong words, a second factor and too many attempts apart (§2.1)."""
    if isinstance(error, SignedOutError):
        return SignInRefusedError()
    if not isinstance(error, RefusedError):
        return error
    said = f"{error.code} {error.detail}".lower()
    if any(word in said for word in GUESS_MFA_WORDS):
        return MfaAccountError()
    if any(word in said for word in GUESS_TOO_MANY_WORDS):
        return TooManyRequestsError()
    return SignInRefusedError(error.message) if error.status == httpx.codes.BAD_REQUEST else error
