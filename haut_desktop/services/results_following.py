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
from haut_desktop.domain.delivery import Waiting
from haut_desktop.domain.errors import (
    AccountError,
    HautError,
    NetworkError,
    OtherSignInError,
    ServerError,
    SignedOutError,
    StationError,
)
from haut_desktop.domain.ids import BatchId
from haut_desktop.domain.session import SessionState
from haut_desktop.services.blame import ACCOUNT_PAUSE
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.pauses import pause, uptime
from haut_desktop.services.results_trouble import ResultsTrouble

if TYPE_CHECKING:
    from haut_desktop.services.blame import Judge
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
    account_s: float = ACCOUNT_PAUSE.total_seconds()
    """Before what the account may not read is looked at again."""
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


REFUSALS_THAT_PAUSE: Final = 2
"""So many batches in a row that may not be read mean the account, not the batch."""


class _Refusals:
    """Looks that the platform refused the account: that batch waits, after a run of them all do.

    A missing right is looked at again at most hourly, or when somebody signs in or asks.
    """

    def __init__(self, pause_s: float) -> None:
        self._pause_s = pause_s
        self._batches: set[BatchId] = set()
        self._due_s = 0.0
        self._forgiven = asyncio.Event()

    @property
    def is_run(self) -> bool:
        """Whether nothing is looked at for now."""
        return uptime() < self._due_s

    def add(self, batch_id: BatchId) -> None:
        """One more was refused."""
        self._batches.add(batch_id)
        if len(self._batches) >= REFUSALS_THAT_PAUSE:
            self._due_s = uptime() + self._pause_s

    def end_run(self) -> None:
        """Something may be read; what was refused waits on."""
        self._batches.clear()
        self._due_s = 0.0

    def forgive(self) -> None:
        """Somebody signs in or asks: whatever was refused is looked at again at once."""
        self.end_run()
        forgiven, self._forgiven = self._forgiven, asyncio.Event()
        forgiven.set()

    async def wait(self) -> None:
        """Wait until it is time to look at what was refused again."""
        await pause(self._forgiven, self._pause_s)


class ResultFollower:
    """Looks at every submitted batch that is not complete; starts from the database alone."""

    def __init__(
        self,
        *,
        outbox: "OutboxStore",
        look: Callable[[BatchId], Awaitable[Look]],
        session: "Session",
        connectivity: "Connectivity",
        judge: "Judge",
        changes: Changes,
        clock: Clock,
        pace: Pace,
    ) -> None:
        self._outbox = outbox
        self._look = look
        self._session = session
        self._connectivity = connectivity
        self._judge = judge
        self._refusals = _Refusals(pace.account_s)
        self._trouble = ResultsTrouble()
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
        self._refusals.forgive()
        self._trouble.wake()
        impatient, self._impatient = self._impatient, asyncio.Event()
        impatient.set()
        self._news.set()

    def _on_change(self, change: Change) -> None:
        if change.topic is Topic.SESSION and self._session.state is not SessionState.SIGNED_IN:
            self._refusals.forgive()
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
        """Look until it is complete, or until somebody of another company or server is at work.

        Then it is left to whoever of its own signs in next: the others' looks wait for none of it.
        """
        pause_s, picture_looks, waiting = self._pace.first_s, 0, Waiting()
        try:
            while True:
                await self._until_allowed()
                look = await self._try(batch_id, waiting)
                if look is None:
                    return
                if isinstance(look, Waiting):
                    waiting, pause_s = look, self._pace.slowest_s
                    continue
                if look.is_final or picture_looks > _PICTURE_LOOKS:
                    return
                picture_looks += look.completeness is Completeness.COMPLETE
                waiting, pause_s = Waiting(), self._pace.next_s(pause_s, look)
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
        while True:
            if not self._may_ask():
                await self._until_news(self._pace.idle_s)
                await asyncio.sleep(0)
            elif self._trouble.due_in_s > 0:
                await self._trouble.wait()
            elif self._connectivity.due_in_s > 0:
                await self._connectivity.wait_until_due()
            else:
                return

    def _may_ask(self) -> bool:
        """Whether somebody is signed in whom the platform told no neither for sending nor here."""
        is_signed_in = self._session.state is SessionState.SIGNED_IN
        return is_signed_in and self._judge.is_account_trusted and not self._refusals.is_run

    async def _try(self, batch_id: BatchId, before: Waiting) -> Look | Waiting | None:
        """Look once; the waiting it has sat out when network, account or server stood between.

        None when somebody else is signed in: it is taken up anew if it is of the same tenant's.

        Whoever has to wait waits outside the lanes, in nobody's way.
        """
        try:
            async with self._lanes:
                look = await self._look(batch_id)
        except AccountError as error:
            # what may not be read may be sent all the same: this pauses nobody's sending
            _log.info("results wait: %s", error.kind)
            if isinstance(error, OtherSignInError):
                return None  # nobody told the present account no
            if isinstance(error, SignedOutError):
                # somebody signed out, or in, during the look; who is refused isn't signed in
                await pause(self._impatient, self._pace.slowest_s)
                return before
            self._refusals.add(batch_id)
            await self._refusals.wait()
            # whoever was not refused goes first: refusals alone would be a run again
            await pause(self._impatient, self._pace.slowest_s)
            return before
        except NetworkError as error:
            waiting = self._judge.sentence(error, before)
            await pause(self._impatient, self._pace.slowest_s)
            return waiting
        except ServerError as error:
            return await self._sit_out(batch_id, error, before)
        self._refusals.end_run()
        self._trouble.end_run()
        return look

    async def _sit_out(self, batch_id: BatchId, error: ServerError, before: Waiting) -> Waiting:
        """Wait alone, or in a run of errors with all looks; what is sent goes on meanwhile."""
        _log.info("results wait: %s", error.kind)
        waiting = self._judge.later(error, before)
        asked_s = error.retry_after_s or 0.0
        wait_s = asked_s
        if waiting.retry_at is not None:
            wait_s = (waiting.retry_at - self._clock()).total_seconds()
        await self._trouble.sit_out(batch_id, wait_s, asked_s)
        return waiting
