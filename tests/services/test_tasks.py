"""Tasks have an owner that keeps them, hears of their errors and ends them."""

import asyncio
import gc
import sys
from types import TracebackType

import pytest

from haut_desktop.domain.errors import HautError, UnreachableError, UserCancelled
from haut_desktop.services.tasks import TaskScope
from tests.waiting import eventually


@pytest.fixture
def reported() -> list[HautError]:
    return []


@pytest.fixture
def scope(reported: list[HautError]) -> TaskScope:
    return TaskScope("app", reported.append)


async def _fail(error: BaseException) -> None:
    await asyncio.sleep(0)
    raise error


async def test_a_task_gives_its_value_and_bears_its_name(scope: TaskScope) -> None:
    task = scope.child("capture").start(asyncio.sleep(0, "done"), name="intake")
    assert task.get_name() == "app/capture/intake"
    assert await task == "done"


async def test_a_haut_error_goes_to_the_report_at_once(
    scope: TaskScope, reported: list[HautError]
) -> None:
    error = UnreachableError()
    scope.start(_fail(error), name="send")
    await eventually(lambda: reported)
    assert reported == [error]


async def test_any_other_error_goes_to_the_excepthook(
    scope: TaskScope, reported: list[HautError], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[BaseException] = []

    def hook(_: type[BaseException], error: BaseException, __: TracebackType | None) -> None:
        seen.append(error)

    monkeypatch.setattr(sys, "excepthook", hook)
    error = ZeroDivisionError()
    scope.start(_fail(error), name="sum")
    await eventually(lambda: seen)
    assert (seen, reported) == ([error], [])


async def test_a_users_no_is_told_to_nobody(scope: TaskScope, reported: list[HautError]) -> None:
    task = scope.start(_fail(UserCancelled()), name="ask")
    await asyncio.wait([task])
    assert reported == []


async def test_a_task_that_nobody_else_holds_survives_the_garbage_collector(
    scope: TaskScope,
) -> None:
    done: list[int] = []

    async def wait_for_a_future_of_its_own() -> None:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        loop.call_later(0.01, future.set_result, None)
        await future
        done.append(1)

    scope.start(wait_for_a_future_of_its_own(), name="wait")
    await asyncio.sleep(0)
    gc.collect()
    await eventually(lambda: done)


async def test_closing_waits_until_every_task_of_every_child_has_ended(scope: TaskScope) -> None:
    ended: list[str] = []

    async def end_slowly(name: str) -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await asyncio.sleep(0)
            ended.append(name)

    scope.start(end_slowly("own"), name="a")
    scope.child("window").start(end_slowly("child"), name="b")
    await asyncio.sleep(0)
    await scope.aclose()
    assert sorted(ended) == ["child", "own"]


async def test_a_closed_scope_starts_nothing(scope: TaskScope) -> None:
    ran: list[int] = []

    async def run() -> None:
        ran.append(1)

    await scope.aclose()
    late, lost = scope.start(run(), name="late"), scope.child("w").start(run(), name="lost")
    await asyncio.wait([late, lost])
    assert (late.cancelled(), lost.cancelled(), ran) == (True, True, [])


async def test_a_task_may_close_its_own_scope(scope: TaskScope) -> None:
    await scope.start(scope.aclose(), name="quit")
    assert scope.running() == []
