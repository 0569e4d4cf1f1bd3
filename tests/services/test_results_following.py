"""Following obeys the same blame as sending: who waits when the platform says no or breaks down."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest_asyncio

from haut_desktop.domain.analysis import Completeness
from haut_desktop.domain.delivery import RetryPolicy, Waiting
from haut_desktop.domain.errors import (
    HautError,
    OtherAccountError,
    PermissionRefusedError,
    ServerTroubleError,
    SignedOutError,
    TooManyRequestsError,
    UnreachableError,
)
from haut_desktop.domain.ids import BatchId
from haut_desktop.domain.session import SessionState
from haut_desktop.services.blame import SERVER_ERRORS_THAT_PAUSE, Judge
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.connectivity import Connectivity
from haut_desktop.services.results_following import Look, Pace, ResultFollower
from haut_desktop.services.results_trouble import ResultsTrouble
from haut_desktop.services.tasks import TaskScope
from tests.fakes.clock import FakeClock
from tests.waiting import eventually

PACE = Pace(first_s=0.01, slowest_s=0.01, idle_s=0.05)

_COMPLETE = Look(Completeness.COMPLETE, grew=True)
_PENDING = Look(Completeness.PENDING, grew=False)


@dataclass(frozen=True)
class Submitted:
    """All that following asks of a batch."""

    id: BatchId


@dataclass
class Desk:
    """A follower of batches whose looks a test decides."""

    answers: dict[str, Look | HautError]
    looks: Counter[str] = field(default_factory=Counter)
    state: SessionState = SessionState.SIGNED_IN
    changes: Changes = field(default_factory=Changes)

    def __post_init__(self) -> None:
        self.clock = FakeClock()
        self.connectivity = Connectivity(self.changes, policy=RetryPolicy((600.0,), 0.0))
        policy = RetryPolicy((0.01,), 0.0)
        self.judge = Judge(connectivity=self.connectivity, clock=self.clock, policy=policy)
        self.follower = ResultFollower(
            outbox=self,  # type: ignore[arg-type]
            look=self._look,
            session=self,  # type: ignore[arg-type]
            connectivity=self.connectivity,
            judge=self.judge,
            changes=self.changes,
            clock=self.clock,
            pace=PACE,
        )

    @property
    def account(self) -> "Desk":
        return self

    tenant = None

    company_id = "company"

    async def submitted_incomplete(self, *_: object) -> list[Submitted]:
        """All but those of others than the one who is signed in."""
        own = [n for n, a in self.answers.items() if not isinstance(a, OtherAccountError)]
        return [Submitted(BatchId(name)) for name in own]

    async def _look(self, batch_id: BatchId) -> Look:
        self.looks[batch_id] += 1
        answer = self.answers[batch_id]
        if isinstance(answer, HautError):
            raise answer
        return answer

    async def until_asked(self, batch_id: str, times: int) -> None:
        await eventually(lambda: self.looks[batch_id] >= times)


@pytest_asyncio.fixture
async def tasks() -> AsyncIterator[TaskScope]:
    scope = TaskScope("test", lambda _error: None)
    yield scope
    await scope.aclose()


def start(tasks: TaskScope, **answers: Look | HautError) -> Desk:
    desk = Desk(dict(answers))
    tasks.start(desk.follower.run(), name="follow")
    return desk


async def test_one_batch_that_may_not_be_read_keeps_no_other_and_no_sending(
    tasks: TaskScope,
) -> None:
    desk = start(tasks, refused=PermissionRefusedError(), good=_PENDING)
    await desk.until_asked("good", 20)
    assert desk.looks["refused"] == 1
    assert desk.judge.is_account_trusted


async def test_a_run_of_refusals_pauses_all_looks_until_somebody_signs_in(
    tasks: TaskScope,
) -> None:
    refused = {f"refused{n}": PermissionRefusedError() for n in range(3)}
    desk = start(tasks, **refused)
    await eventually(lambda: desk.looks.total() == 2)
    desk.answers["late"] = _PENDING
    desk.changes.send(Change(Topic.OUTBOX))
    await eventually(lambda: "late" in desk.follower._followed)
    assert desk.looks["late"] == 0
    desk.state = SessionState.SIGNED_OUT
    desk.changes.send(Change(Topic.SESSION))
    desk.state = SessionState.SIGNED_IN
    desk.changes.send(Change(Topic.SESSION))
    await desk.until_asked("late", 1)
    await desk.until_asked("refused0", 2)


async def test_tokens_that_were_replaced_during_a_look_say_nothing_of_a_right(
    tasks: TaskScope,
) -> None:
    desk = start(tasks, one=SignedOutError(), other=SignedOutError(), good=_PENDING)
    await desk.until_asked("one", 3)
    await desk.until_asked("good", 3)


async def test_an_account_that_may_not_send_is_not_asked_for_results(tasks: TaskScope) -> None:
    desk = Desk({"one": _PENDING})
    desk.judge.sentence(PermissionRefusedError(), Waiting())
    tasks.start(desk.follower.run(), name="follow")
    await eventually(lambda: "one" in desk.follower._followed)
    assert not desk.looks
    desk.judge.forgive_account()
    desk.changes.send(Change(Topic.SESSION))
    await desk.until_asked("one", 1)


async def test_batches_of_another_tenant_are_left_until_one_of_its_own_signs_in(
    tasks: TaskScope,
) -> None:
    theirs = [f"theirs{n}" for n in range(PACE.at_once * 2)]
    desk = start(tasks, **dict.fromkeys(theirs, _PENDING))
    for name in theirs:
        await desk.until_asked(name, 1)
    desk.answers = {"ours": _PENDING} | {name: OtherAccountError() for name in theirs}
    desk.changes.send(Change(Topic.SESSION))
    await eventually(lambda: desk.follower._followed == {"ours"})
    before = desk.looks.copy()
    await desk.until_asked("ours", before["ours"] + 10)
    assert [desk.looks[name] for name in theirs] == [before[name] for name in theirs]
    # ours is still followed until the change is heard of
    desk.answers = dict.fromkeys(("ours", *theirs), _PENDING)
    desk.changes.send(Change(Topic.SESSION))
    for name in theirs:
        await desk.until_asked(name, before[name] + 1)


def broken(count: int, error: HautError | None = None) -> dict[str, Look | HautError]:
    return {f"broken{n}": error or ServerTroubleError(503) for n in range(count)}


def start_patiently(tasks: TaskScope, **answers: Look | HautError) -> Desk:
    """As ``start``; what meets a server error waits for an hour."""
    desk = Desk(dict(answers))
    desk.judge._policy = RetryPolicy((3600.0,), 0.0)
    tasks.start(desk.follower.run(), name="follow")
    return desk


async def test_server_errors_of_several_batches_in_a_row_pause_all_looks_and_no_sending(
    tasks: TaskScope,
) -> None:
    desk = start_patiently(tasks, **broken(SERVER_ERRORS_THAT_PAUSE))
    await eventually(lambda: desk.looks.total() == SERVER_ERRORS_THAT_PAUSE)
    desk.answers["late"] = _PENDING
    desk.changes.send(Change(Topic.OUTBOX))
    await eventually(lambda: "late" in desk.follower._followed)
    await eventually(lambda: desk.follower._trouble.due_in_s > 3000)
    assert desk.looks["late"] == 0
    assert desk.connectivity.due_in_s == 0


async def test_whoever_looks_again_does_not_wait_for_a_server_that_had_trouble(
    tasks: TaskScope,
) -> None:
    desk = start_patiently(tasks, **broken(SERVER_ERRORS_THAT_PAUSE))
    await eventually(lambda: desk.follower._trouble.due_in_s > 0)
    desk.answers = dict.fromkeys(desk.answers, _PENDING)
    desk.follower.wake()
    for name in desk.answers:
        await desk.until_asked(name, 3)


async def test_what_the_server_asks_to_wait_holds_for_whoever_looks_again(
    tasks: TaskScope,
) -> None:
    desk = start_patiently(tasks, good=_PENDING, asked=TooManyRequestsError(600.0))
    await desk.until_asked("asked", 1)
    desk.follower.wake()
    await desk.until_asked("good", desk.looks["good"] + 20)
    assert desk.looks["asked"] == 1


async def test_in_a_run_what_the_server_asks_to_wait_holds_for_all_looks(tasks: TaskScope) -> None:
    desk = start_patiently(tasks, **broken(SERVER_ERRORS_THAT_PAUSE, TooManyRequestsError(600.0)))
    await eventually(lambda: desk.follower._trouble.due_in_s > 3000)
    desk.follower.wake()
    assert 0 < desk.follower._trouble.due_in_s <= 600


async def test_a_longer_time_that_the_server_asks_for_within_a_run_holds_for_all_looks(
    tasks: TaskScope,
) -> None:
    trouble = ResultsTrouble()
    for number in range(SERVER_ERRORS_THAT_PAUSE):
        tasks.start(trouble.sit_out(f"broken{number}", 10.0, 0.0), name="sit out")
    await eventually(lambda: 0 < trouble.due_in_s <= 10)
    tasks.start(trouble.sit_out("asked", 600.0, 600.0), name="sit out")
    await eventually(lambda: trouble.due_in_s > 500)
    tasks.start(trouble.sit_out("broken0", 3600.0, 0.0), name="sit out")  # not put off any further
    await asyncio.sleep(0)
    trouble.wake()
    assert 500 < trouble.due_in_s <= 600


async def test_a_look_says_nothing_of_a_run_of_errors_in_sending(tasks: TaskScope) -> None:
    desk = start(tasks, good=_PENDING)
    for _ in range(SERVER_ERRORS_THAT_PAUSE - 1):
        desk.judge.sentence(ServerTroubleError(503), Waiting())
    await desk.until_asked("good", 3)
    desk.judge.sentence(ServerTroubleError(503), Waiting())
    assert desk.connectivity.due_in_s > 0


async def test_one_broken_batch_pauses_nothing(tasks: TaskScope) -> None:
    desk = start(tasks, broken=ServerTroubleError(500))
    await desk.until_asked("broken", 5)
    assert desk.follower._trouble.due_in_s == 0
    assert desk.connectivity.due_in_s == 0


async def test_a_look_that_succeeds_ends_the_trouble(tasks: TaskScope) -> None:
    desk = start(tasks, **broken(SERVER_ERRORS_THAT_PAUSE))
    await desk.until_asked("broken0", 2)
    desk.answers = dict.fromkeys(desk.answers, _PENDING)
    for name in desk.answers:
        await desk.until_asked(name, desk.looks[name] + 3)
    assert desk.follower._trouble.due_in_s == 0


async def test_an_unreachable_platform_pauses_everything(tasks: TaskScope) -> None:
    desk = start(tasks, one=UnreachableError())
    await eventually(lambda: desk.connectivity.due_in_s > 0)
    desk.answers["one"] = _PENDING
    desk.connectivity.network_changed()
    await desk.until_asked("one", 3)
