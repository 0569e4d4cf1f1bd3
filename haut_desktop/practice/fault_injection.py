"""Carries out faults, outside the routes: an ASGI layer around each port's application."""

import asyncio
from collections.abc import MutableMapping
from typing import Any, Final

from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from haut_desktop.practice.answers import ContractError, answer_json
from haut_desktop.practice.clock import http_date, skewed
from haut_desktop.practice.connections import BreakableProtocol
from haut_desktop.practice.faults import Fault, FaultKind, Faults, Target

CONTROL_PREFIX: Final = "/_practice/"
"""Never struck, so that faults can be taken back."""
_PORTAL: Final = (
    "<!DOCTYPE html><html><head><title>Guest network</title></head>"
    "<body><form action='/accept'><button>Accept the terms</button></form></body></html>"
)
_TOO_LARGE: Final = (
    "<html><head><title>413 Request Entity Too Large</title></head>"
    "<body><center><h1>413 Request Entity Too Large</h1></center></body></html>"
)
_CLOSING: Final = {"Connection": "close"}
_LEAVING_S: Final = 0.05
"""Time for half an answer to leave before the connection breaks."""
_WRONG_HASHES: Final = (
    (b"etag", b'"00000000000000000000000000000000"'),
    (b"x-goog-hash", b"crc32c=AAAAAA==,md5=AAAAAAAAAAAAAAAAAAAAAA=="),
)


