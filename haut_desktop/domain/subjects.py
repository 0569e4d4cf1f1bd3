"""Subjects: one participant each, with our own id for ever and a history of codes; never a name."""

import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from importlib import import_module
from typing import Final

from haut_desktop.domain.delivery import RegistrationState, Waiting
from haut_desktop.domain.ids import (
    DatasetId,
    PlatformSubjectId,
    RegistrationId,
    StationId,
    StudyId,
    SubjectId,
)
from haut_desktop.domain.study import ImagingPlan

LONGEST_CODE: Final = 64
"""Characters; the platform takes 512, no study's label is that long."""


class CodeKind(StrEnum):
    """What a code is for."""

    SCREENING = "screening"
    RANDOMISATION = "randomisation"


class SubjectStatus(StrEnum):
    """Where the participant stands in the study."""

    ACTIVE = "active"
    COMPLETED = "completed"
    DISCONTINUED = "discontinued"


FROM_THE_PLATFORM: Final = "from the platform"
"""The reason that stands beside a code which this station did not give."""


@dataclass(frozen=True, slots=True)
class SubjectCode:
    """One code in a subject's history; the latest is the current one."""

    code: str
    kind: CodeKind
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class KnownCode:
    """A code that was looked up, with whose it is."""

    key: str
    """As it was asked for."""
    said: str
    """The code itself, present or former."""
    subject_id: SubjectId
    code: str
    """The subject's current one."""

    @property
    def is_current(self) -> bool:
        """Whether the subject has it now."""
        return self.said == self.code


@dataclass(frozen=True, slots=True)
class SubjectDetails:
    """What may be recorded of a person; nothing here names one."""

    birth_year: int | None = None
    birth_date: date | None = None
    biological_sex: str | None = None
    """The platform's technical name, e.g. ``female``."""
    phototype: int | None = None
    """Fitzpatrick skin phototype 1…6."""
    remarks: str = ""


@dataclass(frozen=True, slots=True)
class Registration:
    """A subject's entry in one dataset, with the platform's id once it is known."""

    id: RegistrationId
    subject_id: SubjectId
    dataset_id: DatasetId
    state: RegistrationState
    held_from: RegistrationState | None = None
    platform_id: PlatformSubjectId | None = None
    waiting: Waiting = field(default_factory=Waiting)
    created_at: datetime | None = field(default=None, compare=False)
    """When the record got it; None for one that is not in the record yet."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One participant of one study."""

    id: SubjectId
    study_id: StudyId
    station_id: StationId
    codes: tuple[SubjectCode, ...]
    details: SubjectDetails
    created_at: datetime
    status: SubjectStatus = SubjectStatus.ACTIVE
    registrations: tuple[Registration, ...] = ()

    @property
    def code(self) -> str:
        """The current code."""
        return self.codes[-1].code

    @property
    def is_from_the_platform(self) -> bool:
        """Whether its first code was typed there; one registered here never merges on a name."""
        return self.codes[0].reason == FROM_THE_PLATFORM


@dataclass(frozen=True, slots=True)
class PlatformSubject:
    """A subject as the platform lists it."""

    id: PlatformSubjectId
    name: str
    subject_id: SubjectId | None
    """Our id, where the entry's ``meta`` carries one."""
    station_id: StationId | None
    """The station that made it, where the entry's ``meta`` says so."""
    details: SubjectDetails = field(default_factory=SubjectDetails)
    created_at: datetime | None = None


def normalise_code(text: str) -> str:
    """Bring a typed or scanned code into its one form: NFKC, no surrounding space, upper case."""
    return unicodedata.normalize("NFKC", text).strip().upper()


def code_key(code: str) -> str:
    """Give what makes two codes the same: their one form, case folded."""
    return normalise_code(code).casefold()


def code_problem(code: str, plan: ImagingPlan) -> str | None:
    """Say in words what is wrong with a normalised ``code``, or None when nothing is."""
    if not code:
        return f"Type or scan the subject's code, for example {plan.code_example}."
    if len(code) > LONGEST_CODE:
        return f"A code has at most {LONGEST_CODE} characters; this one has {len(code)}."
    if not code.isascii():
        return (
            "The code has letters of another script. Check the keyboard layout and type it again."
        )
    if not plan.matches_code(code):
        return f"The code does not have the study's form. It looks like {plan.code_example}."
    if plan.check_character and not _checks(code, plan.check_character):
        return "The check character does not fit: one character of the code is wrong."
    return None


def _checks(code: str, scheme: str) -> bool:
    module = import_module(f"stdnum.{scheme}")
    return bool(module.is_valid("".join(c for c in code if c.isalnum())))
