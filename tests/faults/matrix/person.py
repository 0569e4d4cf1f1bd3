"""The person at the station: decides what is held, signs in, asks for a right; and says why."""

from dataclasses import dataclass

from haut_desktop.domain.delivery import BatchState, ImageState, RegistrationState
from haut_desktop.domain.errors import HautError
from haut_desktop.domain.imaging import Batch
from haut_desktop.domain.outbox import VisitDelivery
from haut_desktop.domain.session import SessionState
from tests.e2e.stations import HeadlessStation
from tests.e2e.studies import PlatformStudy
from tests.faults.matrix.lanes import Lane
from tests.faults.matrix.truth import held_reasons


@dataclass(frozen=True)
class Person:
    """Somebody who looks into the platform's portal before every decision."""

    station: HeadlessStation
    lane: Lane
    there: PlatformStudy

    async def decide(self, visit: VisitDelivery) -> list[str]:
        """Do what the station can't do by itself; the reasons, none if there was nothing to do."""
        if held := list(held_reasons(visit)):
            await self._release(visit)
            return held
        if self.station.work.session.state is SessionState.REFUSED:
            await self._sign_in()
            return ["s"]
        if _lacks_right(visit):
            await self.station.work.outbox.retry_now()
            return ["p"]
        return []

    async def _sign_in(self) -> None:
        """Sign in; what goes wrong with it is tried again at the next look."""
        try:
            await self.station.sign_in(self.lane.platform.url)
        except HautError:
            return

    async def _release(self, visit: VisitDelivery) -> None:
        outbox = self.station.work.outbox
        for registration in visit.registrations:
            if registration.state is RegistrationState.HELD:
                await outbox.look_again(registration, "looked into the portal")
        for batch in visit.batches:
            is_held = batch.state is BatchState.HELD
            if is_held and batch.held_from is BatchState.SUBMITTING:
                await self._decide_on_computation(batch)
            elif is_held or any(image.state is ImageState.HELD for image in batch.images):
                await outbox.resume_held(batch.id, "looked into it")

    async def _decide_on_computation(self, batch: Batch) -> None:
        """Wait for what was computed; ask for what was not."""
        outbox, truth = self.station.work.outbox, await self.lane.truth(self.there)
        found = truth.batch(batch.platform_id)
        if found is not None and found["computes"]:
            await outbox.resume_held(batch.id, "the portal shows that it was computed")
        else:
            await outbox.compute_again(batch.id, "the portal shows nothing")


def _lacks_right(visit: VisitDelivery) -> bool:
    waitings = [
        *(registration.waiting for registration in visit.registrations),
        *(batch.waiting for batch in visit.batches if batch.state is not BatchState.SUBMITTED),
    ]
    kinds = {waiting.trouble.kind for waiting in waitings if waiting.trouble is not None}
    return "PermissionRefusedError" in kinds
