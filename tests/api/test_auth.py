"""The bearer token: one renewal for all who wait, refusals told from trouble, one host only."""

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from haut_desktop.api.auth import TokenAuth, TokenKeeper
from haut_desktop.api.client import HautApi
from haut_desktop.api.token_times import expiry_of, life_of, refresh_time
from haut_desktop.api.transport import MOST_CONNECTIONS, Network
from haut_desktop.domain.errors import (
    HautError,
    NetworkError,
    NotThePlatformError,
    OtherAccountError,
    OtherSignInError,
    OutcomeUnknownError,
    PermissionRefusedError,
    ServerTroubleError,
    SignedOutError,
    SignInRefusedError,
    TooManyRequestsError,
    UnexpectedAnswerError,
    UnreachableError,
)
from haut_desktop.domain.ids import CompanyId, PlatformBatchId, PlatformDatasetId
from haut_desktop.domain.session import Account, SignedIn, Tokens
from tests.fakes.clock import FakeClock
from tests.fakes.haut_server import HautServer, jwt
from tests.fakes.practice import PASSWORD, TECHNICIAN, PracticePlatform
from tests.fakes.timers import settle

SERVER = "https://platform.example"
REFRESH = "/api/v1/auth/refresh/"
APPLICATIONS = "/api/v1/companies/c/applications/"
ACCOUNT = Account(SERVER, CompanyId("c"), 1, "technician@practice.example")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def keeper(clock: FakeClock) -> TokenKeeper:
    return TokenKeeper(clock)


@pytest.fixture
def server() -> HautServer:
    return HautServer()


@pytest.fixture
def client(server: HautServer, keeper: TokenKeeper, clock: FakeClock) -> HautApi:
    return HautApi(SERVER, keeper, network=Network(transport=server.transport), clock=clock)


def _use(keeper: TokenKeeper, clock: FakeClock, *, left_s: float = 3600) -> Tokens:
    tokens = Tokens("first", "refresh-1", clock() + timedelta(seconds=left_s))
    keeper.use(SignedIn(ACCOUNT, tokens))
    return tokens


# ---- one renewal for all


async def test_fifty_callers_share_one_renewal_over_a_real_socket(
    practice_platform: PracticePlatform,
) -> None:
    keeper = TokenKeeper()
    api = HautApi(practice_platform.url, keeper)
    signed_in = await api.sign_in(TECHNICIAN, PASSWORD)
    keeper.use(signed_in)
    before = practice_platform.state()["refreshes"]
    renewed = await asyncio.gather(*(keeper.refresh(signed_in.tokens) for _ in range(50)))
    assert practice_platform.state()["refreshes"] - before == 1
    assert len({tokens.access for tokens in renewed}) == 1
    await api.aclose()


async def test_fifty_calls_with_an_ended_token_share_one_renewal(
    practice_platform: PracticePlatform,
) -> None:
    keeper = TokenKeeper()
    api = HautApi(practice_platform.url, keeper)
    signed_in = await api.sign_in(TECHNICIAN, PASSWORD)
    keeper.use(SignedIn(signed_in.account, Tokens("ended", signed_in.tokens.refresh)))
    before = practice_platform.state()["refreshes"]
    company = signed_in.account.tenant
    await asyncio.gather(*(api.applications(company) for _ in range(50)))
    assert practice_platform.state()["refreshes"] - before == 1
    await api.aclose()


class _RefusesAllAtOnce:
    """A platform that refuses the ended token to as many as the client has connections, at once."""

    def __init__(self) -> None:
        self._refused = 0
        self._all_are_there = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's requests."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                size = re.search(rb"content-length: (\d+)", request.lower())
                await reader.readexactly(int(size[1]) if size else 0)
                writer.write(await self._answer(request))
                await writer.drain()
        writer.close()

    async def _answer(self, request: bytes) -> bytes:
        status, body = b"200 OK", b"[]"
        if REFRESH.encode() in request:
            body = b'{"access_token": "second", "refresh_token": "refresh-2"}'
        elif b"Bearer first" in request:
            self._refused += 1
            if self._refused == MOST_CONNECTIONS:
                self._all_are_there.set()
            await self._all_are_there.wait()
            status, body = b"401 Unauthorized", b'{"detail": "ended"}'
        kind = b"content-type: application/json\r\n"
        return b"HTTP/1.1 %b\r\n%bcontent-length: %d\r\n\r\n%b" % (status, kind, len(body), body)


