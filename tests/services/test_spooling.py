"""Spooled pictures are placed once, after the unlocking, and wait for a person."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from haut_desktop.domain.errors import DiskFullError, PictureError
from haut_desktop.services.changes import Changes
from haut_desktop.services.disk_space import DiskSpace
from haut_desktop.services.intake import Pasted
from haut_desktop.services.spooling import WAITS, SpoolDrain, SpoolIntake
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
        visits=room.station.visits,
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
