"""Blame decides what waits: everything, the account, or only what met the error."""

from datetime import UTC, datetime, timedelta

import pytest

from haut_desktop.domain.delivery import RetryPolicy, Waiting
from haut_desktop.domain.errors import (
    HautError,
    NotThePlatformError,
    OtherAccountError,
    OtherSignInError,
    PermissionRefusedError,
    RefusedError,
    ServerTroubleError,
    SignedOutError,
    TooManyRequestsError,
    UnreachableError,
)
from haut_desktop.domain.ids import DatasetId
from haut_desktop.domain.session import Connection
from haut_desktop.services.blame import ACCOUNT_PAUSE, SERVER_ERRORS_THAT_PAUSE, Judge
from haut_desktop.services.changes import Changes
from haut_desktop.services.connectivity import Connectivity
from haut_desktop.services.registration import MaybeCreatedError, NotListedYetError
from haut_desktop.services.settling import NotToldError, asking

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


class Bench:
    """A judge with a clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = START
        self.connectivity = Connectivity(Changes(), clock=lambda: self.now, uptime=lambda: 100.0)
        policy = RetryPolicy(delays_s=(5.0, 25.0), jitter=0.0)
        self.uptime_s = 100.0
        self.is_signed_in = False
        self.judge = Judge(
            connectivity=self.connectivity,
            clock=lambda: self.now,
            policy=policy,
            uptime=lambda: self.uptime_s,
            is_signed_in=lambda: self.is_signed_in,
        )


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_network_pauses_everything_and_burns_no_attempt(bench: Bench) -> None:
    waiting = bench.judge.sentence(UnreachableError(), Waiting(attempt=2))
    assert (waiting.attempt, waiting.retry_at) == (2, None)
    assert bench.connectivity.state is Connection.OFFLINE
    assert bench.connectivity.due_in_s > 0


def test_guest_network_is_a_state_of_the_network(bench: Bench) -> None:
    bench.judge.sentence(NotThePlatformError(), Waiting())
    assert bench.connectivity.state is Connection.PORTAL


def test_missing_right_pauses_for_an_hour_at_most(bench: Bench) -> None:
    waiting = bench.judge.sentence(PermissionRefusedError(), Waiting())
    assert waiting.attempt == 0
    assert not bench.judge.is_account_trusted
    bench.now += ACCOUNT_PAUSE
    assert bench.judge.is_account_trusted


@pytest.mark.parametrize("error", [OtherAccountError(), OtherSignInError()])
def test_another_sign_ins_work_is_not_held_against_the_present_account(
    bench: Bench, error: HautError
) -> None:
    waiting = bench.judge.sentence(error, Waiting(attempt=2))
    assert (waiting.attempt, waiting.retry_at) == (2, None)
    assert bench.judge.is_account_trusted
    assert bench.connectivity.due_in_s == 0


def test_a_clock_set_back_makes_the_accounts_pause_no_longer(bench: Bench) -> None:
    bench.judge.sentence(PermissionRefusedError(), Waiting())
    bench.now -= timedelta(days=365)
    waits = bench.judge.account_waits
    assert waits is not None
    assert waits.retry_at == bench.now + ACCOUNT_PAUSE
    bench.uptime_s += ACCOUNT_PAUSE.total_seconds()
    assert bench.judge.is_account_trusted


def test_somebody_who_signs_in_is_trusted_at_once(bench: Bench) -> None:
    bench.judge.sentence(PermissionRefusedError(), Waiting())
    bench.judge.forgive_account()
    assert bench.judge.is_account_trusted


def test_what_the_account_was_told_is_there_for_everything_behind_it(bench: Bench) -> None:
    met = bench.judge.sentence(PermissionRefusedError(), Waiting())
    behind = bench.judge.account_waits
    assert behind is not None
    assert (behind.trouble, behind.retry_at) == (met.trouble, START + ACCOUNT_PAUSE)


def test_an_account_that_is_trusted_keeps_nothing(bench: Bench) -> None:
    bench.judge.sentence(PermissionRefusedError(), Waiting())
    bench.now += ACCOUNT_PAUSE
    assert bench.judge.account_waits is None


def test_server_trouble_lets_only_that_step_wait_longer_each_time(bench: Bench) -> None:
    first = bench.judge.sentence(ServerTroubleError(503), Waiting())
    second = bench.judge.sentence(ServerTroubleError(503), first)
    assert first.retry_at == START + timedelta(seconds=5)
    assert second.retry_at == START + timedelta(seconds=25)
    assert bench.connectivity.due_in_s == 0


def test_servers_own_waiting_time_wins(bench: Bench) -> None:
    waiting = bench.judge.sentence(TooManyRequestsError(retry_after_s=90.0), Waiting())
    assert waiting.retry_at == START + timedelta(seconds=90)


def test_run_of_server_errors_pauses_everything_until_one_step_succeeds(bench: Bench) -> None:
    for _ in range(SERVER_ERRORS_THAT_PAUSE):
        bench.judge.sentence(ServerTroubleError(500), Waiting())
    assert bench.connectivity.due_in_s > 0
    bench.judge.praise()
    assert bench.connectivity.due_in_s == 0


@pytest.mark.parametrize(
    "doubt",
    [NotToldError(RefusedError(400, "invalid", "")), NotListedYetError(), MaybeCreatedError()],
    ids=lambda doubt: doubt.kind,
)
def test_what_the_platform_does_not_tell_of_one_thing_pauses_no_other(
    bench: Bench, doubt: HautError
) -> None:
    waiting = Waiting()
    for _ in range(SERVER_ERRORS_THAT_PAUSE * 2):
        waiting = bench.judge.sentence(doubt, waiting)
    assert bench.connectivity.due_in_s == 0
    assert (waiting.attempt, waiting.retry_at) == (6, START + timedelta(seconds=25))


def test_what_waits_by_itself_pauses_nothing(bench: Bench) -> None:
    waiting = bench.judge.later(ServerTroubleError(500), Waiting(1))
    for _ in range(SERVER_ERRORS_THAT_PAUSE * 2):
        bench.judge.later(ServerTroubleError(500), Waiting(1))
    assert (waiting.attempt, waiting.retry_at) == (2, START + timedelta(seconds=25))
    assert bench.connectivity.due_in_s == 0


def test_unreachable_store_is_not_forgotten_because_the_platform_answers(bench: Bench) -> None:
    error = UnreachableError()
    error.is_of_store = True
    bench.judge.sentence(error, Waiting())
    bench.connectivity.seen_online()
    assert bench.connectivity.due_in_s > 0
    bench.judge.praise(with_store=True)
    assert bench.connectivity.due_in_s == 0


def test_a_refused_sign_in_pauses_the_account(bench: Bench) -> None:
    bench.judge.sentence(SignedOutError(), Waiting())
    assert not bench.judge.is_account_trusted


def test_a_refusal_that_comes_after_a_new_sign_in_pauses_nobody(bench: Bench) -> None:
    bench.is_signed_in = True
    waiting = bench.judge.sentence(SignedOutError(), Waiting())
    assert bench.judge.is_account_trusted
    assert waiting.retry_at == bench.now + timedelta(seconds=5)
    assert (waiting.attempt, waiting.trouble) == (1, None)
    bench.judge.sentence(PermissionRefusedError(), Waiting())
    assert not bench.judge.is_account_trusted


def test_a_late_refusal_of_who_was_signed_in_before_closes_no_dataset(bench: Bench) -> None:
    dataset = DatasetId("dataset")
    bench.is_signed_in = True
    bench.judge.sentence_reading(SignedOutError(), Waiting(), dataset)
    assert bench.judge.may_read(dataset)
    bench.judge.sentence_reading(PermissionRefusedError(), Waiting(), dataset)
    assert not bench.judge.may_read(dataset)


def test_a_step_whose_question_was_refused_waits_by_itself(bench: Bench) -> None:
    dataset, refused = DatasetId("dataset"), PermissionRefusedError()
    with pytest.raises(PermissionRefusedError), asking():
        raise refused
    waiting = bench.judge.sentence_step(refused, Waiting(2), dataset)
    assert (waiting.attempt, waiting.retry_at) == (2, START + ACCOUNT_PAUSE)
    assert waiting.trouble is not None
    assert (bench.judge.is_account_trusted, bench.judge.may_read(dataset)) == (True, False)


def test_a_step_that_was_refused_itself_pauses_the_account(bench: Bench) -> None:
    dataset = DatasetId("dataset")
    waiting = bench.judge.sentence_step(PermissionRefusedError(), Waiting(2), dataset)
    assert (waiting.attempt, waiting.retry_at) == (2, None)
    assert (bench.judge.is_account_trusted, bench.judge.may_read(dataset)) == (False, True)
