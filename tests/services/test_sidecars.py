"""The notes follow the record, also when the disk has no room for them at first."""

from collections import Counter
from pathlib import Path

import pytest

from haut_desktop.domain.delivery import BatchEvent, BatchState, ImageEvent
from haut_desktop.domain.errors import DiskFullError
from haut_desktop.domain.ids import BatchId
from haut_desktop.domain.imaging import Batch
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.sidecars import SidecarFollower, Sidecars
from haut_desktop.services.tasks import TaskScope
from haut_desktop.store.outbox import OutboxStore
from haut_desktop.store.vault import Sidecar, Vault
from tests.conftest import ExpectedLogs
from tests.fakes.builders import make_proof
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


async def test_a_note_is_written_at_intake_finish_and_end_and_no_more_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    heard: list[BatchId] = []
    write, find = Vault.set_sidecar, OutboxStore.find

    def noted(vault: Vault, name: str, sidecar: Sidecar) -> None:
        written.append(name)
        write(vault, name, sidecar)

    async def hear(outbox: OutboxStore, batch_id: BatchId) -> Batch | None:
        found = await find(outbox, batch_id)
        heard.append(batch_id)
        return found

    monkeypatch.setattr(Vault, "set_sidecar", noted)
    monkeypatch.setattr(OutboxStore, "find", hear)
    async with open_room(tmp_path) as room:
        await room.take_face()
        await room.capture.finish(room.visit)
        changes, tasks = Changes(), TaskScope("test", lambda _error: None)
        notes = Sidecars(pictures=room.station.pictures, vault=room.vault)
        follower = SidecarFollower(sidecars=notes, outbox=room.outbox, changes=changes)
        tasks.start(follower.run(), name="sidecars")
        await settle()

        async def tell_of(batch: Batch) -> None:
            before = len(heard)
            changes.send(Change(Topic.OUTBOX, frozenset({batch.id})))
            await eventually(lambda: len(heard) > before)

        # what is on its way can be asked for at the platform
        await tell_of(await room.deliver())
        (batch,) = await room.batches()
        for image in batch.images:
            await room.outbox.move_image(image.id, ImageEvent.CLAIM)
            await room.outbox.move_image(image.id, ImageEvent.CONFIRM, proof=make_proof())
            await tell_of(batch)
        await room.outbox.move_batch(batch.id, BatchEvent.SUBMIT)
        await tell_of(batch)
        await room.outbox.move_batch(batch.id, BatchEvent.SUBMITTED)
        await tell_of(batch)
        await eventually(lambda: _said(room) == {BatchState.SUBMITTED})
        await tasks.aclose()
        # what is written already is not written again
        assert await notes.follow(room.visit)
        assert Counter(written) == dict.fromkeys(room.vault.names(), 3)
