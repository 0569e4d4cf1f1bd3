"""Decisions about a held subject: a person says which participant the platform's entry is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from haut_desktop.domain.delivery import RegistrationState
from haut_desktop.domain.errors import EntryTakenError, SubjectCodeError
from haut_desktop.domain.ids import PlatformSubjectId, StationId, SubjectId
from haut_desktop.domain.subjects import (
    PlatformSubject,
    Registration,
    Subject,
    SubjectDetails,
    normalise_code,
)
from haut_desktop.services.sidecars import Sidecars

if TYPE_CHECKING:
    from haut_desktop.api.client import HautApi
    from haut_desktop.services.outbox import Outbox
    from haut_desktop.services.session import Session
    from haut_desktop.services.subjects import CodeCheck, Subjects
    from haut_desktop.store.destinations import DestinationStore
    from haut_desktop.store.studies import StudyStore
    from haut_desktop.store.subjects import SubjectStore
    from haut_desktop.store.visits import VisitStore


class Maker(StrEnum):
    """Who made an entry on the platform, as far as its meta tells."""

    THIS_SUBJECT = "this-subject"
    THIS_STATION = "this-station"
    OTHER_STATION = "other-station"
    PORTAL = "portal"


@dataclass(frozen=True, slots=True)
class Entry:
    """One of the platform's entries with the held subject's code."""

    platform_id: PlatformSubjectId
    code: str
    details: SubjectDetails
    created_at: datetime | None
    maker: Maker


class Decisions:
    """Shows what a person must compare, and does what the person says, with who and why."""

    def __init__(
        self,
        *,
        api: "HautApi",
        outbox: "Outbox",
        checks: "Subjects",
        subjects: "SubjectStore",
        studies: "StudyStore",
        destinations: "DestinationStore",
        session: "Session",
        visits: "VisitStore",
        sidecars: Sidecars,
        station_id: StationId,
    ) -> None:
        self._api = api
        self._outbox = outbox
        self._checks = checks
        self._subjects = subjects
        self._studies = studies
        self._destinations = destinations
        self._session = session
        self._visits = visits
        self._sidecars = sidecars
        self._station_id = station_id

    async def subject(self, subject_id: SubjectId) -> Subject:
        """Read the held subject."""
        return await self._subjects.get(subject_id)

    async def entries(self, registration: Registration) -> tuple[Entry, ...]:
        """Ask the platform for every entry with the subject's code, on all pages.

        Raises as every call to the platform does.
        """
        subject = await self._subjects.get(registration.subject_id)
        at = await self._destinations.of_registration(registration.id)
        found = await self._api.find_subjects(at.tenant, at.dataset_id, subject.code)
        return tuple(
            Entry(each.id, each.name, each.details, each.created_at, self._maker(each, subject))
            for each in found
        )

    async def say_same(
        self, registration: Registration, platform_id: PlatformSubjectId, reason: str
    ) -> None:
        """The entry is this participant: the pictures go there.

        Raises EntryTakenError for an entry that is another subject's of this station.
        """
        owner = await self._subjects.by_platform_id(registration.dataset_id, platform_id)
        if owner is not None and owner.id != registration.subject_id:
            raise EntryTakenError
        await self._outbox.say_same(registration, platform_id, reason)

    async def say_other(self, registration: Registration, text: str, reason: str) -> Subject:
        """The entry is somebody else: the subject gets a new code, under which it is registered.

        An entry that this station made for this very subject stays its own. Raises
        ``SubjectCodeError`` for a code that is malformed or in use, here or there.
        """
        subject = await self._subjects.get(registration.subject_id)
        code = await self._free_code(subject, text)
        held = [r for r in subject.registrations if r.state is RegistrationState.HELD]
        own = {each.id: _made_for_subject(await self.entries(each)) for each in held}
        kind = subject.codes[-1].kind
        changed = await self._subjects.change_code(
            subject.id, code, kind, self._session.act(reason)
        )
        # a rebuild would bring the former code back, which somebody else may have by then
        for visit in await self._visits.of_subject(subject.id):
            await self._sidecars.follow(visit.id)
        for each in held:
            if (entry := own[each.id]) is not None:
                await self._outbox.say_same(each, entry.platform_id, reason)
            else:
                await self._outbox.look_again(each, reason)
        return changed

    async def look_again(self, registration: Registration, reason: str) -> None:
        """Somebody put it right on the platform: the station looks once more and goes on."""
        await self._outbox.look_again(registration, reason)

    async def _free_code(self, subject: Subject, text: str) -> str:
        code = normalise_code(text)
        if code == normalise_code(subject.code):
            raise SubjectCodeError(f"{code} is the code that is held. Type another one.")
        study = await self._studies.study(subject.study_id)
        check = await self._checks.check_code(study, code)
        if problem := _problem(check):
            raise SubjectCodeError(problem)
        return check.code

    def _maker(self, entry: PlatformSubject, subject: Subject) -> Maker:
        if entry.subject_id == subject.id:
            return Maker.THIS_SUBJECT
        if entry.station_id is None:
            return Maker.PORTAL
        is_own = entry.station_id == self._station_id
        return Maker.THIS_STATION if is_own else Maker.OTHER_STATION


def _made_for_subject(entries: Iterable[Entry]) -> Entry | None:
    return next((entry for entry in entries if entry.maker is Maker.THIS_SUBJECT), None)


def _problem(check: "CodeCheck") -> str:
    if check.problem:
        return check.problem
    if check.is_taken_here:
        return f"{check.code} belongs to another subject on this station. Type another one."
    if check.is_taken_there:
        return f"{check.code} is taken at the platform, too. Type another one."
    return ""
