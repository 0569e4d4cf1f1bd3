"""The platform's list of subjects brought into ours, with nobody merged on a mere name."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from haut_desktop.domain.audit import Act
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.delivery import (
    RegistrationEvent,
    RegistrationState,
    TransitionError,
)
from haut_desktop.domain.errors import SubjectCodeError
from haut_desktop.domain.ids import RegistrationId, StationId, SubjectId, new_id
from haut_desktop.domain.study import Dataset, Study
from haut_desktop.domain.subjects import (
    FROM_THE_PLATFORM,
    CodeKind,
    PlatformSubject,
    Registration,
    Subject,
    SubjectCode,
    normalise_code,
)

if TYPE_CHECKING:
    from haut_desktop.store.registrations import RegistrationStore
    from haut_desktop.store.subjects import SubjectStore


_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SubjectSync:
    """What a synchronisation with the platform's list did."""

    added: int
    matched: int
    """Entries that belong to a subject that was known already."""
    flagged: tuple[str, ...]
    """Codes whose entries on the platform can't be told apart from another subject's: left as they
    are until a person says same or different."""


class SubjectList:
    """Brings entries in, one dataset after the other, and counts what it did."""

    def __init__(
        self,
        *,
        subjects: "SubjectStore",
        registrations: "RegistrationStore",
        study: Study,
        station_id: StationId,
        clock: Clock,
        act: Act,
    ) -> None:
        self._subjects = subjects
        self._registrations = registrations
        self._study = study
        self._station_id = station_id
        self._clock = clock
        self._act = act
        self._added: set[SubjectId] = set()
        self._matched = 0
        self._flagged: set[str] = set()

    def outcome(self) -> SubjectSync:
        """What has been done so far."""
        return SubjectSync(len(self._added), self._matched, tuple(sorted(self._flagged)))

    async def bring_in(self, dataset: Dataset, listed: Sequence[PlatformSubject]) -> None:
        """Bring in the entries of one dataset."""
        names = Counter(normalise_code(entry.name) for entry in listed)
        for entry in listed:
            name = normalise_code(entry.name)
            if not name:
                continue
            if await self._subjects.by_platform_id(dataset.id, entry.id) is not None:
                self._matched += 1
            elif names[name] > 1:
                self._flagged.add(entry.name)
            else:
                await self._place(dataset, entry)

    async def _place(self, dataset: Dataset, entry: PlatformSubject) -> None:
        """Find the subject of an entry whose platform id is new here, or make one."""
        ours = await self._subjects.find(entry.subject_id) if entry.subject_id else None
        if ours is not None and ours.study_id == self._study.id:
            await self._link(ours, dataset, entry)
            return
        namesake = await self._subjects.by_code(self._study.id, entry.name)
        if namesake is None:
            await self._add(dataset, entry, is_id_free=ours is None)
        elif namesake.is_from_the_platform and entry.subject_id in {None, namesake.id}:
            # one name, once in each dataset of one study, both typed on the platform
            await self._link(namesake, dataset, entry)
        else:
            self._flagged.add(entry.name)

    async def _link(self, subject: Subject, dataset: Dataset, entry: PlatformSubject) -> None:
        """Say that ``entry`` is ``subject``; a held registration stays a person's matter."""
        known = next((r for r in subject.registrations if r.dataset_id == dataset.id), None)
        if known is None:
            await self._registrations.add(_registered(subject.id, dataset, entry), self._act)
        elif known.state in {RegistrationState.HELD, RegistrationState.REGISTERED}:
            self._flagged.add(entry.name)
            return
        else:
            await self._confirm(known, entry)
        self._matched += 1

    async def _confirm(self, known: Registration, entry: PlatformSubject) -> None:
        try:
            if known.state is RegistrationState.DRAFT:
                await self._registrations.move(known.id, RegistrationEvent.CLAIM)
            await self._registrations.move(
                known.id, RegistrationEvent.CONFIRM, platform_id=entry.id
            )
        except TransitionError:
            # the delivery keeps the same promise at the same time; whoever is second has nothing
            # left to do, and what is not kept yet the delivery looks up by itself
            _log.info("registration %s is moved by the delivery", known.id)

    async def _add(self, dataset: Dataset, entry: PlatformSubject, *, is_id_free: bool) -> None:
        taken_over = entry.subject_id if is_id_free else None
        subject_id = taken_over or SubjectId(new_id())
        now = self._clock()
        subject = Subject(
            id=subject_id,
            study_id=self._study.id,
            station_id=entry.station_id or self._station_id,
            codes=(SubjectCode(entry.name, CodeKind.SCREENING, FROM_THE_PLATFORM, now),),
            details=entry.details,
            created_at=entry.created_at or now,
            registrations=(_registered(subject_id, dataset, entry),),
        )
        try:
            await self._subjects.add(subject, self._act)
        except SubjectCodeError:  # somebody registered the code here since it was looked for
            self._flagged.add(entry.name)
        else:
            self._added.add(subject_id)


def _registered(subject_id: SubjectId, dataset: Dataset, entry: PlatformSubject) -> Registration:
    return Registration(
        RegistrationId(new_id()),
        subject_id,
        dataset.id,
        RegistrationState.REGISTERED,
        platform_id=entry.id,
    )
