"""The record rebuilt from the vault alone: nobody's picture lost, nothing sent on a guess."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from haut_desktop.domain.audit import Act
from haut_desktop.domain.delivery import (
    BatchEvent,
    BatchState,
    ImageState,
    RegistrationState,
    Waiting,
)
from haut_desktop.domain.errors import (
    DiskFullError,
    StoreBusyError,
    StoreCorruptError,
    StoreError,
    StoreKeyError,
    StoreMissingError,
    StoreNewerError,
    StoreReadOnlyError,
    UnreachableError,
    VisitClosedError,
)
from haut_desktop.domain.ids import TakeId, new_id
from haut_desktop.domain.imaging import Take
from haut_desktop.domain.subjects import CodeKind
from haut_desktop.domain.visits import VisitStatus
from haut_desktop.services.intake import Pasted
from haut_desktop.services.sidecars import Sidecars
from haut_desktop.services.troubles import trouble_of
from haut_desktop.store import database as database_module
from haut_desktop.store.database import Database
from haut_desktop.store.driver import Connection, connect
from haut_desktop.store.files import remove
from haut_desktop.store.pictures import PictureStore
from haut_desktop.store.rebuild import Rebuilt, recover_station
from haut_desktop.store.station import Station, open_station, open_station_for_reading
from haut_desktop.store.vault import Vault
from tests.fakes.builders import make_verdict
from tests.photographs import marked
from tests.services.rooms import Room, open_room


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room(tmp_path) as opened:
        yield opened


async def rebuild(room: Room) -> tuple[Station, Rebuilt]:
    await room.station.aclose()
    return await recover_station(room.station.folder, room.secrets, room.clock)


def sidecar_path(room: Room, vault_name: str) -> Path:
    return room.vault.folder / vault_name.replace(".age", ".side.age")


# ---- what comes back -----------------------------------------------------------------------------


async def test_an_open_visit_comes_back_as_it_was(room: Room) -> None:
    await room.take_face()
    before = await room.sheet()
    subject = await room.station.subjects.get(room.subject.id)
    station, rebuilt = await rebuild(room)
    after = await station.visits.sheet(room.visit)
    assert after.visit == before.visit
    assert [shelf.slot for shelf in after.shelves] == [shelf.slot for shelf in before.shelves]
    for old, new in zip(before.shelves, after.shelves, strict=True):
        assert [(t.take, t.original, t.rendition) for t in new.takes] == [
            (t.take, t.original, t.rendition) for t in old.takes
        ]
    assert await station.subjects.get(room.subject.id) == subject
    assert await station.studies.study(room.study.id) == room.study
    assert (rebuilt.subjects, rebuilt.visits, rebuilt.pictures) == (1, 1, 3)
    assert (rebuilt.held, rebuilt.unreadable) == ((), ())
    await station.aclose()


async def test_what_was_said_of_a_picture_comes_back_once_its_visit_is_finished(
    room: Room,
) -> None:
    await room.take_face()
    taken = (await room.sheet()).shelves[0].takes[0]
    said = make_verdict(taken.rendition)
    await room.station.pictures.add_verdicts((said,), Act())
    await room.capture.finish(room.visit)
    before = (await room.sheet()).shelves
    station, _ = await rebuild(room)
    after = (await station.visits.sheet(room.visit)).shelves
    for old, new in zip(before, after, strict=True):
        assert [t.verdicts for t in new.takes] == [t.verdicts for t in old.takes]
    assert said in after[0].takes[0].verdicts
    await station.aclose()


async def test_the_former_database_is_moved_aside_and_stays(room: Room) -> None:
    await room.take_face()
    path = room.station.folder / "station.db"
    await room.station.aclose()
    former = path.read_bytes()
    station, rebuilt = await rebuild(room)
    assert rebuilt.moved_to is not None
    assert rebuilt.moved_to.read_bytes() == former
    await station.aclose()


async def test_two_rebuilds_at_the_same_moment_keep_both_former_databases(room: Room) -> None:
    await room.take_face()
    station, first = await rebuild(room)
    await station.aclose()
    station, second = await rebuild(room)
    await station.aclose()
    assert first.moved_to != second.moved_to
    for rebuilt in (first, second):
        assert rebuilt.moved_to is not None
        assert rebuilt.moved_to.exists()


async def test_a_finished_visit_comes_back_with_the_same_ids_and_waits_for_the_platform(
    room: Room,
) -> None:
    await room.take_face()
    await room.capture.finish(room.visit)
    (before,) = await room.batches()
    station, rebuilt = await rebuild(room)
    assert rebuilt.waiting_batches == 1
    (after,) = (await station.outbox.deliveries(10))[0].batches
    assert after.id == before.id
    assert [(i.id, i.name, i.side) for i in after.images] == [
        (i.id, i.name, i.side) for i in before.images
    ]
    assert {i.state for i in after.images} == {ImageState.SEALED}
    assert (await station.visits.get(room.visit)).status is VisitStatus.FINISHED
    assert after.waiting.trouble is not None
    assert after.waiting.trouble.kind == "RebuiltError"
    await station.aclose()


async def test_a_rebuilt_batch_is_not_due_before_the_platform_was_asked(room: Room) -> None:
    await room.register()
    await room.take_face()
    await room.capture.finish(room.visit)
    station, _ = await rebuild(room)
    later = room.clock.advance(3600)
    assert await station.outbox.due_batches(later, 10) == ()
    (batch,) = (await station.outbox.deliveries(10))[0].batches
    # somebody asks to try now, or lets a batch go on that was held
    await station.outbox.set_waiting_batch(batch.id, Waiting())
    assert await said(station) == "RebuiltError"
    await station.outbox.set_waiting_batch(
        batch.id, Waiting(trouble=trouble_of(UnreachableError()))
    )
    assert await said(station) == "UnreachableError", "what keeps the asking back is told first"
    await station.outbox.set_waiting_batch(batch.id, Waiting())
    (study,) = await station.studies.every_study()
    elsewhere = replace(study.tenant, server="https://staging.haut.ai")
    assert await station.rebuilt.pending(later, elsewhere) == ()
    (batch_id,) = await station.rebuilt.pending(later, study.tenant)
    await station.rebuilt.settle(batch_id)
    assert [b.id for b in await station.outbox.due_batches(later, 10)] == [batch_id]
    assert not await station.rebuilt.is_pending()
    assert await said(station) == ""
    await station.aclose()


async def said(station: Station) -> str:
    """What the outbox says that the one batch waits for."""
    (batch,) = (await station.outbox.deliveries(10))[0].batches
    return batch.waiting.trouble.kind if batch.waiting.trouble else ""


async def test_a_rebuilt_visit_is_not_reopened_while_nobody_knows_what_left(room: Room) -> None:
    await room.take_face()
    await room.capture.finish(room.visit)
    station, _ = await rebuild(room)
    with pytest.raises(VisitClosedError):
        await station.hand_overs.reopen(room.visit, Act())
    await station.aclose()


async def test_what_was_delivered_comes_back_as_delivered_with_its_proofs(room: Room) -> None:
    await room.take_face()
    await room.capture.finish(room.visit)
    await room.submit()
    await Sidecars(pictures=room.station.pictures, vault=room.vault).follow(room.visit)
    (before,) = await room.batches()
    station, rebuilt = await rebuild(room)
    (after,) = (await station.outbox.deliveries(10))[0].batches
    assert (after.state, after.platform_id) == (BatchState.SUBMITTED, before.platform_id)
    assert after.submitted_at == before.submitted_at
    assert [i.proof for i in after.images] == [i.proof for i in before.images]
    assert rebuilt.waiting_batches == 0
    await station.aclose()


async def test_what_was_delivered_without_a_word_in_the_sidecar_is_asked_for(room: Room) -> None:
    await room.take_face()
    await room.capture.finish(room.visit)
    await room.submit()
    station, rebuilt = await rebuild(room)
    (after,) = (await station.outbox.deliveries(10))[0].batches
    assert after.state is BatchState.OPEN
    assert rebuilt.waiting_batches == 1
    await station.aclose()


async def test_a_held_batch_stays_held_with_its_reason(room: Room) -> None:
    await room.take_face()
    await room.capture.finish(room.visit)
    (batch,) = await room.batches()
    await room.outbox.move_batch(batch.id, BatchEvent.HOLD)
    await Sidecars(pictures=room.station.pictures, vault=room.vault).follow(room.visit)
    station, _ = await rebuild(room)
    (after,) = (await station.outbox.deliveries(10))[0].batches
    assert (after.state, after.held_from) == (BatchState.HELD, BatchState.OPEN)
    await station.aclose()


async def test_a_registration_comes_back_registered_or_is_looked_up_again(room: Room) -> None:
    await room.register()
    await room.take_face()
    station, _ = await rebuild(room)
    (registration,) = (await station.subjects.get(room.subject.id)).registrations
    assert registration.state is RegistrationState.REGISTERED
    assert registration.platform_id == f"platform-{room.subject.id}"
    await station.aclose()


async def test_a_chosen_take_counts_again_and_a_removed_one_stays_away(room: Room) -> None:
    first = await room.capture.take_in(room.visit, room.file("front.jpg", marked(1)))
    await room.capture.take_in(room.visit, room.file("front.jpg", marked(2)))
    third = await room.capture.take_in(room.visit, room.file("front.jpg", marked(3)))
    await room.capture.choose_take(first.take.id, "sharper")
    await room.capture.remove_take(third.take.id, "blurred")
    before = await room.sheet()
    station, rebuilt = await rebuild(room)
    after = await station.visits.sheet(room.visit)
    assert [[(t.take.number, t.take.counts) for t in s.takes] for s in after.shelves] == [
        [(t.take.number, t.take.counts) for t in s.takes] for s in before.shelves
    ]
    assert rebuilt.pictures == 3
    await station.aclose()


async def test_a_code_that_was_given_up_belongs_to_whoever_has_it_now(room: Room) -> None:
    subjects, act = room.station.subjects, Act(reason="typing error")
    await subjects.change_code(room.subject.id, "B-070", CodeKind.SCREENING, act)
    await subjects.change_code(room.other.id, "B-007", CodeKind.SCREENING, act)
    visit = await room.capture.open_visit(room.study, room.other.id, "Baseline")
    await room.capture.take_in(visit.id, room.file("other.jpg", marked(8)))
    await room.take_face()
    station, rebuilt = await rebuild(room)
    assert (rebuilt.pictures, rebuilt.held) == (4, ())
    codes = [(await station.subjects.get(s.id)).codes for s in (room.subject, room.other)]
    assert [[one.code for one in each] for each in codes] == [
        ["B-007", "B-070"],
        ["B-008", "B-007"],
    ]
    await station.aclose()


async def test_notes_of_one_picture_in_two_places_of_a_visit_stop_no_rebuild(room: Room) -> None:
    path = room.file("front.jpg", marked(0))
    await room.capture.take_in(room.visit, path)
    (first,) = room.vault.names()
    note = room.vault.sidecar(first)
    taken = (await room.sheet()).shelves[0].takes[0]
    await room.capture.remove_take(taken.take.id, "by mistake")
    await room.capture.take_in(room.visit, path)
    room.vault.set_sidecar(first, note)  # as if its removal had never been noted
    station, rebuilt = await rebuild(room)
    assert (rebuilt.pictures, rebuilt.unreadable) == (2, ())
    (taken,) = (await station.visits.sheet(room.visit)).shelves[0].takes
    assert taken.take.counts
    await station.aclose()


async def test_a_retake_supersedes_what_it_superseded(room: Room) -> None:
    await room.take_face()
    await room.capture.finish(room.visit)
    await room.submit()
    slot = next(s.slot for s in (await room.sheet()).shelves if s.slot.side == "front")
    await room.capture.retake(room.visit, room.file("again.jpg", marked(9)), slot.id, "blurred")
    before = {b.id: b.supersedes for b in await room.batches()}
    station, _ = await rebuild(room)
    (delivery,) = await station.outbox.deliveries(10)
    assert {b.id: b.supersedes for b in delivery.batches} == before
    assert any(before.values())
    await station.aclose()


async def test_a_retraction_that_had_not_ended_goes_on_and_sends_nothing(room: Room) -> None:
    await room.register()
    await room.take_face()
    await room.capture.finish(room.visit)
    batch = await room.deliver()
    await room.station.retractions.ask(batch.id, Act(reason="wrong participant"))
    await Sidecars(pictures=room.station.pictures, vault=room.vault).follow(room.visit)
    station, rebuilt = await rebuild(room)
    (after,) = (await station.outbox.deliveries(10))[0].batches
    assert after.state is BatchState.RETRACTING
    assert after.retraction is not None
    assert after.retraction.reason == "wrong participant"
    assert rebuilt.waiting_batches == 1
    room.clock.advance(3600)
    assert await station.outbox.due_batches(room.clock(), 10) == ()
    assert await station.retractions.due(room.clock(), 10) == ()
    await station.rebuilt.settle(batch.id)
    assert [b.id for b in await station.retractions.due(room.clock(), 10)] == [batch.id]
    await station.aclose()


async def test_a_retracted_batch_comes_back_with_what_is_left_of_it(room: Room) -> None:
    await room.take_face()
    await room.capture.finish(room.visit)
    (batch,) = await room.batches()
    before = await room.station.retractions.ask(batch.id, Act(reason="wrong participant"))
    await Sidecars(pictures=room.station.pictures, vault=room.vault).follow(room.visit)
    station, rebuilt = await rebuild(room)
    (after,) = (await station.outbox.deliveries(10))[0].batches
    assert (after.state, after.retraction) == (BatchState.RETRACTED, before.retraction)
    assert rebuilt.waiting_batches == 0
    await station.aclose()


async def test_an_empty_vault_gives_the_station_back(room: Room) -> None:
    here = await room.station.studies.station()
    station, rebuilt = await rebuild(room)
    assert await station.studies.station() == here
    assert rebuilt.pictures == 0
    await station.aclose()


async def test_the_rebuild_is_in_the_trail(room: Room) -> None:
    await room.take_face()
    station, _ = await rebuild(room)
    assert "outbox.rebuilt" in {entry.action for entry in await station.audit.entries()}
    assert await station.audit.verify() is None
    await station.aclose()


# ---- what is held --------------------------------------------------------------------------------


async def test_a_picture_whose_note_is_not_ours_waits_for_a_person(room: Room) -> None:
    await room.take_face()
    (name, *others) = room.vault.names()
    stranger = Vault(room.vault.folder, room.station.keys.recipient, None, None)
    stranger.set_sidecar(name, room.vault.sidecar(name))
    station, rebuilt = await rebuild(room)
    assert [held.vault_name for held in rebuilt.held] == [name]
    assert rebuilt.pictures == len(others)
    (held,) = await station.rebuilt.held_pictures()
    assert (await station.outbox.summary()).unplaced_since == held.since
    assert held.original.take_id is None
    assert held.claim["subject_code"] == "B-007"
    assert "not written with this station's keys" in held.reason
    data = station.vault.open(name, held.original.digest.sha256)
    assert data
    await station.aclose()


async def test_a_held_picture_is_placed_by_a_person_and_waits_no_longer(room: Room) -> None:
    await room.take_face()
    (name, *_) = room.vault.names()
    remove(sidecar_path(room, name))
    station, _ = await rebuild(room)
    (held,) = await station.rebuilt.held_pictures()
    sheet = await station.visits.sheet(room.visit)
    slot = sheet.shelves[0].slot
    number = await station.takes.next_number(slot.id)
    take = Take(TakeId(new_id()), slot.id, number, counts=True)
    await station.pictures.assign(held.original.id, take, Act())
    assert await station.rebuilt.held_pictures() == ()
    await station.aclose()


async def test_a_batch_that_lacks_a_picture_is_held(room: Room) -> None:
    await room.take_face()
    await room.capture.finish(room.visit)
    (name, *_) = room.vault.names()
    room.vault.erase(name)
    station, _ = await rebuild(room)
    (after,) = (await station.outbox.deliveries(10))[0].batches
    assert (after.state, len(after.images)) == (BatchState.HELD, 2)
    assert after.waiting.trouble is not None
    assert after.waiting.trouble.kind == "PictureMissingError"
    await station.aclose()


async def test_a_picture_that_does_not_open_is_named_and_left_where_it_is(room: Room) -> None:
    await room.take_face()
    (name, *_) = room.vault.names()
    remove(sidecar_path(room, name))
    remove(room.vault.folder / name)
    (room.vault.folder / name).write_bytes(b"age-encryption.org/v1 nonsense")
    station, rebuilt = await rebuild(room)
    assert [left.vault_name for left in rebuilt.unreadable] == [name]
    assert (room.vault.folder / name).exists()
    await station.aclose()


# ---- damage --------------------------------------------------------------------------------------


async def damaged(room: Room) -> Path:
    """A station with pictures, closed; gives the database's path."""
    await room.take_face()
    await room.capture.finish(room.visit)
    await room.station.aclose()
    return room.station.folder / "station.db"


