"""A workplace: store, api and services of one station, built once and closed in order; no Qt."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from haut_desktop import __version__
from haut_desktop.api.auth import TokenKeeper
from haut_desktop.api.client import HautApi
from haut_desktop.api.object_store import ObjectStore
from haut_desktop.api.transport import Network
from haut_desktop.domain.clock import Clock, system_clock
from haut_desktop.domain.delivery import RetryPolicy, Route
from haut_desktop.domain.errors import HautError, StationError
from haut_desktop.domain.ids import StationId
from haut_desktop.domain.session import SessionState
from haut_desktop.services.asides import Asides
from haut_desktop.services.asking import LOOK_AGAIN_S, Asking
from haut_desktop.services.biological_sexes import BiologicalSexes
from haut_desktop.services.blame import Judge
from haut_desktop.services.broadcast import Broadcast
from haut_desktop.services.capture import Capture
from haut_desktop.services.changes import Changes, Progress
from haut_desktop.services.clock_steps import ClockSteps
from haut_desktop.services.computing import SETTLE_AGAIN_S, SETTLING_S, Computing
from haut_desktop.services.connectivity import Connectivity
from haut_desktop.services.decisions import Decisions
from haut_desktop.services.delivery import QUIET_REGISTRATION_S, STORE_TROUBLE_S, Delivery
from haut_desktop.services.disk_space import DiskSpace
from haut_desktop.services.erasure import Erasures
from haut_desktop.services.former import FormerDelivery
from haut_desktop.services.holdings import Holdings
from haut_desktop.services.inline_route import QUIET_S, SECOND_LOOK_S, InlineRoute
from haut_desktop.services.interrupted import InterruptedIntake
from haut_desktop.services.lanes import Lanes
from haut_desktop.services.outbox import Outbox
from haut_desktop.services.pauses import pause
from haut_desktop.services.placing import Placing
from haut_desktop.services.read_back import ReadBack
from haut_desktop.services.rechecks import RecheckPace, Rechecks, Ways
from haut_desktop.services.reconciliation import Reconciliation
from haut_desktop.services.registration import Registrar
from haut_desktop.services.reports import Reports
from haut_desktop.services.results import Pace, Results
from haut_desktop.services.retention import Retention
from haut_desktop.services.retracting import Retracting
from haut_desktop.services.sealed_images import SealedImages
from haut_desktop.services.session import Session
from haut_desktop.services.settling import ResultsProbe
from haut_desktop.services.sidecars import SidecarFollower, Sidecars
from haut_desktop.services.signed_route import SignedRoute
from haut_desktop.services.spooling import Drained, SpoolDrain
from haut_desktop.services.studies import Studies
from haut_desktop.services.subjects import Subjects
from haut_desktop.services.tasks import TaskScope
from haut_desktop.services.this_station import ThisStation
from haut_desktop.services.traffic import Traffic
from haut_desktop.services.wake_ups import WakeUps
from haut_desktop.settings import PRODUCTION_SERVER
from haut_desktop.store.spool import SPOOL, Spool
from haut_desktop.store.station import Station

IMAGES_IN_FLIGHT: Final = 3
"""Three pictures at once fill a clinic's line without starving it (field numbers: 3 to 6)."""

PARTING_S: Final = 60.0
"""So long somebody else's sign-in waits for pictures in flight; what is left is settled later."""


@dataclass(frozen=True, slots=True)
class Pacing:
    """Every delay of the work, in one place, so that a test may shorten them together."""

    retry: RetryPolicy = field(default_factory=RetryPolicy)
    quiet_s: float = QUIET_S
    second_look_s: float = SECOND_LOOK_S
    quiet_registration_s: float = QUIET_REGISTRATION_S
    settling_s: float = SETTLING_S
    settle_again_s: float = SETTLE_AGAIN_S
    look_again_s: float = LOOK_AGAIN_S
    results: Pace = field(default_factory=Pace)
    rechecks: RecheckPace = field(default_factory=RecheckPace)


