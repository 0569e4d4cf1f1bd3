"""Subjects of a study: found, checked, registered offline, and brought in from the platform."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from haut_desktop.domain.audit import Act
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.delivery import RegistrationState
from haut_desktop.domain.errors import HautError, SubjectCodeError
from haut_desktop.domain.ids import RegistrationId, StationId, SubjectId, new_id
from haut_desktop.domain.overviews import SubjectRow
from haut_desktop.domain.study import Study
from haut_desktop.domain.subjects import (
    CodeKind,
    Registration,
    Subject,
    SubjectCode,
    SubjectDetails,
    code_problem,
    normalise_code,
)
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.subject_list import SubjectList, SubjectSync

if TYPE_CHECKING:
    from haut_desktop.api.client import HautApi
    from haut_desktop.store.registrations import RegistrationStore
    from haut_desktop.store.subjects import SubjectStore

__all__ = ["CodeCheck", "SubjectRow", "SubjectSync", "Subjects"]

ASK_THERE_S: Final = 4.0
"""How long the check of a typed code waits for the platform, in seconds."""


@dataclass(frozen=True, slots=True)
class CodeCheck:
    """What is known about a code that is being typed."""

    code: str
    """In its one form (``normalise_code``)."""
    problem: str | None
    """What is wrong with its form, in words; None when nothing is."""
    is_taken_here: bool
    is_taken_there: bool | None
    """Whether the platform has a subject of this name; None when it was not asked or is away."""

    @property
    def is_free(self) -> bool:
        """Whether a new subject may have this code, as far as is known."""
        return self.problem is None and not self.is_taken_here and not self.is_taken_there


class Subjects:
    """The subjects of the studies on this station."""

    def __init__(
        self,
        *,
        api: "HautApi",
        store: "SubjectStore",
        registrations: "RegistrationStore",
        station_id: StationId,
        act: Callable[[str], Act],
        changes: Changes,
        clock: Clock,
        ask_there_s: float = ASK_THERE_S,
    ) -> None:
        self._api = api
        self._store = store
        self._registrations = registrations
        self._station_id = station_id
        self._act = act
        self._changes = changes
        self._clock = clock
        self._ask_there_s = ask_there_s
        # two at once, as after going to another study and back, would both find an entry unknown
        self._syncing = asyncio.Lock()

    async def search(self, study: Study, text: str = "") -> tuple[SubjectRow, ...]:
        """Find subjects by any part of a code; an empty text lists all, at most 200."""
        return await self._store.search(study.id, text)

    async def get(self, subject_id: SubjectId) -> Subject:
        """Read one subject; raises ``StoreError`` for an unknown one."""
        return await self._store.get(subject_id)

    async def check_code(self, study: Study, text: str) -> CodeCheck:
        """Check a typed code's form, whether it is taken here, and, in bounded time, there."""
        code = normalise_code(text)
        problem = code_problem(code, study.plan)
        if problem is not None:
            return CodeCheck(code, problem, is_taken_here=False, is_taken_there=None)
        is_taken_here = await self._store.by_code(study.id, code) is not None
        is_taken_there = None if is_taken_here else await self._ask_there(study, code)
        return CodeCheck(code, None, is_taken_here, is_taken_there)

    async def register(self, study: Study, text: str, details: SubjectDetails) -> Subject:
        """Add a subject with a draft registration per dataset; needs no network.

        Raises ``SubjectCodeError`` for a code that is malformed or in use.
        """
        code = normalise_code(text)
        problem = code_problem(code, study.plan)
        if problem is not None:
            raise SubjectCodeError(problem)
        subject = self._new_subject(study, code, details)
        await self._store.add(subject, self._act(""))
        self._changes.send(Change(Topic.SUBJECTS, frozenset({subject.id})))
        return subject

    async def sync(self, study: Study) -> SubjectSync:
        """Bring the platform's subjects of every dataset of ``study`` into the local list.

        Matched by our id in the entry's meta, by the platform's id, or by the exact code of a
        subject that came from the platform too. Raises as every call to the platform does.
        """
        async with self._syncing:
            outcome = await self._bring_in(study)
        if outcome.added or outcome.matched:
            self._changes.send(Change(Topic.SUBJECTS))
        return outcome

    async def _bring_in(self, study: Study) -> SubjectSync:
        known = SubjectList(
            subjects=self._store,
            registrations=self._registrations,
            study=study,
            station_id=self._station_id,
            clock=self._clock,
            act=self._act(""),
        )
        for dataset in study.datasets:
            listed = await self._api.subjects(study.tenant, dataset.platform_id)
            await known.bring_in(dataset, listed)
        return known.outcome()

    async def _ask_there(self, study: Study, code: str) -> bool | None:
        try:
            async with asyncio.timeout(self._ask_there_s):
                for dataset in study.datasets:
                    if await self._api.find_subjects(study.tenant, dataset.platform_id, code):
                        return True
        except (TimeoutError, HautError):
            return None
        return False

    def _new_subject(self, study: Study, code: str, details: SubjectDetails) -> Subject:
        now = self._clock()
        subject_id = SubjectId(new_id())
        drafts = tuple(
            Registration(RegistrationId(new_id()), subject_id, dataset.id, RegistrationState.DRAFT)
            for dataset in study.datasets
        )
        return Subject(
            id=subject_id,
            study_id=study.id,
            station_id=self._station_id,
            codes=(SubjectCode(code, CodeKind.SCREENING, "registered", now),),
            details=details,
            created_at=now,
            registrations=drafts,
        )
