"""Batches that were made elsewhere, by another station or in the portal, become visits here."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from haut_desktop.domain.clock import Clock
from haut_desktop.domain.delivery import BatchState, RegistrationState
from haut_desktop.domain.destination import SubjectAddress
from haut_desktop.domain.ids import BatchId, PlatformBatchId, SubjectId, VisitId, new_id
from haut_desktop.domain.imaging import Batch, PlatformBatch, PlatformImage, image_id_in
from haut_desktop.domain.study import Dataset
from haut_desktop.domain.subjects import Registration, Subject
from haut_desktop.domain.visits import Visit, VisitKind, VisitStatus

if TYPE_CHECKING:
    from haut_desktop.api.client import HautApi
    from haut_desktop.services.session import Session
    from haut_desktop.store.destinations import DestinationStore
    from haut_desktop.store.outbox import OutboxStore
    from haut_desktop.store.studies import StudyStore
    from haut_desktop.store.subjects import SubjectStore
    from haut_desktop.store.visits import VisitStore

UNNAMED_VISIT: Final = "Visit"
_VISIT_META: Final = ("visit", "visit_name")


class Elsewhere:
    """Looks for a subject's batches that this station did not make, and adopts them."""

    def __init__(
        self,
        *,
        api: "HautApi",
        outbox: "OutboxStore",
        visits: "VisitStore",
        subjects: "SubjectStore",
        studies: "StudyStore",
        destinations: "DestinationStore",
        session: "Session",
        clock: Clock,
    ) -> None:
        self._api = api
        self._outbox = outbox
        self._visits = visits
        self._subjects = subjects
        self._studies = studies
        self._destinations = destinations
        self._session = session
        self._clock = clock

    async def adopt(self, subject_id: SubjectId) -> tuple[BatchId, ...]:
        """Adopt every unknown batch with pictures; raises as every call to the platform does."""
        subject = await self._subjects.get(subject_id)
        study = await self._studies.study(subject.study_id)
        adopted: list[BatchId] = []
        for dataset in study.datasets:
            registration = _registered(subject, dataset)
            if registration is not None:
                adopted += await self._adopt_from(subject, dataset, registration)
        return tuple(adopted)

    async def _adopt_from(
        self, subject: Subject, dataset: Dataset, registration: Registration
    ) -> list[BatchId]:
        at = await self._destinations.of_registration(registration.id)
        assert registration.platform_id is not None
        to = SubjectAddress(at.tenant, at.dataset_id, registration.platform_id, dataset.image_type)
        listed = await self._api.batches(to.tenant, to.dataset_id, to.subject_id)
        ids = tuple(batch.id for batch in listed)
        known = await self._visits.known_batches(dataset.id, ids)
        found: list[BatchId] = []
        for batch in sorted(listed, key=_moment):
            if batch.id not in known:
                found += await self._adopt_one(subject, dataset, to, batch)
        return found

    async def _adopt_one(
        self, subject: Subject, dataset: Dataset, to: SubjectAddress, batch: PlatformBatch
    ) -> list[BatchId]:
        meta = dict(batch.meta)
        station = await self._studies.station()
        if station is not None and meta.get("station_id") == station.id:
            # our own: on its way, or left behind when the answer to its start was lost
            return []
        images = await self._images(to, batch.id)
        ours = {image_id for image in images if (image_id := image_id_in(image.name))}
        if not images or await self._outbox.knows_any(ours):
            # started and never filled, so nothing was ever computed; or our own without a meta
            return []
        when = batch.created_at or self._clock()
        visit = await self._visit(subject, meta, _name_of(batch, images), when)
        kept = Batch(
            id=BatchId(new_id()),
            visit_id=visit.id,
            dataset_id=dataset.id,
            route=dataset.route,
            state=BatchState.SUBMITTED,
            images=(),
            created_at=when,
            platform_id=batch.id,
            # when it was submitted there is not said: it is late by what is seen from here
            submitted_at=self._clock(),
        )
        await self._visits.adopt(visit, kept, self._session.act("found on the platform"))
        return [kept.id]

    async def _images(
        self, to: SubjectAddress, batch_id: PlatformBatchId
    ) -> tuple[PlatformImage, ...]:
        return await self._api.batch_images(to.tenant, to.dataset_id, to.subject_id, batch_id)

    async def _visit(
        self, subject: Subject, meta: Mapping[str, str], name: str, when: datetime
    ) -> Visit:
        """The visit that a batch belongs to; batches of one visit elsewhere share it here, too."""
        site = await self._studies.site()
        zone = ZoneInfo(site.zone) if site is not None else ZoneInfo("UTC")
        before = await self._visits.of_subject(subject.id)
        visit_id = _visit_id(subject.id, meta)
        same = next((visit for visit in before if visit.id == visit_id), None)
        if same is not None:
            return same
        # not their number: after a rebuild the first of them may be lost
        alike = (visit.occurrence for visit in before if visit.name == name)
        occurrence = 1 + max(alike, default=0)
        return Visit(
            id=visit_id,
            study_id=subject.study_id,
            subject_id=subject.id,
            name=name,
            occurrence=occurrence,
            kind=VisitKind.UNSCHEDULED if occurrence == 1 else VisitKind.REPEAT,
            status=VisitStatus.FINISHED,
            local_date=when.astimezone(zone).date(),
            created_at=when,
            finished_at=when,
        )


def _registered(subject: Subject, dataset: Dataset) -> Registration | None:
    for registration in subject.registrations:
        is_there = registration.state is RegistrationState.REGISTERED
        if registration.dataset_id == dataset.id and is_there and registration.platform_id:
            return registration
    return None


def _visit_id(subject_id: SubjectId, meta: Mapping[str, str]) -> VisitId:
    """The same id for every batch of one visit elsewhere, and never one of another subject's."""
    there = meta.get("visit_id")
    return VisitId(str(uuid5(NAMESPACE_URL, f"{subject_id}/{there}")) if there else new_id())


def _moment(batch: PlatformBatch) -> float:
    return batch.created_at.timestamp() if batch.created_at else 0.0


def _name_of(batch: PlatformBatch, images: tuple[PlatformImage, ...]) -> str:
    """The visit's name as another station wrote it, in the batch's meta or the pictures' names."""
    meta = dict(batch.meta)
    for key in _VISIT_META:
        if meta.get(key):
            return meta[key]
    ours = next((image.name for image in images if image_id_in(image.name)), "")
    return ours.split("_")[1].replace("-", " ") if ours else UNNAMED_VISIT
