"""Handing over: a visit's pictures given to the outbox, and taken back while they rest."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from haut_desktop.domain.audit import Act
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.computed_before import ComputedBefore, hashes_of, with_reason
from haut_desktop.domain.delivery import RegistrationState
from haut_desktop.domain.errors import PictureError, VisitClosedError
from haut_desktop.domain.ids import RegistrationId, SlotId, SubjectId, VisitId, new_id
from haut_desktop.domain.imaging import Batch
from haut_desktop.domain.reassigning import AnotherSubjectsPictureError, standing_elsewhere
from haut_desktop.domain.study import Study
from haut_desktop.domain.subjects import Registration
from haut_desktop.domain.visits import Arrangement, Visit, VisitSheet, VisitStatus
from haut_desktop.services import finishing
from haut_desktop.services.sidecars import Sidecars
from haut_desktop.services.traffic import rest_of

if TYPE_CHECKING:
    from haut_desktop.store.hand_overs import HandOverStore
    from haut_desktop.store.pictures import PictureStore
    from haut_desktop.store.registrations import RegistrationStore
    from haut_desktop.store.studies import StudyStore
    from haut_desktop.store.subjects import SubjectStore
    from haut_desktop.store.visits import VisitStore


class HandOver:
    """Finishes and reopens visits; nobody changes one from its being read to its being finished."""

    def __init__(
        self,
        *,
        studies: "StudyStore",
        subjects: "SubjectStore",
        registrations: "RegistrationStore",
        visits: "VisitStore",
        pictures: "PictureStore",
        hand_overs: "HandOverStore",
        sidecars: Sidecars,
        act: Callable[[str], Act],
        clock: Clock,
        changing: asyncio.Lock,
    ) -> None:
        self._studies = studies
        self._subjects = subjects
        self._registrations = registrations
        self._visits = visits
        self._pictures = pictures
        self._hand_overs = hand_overs
        self._sidecars = sidecars
        self._act = act
        self._clock = clock
        self._changing = changing

    async def finish(
        self,
        visit_id: VisitId,
        reason: str,
        shown: Arrangement | None,
        again: str,
        *,
        is_day_checked: bool,
    ) -> Visit:
        """Seal the visit into batches; raises as ``Capture.finish`` does."""
        async with self._changing:
            sheet = await self._visits.sheet(visit_id)
            subject_id = _check_finishable(sheet, reason)
            if shown is not None and shown != sheet.arrangement:
                raise VisitClosedError(
                    "The visit's pictures are no longer those that you have looked at. Look at "
                    "them once more and finish it again.",
                    title="The visit has changed",
                )
            return await self._finish(
                sheet, subject_id, reason, again, is_day_checked=is_day_checked
            )

    async def computed_before(self, visit_id: VisitId) -> tuple[ComputedBefore, ...]:
        """Give those of the pictures that would go which were computed before, or may have been."""
        sheet = await self._visits.sheet(visit_id)
        to_go = [shelf.to_go for shelf in sheet.shelves if shelf.to_go]
        return await self._pictures.computed_before(one.rendition.digest.sha256 for one in to_go)

    async def reopen(self, visit_id: VisitId) -> Visit:
        """Take a finished visit back while nothing of it has been initiated."""
        async with self._changing:
            visit = await self._hand_overs.reopen(visit_id, self._act(""))
            await self._sidecars.follow(visit_id)
        return visit

    async def end_rest(self, visit_id: VisitId) -> Visit:
        """Let a finished visit go now, after which it can't be reopened."""
        return await self._hand_overs.end_rest(visit_id, self._act(""))

    async def _finish(
        self,
        sheet: VisitSheet,
        subject_id: SubjectId,
        reason: str,
        again: str,
        *,
        is_day_checked: bool,
    ) -> Visit:
        study = await self._studies.study(sheet.visit.study_id)
        now = self._clock()
        rest = await rest_of(self._studies, study)
        batches = await plan(self._pictures, sheet, study, now, rest, again=again)
        await self._draft_registrations(subject_id, batches)
        not_before = now + rest
        resting = replace(
            sheet.visit, status=VisitStatus.FINISHED, finished_at=now, not_before=not_before
        )
        await self._sidecars.precede(resting, batches)
        act = self._act(reason.strip())
        return await self._hand_overs.finish(
            sheet.visit.id, batches, not_before, act, is_day_checked=is_day_checked
        )

    async def _draft_registrations(self, subject_id: SubjectId, batches: Iterable[Batch]) -> None:
        """A subject that came from one dataset's list may have no entry in another one yet."""
        subject = await self._subjects.get(subject_id)
        known = {registration.dataset_id for registration in subject.registrations}
        for dataset_id in {batch.dataset_id for batch in batches} - known:
            draft = Registration(
                RegistrationId(new_id()), subject_id, dataset_id, RegistrationState.DRAFT
            )
            await self._registrations.add(draft, self._act(""))


async def plan(
    pictures: "PictureStore",
    sheet: VisitSheet,
    study: Study,
    now: datetime,
    rest: timedelta,
    *,
    only: SlotId | None = None,
    again: str = "",
) -> tuple[Batch, ...]:
    """Plan the batches of what is to go, with ``only`` of one slot, before anything is written.

    ``again`` says why what was computed before is computed once more. Raises as
    ``finishing.plan_batches`` does, ComputedAlreadyError where ``again`` is needed, and
    AnotherSubjectsPictureError for a picture that is another subject's by now.
    """
    batches = finishing.plan_batches(sheet, study, now, rest, only=only)
    hashes = hashes_of(batches)
    for sha256 in sorted(hashes):
        places = await pictures.places_of(sha256)
        if (place := standing_elsewhere(places, sheet.visit.subject_id)) is not None:
            raise AnotherSubjectsPictureError(place)
    return with_reason(batches, await pictures.computed_before(hashes), again)


def _check_finishable(sheet: VisitSheet, reason: str) -> SubjectId:
    """Give the visit's subject, or say why the visit can't be finished yet."""
    if sheet.visit.status is not VisitStatus.OPEN:
        raise VisitClosedError("The visit is finished already.")
    if sheet.visit.subject_id is None:
        raise PictureError(
            "Nobody has said yet whose pictures these are. Choose the subject first.",
            title="No subject",
        )
    finishing.check_has_pictures(sheet)
    missing = finishing.missing_views(sheet)
    if missing and not reason.strip():
        raise PictureError(
            f"{' '.join(missing)} Add the picture, or say why it is not there.",
            title="A required view is missing",
        )
    return sheet.visit.subject_id
