"""Erasing with a real vault: the bytes leave the disk, and nothing is called lost."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

import pytest

from haut_desktop.domain.audit import BY_ITSELF, Act
from haut_desktop.domain.clock import system_clock
from haut_desktop.domain.delivery import ImageState
from haut_desktop.domain.erasure import Erasure
from haut_desktop.domain.errors import DiskFullError, ErasureRefusedError, VaultError
from haut_desktop.domain.ids import BatchId, OriginalId
from haut_desktop.domain.imaging import Digest, Side
from haut_desktop.services.erasure import Erasures
from haut_desktop.services.keeping import Keeping
from haut_desktop.services.previews import PREVIEW_EDGE_PX
from haut_desktop.services.results_pictures import ResultPictures
from haut_desktop.services.results_wanted import Wanted, any_shelf, picture_key, shelf_of
from haut_desktop.services.retention import ASIDE_RULE, CLOSED, Retention
from haut_desktop.services.sidecars import Sidecars
from haut_desktop.store.files import remove
from haut_desktop.store.rebuild import recover_station
from haut_desktop.store.vault import Sidecar, UnauthenticatedSidecarError, Vault
from tests.photographs import marked
from tests.services.rooms import Room, open_room
from tests.services.test_placing import hold_strange
from tests.services.test_results_pictures import Objects
from tests.waiting import DEADLINE_S, eventually

ACT = Act(reason="the subject asked for it")
_EAST: Final = timezone(timedelta(hours=14))
"""Where the first moment of all is none in UTC."""


@dataclass
class Desk:
    """A room with a delivered visit, and what erases in it."""

    room: Room
    erasures: Erasures
    forgotten: list[tuple[BatchId, Side]] = field(default_factory=list)
    is_time_known: bool = True
    ahead: timedelta = timedelta(0)
    """By how much the station's clock is ahead of the platform's."""

    def time(self) -> datetime | None:
        """The time by the platform, or None before it has answered."""
        return self.room.clock() - self.ahead if self.is_time_known else None

    async def front(self) -> OriginalId:
        """The front picture."""
        (batch,) = await self.room.batches()
        return batch.images[0].rendition.original_id

    def files(self) -> list[str]:
        """Everything in the vault but the station's own note."""
        folder = self.room.vault.folder
        return sorted(p.name for p in folder.iterdir() if p.name != "station.side.age")

    async def verify(self) -> list[str]:
        """The kinds of what differs, without asking the platform."""
        return [one.kind for one in (await self.room.verify()).differences]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_room(tmp_path) as room:
        await room.take_face()
        await room.capture.finish(room.visit)
        await room.submit()
        notes = Sidecars(pictures=room.station.pictures, vault=room.vault)
        await notes.follow(room.visit)
        yield make_desk(room)


def make_desk(room: Room) -> Desk:
    forgotten = list[tuple[BatchId, Side]]()

    async def forget(batch_id: BatchId, side: Side) -> None:
        forgotten.append((batch_id, side))

    return Desk(room, make_erasures(room, forget, system_clock()), forgotten)


def make_erasures(
    room: Room,
    forget: Callable[[BatchId, Side], Awaitable[None]],
    since: datetime,
    *,
    forget_unlisted: Callable[[BatchId, Side], Awaitable[None]] | None = None,
) -> Erasures:
    return Erasures(
        store=room.station.erasures,
        vault=room.vault,
        cache=room.station.cache,
        forget_results=forget,
        forget_unlisted=forget_unlisted or forget,
        sidecars=Sidecars(pictures=room.station.pictures, vault=room.vault),
        changes=room.capture._changes,
        since=since,
    )


async def test_the_picture_its_note_and_its_preview_leave_the_disk(desk: Desk) -> None:
    room, front = desk.room, await desk.front()
    await room.capture.thumbnail(front, PREVIEW_EDGE_PX)
    cached, key = room.station.cache, f"thumbnail/{front}/{PREVIEW_EDGE_PX}"
    files = set((room.station.folder / "cache").iterdir())
    assert cached.get(key) is not None
    before = desk.files()
    await desk.erasures.erase(front, ACT)
    gone = set(before) - set(desk.files())
    assert gone == {f"{front}.age", f"{front}.side.age"}
    assert cached.get(key) is None
    assert len(files - set((room.station.folder / "cache").iterdir())) == 1
    (batch,) = await room.batches()
    assert desk.forgotten == [(batch.id, Side.FRONT)]
    with pytest.raises(VaultError):
        await room.capture.picture(front)


