"""One request on its way through the platform: who asks, for what, with which body."""

import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from haut_desktop.practice.answers import ContractError, not_found, permission_denied
from haut_desktop.practice.quirks import Quirk
from haut_desktop.practice.records import Row
from haut_desktop.practice.service import Service

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Call:
    """A request with its body read; account is None on public endpoints."""

    service: Service
    request: Request
    raw: bytes
    account: Row | None

    def path(self, name: str) -> str:
        value: str = self.request.path_params[name]
        return value

    def query(self, name: str) -> str | None:
        return self.request.query_params.get(name)

    def body(self) -> dict[str, Any]:
        """The JSON object sent; an absent body is an empty one."""
        if not self.raw.strip():
            return {}
        try:
            value = msgspec.json.decode(self.raw)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            detail = "JSON parse error - the body is not JSON."
            raise ContractError(400, "parse_error", detail) from error
        if not isinstance(value, dict):
            detail = f"Invalid data. Expected a dictionary, but got {type(value).__name__}."
            raise ContractError(400, "invalid", detail)
        return value

    def user(self) -> Row:
        if self.account is None:
            raise ContractError(
                401, "not_authenticated", "Authentication credentials were not provided."
            )
        return self.account

    def company(self) -> str:
        """The path's company; another company than the account's is refused with 403."""
        company_id = self.path("company_id")
        if company_id != self.user()["company_id"]:
            raise permission_denied()
        return company_id

    def dataset(self) -> Row:
        return self._find(
            "SELECT * FROM datasets WHERE id = ? AND company_id = ?",
            self.path("dataset_id"),
            self.company(),
        )

    def subject(self) -> Row:
        """The path's subject, in the path's dataset where the path names one."""
        return self._find(
            "SELECT s.* FROM subjects s JOIN datasets d ON d.id = s.dataset_id"
            " WHERE s.id = ? AND d.company_id = ? AND d.id = coalesce(?, d.id)",
            self.path("subject_id"),
            self.company(),
            self.request.path_params.get("dataset_id"),
        )

    def batch(self) -> Row:
        """The path's batch, of the path's subject where the path names one."""
        if "subject_id" in self.request.path_params:
            self.subject()
        return self._find(
            "SELECT b.* FROM batches b JOIN subjects s ON s.id = b.subject_id"
            " JOIN datasets d ON d.id = s.dataset_id"
            " WHERE b.id = ? AND d.company_id = ? AND s.id = coalesce(?, s.id)",
            self.path("batch_id"),
            self.company(),
            self.request.path_params.get("subject_id"),
        )

    def image(self) -> Row:
        """The path's image, of the path's batch."""
        return self._find(
            "SELECT * FROM images WHERE id = ? AND batch_id = ?",
            self.path("image_id"),
            self.batch()["id"],
        )

    def _find(self, sql: str, *parameters: object) -> Row:
        row = self.service.records.fetch_one(sql, *parameters)
        if row is None:
            raise not_found()
        return row


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A method on a path, and what answers it."""

    method: str
    path: str
    handler: Callable[[Call], Response]
    is_public: bool = False


Authenticate = Callable[[Service, str | None], Row]


def make_asgi_endpoints(
    service: Service, endpoints: Iterable[Endpoint], authenticate: Authenticate
) -> Callable[[Request], Awaitable[Response]]:
    """One coroutine that answers all methods of one path; handlers run in the thread pool."""
    by_method = {endpoint.method: endpoint for endpoint in endpoints}

    async def answer(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        raw = await request.body()
        return await run_in_threadpool(
            _answer, service, by_method[method], request, raw, authenticate
        )

    return answer


def _answer(
    service: Service,
    endpoint: Endpoint,
    request: Request,
    raw: bytes,
    authenticate: Authenticate,
) -> Response:
    is_plain = service.has(Quirk.PLAIN_ERRORS)
    service.records.count(f"{endpoint.method} {endpoint.path}")
    try:
        account = (
            None
            if endpoint.is_public
            else authenticate(service, request.headers.get("authorization"))
        )
        return endpoint.handler(Call(service, request, raw, account))
    except ContractError as error:
        return error.answer(is_plain=is_plain)
    except Exception:  # noqa: BLE001 - a fault of ours is an answer too
        _log.exception("%s %s failed", endpoint.method, endpoint.path)
        return ContractError(500, "error", "A server error occurred.").answer(is_plain=is_plain)
