"""Asking the platform about batches of which the record is unsure: what both who do it need.

What keeps sending back keeps the asking back: sending paused by hand, the sending times, a missing
sign-in, an account that was told no, the network, the time that the platform asked for. What the
asking meets is judged as for sending (``services/blame.py``), so that the one waits for the other.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from haut_desktop.domain.clock import Clock
from haut_desktop.domain.delivery import (
    BatchEvent,
    BatchState,
    TransitionError,
    Waiting,
)
from haut_desktop.domain.destination import SubjectAddress
from haut_desktop.domain.errors import (
    HautError,
    NetworkError,
    OtherSignInError,
    SignedOutError,
    StationError,
)
from haut_desktop.domain.ids import BatchId
from haut_desktop.domain.imaging import Batch
from haut_desktop.domain.session import SessionState
from haut_desktop.domain.tenant import Tenant
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.pauses import pause, uptime
from haut_desktop.services.settling import asking

if TYPE_CHECKING:
    from haut_desktop.api.client import HautApi
    from haut_desktop.services.blame import Judge
    from haut_desktop.services.session import Session
    from haut_desktop.store.destinations import DestinationStore
    from haut_desktop.store.outbox import OutboxStore

LOOK_AGAIN_S: Final = 30.0
"""Seconds between two looks while the platform can't be asked or subjects are not registered."""

_SHOWN_FOR_ALL: Final = (NetworkError, SignedOutError, OtherSignInError)
"""What stands between is said for everything at once, as long as it lasts."""

_TO_GO: Final = (BatchState.OPEN, BatchState.INITIATING, BatchState.SUBMITTING)

_ASKED_FOR: Final = (BatchState.OPEN, BatchState.INITIATING)
"""Of others nothing is asked: that they are settled says nothing of the platform."""

_log = logging.getLogger(__name__)


class KeptBackError(Exception):
    """Something keeps a batch, or everything, from being asked for just now; it is asked anew."""


@dataclass(frozen=True, slots=True)
class Asking:
    """The ways to the platform and into the record, and what is the same for every batch."""

    api: "HautApi"
    outbox: "OutboxStore"
    destinations: "DestinationStore"
    session: "Session"
    has_results: Callable[[Batch, SubjectAddress], Awaitable[bool]]
    from_store: Callable[[str], Awaitable[bytes]]
    judge: "Judge"
    may_begin: Callable[[], bool]
    """Whether delivery might begin a step just now."""
    changes: Changes
    clock: Clock
    quiet_s: float
    """Seconds after which the platform lists what was sent to it."""
    look_again_s: float = LOOK_AGAIN_S

    @property
    def tenant(self) -> Tenant | None:
        """Who can be asked for just now; None while nobody is signed in."""
        account = self.session.account
        is_in = account is not None and self.session.state is SessionState.SIGNED_IN
        return account.tenant if account is not None and is_in else None

    async def attempt(
        self, batch_id: BatchId, settle: Callable[[BatchId], Awaitable[None]]
    ) -> None:
        """Settle one batch unless something keeps it back; after an error blame decides who waits.

        A fault of ours with one batch is logged, and ends the asking for no other. Raises
        StationError.
        """
        if not self.may_begin():
            return
        batch = await self.outbox.batch(batch_id)
        if not self.judge.may_read(batch.dataset_id):
            return
        try:
            with asking():
                await settle(batch_id)
        except StationError:
            raise
        except HautError as error:
            _log.info("batch %s can't be asked for yet: %s", batch_id, error.kind)
            await self._wait(batch, error)
        except KeptBackError:
            _log.info("batch %s is asked for later", batch_id)
        except Exception as error:  # noqa: BLE001 - one odd batch stops no other
            if not isinstance(error, TransitionError) or not await self._is_taken_out(batch):
                _log.exception("batch %s could not be put right; it is asked for anew", batch_id)
                return
            _log.info("batch %s was changed by a person while it was asked for", batch_id)
        else:
            if batch.state in _ASKED_FOR:
                self.judge.praise()

    async def _is_taken_out(self, before: Batch) -> bool:
        """Whether a person held it, took it back, reopened its visit or erased of it since."""
        now = await self.outbox.find(before.id)
        return now is None or now.was_taken_out_since(before)

    def go_on(self) -> None:
        """Raise KeptBackError once something keeps everything back; between two requests."""
        if not self.may_begin():
            raise KeptBackError

    async def fetch(self, url: str) -> bytes:
        """Fetch a picture from the object store; raises KeptBackError as ``go_on`` does."""
        self.go_on()
        data = await self.from_store(url)
        self.judge.praise(with_store=True)
        return data

    async def _wait(self, batch: Batch, error: HautError) -> None:
        waiting = self.judge.sentence_reading(error, batch.waiting, batch.dataset_id)
        if isinstance(error, _SHOWN_FOR_ALL):
            return
        now = await self.outbox.find(batch.id)
        if now is not None and now.state in _TO_GO:
            await self.outbox.set_waiting_batch(batch.id, waiting)
            self.tell(batch)

    async def rest(self, woken: asyncio.Event) -> None:
        """Wait until ``woken``, or until it is time to look again."""
        await pause(woken, self.look_again_s)

    async def begin(self, batch_id: BatchId) -> Batch:
        """Give a batch that is to be asked for; one that was interrupted in that is OPEN again.

        Raises KeptBackError for one that a person held since it was found.
        """
        batch = await self.outbox.batch(batch_id)
        if batch.state is BatchState.HELD:
            raise KeptBackError  # it is asked for once it goes on
        if batch.state is BatchState.INITIATING:
            batch = await self.outbox.move_batch(batch_id, BatchEvent.RELEASE)
        return batch

    async def forget_waiting(self, batch_id: BatchId) -> None:
        """Let a batch go on at once: what it waited for was answered."""
        if (await self.outbox.batch(batch_id)).state in _TO_GO:
            await self.outbox.set_waiting_batch(batch_id, Waiting())

    def tell(self, batch: Batch) -> None:
        """Let everybody know that something became of a batch."""
        self.changes.send(Change(Topic.OUTBOX, frozenset({batch.id})))
        self.changes.send(Change(Topic.VISITS, frozenset({batch.visit_id})))


def concerns_asking(change: Change) -> bool:
    """Whether more may be asked for since ``change``; a row's own news lets nothing else go on."""
    is_of_all = change.topic is Topic.OUTBOX and not change.ids
    return is_of_all or change.topic in (Topic.SESSION, Topic.SUBJECTS, Topic.CONNECTIVITY)


class QuietTime:
    """What was sent just before the record was lost is listed only after a while."""

    def __init__(self, clock: Clock, quiet_s: float) -> None:
        self._clock = clock
        self._quiet_s = quiet_s
        self._begun_s = 0.0

    def begin(self) -> None:
        """From now on time passes by the loop's clock, too."""
        self._begun_s = uptime()

    def over_by(self) -> datetime:
        """Give the moment by which a record was lost whose quiet time is over now."""
        if uptime() - self._begun_s >= self._quiet_s:
            # all that was lost was lost before this began, whatever a clock that was set back says
            return datetime.max.replace(tzinfo=UTC)
        return self._clock() - timedelta(seconds=self._quiet_s)