async def test_a_renewal_gets_through_although_every_connection_was_refused(
    keeper: TokenKeeper, clock: FakeClock
) -> None:
    platform = await asyncio.start_server(_RefusesAllAtOnce().serve, "127.0.0.1", 0)
    host, port = platform.sockets[0].getsockname()
    api = HautApi(f"http://{host}:{port}", keeper, clock=clock)
    _use(keeper, clock)
    calls = [api.applications(ACCOUNT.tenant) for _ in range(MOST_CONNECTIONS + 5)]
    assert await asyncio.gather(*calls) == [()] * len(calls)
    await api.aclose()
    platform.close()


async def test_all_who_wait_get_the_same_trouble_from_one_request(
    client: HautApi, server: HautServer, keeper: TokenKeeper, clock: FakeClock
) -> None:
    _use(keeper, clock)
    server.on(REFRESH, httpx.Response(503))
    outcomes = await asyncio.gather(*(keeper.refresh() for _ in range(50)), return_exceptions=True)
    assert server.count(REFRESH) == 1
    assert all(isinstance(outcome, HautError) for outcome in outcomes)


async def test_a_caller_that_gives_up_does_not_break_off_the_renewal(
    keeper: TokenKeeper, clock: FakeClock
) -> None:
    _use(keeper, clock)
    asked: asyncio.Future[Tokens] = asyncio.get_running_loop().create_future()
    kept: list[Tokens] = []

    async def keep(tokens: Tokens) -> None:
        kept.append(tokens)

    keeper.exchange = lambda _: asked
    keeper.on_changed = keep
    caller = asyncio.ensure_future(keeper.refresh())
    await settle()
    caller.cancel()
    await settle()
    renewed = Tokens("second", "refresh-2")
    asked.set_result(renewed)
    await keeper.aclose()
    assert (keeper.tokens, kept, caller.cancelled()) == (renewed, [renewed], True)


async def test_who_signs_out_meanwhile_stays_signed_out(
    keeper: TokenKeeper, clock: FakeClock
) -> None:
    _use(keeper, clock)
    asked: asyncio.Future[Tokens] = asyncio.get_running_loop().create_future()
    keeper.exchange = lambda _: asked
    caller = asyncio.ensure_future(keeper.refresh())
    await settle()
    keeper.use(None)
    asked.set_result(Tokens("second", "refresh-2"))
    with pytest.raises(SignedOutError):
        await caller
    assert keeper.tokens is None


# ---- refusal and trouble


@pytest.mark.parametrize("status", (400, 401, 403))
async def test_a_refused_refresh_token_is_a_refusal(
    client: HautApi, server: HautServer, keeper: TokenKeeper, clock: FakeClock, status: int
) -> None:
    _use(keeper, clock)
    refusals: list[HautError] = []
    keeper.on_refused = refusals.append
    server.on(REFRESH, httpx.Response(status, json={"detail": "no"}))
    with pytest.raises(SignedOutError):
        await keeper.refresh()
    assert len(refusals) == 1


async def test_a_refused_refresh_token_is_shown_again_after_an_hour_only(
    client: HautApi, server: HautServer, keeper: TokenKeeper, clock: FakeClock
) -> None:
    _use(keeper, clock)
    server.on(REFRESH, httpx.Response(401, json={"detail": "no"}))
    for _ in range(3):
        with pytest.raises(SignedOutError):
            await keeper.refresh()
    assert server.count(REFRESH) == 1
    clock.advance(3601)
    with pytest.raises(SignedOutError):
        await keeper.refresh()
    assert server.count(REFRESH) == 2


