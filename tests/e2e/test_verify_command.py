"""``outbox verify`` asks as whoever is signed in, also when the kept token has ended."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from haut_desktop.desktop.instance import FolderLock
from haut_desktop.domain.clock import system_clock
from haut_desktop.domain.errors import OtherSignInError, SignedOutError
from haut_desktop.domain.session import Account, SignedIn, Tokens
from haut_desktop.outbox_command import NOT_DONE, WELL, run_outbox_command
from haut_desktop.outbox_command.kept_sign_in import KeptSignIn
from haut_desktop.outbox_command.record import StationInUseError
from haut_desktop.store.station import Station
from tests.e2e.conftest import Pictures
from tests.e2e.stations import OwnStation
from tests.e2e.studies import PlatformStudy
from tests.services.rooms import Room, open_room

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room(tmp_path) as opened:
        yield opened


@pytest.fixture
async def delivered(here: OwnStation, there: PlatformStudy, small_pictures: Pictures) -> OwnStation:
    """One picture is delivered, and a sign-in stays behind whose access token has ended."""
    async with here.after_visit(there, small_pictures[0]) as station:
        await station.until_delivered()
        kept = await station.work.store.credentials.load()
        assert kept is not None
        await keep(station.work.store.credentials.save, kept, kept.tokens.refresh)
    return here


async def keep(save: Any, kept: SignedIn, refresh: str) -> None:
    ended = system_clock() - timedelta(hours=1)
    await save(replace(kept, tokens=Tokens("ended", refresh, ended)))


async def verify(here: OwnStation, capsys: pytest.CaptureFixture[str]) -> tuple[int, Any]:
    words = ["verify", "--folder", str(here.folder), "--json"]
    code = await asyncio.to_thread(run_outbox_command, words, secrets=here.secrets)
    return code, json.loads(capsys.readouterr().out)


async def test_without_a_window_the_command_renews_the_sign_in_and_keeps_it(
    delivered: OwnStation, capsys: pytest.CaptureFixture[str]
) -> None:
    code, report = await verify(delivered, capsys)
    assert (code, report["asked_pictures"], report["not_asked"]) == (WELL, 1, "")
    async with delivered.open(is_working=False) as station:
        kept = await station.work.store.credentials.load()
        assert kept is not None
        assert kept.tokens.access != "ended"
        assert kept.tokens.expires_at is not None
        assert kept.tokens.expires_at > system_clock()
        # whoever opens the program goes on with it: no renewal was lost
        assert await station.work.session.restore()
        await station.work.keeper.refresh()


async def test_beside_an_open_window_nothing_is_renewed(
    delivered: OwnStation, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = FolderLock(delivered.folder)
    assert lock.acquire()
    try:
        code, report = await verify(delivered, capsys)
    finally:
        lock.release()
    assert (code, report["asked_pictures"]) == (NOT_DONE, 0)
    assert "which is open, has not renewed it" in report["not_asked"]


async def test_a_sign_in_that_the_platform_refuses_needs_a_person(
    delivered: OwnStation, capsys: pytest.CaptureFixture[str]
) -> None:
    async with delivered.open(is_working=False) as station:
        kept = await station.work.store.credentials.load()
        assert kept is not None
        await keep(station.work.store.credentials.save, kept, "unknown")
    code, report = await verify(delivered, capsys)
    assert (code, report["asked_pictures"]) == (NOT_DONE, 0)
    assert "Open the program, sign in, and try again." in report["not_asked"]


async def test_what_the_window_renewed_is_used(room: Room) -> None:
    account = Account(room.study.server, room.study.company_id, 1, "somebody")
    stale, renewed = SignedIn(account, Tokens("stale")), SignedIn(account, Tokens("renewed"))
    await room.station.credentials.save(renewed)

    def taken() -> AbstractAsyncContextManager[Station]:
        raise StationInUseError

    sign_in = KeptSignIn(stale, room.station, taken)
    assert await sign_in._renew(stale.tokens) == renewed.tokens
    with pytest.raises(SignedOutError, match="which is open"):
        await sign_in._renew(renewed.tokens)
    other = replace(account, username="somebody-else")
    await room.station.credentials.save(SignedIn(other, Tokens("theirs")))
    with pytest.raises(OtherSignInError):
        await sign_in._renew(renewed.tokens)
    await sign_in.api.aclose()
