"""Follows submitted batches: soon at first, then less often, several at once, to the end."""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from haut_desktop.domain.ageing import NO_RESULTS_AFTER_S
from haut_desktop.domain.analysis import Completeness
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.errors import (
    AccountError,
    HautError,
    NetworkError,
    ServerError,
    StationError,
)
from haut_desktop.domain.ids import BatchId
from haut_desktop.domain.session import SessionState
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.pauses import pause

if TYPE_CHECKING:
    from haut_desktop.services.connectivity import Connectivity
    from haut_desktop.services.session import Session
    from haut_desktop.store.outbox import OutboxStore

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the platform is asked; everything in seconds."""

    first_s: float = 2.0
    slowest_s: float = 10.0
    growth: float = 1.4
    overdue_s: float = NO_RESULTS_AFTER_S
    """Age from which a batch counts as overdue; whatever arrives later is still taken."""
    after_overdue_s: float = 300.0
    rarest_s: float = 86_400.0
    refused_s: float = 600.0
    idle_s: float = 60.0
    """Longest time between two looks into the database, in case news was missed."""
    at_once: int = 4

    def next_s(self, before_s: float, look: "Look") -> float:
        """The pause after ``look``: short again whenever something new came."""
        if look.completeness is Completeness.OVERDUE:
            # never given up, ever less often; whoever opens the results has them looked for at once
            return min(self.rarest_s, max(self.after_overdue_s, before_s * 2))
        return self.first_s if look.grew else min(self.slowest_s, before_s * self.growth)


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a batch brought."""

    completeness: Completeness
    grew: bool
    missing_pictures: int = 0

    @property
    def is_final(self) -> bool:
        """Whether there is nothing left to wait for."""
        return self.completeness is Completeness.COMPLETE and not self.missing_pictures


_PICTURE_LOOKS: Final = 5
"""How many more looks a complete batch gets for pictures whose addresses did not answer."""


class ResultFollower:
    """Looks at every submitted batch that is not complete; starts from the database alone."""

    def __init__(
        self,
        *,
        outbox: "OutboxStore",
        look: Callable[[BatchId], Awaitable[Look]],
        session: "Session",
        connectivity: "Connectivity",
        changes: Changes,
        clock: Clock,
        pace: Pace,
    ) -> None:
        self._outbox = outbox
        self._look = look
        self._session = session
        self._connectivity = connectivity
        self._changes = changes
        self._clock = clock
        self._pace = pace
        self._lanes = asyncio.Semaphore(pace.at_once)
        self._followed: set[BatchId] = set()
        self._news = asyncio.Event()
        self._impatient = asyncio.Event()

    async def run(self) -> None:
        """Follow until cancelled; a batch that is submitted meanwhile is taken up at once."""
        unsubscribe = self._changes.subscribe(self._on_change)
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    self._news.clear()
                    for batch_id in await self._unfollowed():
                        self._followed.add(batch_id)
                        group.create_task(self._follow(batch_id), name=f"follow-{batch_id}")
                    await self._until_news(self._pace.idle_s)
        finally:
            unsubscribe()

    def wake(self) -> None:
        """Look at every followed batch at once: somebody waits for it."""
        impatient, self._impatient = self._impatient, asyncio.Event()
        impatient.set()

    def _on_change(self, change: Change) -> None:
        if change.topic in (Topic.OUTBOX, Topic.VISITS, Topic.SESSION, Topic.CONNECTIVITY):
            self._news.set()

    async def _unfollowed(self) -> list[BatchId]:
        """Batches of the company that is signed in which nobody follows yet."""
        account = self._session.account
        if account is None:
            return []
        try:
            found = await self._outbox.submitted_incomplete(self._clock(), account.tenant)
        except StationError as error:
            # the disk is full, say: looked at again, and following goes on meanwhile
            _log.warning("submitted batches not read: %s", error.kind)
            return []
        return [batch.id for batch in found if batch.id not in self._followed]

    async def _until_news(self, timeout_s: float) -> None:
        await pause(self._news, timeout_s)

    async def _follow(self, batch_id: BatchId) -> None:
        pause_s, picture_looks = self._pace.first_s, 0
        try:
            while True:
                await self._until_allowed()
                look = await self._try(batch_id)
                if look is None:
                    pause_s = self._pace.slowest_s
                elif look.is_final or picture_looks > _PICTURE_LOOKS:
                    return
                else:
                    picture_looks += look.completeness is Completeness.COMPLETE
                    pause_s = self._pace.next_s(pause_s, look)
                await pause(self._impatient, pause_s)
        except HautError as error:
            # refused for this batch alone: the others go on, a person can ask again
            _log.info("batch %s is not followed: %s", batch_id, error.kind)
            await asyncio.sleep(self._pace.refused_s)
        except Exception as error:  # noqa: BLE001 - reported at once, whatever it is
            # a fault of ours about one batch must not end the following of all others
            sys.excepthook(type(error), error, error.__traceback__)
            await asyncio.sleep(self._pace.refused_s)
        finally:
            self._followed.discard(batch_id)

    async def _until_allowed(self) -> None:
        while self._session.state is not SessionState.SIGNED_IN:
            await self._until_news(self._pace.idle_s)
            await asyncio.sleep(0)
        await self._connectivity.wait_until_due()

    async def _try(self, batch_id: BatchId) -> Look | None:
        """Look once; None when the network, the account or the server stood between.

        Whoever has to wait waits outside the lanes, in nobody's way.
        """
        wait_s = 0.0
        try:
            async with self._lanes:
                return await self._look(batch_id)
        except NetworkError as error:
            self._connectivity.pause(error)
        except ServerError as error:
            wait_s = error.retry_after_s or 0.0
        except AccountError as error:
            _log.info("results wait: %s", error.kind)
            wait_s = self._pace.refused_s
        await asyncio.sleep(wait_s)
        return None
