"""Numbers and times in words: with their units, and clock times in the site's zone."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from haut_desktop.domain.days import day_words

_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_DAY_S: Final = 86400


def count(number: int, noun: str, nouns: str = "") -> str:
    """Say a number of things: ``1 picture``, ``12 pictures``; ``nouns`` if an s is not enough."""
    return f"{number:,} {noun if number == 1 else nouns or f'{noun}s'}"


def span(seconds: float) -> str:
    """Say a length of time roughly: ``less than a minute``, ``3 min``, ``2 h``, ``5 days``."""
    if seconds < _MINUTE_S:
        return "less than a minute"
    if seconds < _HOUR_S:
        return f"{int(seconds // _MINUTE_S)} min"
    if seconds < 2 * _DAY_S:
        return f"{int(seconds // _HOUR_S)} h"
    return f"{int(seconds // _DAY_S)} days"


def ago(then: datetime, now: datetime) -> str:
    """Say how long ago ``then`` was."""
    seconds = (now - then).total_seconds()
    return "just now" if seconds < _MINUTE_S else f"{span(seconds)} ago"


def clock_time(at: datetime, zone: str) -> str:
    """Say the time of day at the site with its zone: ``14:05 CET``."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%H:%M} {local.tzname()}"


def day(at: datetime, zone: str) -> str:
    """Say the date at the site: ``1 Mar 2026``."""
    return day_words(at.astimezone(ZoneInfo(zone)))


def size(size_bytes: int) -> str:
    """Say a size: ``820 kB``, ``4.2 MB``."""
    if size_bytes < 999_500:  # 1000 kB is said as 1.0 MB
        return f"{max(size_bytes, 0) / 1000:.0f} kB"
    if size_bytes < 999_950_000:
        return f"{size_bytes / 1e6:.1f} MB"
    return f"{size_bytes / 1e9:.1f} GB"
