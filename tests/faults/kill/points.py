"""The moments at which a program can die: counted in a dry run, one of them deadly in each other.

Everything is seen from outside the program: its transport is wrapped, the driver's connections are
of a class that counts, renames are heard through the interpreter's audit hook.
"""

import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import httpx

from haut_desktop.store import database
from haut_desktop.store.driver import Connection, connect


class Kind(StrEnum):
    """What is about to happen, or has just happened, when the program dies."""

    COMMIT = "before a commit"
    COMMITTED = "after a commit"
    RENAME = "before a rename"
    REQUEST = "before a request"
    IN_BODY = "in mid-body"
    SENT = "after the body left"
    ANSWERED = "after the answer came"


AT_THE_STORE: Final = (Kind.COMMIT, Kind.COMMITTED)
ON_THE_DISK: Final = (Kind.RENAME,)
ON_THE_NETWORK: Final = (Kind.REQUEST, Kind.IN_BODY, Kind.SENT, Kind.ANSWERED)


@dataclass(frozen=True, slots=True)
class Point:
    """The ``number``-th moment of its kind, from 1."""

    kind: Kind
    number: int

    def __str__(self) -> str:
        """For a failure's message."""
        return f"{self.kind} {self.number}"


@dataclass
class Points:
    """Counts the moments of this process once it is armed, and dies at the deadly one."""

    deadly: Point | None = None
    is_armed: bool = False
    passed: Counter[Kind] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def pass_by(self, kind: Kind) -> None:
        """Note a moment; the process does not outlive the deadly one."""
        if not self.is_armed:
            return
        with self._lock:
            self.passed[kind] += 1
            if self.deadly == Point(kind, self.passed[kind]):
                os.kill(os.getpid(), signal.SIGKILL)

    def watch_store(self, station: Path) -> None:
        """See every commit of the database and every rename within the station's folder."""

        class CountingConnection(Connection):
            def execute(self, sql: str, parameters: Any = (), /) -> Any:
                if sql != "COMMIT":
                    return super().execute(sql, parameters)
                points.pass_by(Kind.COMMIT)
                answer = super().execute(sql, parameters)
                points.pass_by(Kind.COMMITTED)
                return answer

        def connect_counting(*where: Any, **how: Any) -> Connection:
            return connect(*where, factory=CountingConnection, **how)

        def hear(event: str, words: tuple[Any, ...]) -> None:
            if event == "os.rename" and Path(os.fsdecode(words[1])).is_relative_to(station):
                points.pass_by(Kind.RENAME)

        points = self
        setattr(database, "connect", connect_counting)  # noqa: B010 - a name of the driver's
        sys.addaudithook(hear)


class KillingTransport(httpx.AsyncBaseTransport):
    """Real sockets; dies before a request, within its body, behind it, or with its answer."""

    def __init__(self, points: Points) -> None:
        self.is_away = False
        """No network: nothing leaves."""
        self._points = points
        self._inner = httpx.AsyncHTTPTransport(limits=httpx.Limits(keepalive_expiry=4.0))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass a request on."""
        if self.is_away:
            raise httpx.ConnectError("no network", request=request)
        self._points.pass_by(Kind.REQUEST)
        if int(request.headers.get("Content-Length", 0)):
            assert isinstance(request.stream, httpx.AsyncByteStream)
            request.stream = _DeadlyBody(request.stream, self._points)
        response = await self._inner.handle_async_request(request)
        self._points.pass_by(Kind.ANSWERED)
        return response

    async def aclose(self) -> None:
        """Close the sockets."""
        await self._inner.aclose()


class _DeadlyBody(httpx.AsyncByteStream):
    """A body in two halves at least; what was asked for before is on its way already."""

    def __init__(self, body: httpx.AsyncByteStream, points: Points) -> None:
        self._body = body
        self._points = points

    async def __aiter__(self) -> AsyncIterator[bytes]:
        is_first = True
        async for chunk in self._body:
            middle = len(chunk) // 2 if is_first else 0
            if middle:
                is_first = False
                yield chunk[:middle]
                self._points.pass_by(Kind.IN_BODY)
            yield chunk[middle:]
        self._points.pass_by(Kind.SENT)

    async def aclose(self) -> None:
        await self._body.aclose()
