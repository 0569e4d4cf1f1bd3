"""The object store: signed PUT and GET, hashes in headers, errors as XML."""

import base64
import binascii
from typing import Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from haut_desktop.practice.checksums import md5_base64
from haut_desktop.practice.clock import utc_now
from haut_desktop.practice.objects import AddressRefusedError
from haut_desktop.practice.quirks import Quirk
from haut_desktop.practice.records import Row
from haut_desktop.practice.service import Service

_RANGE_HEADER: Final = "x-goog-content-length-range"
_DETAILS: Final = {
    "ExpiredToken": (400, "Invalid argument."),
    "MalformedSecurityHeader": (400, "Your request has a malformed header."),
    "SignatureDoesNotMatch": (403, "Access denied."),
    "AccessDenied": (403, "Access denied."),
    "InvalidArgument": (400, "Invalid argument."),
    "EntityTooLarge": (400, "Your proposed upload is larger than the maximum allowed size."),
    "EntityTooSmall": (400, "Your proposed upload is smaller than the minimum allowed size."),
    "InvalidDigest": (400, "The Content-MD5 you specified was invalid."),
    "BadDigest": (400, "The Content-MD5 you specified did not match what we received."),
    "NoSuchKey": (404, "The specified key does not exist."),
    "MethodNotAllowed": (405, "The specified method is not allowed against this resource."),
}


class StoreError(Exception):
    """A refusal in the object store's own words."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class ObjectStore:
    """Answers PUT and GET on signed addresses."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def answer(self, request: Request) -> Response:
        self._service.records.count(f"STORE {request.method}")
        try:
            return await self._answer_signed(request)
        except AddressRefusedError as error:
            return self._refuse(error.code)
        except StoreError as error:
            return self._refuse(error.code)

    async def _answer_signed(self, request: Request) -> Response:
        self._refuse_token(request)
        method = "GET" if request.method == "HEAD" else request.method
        if method not in ("GET", "PUT"):
            raise StoreError("MethodNotAllowed")
        key = self._service.addresses.check(
            method, request.url.path, request.url.query, request.headers
        )
        if method == "PUT":
            return await self._put(request, key)
        return await run_in_threadpool(self._get, key)

    def _refuse_token(self, request: Request) -> None:
        """The platform's token has no business here: the guest is reported and refused."""
        if "authorization" in request.headers:
            self._service.records.insert(
                "violations",
                kind="token_sent_to_object_store",
                path=request.url.path,
                created=utc_now(),
            )
            raise StoreError("InvalidArgument")

    async def _put(self, request: Request, key: str) -> Response:
        limits = request.headers.get(_RANGE_HEADER)
        if limits is not None:
            _check_size(int(request.headers.get("content-length", "1")), limits)
        if self._service.has(Quirk.STORE_CLOSED_BY_COMPUTE) and self._is_computed(key):
            raise StoreError("AccessDenied")
        data = await _read_body(request, limits)
        _check_md5(request.headers.get("content-md5"), data)
        content_type = request.headers.get("content-type", "application/octet-stream")
        row = await run_in_threadpool(self._service.objects.put, key, data, content_type)
        return Response(b"", 200, headers=self._proofs(row))

    def _is_computed(self, key: str) -> bool:
        image_id = key.split("/")[1]
        computes = self._service.records.fetch_value(
            "SELECT b.computes FROM batches b JOIN images i ON i.batch_id = b.id WHERE i.id = ?",
            image_id,
        )
        return bool(computes)

    def _proofs(self, row: Row) -> dict[str, str]:
        """What the store says of the bytes it keeps."""
        headers = _hash_headers(row)
        if self._service.has(Quirk.STORE_NO_PROOF):
            return {}
        if self._service.has(Quirk.STORE_ETAG_OPAQUE):
            return {**_without_hash(headers), "ETag": f'"CI{row["puts"]:04}DSm9rZ5QCEAE="'}
        if self._service.has(Quirk.STORE_ETAG_ONLY):
            return {"ETag": headers["ETag"]}
        return headers

    def _get(self, key: str) -> Response:
        row, stored = self._service.objects.find(key), self._service.objects.get(key)
        if row is None or stored is None:
            raise StoreError("NoSuchKey")
        return Response(stored.data, headers=self._proofs(row), media_type=stored.content_type)

    def _refuse(self, code: str) -> Response:
        status, message = _DETAILS[code]
        if code == "ExpiredToken" and self._service.has(Quirk.STORE_403_ON_EXPIRY):
            status = 403
        text = (
            "<?xml version='1.0' encoding='UTF-8'?>"
            f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        )
        return Response(text, status, media_type="application/xml; charset=UTF-8")


def make_store_app(service: Service) -> Starlette:
    """The ASGI application of the object store's port."""
    methods = ["GET", "PUT", "POST", "DELETE", "PATCH"]
    store = ObjectStore(service)
    return Starlette(routes=[Route("/{path:path}", store.answer, methods=methods)])


def _check_size(size_bytes: int, limits: str) -> None:
    minimum, _, maximum = limits.partition(",")
    if size_bytes > int(maximum):
        raise StoreError("EntityTooLarge")
    if size_bytes < int(minimum):
        raise StoreError("EntityTooSmall")


async def _read_body(request: Request, limits: str | None) -> bytes:
    """The body; refused as soon as it grows past the limit."""
    parts: list[bytes] = []
    size_bytes = 0
    async for part in request.stream():
        parts.append(part)
        size_bytes += len(part)
        if limits is not None:
            _check_size(max(size_bytes, 1), limits)
    if limits is not None:
        _check_size(size_bytes, limits)
    return b"".join(parts)


def _check_md5(sent: str | None, data: bytes) -> None:
    if not sent:
        return
    try:
        if len(base64.b64decode(sent, validate=True)) != 16:
            raise StoreError("InvalidDigest")
    except binascii.Error as error:
        raise StoreError("InvalidDigest") from error
    if sent != md5_base64(data):
        raise StoreError("BadDigest")


def _hash_headers(row: Row) -> dict[str, str]:
    return {
        "ETag": f'"{base64.b64decode(row["md5"]).hex()}"',
        "x-goog-hash": f"crc32c={row['crc32c']},md5={row['md5']}",
        "x-goog-stored-content-length": str(row["size"]),
        "x-goog-generation": str(int(row["stored"] * 1_000_000)),
    }


def _without_hash(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "x-goog-hash"}
