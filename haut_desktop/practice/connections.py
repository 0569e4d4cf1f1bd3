"""The platform's open TCP connections, so that a fault can break one."""

import asyncio
from typing import ClassVar, cast

from starlette.types import Scope
from uvicorn.protocols.http.h11_impl import H11Protocol


class BreakableProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 protocol, findable by the address of its peer."""

    _open: ClassVar[dict[tuple[str, int], asyncio.Transport]] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it alike
        super().connection_made(transport)
        self._open[transport.get_extra_info("peername")[:2]] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        peer = self.transport.get_extra_info("peername")
        if peer is not None:
            self._open.pop(peer[:2], None)
        super().connection_lost(exc)

    @classmethod
    def abort(cls, scope: Scope) -> None:
        """Break the connection a request came by, without a farewell."""
        peer = cast(tuple[str, int], tuple(scope["client"]))
        if (transport := cls._open.get(peer)) is not None:
            transport.abort()
