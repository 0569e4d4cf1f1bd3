"""Held pictures are placed by a person: never on a guess, never twice, never without a reason."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from haut_desktop.domain.audit import Act
from haut_desktop.domain.computed_before import ComputedAlreadyError
from haut_desktop.domain.delivery import BatchState
from haut_desktop.domain.errors import ItemError, PictureError, VisitClosedError
from haut_desktop.domain.former import FormerSubject
from haut_desktop.domain.ids import SubjectId
from haut_desktop.domain.imaging import Original, Rendition, Slot
from haut_desktop.domain.subjects import Subject
from haut_desktop.services.intake import Pasted
from haut_desktop.services.placing import NoteWord, Placement, Placing, WaitingPicture
from haut_desktop.services.sidecars import Sidecars
from haut_desktop.store.files import remove
from haut_desktop.store.rebuild import recover_station
from haut_desktop.store.vault import Vault
from haut_desktop.viewmodels.placing_words import picture_line
from tests.fakes.builders import make_picture
from tests.photographs import marked
from tests.services.rooms import Room, open_room
from tests.services.test_spooling import WORDS, drain_of, intake_of, spool_of

WHY = "the paper list says so"


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room(tmp_path) as opened:
        yield opened


def placing_of(room: Room) -> Placing:
    station = room.station
    changes = room.capture._changes
    return Placing(
        rebuilt=station.rebuilt,
        visits=station.visits,
        pictures=station.pictures,
        studies=station.studies,
        vault=station.vault,
        capture=room.capture,
        sidecars=Sidecars(pictures=station.pictures, vault=station.vault),
        act=lambda reason: Act(None, reason),
        changes=changes,
        clock=room.clock,
    )


async def wait_one(room: Room, number: int = 9) -> WaitingPicture:
    """Take a picture in while the keyring is locked, and unlock it."""
    await intake_of(room).take_in(Pasted(marked(number)), WORDS)
    await (await drain_of(room)).drain()
    return (await placing_of(room).waiting())[-1]


async def hold_strange(room: Room, whose: Subject | None = None) -> tuple[Original, Rendition]:
    """A picture whose note was not written with this station's keys, as a rebuild holds it."""
    one = await wait_one(room)
    note = room.vault.sidecar(one.held.original.vault_name)
    await room.station.erasures.write(one.held.original.id, Act(None, WHY))
    room.vault.erase(one.held.original.vault_name)
    original, rendition, _ = make_picture(None, marked(5))
    original = replace(
        original,
        media_type="application/octet-stream",
        width=0,
        height=0,
        vault_name=Vault.name_for(original.id),
    )
    rendition = replace(rendition, media_type=original.media_type, vault_name=original.vault_name)
    stranger = Vault(room.vault.folder, room.station.keys.recipient, None, None)
    if whose is not None:
        note = replace(note, subject_id=whose.id, subject_code=whose.code)
    stranger.seal(marked(5), replace(note, original_id=original.id, digest=original.digest))
    await room.station.rebuilt.hold(original, rendition, "Whose is it?", {"subject_code": "B-007"})
    return original, rendition


def copy_note(room: Room, of: str, beside: str) -> None:
    """Put the note of one picture beside another, as a folder that was put together again may."""
    notes = [room.vault.folder / f"{name.removesuffix('.age')}.side.age" for name in (of, beside)]
    notes[1].write_bytes(notes[0].read_bytes())


async def front(room: Room) -> Slot:
    return (await room.sheet()).shelves[0].slot


def at(room: Room, slot: Slot | None, subject_id: SubjectId | None = None) -> Placement:
    return Placement(subject_id or room.subject.id, room.visit, "Baseline", slot)


async def test_a_spooled_picture_waits_with_the_words_that_were_typed(room: Room) -> None:
    one = await wait_one(room)
    assert len(await placing_of(room).waiting()) == 1
    assert (dict(one.held.claim), one.note) == (WORDS, NoteWord.OURS)
    assert (one.may_have_gone, one.elsewhere) == (False, ())


async def test_what_was_placed_waits_no_longer_though_it_could_not_leave_the_spool(
    room: Room,
) -> None:
    await intake_of(room).take_in(Pasted(marked(9)), WORDS)
    copies = {path: path.read_bytes() for path in spool_of(room).folder.iterdir()}
    (original_id,) = (await (await drain_of(room)).drain()).placed
    await placing_of(room).assign(original_id, room.study, at(room, await front(room)), WHY)
    for path, content in copies.items():  # as if it could not be taken out of the spool then
        path.write_bytes(content)
    drained = await (await drain_of(room)).drain()
    assert (drained.placed, drained.known, drained.kept) == ((), 1, ())
    assert spool_of(room).names() == ()


