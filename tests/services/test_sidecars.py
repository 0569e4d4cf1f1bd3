"""The notes follow the record, also when the disk has no room for them at first."""

from pathlib import Path

import pytest

from haut_desktop.domain.delivery import BatchState
from haut_desktop.domain.errors import DiskFullError
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.sidecars import SidecarFollower, Sidecars
from haut_desktop.services.tasks import TaskScope
from haut_desktop.store.vault import Vault
from tests.conftest import ExpectedLogs
from tests.fakes.timers import settle
from tests.services.rooms import Room, open_room
from tests.waiting import eventually


def _said(room: Room) -> set[BatchState]:
    records = [room.vault.sidecar(name).record for name in room.vault.names()]
    return {one.batch.state for one in records if one is not None and one.batch is not None}


async def test_a_note_that_had_no_room_is_written_once_there_is_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected_log: ExpectedLogs
) -> None:
    expected_log("could not be rewritten")
    refused: list[object] = []

    def refuse(*note: object) -> None:
        refused.append(note)
        raise DiskFullError

    async with open_room(tmp_path) as room:
        await room.take_face()
        await room.capture.finish(room.visit)
        batch = await room.submit()
        changes, tasks = Changes(), TaskScope("test", lambda _error: None)
        notes = Sidecars(pictures=room.station.pictures, vault=room.vault)
        follower = SidecarFollower(
            sidecars=notes, outbox=room.outbox, changes=changes, again_s=0.01
        )
        tasks.start(follower.run(), name="sidecars")
        with monkeypatch.context() as disk:
            disk.setattr(Vault, "renew_sidecar", refuse)
            await settle()
            changes.send(Change(Topic.OUTBOX, frozenset({batch.id})))
            await eventually(lambda: refused)
        assert _said(room) == {BatchState.OPEN}
        await eventually(lambda: _said(room) == {BatchState.SUBMITTED})
        await tasks.aclose()
