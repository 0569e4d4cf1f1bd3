"""What every connection is made with: proxy, trust, nothing from the environment."""

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from haut_desktop.api.auth import TokenKeeper
from haut_desktop.api.client import HautApi
from haut_desktop.api.errors import error_of, translate_errors
from haut_desktop.api.transport import Network
from haut_desktop.domain.errors import (
    OutcomeUnknownError,
    ServerError,
    StationError,
    UnreachableError,
)


@asynccontextmanager
async def _answering(answer: bytes, seen: list[bytes]) -> AsyncIterator[str]:
    """A server that keeps each request's first line and gives one answer."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        seen.append(head.split(b"\r\n", 1)[0])
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


EMPTY_LIST = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
    b"Connection: close\r\n\r\n[]"
)


async def test_a_given_proxy_is_asked_for_everything() -> None:
    seen: list[bytes] = []
    async with _answering(EMPTY_LIST, seen) as proxy:
        api = HautApi("http://platform.example", TokenKeeper(), network=Network(proxy=proxy))
        assert await api.algorithms() == ()
        await api.aclose()
    assert seen[0].startswith(b"GET http://platform.example/api/v1/dicts/algorithms/")


async def test_a_request_searches_the_disk_for_no_module(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[str] = []
    async with _answering(EMPTY_LIST, []) as server:
        api = HautApi(server, TokenKeeper())
        await api.algorithms()  # what is imported late is imported now
        monkeypatch.setattr(sys, "meta_path", [_Watch(searched), *sys.meta_path])
        await api.algorithms()
        await api.aclose()
    assert not searched


class _Watch:
    """Finds no module; notes what is looked for."""

    def __init__(self, searched: list[str]) -> None:
        self._searched = searched

    def find_spec(self, name: str, *_where: object) -> None:
        self._searched.append(name)


async def test_a_proxy_that_refuses_the_tunnel_proves_that_nothing_left() -> None:
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    async with _answering(refusal, []) as proxy:
        api = HautApi("https://platform.example", TokenKeeper(), network=Network(proxy=proxy))
        with pytest.raises(UnreachableError, match="proxy"):
            await api.algorithms()
        await api.aclose()


async def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with _answering(EMPTY_LIST, []) as server:
        api = HautApi(server, TokenKeeper())
        assert await api.algorithms() == ()
        await api.aclose()


@pytest.mark.parametrize("text", ("", "https://", "ftp://x.example", "http://\x00"))
def test_an_address_that_is_none_is_said_to_be_one(text: str) -> None:
    with pytest.raises(UnreachableError, match="address"):
        HautApi(text, TokenKeeper())


def test_an_address_without_a_scheme_is_encrypted_and_may_have_a_path() -> None:
    assert HautApi("saas.haut.ai/", TokenKeeper()).server == "https://saas.haut.ai"
    assert HautApi("https://x.example/haut/", TokenKeeper()).server == "https://x.example/haut"


def test_a_ca_file_that_is_none_is_the_stations_trouble(tmp_path: Path) -> None:
    file = tmp_path / "site.pem"
    file.write_text("no certificate")
    for path in (file, tmp_path / "missing.pem"):
        with pytest.raises(StationError, match=path.name):
            Network(ca_file=path).make_client()


def test_an_untrusted_certificate_is_named() -> None:
    with pytest.raises(UnreachableError, match="certificate"), translate_errors():
        raise httpx.ConnectError("") from ssl.SSLCertVerificationError()


@pytest.mark.parametrize(
    ("error", "expected"),
    (
        (httpx.ConnectTimeout(""), UnreachableError),
        (httpx.PoolTimeout(""), UnreachableError),
        (httpx.WriteTimeout(""), OutcomeUnknownError),
        (httpx.WriteError(""), OutcomeUnknownError),
        (httpx.ReadError(""), OutcomeUnknownError),
        (httpx.DecodingError(""), OutcomeUnknownError),
        (TimeoutError(), OutcomeUnknownError),
    ),
)
def test_only_a_connection_that_was_never_made_proves_that_nothing_left(
    error: Exception, expected: type[Exception]
) -> None:
    with pytest.raises(expected), translate_errors():
        raise error


@pytest.mark.parametrize(
    ("asked", "waits_s"),
    (("60", 60.0), ("9" * 400, 86_400.0), ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400.0)),
)
@pytest.mark.parametrize("status", (429, 503))
def test_a_servers_waiting_time_is_kept_and_is_a_day_at_most(
    status: int, asked: str, waits_s: float
) -> None:
    trouble = error_of(httpx.Response(status, headers={"retry-after": asked}))
    assert isinstance(trouble, ServerError)
    assert trouble.retry_after_s == waits_s
