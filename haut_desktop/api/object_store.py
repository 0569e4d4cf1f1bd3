"""The object store behind signed addresses: bytes out and in, with no token and no cookies."""

import asyncio
import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import httpx

from haut_desktop.api.errors import retry_after_s, translate_errors
from haut_desktop.api.transport import Network, OnProgress, PictureBody
from haut_desktop.domain.clock import Clock, system_clock
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
)
from haut_desktop.domain.imaging import (
    LARGEST_PICTURE_BYTES,
    Digest,
    ProofOfDelivery,
    UploadAddress,
)

GUESS_EXPIRY_WORDS: Final = ("expired", "expiredtoken")
"""What an expired address is recognised by in the store's XML, lower case.

Contract §6.5 knows only that errors "come as GCS XML"; the store's public manual has
``ExpiredToken`` with 400, others write ``AccessDenied`` with 403 and ``Request has expired``.
"""

_SENT_BY_US: Final = frozenset({"host", "content-length"})
"""Headers that the HTTP library sets from the address and the body."""


class ObjectStore:
    """Puts bytes to signed addresses and proves it; fetches bytes from signed addresses."""

    def __init__(self, network: Network | None = None, clock: Clock = system_clock) -> None:
        self._network = network or Network()
        self._client = self._network.make_client()
        self._clock = clock

    async def put(
        self,
        address: UploadAddress,
        data: bytes,
        *,
        md5_hex: str,
        on_progress: OnProgress | None = None,
    ) -> ProofOfDelivery:
        """Send ``data`` with the address's own headers and compare what the store says of it.

        Repeating it replaces the same object. Raises AddressExpiredError (for an address that can't
        be read, too), RefusedError, ContentMismatchError, UnreachableError, and
        OutcomeUnknownError, whose ``in_body`` says that the connection broke while the body was
        being sent.
        """
        body = PictureBody(data, on_progress, self._network.throttle)
        try:
            request = self._client.build_request(
                address.method or "PUT",
                address.url,
                headers=_headers(address, md5_hex, body.size_bytes),
                content=body,
            )
        except (httpx.InvalidURL, ValueError, TypeError) as error:
            # nothing was sent, and only another address can help
            raise AddressExpiredError from error
        with _of_store():
            try:
                response = await self._send(request, body.size_bytes)
            except OutcomeUnknownError as error:
                raise OutcomeUnknownError(in_body=not body.is_sent) from error
            if (trouble := _error_of(response)) is not None:
                raise trouble
            return self._proof(response, md5_hex, len(data))

    async def get(self, url: str) -> bytes:
        """Fetch the whole object; raises AddressExpiredError when the address has ended."""
        with _of_store(), translate_errors():
            request = self._client.build_request("GET", url)
            response = await self._send(request, LARGEST_PICTURE_BYTES)
            if (trouble := _error_of(response)) is not None:
                raise trouble
            return response.content

    async def holds(self, url: str, digest: Digest) -> bool:
        """Whether the object is these bytes, by its length and the store's own checksum.

        The bytes themselves are read only where the store gives no checksum. Raises RefusedError
        for an object that is not there, and AddressExpiredError when the address has ended.
        """
        with _of_store(), translate_errors():
            # a length is the object's own only where nothing packs it on the way
            wanted = {"Accept-Encoding": "identity"}
            request = self._client.build_request("GET", url, headers=wanted)
            async with asyncio.timeout(self._network.whole_s(digest.size_bytes)):
                response = await self._client.send(request, auth=None, stream=True)
                try:
                    if not response.is_success:
                        await response.aread()
                    if (trouble := _error_of(response)) is not None:
                        raise trouble
                    return await _is_same(response, digest)
                finally:
                    await response.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _send(self, request: httpx.Request, size_bytes: int) -> httpx.Response:
        with translate_errors():
            async with asyncio.timeout(self._network.whole_s(size_bytes)):
                return await self._client.send(request, auth=None)

    def _proof(self, response: httpx.Response, md5_hex: str, size_bytes: int) -> ProofOfDelivery:
        stored_md5 = _stored_md5(response.headers)
        stored_length = response.headers.get("x-goog-stored-content-length", "")
        if stored_md5 and stored_md5 != md5_hex.lower():
            raise ContentMismatchError
        if stored_length.isdecimal() and int(stored_length) != size_bytes:
            raise ContentMismatchError
        now = self._clock()
        if stored_md5:
            return ProofOfDelivery(Proof.STORE_HASH, f"md5={stored_md5}", now)
        if stored_length.isdecimal():
            return ProofOfDelivery(Proof.LENGTH_ONLY, f"length={stored_length}", now)
        if response.content:
            # a store that stored says so in its headers and has no page to show: whoever talks
            # here is not it, and nothing proves that the picture is anywhere
            raise NotThePlatformError
        return ProofOfDelivery(Proof.SERVER_ID_ONLY, f"status={response.status_code}", now)