async def test_a_token_refused_with_403_is_renewed_as_well(
    client: HautApi, keeper: TokenKeeper, server: HautServer, clock: FakeClock
) -> None:
    _use(keeper, clock)
    refused = {"errors": [{"code": "authentication_failed", "detail": "Invalid token."}]}
    server.on(REFRESH, {"access_token": "second"})
    server.on(APPLICATIONS, httpx.Response(403, json=refused), [])
    assert await client.applications(ACCOUNT.tenant) == ()
    assert server.count(REFRESH) == 1


async def test_a_missing_right_renews_nothing(
    client: HautApi, keeper: TokenKeeper, server: HautServer, clock: FakeClock
) -> None:
    _use(keeper, clock)
    refused = {"errors": [{"code": "permission_denied", "detail": "No."}]}
    server.on(REFRESH, {"access_token": "second"})
    server.on(APPLICATIONS, httpx.Response(403, json=refused))
    with pytest.raises(PermissionRefusedError):
        await client.applications(ACCOUNT.tenant)
    assert server.count(REFRESH) == 0


@pytest.mark.parametrize(
    ("answer", "error"),
    (
        (httpx.ReadTimeout(""), OutcomeUnknownError),
        (httpx.ConnectError(""), UnreachableError),
        (httpx.Response(200, html="<html>terms</html>"), NotThePlatformError),
        (httpx.Response(403, html="<html>blocked</html>"), NotThePlatformError),
        (httpx.Response(429), TooManyRequestsError),
        (httpx.Response(408), ServerTroubleError),
        (httpx.Response(413, html="<html>too large</html>"), ServerTroubleError),
    ),
)
async def test_trouble_on_the_way_is_no_refusal(
    client: HautApi,
    server: HautServer,
    keeper: TokenKeeper,
    clock: FakeClock,
    answer: object,
    error: type[HautError],
) -> None:
    tokens = _use(keeper, clock)
    refusals: list[HautError] = []
    keeper.on_refused = refusals.append
    server.on(REFRESH, answer)
    with pytest.raises(error):
        await keeper.refresh()
    assert (keeper.tokens, refusals) == (tokens, [])


async def test_trouble_in_renewing_proves_that_the_step_itself_was_never_sent(
    client: HautApi, server: HautServer, keeper: TokenKeeper, clock: FakeClock
) -> None:
    _use(keeper, clock, left_s=-1)
    server.on(REFRESH, httpx.ReadTimeout("")).on(APPLICATIONS, [])
    with pytest.raises(UnreachableError):
        await client.applications(ACCOUNT.tenant)
    assert server.count(APPLICATIONS) == 0


async def test_a_token_that_is_about_to_end_is_used_when_it_cannot_be_renewed(
    client: HautApi, server: HautServer, keeper: TokenKeeper, clock: FakeClock
) -> None:
    _use(keeper, clock, left_s=5)
    server.on(REFRESH, httpx.ConnectError("")).on(APPLICATIONS, [])
    assert await client.applications(ACCOUNT.tenant) == ()


async def test_a_private_token_that_is_refused_is_never_refreshed(
    client: HautApi, server: HautServer, keeper: TokenKeeper
) -> None:
    keeper.use(SignedIn(ACCOUNT, Tokens("private", is_private=True)))
    server.on(APPLICATIONS, httpx.Response(401, json={"detail": "expired"}))
    with pytest.raises(SignedOutError):
        await client.applications(ACCOUNT.tenant)
    assert (server.count(REFRESH), server.count(APPLICATIONS)) == (0, 1)


async def test_nobody_signed_in_sends_nothing(
    keeper: TokenKeeper,
) -> None:
    with pytest.raises(SignedOutError):
        await keeper.fresh()


# ---- shapes of the answer


