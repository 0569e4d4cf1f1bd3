"""The outbox for people: what waits and why, and the decisions that only a person takes."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from haut_desktop.domain.ageing import unsent_after_s
from haut_desktop.domain.audit import given_reason
from haut_desktop.domain.delivery import (
    BatchEvent,
    BatchState,
    RegistrationState,
    Waiting,
    held_by_hand,
)
from haut_desktop.domain.errors import ItemError, OtherAccountError
from haut_desktop.domain.ids import BatchId, OriginalId, PlatformSubjectId
from haut_desktop.domain.imaging import Batch
from haut_desktop.domain.outbox import OutboxSummary, VisitDelivery
from haut_desktop.domain.session import SessionState
from haut_desktop.domain.subjects import Registration
from haut_desktop.domain.tenant import Tenant, platform_words
from haut_desktop.domain.traffic import SendingRules
from haut_desktop.services.blame import Judge
from haut_desktop.services.broadcast import Broadcast
from haut_desktop.services.changes import Change, Changes, Progress, Topic
from haut_desktop.services.connectivity import Connectivity
from haut_desktop.services.delivery import Delivery
from haut_desktop.services.erasure import Erasures
from haut_desktop.services.registration import Registrar
from haut_desktop.services.session import Session
from haut_desktop.services.sidecars import Sidecars
from haut_desktop.services.traffic import Traffic
from haut_desktop.store.destinations import DestinationStore
from haut_desktop.store.outbox import OutboxStore
from haut_desktop.store.registrations import RegistrationStore
from haut_desktop.store.retractions import RetractionStore

_ANY_TIME: Final = datetime.max.replace(tzinfo=UTC)
"""Later than any waiting time."""


class Outbox:
    """Shows the promises not yet kept and takes decisions about them, each with who and why.

    Who is signed in to another company or server decides nothing: OtherAccountError says whose
    account it needs, and nothing was changed.
    """

    def __init__(
        self,
        *,
        store: OutboxStore,
        retractions: RetractionStore,
        sidecars: Sidecars,
        erasures: Erasures,
        registrations: RegistrationStore,
        destinations: DestinationStore,
        registrar: Registrar,
        delivery: Delivery,
        traffic: Traffic,
        wake_lookers: Callable[[], None],
        judge: Judge,
        session: Session,
        connectivity: Connectivity,
        changes: Changes,
        progress: Broadcast[Progress],
    ) -> None:
        self.progress = progress
        self._store = store
        self._retractions = retractions
        self._sidecars = sidecars
        self._erasures = erasures
        self._registrations = registrations
        self._destinations = destinations
        self._registrar = registrar
        self._delivery = delivery
        self._traffic = traffic
        self._wake_lookers = wake_lookers
        self._judge = judge
        self._session = session
        self._connectivity = connectivity
        self._changes = changes

    @property
    def is_paused(self) -> bool:
        """Whether somebody paused sending."""
        return self._delivery.is_paused

    @property
    def opens_at(self) -> datetime | None:
        """When the sending window opens next; None while nothing is kept back by it."""
        return self._traffic.opens_at()

    @property
    def account_waits(self) -> Waiting | None:
        """Why nothing goes since the account was told no, and until when; None while it may."""
        return self._judge.account_waits

    @property
    def rules(self) -> SendingRules:
        """When and how fast the station sends."""
        return self._traffic.rules

    async def set_rules(self, rules: SendingRules) -> None:
        """Set when and how fast the station sends; the trail says who did."""
        await self._traffic.set_rules(rules)
        self._go_on()

    def pause(self) -> None:
        """Start nothing new until ``resume``; what is in flight still ends well."""
        self._delivery.pause()
        self._traffic.note_pause(True)

    def resume(self) -> None:
        """Go on after ``pause``."""
        self._delivery.resume()
        self._traffic.note_pause(False)

    async def overview(self, limit: int, offset: int = 0) -> tuple[VisitDelivery, ...]:
        """Deliveries by visit, newest first."""
        return await self._store.deliveries(limit=limit, offset=offset)

    async def summary(self) -> OutboxSummary:
        """The outbox in one line."""
        is_out = self._session.state is not SessionState.SIGNED_IN
        is_kept_back = self.is_paused or is_out or self.account_waits is not None
        after_s = unsent_after_s(self.opens_at, is_kept_back=is_kept_back)
        found = await self._store.summary(after_s)
        return replace(found, is_paused=self.is_paused, opens_at=self.opens_at)

    async def retry_now(self, batch_id: BatchId | None = None) -> None:
        """Forget waiting times, of one batch or of all; quiet times that prove absence stay.

        Of all, those of another company or server are left as they are.
        """
        if batch_id:
            batches: tuple[Batch, ...] = (await self._check_batch(batch_id),)
        else:
            batches = await self._own(await self._store.waiting_batches())
        self._judge.forgive_account()
        for batch in batches:
            if batch.state is BatchState.HELD:
                continue  # its reason stands until a person resumes it
            await self._store.set_waiting_batch(batch.id, Waiting(batch.waiting.attempt))
        if batch_id is None:
            await self._retry_registrations()
        self._connectivity.network_changed()
        self._session.wake()
        self._wake_lookers()
        self._go_on(*(batch.id for batch in batches))

    async def hold(self, batch_id: BatchId, reason: str) -> None:
        """Keep a batch back until somebody resumes it."""
        batch = await self._check_batch(batch_id)
        # what it waited for until now is not why it is held
        waiting = Waiting(batch.waiting.attempt, trouble=held_by_hand(reason))
        act = self._session.act(reason)
        await self._store.move_batch(batch_id, BatchEvent.HOLD, waiting=waiting, act=act)
        self._go_on(batch_id)

    async def resume_held(self, batch_id: BatchId, reason: str = "") -> None:
        """Let a held batch, and the pictures in it that are held, go on where they stood.

        Raises ItemError for a batch that was taken back: nothing of it goes on.
        """
        await self._check_batch(batch_id)
        self._delivery.note_resumed(batch_id)
        batch = await self._store.resume(batch_id, self._session.act(reason))
        if batch.state is BatchState.RETRACTED:
            raise ItemError(
                "The batch was taken back, and nothing of it goes on. Nothing was changed. Reopen "
                "the visit and finish it to send its pictures again.",
                title="Taken back",
            )
        self._go_on(batch_id)

    async def retract(self, batch_id: BatchId, reason: str) -> None:
        """Take a batch back: from now on nothing of it is begun, and nothing of it is computed.

        What is in flight comes to its end; then the platform is asked what it keeps of the batch,
        which is noted. Nothing is deleted there. Raises ItemError without a reason, and for results
        that were made elsewhere.
        """
        act = self._session.act(given_reason(reason))
        await self._check_batch(batch_id)
        batch = await self._retractions.ask(batch_id, act)
        await self._sidecars.follow(batch.visit_id)
        self._changes.send(Change(Topic.VISITS, frozenset({batch.visit_id})))
        self._go_on(batch_id)

    async def erase(self, original_id: OriginalId, reason: str) -> None:
        """Let a picture leave this station for ever; its record, and what arrived, stay.

        Raises ErasureRefusedError while its fate is open, ItemError without a reason.
        """
        act = self._session.act(given_reason(reason))
        self._check(await self._destinations.tenant_of_original(original_id), "This picture")
        await self._erasures.erase(original_id, act)
        self._go_on()

    async def say_same(
        self, registration: Registration, platform_id: PlatformSubjectId, reason: str
    ) -> None:
        """A person says which of the platform's entries is the held subject; its pictures go on."""
        await self._check_registration(registration)
        await self._registrar.say_same(registration, platform_id, self._session.act(reason))
        self._changes.send(Change(Topic.SUBJECTS, frozenset({registration.subject_id})))
        self._go_on()

    async def look_again(self, registration: Registration, reason: str = "") -> None:
        """Look a held subject up once more, after somebody put it right on the platform."""
        await self._check_registration(registration)
        await self._registrar.look_again(registration, self._session.act(reason))
        self._changes.send(Change(Topic.SUBJECTS, frozenset({registration.subject_id})))
        self._go_on()

    async def compute_again(self, batch_id: BatchId, reason: str) -> None:
        """A person decides that a computation whose outcome is unknown is asked for once more."""
        await self._check_batch(batch_id)
        act = self._session.act(reason)
        self._delivery.note_resumed(batch_id)
        await self._store.resume(batch_id, act, asks_anew=True)
        self._go_on(batch_id)

    async def _retry_registrations(self) -> None:
        """Let subjects go on that wait; one that may have been created keeps its quiet time."""
        account = self._session.account
        tenant = account.tenant if account is not None else None
        for registration in await self._registrations.due(_ANY_TIME, tenant=tenant):
            if registration.state is RegistrationState.DRAFT:
                waiting = Waiting(registration.waiting.attempt)
                await self._registrations.set_waiting(registration.id, waiting)

    # ---- whose it is ---------------------------------------------------------------------

    async def _own(self, batches: Iterable[Batch]) -> tuple[Batch, ...]:
        """Those of who is signed in; all of them while nobody is."""
        account, tenants = self._session.account, await self._destinations.tenants()
        return tuple(
            batch
            for batch in batches
            if account is None or tenants[batch.dataset_id] == account.tenant
        )

    async def _check_batch(self, batch_id: BatchId) -> Batch:
        batch = await self._store.batch(batch_id)
        self._check((await self._destinations.tenants())[batch.dataset_id], "This batch")
        return batch

    async def _check_registration(self, registration: Registration) -> None:
        at = await self._destinations.of_registration(registration.id)
        self._check(at.tenant, "This subject's entry")

    def _check(self, tenant: Tenant | None, what: str) -> None:
        """Refuse what belongs to another company or server than the one signed in to."""
        account = self._session.account
        if account is None or tenant is None or tenant == account.tenant:
            return
        whose = f"company {tenant.company_id} on {platform_words(tenant.server)}"
        raise OtherAccountError(
            f"{what} belongs to {whose}. You are signed in to another one, so nothing was "
            "changed. Sign in there, then do it again."
        )

    def _go_on(self, *ids: str) -> None:
        self._delivery.wake()
        self._changes.send(Change(Topic.OUTBOX, frozenset(ids)))
