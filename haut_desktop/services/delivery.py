"""The delivery loop: keeps the outbox's promises, oldest visit first, three pictures at once.

wake ─► allowed? ─► registrations that are due ─► batches that are due ─► wait for news or a time
         │ paused by hand, signed out, network away: wait; nothing is burnt
         └ who is to blame for an error decides what waits (``services/blame.py``)
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from haut_desktop.domain.clock import Clock
from haut_desktop.domain.delivery import (
    BatchEvent,
    BatchState,
    HeldBackError,
    ImageEvent,
    ImageState,
    RegistrationState,
    Route,
    TransitionError,
    Waiting,
)
from haut_desktop.domain.destination import DatasetAddress, SubjectAddress
from haut_desktop.domain.errors import Blame, HautError, ItemError, StationError
from haut_desktop.domain.ids import BatchId
from haut_desktop.domain.imaging import Batch
from haut_desktop.domain.session import Account, SessionState
from haut_desktop.domain.subjects import Registration
from haut_desktop.domain.tenant import Tenant
from haut_desktop.services.blame import Judge
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.clock_steps import ClockSteps
from haut_desktop.services.connectivity import Connectivity
from haut_desktop.services.pauses import pause, uptime
from haut_desktop.services.registration import Registrar
from haut_desktop.services.retracting import Retracting
from haut_desktop.services.session import Session
from haut_desktop.services.tasks import TaskScope
from haut_desktop.store.destinations import DestinationStore
from haut_desktop.store.outbox import OutboxStore
from haut_desktop.store.registrations import RegistrationStore
from haut_desktop.store.retractions import RetractionStore

BATCHES_AT_ONCE: Final = 3
"""Enough that a batch uploads while the next one starts; pictures in flight are limited apart."""
REGISTRATIONS_AT_ONCE: Final = 3
"""Beside the batches: many round trips and few bytes, for which no picture has to wait."""
IDLE_S: Final = 60.0
"""Longest wait in seconds without looking, in case a clock jump hid a due time."""
QUIET_REGISTRATION_S: Final = 30.0
"""Seconds before a registration with a lost answer is looked up: a late commit shows by then."""
BENCH_S: Final = 60.0
"""Seconds of rest for a promise that met a fault of our own or whose outcome was not written."""
STORE_TROUBLE_S: Final = 5.0
"""Seconds of rest for everything after trouble of the station's database."""

_TO_REGISTER: Final = frozenset({RegistrationState.DRAFT, RegistrationState.REGISTERING})
_TO_CARRY: Final = frozenset({BatchState.OPEN, BatchState.INITIATING, BatchState.SUBMITTING})

_log = logging.getLogger(__name__)


class Carrier(Protocol):
    """A route: the signed one or the inline one."""

    async def carry(self, batch: Batch, to: SubjectAddress, meta: Mapping[str, str]) -> None:
        """Do every step that is left of ``batch``."""

    def was_kept_back(self) -> None:
        """Note that a person's pause, or the sending window, keeps everything back just now."""


