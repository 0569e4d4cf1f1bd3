"""The object store: bytes with proof, expiry told from refusal, never a token."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from haut_desktop.api.object_store import ObjectStore
from haut_desktop.api.transport import Network, Timeouts
from haut_desktop.domain.delivery import Proof
from haut_desktop.domain.errors import (
    AddressExpiredError,
    ContentMismatchError,
    HautError,
    NetworkError,
    NotThePlatformError,
    OutcomeUnknownError,
    RefusedError,
    ServerTroubleError,
    TooManyRequestsError,
    UnreachableError,
)
from haut_desktop.domain.imaging import Digest, UploadAddress
from tests.fakes.haut_server import HautServer

DATA = b"a picture's bytes"
MD5 = hashlib.md5(DATA).hexdigest()
MD5_BASE64 = base64.b64encode(bytes.fromhex(MD5)).decode()


def _address(url: str = "https://store.example/x", **headers: str) -> UploadAddress:
    pairs = {"Content-Type": "application/octet-stream", "Host": "store.example", **headers}
    return UploadAddress(url, "PUT", tuple(pairs.items()))


def _store(server: HautServer) -> ObjectStore:
    return ObjectStore(Network(transport=server.transport))


def _xml(status: int, code: str, message: str = "") -> httpx.Response:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return httpx.Response(status, text=body, headers={"content-type": "application/xml"})


async def test_the_addresss_headers_go_unchanged_and_no_token_with_them() -> None:
    server = HautServer().on("/x", httpx.Response(200))
    await _store(server).put(
        _address(**{"X-Goog-Content-Length-Range": "1,31457280"}), DATA, md5_hex=MD5
    )
    (request,) = server.requests
    assert request.content == DATA
    assert request.headers["content-type"] == "application/octet-stream"
    assert request.headers["x-goog-content-length-range"] == "1,31457280"
    assert request.headers["content-length"] == str(len(DATA))
    assert not {"authorization", "cookie", "transfer-encoding"} & set(request.headers)


async def test_an_md5_that_the_address_asks_for_is_filled_in() -> None:
    server = HautServer().on("/x", httpx.Response(200))
    await _store(server).put(_address(**{"Content-MD5": ""}), DATA, md5_hex=MD5)
    assert server.requests[0].headers["content-md5"] == MD5_BASE64


@pytest.mark.parametrize(
    ("headers", "kind"),
    (
        ({"x-goog-hash": f"crc32c=AAAAAA==,md5={MD5_BASE64}"}, Proof.STORE_HASH),
        ({"etag": f'"{MD5}"'}, Proof.STORE_HASH),
        ({"x-goog-stored-content-length": str(len(DATA))}, Proof.LENGTH_ONLY),
        ({"etag": '"CKih16GjycICEAE="'}, Proof.SERVER_ID_ONLY),
        ({}, Proof.SERVER_ID_ONLY),
    ),
)
async def test_the_proof_is_as_strong_as_what_the_store_says(
    headers: dict[str, str], kind: Proof
) -> None:
    server = HautServer().on("/x", httpx.Response(200, headers=headers))
    proof = await _store(server).put(_address(), DATA, md5_hex=MD5)
    assert proof.kind is kind


@pytest.mark.parametrize(
    "headers",
    (
        {"x-goog-hash": "md5=AAAAAAAAAAAAAAAAAAAAAA=="},
        {"etag": '"00000000000000000000000000000000"'},
        {"x-goog-stored-content-length": "3"},
    ),
)
async def test_other_bytes_than_were_sent_are_noticed(headers: dict[str, str]) -> None:
    server = HautServer().on("/x", httpx.Response(200, headers=headers))
    with pytest.raises(ContentMismatchError):
        await _store(server).put(_address(), DATA, md5_hex=MD5)


@pytest.mark.parametrize(
    ("answer", "error"),
    (
        (_xml(400, "ExpiredToken"), AddressExpiredError),
        (_xml(403, "AccessDenied", "Request has expired"), AddressExpiredError),
        (_xml(403, "SignatureDoesNotMatch"), RefusedError),
        (_xml(400, "EntityTooLarge"), RefusedError),
        (_xml(503, "SlowDown"), ServerTroubleError),
        (httpx.Response(429, headers={"retry-after": "7"}), TooManyRequestsError),
        (httpx.Response(200, html="<html>terms</html>"), NotThePlatformError),
        (httpx.Response(302, headers={"location": "https://portal.example"}), NotThePlatformError),
        (httpx.ConnectError(""), UnreachableError),
        (httpx.ProxyError(""), UnreachableError),
        (httpx.ReadTimeout(""), OutcomeUnknownError),
        (httpx.RemoteProtocolError(""), OutcomeUnknownError),
    ),
)
async def test_each_answer_has_its_meaning(answer: object, error: type[HautError]) -> None:
    server = HautServer().on("/x", answer)
    with pytest.raises(error):
        await _store(server).put(_address(), DATA, md5_hex=MD5)


@pytest.mark.parametrize(
    "answer",
    (
        httpx.ConnectError(""),
        httpx.ReadTimeout(""),
        httpx.Response(200, html="<html>terms</html>"),
    ),
    ids=("away", "silent", "a portal"),
)
@pytest.mark.parametrize("call", ("put", "get", "holds"))
async def test_a_store_that_is_not_reached_is_not_the_platforms_trouble(
    call: str, answer: object
) -> None:
    store = _store(HautServer().on("/x", answer))
    url = "https://store.example/x"
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "put": lambda: store.put(_address(url), DATA, md5_hex=MD5),
        "get": lambda: store.get(url),
        "holds": lambda: store.holds(url, DIGEST),
    }
    with pytest.raises(NetworkError) as away:
        await calls[call]()
    assert away.value.is_of_store


async def test_an_answer_that_proves_nothing_and_says_something_is_no_success() -> None:
    server = HautServer().on("/x", httpx.Response(200, json={"welcome": "to the clinic"}))
    with pytest.raises(NotThePlatformError):
        await _store(server).put(_address(), DATA, md5_hex=MD5)


async def test_the_stores_own_code_is_in_the_refusal() -> None:
    server = HautServer().on("/x", _xml(403, "SignatureDoesNotMatch", "The signature differs."))
    with pytest.raises(RefusedError) as caught:
        await _store(server).put(_address(), DATA, md5_hex=MD5)
    assert (caught.value.code, caught.value.detail) == (
        "SignatureDoesNotMatch",
        "The signature differs.",
    )


async def test_an_expired_address_of_a_picture_is_known_when_it_is_fetched() -> None:
    server = HautServer().on("/x", _xml(400, "ExpiredToken"))
    with pytest.raises(AddressExpiredError):
        await _store(server).get("https://store.example/x")


# ---- over a real socket


@asynccontextmanager
async def _listening(until: int, answer: bytes = b"") -> AsyncIterator[str]:
    """A server that reads ``until`` bytes, answers, and breaks the connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        read = 0
        while read < until and (chunk := await reader.read(65536)):
            read += len(chunk)
        if answer:
            writer.write(answer)
            await writer.drain()
            writer.close()
        else:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"


