"""Once a day the platform is asked again for what it had confirmed, by its lists.

Only while somebody is signed in, nothing is being sent and nothing keeps sending back. What is
asked for in one round is bounded; what is left, or was interrupted, comes next time. A new version
of the program is trusted when its first upload was read back: the list, and the bytes where the
platform gives them out. What differs is written down and told; nothing is changed, here or there.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from haut_desktop.domain.audit import Act
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.delivery import Waiting
from haut_desktop.domain.errors import (
    AccountError,
    HautError,
    NetworkError,
    OtherSignInError,
    ServerError,
    StationError,
)
from haut_desktop.domain.ids import BatchId
from haut_desktop.domain.imaging import Batch
from haut_desktop.domain.rechecks import Finding, Program, Round
from haut_desktop.domain.session import SessionState
from haut_desktop.domain.tenant import Tenant
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.pauses import Pause, Uptime, pause, uptime
from haut_desktop.services.still_there import Seen, StillThere

if TYPE_CHECKING:
    from haut_desktop.api.client import HautApi
    from haut_desktop.api.object_store import ObjectStore
    from haut_desktop.services.blame import Judge
    from haut_desktop.services.session import Session
    from haut_desktop.store.destinations import DestinationStore
    from haut_desktop.store.outbox import OutboxStore
    from haut_desktop.store.rechecks import RecheckStore

_STOPS_ALL: Final = (NetworkError, OtherSignInError)
"""What stands between says nothing of the batch that was asked for."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RecheckPace:
    """How often is asked, and for how much."""

    look_s: float = 60.0
    """Seconds between two looks whether something is to be asked for; the first comes as late."""
    rested: timedelta = timedelta(minutes=10)
    """What was confirmed a shorter time ago may not be in the platform's lists yet."""
    read_back: timedelta = timedelta(minutes=1)
    """The same for a version's first upload, which somebody may wait for."""
    read_back_again_s: float = 3600.0
    between_rounds: timedelta = timedelta(hours=20)
    """A day, but for a station that is switched on a little earlier every morning."""
    most_batches: int = 100
    """Batches of one round: one request each, and a second one where a list is empty."""


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways to the platform, and what says whether they may be used."""

    api: "HautApi"
    objects: "ObjectStore"
    session: "Session"
    judge: "Judge"
    is_quiet: Callable[[], bool]
    """Whether nothing is being sent just now."""
    may_begin: Callable[[], bool]
    """Whether delivery might begin a step just now."""
    uptime: Uptime = uptime
    pause: Pause = pause

    @property
    def tenant(self) -> Tenant | None:
        """Who can be asked just now; None while nobody can, or while it would be in the way."""
        account = self.session.account
        if account is None or self.session.state is not SessionState.SIGNED_IN:
            return None
        return account.tenant if self.may_begin() and self.is_quiet() else None


class Rechecks:
    """Asks again, in the background, and keeps what it heard until a person has read it."""

    def __init__(
        self,
        ways: Ways,
        *,
        store: "RecheckStore",
        outbox: "OutboxStore",
        destinations: "DestinationStore",
        act: Callable[[str], Act],
        changes: Changes,
        clock: Clock,
        version: str,
        pace: RecheckPace | None = None,
    ) -> None:
        self._ways = ways
        self._store = store
        self._outbox = outbox
        self._destinations = destinations
        self._act = act
        self._changes = changes
        self._clock = clock
        self._version = version
        self._pace = pace or RecheckPace()
        self._since = clock()
        self._round = Round()
        self._round_of: Tenant | None = None
        self._rests_until_s = 0.0
        self._read_back_at_s = 0.0
        self._failures = 0

    async def run(self) -> None:
        """Look now and then until cancelled."""
        while True:
            await self._ways.pause(asyncio.Event(), self._pace.look_s)
            try:
                await self.look()
            except StationError as error:
                _log.warning("the record can't say what to ask for again: %s", error.kind)

    async def look(self) -> None:
        """Ask for what is due, as long as nothing comes between; raises StationError only."""
        # also while nobody is signed in: what was delivered before is another version's
        program = await self._store.begin_program(self._version, self._since)
        tenant = self._tenant
        if tenant is None:
            return
        if not program.is_verified:
            await self._read_back_first(program, tenant)
        if await self._is_round_due(tenant):
            await self._go_round(tenant)

    @property
    def _tenant(self) -> Tenant | None:
        return self._ways.tenant if self._ways.uptime() >= self._rests_until_s else None

    # ---- the first upload of a version -------------------------------------------------------

    async def _read_back_first(self, program: Program, tenant: Tenant) -> None:
        if self._ways.uptime() < self._read_back_at_s:
            return
        batch_id = await self._store.first_of(program, tenant, rested=self._pace.read_back)
        if batch_id is None:
            return
        batch = await self._outbox.batch(batch_id)
        seen = await self._ask(batch, self._ways.objects)
        if isinstance(seen, HautError):
            # the day's round does not wait for it
            self._read_back_at_s = self._ways.uptime() + self._pace.read_back_again_s
            return
        outcome = "as it was sent"
        if seen.differences:
            outcome = ", ".join(sorted({one.kind for one in seen.differences}))
        elif seen.not_kept:
            outcome = "deleted there by the data set's rule, not compared"
        elif seen.only_listed:
            outcome = "listed, its bytes are not given out"
        await self._store.verified(program, batch, seen.differences, outcome)
        self._tell(batch)

    # ---- the day's round ---------------------------------------------------------------------

    async def _is_round_due(self, tenant: Tenant) -> bool:
        last = await self._store.last_round(tenant)
        now = self._clock()
        return last is None or not now - self._pace.between_rounds < last <= now

    async def _go_round(self, tenant: Tenant) -> None:
        if self._round_of != tenant:
            self._round, self._round_of = Round(), tenant
        done = self._round
        due = await self._store.due(
            tenant,
            rested=self._pace.rested,
            without=done.skipped,
            most=self._pace.most_batches - done.batches - len(done.skipped),
        )
        for batch_id in due:
            if self._tenant != tenant:
                return  # it goes on where it stopped
            await self._ask_again(batch_id, done)
        if self._tenant == tenant:
            await self._store.end_round(tenant, done)
            self._round_of = None

    async def _ask_again(self, batch_id: BatchId, done: Round) -> None:
        batch = await self._outbox.batch(batch_id)
        if batch.retraction is not None or batch.platform_id is None or not batch.confirmed:
            return  # it was taken back or begun anew since it was found
        if not self._ways.judge.may_read(batch.dataset_id):
            done.skipped.add(batch_id)
            return
        seen = await self._ask(batch, None)
        if isinstance(seen, Seen):
            await self._store.note(batch, seen.differences)
            done.add(len(batch.confirmed), seen.differences)
            self._tell(batch)
        elif not isinstance(seen, _STOPS_ALL):
            done.skipped.add(batch_id)  # whatever it has, no other is kept waiting by it

    # ---- asking ------------------------------------------------------------------------------

    async def _ask(self, batch: Batch, objects: "ObjectStore | None") -> Seen | HautError:
        """Ask for one batch; what came between is given, and sat out where it must be."""
        try:
            to = (await self._destinations.of_batch(batch.id)).address
            seen = await StillThere(self._ways.api, objects)(batch, to)
        except StationError:
            raise
        except HautError as error:
            _log.info("asking again waits: %s", error.kind)
            self._sit_out(error, batch)
            return error
        self._failures = 0
        return seen

    def _sit_out(self, error: HautError, batch: Batch) -> None:
        """Blame decides who waits; server errors keep this back alone, and never sending."""
        judge = self._ways.judge
        if isinstance(error, NetworkError):
            judge.sentence(error, Waiting())
        if isinstance(error, _STOPS_ALL):
            self._rest(self._pace.look_s)
        elif isinstance(error, AccountError):
            judge.sentence_reading(error, Waiting(), batch.dataset_id)
        elif isinstance(error, ServerError):
            waiting = judge.later(error, Waiting(self._failures))
            self._failures = waiting.attempt
            assert waiting.retry_at is not None
            self._rest((waiting.retry_at - self._clock()).total_seconds())

    def _rest(self, seconds: float) -> None:
        self._rests_until_s = self._ways.uptime() + seconds

    def _tell(self, batch: Batch) -> None:
        self._changes.send(Change(Topic.RECHECKS, frozenset({batch.id})))

    # ---- for a person ------------------------------------------------------------------------

    async def unread(self) -> tuple[Finding, ...]:
        """Give what differs and nobody has said to have read."""
        return await self._store.unseen()

    async def read(self, findings: tuple[Finding, ...]) -> None:
        """A person has read what differs: it is not shown again, and stays in the record."""
        await self._store.see([one.recheck for one in findings], self._act(""))
        self._changes.send(Change(Topic.RECHECKS))
