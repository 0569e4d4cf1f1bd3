"""Times: seconds since the epoch inside, the contract's texts outside."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Final

# ISO 8601 is what the contract recommends; the dotted form is what one public client sends.
_EXTRA_FORMATS = ("%Y.%m.%d %H:%M:%S", "%Y-%m-%d %H:%M:%S")


_SKEW_S: Final[ContextVar[float]] = ContextVar("skew_s", default=0.0)
"""How far the platform's clock runs ahead for the request at hand."""


def utc_now() -> float:
    """Seconds since the epoch, as the platform's clock has them; a fault may set it wrong."""
    return true_now() + _SKEW_S.get()


def true_now() -> float:
    """Seconds since the epoch, whatever a request is told: what the work itself goes by."""
    return datetime.now(UTC).timestamp()


@contextmanager
def skewed(skew_s: float) -> Iterator[None]:
    """Let the platform's clock run ahead by skew_s, or behind, for what the block does."""
    token = _SKEW_S.set(skew_s)
    try:
        yield
    finally:
        _SKEW_S.reset(token)


def http_date() -> str:
    """``Sun, 06 Nov 1994 08:49:37 GMT``: the platform's clock in a ``Date`` header."""
    return formatdate(utc_now(), usegmt=True)


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
