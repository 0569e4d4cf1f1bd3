"""Results: what the algorithms said, kept for ever, by visit, with pictures, masks and change."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from haut_desktop.domain.analysis import (
    AlgorithmResult,
    BatchResults,
    Completeness,
    StoredResult,
    Trend,
    completeness,
)
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.delivery import ImageState
from haut_desktop.domain.ids import BatchId, SubjectId
from haut_desktop.domain.imaging import Batch, ImageType, Side
from haut_desktop.domain.study import Dataset
from haut_desktop.domain.trends import Occasion, trends
from haut_desktop.domain.visits import Visit
from haut_desktop.domain.words import TAKEN_BACK
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.pauses import Uptime, uptime
from haut_desktop.services.results_age import ResultsAge
from haut_desktop.services.results_awaited import awaited
from haut_desktop.services.results_dictionary import ResultDictionary
from haut_desktop.services.results_elsewhere import Elsewhere
from haut_desktop.services.results_following import Look, Pace, ResultFollower
from haut_desktop.services.results_masks import MaskLayer, MasksAway, layers_of, places_away
from haut_desktop.services.results_order import ordered
from haut_desktop.services.results_pictures import ResultPicture, ResultPictures, rendition_key
from haut_desktop.services.results_reading import Reading, ResultsReader
from haut_desktop.services.results_wanted import ORIGINAL, wanted

if TYPE_CHECKING:
    from haut_desktop.api.client import HautApi
    from haut_desktop.api.object_store import ObjectStore
    from haut_desktop.services.blame import Judge
    from haut_desktop.services.connectivity import Connectivity
    from haut_desktop.services.session import Session
    from haut_desktop.store.cache import PictureCache
    from haut_desktop.store.destinations import DestinationStore
    from haut_desktop.store.outbox import OutboxStore
    from haut_desktop.store.results import ResultStore
    from haut_desktop.store.studies import StudyStore
    from haut_desktop.store.subjects import SubjectStore
    from haut_desktop.store.vault import Vault
    from haut_desktop.store.visits import VisitStore

__all__ = ["MaskLayer", "Pace", "ResultPicture", "Results", "VisitResults"]

_LOOKS_WITHOUT_GROWTH = 5
"""After so many looks that brought nothing new, what is there is taken for everything, where the
platform has no flag and no list of algorithms (contract §7.3)."""


@dataclass(frozen=True, slots=True)
class VisitResults:
    """One batch of a visit with everything that can be shown of it, also without the platform."""

    visit: Visit
    batch: Batch
    completeness: Completeness
    results: tuple[StoredResult, ...] = ()
    pictures: tuple[ResultPicture, ...] = ()
    masks: tuple[MaskLayer, ...] = ()
    awaited: tuple[str, ...] = ()
    """Names of algorithms that are still expected; empty when the analysis is complete."""
    masks_away: MasksAway = field(default_factory=MasksAway)
    image_type: ImageType | None = None
    """What kind of pictures the batch holds, as far as the study says."""


class Results:
    """Follows submitted batches, keeps what they bring, and reads it back."""

    def __init__(
        self,
        *,
        api: "HautApi",
        objects: "ObjectStore",
        store: "ResultStore",
        outbox: "OutboxStore",
        visits: "VisitStore",
        subjects: "SubjectStore",
        studies: "StudyStore",
        destinations: "DestinationStore",
        cache: "PictureCache",
        vault: "Vault",
        session: "Session",
        connectivity: "Connectivity",
        judge: "Judge",
        changes: Changes,
        clock: Clock,
        pace: Pace | None = None,
        uptime: Uptime = uptime,
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._visits = visits
        self._studies = studies
        self._destinations = destinations
        self._changes = changes
        self._clock = clock
        self._pace = pace or Pace()
        self._reader = ResultsReader(api)
        self._dictionary = ResultDictionary(api=api, store=store)
        self._pictures = ResultPictures(objects=objects, cache=cache, vault=vault)
        self._elsewhere = Elsewhere(
            api=api,
            outbox=outbox,
            visits=visits,
            subjects=subjects,
            studies=studies,
            destinations=destinations,
            session=session,
            clock=clock,
        )
        self._follower = ResultFollower(
            outbox=outbox,
            look=self._look,
            session=session,
            connectivity=connectivity,
            judge=judge,
            changes=changes,
            clock=clock,
            pace=self._pace,
        )
        self._age = ResultsAge(clock, uptime)
        self._seen: dict[BatchId, tuple[str, int]] = {}
        self._discovering = asyncio.Lock()

    async def run(self) -> None:
        """Follow submitted batches until cancelled."""
        await self._follower.run()

    def wake(self) -> None:
        """Look at once for everything that is still awaited: a person waits for it."""
        self._follower.wake()

    async def refresh(self, batch_id: BatchId) -> Completeness:
        """Ask the platform about one batch now; raises as every call to the platform does."""
        return (await self._look(batch_id)).completeness

    async def discover(self, subject_id: SubjectId) -> int:
        """Make visits of the platform's batches that came from elsewhere; say how many."""
        self.wake()
        async with self._discovering:
            # two at once would both find the same batches unknown
            batches = await self._elsewhere.adopt(subject_id)
        if batches:
            self._changes.send(Change(Topic.VISITS, frozenset({subject_id})))
        return len(batches)

    async def visits(self, subject_id: SubjectId) -> tuple[VisitResults, ...]:
        """Every submitted batch of a subject that stands, oldest first, from this station alone."""
        rows = await self._store.of_subject(subject_id)
        return tuple([await self._gather(visit, batch, kept) for visit, batch, kept in rows])

    async def is_under_way(self, subject_id: SubjectId) -> bool:
        """Whether pictures of the subject are to go of which no analysis was asked for yet."""
        for visit in await self._visits.of_subject(subject_id):
            for batch in await self._outbox.of_visit(visit.id):
                if batch.images and batch.submitted_at is None and batch.state not in TAKEN_BACK:
                    return True
        return False

    async def trends(self, subject_id: SubjectId) -> tuple[Trend, ...]:
        """Every metric over the subject's visits; versions are never mixed in one.

        What was said of a picture that was replaced since is no value of its visit.
        """
        rows = await self._store.of_subject(subject_id)
        occasions = [
            Occasion(visit.name, batch.created_at, _counting(kept)) for visit, batch, kept in rows
        ]
        # many visits have tens of thousands of values
        return await asyncio.to_thread(trends, occasions)

    async def picture(self, key: str) -> bytes | None:
        """Open a picture or raster mask by its key; fetched anew if it is not kept any more."""
        data = await self._pictures.open(key)
        batch_id = BatchId(key.split("/")[0])
        if data is None and batch_id != "vault":
            self._seen.pop(batch_id, None)
            await self._pictures.forget_gone(batch_id)
            await self._look(batch_id)
            data = await self._pictures.open(key)
        return data

    async def erase_pictures(self, batch_id: BatchId, side: Side) -> None:
        """Let what was fetched of one side of a batch leave the disk; values stay."""
        await self._pictures.erase(batch_id, side)

    async def forget_unlisted(self, batch_id: BatchId, side: Side) -> None:
        """Let what a crash left of a side of a batch, and nobody knows of, leave the disk."""
        await self._pictures.forget_unlisted(batch_id, side)

    async def description(self, algorithm: str, version_id: int | None) -> str:
        """The platform's description of an algorithm as HTML, empty where it has none."""
        return await self._dictionary.describe(algorithm, version_id)

    # ---- looking -------------------------------------------------------------------------

    async def _look(self, batch_id: BatchId) -> Look:
        batch = await self._outbox.batch(batch_id)
        visit = await self._visits.get(batch.visit_id)
        target = await self._destinations.of_batch(batch_id)
        names = await self._applications_of(batch, visit)
        await self._dictionary.refresh(target.address.tenant, names)
        catalog = await self._dictionary.applications()
        reading = await self._reader.read(batch, target.address, names, catalog)
        answer = await self._dictionary.described(reading.answer, batch_id)
        mark, grew, still = self._compare(batch_id, answer)
        if grew:
            await self._store.save(batch_id, answer, names, self._clock())
            self._tell(batch, visit)  # values are read while pictures are still being fetched
        # what could not be saved counts as new at the next look
        self._seen[batch_id] = (mark, still)
        # what was erased while the platform was asked is not fetched again
        batch = await self._outbox.batch(batch_id)
        offered = wanted(batch, answer, reading.images)
        missing = await self._pictures.keep(batch_id, offered)
        state = self._judge(batch, reading, still)
        if state is not await self._store.completeness(batch_id):
            await self._store.mark_complete(batch_id, state)
        if grew or state is Completeness.COMPLETE:
            self._tell(batch, visit)
        return Look(state, grew, missing)

    async def _applications_of(self, batch: Batch, visit: Visit) -> tuple[str, ...]:
        dataset = await self._dataset_of(batch, visit)
        return dataset.applications if dataset else ()

    async def _dataset_of(self, batch: Batch, visit: Visit) -> Dataset | None:
        study = await self._studies.study(visit.study_id)
        return next((d for d in study.datasets if d.id == batch.dataset_id), None)

    async def _awaited(
        self, dataset: Dataset, said: Sequence[AlgorithmResult], batch: Batch
    ) -> tuple[str, ...]:
        catalog = await self._dictionary.applications()
        return awaited(dataset.applications, catalog, said, len(batch.images))

    def _compare(self, batch_id: BatchId, answer: BatchResults) -> tuple[str, bool, int]:
        """The answer's mark, whether it is new, and for how many looks nothing was."""
        # without raw answers and masks: their addresses change with every answer
        said = sorted(
            repr((r.algorithm, r.version, r.platform_image_id, r.is_ok, r.error, r.areas))
            for r in answer.results
        )
        mark = hashlib.sha256("\n".join(said).encode()).hexdigest()
        before, still = self._seen.get(batch_id, ("", 0))
        is_new = mark != before
        return mark, is_new and bool(answer.results), 0 if is_new else still + 1

    def _judge(self, batch: Batch, reading: Reading, still: int) -> Completeness:
        state = completeness(
            reading.expected,
            reading.arrived,
            age_s=self._age_s(batch),
            overdue_s=self._pace.overdue_s,
            platform_says=reading.platform_says,
        )
        has_settled = reading.has_some_of_all and still >= _LOOKS_WITHOUT_GROWTH
        if has_settled and reading.platform_says is None:
            return Completeness.COMPLETE
        return state

    def _tell(self, batch: Batch, visit: Visit) -> None:
        ids = {str(batch.id), str(visit.id), str(visit.subject_id or "")}
        self._changes.send(Change(Topic.RESULTS, frozenset(ids)))

    # ---- reading back --------------------------------------------------------------------

    async def _gather(
        self, visit: Visit, batch: Batch, kept: tuple[StoredResult, ...]
    ) -> VisitResults:
        own = [
            ResultPicture(
                image.side, ORIGINAL, rendition_key(image), name=image.name, light=image.light
            )
            for image in batch.images
            if image.state is not ImageState.ERASED
        ]
        # in this order: what is complete and not being fetched has all the masks it will get
        state = await self._completeness(batch)
        is_being_fetched = self._pictures.is_keeping(batch.id)
        rasters = await self._pictures.masks(batch.id)
        dataset = await self._dataset_of(batch, visit)
        catalog = await self._dictionary.applications()
        kept = ordered(kept, catalog)
        said = tuple(stored.result for stored in kept)
        is_waiting = dataset is not None and state is not Completeness.COMPLETE
        return VisitResults(
            visit=visit,
            batch=batch,
            completeness=state,
            results=kept,
            pictures=(*own, *await self._pictures.pictures(batch)),
            masks=tuple(layers_of(batch, said, rasters, catalog)),
            masks_away=MasksAway(places_away(batch, said, rasters), is_being_fetched),
            awaited=await self._awaited(dataset, said, batch) if dataset and is_waiting else (),
            image_type=dataset.image_type if dataset else None,
        )

    async def _completeness(self, batch: Batch) -> Completeness:
        """As it was last judged; a batch nobody looked at yet is pending, or overdue by age."""
        judged = await self._store.completeness(batch.id)
        if judged is Completeness.COMPLETE:
            return judged
        is_old = self._age_s(batch) > self._pace.overdue_s
        return Completeness.OVERDUE if is_old else judged or Completeness.PENDING

    def _age_s(self, batch: Batch) -> float:
        return self._age.seconds(batch.id, batch.submitted_at or batch.created_at)


def _counting(kept: Sequence[StoredResult]) -> tuple[AlgorithmResult, ...]:
    return tuple(stored.result for stored in kept if not stored.is_set_aside)
