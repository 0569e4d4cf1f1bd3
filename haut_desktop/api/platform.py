"""Sends calls to the platform: authorization, timeouts, pages; lets only its own answers in."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import httpx
import msgspec

from haut_desktop.api.auth import TokenAuth, TokenKeeper
from haut_desktop.api.errors import error_of, read_json, server_time, translate_errors
from haut_desktop.api.fields import Fields
from haut_desktop.api.transport import Network, PictureBody
from haut_desktop.domain.clock import Clock, system_clock
from haut_desktop.domain.errors import (
    HautError,
    NetworkError,
    NotThePlatformError,
    OtherAccountError,
    OutcomeUnknownError,
    PermissionRefusedError,
    ServerError,
    UnexpectedAnswerError,
    UnreachableError,
)
from haut_desktop.domain.session import Account

_log = logging.getLogger(__name__)

PAGE_SIZE: Final = 100
"""Entries asked for per page; the platform's own maximum is unknown (§1.3)."""

_NO_ADDRESS: Final = (
    "The address of the server can't be read. It looks like https://saas.haut.ai; check it under "
    "“Advanced”."
)
_MOST_PAGES: Final = 10_000
_DATE_ROUNDING: Final = timedelta(seconds=2)

OnAnswer = Callable[[datetime | None], None]
"""Called with the server's clock whenever an answer proves that the platform is there and well."""


def path(version: str, *parts: str) -> str:
    """A path of the API; every one ends in a slash (§1.2)."""
    return "/".join(["/api", version, *(quote(part, safe="") for part in parts)]) + "/"


