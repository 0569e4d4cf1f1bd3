"""Asking for a batch's computation, once.

Computing costs money: it is written down before it is asked for, and a lost answer is settled by
results appearing. When none appear in time only a person can say whether to ask again.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from haut_desktop.api.client import HautApi
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.delivery import BatchEvent, BatchState, Waiting
from haut_desktop.domain.destination import SubjectAddress
from haut_desktop.domain.errors import (
    AccountError,
    ItemError,
    TooManyRequestsError,
    UnreachableError,
)
from haut_desktop.domain.ids import BatchId
from haut_desktop.domain.imaging import Batch
from haut_desktop.services.pauses import uptime
from haut_desktop.services.settling import InDoubtError, NotToldError, asking
from haut_desktop.services.troubles import trouble_of
from haut_desktop.store.outbox import OutboxStore

SETTLING_S: Final = 180.0
"""Seconds within which results must appear after a computation whose answer was lost."""
SETTLE_AGAIN_S: Final = 5.0
"""Seconds between two looks for those results."""


class ComputationUnknownError(ItemError):
    """The answer to a computation was lost and no results appeared."""

    default_title = "Was it computed?"
    default_message = (
        "The platform's answer was lost and no results have appeared. Asking again could compute "
        "the pictures twice."
    )


class NotShownYetError(InDoubtError):
    """Whether a computation was accepted is open, and no results show yet."""

    default_title = "Asking whether it is computed"
    default_message = (
        "The platform did not say clearly whether it computes the pictures. The station looks for "
        "results and asks for nothing twice; where none appear in a few minutes, you decide."
    )


class Computing:
    """Asks the platform to compute what is stored; raises what stopped it."""

    def __init__(
        self,
        *,
        api: HautApi,
        outbox: OutboxStore,
        clock: Clock,
        has_results: Callable[[Batch, SubjectAddress], Awaitable[bool]],
        settling_s: float = SETTLING_S,
        settle_again_s: float = SETTLE_AGAIN_S,
    ) -> None:
        self._api = api
        self._outbox = outbox
        self._clock = clock
        self._has_results = has_results
        self._settling_s = settling_s
        self._settle_again_s = settle_again_s
        # on the loop's clock, which nobody sets; after a start, and for what is asked for anew or
        # released by a person, the time to settle begins anew
        self._settled_by: dict[BatchId, tuple[datetime | None, float]] = {}

    async def ask(self, batch: Batch, to: SubjectAddress) -> None:
        """Ask for the computation of a stored batch, unless it has results already."""
        if batch.platform_id is None:
            return
        if batch.submitted_at is not None and await self._shows_results(batch, to):
            # it was asked for before, and accepted after all
            await self._outbox.move_batch(batch.id, BatchEvent.SUBMITTED)
            return
        await self._outbox.move_batch(batch.id, BatchEvent.SUBMIT, submitted_at=self._clock())
        try:
            await self._api.compute(to.tenant, batch.platform_id)
        except (UnreachableError, AccountError, TooManyRequestsError):
            # it never left, or was turned away at the door: certainly not computed; every other
            # answer, a gateway's page too, leaves it SUBMITTING, to be settled by results
            await self._outbox.move_batch(batch.id, BatchEvent.RELEASE)
            raise
        except ItemError as error:
            released = await self._outbox.move_batch(batch.id, BatchEvent.RELEASE)
            if released.state is BatchState.OPEN:  # nobody took it back meanwhile
                await self._outbox.move_batch(
                    batch.id, BatchEvent.HOLD, waiting=Waiting(trouble=trouble_of(error))
                )
            return
        await self._outbox.move_batch(batch.id, BatchEvent.SUBMITTED, submitted_at=self._clock())

    async def settle(self, batch: Batch, to: SubjectAddress) -> None:
        """Ask whether results appear; when none do in time, a person decides.

        A platform that refuses the question shows no results either, and time goes on.
        """
        try:
            has_results = await self._shows_results(batch, to)
        except NotToldError:
            has_results = False
        if has_results:
            self._settled_by.pop(batch.id, None)
            await self._outbox.move_batch(batch.id, BatchEvent.SUBMITTED)
            return
        if uptime() < self._settling_until_s(batch):
            again = self._clock() + timedelta(seconds=self._settle_again_s)
            waiting = Waiting(batch.waiting.attempt, again, trouble_of(NotShownYetError()))
            await self._outbox.set_waiting_batch(batch.id, waiting)
            return
        del self._settled_by[batch.id]
        await self._outbox.move_batch(
            batch.id,
            BatchEvent.HOLD,
            waiting=Waiting(trouble=trouble_of(ComputationUnknownError())),
        )

    def _settling_until_s(self, batch: Batch) -> float:
        asked_at, until_s = self._settled_by.get(batch.id, (None, 0.0))
        if asked_at is None or asked_at != batch.submitted_at:
            until_s = uptime() + self._settling_s
            self._settled_by[batch.id] = (batch.submitted_at, until_s)
        return until_s

    async def _shows_results(self, batch: Batch, to: SubjectAddress) -> bool:
        with asking():
            return await self._has_results(batch, to)
