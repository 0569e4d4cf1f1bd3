"""Asking the platform about batches of which the record is unsure: what both who do it need."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from haut_desktop.domain.clock import Clock
from haut_desktop.domain.delivery import BatchEvent, BatchState, Waiting
from haut_desktop.domain.destination import SubjectAddress
from haut_desktop.domain.ids import BatchId
from haut_desktop.domain.imaging import Batch
from haut_desktop.domain.session import SessionState
from haut_desktop.domain.tenant import Tenant
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.pauses import uptime

if TYPE_CHECKING:
    from haut_desktop.api.client import HautApi
    from haut_desktop.services.session import Session
    from haut_desktop.store.destinations import DestinationStore
    from haut_desktop.store.outbox import OutboxStore

LOOK_AGAIN_S: Final = 30.0
"""Seconds between two looks while the platform can't be asked or subjects are not registered."""


@dataclass(frozen=True, slots=True)
class Asking:
    """The ways to the platform and into the record, and what is the same for every batch."""

    api: "HautApi"
    outbox: "OutboxStore"
    destinations: "DestinationStore"
    session: "Session"
    has_results: Callable[[Batch, SubjectAddress], Awaitable[bool]]
    fetch: Callable[[str], Awaitable[bytes]]
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

    async def begin(self, batch_id: BatchId) -> Batch:
        """Give a batch that is to be asked for; one that was interrupted in that is OPEN again."""
        batch = await self.outbox.batch(batch_id)
        if batch.state is BatchState.INITIATING:
            batch = await self.outbox.move_batch(batch_id, BatchEvent.RELEASE)
        return batch

    async def forget_waiting(self, batch_id: BatchId) -> None:
        """Let a batch that is to be sent go at once: what it waited for was answered."""
        if (await self.outbox.batch(batch_id)).state is BatchState.OPEN:
            await self.outbox.set_waiting_batch(batch_id, Waiting())

    def tell(self, batch: Batch) -> None:
        """Let everybody know that something became of a batch."""
        self.changes.send(Change(Topic.OUTBOX, frozenset({batch.id})))
        self.changes.send(Change(Topic.VISITS, frozenset({batch.visit_id})))


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