class FaultInjection:
    """Passes requests on to the application, but for those that a fault strikes."""

    def __init__(self, app: ASGIApp, faults: Faults, target: Target) -> None:
        self._app = app
        self._faults = faults
        self._target = target

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault, skew_s = self._choose(scope)
        with skewed(skew_s):
            await self._go(fault, scope, receive, _dated(send))

    async def _go(self, fault: Fault | None, scope: Scope, receive: Receive, send: Send) -> None:
        if fault is None:
            await self._app(scope, receive, send)
        elif (answer := self._make_answer(fault)) is not None:
            if fault.done:
                await self._app(scope, receive, _swallow)
            elif fault.kind is not FaultKind.REFUSE_EARLY:
                await _read_all(receive)
            await answer(scope, receive, send)
        else:
            await self._strike(fault, scope, receive, send)

    def _choose(self, scope: Scope) -> tuple[Fault | None, float]:
        if scope["type"] != "http" or scope["path"].startswith(CONTROL_PREFIX):
            return None, 0.0
        where = self._target, scope["method"], scope["path"]
        return self._faults.choose(*where), self._faults.skew_s(*where)

    def _make_answer(self, fault: Fault) -> Response | None:
        """The answer of those faults that are an answer."""
        match fault.kind:
            case FaultKind.HTML:
                return HTMLResponse(_PORTAL)
            case FaultKind.REDIRECT:
                return Response(status_code=fault.status or 302, headers=_to(fault.location))
            case FaultKind.EMPTY:
                return Response(status_code=200)
            case FaultKind.WRONG_SHAPE:
                return answer_json({"unexpected": [1, "two", None]})
        if self._target is Target.STORE:
            return _make_store_error(fault)
        return _make_platform_error(fault)

    async def _strike(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        match fault.kind:
            case FaultKind.OFFLINE:
                await _break(scope, receive)
            case FaultKind.SLOW:
                await asyncio.sleep(fault.delay_s)
                pace = _Pace(fault.bytes_per_s)
                await self._app(scope, pace.slow_receive(receive), pace.slow_send(send))
            case FaultKind.DROP_ANSWER:
                await self._app(scope, receive, _swallow)
                await _break(scope, receive)
            case FaultKind.COMMIT_LATE:
                body = await _read_all(receive)
                await _break(scope, receive)
                await asyncio.sleep(fault.delay_s)
                await self._app(scope, _replay(body), _swallow)
            case FaultKind.TRUNCATED:
                await self._app(scope, receive, _send_half(send))
                await asyncio.sleep(_LEAVING_S)
                await _break(scope, receive)
            case FaultKind.WRONG_HASH:
                await self._app(scope, receive, _falsify(send))
            case _:
                await self._app(scope, receive, send)


def _to(location: str) -> dict[str, str]:
    return {"Location": location, "Cache-Control": "no-store"}


def _dated(send: Send) -> Send:
    """Writes the platform's time into every answer."""

    async def send_dated(message: Message) -> None:
        if message["type"] == "http.response.start":
            date = (b"date", http_date().encode())
            message = {**message, "headers": [*message.get("headers", ()), date]}
        await send(message)

    return send_dated


def _make_platform_error(fault: Fault) -> Response | None:
    match fault.kind:
        case FaultKind.UNAUTHORIZED:
            status, detail = fault.status or 401, "Invalid or expired token."
            error = ContractError(status, "authentication_failed", detail)
        case FaultKind.FORBIDDEN:
            error = ContractError(403, "permission_denied", "You do not have permission.")
        case FaultKind.THROTTLED:
            headers = {"Retry-After": str(fault.retry_after_s)}
            error = ContractError(429, "throttled", "Request was throttled.", headers=headers)
        case FaultKind.SERVER_ERROR:
            error = ContractError(fault.status or 503, "error", "A server error occurred.")
        case FaultKind.REFUSE_EARLY if fault.status == 403:
            code, detail = "permission_denied", "You do not have permission."
            error = ContractError(403, code, detail, headers=_CLOSING)
        case FaultKind.REFUSE_EARLY:
            # who stands before the platform says so, in its own words
            return HTMLResponse(_TOO_LARGE, 413, headers=_CLOSING)
        case _:
            return None
    return error.answer()


def _make_store_error(fault: Fault) -> Response | None:
    headers: dict[str, str] = {}
    match fault.kind:
        case FaultKind.UNAUTHORIZED:
            status, code = 401, "AuthenticationRequired"
        case FaultKind.FORBIDDEN:
            status, code = 403, "AccessDenied"
        case FaultKind.THROTTLED:
            status, code = 429, "SlowDown"
            headers = {"Retry-After": str(fault.retry_after_s)}
        case FaultKind.SERVER_ERROR:
            status, code = fault.status or 503, "InternalError"
        case FaultKind.REFUSE_EARLY:
            status, headers = fault.status or 413, _CLOSING
            code = "AccessDenied" if status == 403 else "EntityTooLarge"
        case FaultKind.ADDRESS_EXPIRED:
            status, code = (403 if fault.status == 403 else 400), "ExpiredToken"
        case _:
            return None
    text = (
        f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code>"
        f"<Message>{code}</Message></Error>"
    )
    return Response(text, status, headers=headers, media_type="application/xml; charset=UTF-8")


async def _swallow(message: Message) -> None:
    """An answer that goes nowhere."""


async def _read_all(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body"):
            return b"".join(parts)


def _replay(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _break(scope: Scope, receive: Receive) -> None:
    """Break the connection and wait until uvicorn knows, so that it adds no answer."""
    BreakableProtocol.abort(scope)
    while (await receive())["type"] != "http.disconnect":
        pass


class _Pace:
    """Lets bytes through at a rate."""

    def __init__(self, bytes_per_s: float | None) -> None:
        self._bytes_per_s = bytes_per_s

    def slow_receive(self, receive: Receive) -> Receive:
        async def slowed() -> MutableMapping[str, Any]:
            message = await receive()
            await self._wait(len(message.get("body", b"")))
            return message

        return slowed

    def slow_send(self, send: Send) -> Send:
        async def slowed(message: Message) -> None:
            await self._wait(len(message.get("body", b"")))
            await send(message)

        return slowed

    async def _wait(self, size_bytes: int) -> None:
        if self._bytes_per_s:
            await asyncio.sleep(size_bytes / self._bytes_per_s)


def _send_half(send: Send) -> Send:
    """Sends the first half of each part of the answer, and never its end."""

    async def send_half(message: Message) -> None:
        body = message.get("body", b"")
        if message["type"] == "http.response.body":
            message = {**message, "body": body[: len(body) // 2], "more_body": True}
        await send(message)

    return send_half


def _falsify(send: Send) -> Send:
    async def falsified(message: Message) -> None:
        if message["type"] == "http.response.start":
            names = [name for name, _ in _WRONG_HASHES]
            kept = [header for header in message["headers"] if header[0].lower() not in names]
            message = {**message, "headers": [*kept, *_WRONG_HASHES]}
        await send(message)

    return falsified