@pytest.mark.parametrize(
    ("answer", "refresh"),
    (
        ({"access_token": "second", "refresh_token": "refresh-2"}, "refresh-2"),
        ({"token_access": "second"}, "refresh-1"),
        ({"id_token": "second"}, "refresh-1"),
    ),
)
async def test_every_spelling_of_a_refresh_answer_is_read(
    client: HautApi,
    server: HautServer,
    keeper: TokenKeeper,
    clock: FakeClock,
    answer: dict[str, str],
    refresh: str,
) -> None:
    _use(keeper, clock)
    server.on(REFRESH, answer)
    tokens = await keeper.refresh()
    assert (tokens.access, tokens.refresh) == ("second", refresh)


async def test_a_refresh_answer_without_any_token_asks_to_sign_in(
    client: HautApi, server: HautServer, keeper: TokenKeeper, clock: FakeClock
) -> None:
    _use(keeper, clock)
    server.on(REFRESH, {"detail": "ok"})
    with pytest.raises(SignedOutError):
        await keeper.refresh()


async def test_the_older_paths_are_taken_where_the_newer_are_not_known(
    client: HautApi, server: HautServer, keeper: TokenKeeper, clock: FakeClock
) -> None:
    answer = {"token_access": "first", "refresh_token": "refresh-1", "company_id": "c"}
    server.on("/api/v1/login/", answer).on("/api/v1/refresh/", {"access_token": "second"})
    signed_in = await client.sign_in("a@b.example", "x")
    keeper.use(signed_in)
    assert (signed_in.tokens.access, (await keeper.refresh()).access) == ("first", "second")
    assert server.count("/api/v1/auth/login/") == 1


async def test_a_sign_in_without_a_company_names_what_is_missing(
    client: HautApi, server: HautServer
) -> None:
    server.on("/api/v1/auth/login/", {"access_token": "first"})
    with pytest.raises(UnexpectedAnswerError) as caught:
        await client.sign_in("a@b.example", "x")
    assert (caught.value.call, caught.value.missing) == ("sign in", "company_id")


async def test_a_block_for_too_many_attempts_is_known_by_its_words(
    client: HautApi, server: HautServer
) -> None:
    body = {"errors": [{"code": "too_many_attempts_try_later", "detail": "…", "attr": None}]}
    server.on("/api/v1/auth/login/", httpx.Response(400, json=body))
    with pytest.raises(TooManyRequestsError):
        await client.sign_in("a@b.example", "x")


async def test_a_blank_password_is_a_refused_sign_in(client: HautApi, server: HautServer) -> None:
    body = {"errors": [{"code": "blank", "detail": "May not be blank.", "attr": "password"}]}
    server.on("/api/v1/auth/login/", httpx.Response(400, json=body))
    with pytest.raises(SignInRefusedError, match="blank"):
        await client.sign_in("a@b.example", "")


# ---- one host only


async def test_the_token_never_goes_to_another_origin(
    server: HautServer, keeper: TokenKeeper, clock: FakeClock
) -> None:
    _use(keeper, clock)
    auth = TokenAuth(keeper, lambda: httpx.URL(SERVER))
    async with httpx.AsyncClient(transport=server.transport, auth=auth) as bare:
        for url in (
            "https://storage.googleapis.com/x",
            "http://platform.example/x",
            "https://platform.example:8443/x",
        ):
            with pytest.raises(NetworkError):
                await bare.put(url, content=b"x")
    assert server.requests == []


async def test_a_redirect_is_not_followed_and_is_not_the_platform(
    client: HautApi, server: HautServer, keeper: TokenKeeper, clock: FakeClock
) -> None:
    _use(keeper, clock)
    moved = httpx.Response(302, headers={"location": "https://portal.example/terms"})
    server.on(APPLICATIONS, moved)
    with pytest.raises(NotThePlatformError):
        await client.applications(ACCOUNT.tenant)
    assert [request.url.host for request in server.requests] == ["platform.example"]


def test_tokens_never_show_themselves() -> None:
    assert "secret" not in repr(Tokens("secret-access", "secret-refresh"))


