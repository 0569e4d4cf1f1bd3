"""When to look again: growing delays, woken at once, one peer's trouble apart from the other's."""

import asyncio
from collections.abc import Callable

import pytest

from haut_desktop.domain.errors import (
    HautError,
    NotThePlatformError,
    OutcomeUnknownError,
    RefusedError,
    ServerTroubleError,
    SignedOutError,
    TooManyRequestsError,
    UnreachableError,
)
from haut_desktop.domain.session import Connection
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.connectivity import Connectivity, Peer
from tests.fakes.timers import FakeTime, settle


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def changes() -> Changes:
    return Changes()


def _connectivity(
    changes: Changes, time: FakeTime, chance: Callable[[], float] = lambda: 0.0
) -> Connectivity:
    return Connectivity(changes, clock=time, chance=chance, pause=time.pause, uptime=time.uptime)


@pytest.fixture
def connectivity(changes: Changes, time: FakeTime) -> Connectivity:
    return _connectivity(changes, time)


@pytest.mark.parametrize(
    ("error", "state"),
    (
        (UnreachableError(), Connection.OFFLINE),
        (OutcomeUnknownError(), Connection.OFFLINE),
        (NotThePlatformError(), Connection.PORTAL),
        (ServerTroubleError(503), Connection.TROUBLE),
        (TooManyRequestsError(), Connection.TROUBLE),
        (SignedOutError(), Connection.ONLINE),
        (RefusedError(400, "c", "d"), Connection.UNKNOWN),
    ),
)
def test_the_state_says_what_kind_of_trouble_it_is(
    connectivity: Connectivity, error: HautError, state: Connection
) -> None:
    connectivity.pause(error)
    assert connectivity.state is state


async def test_looks_become_rarer_and_start_over_when_it_is_well(
    connectivity: Connectivity, time: FakeTime
) -> None:
    waited = []
    for _ in range(7):
        connectivity.pause(UnreachableError())
        waited.append(connectivity.due_in_s)
        await time.pass_time(connectivity.due_in_s)
    assert waited == [5, 25, 120, 600, 3600, 3600, 3600]
    connectivity.seen_online()
    connectivity.pause(UnreachableError())
    assert connectivity.due_in_s == 5


def test_a_longer_time_that_the_platform_asks_for_holds_while_it_waits_already(
    connectivity: Connectivity,
) -> None:
    connectivity.pause(ServerTroubleError(503))
    connectivity.pause(TooManyRequestsError(120.0))
    assert connectivity.due_in_s == 120
    connectivity.pause(TooManyRequestsError(60.0))
    connectivity.pause(ServerTroubleError(503))
    assert connectivity.due_in_s == 120


def test_jitter_makes_a_delay_longer_by_a_fifth_at_most(changes: Changes, time: FakeTime) -> None:
    connectivity = _connectivity(changes, time, lambda: 1.0)
    connectivity.pause(UnreachableError())
    assert connectivity.due_in_s == pytest.approx(6)


def test_three_pictures_that_fail_together_are_one_failure(connectivity: Connectivity) -> None:
    for _ in range(3):
        connectivity.pause(UnreachableError())
    assert connectivity.due_in_s == 5


def test_the_servers_own_waiting_time_is_kept(connectivity: Connectivity) -> None:
    connectivity.pause(TooManyRequestsError(90))
    assert connectivity.due_in_s == 90


def test_an_accounts_trouble_is_looked_at_hourly(connectivity: Connectivity) -> None:
    connectivity.pause(SignedOutError())
    assert connectivity.due_in_s == 3600


async def test_who_waits_returns_when_the_next_look_is_due(
    connectivity: Connectivity, time: FakeTime
) -> None:
    connectivity.pause(UnreachableError())
    waiting = asyncio.ensure_future(connectivity.wait_until_due())
    await time.pass_time(4.9)
    assert not waiting.done()
    await time.pass_time(0.2)
    assert waiting.done()


async def test_nobody_waits_while_all_is_well(connectivity: Connectivity) -> None:
    await connectivity.wait_until_due()
    connectivity.seen_online()
    await connectivity.wait_until_due()


@pytest.mark.parametrize("wake", (Connectivity.network_changed, Connectivity.seen_online))
async def test_a_change_of_the_network_wakes_everybody_at_once(
    connectivity: Connectivity, wake: Callable[[Connectivity], None]
) -> None:
    connectivity.pause(UnreachableError())
    waiting = [asyncio.ensure_future(connectivity.wait_until_due()) for _ in range(3)]
    await settle()
    wake(connectivity)
    await asyncio.gather(*waiting)


def test_a_change_of_the_network_is_told_to_whoever_waits_by_a_clock_of_its_own(
    connectivity: Connectivity, changes: Changes
) -> None:
    connectivity.pause(UnreachableError())
    heard: list[Change] = []
    changes.subscribe(heard.append)
    connectivity.network_changed()
    assert heard == [Change(Topic.CONNECTIVITY)]


async def test_a_change_of_the_network_leaves_the_servers_own_waiting_time(
    connectivity: Connectivity, time: FakeTime
) -> None:
    connectivity.pause(TooManyRequestsError(90))
    await time.pass_time(30)
    connectivity.network_changed()
    assert connectivity.due_in_s == 60
    connectivity.seen_online()
    assert connectivity.due_in_s == 0


async def test_after_a_change_of_the_network_the_delays_start_over(
    connectivity: Connectivity, time: FakeTime
) -> None:
    for _ in range(4):
        connectivity.pause(UnreachableError())
        await time.pass_time(connectivity.due_in_s)
    connectivity.network_changed()
    connectivity.pause(UnreachableError())
    assert connectivity.due_in_s == 5


def test_a_store_behind_a_firewall_waits_although_the_platform_answers(
    connectivity: Connectivity,
) -> None:
    connectivity.pause(UnreachableError(), Peer.STORE)
    connectivity.seen_online(Peer.PLATFORM)
    assert (connectivity.due_in_s, connectivity.state) == (5, Connection.OFFLINE)
    connectivity.seen_online(Peer.STORE)
    assert (connectivity.due_in_s, connectivity.state) == (0, Connection.ONLINE)


async def test_an_outage_of_the_store_whose_time_is_over_is_shown_no_longer(
    connectivity: Connectivity, time: FakeTime
) -> None:
    connectivity.pause(UnreachableError(), Peer.STORE)
    await time.pass_time(connectivity.due_in_s)
    connectivity.seen_online(Peer.PLATFORM)
    assert (connectivity.due_in_s, connectivity.state) == (0, Connection.ONLINE)
    connectivity.pause(UnreachableError(), Peer.STORE)
    assert (connectivity.due_in_s, connectivity.state) == (25, Connection.OFFLINE)


def test_news_come_once_for_each_change_of_state(
    connectivity: Connectivity, changes: Changes, time: FakeTime
) -> None:
    heard: list[Change] = []
    changes.subscribe(heard.append)
    for _ in range(3):
        connectivity.seen_online()
    connectivity.pause(UnreachableError())
    assert heard == [Change(Topic.CONNECTIVITY)] * 2
    assert connectivity.last_online_at == time()
