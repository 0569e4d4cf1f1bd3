"""Whether the platform can be reached, and when to look again."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from haut_desktop.domain.clock import Clock, system_clock
from haut_desktop.domain.delivery import RetryPolicy
from haut_desktop.domain.errors import (
    AccountError,
    HautError,
    NetworkError,
    NotThePlatformError,
    ServerError,
)
from haut_desktop.domain.session import Connection
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.pauses import Pause, Uptime, pause, uptime

_ACCOUNT_LOOK_AGAIN_S: Final = 3600.0


class Peer(StrEnum):
    """Whom the station talks to; a firewall may let it reach the one and not the other."""

    PLATFORM = "platform"
    STORE = "store"


@dataclass(slots=True)
class _Outage:
    """Trouble with one peer: since when it lasts in looks, and when the next one is due."""

    connection: Connection
    failures: int = 0
    due_s: float = 0.0
    """On the loop's clock."""
    asked_until_s: float = 0.0
    """Until when the platform itself asked to wait, which no change of the network shortens."""


class Connectivity:
    """Learns from every call how the network stands and says how long everything waits."""

    def __init__(
        self,
        changes: Changes,
        *,
        clock: Clock = system_clock,
        policy: RetryPolicy | None = None,
        chance: Callable[[], float] = random.random,
        pause: Pause = pause,
        uptime: Uptime = uptime,
    ) -> None:
        self._changes = changes
        self._clock = clock
        self._policy = policy or RetryPolicy()
        self._chance = chance
        self._pause = pause
        self._uptime = uptime
        self._outages: dict[Peer, _Outage] = {}
        self._woken = asyncio.Event()
        self._state = Connection.UNKNOWN
        self.last_online_at: datetime | None = None
        """When the platform last answered well."""

    @property
    def state(self) -> Connection:
        """How the platform can be reached just now."""
        return self._state

    @property
    def due_in_s(self) -> float:
        """Seconds until everything is tried again; 0 while nothing waits."""
        due_s = max((outage.due_s for outage in self._outages.values()), default=0.0)
        return max(0.0, due_s - self._uptime()) if self._outages else 0.0

    def pause(self, error: HautError, peer: Peer = Peer.PLATFORM) -> None:
        """Let everything wait because of ``error``; what waits already is not put off further, but
        for the time that the platform asks for.

        Other errors than the network's, the server's and the account's pause nothing.
        """
        connection = _connection_of(error, self._state)
        if connection is None:
            return
        outage = self._outages.setdefault(peer, _Outage(connection))
        outage.connection = connection
        if outage.due_s <= self._uptime():
            outage.failures += 1
            outage.due_s = self._uptime() + self._delay_s(error, outage.failures)
        outage.asked_until_s = max(outage.asked_until_s, self._uptime() + _asked_s(error))
        outage.due_s = max(outage.due_s, outage.asked_until_s)
        self._show(connection)

    def seen_online(self, peer: Peer = Peer.PLATFORM) -> None:
        """Note that ``peer`` answered well; what waited for it goes on at once."""
        if peer is Peer.PLATFORM:
            self.last_online_at = self._clock()
        if self._outages.pop(peer, None) is not None:
            self._wake()
        # one whose time is over keeps nothing back: whether it lasts is seen at the next try
        lasting = (one for one in self._outages.values() if one.due_s > self._uptime())
        self._show(next((one.connection for one in lasting), Connection.ONLINE))

    def network_changed(self) -> None:
        """Look again at once: a cable, a wireless network or a proxy came or went.

        Only the time that the platform itself asked to wait is waited out all the same.
        """
        for outage in self._outages.values():
            outage.failures, outage.due_s = 0, outage.asked_until_s
        self._wake()
        if self._outages:
            # who asks for what the platform has waits by a clock of its own
            self._changes.send(Change(Topic.CONNECTIVITY))

    async def wait_until_due(self) -> None:
        """Return when the next look is due; at once while nothing waits."""
        while (left_s := self.due_in_s) > 0.0:
            await self._pause(self._woken, left_s)

    def _wake(self) -> None:
        # whoever waits now returns; who waits later asks for the time that is left
        self._woken.set()
        self._woken = asyncio.Event()

    def _delay_s(self, error: HautError, failures: int) -> float:
        if isinstance(error, AccountError):
            return _ACCOUNT_LOOK_AGAIN_S
        return self._policy.delay_s(failures, chance=self._chance())

    def _show(self, state: Connection) -> None:
        if state is not self._state:
            self._state = state
            self._changes.send(Change(Topic.CONNECTIVITY))


def _asked_s(error: HautError) -> float:
    """How long the platform itself asks to wait, in seconds."""
    return (error.retry_after_s or 0.0) if isinstance(error, ServerError) else 0.0


def _connection_of(error: HautError, before: Connection) -> Connection | None:
    """What ``error`` says about the connection; None when it says nothing."""
    if isinstance(error, NotThePlatformError):
        return Connection.PORTAL
    if isinstance(error, NetworkError):
        return Connection.OFFLINE
    if isinstance(error, ServerError):
        return Connection.TROUBLE
    if isinstance(error, AccountError):
        return Connection.ONLINE if before is Connection.UNKNOWN else before
    return None