async def test_what_was_erased_is_not_called_lost(desk: Desk) -> None:
    await desk.erasures.erase(await desk.front(), ACT)
    assert await desk.verify() == []


async def test_a_crash_before_the_bytes_are_gone_is_finished_at_the_next_start(desk: Desk) -> None:
    front = await desk.front()
    await desk.room.station.erasures.write(front, ACT)
    assert f"{front}.age" in desk.files()
    assert await desk.verify() == []
    await desk.erasures.finish_pending()
    assert f"{front}.age" not in desk.files()
    assert await desk.room.station.erasures.pending() == ()


@pytest.mark.parametrize("place", ["vault", "cache"])
async def test_a_file_that_can_not_be_removed_is_tried_again(
    desk: Desk, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    front = await desk.front()

    def refuse(_path: Path) -> None:
        raise PermissionError

    with monkeypatch.context() as held:
        held.setattr(f"haut_desktop.store.{place}.remove", refuse)
        with pytest.raises(VaultError, match="tries again by itself"):
            await desk.erasures.erase(front, ACT)
    assert len(await desk.room.station.erasures.pending()) == 1
    await desk.erasures.finish_pending()
    assert await desk.room.station.erasures.pending() == ()


async def test_a_copy_that_can_not_be_forgotten_on_a_full_disk_is_tried_again(desk: Desk) -> None:
    async def forget(_: BatchId, __: Side) -> None:
        raise DiskFullError

    erasures = make_erasures(desk.room, forget, system_clock())
    with pytest.raises(VaultError, match="tries again by itself"):
        await erasures.erase(await desk.front(), ACT)
    assert len(await desk.room.station.erasures.pending()) == 1
    await desk.erasures.finish_pending()
    assert await desk.room.station.erasures.pending() == ()


async def test_a_copy_that_stays_keeps_no_other_on_the_disk(desk: Desk) -> None:
    front, tried = await desk.front(), list[object]()
    written = await desk.room.station.erasures.write(front, ACT)
    assert written is not None
    names = ("first.age", "second.age")
    seen_in = tuple((BatchId(batch), Side.FRONT) for batch in ("first", "second"))

    async def forget(batch_id: BatchId, side: Side) -> None:
        tried.append((batch_id, side))
        raise PermissionError

    def refuse(vault_name: str) -> None:
        tried.append(vault_name)
        raise VaultError

    desk.room.vault.erase = refuse  # type: ignore[method-assign]
    erasures = make_erasures(desk.room, forget, system_clock())
    with pytest.raises(PermissionError):
        await erasures._remove_everything(replace(written, files=names, seen_in=seen_in))
    assert {*names, *seen_in} == set(tried)


async def test_a_refused_erasure_leaves_everything(desk: Desk) -> None:
    room, front = desk.room, await desk.front()
    (batch,) = await room.batches()
    await room.station.retractions.ask(batch.id, ACT)
    before = desk.files()
    with pytest.raises(ErasureRefusedError):
        await desk.erasures.erase(front, ACT)
    assert desk.files() == before


async def test_a_rebuild_does_not_miss_what_was_erased(desk: Desk) -> None:
    room = desk.room
    await desk.erasures.erase(await desk.front(), ACT)
    await room.station.aclose()
    station, rebuilt = await recover_station(room.station.folder, room.secrets, room.clock)
    (after,) = (await station.outbox.deliveries(10))[0].batches
    assert (rebuilt.pictures, rebuilt.held, rebuilt.waiting_batches) == (2, (), 0)
    assert [image.state for image in after.images] == [ImageState.STORED] * 2
    await station.aclose()


async def _stuck(desk: Desk, original_id: OriginalId, monkeypatch: pytest.MonkeyPatch) -> None:
    """Erase a picture whose file another program holds, and lose the record."""

    def refuse(_path: Path) -> None:
        raise PermissionError

    with monkeypatch.context() as held:
        held.setattr("haut_desktop.store.vault.remove", refuse)
        with pytest.raises(VaultError, match="tries again by itself"):
            await desk.erasures.erase(original_id, ACT)
    await desk.room.station.aclose()


async def test_an_erasure_that_is_not_finished_outlives_the_record(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, front = desk.room, await desk.front()
    await _stuck(desk, front, monkeypatch)
    room.station, rebuilt = await recover_station(room.station.folder, room.secrets, room.clock)
    (after,) = await room.batches()
    assert (rebuilt.pictures, rebuilt.held, rebuilt.waiting_batches) == (2, (), 0)
    assert [image.rendition.original_id == front for image in after.images] == [False] * 2
    (line,) = [e for e in await room.station.audit.of_entity(front) if e.action.endswith("erased")]
    assert line.reason == ACT.reason
    assert f"{front}.age" in desk.files()
    again = make_desk(room)
    await again.erasures.finish_pending()
    assert not [name for name in again.files() if name.startswith(front)]
    assert await again.verify() == []
    await room.station.aclose()


async def test_copies_go_although_the_picture_itself_is_stuck(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    front = await desk.front()
    (batch,) = await desk.room.batches()
    await desk.room.capture.thumbnail(front, PREVIEW_EDGE_PX)
    await _stuck(desk, front, monkeypatch)
    assert desk.forgotten == [(batch.id, Side.FRONT)]
    assert desk.room.station.cache.get(f"thumbnail/{front}/{PREVIEW_EDGE_PX}") is None


async def test_an_erased_picture_that_waited_for_a_person_does_not_wait_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = desk.room
    original, _ = await hold_strange(room)
    held = original.id
    await _stuck(desk, held, monkeypatch)
    room.station, rebuilt = await recover_station(room.station.folder, room.secrets, room.clock)
    assert (rebuilt.pictures, rebuilt.held) == (3, ())
    await make_desk(room).erasures.finish_pending()
    assert not [name for name in desk.files() if name.startswith(held)]
    await room.station.aclose()


async def test_an_erasure_that_can_not_be_read_erases_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, front = desk.room, await desk.front()
    await _stuck(desk, front, monkeypatch)
    note = room.vault.folder / f"{front}.side.age"
    torn = note.read_bytes()[:-1]
    remove(note)
    note.write_bytes(torn)
    await assert_waits_after_a_rebuild(room, front)


@pytest.mark.parametrize(
    "claimed",
    [
        pytest.param({"digest": Digest("no hash", "", -1)}, id="no hash"),
        pytest.param({"received_at": datetime.min.replace(tzinfo=_EAST)}, id="no time"),
    ],
)
async def test_an_erasure_that_somebody_forged_erases_nothing(
    desk: Desk, claimed: dict[str, Any]
) -> None:
    room, front = desk.room, await desk.front()
    name = f"{front}.age"
    erasure = Erasure("forged", front, "gone", room.clock(), (name,))
    stranger = Vault(room.vault.folder, room.station.keys.recipient, None, None)
    note = replace(room.vault.sidecar(name), record=None, erasure=erasure, **claimed)
    stranger.set_sidecar(name, note)
    await room.station.aclose()
    await assert_waits_after_a_rebuild(room, front)


async def assert_waits_after_a_rebuild(room: Room, original_id: OriginalId) -> None:
    """The picture waits for a person, and stays on the disk at the next start."""
    room.station, rebuilt = await recover_station(room.station.folder, room.secrets, room.clock)
    assert rebuilt.pictures == 2
    (held,) = await room.station.rebuilt.held_pictures()
    assert held.original.id == original_id
    await make_desk(room).erasures.finish_pending()
    assert room.vault.open(held.original.vault_name, held.original.digest.sha256)
    await room.station.aclose()


@pytest.mark.parametrize("is_torn", (False, True))
async def test_a_strange_picture_that_is_stuck_leaves_whatever_its_note_claimed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, is_torn: bool
) -> None:
    room = desk.room
    original, _ = await hold_strange(room)
    name = original.vault_name
    stranger = Vault(room.vault.folder, room.station.keys.recipient, None, None)
    with pytest.raises(UnauthenticatedSidecarError) as caught:
        room.vault.sidecar(name)
    assert caught.value.claim is not None
    strange = replace(
        caught.value.claim,
        digest=Digest("no hash", "", -1),
        received_at=datetime.min.replace(tzinfo=_EAST),
    )
    stranger.set_sidecar(name, strange)
    await _stuck(desk, original.id, monkeypatch)
    if is_torn:
        remove(room.vault.folder / name)
        (room.vault.folder / name).write_bytes(b"torn")
    room.station, rebuilt = await recover_station(room.station.folder, room.secrets, room.clock)
    assert (rebuilt.pictures, rebuilt.held) == (3, ())
    await make_desk(room).erasures.finish_pending()
    assert not [file for file in desk.files() if file.startswith(original.id)]
    await room.station.aclose()


# ---- retention -----------------------------------------------------------------------------


def retention(desk: Desk, now: Callable[[], datetime | None] | None = None) -> Retention:
    station = desk.room.station
    return Retention(
        studies=station.studies,
        store=station.erasures,
        asides=station.asides,
        erasures=desk.erasures,
        now=now or desk.time,
        not_told_s=0.0,
    )


async def keep_for(desk: Desk, days: int | None) -> None:
    room = desk.room
    plan = replace(room.study.plan, keep_days=days)
    await room.station.studies.save_study(replace(room.study, plan=plan), BY_ITSELF)


async def test_without_a_time_in_the_plan_everything_is_kept(desk: Desk) -> None:
    desk.room.clock.advance(10 * 365 * 24 * 3600)
    before = desk.files()
    assert await retention(desk).look() == 0
    assert desk.files() == before


async def test_when_the_study_is_closed_what_was_delivered_goes_and_the_trail_says_why(
    desk: Desk,
) -> None:
    station, front = desk.room.station, await desk.front()
    keeping = Keeping(
        studies=station.studies,
        erasures=station.erasures,
        asides=station.asides,
        clock=desk.room.clock,
    )
    (kept,) = await keeping.every()
    assert (kept.delivered, kept.leaving, kept.aside) == (3, 0, 0)
    await keeping.set(await keeping.planned(kept.study, CLOSED), ACT)
    (kept,) = await keeping.every()
    assert (kept.delivered, kept.leaving) == (3, 3)
    assert await retention(desk).look() == 3
    trail = [e.reason for e in await station.audit.of_entity(front) if e.action == "picture.erased"]
    assert trail == [kept.rule]
    assert await station.studies.study(kept.study.id) == kept.study


async def test_when_the_plans_time_is_over_what_was_delivered_goes(desk: Desk) -> None:
    await keep_for(desk, 30)
    front = await desk.front()
    desk.room.clock.advance(29 * 24 * 3600)
    assert await retention(desk).look() == 0
    desk.room.clock.advance(24 * 3600)
    assert await retention(desk).look() == 3
    assert desk.files() == []
    assert await desk.verify() == []
    (line,) = [
        entry
        for entry in await desk.room.station.audit.of_entity(front)
        if entry.action == "picture.erased"
    ]
    assert "keeps pictures for 30 days" in line.reason
    assert line.operator_id is None


@pytest.fixture
async def aside(tmp_path: Path) -> AsyncIterator[Desk]:
    """A delivered visit of which a first take was set aside and a stranger's picture removed."""
    async with open_room(tmp_path) as room:
        front = (await room.sheet()).shelves[0].slot.id
        wrong = await room.capture.take_in(room.visit, room.file("w.jpg", marked(8)), front)
        await room.capture.remove_take(wrong.take.id, "another subject's")
        await room.capture.take_in(room.visit, room.file("first.jpg", marked(9)), front)
        await room.capture.take_in(room.visit, room.file("front.jpg", marked(0)), front)
        await room.capture.finish(room.visit, "the rest is missing")
        yield make_desk(room)


async def test_when_the_study_is_closed_what_stayed_behind_goes_by_a_rule_of_its_own(
    aside: Desk,
) -> None:
    room = aside.room
    behind = await room.station.asides.of_visit(room.visit)
    assert [(one.number, one.removed_at is not None) for one in behind] == [(1, True), (2, False)]
    await keep_for(aside, CLOSED)
    assert await retention(aside).look() == 0, "the visit can be reopened still"
    await room.submit()
    await keep_for(aside, 1)
    room.clock.advance(2 * 24 * 3600)
    assert await retention(aside).look() == 1, "only what was delivered, while the study is open"
    await keep_for(aside, CLOSED)
    assert await retention(aside).look() == 2
    assert (aside.files(), await aside.verify()) == ([], [])
    for one in behind:
        trail = await room.station.audit.of_entity(one.original_id)
        (reason,) = [entry.reason for entry in trail if entry.action == "picture.erased"]
        assert reason == ASIDE_RULE
    assert await retention(aside).look() == 0


async def test_what_was_taken_back_is_not_the_rules_to_erase(desk: Desk) -> None:
    await keep_for(desk, 0)
    (batch,) = await desk.room.batches()
    await desk.room.station.retractions.ask(batch.id, ACT)
    assert await retention(desk).look() == 0


async def test_a_station_clock_that_is_ahead_erases_nothing_too_early(desk: Desk) -> None:
    await keep_for(desk, 30)
    desk.room.clock.advance(40 * 24 * 3600)
    desk.ahead = timedelta(days=40)
    assert await retention(desk).look() == 0
    desk.is_time_known = False
    assert await retention(desk).look() == 0
    desk.is_time_known, desk.ahead = True, timedelta(0)
    assert await retention(desk).look() == 3


async def test_a_start_does_not_wait_an_hour_for_the_platforms_first_word(desk: Desk) -> None:
    await keep_for(desk, CLOSED)
    unknown = iter([None] * 4)
    running = asyncio.create_task(retention(desk, lambda: next(unknown, desk.time())).run())
    try:
        await eventually(lambda: desk.files() == [])
    finally:
        running.cancel()
        await asyncio.wait([running])


async def test_what_can_not_be_erased_yet_keeps_no_other_picture_here(desk: Desk) -> None:
    await keep_for(desk, 0)
    stuck = f"{await desk.front()}.age"
    before, erase = desk.room.vault, desk.room.vault.erase

    def refuse(vault_name: str) -> None:
        if vault_name == stuck:
            raise VaultError
        erase(vault_name)

    before.erase = refuse  # type: ignore[method-assign]
    assert await retention(desk).look() == 2
    assert desk.files() == [stuck, stuck.replace(".age", ".side.age")]


class _ErasedMeanwhile:
    """A store of pictures; while the second one comes, its side is erased."""

    def __init__(self, desk: Desk, batch_id: BatchId) -> None:
        self.pictures = ResultPictures(
            objects=self,  # type: ignore[arg-type]
            cache=desk.room.station.cache,
            vault=desk.room.vault,
        )
        self._batch_id = batch_id

    async def get(self, url: str) -> bytes:
        """Give a picture."""
        if url == "left":
            await self.pictures.erase(self._batch_id, Side.LEFT)
        return url.encode()


async def test_what_is_fetched_of_a_side_while_it_is_erased_does_not_stay(desk: Desk) -> None:
    (batch,) = await desk.room.batches()
    pictures = _ErasedMeanwhile(desk, batch.id).pictures
    sides = (Side.FRONT, Side.LEFT, Side.RIGHT)
    wanted = [
        Wanted(picture_key(batch.id, side, "aligned"), side.value, side, "aligned")
        for side in sides
    ]
    assert await pictures.keep(batch.id, wanted) == 0
    kept = [one.side for one in await pictures.pictures(batch)]
    assert kept == [Side.FRONT, Side.RIGHT]
    assert [await pictures.open(one.key) for one in wanted] == [b"front", None, b"right"]


async def test_copies_that_were_made_as_the_program_ended_go_at_the_next_start(desk: Desk) -> None:
    room, front = desk.room, await desk.front()
    (batch,) = await room.batches()
    await desk.erasures.erase(front, ACT)
    # what an earlier process was about to keep when it was killed
    cache, folder = room.station.cache, room.station.folder / "cache"
    preview = f"thumbnail/{front}/{PREVIEW_EDGE_PX}"
    cache.put(preview, b"small")
    mask, other = (picture_key(batch.id, s, "aligned") for s in (Side.FRONT, Side.LEFT))
    cache.put(mask, b"mask", shelf=shelf_of(batch.id, Side.FRONT))
    cache.put(other, b"left", shelf=shelf_of(batch.id, Side.LEFT))
    unnamed = picture_key(batch.id, Side.LEFT, "aligned", is_of_any=True)
    cache.put(unnamed, b"any", shelf=any_shelf(batch.id))
    half = folder / ".0123.age.4567.part"
    half.write_bytes(b"half")

    async def forget(_: BatchId, __: Side) -> None:
        raise AssertionError

    started = system_clock() + timedelta(seconds=5)
    unlisted = _pictures_of(room).forget_unlisted
    await make_erasures(room, forget, started, forget_unlisted=unlisted).finish_pending()
    assert cache.get(preview) is None
    assert cache.get(mask, shelf=shelf_of(batch.id, Side.FRONT)) is None
    assert cache.get(unnamed, shelf=any_shelf(batch.id)) is None
    assert cache.get(other, shelf=shelf_of(batch.id, Side.LEFT)) == b"left"
    assert not half.exists()


def _pictures_of(room: Room) -> ResultPictures:
    return ResultPictures(
        objects=Objects(),  # type: ignore[arg-type]
        cache=room.station.cache,
        vault=room.vault,
    )


async def test_what_was_fetched_since_of_the_pictures_that_stand_stays_at_the_next_start(
    desk: Desk,
) -> None:
    room = desk.room
    (batch,) = await room.batches()
    await desk.erasures.erase(await desk.front(), ACT)
    key = picture_key(batch.id, Side.LEFT, "aligned", is_of_any=True)
    await _pictures_of(room).keep(batch.id, [Wanted(key, "left", Side.LEFT, "aligned")])
    later = _pictures_of(room)
    started = make_erasures(
        room, later.erase, system_clock(), forget_unlisted=later.forget_unlisted
    )
    await started.finish_pending()
    assert await later.open(key) == b"left"


async def test_of_a_side_that_another_picture_shares_only_what_nobody_knows_of_goes(
    desk: Desk,
) -> None:
    (batch,) = await desk.room.batches()
    await desk.erasures.erase(await desk.front(), ACT)
    other = batch.images[1].id
    await desk.room.station.erasures._database.write(
        lambda c: c.execute("UPDATE image SET side = 'front' WHERE id = ?", (other,))
    )
    asked = list[tuple[BatchId, Side]]()

    async def forget(batch_id: BatchId, side: Side) -> None:
        asked.append((batch_id, side))

    await make_erasures(desk.room, forget, system_clock()).finish_pending()
    assert asked == [], "of what was erased long ago there is mostly nothing"
    shelf = shelf_of(batch.id, Side.FRONT)
    desk.room.station.cache.put("unlisted", b"of either", shelf=shelf)
    await make_erasures(desk.room, forget, system_clock()).finish_pending()
    assert asked == [(batch.id, Side.FRONT)]


async def test_no_preview_outlives_a_picture_that_is_erased_while_it_is_made(desk: Desk) -> None:
    room, front = desk.room, await desk.front()
    cache, put = room.station.cache, room.station.cache.put
    is_being_kept, is_erased = threading.Event(), threading.Event()

    def slowly(key: str, data: bytes) -> None:
        is_being_kept.set()
        assert is_erased.wait(DEADLINE_S)
        put(key, data)

    cache.put = slowly  # type: ignore[method-assign,assignment]
    looking = asyncio.create_task(room.capture.thumbnail(front, 96))
    await eventually(is_being_kept.is_set)
    await desk.erasures.erase(front, ACT)
    looking.cancel()  # whoever looked at it has gone on to another subject
    is_erased.set()
    with pytest.raises(asyncio.CancelledError):
        await looking
    assert cache.get(f"thumbnail/{front}/96") is None


# ---- notes -----------------------------------------------------------------------------------


async def test_no_note_outlives_a_picture_that_is_erased_while_it_is_written(desk: Desk) -> None:
    vault, front = desk.room.vault, await desk.front()
    name = vault.name_for(front)
    note, write = vault.sidecar(name), vault.set_sidecar

    def erased_meanwhile(vault_name: str, sidecar: Sidecar) -> None:
        vault.erase(vault_name)
        write(vault_name, sidecar)

    vault.set_sidecar = erased_meanwhile  # type: ignore[method-assign]
    vault.renew_sidecar(name, note)
    vault.renew_sidecar(name, note)
    assert not [one for one in desk.files() if one.startswith(front)]