async def test_a_placed_picture_counts_is_written_down_and_judged(room: Room) -> None:
    one = await wait_one(room)
    placing, slot = placing_of(room), await front(room)
    await placing.assign(one.held.original.id, room.study, at(room, slot), WHY)
    assert len(await placing.waiting()) == 0
    counting = (await room.sheet()).shelves[0].counting
    assert counting is not None
    assert counting.original.id == one.held.original.id
    assert counting.verdicts
    trail = await room.station.audit.of_entity(one.held.original.id)
    assert ("picture.assigned", WHY) in {(entry.action, entry.reason) for entry in trail}
    record = room.vault.sidecar(one.held.original.vault_name).record
    assert record is not None
    assert record.frame.visit.id == room.visit


async def test_what_a_strangers_note_did_not_say_is_read_from_the_picture(room: Room) -> None:
    original, rendition = await hold_strange(room)
    (one,) = await placing_of(room).waiting()
    assert (one.note, one.may_have_gone) == (NoteWord.NOT_OURS, True)
    await placing_of(room).assign(original.id, room.study, at(room, await front(room)), WHY)
    counting = (await room.sheet()).shelves[0].counting
    assert counting is not None
    assert counting.rendition.id == rendition.id
    assert counting.original.media_type == counting.rendition.media_type == "image/jpeg"
    assert counting.original.width > 1
    assert room.vault.sidecar(original.vault_name).record is not None


async def test_whose_a_picture_was_by_its_former_note_is_kept(room: Room) -> None:
    original, _ = await hold_strange(room, room.other)
    await placing_of(room).assign(original.id, room.study, at(room, await front(room)), WHY)
    record = room.vault.sidecar(original.vault_name).record
    assert record is not None
    assert record.former_subject == FormerSubject(room.other.id, room.other.code)


async def test_a_picture_whose_note_is_gone_says_so(room: Room) -> None:
    one = await wait_one(room)
    name = one.held.original.vault_name
    remove(room.vault.folder / f"{name.removesuffix('.age')}.side.age")
    (one,) = await placing_of(room).waiting()
    assert (one.note, one.may_have_gone) == (NoteWord.MISSING, True)


async def test_the_note_of_another_picture_says_nothing_of_this_one(room: Room) -> None:
    await room.capture.take_in(room.visit, room.file("front.jpg", marked(1)))
    await room.capture.finish(room.visit)
    gone = await room.submit()
    (sent,) = gone.images
    original, rendition = await hold_strange(room)
    copy_note(room, sent.rendition.vault_name, original.vault_name)
    (one,) = await placing_of(room).waiting()
    assert (one.note, one.may_have_gone) == (NoteWord.ANOTHERS, True)
    line = picture_line(one, "UTC")
    assert dict(line.facts)["Its note claims"] == "nothing"
    place = Placement(room.other.id, None, "Week 4", await front(room))
    await placing_of(room).assign(original.id, room.study, place, WHY)
    record = room.vault.sidecar(original.vault_name).record
    assert record is not None
    assert (record.rendition.id, record.former) == (rendition.id, ())


async def test_nothing_is_placed_without_a_reason(room: Room) -> None:
    one = await wait_one(room)
    with pytest.raises(ItemError):
        await placing_of(room).assign(
            one.held.original.id, room.study, at(room, await front(room)), "  "
        )
    assert len(await placing_of(room).waiting()) == 1


async def test_another_subjects_visit_is_refused(room: Room) -> None:
    one = await wait_one(room)
    place = at(room, await front(room), room.other.id)
    with pytest.raises(VisitClosedError, match="not this subject's"):
        await placing_of(room).assign(one.held.original.id, room.study, place, WHY)
    assert len(await placing_of(room).waiting()) == 1


async def test_the_same_bytes_elsewhere_are_told_and_refused(room: Room) -> None:
    one = await wait_one(room)
    await room.capture.take_in(room.visit, room.file("front.jpg", marked(9)))
    (one,) = await placing_of(room).waiting()
    assert [place.subject_code for place in one.elsewhere] == ["B-007"]
    place = Placement(room.other.id, None, "Baseline", None)
    with pytest.raises(PictureError, match="B-007"):
        await placing_of(room).assign(one.held.original.id, room.study, place, WHY)
    assert await room.capture.visits(room.other.id) == ()


async def test_a_slot_that_was_filled_meanwhile_is_looked_at_again(room: Room) -> None:
    one = await wait_one(room)
    place = at(room, await front(room))
    await room.capture.take_in(room.visit, room.file("front.jpg", marked(1)))
    with pytest.raises(VisitClosedError, match="changed meanwhile"):
        await placing_of(room).assign(one.held.original.id, room.study, place, WHY)


