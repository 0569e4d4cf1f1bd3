"""Who is signed in: restored offline, renewed ahead of expiry, refused without losing anything."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from haut_desktop.api.auth import TokenKeeper
from haut_desktop.api.client import HautApi
from haut_desktop.api.token_times import refresh_time
from haut_desktop.domain.audit import Act
from haut_desktop.domain.clock import Clock, system_clock
from haut_desktop.domain.delivery import RetryPolicy
from haut_desktop.domain.errors import AccountError, HautError, StationError
from haut_desktop.domain.session import Account, SessionState, SignedIn, Tokens
from haut_desktop.domain.study import Operator
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.pauses import Pause, Uptime, pause, uptime
from haut_desktop.store.credentials import CredentialStore
from haut_desktop.store.studies import StudyStore

_log = logging.getLogger(__name__)

_LONGEST_NAP_S: Final = 15.0
"""How often the clocks are compared; a computer that slept is noticed as soon."""

_JUMP_S: Final = 10.0
"""Wall clock and loop clock drift apart by less than this in one nap."""

_RENEW_AGAIN: Final = RetryPolicy(delays_s=(2.0, 5.0, 15.0, 60.0))
"""After trouble of the network in renewing tokens."""

_Ask = Callable[[], Awaitable[SignedIn]]


class Session:
    """The sign-in and its tokens; a refusal changes the state and nothing else."""

    def __init__(
        self,
        api: HautApi,
        keeper: TokenKeeper,
        credentials: CredentialStore,
        studies: StudyStore,
        changes: Changes,
        clock: Clock = system_clock,
        *,
        pause: Pause = pause,
        uptime: Uptime = uptime,
    ) -> None:
        self._api = api
        self._keeper = keeper
        self._credentials = credentials
        self._studies = studies
        self._changes = changes
        self._clock = clock
        self._pause = pause
        self._uptime = uptime
        self._woken = asyncio.Event()
        self._state = SessionState.SIGNED_OUT
        self._account: Account | None = None
        self._operator: Operator | None = None
        self.predecessor: Account | None = None
        """The account that worked here before, when another one signed in."""
        self.before_another: Callable[[], Awaitable[None]] = _let_it_be
        """Awaited before somebody of another company or server goes on, while no token is used."""
        keeper.on_changed = self._on_tokens_changed
        keeper.on_refused = self._on_tokens_refused
        keeper.on_accepted = self._on_tokens_accepted

    @property
    def state(self) -> SessionState:
        """Where the session stands."""
        return self._state

    @property
    def account(self) -> Account | None:
        """Who is signed in, also while the platform refuses the tokens."""
        return self._account

    @property
    def operator(self) -> Operator | None:
        """The station's own record of who is signed in."""
        return self._operator

    @property
    def expires_at(self) -> datetime | None:
        """When the access token ends; None for a private token or nobody."""
        tokens = self._keeper.tokens
        return tokens.expires_at if tokens else None

    def act(self, reason: str = "") -> Act:
        """Make the act of whoever is signed in."""
        return Act(self._operator.id if self._operator else None, reason)

    async def restore(self) -> bool:
        """Go on with the sign-in that was kept, without asking the platform; False if none was."""
        kept = await self._credentials.load()
        if kept is None or not kept.tokens.access:
            return False
        self._api.server = kept.account.server
        await self._take_up(kept)
        return True

    async def sign_in(self, server: str, username: str, password: str) -> None:
        """Sign in by e-mail and password; after an error everything is as it was before."""
        await self._sign_in_at(server, lambda: self._api.sign_in(username, password))

    async def sign_in_with_token(self, server: str, token: str) -> None:
        """Sign in with a private token; after an error everything is as it was before."""
        await self._sign_in_at(server, lambda: self._api.sign_in_with_token(token))

    async def sign_out(self) -> None:
        """Forget the tokens; the work stays. After an error everything is as it was before."""
        tokens = self._keeper.tokens
        # first, or a renewal that ends meanwhile would keep its tokens
        self._keeper.lay_aside()
        try:
            await self._credentials.clear_tokens()
        except BaseException:
            # or the next start would go on with a sign-in that was said to have ended
            renewed = self._use_again(tokens) if tokens is not None else None
            self.wake()  # the timer may have found no tokens meanwhile
            await self._keep_renewed(renewed)
            raise
        self._keeper.use(None)
        self._account = self._operator = None
        self._move(SessionState.SIGNED_OUT)

    async def run(self) -> None:
        """Renew the tokens at three quarters of their life, for ever.

        At once after a jump of the wall clock or a sleep of the computer; later after trouble of
        the network; not again after a refusal, until somebody signs in.
        """
        failures = 0
        while True:
            tokens = self._keeper.tokens
            due = refresh_time(tokens) if tokens else None
            if tokens is None or due is None or self._state is not SessionState.SIGNED_IN:
                await self._nap(None)
                continue
            if failures:
                await self._nap(_RENEW_AGAIN.delay_s(failures, chance=0.0))
            elif not await self._is_due(due):
                continue
            failures = 0 if await self._renew(tokens) else failures + 1

    def wake(self) -> None:
        """Try at once what waits for the network."""
        self._woken.set()

    async def _is_due(self, due: datetime) -> bool:
        """Wait in naps for ``due`` on the wall clock or a jump of it; False if woken before."""
        while (left_s := (due - self._clock()).total_seconds()) > 0:
            wall, loop_s = self._clock(), self._uptime()
            is_woken = await self._nap(min(left_s, _LONGEST_NAP_S))
            passed_s = (self._clock() - wall).total_seconds()
            if abs(passed_s - (self._uptime() - loop_s)) > _JUMP_S:
                _log.info("the clock jumped or the computer slept")
                return True
            if is_woken:
                return False
        return True

    async def _nap(self, delay_s: float | None) -> bool:
        """Wait; True when something woke us."""
        await self._pause(self._woken, delay_s)
        is_woken = self._woken.is_set()
        self._woken.clear()
        return is_woken

    async def _renew(self, tokens: Tokens) -> bool:
        """Renew ``tokens``; False for trouble that may pass."""
        if self._keeper.tokens is not tokens:
            return True
        try:
            await self._keeper.refresh(tokens)
        except AccountError:
            return True
        except HautError as error:
            _log.info("tokens not renewed: %s", error.kind)
            return False
        return True

    async def _sign_in_at(self, server: str, ask: _Ask) -> None:
        before = (self._state, self._api.server, self._keeper.tokens)
        self._move(SessionState.SIGNING_IN)
        try:
            self._go_to(server)
            signed_in = await ask()
            await self._adopt(signed_in)
        except BaseException:
            await self._go_back(*before)
            raise

    def _go_to(self, server: str) -> None:
        """Turn to ``server``; another server never sees the tokens of the one before."""
        kept = self._api.server
        self._api.server = server
        if self._api.server != kept:
            self._keeper.lay_aside()

    async def _go_back(self, state: SessionState, server: str, tokens: Tokens | None) -> None:
        in_use = self._keeper.tokens if self._keeper.account == self._account else None
        renewed = None
        if in_use is None or self._api.server != server:
            self._api.server = server
            renewed = self._use_again(tokens)
        # else they were never laid aside, and may have been renewed: those before are void then
        self._move(state)
        self.wake()  # the timer may have found nobody signed in meanwhile
        await self._keep_renewed(renewed)

    def _use_again(self, before: Tokens | None) -> Tokens | None:
        """Go on with the tokens that were laid aside; gives them if they were renewed meanwhile.

        Those ``before`` are void then.
        """
        aside = self._keeper.aside
        if before is None or self._account is None:
            self._keeper.use(None)
            return None
        self._keeper.use(SignedIn(self._account, aside or before))
        return aside if aside != before else None

    async def _keep_renewed(self, renewed: Tokens | None) -> None:
        """Keep tokens that were renewed while they were laid aside, if there are any."""
        if renewed is None:
            return
        try:
            await self._on_tokens_changed(renewed)
        except StationError as error:
            _log.warning("renewed tokens could not be kept: %s", error.kind)

    async def _adopt(self, signed_in: SignedIn) -> None:
        """Go on with ``signed_in``; after an error the record has again what it had before."""
        # first, or a renewal that ends meanwhile would keep the former account over the new one
        self._keeper.lay_aside()
        last = await self._credentials.last_account()
        before = await self._credentials.load()
        if last is not None and last.tenant != signed_in.account.tenant:
            await self.before_another()
        is_same = last is None or _is_same(last, signed_in.account)
        self.predecessor = None if is_same else last
        if last is not None:
            # what was worked on before servers were kept was worked on there
            await self._studies.settle_servers(last.tenant)
        try:
            await self._credentials.save(signed_in)
            await self._take_up(signed_in)
        except BaseException:
            if before is not None:
                await self._credentials.save(before)
            else:
                await self._credentials.clear_tokens()
            raise

    async def _take_up(self, signed_in: SignedIn) -> None:
        await self._studies.settle_servers(signed_in.account.tenant)
        self._operator = await self._studies.operator_for(signed_in.account)
        self._account = signed_in.account
        self._keeper.use(signed_in)
        self._move(SessionState.SIGNED_IN)
        self.wake()

    def _move(self, state: SessionState) -> None:
        self._state = state
        self._changes.send(Change(Topic.SESSION))

    async def _on_tokens_changed(self, tokens: Tokens) -> None:
        if self._account is not None:
            await self._credentials.save(SignedIn(self._account, tokens))
            self._changes.send(Change(Topic.SESSION))
        self.wake()

    def _on_tokens_refused(self, error: AccountError) -> None:
        if self._state is SessionState.SIGNED_IN:
            _log.info("the platform refuses the tokens: %s", error.kind)
            self._move(SessionState.REFUSED)

    def _on_tokens_accepted(self) -> None:
        if self._state is SessionState.REFUSED:
            self._move(SessionState.SIGNED_IN)
            self.wake()


async def _let_it_be() -> None:
    """End nothing."""


def _is_same(one: Account, other: Account) -> bool:
    return (one.tenant, one.username) == (other.tenant, other.username)
