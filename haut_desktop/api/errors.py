"""Turns what HTTP can do to a call into the domain's errors, by who is to blame."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx
import msgspec

from haut_desktop.domain.errors import (
    HautError,
    NotThePlatformError,
    OutcomeUnknownError,
    PermissionRefusedError,
    RefusedError,
    ServerTroubleError,
    SignedOutError,
    TooManyRequestsError,
    UnreachableError,
)

NEVER_LEFT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    # a proxy that refuses the tunnel: the request itself was never written
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
"""Failures of which it is certain that the request never left this computer."""

GUESS_TOKEN_CODES: Final = frozenset({"authentication_failed", "not_authenticated"})
"""§1.4: the envelope's codes for a token that is no good, whatever the status is."""

_LONGEST_WAIT_S: Final = 86_400.0
"""Whoever asks for more is mistaken: what waits for years is lost."""
_LONGEST_DETAIL: Final = 300
_NO_FIELD: Final = "non_field_errors"
"""What stands for the whole body where a field's name would stand."""
_PLACES: Final = frozenset({"body", "query", "path", "header", "cookie"})
"""The part of a request in which a field is; no field by itself."""
_NO_JSON: Final = object()


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise a transport's failure as ``UnreachableError`` or ``OutcomeUnknownError``.

    The message never repeats httpx's own words: they may hold an address or a header.
    """
    try:
        yield
    except NEVER_LEFT as error:
        raise UnreachableError(_why_unreachable(error)) from error
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, TimeoutError) as error:
        raise OutcomeUnknownError from error


def _why_unreachable(error: BaseException) -> str:
    """Words for the two cases that somebody at the site can do something about; else empty."""
    if isinstance(error, httpx.ProxyError):
        return (
            "The site's proxy did not let the connection through. Pictures are safe on this "
            "station; ask your IT to allow the platform's addresses."
        )
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                "The server's certificate is not trusted on this computer, as behind a proxy that "
                "opens encrypted connections. Nothing was sent. Ask your IT for the site's "
                "certificate authority, and check this computer's date."
            )
        cause = cause.__cause__ or cause.__context__
    return ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the platform refused, in its own words."""

    code: str
    detail: str
    """Empty where it gave no reason."""
    attr: str | None = None
    """The field that it names; None where it names none."""


def read_json(response: httpx.Response) -> Any:
    """The body as JSON; raises ``NotThePlatformError`` for anything else."""
    value = _decode(response.content)
    if value is _NO_JSON:
        raise NotThePlatformError
    return value


def error_of(response: httpx.Response) -> HautError | None:
    """Say what a platform's answer means as an error; None for a good one (2xx)."""
    status = response.status_code
    if response.is_success:
        return None
    if response.is_redirect or status < 400 or status == 511:
        return NotThePlatformError()
    if status == 429:
        return TooManyRequestsError(retry_after_s(response))
    if status >= 500:
        trouble = ServerTroubleError(status)
        trouble.retry_after_s = retry_after_s(response)
        return trouble
    if status in (401, 403, 407) and _is_page(response):
        # a proxy's or guest network's own page: the platform's frontend answers these in JSON
        return NotThePlatformError()
    reason = reason_of(response)
    if status == 401 or is_of_token(response):
        return SignedOutError()
    if status == 403:
        return PermissionRefusedError()
    return RefusedError(status, reason.code, reason.detail, reason.attr)


def is_of_token(response: httpx.Response) -> bool:
    """Whether a 403 is about the token: so say frameworks whose tokens name no scheme."""
    return response.status_code == 403 and reason_of(response).code in GUESS_TOKEN_CODES


def reason_of(response: httpx.Response) -> Reason:
    """Read the first reason out of any of the envelopes that the contract knows (§1.4)."""
    body = _decode(response.content)
    if isinstance(body, dict):
        errors = body.get("errors")
        if isinstance(errors, list) and errors and isinstance(errors[0], dict):
            return _entry(errors[0])
        if "detail" in body:
            return _detail(body["detail"])
        for name, value in body.items():
            texts = value if isinstance(value, list) else [value]
            if texts and isinstance(texts[0], str):
                return Reason("invalid", texts[0][:_LONGEST_DETAIL], _field(str(name)))
    return Reason("unknown", "")


def retry_after_s(response: httpx.Response) -> float | None:
    """Seconds that the server asks to wait, written as a number or as a date; a day at most."""
    text = response.headers.get("retry-after", "")
    if text.strip().isdecimal():
        return min(float(text), _LONGEST_WAIT_S)
    until = parse_date(text)
    if until is None:
        return None
    now = server_time(response) or datetime.now(UTC)
    return min(max(0.0, (until - now).total_seconds()), _LONGEST_WAIT_S)


def server_time(response: httpx.Response) -> datetime | None:
    """The server's clock as its ``Date`` header says."""
    return parse_date(response.headers.get("date", ""))


def parse_date(text: str) -> datetime | None:
    """Read an HTTP date."""
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except ValueError:
        return None


def _decode(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _NO_JSON


def _is_page(response: httpx.Response) -> bool:
    is_html = "html" in response.headers.get("content-type", "").lower()
    return is_html or response.content[:200].lstrip().lower().startswith((b"<!doctype", b"<html"))


def _entry(entry: dict[str, Any]) -> Reason:
    attr = entry.get("attr")
    detail = str(entry.get("detail") or "")
    return Reason(
        str(entry.get("code") or "error"), detail[:_LONGEST_DETAIL], _field(str(attr or ""))
    )


def _detail(detail: object) -> Reason:
    if isinstance(detail, list) and detail and isinstance(detail[0], dict):
        # the rasterisation service: {"detail": [{"loc": […], "msg": "…", "type": "…"}]}
        first = detail[0]
        place = [str(part) for part in first.get("loc") or ()]
        field = ".".join(place[1:] if place[:1] and place[0] in _PLACES else place)
        message = str(first.get("msg") or "")[:_LONGEST_DETAIL]
        return Reason(str(first.get("type", "error")), message, field or None)
    return Reason("error", str(detail or "")[:_LONGEST_DETAIL])


def _field(name: str) -> str | None:
    return None if name in ("", _NO_FIELD) else name