@contextmanager
def _of_store() -> Iterator[None]:
    """Say of a network's trouble that the store was not reached, whether or not the platform is."""
    try:
        yield
    except NetworkError as error:
        error.is_of_store = True
        raise


def _headers(address: UploadAddress, md5_hex: str, size_bytes: int) -> dict[str, str]:
    """The address's headers unchanged; an MD5 that it asks for without a value is filled in."""
    headers = {n: v for n, v in address.headers if n.lower() not in _SENT_BY_US}
    for name, value in headers.items():
        if name.lower() == "content-md5" and not value.strip():
            headers[name] = base64.b64encode(bytes.fromhex(md5_hex)).decode()
    headers["Content-Length"] = str(size_bytes)
    return headers


async def _is_same(response: httpx.Response, digest: Digest) -> bool:
    length = response.headers.get("content-length", "")
    is_packed = "content-encoding" in response.headers
    if not is_packed and length.isdecimal() and int(length) != digest.size_bytes:
        return False
    if stored_md5 := _stored_md5(response.headers):
        return stored_md5 == digest.md5
    sha256 = hashlib.sha256()
    async for part in response.aiter_bytes():
        sha256.update(part)
    return sha256.hexdigest() == digest.sha256


def _stored_md5(headers: httpx.Headers) -> str:
    """The MD5 the store computed, hexadecimal: from ``x-goog-hash``, else from a plain ``ETag``."""
    for part in headers.get("x-goog-hash", "").split(","):
        name, _, value = part.strip().partition("=")
        if name == "md5":
            try:
                return base64.b64decode(value, validate=True).hex()
            except binascii.Error:
                return ""
    etag = headers.get("etag", "").strip('"')
    return etag.lower() if re.fullmatch(r"[0-9a-fA-F]{32}", etag) else ""


def _error_of(response: httpx.Response) -> HautError | None:
    """Say what the store's answer means; its errors are XML, the platform's are JSON."""
    status, said = response.status_code, response.text if not response.is_success else ""
    if response.is_success and not _is_page(response.headers):
        return None
    if status < 400 or status == 511 or _is_page(response.headers):
        return NotThePlatformError()
    if status == 429:
        return TooManyRequestsError(retry_after_s(response))
    if status >= 500 or status == 408:
        trouble = ServerTroubleError(status)
        trouble.retry_after_s = retry_after_s(response)
        return trouble
    if status in (400, 403) and any(word in said.lower() for word in GUESS_EXPIRY_WORDS):
        return AddressExpiredError()
    code = _element(said, "Code") or "store"
    return RefusedError(status, code, _reason(said), who="The object store")


def _is_page(headers: Mapping[str, str]) -> bool:
    return "html" in headers.get("content-type", "").lower()


def _reason(said: str) -> str:
    words = (_element(said, "Message"), _element(said, "Details"))
    return " ".join(word for word in words if word)[:300]


def _element(xml: str, name: str) -> str:
    """Text of the first element ``name``; a parser would trust the answer more than it deserves."""
    found = re.search(rf"<{name}>(.*?)</{name}>", xml[:10_000], re.DOTALL)
    return found.group(1).strip() if found else ""
