"""Registration: a subject's entry in one dataset, made once and never on the wrong person.

Look up the exact code on all pages; create with our ids in ``meta``; list again. Two equal names,
or a name that somebody else made, hold the subject and its pictures until a person says whether it
is the same participant.
"""

import logging
from collections.abc import Sequence
from typing import Final

from haut_desktop.api.client import HautApi
from haut_desktop.domain.audit import Act
from haut_desktop.domain.delivery import RegistrationEvent, RegistrationState, Waiting
from haut_desktop.domain.destination import DatasetAddress
from haut_desktop.domain.errors import (
    AccountError,
    HautError,
    ItemError,
    TooManyRequestsError,
    UnreachableError,
)
from haut_desktop.domain.ids import PlatformSubjectId
from haut_desktop.domain.subjects import PlatformSubject, Registration, Subject
from haut_desktop.services.settling import InDoubtError
from haut_desktop.services.troubles import trouble_of
from haut_desktop.store.registrations import RegistrationStore
from haut_desktop.store.subjects import SubjectStore

_log = logging.getLogger(__name__)

LOOKS: Final = 5
"""So many look-ups for an entry that the platform has confirmed, then a person is asked."""
ON_PAPER: Final = "Compare with the study's paper list before you decide."


class CodeTakenError(ItemError):
    """The platform has a subject with this code that this station did not make."""

    default_title = "Code already on the platform"
    default_message = (
        "The platform already has a subject with this code. Say whether it is the same participant "
        f"or give this one another code; the pictures wait. {ON_PAPER}"
    )


class CodeTwiceError(ItemError):
    """The platform lists the code more than once."""

    default_title = "Code on the platform more than once"
    default_message = (
        "The platform lists this code more than once. Say which entry is this participant; the "
        f"pictures wait. {ON_PAPER}"
    )


class NotListedYetError(InDoubtError):
    """A subject was created and the platform does not list it yet."""

    default_title = "Registration not visible yet"
    default_message = "The platform does not list the new subject yet. The station looks again."


class MaybeCreatedError(InDoubtError):
    """The program ended while a subject was being created."""

    default_title = "Was it registered?"
    default_message = (
        "The program ended before the platform's answer arrived. The station looks again before it "
        "registers anything."
    )


class NotListedError(ItemError):
    """A subject was created and the platform has not listed it for a long time."""

    default_title = "Registration not visible"
    default_message = (
        "The platform confirmed the new subject but does not list it. Look for the code in the web "
        "portal, then release the subject to look again; the pictures wait."
    )


class Registrar:
    """Keeps the promise of one registration, or holds it with the reason."""

    def __init__(
        self, *, api: HautApi, subjects: SubjectStore, registrations: RegistrationStore
    ) -> None:
        self._api = api
        self._subjects = subjects
        self._registrations = registrations

    async def register(self, registration: Registration, at: DatasetAddress) -> None:
        """Settle or make ``registration`` on the platform; raises what stopped it."""
        subject = await self._subjects.get(registration.subject_id)
        try:
            listed = await self._find(subject, at)
            if not listed:
                await self._create(registration, subject, at)
                listed = await self._find(subject, at)
                if not listed:
                    raise NotListedYetError
        except ItemError as error:
            await self._hold(registration, error)
            return
        await self._judge(registration, subject, listed)

    async def _create(
        self, registration: Registration, subject: Subject, at: DatasetAddress
    ) -> None:
        """Ask for the entry, unless an earlier attempt may still bring it about."""
        if registration.state is RegistrationState.DRAFT:
            await self._registrations.move(registration.id, RegistrationEvent.CLAIM)
        else:
            await self._be_patient(registration)
        try:
            await self._api.create_subject(
                at.tenant,
                at.dataset_id,
                subject.code,
                subject.details,
                subject_id=subject.id,
                station_id=subject.station_id,
            )
        except (UnreachableError, AccountError, TooManyRequestsError):
            # it never left, or it was turned away at the door: certainly not created
            await self._registrations.move(registration.id, RegistrationEvent.RELEASE)
            raise

    async def _be_patient(self, registration: Registration) -> None:
        """Raise while an entry that was asked for may still appear; delivery waits the quiet time.

        What was confirmed and is not listed is never asked for again: in the end a person looks.
        """
        waiting = registration.waiting
        if waiting.trouble is not None and waiting.trouble.kind == NotListedYetError.__name__:
            raise NotListedError if waiting.attempt >= LOOKS else NotListedYetError
        if waiting.retry_at is None:
            raise MaybeCreatedError

    async def _find(self, subject: Subject, at: DatasetAddress) -> Sequence[PlatformSubject]:
        return await self._api.find_subjects(at.tenant, at.dataset_id, subject.code)

    async def _judge(
        self, registration: Registration, subject: Subject, listed: Sequence[PlatformSubject]
    ) -> None:
        if len(listed) > 1:
            await self._hold(registration, CodeTwiceError())
        elif listed[0].subject_id == subject.id:
            await self._confirm(registration, listed[0].id)
        else:
            await self._hold(registration, CodeTakenError())

    async def _confirm(self, registration: Registration, platform_id: PlatformSubjectId) -> None:
        await self._claim(registration)
        await self._registrations.move(
            registration.id, RegistrationEvent.CONFIRM, platform_id=platform_id, waiting=Waiting()
        )

    async def _claim(self, registration: Registration) -> None:
        current = await self._registrations.of(registration.subject_id, registration.dataset_id)
        if current is not None and current.state is RegistrationState.DRAFT:
            await self._registrations.move(registration.id, RegistrationEvent.CLAIM)

    async def _hold(self, registration: Registration, error: HautError) -> None:
        _log.warning("registration %s is held: %s", registration.id, error.kind)
        await self._registrations.move(
            registration.id,
            RegistrationEvent.HOLD,
            waiting=Waiting(trouble=trouble_of(error)),
        )

    async def say_same(
        self, registration: Registration, platform_id: PlatformSubjectId, act: Act
    ) -> None:
        """A person says that the platform's entry is this participant."""
        await self._registrations.confirm_held(registration.id, platform_id, act)

    async def look_again(self, registration: Registration, act: Act) -> None:
        """A person says that the reason is gone; the next look-up decides afresh."""
        await self._registrations.move(
            registration.id, RegistrationEvent.RESUME, waiting=Waiting(), act=act
        )