async def test_a_visit_that_is_not_there_is_opened_for_it(room: Room) -> None:
    one = await wait_one(room)
    slot = await front(room)
    place = Placement(room.other.id, None, "Week 4", slot)
    visit = await placing_of(room).assign(one.held.original.id, room.study, place, WHY)
    sheet = await room.capture.sheet(visit)
    assert (sheet.visit.subject_id, sheet.visit.name) == (room.other.id, "Week 4")
    assert sheet.shelves[0].counting is not None


async def test_an_additional_picture_gets_a_place_of_its_own(room: Room) -> None:
    one = await wait_one(room)
    await placing_of(room).assign(one.held.original.id, room.study, at(room, None), WHY)
    assert (await room.sheet()).shelves[-1].counting is not None


async def test_a_resting_visit_is_reopened_first(room: Room) -> None:
    await room.take_face()
    await room.capture.finish(room.visit)
    one = await wait_one(room)
    shelf = (await room.sheet()).shelves[0]
    assert shelf.counting is not None
    place = replace(at(room, shelf.slot), counting=shelf.counting.take.id)
    with pytest.raises(VisitClosedError, match="Reopen"):
        await placing_of(room).assign(one.held.original.id, room.study, place, WHY)


async def test_in_a_visit_that_has_gone_it_supersedes(room: Room) -> None:
    await room.take_face()
    await room.capture.finish(room.visit)
    gone = await room.deliver()
    one = await wait_one(room)
    shelf = (await room.sheet()).shelves[0]
    assert shelf.counting is not None
    place = replace(at(room, shelf.slot), counting=shelf.counting.take.id)
    await placing_of(room).assign(one.held.original.id, room.study, place, WHY)
    (fresh,) = [batch for batch in await room.batches() if batch.id != gone.id]
    assert (fresh.supersedes, fresh.state, len(fresh.images)) == (gone.id, BatchState.OPEN, 1)
    record = room.vault.sidecar(one.held.original.vault_name).record
    assert record is not None
    assert record.batch is not None
    assert record.batch.id == fresh.id


async def test_what_was_computed_and_erased_is_not_placed_into_a_visit_that_has_gone(
    room: Room,
) -> None:
    """Only a visit's finishing asks whether it shall be computed once more."""
    await room.capture.take_in(room.visit, room.file("front.jpg", marked(9)))
    await room.capture.finish(room.visit)
    gone = await room.submit()
    erased = gone.images[0].rendition.original_id
    await room.station.erasures.write(erased, Act(None, WHY))
    one = await wait_one(room)
    placing, place = placing_of(room), at(room, await front(room))
    with pytest.raises(ComputedAlreadyError, match="finish an open visit"):
        await placing.assign(one.held.original.id, room.study, place, WHY)
    assert len(await placing.waiting()) == 1
    assert [batch.id for batch in await room.batches()] == [gone.id]
    elsewhere = Placement(room.other.id, None, "Baseline", place.slot)
    visit = await placing.assign(one.held.original.id, room.study, elsewhere, WHY)
    assert len(await room.capture.computed_before(visit)) == 1


async def test_it_is_placed_once(room: Room) -> None:
    one = await wait_one(room)
    placing, place = placing_of(room), at(room, None)
    await placing.assign(one.held.original.id, room.study, place, WHY)
    with pytest.raises(ItemError):
        await placing.assign(one.held.original.id, room.study, place, WHY)


@pytest.mark.parametrize("is_torn", (False, True))
async def test_what_is_wrong_with_a_note_is_said_once_after_a_rebuild(
    tmp_path: Path, is_torn: bool
) -> None:
    async with open_room(tmp_path) as room:
        await room.take_face()
        (name, *_) = room.vault.names()
        stranger = Vault(room.vault.folder, room.station.keys.recipient, None, None)
        stranger.set_sidecar(name, room.vault.sidecar(name))
        if is_torn:
            note = room.vault.folder / name.replace(".age", ".side.age")
            remove(note)
            note.write_bytes(b"torn")
        await room.station.aclose()
        room.station, _ = await recover_station(room.station.folder, room.secrets, room.clock)
        (one,) = await placing_of(room).waiting()
        line = picture_line(one, "UTC")
        assert line.note_title.startswith("The note beside this picture")
        assert line.reason == ""
        await room.station.aclose()


async def test_why_a_picture_waits_is_said_though_its_note_was_damaged_since(room: Room) -> None:
    one = await wait_one(room)
    note = room.vault.folder / one.held.original.vault_name.replace(".age", ".side.age")
    remove(note)
    note.write_bytes(b"torn")
    (again,) = await placing_of(room).waiting()
    assert again.note is NoteWord.MISSING
    assert picture_line(again, "UTC").reason == one.held.reason
