"""What a token says about its own life, without verifying it: that is the platform's task."""

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from haut_desktop.domain.session import Tokens

ASSUMED_LIFE: Final = timedelta(minutes=60)
"""Life of an access token that is not a JWT; the platform documents 60 minutes (§2.3)."""

_LATEST_S: Final = datetime(9999, 1, 1, tzinfo=UTC).timestamp()

REFRESH_AT_SHARE: Final = 0.75
"""Share of its life after which a token is refreshed: 45 of 60 minutes."""


def expiry_of(access: str, *, now: datetime, clock_offset: timedelta) -> datetime:
    """When ``access`` ends, by the station's clock.

    ``clock_offset`` is the server's clock minus ours: the token's ``exp`` is in the server's time.
    """
    exp = _number(access, "exp")
    if exp is None:
        return now + ASSUMED_LIFE
    return datetime.fromtimestamp(exp, UTC) - clock_offset


def life_of(access: str) -> timedelta:
    """How long ``access`` lives in all."""
    begin, end = _number(access, "iat"), _number(access, "exp")
    if begin is None or end is None or end <= begin:
        return ASSUMED_LIFE
    return timedelta(seconds=end - begin)


def refresh_time(tokens: Tokens) -> datetime | None:
    """When to refresh ahead of expiry; None for a token that is never refreshed."""
    if tokens.expires_at is None or not tokens.refresh:
        return None
    return tokens.expires_at - life_of(tokens.access) * (1.0 - REFRESH_AT_SHARE)


def _number(token: str, claim: str) -> float | None:
    """A time in seconds; None for one that no calendar has, as one in milliseconds."""
    value = _payload(token).get(claim)
    return float(value) if isinstance(value, int | float) and 0 <= value <= _LATEST_S else None


def _payload(token: str) -> dict[str, Any]:
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        text = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        payload = msgspec.json.decode(text)
    except (binascii.Error, msgspec.DecodeError, ValueError):
        return {}
    return payload if isinstance(payload, dict) else {}
