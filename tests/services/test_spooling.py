"""Spooled pictures are placed once, after the unlocking, and wait for a person."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from haut_desktop.domain.audit import Act
from haut_desktop.domain.errors import DiskFullError, PictureError
from haut_desktop.services.changes import Changes
from haut_desktop.services.disk_space import DiskSpace
from haut_desktop.services.intake import Pasted
from haut_desktop.services.spooling import (
    ERASED,
    IN_THE_VAULT,
    NEVER_SEALED,
    TWIN,
    WAITS,
    SpoolDrain,
    SpoolIntake,
)
from haut_desktop.store.files import remove, write_atomically
from haut_desktop.store.keys import KeyChest
from haut_desktop.store.spool import Spool
from tests.fakes.keyring import locked
from tests.photographs import marked
from tests.services.rooms import Room, open_room

WORDS = {"subject_code": "B-007", "visit": "Baseline"}


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room(tmp_path) as opened:
        yield opened


def spool_of(room: Room) -> Spool:
    """The spool as a start with a locked keyring opens it."""
    folder = room.station.folder
    return Spool(folder / "spool", KeyChest(folder, locked()).recipient(), room.clock)


def intake_of(room: Room, free_bytes: int = 10**12) -> SpoolIntake:
    space = DiskSpace(room.station.folder, free_bytes_of=lambda _: free_bytes)
    return SpoolIntake(spool_of(room), space)


async def drain_of(room: Room) -> SpoolDrain:
    here = await room.station.studies.station()
    assert here is not None
    return SpoolDrain(
        spool=spool_of(room),
        identity=room.station.keys.identity,
        vault=room.vault,
        pictures=room.station.pictures,
        rebuilt=room.station.rebuilt,
        studies=room.station.studies,
        station_id=here.id,
        changing=asyncio.Lock(),
        changes=Changes(),
    )


async def test_a_spooled_picture_waits_for_a_person_after_the_unlocking(room: Room) -> None:
    note = (await intake_of(room).take_in(Pasted(marked(1)), WORDS)).note
    drained = await (await drain_of(room)).drain()
    assert drained.placed == (note.original_id,)
    (held,) = await room.station.rebuilt.held_pictures()
    assert (held.reason, dict(held.claim)) == (WAITS, WORDS)
    assert room.vault.open(held.original.vault_name, note.digest.sha256) == marked(1)
    assert room.vault.sidecar(held.original.vault_name).digest == note.digest
    assert spool_of(room).names() == ()


async def test_bytes_that_the_record_has_already_are_not_taken_in_twice(room: Room) -> None:
    await room.capture.take_in(room.visit, room.file("front.jpg", marked(1)))
    await intake_of(room).take_in(Pasted(marked(1)), WORDS)
    drained = await (await drain_of(room)).drain()
    assert (drained.placed, drained.known) == ((), 1)
    assert await room.station.rebuilt.held_pictures() == ()


async def test_a_crash_before_the_spool_was_emptied_places_nothing_twice(room: Room) -> None:
    await intake_of(room).take_in(Pasted(marked(1)), WORDS)
    copies = {path: path.read_bytes() for path in spool_of(room).folder.iterdir()}
    await (await drain_of(room)).drain()
    for path, content in copies.items():
        path.write_bytes(content)
    await (await drain_of(room)).drain()
    assert len(await room.station.rebuilt.held_pictures()) == 1
    assert len(room.vault.names()) == 1


async def test_a_damaged_picture_stays_and_stops_nobody(room: Room) -> None:
    await intake_of(room).take_in(Pasted(marked(1)), WORDS)
    (bad,) = spool_of(room).names()
    await intake_of(room).take_in(Pasted(marked(2)), WORDS)
    (spool_of(room).folder / bad).chmod(0o600)
    (spool_of(room).folder / bad).write_bytes(b"nonsense")
    drained = await (await drain_of(room)).drain()
    assert len(drained.placed) == 1
    assert [name for name, _ in drained.kept] == [bad]


async def trail_of(room: Room, entity_id: str) -> list[tuple[str, str]]:
    return [(one.action, one.reason) for one in await room.station.audit.of_entity(entity_id)]


async def test_what_becomes_of_a_spooled_picture_stands_in_the_trail(room: Room) -> None:
    placed = (await intake_of(room).take_in(Pasted(marked(1)), WORDS)).note.original_id
    await room.capture.take_in(room.visit, room.file("front.jpg", marked(2)))
    twin = (await intake_of(room).take_in(Pasted(marked(2)), WORDS)).note.original_id
    await (await drain_of(room)).drain()
    assert await trail_of(room, placed) == [("picture.held", WAITS)]
    assert await trail_of(room, twin) == [("spool.cleared", TWIN)]


@pytest.mark.parametrize("is_in_the_vault", (False, True))
async def test_a_note_whose_picture_is_gone_is_cleared_with_its_record(
    room: Room, *, is_in_the_vault: bool
) -> None:
    spool = spool_of(room)
    note = (await intake_of(room).take_in(Pasted(marked(1)), WORDS)).note
    (spool.folder / ".half.age.0123.part").write_bytes(b"half")
    files = {path: path.read_bytes() for path in spool.folder.iterdir()}
    if is_in_the_vault:
        await (await drain_of(room)).drain()
    else:
        remove(spool.folder / f"{note.original_id}.age")
    for path, content in files.items():
        if not path.name.startswith(f"{note.original_id}.age"):
            remove(path)
            path.write_bytes(content)
    # it may belong to a picture that is being taken in at this moment
    await (await drain_of(room)).drain()
    assert len(list(spool.folder.iterdir())) == 2
    an_hour_ago = time.time() - 3700
    for path in spool.folder.iterdir():
        os.utime(path, (an_hour_ago, an_hour_ago))
    await (await drain_of(room)).drain()
    assert list(spool.folder.iterdir()) == []
    reason = IN_THE_VAULT if is_in_the_vault else NEVER_SEALED
    assert (await trail_of(room, note.original_id))[-1] == ("spool.cleared", reason)


async def test_a_picture_that_could_not_be_sealed_leaves_no_note(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(path: Path, data: bytes, **how: bool) -> None:
        if not path.name.endswith(".side.age"):
            raise DiskFullError
        write_atomically(path, data, **how)

    monkeypatch.setattr("haut_desktop.store.spool.write_atomically", fill)
    with pytest.raises(DiskFullError):
        await intake_of(room).take_in(Pasted(marked(1)), WORDS)
    assert list(spool_of(room).folder.iterdir()) == []


async def test_what_is_no_picture_is_not_spooled(room: Room) -> None:
    with pytest.raises(PictureError):
        await intake_of(room).take_in(Pasted(b"no picture"), WORDS)


async def test_a_full_disk_spools_nothing(room: Room) -> None:
    with pytest.raises(DiskFullError):
        await intake_of(room, free_bytes=0).take_in(Pasted(marked(1)), WORDS)
    assert spool_of(room).names() == ()


async def test_words_that_were_mistyped_are_put_right_before_the_unlocking(room: Room) -> None:
    intake = intake_of(room)
    wrong = await intake.take_in(Pasted(marked(1)), {"subject_code": "B-070"})
    right = await intake.say(wrong, WORDS)
    assert right.note.original_id == wrong.note.original_id
    await (await drain_of(room)).drain()
    (held,) = await room.station.rebuilt.held_pictures()
    assert dict(held.claim) == WORDS


async def test_what_is_dropped_twice_is_sealed_once(room: Room) -> None:
    intake = intake_of(room)
    await intake.take_in(Pasted(marked(1)), WORDS)
    with pytest.raises(PictureError, match="list already"):
        await intake.take_in(Pasted(marked(1)), {"subject_code": "B-008"})
    assert await intake.waiting() == 1


async def test_a_known_picture_leaves_the_spool_only_when_its_twin_opens(room: Room) -> None:
    await room.capture.take_in(room.visit, room.file("front.jpg", marked(1)))
    await intake_of(room).take_in(Pasted(marked(1)), WORDS)
    (vault_name,) = room.vault.names()
    damaged = room.vault.folder / vault_name
    damaged.chmod(0o600)
    damaged.write_bytes(b"nonsense")
    drained = await (await drain_of(room)).drain()
    assert (drained.known, len(drained.kept)) == (0, 1)
    assert len(spool_of(room).names()) == 1


async def test_a_sealed_picture_tells_a_log_nothing_of_the_subject(room: Room) -> None:
    spooled = await intake_of(room).take_in(Pasted(marked(1)), WORDS)
    assert "B-007" not in repr(spooled)


async def test_what_was_erased_since_does_not_come_back_out_of_the_spool(room: Room) -> None:
    await intake_of(room).take_in(Pasted(marked(1)), WORDS)
    copies = {path: path.read_bytes() for path in spool_of(room).folder.iterdir()}
    (original_id,) = (await (await drain_of(room)).drain()).placed
    assert await room.station.erasures.write(original_id, Act(reason="a test"))
    room.vault.erase(room.vault.name_for(original_id))
    for path, content in copies.items():  # as if it could not be taken out of the spool then
        path.write_bytes(content)
    drained = await (await drain_of(room)).drain()
    assert (drained.placed, drained.known) == ((), 1)
    assert room.vault.names() == ()
    assert spool_of(room).names() == ()
    assert (await trail_of(room, original_id))[-1] == ("spool.cleared", ERASED)