# ---- times


def test_expiry_is_corrected_by_the_servers_clock() -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    token = jwt(exp=now.timestamp() + 3600 + 120)
    expiry = expiry_of(token, now=now, clock_offset=timedelta(seconds=120))
    assert expiry == now + timedelta(hours=1)


@pytest.mark.parametrize(
    "token",
    (
        "opaque",
        "a.b.c",
        "a.!!!.c",
        jwt(sub="x"),
        "e30.W10.x",
        jwt(iat=1.8e12, exp=1.8e12 + 3.6e6),  # in milliseconds
        jwt(iat=0, exp=1e300),
        jwt(iat=-2e12, exp=-1e12),
    ),
)
def test_a_token_that_says_nothing_lives_an_hour(token: str) -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    expiry = expiry_of(token, now=now, clock_offset=timedelta(seconds=500))
    assert expiry == now + timedelta(hours=1)
    assert life_of(token) == timedelta(hours=1)


def test_tokens_are_renewed_at_three_quarters_of_their_life() -> None:
    begin = datetime(2030, 1, 1, tzinfo=UTC)
    end = begin + timedelta(seconds=20)
    token = jwt(iat=begin.timestamp(), exp=end.timestamp())
    assert refresh_time(Tokens(token, "r", end)) == begin + timedelta(seconds=15)
    assert refresh_time(Tokens(token, "", end)) is None
    assert refresh_time(Tokens("private", is_private=True)) is None


async def test_the_date_header_shows_how_far_the_stations_clock_is_off(
    client: HautApi, server: HautServer, clock: FakeClock
) -> None:
    clock.now = clock.now.replace(microsecond=0)
    now = clock() + timedelta(hours=2)
    date = {"date": now.strftime("%a, %d %b %Y %H:%M:%S GMT")}
    token = jwt(iat=now.timestamp(), exp=now.timestamp() + 3600)
    answer = {"access_token": token, "refresh_token": "r", "company_id": "c"}
    server.on("/api/v1/auth/login/", httpx.Response(200, json=answer, headers=date))
    signed_in = await client.sign_in("a@b.example", "x")
    assert client.clock_offset_s == 7200
    assert signed_in.tokens.expires_at == clock() + timedelta(hours=1)


# ---- somebody else's work


@pytest.mark.parametrize(
    "other",
    (
        Account(SERVER, CompanyId("d"), 1, ACCOUNT.username),
        Account("https://staging.example", CompanyId("c"), 1, ACCOUNT.username),
    ),
)
async def test_work_of_another_company_or_server_never_leaves(
    client: HautApi, keeper: TokenKeeper, server: HautServer, clock: FakeClock, other: Account
) -> None:
    _use(keeper, clock)
    with pytest.raises(OtherAccountError):
        await client.applications(other.tenant)
    with pytest.raises(OtherAccountError):
        await client.compute(other.tenant, PlatformBatchId("b-1"))
    assert server.requests == []


COLLEAGUE = Account(SERVER, CompanyId("c"), 2, "second@practice.example")
STRANGER = Account(SERVER, CompanyId("d"), 2, "other@practice.example")


@pytest.mark.parametrize(
    ("other", "title"),
    [(COLLEAGUE, "Somebody else signed in"), (STRANGER, "Belongs to another sign-in")],
    ids=["colleague", "another company"],
)
async def test_a_step_is_not_repeated_with_the_token_of_who_signed_in_meanwhile(
    client: HautApi,
    keeper: TokenKeeper,
    server: HautServer,
    clock: FakeClock,
    other: Account,
    title: str,
) -> None:
    _use(keeper, clock)

    def refuse(_: httpx.Request) -> httpx.Response:
        keeper.use(SignedIn(other, Tokens("others", "refresh-9")))
        return httpx.Response(401, json={"detail": "no"})

    server.on(APPLICATIONS, refuse)
    with pytest.raises(OtherSignInError) as met:
        await client.applications(ACCOUNT.tenant)
    assert met.value.title == title
    assert [r.headers["authorization"] for r in server.requests] == ["Bearer first"]
    assert keeper.tokens is not None
    assert keeper.tokens.access == "others"


