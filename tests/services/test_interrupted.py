"""The program ended between sealing a picture and writing it down; then it starts again."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest

from haut_desktop.domain.audit import Act
from haut_desktop.domain.ids import OriginalId, new_id
from haut_desktop.domain.visits import TakenPicture
from haut_desktop.services import interrupted
from haut_desktop.services.interrupted import WAITS, WRITTEN_DOWN, InterruptedIntake
from haut_desktop.services.pauses import Pause, pause
from haut_desktop.services.sidecars import Sidecars
from haut_desktop.store import vault
from haut_desktop.store.pictures import PictureStore
from tests.conftest import ExpectedLogs
from tests.photographs import marked
from tests.services.rooms import Room, open_room
from tests.waiting import eventually

FRONT = marked(1)


class PowerCutError(Exception):
    """The program ends here."""


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room(tmp_path) as opened:
        yield opened


async def take_in_and_die(
    room: Room, monkeypatch: pytest.MonkeyPatch, file: str = "front.jpg"
) -> str:
    """Drop a picture; the program ends before it is in the record. The vault's name of it."""
    before = set(room.vault.names())

    async def end(*_: object, **__: object) -> None:
        raise PowerCutError

    with monkeypatch.context() as patch:
        patch.setattr(PictureStore, "add", end)
        with pytest.raises(PowerCutError):
            await room.capture.take_in(room.visit, room.file(file, FRONT))
    (name,) = set(room.vault.names()) - before
    return name


async def start(room: Room, changing: asyncio.Lock | None = None) -> None:
    await intake_of(room, changing).settle()


def intake_of(
    room: Room, changing: asyncio.Lock | None = None, *, pause: Pause = pause
) -> InterruptedIntake:
    station = room.station
    return InterruptedIntake(
        visits=station.visits,
        pictures=station.pictures,
        takes=station.takes,
        vault=station.vault,
        rebuilt=station.rebuilt,
        sidecars=Sidecars(pictures=station.pictures, vault=station.vault),
        changing=changing or room.capture.changing,
        changes=room.capture._changes,
        since=room.clock(),
        pause=pause,
    )


async def taken(room: Room) -> list[TakenPicture]:
    return [taken for shelf in (await room.sheet()).shelves for taken in shelf.takes]


async def strangers(room: Room) -> set[str]:
    return set(await room.station.pictures.strangers(room.vault.names()))


