"""Times: seconds since the epoch inside, the contract's texts outside."""

from datetime import UTC, datetime

# ISO 8601 is what the contract recommends; the dotted form is what one public client sends.
_EXTRA_FORMATS = ("%Y.%m.%d %H:%M:%S", "%Y-%m-%d %H:%M:%S")


def utc_now() -> float:
    """Seconds since the epoch."""
    return datetime.now(UTC).timestamp()


def space_form(time_s: float) -> str:
    """``2024-10-03 13:52:19``, in UTC: how v1 answers."""
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%d %H:%M:%S")


def iso_form(time_s: float) -> str:
    """``2024-10-03T13:52:19.000000Z``: how the documentation's samples look."""
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_time(text: str) -> float:
    """Seconds since the epoch of a request's time; without a zone it is UTC.

    Raises ValueError when no known form fits.
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = _parse_extra(text)
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def _parse_extra(text: str) -> datetime:
    for form in _EXTRA_FORMATS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise ValueError(f"not a time: {len(text)} characters")