class Platform:
    """One server's API: every answer that comes back is the platform's own and was a good one."""

    def __init__(
        self, server: str, keeper: TokenKeeper, network: Network, clock: Clock = system_clock
    ) -> None:
        self._url = _read_address(server)
        self._network = network
        self._clock = clock
        self._client = network.make_client()
        self._keeper = keeper
        self._auth = TokenAuth(keeper, lambda: self._url)
        self.on_answer: OnAnswer | None = None
        self.clock_offset = timedelta(0)
        """The server's clock minus the station's, as the last answer showed it."""

    @property
    def server(self) -> str:
        """Base address, without a slash at its end."""
        return str(self._url).rstrip("/")

    @server.setter
    def server(self, address: str) -> None:
        self._url = _read_address(address)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def fields(
        self,
        call: str,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        picture: PictureBody | None = None,
        is_public: bool = False,
        token: str | None = None,
    ) -> Fields:
        """Make a call that is answered with one object."""
        response = await self.send(
            call, method, path, body=body, picture=picture, is_public=is_public, token=token
        )
        return Fields.of(call, read_json(response), "an object")

    async def items(
        self,
        call: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        is_public: bool = False,
    ) -> list[bytes]:
        """Every entry of a list as its own JSON, from a bare array or from all pages.

        All of them for one account on one server: raises OtherSignInError or SignedOutError when
        that changed before the last page had come, as half of two lists is none.
        """
        found: list[bytes] = []
        who, server = self._keeper.account, self._url
        for page in range(1, _MOST_PAGES):
            asked = {**(query or {}), "page": str(page), "page_size": str(PAGE_SIZE)}
            response = await self.send(call, "GET", path, query=asked, is_public=is_public)
            self._keeper.check_still(who)
            if self._url != server:
                raise OtherAccountError
            items, has_next = _split(call, response.content)
            found.extend(items)
            if not has_next or not items:
                break
        return found

    async def send(
        self,
        call: str,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        picture: PictureBody | None = None,
        is_public: bool = False,
        token: str | None = None,
    ) -> httpx.Response:
        """Make a call and give back a good answer of the platform's: JSON, or nothing at all.

        ``is_public`` sends no token; ``token`` sends another one than the session's. An error's
        ``in_body`` says that the connection broke while ``picture`` was being sent. Raises
        OtherSignInError for what was refused to whoever was signed in before.
        """
        who = self._keeper.account
        request = self._request(method, path, body, query, picture)
        if token is not None:
            request.headers["Authorization"] = f"Bearer {token}"
        auth = None if is_public or token is not None else self._auth
        try:
            response = await self._exchange(request, auth, picture)
            _log.debug("%s: %s", call, response.status_code)
        except OutcomeUnknownError as error:
            is_broken_in_body = picture is not None and not picture.is_sent
            raise OutcomeUnknownError(in_body=is_broken_in_body) from error
        trouble = error_of(response) or _not_json(response)
        self._learn(response, trouble)
        if trouble is not None:
            self._check_whose(trouble, who)
            raise trouble
        return response

    def _check_whose(self, trouble: HautError, who: Account | None) -> None:
        """Raise OtherSignInError for a right that ``who`` lacks and not who is signed in now."""
        if isinstance(trouble, PermissionRefusedError) and self._keeper.account is not None:
            self._keeper.check_still(who)

    async def _exchange(
        self, request: httpx.Request, auth: httpx.Auth | None, picture: PictureBody | None
    ) -> httpx.Response:
        size_bytes = picture.size_bytes if picture else 0
        with translate_errors():
            async with asyncio.timeout(self._network.whole_s(size_bytes)):
                return await self._client.send(request, auth=auth)

    def _request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        query: Mapping[str, str] | None,
        picture: PictureBody | None,
    ) -> httpx.Request:
        headers = {"Accept": "application/json"}
        content: bytes | PictureBody | None = picture
        if picture is not None:
            headers["Content-Length"] = str(picture.size_bytes)
        elif body is not None:
            content = msgspec.json.encode(body)
        if content is not None:
            headers["Content-Type"] = "application/json"
        with translate_errors():
            url = httpx.URL(self.server + path)
            return self._client.build_request(
                method, url, params=dict(query) if query else None, headers=headers, content=content
            )

    def _learn(self, response: httpx.Response, trouble: HautError | None) -> None:
        """Note the server's clock and that it can be reached; a portal's answer says neither."""
        if isinstance(trouble, NetworkError):
            return
        now = server_time(response)
        if now is not None:
            offset = now - self._clock()
            # ``Date`` has whole seconds, and the answer took its time
            self.clock_offset = offset if abs(offset) > _DATE_ROUNDING else timedelta(0)
        if self.on_answer is not None and not isinstance(trouble, ServerError):
            self.on_answer(now)


def _read_address(text: str) -> httpx.URL:
    """Read a server's address; without a scheme it is ``https``."""
    try:
        url = httpx.URL(text.strip() if "://" in text else f"https://{text.strip()}")
    except httpx.InvalidURL as error:
        raise UnreachableError(_NO_ADDRESS, title="Server address") from error
    if url.scheme not in ("https", "http") or not url.host:
        raise UnreachableError(_NO_ADDRESS, title="Server address")
    return url


def _not_json(response: httpx.Response) -> HautError | None:
    if not response.content:
        return None
    try:
        read_json(response)
    except NotThePlatformError as error:
        return error
    return None


def _split(call: str, content: bytes) -> tuple[list[bytes], bool]:
    """The entries of a bare array or of a page, and whether another page follows (§1.3)."""
    value = msgspec.json.decode(content or b"null", type=msgspec.Raw)
    try:
        if bytes(value).lstrip().startswith(b"["):
            return [bytes(raw) for raw in msgspec.json.decode(value, type=list[msgspec.Raw])], False
        page = msgspec.json.decode(value, type=dict[str, msgspec.Raw])
        items = msgspec.json.decode(page["results"], type=list[msgspec.Raw])
    except (msgspec.DecodeError, KeyError) as error:
        raise UnexpectedAnswerError(call, "results") from error
    return [bytes(raw) for raw in items], bytes(page.get("next", b"null")) != b"null"