class Delivery:
    """Delivers what is due, one round after another, until it is cancelled."""

    def __init__(
        self,
        *,
        outbox: OutboxStore,
        registrations: RegistrationStore,
        destinations: DestinationStore,
        registrar: Registrar,
        retracting: Retracting,
        retractions: RetractionStore,
        routes: Mapping[Route, Carrier],
        session: Session,
        connectivity: Connectivity,
        judge: Judge,
        changes: Changes,
        tasks: TaskScope,
        steps: ClockSteps,
        clock: Clock,
        opens_at: Callable[[], datetime | None] = lambda: None,
        quiet_registration_s: float = QUIET_REGISTRATION_S,
    ) -> None:
        self._outbox = outbox
        self._registrations = registrations
        self._destinations = destinations
        self._registrar = registrar
        self._retracting = retracting
        self._retractions = retractions
        self._routes = routes
        self._session = session
        self._connectivity = connectivity
        self._judge = judge
        self._changes = changes
        self._tasks = tasks
        self._steps = steps
        self._clock = clock
        self._opens_at = opens_at
        self._quiet_registration = timedelta(seconds=quiet_registration_s)
        self._signed_in: Account | None = None
        self._forgives = False
        """Whether somebody has signed in since the last round."""
        self._registering: set[str] = set()
        self._carrying: set[str] = set()
        self._bench: dict[str, float] = {}
        # nothing in a batch itself tells that it was held and let go on while a step was under way
        self._resumed: set[BatchId] = set()
        self._woken = asyncio.Event()
        self._unpaused = asyncio.Event()
        self._unpaused.set()

    @property
    def is_paused(self) -> bool:
        """Whether somebody paused sending; what is in flight still ends well."""
        return not self._unpaused.is_set()

    def pause(self) -> None:
        """Start nothing new, not even a begun batch's next picture, until ``resume``."""
        self._unpaused.clear()
        self._tell()

    def resume(self) -> None:
        """Go on after ``pause``."""
        self._unpaused.set()
        self.wake()
        self._tell()

    def wake(self) -> None:
        """Look at once for something to do."""
        self._woken.set()

    def note_resumed(self, batch_id: BatchId) -> None:
        """Note, just before it does, that a person lets a held batch go on."""
        self._resumed.add(batch_id)

    async def run(self) -> None:
        """Deliver until cancelled; what was in flight when the program ended is settled first."""
        unsubscribe = self._changes.subscribe(self._on_change)
        try:
            await self._safely(self._recover)
            while True:
                await self._until_allowed()
                await self._safely(self._do_round)
        finally:
            unsubscribe()

    async def _safely(self, step: "_Work") -> None:
        """Repeat a step of the loop until the database lets it be done."""
        while True:
            try:
                await step()
            except StationError as error:
                _log.warning("delivery rests: %s", error.kind)
                await pause(asyncio.Event(), STORE_TROUBLE_S)
            else:
                return

    async def _recover(self) -> None:
        await self._steps.follow()
        await self._outbox.recover(self._clock())

    async def _do_round(self) -> None:
        """Start what is due and wait for news, or for the time at which more becomes due."""
        self._woken.clear()
        now = self._clock()
        await self._start_due(now)
        wait_s = IDLE_S
        if (next_time := await self._outbox.next_time(now)) is not None:
            wait_s = min(IDLE_S, max(0.0, (next_time - self._clock()).total_seconds()))
        await pause(self._woken, wait_s)

    def _on_change(self, change: Change) -> None:
        if change.topic is Topic.SESSION:
            self._on_session_changed()
        if change.topic in (Topic.SESSION, Topic.SUBJECTS, Topic.VISITS, Topic.CONNECTIVITY):
            self.wake()

    def _on_session_changed(self) -> None:
        """Forgive the account when somebody signs in, not whenever a token is renewed."""
        who = self._session.account if self._session.state is SessionState.SIGNED_IN else None
        if who is not None and who != self._signed_in:
            self._judge.forgive_account()
            self._forgives = True
        self._signed_in = who

    async def _forgive(self) -> None:
        """Let go on what waits because of what somebody else, or this one before, was refused."""
        if not self._forgives:
            return
        for batch in await self._outbox.waiting_batches(Blame.ACCOUNT):
            await self._outbox.set_waiting_batch(batch.id, Waiting(batch.waiting.attempt))
        self._forgives = False

    async def _until_allowed(self) -> None:
        """Wait until nobody paused, somebody is signed in and the network may be tried again.

        The clock is followed all the while: a step that is noticed late can no longer be told
        from what was written after it.
        """
        while True:
            await self._safely(self._steps.follow)
            if self.is_paused or self._opens_at() is not None:
                for route in self._routes.values():
                    route.was_kept_back()
            if self.is_paused:
                await pause(self._unpaused, IDLE_S)
            elif not self._may_act() or self._opens_at() is not None:
                self._woken.clear()
                await pause(self._woken, IDLE_S)
            elif self._connectivity.due_in_s > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(IDLE_S):
                        await self._connectivity.wait_until_due()
            else:
                return

    @property
    def may_begin(self) -> bool:
        """Whether a step, or the next picture of a batch, may be begun just now."""
        is_barred = self.is_paused or not self._may_act() or self._opens_at() is not None
        return not is_barred and self._connectivity.due_in_s <= 0

    def _may_act(self) -> bool:
        signed_in = self._session.state is SessionState.SIGNED_IN
        return signed_in and self._judge.is_account_trusted

    async def _start_due(self, now: datetime) -> None:
        """Start what is due of the sign-in's company and server; other work waits for its own."""
        account = self._session.account
        if account is None:
            return
        await self._forgive()
        if len(self._registering) < REGISTRATIONS_AT_ONCE:
            await self._register_due(now, account.tenant)
        if len(self._carrying) < BATCHES_AT_ONCE:
            await self._carry_due(now, account.tenant)

    async def _carry_due(self, now: datetime, tenant: Tenant) -> None:
        most = BATCHES_AT_ONCE + len(self._carrying) + len(self._bench)
        unreadable = self._judge.unreadable
        for batch in await self._retractions.due(now, most, tenant, unreadable=unreadable):
            if self._may_start(batch.id, self._carrying, BATCHES_AT_ONCE):
                self._start(batch.id, self._retract(batch), self._carrying)
        for batch in await self._outbox.due_batches(now, most, tenant):
            if self._may_start(batch.id, self._carrying, BATCHES_AT_ONCE):
                self._start(batch.id, self._carry(batch), self._carrying)

    async def _register_due(self, now: datetime, tenant: Tenant) -> None:
        most = REGISTRATIONS_AT_ONCE + len(self._registering) + len(self._bench)
        for registration in await self._registrations.due(now, most, tenant):
            if self._may_start(registration.id, self._registering, REGISTRATIONS_AT_ONCE):
                at = await self._destinations.of_registration(registration.id)
                self._start(registration.id, self._register(registration, at), self._registering)

    def _may_start(self, key: str, active: set[str], most: int) -> bool:
        is_benched = self._bench.get(key, 0.0) > uptime()
        return key not in active and len(active) < most and not is_benched

    def _start(self, key: str, work: "_Work", active: set[str]) -> None:
        self._bench.pop(key, None)
        active.add(key)
        self._tasks.start(self._do(key, work, active), name=f"deliver-{key}")

    async def _do(self, key: str, work: "_Work", active: set[str]) -> None:
        try:
            # since it was found due, somebody may have said no, or stop, to everything
            if self.may_begin:
                await work()
        except Exception:
            self._bench[key] = uptime() + BENCH_S
            raise
        finally:
            active.discard(key)
            self.wake()
            self._tell(key)

    def _tell(self, *ids: str) -> None:
        self._changes.send(Change(Topic.OUTBOX, frozenset(ids)))

    # ---- one promise ---------------------------------------------------------------------

    def _register(self, found: Registration, at: DatasetAddress) -> "_Work":
        async def work() -> None:
            # what was found due may have been done since; from here on nobody else does it
            registration = await self._registrations.of(found.subject_id, found.dataset_id)
            if registration is None or registration.state not in _TO_REGISTER:
                return
            if self._waits(registration.waiting):
                return
            try:
                await self._registrar.register(registration, at)
            except HautError as error:
                await self._wait_to_register(registration, error)
                return
            except TransitionError:
                if not await self._is_registered(registration):
                    raise
                # its entry was found meanwhile in the platform's list, which was being brought in
            self._judge.praise()
            self._changes.send(Change(Topic.SUBJECTS, frozenset({registration.subject_id})))

        return work

    async def _is_registered(self, registration: Registration) -> bool:
        now = await self._registrations.of(registration.subject_id, registration.dataset_id)
        return now is not None and now.state is RegistrationState.REGISTERED

    async def _wait_to_register(self, registration: Registration, error: HautError) -> None:
        """Let it wait; one that may have been created waits the quiet time at least."""
        waiting = self._judge.sentence(error, registration.waiting)
        current = await self._registrations.of(registration.subject_id, registration.dataset_id)
        if current is not None and current.state is RegistrationState.REGISTERING:
            quiet_until = self._clock() + self._quiet_registration
            again = max(waiting.retry_at or quiet_until, quiet_until)
            waiting = replace(waiting, retry_at=again)
            # also by the loop's clock, which nobody sets: it proves that a late answer shows by now
            self._bench[registration.id] = uptime() + self._quiet_registration.total_seconds()
        await self._registrations.set_waiting(registration.id, waiting)

    def _carry(self, found: Batch) -> "_Work":
        async def work() -> None:
            self._resumed.discard(found.id)
            batch = await self._outbox.find(found.id)
            if batch is None or batch.state not in _TO_CARRY or self._waits(batch.waiting):
                return
            try:
                target = await self._destinations.of_batch(batch.id)
                await self._routes[batch.route].carry(batch, target.address, target.meta)
            except HautError as error:
                judged = self._judge.sentence_step(error, batch.waiting, batch.dataset_id)
                waiting = self._when_written(judged)
                is_item = isinstance(error, ItemError)
                await self._safely(lambda: self._wait(batch.id, waiting(), is_held=is_item))
                return
            except HeldBackError:
                await self._safely(lambda: self._tidy(batch.id))
                return
            except TransitionError:
                await self._safely(lambda: self._tidy(batch.id))
                if not await self._has_anybody_intervened(batch):
                    raise
                return
            except Exception:
                await self._safely(lambda: self._tidy(batch.id))
                raise
            if not self.may_begin:
                return  # it may have ended before anything was asked: that praises nobody
            has_stored = batch.route is Route.SIGNED and batch.state is BatchState.OPEN
            self._judge.praise(with_store=has_stored)

        return work

    def _retract(self, found: Batch) -> "_Work":
        async def work() -> None:
            self._resumed.discard(found.id)
            batch = await self._outbox.find(found.id)
            if batch is None or batch.state is not BatchState.RETRACTING:
                return
            if self._waits(batch.waiting):
                return
            try:
                await self._retracting.carry(batch)
            except HautError as error:
                # it only asks: what may not be seen keeps back nothing that may be sent
                judged = self._judge.sentence_reading(error, batch.waiting, batch.dataset_id)
                waiting = self._when_written(judged)
                is_item = isinstance(error, ItemError)
                await self._safely(
                    lambda: self._wait_to_retract(batch.id, waiting(), is_held=is_item)
                )
                return
            except TransitionError:
                if not await self._has_anybody_intervened(batch):
                    raise
                return
            self._judge.praise()

        return work

    def _when_written(self, waiting: Waiting) -> Callable[[], Waiting]:
        """Give what the judge says; the wait begins when it is written.

        A full disk may keep it from being written for hours, and the clock may be set meanwhile.
        """
        if (until := waiting.retry_at) is None:
            return lambda: waiting
        delay = until - self._clock()
        return lambda: replace(waiting, retry_at=self._clock() + delay)

    async def _wait_to_retract(self, batch_id: BatchId, waiting: Waiting, *, is_held: bool) -> None:
        batch = await self._outbox.batch(batch_id)
        if batch.state is BatchState.RETRACTING and is_held:
            await self._outbox.move_batch(batch_id, BatchEvent.HOLD, waiting=waiting)
        elif batch.state is BatchState.RETRACTING:
            await self._outbox.set_waiting_batch(batch_id, waiting)

    async def _wait(self, batch_id: BatchId, waiting: Waiting, *, is_held: bool) -> None:
        """Note why a batch waits or is held; one that was reopened meanwhile is gone."""
        batch = await self._tidy(batch_id)
        if batch is None or batch.state not in _TO_CARRY:
            return
        if is_held:
            await self._outbox.move_batch(batch_id, BatchEvent.HOLD, waiting=waiting)
        else:
            await self._outbox.set_waiting_batch(batch_id, waiting)

    def _waits(self, waiting: Waiting) -> bool:
        return waiting.retry_at is not None and waiting.retry_at > self._clock()

    async def _has_anybody_intervened(self, before: Batch) -> bool:
        """Whether a person held it, took it back, reopened its visit or erased of it since.

        One who held it may have let it go on already.
        """
        now = await self._outbox.find(before.id)
        was_held = before.id in self._resumed
        return was_held or now is None or now.was_taken_out_since(before)

    async def _tidy(self, batch_id: BatchId) -> Batch | None:
        """After a step was torn by a fault of ours or of the disk: nothing stays in the middle.

        What was in flight is unknown, not forgotten; what was being started is begun anew.
        """
        batch = await self._outbox.find(batch_id)
        for image in batch.images if batch else ():
            if image.state is ImageState.UPLOADING:
                await self._outbox.move_image(image.id, ImageEvent.LOSE)
        if batch is not None and batch.state is BatchState.INITIATING:
            await self._outbox.move_batch(batch_id, BatchEvent.RELEASE)
        return await self._outbox.find(batch_id)


_Work = Callable[[], Awaitable[object]]