@pytest.mark.parametrize(
    ("other", "met"),
    [(COLLEAGUE, OtherSignInError), (STRANGER, OtherAccountError), (None, PermissionRefusedError)],
    ids=["colleague", "another company", "nobody"],
)
async def test_a_missing_right_of_who_was_signed_in_before_is_none_of_who_is_now(
    client: HautApi,
    keeper: TokenKeeper,
    server: HautServer,
    clock: FakeClock,
    other: Account | None,
    met: type[HautError],
) -> None:
    _use(keeper, clock)

    def refuse(_: httpx.Request) -> httpx.Response:
        keeper.use(SignedIn(other, Tokens("others", "refresh-9")) if other else None)
        return httpx.Response(403, json={"errors": [{"code": "permission_denied", "detail": "No"}]})

    server.on(APPLICATIONS, refuse)
    with pytest.raises(HautError) as told:
        await client.applications(ACCOUNT.tenant)
    assert type(told.value) is met


def _pages(turn: Callable[[], None], *, on_page: int) -> Callable[[httpx.Request], httpx.Response]:
    """Two pages of one entry each; ``turn`` happens while one of them is on its way."""

    def answer(request: httpx.Request) -> httpx.Response:
        page = int(request.url.params["page"])
        if page == on_page:
            turn()
        entry = {"id": str(page), "name": f"B-{page}"}
        return httpx.Response(
            200, json={"count": 2, "next": None if page == 2 else "more", "results": [entry]}
        )

    return answer


@pytest.mark.parametrize("on_page", [1, 2])
@pytest.mark.parametrize(
    "other",
    [
        STRANGER,
        Account("https://copy.example", CompanyId("c"), 2, "other@practice.example"),
        COLLEAGUE,
        None,
    ],
    ids=["company", "server", "colleague", "nobody"],
)
async def test_the_pages_of_a_list_are_of_one_account_or_there_is_no_list(
    client: HautApi,
    keeper: TokenKeeper,
    server: HautServer,
    clock: FakeClock,
    other: Account | None,
    on_page: int,
) -> None:
    _use(keeper, clock)

    def turn() -> None:
        keeper.use(SignedIn(other, Tokens("others", "refresh-9")) if other else None)
        client.server = other.server if other else SERVER

    where = "/api/v1/companies/c/datasets/ds/subjects/"
    server.on(where, _pages(turn, on_page=on_page))
    with pytest.raises(OtherSignInError if other else SignedOutError):
        await client.find_subjects(ACCOUNT.tenant, PlatformDatasetId("ds"), "B-2")
    assert len(server.requests) == on_page
    assert {r.url.host for r in server.requests} == {"platform.example"}


async def test_a_dictionary_of_the_server_before_is_not_kept_for_the_next_one(
    client: HautApi, server: HautServer
) -> None:
    def turn() -> None:
        client.server = "https://copy.example"

    server.on("/api/v1/dicts/image_types/", _pages(turn, on_page=2))
    with pytest.raises(OtherAccountError):
        await client.image_types()
    server.on("/api/v1/dicts/image_types/", httpx.Response(200, json=[]))
    assert await client.image_types() == ()


async def test_the_short_list_is_not_asked_for_with_another_companys_token(
    client: HautApi, keeper: TokenKeeper, server: HautServer, clock: FakeClock
) -> None:
    _use(keeper, clock)

    def refuse(_: httpx.Request) -> httpx.Response:
        keeper.use(SignedIn(STRANGER, Tokens("others", "refresh-9")))
        return httpx.Response(404, json={"detail": "Not found."})

    server.on("/api/v1/companies/c/datasets/", refuse)
    with pytest.raises(OtherAccountError):
        await client.datasets(ACCOUNT.tenant)
    assert len(server.requests) == 1