async def test_a_connection_that_breaks_in_mid_body_says_so() -> None:
    data, store = bytes(20_000_000), ObjectStore()
    async with _listening(until=500_000) as url:
        with pytest.raises(OutcomeUnknownError) as caught:
            await store.put(_address(url), data, md5_hex=MD5)
    await store.aclose()
    assert caught.value.in_body


async def test_a_connection_that_breaks_after_the_body_says_so() -> None:
    store = ObjectStore()
    async with _listening(until=len(DATA) + 60) as url:
        with pytest.raises(OutcomeUnknownError) as caught:
            await store.put(_address(url), DATA, md5_hex=MD5)
    await store.aclose()
    assert not caught.value.in_body


async def test_a_store_that_never_answers_is_given_up() -> None:
    timeouts = Timeouts(read_s=0.05)
    store = ObjectStore(Network(timeouts=timeouts))
    async with _listening(until=10_000_000) as url:
        with pytest.raises(OutcomeUnknownError):
            await store.put(_address(url), DATA, md5_hex=MD5)
        await store.aclose()


DIGEST = Digest(hashlib.sha256(DATA).hexdigest(), MD5, len(DATA))
OF_DATA = {"x-goog-hash": f"md5={MD5_BASE64}"}
OF_OTHERS = {"x-goog-hash": "md5=AAAAAAAAAAAAAAAAAAAAAA=="}


@pytest.mark.parametrize(
    ("data", "headers", "is_there"),
    (
        (DATA, OF_DATA, True),
        (DATA, OF_OTHERS, False),
        (b"", {**OF_DATA, "content-length": "0"}, False),
        (b"other bytes, cut!", {}, False),
        (DATA, {}, True),
        # the checksum is the store's own: so many bytes of any kind are not read for it
        (b"other bytes, cut!", OF_DATA, True),
    ),
)
async def test_an_object_is_compared_by_what_the_store_says_else_by_its_bytes(
    data: bytes, headers: dict[str, str], *, is_there: bool
) -> None:
    server = HautServer().on("/x", httpx.Response(200, content=data, headers=headers))
    assert await _store(server).holds("https://store.example/x", DIGEST) is is_there
    (request,) = server.requests
    assert request.headers["accept-encoding"] == "identity"
    assert "authorization" not in request.headers


@pytest.mark.parametrize(
    ("answer", "error"),
    (
        (_xml(404, "NoSuchKey"), RefusedError),
        (_xml(400, "ExpiredToken"), AddressExpiredError),
        (_xml(503, "SlowDown"), ServerTroubleError),
        (httpx.Response(200, html="<html>terms</html>"), NotThePlatformError),
        (httpx.ConnectError(""), UnreachableError),
    ),
)
async def test_an_object_that_can_not_be_looked_at_is_no_difference_by_itself(
    answer: object, error: type[HautError]
) -> None:
    server = HautServer().on("/x", answer)
    with pytest.raises(error):
        await _store(server).holds("https://store.example/x", DIGEST)


def test_time_to_send_grows_with_size() -> None:
    assert Timeouts().whole_s(0) == 25
    assert Timeouts().whole_s(5_000_000) == 5_000_000 / 50_000 * 1.5 + 25


@pytest.mark.parametrize("url", ("https://store.example:port/x", "https://st\x00re/x"))
async def test_an_address_that_can_not_be_read_asks_for_a_new_one(url: str) -> None:
    server = HautServer()
    with pytest.raises(AddressExpiredError):
        await _store(server).put(_address(url), DATA, md5_hex=MD5)
    assert server.requests == []
