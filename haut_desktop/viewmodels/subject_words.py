"""A subject in words: details and registration, as banner, list and confirmation say them."""

from datetime import datetime
from typing import Final

from haut_desktop.domain.ageing import AGE_RULES, WAITS_LONG_AFTER_S
from haut_desktop.domain.days import day_words
from haut_desktop.domain.delivery import RegistrationState
from haut_desktop.domain.overviews import SubjectRow
from haut_desktop.domain.subjects import Subject, SubjectDetails
from haut_desktop.viewmodels.words import count, span

ROMAN = ("", "I", "II", "III", "IV", "V", "VI")
"""Fitzpatrick phototypes as they are written."""

_FIRST: Final = RegistrationState.DRAFT
_WORDS: Final = {
    RegistrationState.HELD: ("Registration held", "bad"),
    RegistrationState.REGISTERING: ("Registering…", "accent"),
    RegistrationState.DRAFT: ("Waits for registration", "neutral"),
}
"""The words of what is not registered, while it is fresh; what weighs most first."""


def details_words(details: SubjectDetails) -> str:
    """Say what is recorded: ``born 1984 · female · phototype III``."""
    parts = []
    if details.birth_date is not None:
        parts.append(f"born {day_words(details.birth_date)}")
    elif details.birth_year is not None:
        parts.append(f"born {details.birth_year}")
    if details.biological_sex:
        parts.append(details.biological_sex.replace("_", " "))
    if details.phototype:
        parts.append(f"phototype {ROMAN[details.phototype]}")
    return " · ".join(parts)


def visits_words(row: SubjectRow) -> str:
    """How many visits the record has; the platform's own are read when the subject is opened."""
    if row.visit_count:
        return count(row.visit_count, "visit")
    if row.subject.is_from_the_platform:
        return "visits not read yet"
    return "no visit yet"


def registration_words(subject: Subject, now: datetime) -> tuple[str, str]:
    """Say how far the subject's registrations are and how long they wait, with a tone's name."""
    left = [one for one in subject.registrations if one.state is not RegistrationState.REGISTERED]
    if subject.registrations and not left:
        return "Registered", "good"
    state = next((s for s in _WORDS if any(one.state is s for one in left)), _FIRST)
    since = min(
        (one.created_at for one in left if one.state is state and one.created_at), default=now
    )
    age_s, rule = (now - since).total_seconds(), AGE_RULES[state]
    if rule is None or age_s < WAITS_LONG_AFTER_S:
        return _WORDS[state]
    if state is RegistrationState.HELD:
        return f"Registration held, {span(age_s)}", "bad"
    return f"Not registered for {span(age_s)}", "bad" if age_s >= rule.alarms_after_s else "warn"