async def test_a_sealed_picture_is_written_down_at_the_next_start(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await take_in_and_die(room, monkeypatch)
    await start(room)
    (picture,) = await taken(room)
    assert picture.original.vault_name == name
    assert picture.take.counts
    assert picture.original.file_name == "front.jpg"
    (line,) = [e for e in await room.station.audit.entries(100) if e.action == "picture.taken-in"]
    assert line.reason == WRITTEN_DOWN
    await room.capture.finish(room.visit)
    assert len((await room.batches())[0].images) == 1


@pytest.mark.parametrize("part", (1, 2, 3))
async def test_a_long_vault_is_looked_through_in_parts(
    room: Room, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    names = {await take_in_and_die(room, monkeypatch)}
    for number, file in enumerate(("left.jpg", "right.jpg"), 2):
        await room.capture.take_in(room.visit, room.file(file, marked(number)))
    monkeypatch.setattr(vault, "_PART", part)
    names |= set(room.vault.names())
    await start(room)
    assert {picture.original.vault_name for picture in await taken(room)} == names
    assert len(names) == 3


@dataclass
class Rests:
    """Takes no time; tells how long each rest would be, and stays in one until its event is set."""

    seconds: list[float | None] = field(default_factory=list)
    stays_in: float | None = None

    async def __call__(self, event: asyncio.Event, delay_s: float | None) -> None:
        self.seconds.append(delay_s)
        if delay_s == self.stays_in:
            await event.wait()


async def full_vault(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three pictures, one of them unknown, in four parts, of which one is looked at at once."""
    await take_in_and_die(room, monkeypatch)
    for number, file in enumerate(("left.jpg", "right.jpg"), 2):
        await room.capture.take_in(room.visit, room.file(file, marked(number)))
    monkeypatch.setattr(vault, "_PART", 2)
    monkeypatch.setattr(interrupted, "AT_ONCE", 1)


async def test_a_full_vault_is_looked_through_after_the_windows_first_pages(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await full_vault(room, monkeypatch)
    rests = Rests(stays_in=interrupted.NO_WINDOW_S)
    intake = intake_of(room, pause=rests)
    settling = asyncio.create_task(intake.settle(has_window=True))
    await eventually(lambda: interrupted.NO_WINDOW_S in rests.seconds)
    assert rests.seconds == [interrupted.REST_S, interrupted.NO_WINDOW_S]
    assert len(await taken(room)) == 2
    intake.window_shown()
    await settling
    assert rests.seconds[2:] == [interrupted.FIRST_PAGES_S] + [interrupted.REST_S] * 3
    assert len(await taken(room)) == 3


async def test_a_full_vault_is_looked_through_if_no_window_is_ever_shown(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await full_vault(room, monkeypatch)
    rests = Rests()
    await intake_of(room, pause=rests).settle(has_window=True)
    assert rests.seconds[1:3] == [interrupted.NO_WINDOW_S, interrupted.FIRST_PAGES_S]
    assert len(await taken(room)) == 3


@pytest.mark.parametrize("has_window", (False, True))
async def test_a_short_vault_and_one_without_a_window_are_looked_through_at_once(
    room: Room, monkeypatch: pytest.MonkeyPatch, has_window: bool
) -> None:
    await full_vault(room, monkeypatch)
    if has_window:
        monkeypatch.setattr(interrupted, "AT_ONCE", 4)
    rests = Rests()
    await intake_of(room, pause=rests).settle(has_window=has_window)
    assert rests.seconds == [interrupted.REST_S] * 4
    assert len(await taken(room)) == 3


async def test_what_is_gone_before_nobody_changes_a_visit_is_no_stranger(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await take_in_and_die(room, monkeypatch)

    class ErasedMeanwhile(asyncio.Lock):
        async def acquire(self) -> Literal[True]:
            room.vault.erase(name)
            return await super().acquire()

    await start(room, ErasedMeanwhile())
    assert not await taken(room)
    assert not room.vault.names()


async def test_a_picture_of_a_new_place_comes_with_its_place(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, name in enumerate(("front.jpg", "left.jpg", "right.jpg"), 2):
        await room.capture.take_in(room.visit, room.file(name, marked(number)))
    name = await take_in_and_die(room, monkeypatch, "detail.jpg")
    await start(room)
    assert name in {picture.original.vault_name for picture in await taken(room)}


async def test_a_picture_of_a_place_that_was_made_again_since_comes_into_that_one(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, name in enumerate(("front.jpg", "left.jpg", "right.jpg"), 2):
        await room.capture.take_in(room.visit, room.file(name, marked(number)))
    name = await take_in_and_die(room, monkeypatch, "detail.jpg")
    newer = await room.capture.take_in(room.visit, room.file("detail-2.jpg", marked(9)))
    await start(room)
    counts = {p.original.vault_name: p.take.counts for p in await taken(room)}
    assert (counts[name], counts[newer.original.vault_name]) == (False, True)
    assert not await strangers(room)


async def test_what_was_dropped_again_is_there_once(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await take_in_and_die(room, monkeypatch)
    again = await room.capture.take_in(room.visit, room.file("front.jpg", FRONT))
    await start(room)
    assert room.vault.names() == (again.original.vault_name,)
    assert name != again.original.vault_name
    assert not await strangers(room)


async def test_what_was_taken_since_then_goes_on_counting(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await take_in_and_die(room, monkeypatch)
    newer = await room.capture.take_in(room.visit, room.file("front.jpg", marked(2)))
    await start(room)
    counts = {p.original.id: p.take.counts for p in await taken(room)}
    assert len(counts) == 2
    assert [original for original, does in counts.items() if does] == [newer.original.id]


async def test_a_picture_of_a_finished_visit_waits_for_a_person(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await take_in_and_die(room, monkeypatch)
    await room.capture.take_in(room.visit, room.file("front.jpg", marked(2)))
    await room.capture.finish(room.visit)
    await start(room)
    (held,) = await room.station.rebuilt.held_pictures()
    assert (held.original.vault_name, held.reason) == (name, WAITS)
    assert held.claim["subject_code"] == "B-007"
    assert not await strangers(room)


async def test_a_note_that_is_not_ours_brings_nothing_into_the_record(
    room: Room, monkeypatch: pytest.MonkeyPatch, expected_log: ExpectedLogs
) -> None:
    name = await take_in_and_die(room, monkeypatch)
    sidecar = replace(room.vault.sidecar(name), original_id=OriginalId(new_id()))
    monkeypatch.setattr(room.vault, "_hmac_key", b"x" * 32)
    room.vault.set_sidecar(name, sidecar)
    monkeypatch.undo()
    expected_log("stays unknown: UnauthenticatedSidecarError")
    await start(room)
    assert not await taken(room)
    assert await strangers(room) == {name}


async def test_an_erased_picture_does_not_come_back(room: Room) -> None:
    picture = await room.capture.take_in(room.visit, room.file("front.jpg", FRONT))
    original = picture.original
    kept = room.vault.folder / original.vault_name
    data = kept.read_bytes()
    await room.capture.remove_take(picture.take.id)
    assert await room.station.erasures.write(original.id, Act(reason="a test"))
    room.vault.erase(original.vault_name)
    kept.write_bytes(data)
    await start(room)
    assert not await taken(room)
    assert not await room.station.rebuilt.held_pictures()


async def test_what_is_half_written_is_cleared_away_unless_it_is_being_written(room: Room) -> None:
    await room.capture.take_in(room.visit, room.file("front.jpg", FRONT))
    old, new = (room.vault.folder / f".{word}.age.1.part" for word in ("old", "new"))
    for path, minutes in ((old, -1), (new, 1)):
        path.write_bytes(b"half")
        path.chmod(0o400)
        at = (room.clock() + timedelta(minutes=minutes)).timestamp()
        os.utime(path, (at, at))
    await start(room)
    assert not old.exists()
    assert new.exists()
    assert len(room.vault.names()) == 1
