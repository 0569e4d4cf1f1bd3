"""The station's own disk fails in the middle of a step: nothing stays there, all arrives once."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from haut_desktop.domain.delivery import BatchEvent, ImageEvent, Route
from haut_desktop.domain.errors import DiskFullError, StoreBusyError
from haut_desktop.store.outbox import OutboxStore
from haut_desktop.store.secrets import MemorySecrets
from tests.conftest import ExpectedLogs
from tests.e2e.conftest import MakeStudy
from tests.e2e.stations import open_workplace

pytestmark = pytest.mark.timeout(120)

Call = Callable[..., Awaitable[Any]]


def failing_once(call: Call, on: Callable[..., bool], error: Exception) -> Call:
    """Let the first call that ``on`` chooses fail before it does anything."""
    left = [error]

    async def called(*args: Any, **named: Any) -> Any:
        if left and on(*args):
            raise left.pop()
        return await call(*args, **named)

    return called


@pytest.mark.parametrize("route", list(Route))
@pytest.mark.parametrize("error", [DiskFullError(), StoreBusyError()], ids=["full", "busy"])
@pytest.mark.parametrize("step", ["initiated", "claim", "confirm", "submitted"])
async def test_disk_that_fails_once_in_a_step_leaves_nothing_in_the_middle(
    step: str,
    error: Exception,
    route: Route,
    tmp_path: Path,
    study_by: MakeStudy,
    small_pictures: tuple[Path, ...],
    monkeypatch: pytest.MonkeyPatch,
    expected_log: ExpectedLogs,
) -> None:
    expected_log.allow("delivery rests")
    there = study_by(route)
    failures: dict[str, tuple[str, Callable[..., bool]]] = {
        "initiated": ("initiated", lambda *_: True),
        "claim": ("move_image", lambda _store, _id, event, *_: event is ImageEvent.CLAIM),
        "confirm": ("move_image", lambda _store, _id, event, *_: event is ImageEvent.CONFIRM),
        "submitted": ("move_batch", lambda _store, _id, event, *_: event is BatchEvent.SUBMITTED),
    }
    name, on = failures[step]
    monkeypatch.setattr(OutboxStore, name, failing_once(getattr(OutboxStore, name), on, error))
    async with open_workplace(tmp_path / "station", MemorySecrets()) as station:
        await station.sign_in(there.platform.url)
        await station.finish_first_visit(there.name, *small_pictures[:1])
        await station.until_delivered()
    there.check_each_once(small_pictures[:1])
