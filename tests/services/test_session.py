"""The session over real stores: restored offline, renewed ahead, refused without any loss."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from haut_desktop.api.auth import TokenKeeper
from haut_desktop.api.client import HautApi
from haut_desktop.api.transport import Network
from haut_desktop.domain.audit import BY_ITSELF
from haut_desktop.domain.clock import system_clock
from haut_desktop.domain.errors import (
    DiskFullError,
    SignedOutError,
    SignInRefusedError,
    UnreachableError,
)
from haut_desktop.domain.ids import CompanyId, StudyId
from haut_desktop.domain.session import Account, SessionState, Tokens
from haut_desktop.domain.study import Operator
from haut_desktop.domain.tenant import Tenant
from haut_desktop.services.changes import Changes, Topic
from haut_desktop.services.session import Session
from haut_desktop.services.tasks import TaskScope
from haut_desktop.store.credentials import CredentialStore
from tests.fakes.builders import make_study
from tests.fakes.haut_server import HautServer, jwt
from tests.fakes.practice import PASSWORD, TECHNICIAN, PracticePlatform, running_practice
from tests.fakes.stations import StationStores, open_stores
from tests.fakes.timers import FakeTime, settle
from tests.waiting import eventually

SERVER = "https://platform.example"
LOGIN = "/api/v1/auth/login/"
REFRESH = "/api/v1/auth/refresh/"
USER = "technician@practice.example"


@dataclass
class Desk:
    """A session with everything it stands on, and time that the test lets pass."""

    time: FakeTime
    server: HautServer
    stores: StationStores
    api: HautApi
    keeper: TokenKeeper
    changes: Changes
    session: Session
    scope: TaskScope
    tokens: int = 0
    heard: list[Topic] = field(default_factory=list)

    def token(self, life_s: float = 3600) -> str:
        """Make a token that lives from now on, another one each time."""
        self.tokens += 1
        now = self.time().timestamp()
        return jwt(iat=now, exp=now + life_s, jti=self.tokens)

    def issue(self, path: str, life_s: float = 3600, **fields: Any) -> None:
        """Let ``path`` give a new token to everybody who asks."""

        def answer(_: httpx.Request) -> httpx.Response:
            body = {"access_token": self.token(life_s), "refresh_token": "r", "company_id": "c"}
            return httpx.Response(200, json={**body, "username": USER, **fields})

        self.server.on(path, answer)

    async def sign_in(self, life_s: float = 3600) -> None:
        """Sign in, with tokens of this life now and at every refresh."""
        self.issue(LOGIN, life_s)
        self.issue(REFRESH, life_s)
        await self.session.sign_in(SERVER, USER, "x")

    async def run(self) -> None:
        """Let the background timer run."""
        self.scope.start(self.session.run(), name="session")
        await settle()

    @property
    def refreshes(self) -> int:
        return self.server.count(REFRESH)


@asynccontextmanager
async def _desk(folder: Path, time: FakeTime, server: HautServer) -> AsyncIterator[Desk]:
    async with open_stores(folder, time) as stores:
        keeper, changes = TokenKeeper(time), Changes()
        network = Network(transport=server.transport)
        api = HautApi("https://first.example", keeper, network=network, clock=time)
        session = Session(
            api,
            keeper,
            stores.credentials,
            stores.studies,
            changes,
            time,
            pause=time.pause,
            uptime=time.uptime,
        )
        scope = TaskScope("test", _raise)
        desk = Desk(time, server, stores, api, keeper, changes, session, scope)
        changes.subscribe(lambda change: desk.heard.append(change.topic))
        yield desk
        await scope.aclose()
        await api.aclose()


def _raise(error: Exception) -> None:
    raise error


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with _desk(tmp_path, FakeTime(), HautServer()) as made:
        yield made


# ---- signing in and out


async def test_signing_in_makes_an_account_an_operator_and_news(desk: Desk) -> None:
    await desk.sign_in()
    assert desk.session.state is SessionState.SIGNED_IN
    assert desk.session.account is not None
    assert desk.session.account.company_id == "c"
    assert desk.session.operator is not None
    assert desk.session.act("why").operator_id == desk.session.operator.id
    assert set(desk.heard) == {Topic.SESSION}


async def test_a_refused_sign_in_leaves_everything_as_it_was(desk: Desk) -> None:
    desk.server.on(LOGIN, httpx.Response(401, json={"detail": "no"}))
    with pytest.raises(SignInRefusedError):
        await desk.session.sign_in(SERVER, USER, "wrong")
    assert (desk.session.state, desk.session.account) == (SessionState.SIGNED_OUT, None)
    assert desk.api.server == "https://first.example"
    assert await desk.stores.credentials.load() is None


async def test_a_refused_sign_in_keeps_tokens_that_were_renewed_meanwhile(desk: Desk) -> None:
    await desk.sign_in()

    async def refuse(_: httpx.Request) -> httpx.Response:
        await desk.keeper.refresh()
        return httpx.Response(401, json={"detail": "no"})

    desk.server.on(LOGIN, refuse)
    with pytest.raises(SignInRefusedError):
        await desk.session.sign_in(SERVER, "colleague@practice.example", "wrong")
    kept = await desk.stores.credentials.load()
    assert desk.refreshes == 1
    assert kept is not None
    assert (desk.session.state, desk.keeper.tokens) == (SessionState.SIGNED_IN, kept.tokens)


async def _renewal_under_way(desk: Desk) -> tuple[str, asyncio.Event, asyncio.Future[Tokens]]:
    """The token that a renewal is about to give, what lets it answer, and the renewal."""
    go_on, rotated = asyncio.Event(), desk.token()

    async def renew(_: httpx.Request) -> httpx.Response:
        await go_on.wait()
        body = {"access_token": rotated, "refresh_token": "rotated", "company_id": "c"}
        return httpx.Response(200, json=body)

    desk.server.on(REFRESH, renew)
    renewal = asyncio.ensure_future(desk.keeper.refresh())
    await eventually(lambda: desk.refreshes == 1)
    return rotated, go_on, renewal


@pytest.mark.parametrize("step", ("asked", "taken up"))
async def test_a_failed_sign_in_elsewhere_keeps_tokens_whose_renewal_was_under_way(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    await desk.sign_in()
    rotated, go_on, renewal = await _renewal_under_way(desk)

    async def refuse(_: object) -> httpx.Response:
        go_on.set()
        await asyncio.wait([renewal])
        if step == "taken up":
            raise DiskFullError
        return httpx.Response(401, json={"detail": "no"})

    if step == "asked":
        desk.server.on(LOGIN, refuse)
    else:
        monkeypatch.setattr(desk.stores.studies, "operator_for", refuse)
    with pytest.raises((SignInRefusedError, DiskFullError)):
        await desk.session.sign_in("https://other.example", USER, "x")
    assert isinstance(renewal.exception(), SignedOutError)
    kept = await desk.stores.credentials.load()
    assert kept is not None
    assert desk.keeper.tokens is not None
    assert (desk.keeper.tokens.access, desk.keeper.tokens.refresh) == (rotated, "rotated")
    assert (kept.account.server, kept.tokens) == (SERVER, desk.keeper.tokens)
    assert (desk.session.state, desk.api.server) == (SessionState.SIGNED_IN, SERVER)


async def test_a_failed_sign_in_elsewhere_keeps_the_session_that_is_there(desk: Desk) -> None:
    await desk.sign_in()
    tokens = desk.keeper.tokens
    desk.server.on(LOGIN, httpx.ConnectError(""))
    with pytest.raises(UnreachableError):
        await desk.session.sign_in("https://other.example", USER, "x")
    assert (desk.session.state, desk.keeper.tokens) == (SessionState.SIGNED_IN, tokens)
    assert desk.api.server == SERVER


async def test_another_server_never_sees_the_token_of_the_one_before(desk: Desk) -> None:
    await desk.sign_in()
    seen: list[str] = []

    async def answer(_: httpx.Request) -> httpx.Response:
        try:
            await desk.api.applications(Tenant(SERVER, CompanyId("c")))
        except SignedOutError as error:
            seen.append(error.kind)
        return httpx.Response(401, json={"detail": "no"})

    desk.server.on(LOGIN, answer)
    with pytest.raises(SignInRefusedError):
        await desk.session.sign_in("https://other.example", USER, "x")
    others = [r for r in desk.server.requests if r.url.host == "other.example"]
    assert seen == ["SignedOutError"]
    assert [request.url.path for request in others] == [LOGIN]
    assert "authorization" not in others[0].headers


async def test_signing_out_forgets_the_tokens(desk: Desk) -> None:
    await desk.sign_in()
    await desk.session.sign_out()
    assert (desk.session.state, desk.session.account) == (SessionState.SIGNED_OUT, None)
    assert desk.keeper.tokens is None
    assert not await desk.session.restore()


async def test_a_sign_out_that_could_not_be_written_down_signs_nobody_out(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_: CredentialStore) -> None:
        raise DiskFullError

    await desk.sign_in()
    tokens, account = desk.keeper.tokens, desk.session.account
    with monkeypatch.context() as disk:
        disk.setattr(CredentialStore, "clear_tokens", refuse)
        with pytest.raises(DiskFullError):
            await desk.session.sign_out()
    assert (desk.session.state, desk.session.account) == (SessionState.SIGNED_IN, account)
    assert desk.keeper.tokens == tokens
    await desk.session.sign_out()
    assert not await desk.session.restore()


async def test_a_sign_out_that_fails_keeps_tokens_whose_renewal_was_under_way(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.sign_in()
    rotated, go_on, renewal = await _renewal_under_way(desk)

    async def refuse(_: CredentialStore) -> None:
        go_on.set()
        await asyncio.wait([renewal])
        raise DiskFullError

    with monkeypatch.context() as disk:
        disk.setattr(CredentialStore, "clear_tokens", refuse)
        with pytest.raises(DiskFullError):
            await desk.session.sign_out()
    assert isinstance(renewal.exception(), SignedOutError)
    kept = await desk.stores.credentials.load()
    assert kept is not None
    assert desk.keeper.tokens is not None
    assert (desk.keeper.tokens.access, desk.keeper.tokens.refresh) == (rotated, "rotated")
    assert (kept.tokens, desk.session.state) == (desk.keeper.tokens, SessionState.SIGNED_IN)
    await desk.session.sign_out()
    assert desk.keeper.aside is None
    assert not await desk.session.restore()


@pytest.mark.parametrize("is_sign_out", (True, False))
async def test_tokens_are_renewed_in_time_after_what_failed_while_the_session_was_woken(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, is_sign_out: bool
) -> None:
    await desk.sign_in()
    await desk.run()

    async def refuse(_: object) -> None:
        desk.session.wake()
        await settle()
        raise DiskFullError

    with monkeypatch.context() as disk:
        disk.setattr(CredentialStore, "clear_tokens" if is_sign_out else "last_account", refuse)
        step = desk.session.sign_out() if is_sign_out else desk.session.sign_in(SERVER, USER, "x")
        with pytest.raises(DiskFullError):
            await step
    await settle()
    await desk.time.pass_time(2700)
    await eventually(lambda: desk.refreshes == 1)


async def test_another_user_is_noted(desk: Desk) -> None:
    await desk.sign_in()
    first, nobody = desk.session.operator, desk.session.predecessor
    await desk.session.sign_out()
    desk.issue(LOGIN, username="reviewer@practice.example")
    await desk.session.sign_in(SERVER, "reviewer@practice.example", "x")
    assert nobody is None
    assert desk.session.predecessor is not None
    assert desk.session.predecessor.username == USER
    assert desk.session.operator != first


async def test_tokens_renewed_while_another_signs_in_are_not_kept(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.sign_in()
    desk.issue(LOGIN, username="reviewer@practice.example")
    go_on = asyncio.Event()

    async def answer(_: httpx.Request) -> httpx.Response:
        await go_on.wait()
        body = {"access_token": desk.token(), "refresh_token": "late", "company_id": "c"}
        return httpx.Response(200, json=body)

    desk.server.on(REFRESH, answer)
    renewal = asyncio.ensure_future(desk.keeper.refresh())
    await eventually(lambda: desk.refreshes == 1)
    operator_for = desk.stores.studies.operator_for

    async def slowly(account: Account) -> Operator:
        go_on.set()
        await asyncio.wait([renewal])
        return await operator_for(account)

    monkeypatch.setattr(desk.stores.studies, "operator_for", slowly)
    await desk.session.sign_in(SERVER, "reviewer@practice.example", "x")
    kept = await desk.stores.credentials.load()
    assert kept is not None
    assert (kept.account.username, kept.tokens) == (
        "reviewer@practice.example",
        desk.keeper.tokens,
    )
    assert isinstance(renewal.exception(), SignedOutError)


async def test_a_sign_in_that_can_not_be_taken_up_leaves_the_one_before_in_the_record(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.sign_in()
    before = await desk.stores.credentials.load()

    async def fail(_account: Account) -> Operator:
        raise DiskFullError

    desk.issue(LOGIN, username="reviewer@practice.example")
    monkeypatch.setattr(desk.stores.studies, "operator_for", fail)
    with pytest.raises(DiskFullError):
        await desk.session.sign_in(SERVER, "reviewer@practice.example", "x")
    assert await desk.stores.credentials.load() == before
    assert before is not None
    assert desk.keeper.tokens == before.tokens


async def test_practice_at_another_port_is_the_same_practice(desk: Desk) -> None:
    partings: list[bool] = []

    async def part() -> None:
        partings.append(True)

    desk.session.before_another = part
    desk.issue(LOGIN)
    await desk.session.sign_in("http://127.0.0.1:4001", USER, "x")
    await desk.session.sign_in("http://127.0.0.1:4002", USER, "x")
    assert partings == []


@pytest.mark.parametrize("is_signed_out", (False, True))
@pytest.mark.parametrize(
    ("company", "server", "partings"),
    (("c", SERVER, 0), ("d", SERVER, 1), ("c", "https://other.example", 1)),
)
async def test_another_companys_work_ends_before_its_tokens_are_used(
    desk: Desk, company: str, server: str, partings: int, is_signed_out: bool
) -> None:
    await desk.sign_in()
    if is_signed_out:
        await desk.session.sign_out()
    seen: list[Tokens | None] = []

    async def part() -> None:
        seen.append(desk.keeper.tokens)

    desk.session.before_another = part
    desk.issue(LOGIN, company_id=company)
    await desk.session.sign_in(server, USER, "x")
    assert seen == [None] * partings


async def test_work_from_before_servers_were_kept_stays_with_the_one_that_did_it(
    desk: Desk,
) -> None:
    await desk.sign_in()
    await desk.session.sign_out()
    await desk.stores.studies.set_up("BER-01", "Europe/Berlin", "Room 2", BY_ITSELF)
    study = replace(make_study(), company_id=CompanyId("c"), server="")
    await desk.stores.studies.save_study(study, BY_ITSELF)
    await desk.session.sign_in("https://staging.example", USER, "x")
    assert (await desk.stores.studies.study(study.id)).server == SERVER
    other = replace(study, id=StudyId("other"), company_id=CompanyId("d"), datasets=())
    await desk.stores.studies.save_study(other, BY_ITSELF)
    desk.issue(LOGIN, company_id="d")
    await desk.session.sign_in("https://STAGING.example:443/", USER, "x")
    assert (await desk.stores.studies.study(other.id)).server == "https://staging.example"


# ---- restoring


async def test_a_restart_goes_on_without_asking_the_platform(tmp_path: Path) -> None:
    time, server = FakeTime(), HautServer()
    async with _desk(tmp_path, time, server) as before:
        await before.sign_in()
        account, tokens = before.session.account, before.keeper.tokens
    asked = len(server.requests)
    time.advance(3 * 86400)
    async with _desk(tmp_path, time, server) as after:
        assert await after.session.restore()
        assert after.session.state is SessionState.SIGNED_IN
        assert (after.session.account, after.keeper.tokens) == (account, tokens)
        assert after.session.operator is not None
        assert after.api.server == SERVER
    assert len(server.requests) == asked


async def test_nothing_kept_restores_nothing(desk: Desk) -> None:
    assert not await desk.session.restore()
    assert desk.session.state is SessionState.SIGNED_OUT


async def test_a_sign_in_by_hand_after_a_restart_takes_the_newest_tokens(desk: Desk) -> None:
    await desk.sign_in()
    await desk.keeper.refresh()
    kept = await desk.stores.credentials.load()
    assert kept is not None
    assert kept.tokens == desk.keeper.tokens


# ---- the timer


@pytest.mark.parametrize(("life_s", "first_s"), ((3600, 2700), (20, 15)))
async def test_tokens_are_renewed_at_three_quarters_of_their_life(
    desk: Desk, life_s: float, first_s: float
) -> None:
    await desk.sign_in(life_s)
    await desk.run()
    await desk.time.pass_time(first_s - 1)
    assert desk.refreshes == 0
    await desk.time.pass_time(2)
    await eventually(lambda: desk.refreshes == 1)


async def test_the_timer_goes_on_from_each_renewal_to_the_next(desk: Desk) -> None:
    await desk.sign_in(20)
    await desk.run()
    for number in range(1, 5):
        await desk.time.pass_time(15)
        await _refreshed(desk, number)
        await _kept(desk)
    assert desk.session.state is SessionState.SIGNED_IN


async def test_after_a_sleep_of_the_computer_tokens_are_renewed_at_once(desk: Desk) -> None:
    await desk.sign_in()
    await desk.run()
    await desk.time.pass_time(16)
    desk.time.advance(600)
    await desk.time.pass_time(16)
    await eventually(lambda: desk.refreshes == 1)


async def test_after_a_sleep_that_somebody_tells_of_no_nap_is_waited_out(desk: Desk) -> None:
    await desk.sign_in()
    await desk.run()
    await desk.time.pass_time(16)
    desk.time.advance(600)
    desk.session.wake()
    await eventually(lambda: desk.refreshes == 1)


async def test_after_the_clock_was_set_back_tokens_are_renewed_at_once(desk: Desk) -> None:
    await desk.sign_in()
    await desk.run()
    desk.time.advance(-7200)
    await desk.time.pass_time(16)
    await eventually(lambda: desk.refreshes == 1)


async def test_trouble_of_the_network_is_tried_again_and_refuses_nobody(desk: Desk) -> None:
    await desk.sign_in()
    desk.server.on(REFRESH, httpx.ReadTimeout(""), httpx.ConnectError(""), httpx.Response(503))
    await desk.run()
    await desk.time.pass_time(2701)
    await eventually(lambda: desk.refreshes == 1)
    await settle()
    await desk.time.pass_time(2)
    await eventually(lambda: desk.refreshes == 2)
    assert desk.session.state is SessionState.SIGNED_IN
    desk.issue(REFRESH)
    await settle()
    await desk.time.pass_time(5)
    await eventually(lambda: desk.refreshes == 3)
    assert desk.session.state is SessionState.SIGNED_IN
    await _kept(desk)


async def test_waking_tries_at_once_what_waits_for_the_network(desk: Desk) -> None:
    await desk.sign_in()
    desk.server.on(REFRESH, httpx.ConnectError(""))
    await desk.run()
    await desk.time.pass_time(2701)
    await eventually(lambda: desk.refreshes == 1)
    await settle()
    desk.session.wake()
    await eventually(lambda: desk.refreshes == 2)


async def test_a_refusal_keeps_the_account_and_asks_no_more(desk: Desk) -> None:
    await desk.sign_in()
    desk.server.on(REFRESH, httpx.Response(401, json={"detail": "no"}))
    await desk.run()
    await desk.time.pass_time(2701)
    await eventually(lambda: desk.session.state is SessionState.REFUSED)
    assert desk.session.account is not None
    assert await desk.stores.credentials.load() is not None
    await desk.time.pass_time(20_000)
    assert desk.refreshes == 1


async def test_signing_in_again_after_a_refusal_goes_on(desk: Desk) -> None:
    await desk.sign_in()
    desk.server.on(REFRESH, httpx.Response(401, json={"detail": "no"}))
    await desk.run()
    await desk.time.pass_time(2701)
    await eventually(lambda: desk.session.state is SessionState.REFUSED)
    await desk.sign_in()
    await settle()
    assert desk.session.state is SessionState.SIGNED_IN
    await desk.time.pass_time(2701)
    await eventually(lambda: desk.refreshes == 2)


async def test_a_private_token_is_never_renewed(desk: Desk) -> None:
    desk.server.on("/api/v1/auth/profile/", {"user": {"id": 7}, "company_id": "c"})
    await desk.session.sign_in_with_token(SERVER, "private")
    await desk.run()
    await desk.time.pass_time(100_000)
    assert desk.refreshes == 0
    assert desk.session.expires_at is None


# ---- with the practice platform over real sockets


async def test_tokens_of_a_few_seconds_outlive_a_long_piece_of_work(tmp_path: Path) -> None:
    """Refreshed by the real timer while calls go on, without a single refusal."""
    with running_practice(tmp_path / "platform", "--token-seconds", "2") as platform:
        await _work_over_three_lives(platform, tmp_path)


async def _work_over_three_lives(platform: PracticePlatform, folder: Path) -> None:
    changes, keeper = Changes(), TokenKeeper()
    api = HautApi(platform.url, keeper)
    states: set[SessionState] = set()
    scope = TaskScope("test", _raise)
    async with open_stores(folder, system_clock) as stores:
        session = Session(api, keeper, stores.credentials, stores.studies, changes)
        await session.sign_in(platform.url, TECHNICIAN, PASSWORD)
        assert session.account is not None
        changes.subscribe(lambda _: states.add(session.state))
        scope.start(session.run(), name="session")
        end = system_clock() + timedelta(seconds=5)
        while system_clock() < end:
            await api.applications(session.account.tenant)
        assert states == {SessionState.SIGNED_IN}
        assert platform.state()["refreshes"] >= 2
        await scope.aclose()
        await api.aclose()


async def _refreshed(desk: Desk, number: int) -> None:
    await eventually(lambda: desk.refreshes == number)


async def _kept(desk: Desk) -> None:
    """Wait until the newest tokens are in the store."""
    await desk.keeper.aclose()
    await settle()
