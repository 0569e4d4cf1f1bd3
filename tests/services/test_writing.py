"""What is begun to be written reaches the disk before whoever ends the work goes on."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from haut_desktop.domain.audit import Act
from haut_desktop.domain.errors import HautError, VaultError
from haut_desktop.domain.subjects import CodeKind
from haut_desktop.services import writing
from haut_desktop.services.sidecars import Sidecars
from haut_desktop.services.tasks import TaskScope
from haut_desktop.services.writing import to_its_end
from tests.conftest import ExpectedLogs
from tests.photographs import marked
from tests.services.rooms import open_room
from tests.waiting import eventually


class SlowWrite:
    """A write that has begun and goes on only when it is let go."""

    def __init__(self, write: Callable[..., object] = lambda *_: None) -> None:
        self._write = write
        self.has_begun = threading.Event()
        self.may_go_on = threading.Event()
        self.has_ended = False

    def __call__(self, *args: object) -> object:
        self.has_begun.set()
        assert self.may_go_on.wait(30)
        try:
            return self._write(*args)
        finally:
            self.has_ended = True


@pytest.fixture
def scope(reported: list[HautError]) -> TaskScope:
    return TaskScope("work", reported.append)


@pytest.fixture
def reported() -> list[HautError]:
    return []


async def _turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def _closes_only_after(scope: TaskScope, write: SlowWrite) -> None:
    await eventually(write.has_begun.is_set)
    closing = asyncio.ensure_future(scope.aclose())
    try:
        await _turns()
        assert not closing.done()
        scope.cancel()  # a window that closes asks once more
        await _turns()
        assert not closing.done()
    finally:
        write.may_go_on.set()
        await closing
    assert write.has_ended


async def test_what_is_written_gives_its_value_and_its_error() -> None:
    def fail() -> None:
        raise VaultError

    assert await to_its_end(sorted, [2, 1]) == [1, 2]
    with pytest.raises(VaultError):
        await to_its_end(fail)


async def test_closing_waits_for_a_write_that_has_begun(scope: TaskScope) -> None:
    write = SlowWrite()
    task = scope.start(to_its_end(write), name="write")
    await _closes_only_after(scope, write)
    assert task.cancelled()


async def test_a_write_that_fails_after_its_task_was_ended_is_noted(
    scope: TaskScope, reported: list[HautError], caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise VaultError

    write = SlowWrite(fail)
    caplog.set_level("INFO")
    scope.start(to_its_end(write), name="write")
    await _closes_only_after(scope, write)
    assert "failed as the work was ended: VaultError" in caplog.text
    assert reported == []


async def test_a_disk_that_hangs_does_not_keep_the_work_from_ending(
    scope: TaskScope, monkeypatch: pytest.MonkeyPatch, expected_log: ExpectedLogs
) -> None:
    expected_log("the disk hangs")
    monkeypatch.setattr(writing, "LONGEST_S", 0.01)
    write = SlowWrite()
    task = scope.start(to_its_end(write), name="write")
    await eventually(write.has_begun.is_set)
    await scope.aclose()
    assert task.cancelled()
    assert not write.has_ended
    write.may_go_on.set()
    await eventually(lambda: write.has_ended)


async def test_closing_waits_for_a_note_beside_a_picture(
    tmp_path: Path, scope: TaskScope, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_room(tmp_path) as room:
        await room.capture.take_in(room.visit, room.file("front.jpg", marked(1)))
        (name,) = room.vault.names()
        write = SlowWrite(room.vault.renew_sidecar)
        monkeypatch.setattr(room.vault, "renew_sidecar", write)
        await room.station.subjects.change_code(
            room.subject.id, "B-009", CodeKind.SCREENING, Act(reason="x")
        )
        sidecars = Sidecars(pictures=room.station.pictures, vault=room.vault)
        scope.start(sidecars.follow(room.visit), name="follow")
        await _closes_only_after(scope, write)
        assert room.vault.sidecar(name).subject_code == "B-009"


async def test_closing_waits_for_a_picture_that_is_being_sealed(
    tmp_path: Path, scope: TaskScope, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_room(tmp_path) as room:
        write = SlowWrite(room.vault.seal)
        monkeypatch.setattr(room.vault, "seal", write)
        picture = room.file("front.jpg", marked(1))
        scope.start(room.capture.take_in(room.visit, picture), name="take in")
        await _closes_only_after(scope, write)
        assert len(room.vault.names()) == 1