async def opens_as(room: Room, outcome: type[StoreError]) -> None:
    with pytest.raises(StoreError) as caught:
        await open_station(room.station.folder, room.secrets, room.clock)
    assert type(caught.value) is outcome


@pytest.mark.parametrize("share", (0.0, 0.3, 0.6, 0.95))
async def test_a_truncated_file_is_damage_or_missing_and_is_rebuilt(
    room: Room, share: float
) -> None:
    path = await damaged(room)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    await opens_as(room, StoreCorruptError if share else StoreMissingError)
    station, rebuilt = await recover_station(room.station.folder, room.secrets, room.clock)
    assert rebuilt.pictures == 3
    await station.aclose()


async def test_random_bytes_are_damage_and_are_rebuilt(room: Room) -> None:
    path = await damaged(room)
    path.write_bytes(os.urandom(path.stat().st_size))
    await opens_as(room, StoreCorruptError)
    station, rebuilt = await recover_station(room.station.folder, room.secrets, room.clock)
    assert rebuilt.pictures == 3
    await station.aclose()


async def test_damage_met_at_work_is_found_at_the_next_start(room: Room) -> None:
    path = await damaged(room)
    content = bytearray(path.read_bytes())
    pages = range(1, len(content) // 4096)
    for page in pages:
        content[page * 4096 + 100] ^= 0xFF
    path.write_bytes(bytes(content))

    async def work() -> None:
        station = await open_station(room.station.folder, room.secrets, room.clock)
        try:
            await station.outbox.deliveries(10)
        finally:
            await station.aclose()

    with pytest.raises(StoreCorruptError):
        await work()
    await opens_as(room, StoreCorruptError)


async def test_a_suspicion_that_proves_empty_is_forgotten(room: Room) -> None:
    path = await damaged(room)
    suspicion = path.with_name("station.db.suspect")
    suspicion.touch()
    await (await open_station(room.station.folder, room.secrets, room.clock)).aclose()
    assert not suspicion.exists()


async def test_a_wrong_key_is_never_taken_for_damage(room: Room) -> None:
    path = await damaged(room)
    before = path.read_bytes()
    with pytest.raises(StoreKeyError):
        Database.open(path, bytes(32), expect_existing=True)
    with pytest.raises(StoreKeyError):
        Database.open_for_reading(path, bytes(32))
    assert path.read_bytes() == before


async def test_a_newer_file_is_neither_opened_nor_rebuilt_by_itself(room: Room) -> None:
    path = await damaged(room)
    connection = connect(path)
    connection.execute(f"PRAGMA key = \"x'{room.station.keys.database_key.hex()}'\"")
    connection.execute("PRAGMA user_version = 9999")
    connection.close()
    await opens_as(room, StoreNewerError)
    with pytest.raises(StoreNewerError):
        await open_station_for_reading(room.station.folder, room.secrets, room.clock)


async def test_a_file_that_somebody_holds_is_busy_and_stays(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_BUSY_TIMEOUT_S", 0.0)
    path = await damaged(room)
    holder = connect(path, isolation_level=None)
    holder.execute(f"PRAGMA key = \"x'{room.station.keys.database_key.hex()}'\"")
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    await opens_as(room, StoreBusyError)
    holder.close()
    await (await open_station(room.station.folder, room.secrets, room.clock)).aclose()


async def test_a_rebuild_that_fails_leaves_the_former_database_in_place(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await damaged(room)
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise StoreError("no room")

    monkeypatch.setattr("haut_desktop.store.rebuild._fill", fail)
    with pytest.raises(StoreError):
        await recover_station(room.station.folder, room.secrets, room.clock)
    assert path.read_bytes() == before
    assert not list(path.parent.glob("*.rebuilt*"))


# ---- reading beside a running program ------------------------------------------------------------


async def test_a_reader_sees_what_is_written_beside_it_and_writes_nothing(room: Room) -> None:
    reader = await open_station_for_reading(room.station.folder, room.secrets, room.clock)
    assert await reader.outbox.deliveries(10) == ()
    await room.take_face()
    await room.capture.finish(room.visit)
    assert len(await reader.outbox.deliveries(10)) == 1

    def write(connection: Connection) -> None:
        connection.execute("DELETE FROM visit")

    with pytest.raises(StoreReadOnlyError):
        await reader.database.write(write)
    with pytest.raises(StoreReadOnlyError):
        await reader.database.read(write)
    await reader.aclose()


async def test_reading_a_missing_database_makes_none(room: Room) -> None:
    path = await damaged(room)
    path.unlink()
    with pytest.raises(StoreMissingError):
        await open_station_for_reading(room.station.folder, room.secrets, room.clock)
    assert not path.exists()


# ---- the disk ------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB of its own."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root mounts a small file system")
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("this computer lets nobody mount")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def test_a_full_disk_takes_no_picture_and_goes_on_when_there_is_room(
    small_disk: Path,
) -> None:
    async with open_room(small_disk) as room:
        first = await room.capture.take_in(room.visit, room.file("front.jpg", marked(1)))
        stuffing = small_disk / "stuffing"
        fill(stuffing)
        outcome: DiskFullError | None = None
        try:
            await room.capture.take_in(room.visit, Pasted(marked(2)))
        except DiskFullError as error:
            outcome = error
        assert outcome is not None
        assert room.vault.names() == (first.original.vault_name,)
        stuffing.unlink()
        await room.capture.take_in(room.visit, Pasted(marked(2)))
        assert len(room.vault.names()) == 2


async def test_a_rebuild_without_room_leaves_the_former_database_in_place(
    small_disk: Path,
) -> None:
    async with open_room(small_disk) as room:
        await room.take_face()
        path = room.station.folder / "station.db"
        await room.station.aclose()
        before = path.read_bytes()
        stuffing = small_disk / "stuffing"
        fill(stuffing)
        with pytest.raises(DiskFullError):
            await recover_station(room.station.folder, room.secrets, room.clock)
        assert path.read_bytes() == before
        stuffing.unlink()
        station, rebuilt = await recover_station(room.station.folder, room.secrets, room.clock)
        assert rebuilt.pictures == 3
        await station.aclose()


def fill(path: Path) -> None:
    """Write until the disk takes no more."""
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return


@pytest.mark.parametrize("others", (0, 3), ids=("in a planned slot", "in a slot of its own"))
@pytest.mark.parametrize("is_same", (True, False), ids=("the same", "another"))
async def test_what_never_came_into_the_record_keeps_nothing_from_being_rebuilt(
    room: Room, monkeypatch: pytest.MonkeyPatch, others: int, is_same: bool
) -> None:
    await room.register()
    for number in range(others):
        await room.capture.take_in(room.visit, Pasted(marked(10 + number)))
    monkeypatch.setattr(PictureStore, "add", _fail)
    with pytest.raises(StoreCorruptError):
        await room.capture.take_in(room.visit, Pasted(marked(1)))
    monkeypatch.undo()
    room.clock.advance(60)
    taken = await room.capture.take_in(room.visit, Pasted(marked(1 if is_same else 2)))
    room.station, rebuilt = await rebuild(room)
    assert (rebuilt.held, rebuilt.unreadable, rebuilt.pictures) == ((), (), others + 2)
    shelves = (await room.station.visits.sheet(room.visit)).shelves
    assert taken.take.id in {one.counting.take.id for one in shelves if one.counting}
    takes = [one for shelf in shelves for one in shelf.takes]
    assert len(takes) == others + 2 - is_same
    assert sum(one.take.counts for one in takes) == others + 1
    assert len(shelves) == max(3, others + 1)


async def _fail(*_: object, **__: object) -> None:
    raise StoreCorruptError
