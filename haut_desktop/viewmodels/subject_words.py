"""A subject in words: details and registration, as banner, list and confirmation say them."""

from haut_desktop.domain.delivery import RegistrationState
from haut_desktop.domain.overviews import SubjectRow
from haut_desktop.domain.subjects import Subject, SubjectDetails
from haut_desktop.domain.words import day_words
from haut_desktop.viewmodels.words import count

ROMAN = ("", "I", "II", "III", "IV", "V", "VI")
"""Fitzpatrick phototypes as they are written."""


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


def registration_words(subject: Subject) -> tuple[str, str]:
    """Say how far the subject's registrations are, with a tone's name."""
    states = {registration.state for registration in subject.registrations}
    if RegistrationState.HELD in states:
        return "Registration held", "bad"
    if states == {RegistrationState.REGISTERED}:
        return "Registered", "good"
    if RegistrationState.REGISTERING in states:
        return "Registering…", "accent"
    return "Waits for registration", "neutral"