class Workplace:
    """Everything that works below the screen; ``start`` sets it going, ``aclose`` ends it."""

    def __init__(
        self,
        store: Station,
        station_id: StationId,
        *,
        report: Callable[[HautError], None],
        server: str = PRODUCTION_SERVER,
        network: Network | None = None,
        clock: Clock = system_clock,
        pacing: Pacing | None = None,
    ) -> None:
        pacing = pacing or Pacing()
        self.network = network = network or Network()
        self.store = store
        self.clock = clock
        self.tasks = TaskScope("workplace", report)
        self.changes = Changes()
        self.progress = Broadcast[Progress]()
        self.keeper = TokenKeeper(clock)
        self.api = HautApi(server, self.keeper, network=network, clock=clock)
        self.objects = ObjectStore(network, clock)
        self.connectivity = Connectivity(self.changes, clock=clock, policy=pacing.retry)
        self._knows_platform_time = False
        self._knows_rules = False
        self.api.on_answer = self._on_answer
        self.session = Session(
            self.api, self.keeper, store.credentials, store.studies, self.changes, clock
        )
        self.session.before_another = self._part
        self.wake_ups = WakeUps(self._on_woken, clock=clock)
        self.studies = Studies(self.api, self.session, store.studies, self.changes, clock)
        self.subjects = Subjects(
            api=self.api,
            store=store.subjects,
            registrations=store.registrations,
            station_id=station_id,
            act=self.session.act,
            changes=self.changes,
            clock=clock,
        )
        self.biological_sexes = BiologicalSexes(self.api, store.studies)
        self.space = DiskSpace(store.vault.folder)
        self.this_station = ThisStation(
            studies=store.studies, space=self.space, act=self.session.act
        )
        self.capture = Capture(
            studies=store.studies,
            subjects=store.subjects,
            registrations=store.registrations,
            visits=store.visits,
            pictures=store.pictures,
            takes=store.takes,
            hand_overs=store.hand_overs,
            vault=store.vault,
            cache=store.cache,
            space=self.space,
            act=self.session.act,
            changes=self.changes,
            clock=clock,
            tasks=self.tasks.child("capture"),
        )
        self.traffic = Traffic(
            studies=store.studies,
            throttle=network.throttle,
            act=self.session.act,
            changes=self.changes,
            tasks=self.tasks,
            clock=clock,
        )
        judge = Judge(
            connectivity=self.connectivity,
            clock=clock,
            policy=pacing.retry,
            is_signed_in=lambda: self.session.state is SessionState.SIGNED_IN,
        )
        registrar = Registrar(
            api=self.api, subjects=store.subjects, registrations=store.registrations
        )
        self._deliveries = self.tasks.child("delivery")
        self.delivery = self._delivery(judge, registrar, pacing)
        notes = Sidecars(pictures=store.pictures, vault=store.vault)
        self.results = self._results(judge, pacing)
        self.erasures = Erasures(
            store=store.erasures,
            vault=store.vault,
            cache=store.cache,
            forget_results=self.results.erase_pictures,
            forget_unlisted=self.results.forget_unlisted,
            sidecars=notes,
            changes=self.changes,
            since=clock(),
        )
        self.retention = Retention(
            studies=store.studies,
            store=store.erasures,
            asides=store.asides,
            erasures=self.erasures,
            now=self._platform_time,
        )
        self.outbox = Outbox(
            store=store.outbox,
            retractions=store.retractions,
            sidecars=notes,
            erasures=self.erasures,
            registrations=store.registrations,
            destinations=store.destinations,
            registrar=registrar,
            delivery=self.delivery,
            traffic=self.traffic,
            wake_lookers=self._look_again,
            judge=judge,
            session=self.session,
            connectivity=self.connectivity,
            changes=self.changes,
            progress=self.progress,
        )
        self.decisions = Decisions(
            api=self.api,
            outbox=self.outbox,
            checks=self.subjects,
            subjects=store.subjects,
            studies=store.studies,
            destinations=store.destinations,
            session=self.session,
            visits=store.visits,
            sidecars=notes,
            station_id=station_id,
        )
        asking = Asking(
            api=self.api,
            outbox=store.outbox,
            destinations=store.destinations,
            session=self.session,
            has_results=ResultsProbe(self.api),
            from_store=self.objects.get,
            judge=judge,
            may_begin=lambda: self.may_ask,
            changes=self.changes,
            clock=clock,
            quiet_s=pacing.quiet_s,
            look_again_s=pacing.look_again_s,
        )
        self.reconciliation = Reconciliation(asking, store.rebuilt)
        self.former = FormerDelivery(asking, store.former)
        self.rechecks = self._rechecks(judge, pacing)
        self.placing = Placing(
            rebuilt=store.rebuilt,
            visits=store.visits,
            pictures=store.pictures,
            studies=store.studies,
            vault=store.vault,
            capture=self.capture,
            sidecars=notes,
            act=self.session.act,
            changes=self.changes,
            clock=clock,
        )
        self.asides = Asides(
            store=store.asides, erase=self.outbox.erase, changing=self.capture.changing
        )
        self.interrupted = InterruptedIntake(
            visits=store.visits,
            pictures=store.pictures,
            takes=store.takes,
            vault=store.vault,
            rebuilt=store.rebuilt,
            sidecars=notes,
            changing=self.capture.changing,
            changes=self.changes,
            since=clock(),
        )
        self.spool = SpoolDrain(
            spool=Spool(store.folder / SPOOL, store.keys.recipient, clock),
            identity=store.keys.identity,
            vault=store.vault,
            pictures=store.pictures,
            rebuilt=store.rebuilt,
            studies=store.studies,
            station_id=station_id,
            changing=self.capture.changing,
            changes=self.changes,
        )
        self.sidecars = SidecarFollower(
            sidecars=notes,
            outbox=store.outbox,
            changes=self.changes,
        )
        self.reports = Reports(
            studies=store.studies,
            subjects=store.subjects,
            visits=store.visits,
            outbox=store.outbox,
            results=store.results,
            audit=store.audit,
            clock=clock,
        )

    def place_spooled(self, tell: Callable[[Drained], None]) -> None:
        """Move what was taken in while the station was locked into the record, and tell of it."""

        async def drain() -> None:
            tell(await self.spool.drain())

        self.tasks.start(drain(), name="spooled pictures")

    def start(self, *, has_window: bool = False) -> None:
        """Set delivery, results and the renewal of tokens going; says whether a window follows."""
        settling = self.interrupted.settle(has_window=has_window)
        self.tasks.start(settling, name="interrupted intake")
        self.tasks.start(self.session.run(), name="session")
        self.tasks.start(self.wake_ups.run(), name="wake-ups")
        self.tasks.start(self._deliver(), name="delivery")
        self.tasks.start(self.results.run(), name="results")
        self.tasks.start(self.sidecars.run(), name="sidecars")
        self.tasks.start(self.retention.run(), name="retention")
        self.tasks.start(self.reconciliation.run(), name="reconciliation")
        self.tasks.start(self.former.run(), name="former delivery")
        self.tasks.start(self.rechecks.run(), name="rechecks")

    @property
    def may_ask(self) -> bool:
        """Whether the platform may be asked for what it has; not before the rules are known."""
        return self._knows_rules and self.delivery.may_begin

    async def aclose(self) -> None:
        """End everything in order: no new work, tasks, connections, database."""
        self.delivery.pause()
        await self.tasks.aclose()
        await self.api.aclose()
        await self.objects.aclose()
        await self.store.aclose()

    async def _deliver(self) -> None:
        """Deliver by the rules that were kept: nothing leaves before they are known."""
        while not await self._has_rules():
            await pause(asyncio.Event(), STORE_TROUBLE_S)
        if self.traffic.rules.is_paused:
            self.delivery.pause()
        self._knows_rules = True
        self._look_again()
        await self.delivery.run()

    async def _has_rules(self) -> bool:
        try:
            await self.traffic.load()
        except StationError:
            # the disk or the record has trouble, which everything else tells of
            return False
        return True

    async def _part(self) -> None:
        """Let what is in flight end before somebody of another company or server goes on."""
        if running := self._deliveries.running():
            await asyncio.wait(running, timeout=PARTING_S)
        self.studies.leave()

    def _on_answer(self, at: datetime | None) -> None:
        self._knows_platform_time |= at is not None
        self.connectivity.seen_online()

    def _on_woken(self) -> None:
        """Go on after the computer's sleep."""
        self.connectivity.network_changed()
        self.session.wake()
        self.delivery.wake()
        self._look_again()

    def _look_again(self) -> None:
        """Ask the platform at once for results, and for what it may have already."""
        self.results.wake()
        self.reconciliation.wake()
        self.former.wake()

    def _platform_time(self) -> datetime | None:
        """The time by the platform's clock; None before it has told it."""
        if not self._knows_platform_time:
            return None
        return self.clock() + timedelta(seconds=self.api.clock_offset_s)

    def _results(self, judge: Judge, pacing: Pacing) -> Results:
        store = self.store
        return Results(
            api=self.api,
            objects=self.objects,
            store=store.results,
            outbox=store.outbox,
            visits=store.visits,
            subjects=store.subjects,
            studies=store.studies,
            destinations=store.destinations,
            cache=store.cache,
            vault=store.vault,
            session=self.session,
            connectivity=self.connectivity,
            judge=judge,
            changes=self.changes,
            clock=self.clock,
            pace=pacing.results,
        )

    def _rechecks(self, judge: Judge, pacing: Pacing) -> Rechecks:
        store = self.store
        return Rechecks(
            Ways(
                self.api,
                self.objects,
                self.session,
                judge,
                is_quiet=lambda: not self._deliveries.running(),
                may_begin=lambda: self.may_ask,
            ),
            store=store.rechecks,
            outbox=store.outbox,
            destinations=store.destinations,
            act=self.session.act,
            changes=self.changes,
            clock=self.clock,
            version=__version__,
            pace=pacing.rechecks,
        )

    def _delivery(self, judge: Judge, registrar: Registrar, pacing: Pacing) -> Delivery:
        store = self.store
        lanes = Lanes(IMAGES_IN_FLIGHT, may_begin=lambda: self.delivery.may_begin)
        sealed = SealedImages(store.outbox, store.vault)
        has_results = ResultsProbe(self.api)
        computing = Computing(
            api=self.api,
            outbox=store.outbox,
            clock=self.clock,
            has_results=has_results,
            settling_s=pacing.settling_s,
            settle_again_s=pacing.settle_again_s,
        )
        signed = SignedRoute(
            api=self.api,
            objects=self.objects,
            outbox=store.outbox,
            sealed=sealed,
            computing=computing,
            lanes=lanes,
            progress=self.progress,
            clock=self.clock,
            read_back=ReadBack(self.api, self.objects.get),
        )
        inline = InlineRoute(
            api=self.api,
            outbox=store.outbox,
            sealed=sealed,
            lanes=lanes,
            progress=self.progress,
            clock=self.clock,
            quiet_s=pacing.quiet_s,
            second_look_s=pacing.second_look_s,
        )
        return Delivery(
            outbox=store.outbox,
            registrations=store.registrations,
            destinations=store.destinations,
            registrar=registrar,
            retracting=Retracting(
                outbox=store.outbox,
                retractions=store.retractions,
                destinations=store.destinations,
                routes={Route.SIGNED: signed, Route.INLINE: inline},
                holdings=Holdings(self.api),
                has_results=has_results,
            ),
            retractions=store.retractions,
            routes={Route.SIGNED: signed, Route.INLINE: inline},
            session=self.session,
            connectivity=self.connectivity,
            judge=judge,
            changes=self.changes,
            tasks=self._deliveries,
            steps=ClockSteps(waits=store.waits, clock=self.clock),
            clock=self.clock,
            opens_at=self.traffic.opens_at,
            quiet_registration_s=pacing.quiet_registration_s,
        )
