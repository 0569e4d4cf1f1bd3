"""Dates in words; without the record's types, as the sign-in window needs none of them."""

from datetime import date
from typing import Final

_MONTHS: Final = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)
"""Not ``%b``: Qt sets the process's language from the computer's, and the screens are English."""


def day_words(day: date) -> str:
    """A date as it stands on the screens: ``1 Mar 2026``; files keep ``2026-03-01``."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
