"""A picture that went to the wrong subject: taken back there, then taken in where it belongs."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from haut_desktop.domain.audit import Act
from haut_desktop.domain.computed_before import ComputedAlreadyError
from haut_desktop.domain.delivery import BatchState
from haut_desktop.domain.errors import PictureError
from haut_desktop.domain.ids import BatchId, ImageId, PlatformBatchId, SubjectId, VisitId, new_id
from haut_desktop.domain.imaging import Original, VerdictLevel
from haut_desktop.domain.reassigning import AnotherSubjectsPictureError
from haut_desktop.domain.retraction import Computed, Remnant
from haut_desktop.domain.visits import TakenPicture
from haut_desktop.services.intake import Pasted
from haut_desktop.services.placing import Placement
from haut_desktop.store.pictures import PictureStore
from haut_desktop.store.rebuild import recover_station
from haut_desktop.viewmodels.placing_words import elsewhere_words
from tests.photographs import marked
from tests.services.rooms import Room, open_room
from tests.services.test_interrupted import PowerCutError, start
from tests.services.test_placing import WHY, hold_strange, placing_of, wait_one

WRONG = Act(reason="wrong participant")
FACE = marked(5)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    """A picture of B-008 in a finished visit of B-007."""
    async with open_room(tmp_path) as opened:
        await opened.register()
        await opened.capture.take_in(opened.visit, opened.file("front.jpg", FACE))
        await opened.capture.finish(opened.visit, "only the front")
        yield opened


async def take_back(room: Room) -> None:
    (batch,) = await room.batches()
    await room.station.retractions.ask(batch.id, WRONG)
    if (await room.outbox.batch(batch.id)).state is BatchState.RETRACTING:
        left = Remnant(PlatformBatchId("there-1"), (), Computed.NO)
        await room.station.retractions.end(batch.id, (left,))


async def right_visit(room: Room, subject: SubjectId | None = None) -> VisitId:
    return (await room.capture.open_visit(room.study, subject or room.other.id, "Week 4")).id


async def drop(room: Room, visit_id: VisitId) -> TakenPicture:
    """Drop the file where it belongs, and read what the card shows of it."""
    taken = await room.capture.take_in(visit_id, Pasted(FACE))
    return next(one for one in await pictures_of(room, visit_id) if one.take.id == taken.take.id)


async def pictures_of(room: Room, visit_id: VisitId) -> list[TakenPicture]:
    sheet = await room.station.visits.sheet(visit_id)
    return [taken for shelf in sheet.shelves for taken in shelf.takes]


async def wrong(room: Room) -> Original:
    (taken,) = await pictures_of(room, room.visit)
    return taken.original


def warnings_of(taken: TakenPicture) -> list[str]:
    return [v.text for v in taken.verdicts if v.code == "taken-back-elsewhere"]


@pytest.mark.parametrize("has_left", (True, False), ids=("sent", "resting"))
async def test_what_was_taken_back_is_taken_in_for_the_right_subject_with_a_warning(
    room: Room, has_left: bool
) -> None:
    if has_left:
        await room.submit()
    await take_back(room)
    visit = await right_visit(room)
    taken = await drop(room, visit)
    (warning,) = warnings_of(taken)
    assert "B-007" in warning
    assert "taken back" in warning
    assert {v.level for v in taken.verdicts if v.text == warning} == {VerdictLevel.WARN}
    former = await wrong(room)
    assert taken.original.vault_name != former.vault_name
    for this, that in ((taken.original.id, former.id), (former.id, taken.original.id)):
        lines = [
            one
            for one in await room.station.audit.of_entity(this)
            if one.action == "picture.re-assigned"
        ]
        assert that in {value for line in lines for value in (line.old, line.new)}


@pytest.mark.parametrize("state", ("resting", "sent", "being taken back", "sent again"))
async def test_before_that_it_is_refused_with_the_code_and_the_way_out(
    room: Room, state: str
) -> None:
    if state == "sent again":
        await take_back(room)
        await room.capture.reopen(room.visit)
        await room.capture.finish(room.visit, "only the front")
    elif state != "resting":
        batch = await room.submit()
        if state == "being taken back":
            await room.station.retractions.ask(batch.id, WRONG)
    visit = await right_visit(room)
    with pytest.raises(PictureError, match=r"B-007.*take it back in the outbox"):
        await drop(room, visit)
    assert await pictures_of(room, visit) == []


async def test_another_visit_of_the_same_subject_refuses_it_as_ever(room: Room) -> None:
    await take_back(room)
    with pytest.raises(PictureError, match="Choose the picture that was taken today"):
        await drop(room, await right_visit(room, room.subject.id))


async def test_a_visit_that_is_nobodys_yet_refuses_it(room: Room) -> None:
    await take_back(room)
    nobodys = await room.capture.open_visit(room.study, None, "Week 4")
    with pytest.raises(PictureError, match="B-007"):
        await drop(room, nobodys.id)


async def test_the_wrong_visit_does_not_send_it_a_second_time(room: Room) -> None:
    await take_back(room)
    visit = await right_visit(room)
    await drop(room, visit)
    await room.capture.reopen(room.visit)
    with pytest.raises(AnotherSubjectsPictureError, match="B-008"):
        await room.capture.finish(room.visit, "only the front")
    (batch,) = await room.batches()
    assert batch.state is BatchState.RETRACTED
    await room.capture.finish(visit, "only the front")
    assert [b.state for b in await room.batches() if b.visit_id == visit] == [BatchState.OPEN]


async def test_a_batch_of_anothers_picture_is_refused_by_the_record_itself(room: Room) -> None:
    await take_back(room)
    (former,) = await room.batches()
    await drop(room, await right_visit(room))
    await room.capture.reopen(room.visit)
    again = replace(
        former,
        id=BatchId(new_id()),
        state=BatchState.OPEN,
        retraction=None,
        images=tuple(
            replace(i, id=ImageId(new_id()), name=f"again-{i.name}") for i in former.images
        ),
    )
    with pytest.raises(AnotherSubjectsPictureError):
        await room.station.hand_overs.finish(room.visit, (again,), room.clock(), WRONG)


async def test_what_was_computed_there_is_computed_here_with_a_reason_only(room: Room) -> None:
    await room.submit()
    await take_back(room)
    visit = await right_visit(room)
    await drop(room, visit)
    with pytest.raises(ComputedAlreadyError):
        await room.capture.finish(visit, "only the front")
    await room.capture.finish(visit, "only the front", again="it lay under the wrong subject")


@pytest.mark.parametrize("erased", ("wrong", "right"))
async def test_erasing_the_one_leaves_the_other(room: Room, erased: str) -> None:
    await take_back(room)
    right, former = (await drop(room, await right_visit(room))).original, await wrong(room)
    gone, kept = (former, right) if erased == "wrong" else (right, former)
    erasure = await room.station.erasures.write(gone.id, Act(reason="withdrawn"))
    assert erasure is not None
    for name in erasure.files:
        room.vault.erase(name)
    assert room.vault.open(kept.vault_name, kept.digest.sha256) == FACE
    assert gone.vault_name not in room.vault.names()


async def test_a_rebuild_gives_both_back_and_sends_neither_twice(room: Room) -> None:
    await take_back(room)
    visit = await right_visit(room)
    right = await drop(room, visit)
    await room.station.aclose()
    room.station, rebuilt = await recover_station(room.station.folder, room.secrets, room.clock)
    assert (rebuilt.held, rebuilt.waiting_batches) == ((), 0)
    (batch,) = await room.batches()
    assert batch.state is BatchState.RETRACTED
    assert [one.original for one in await pictures_of(room, visit)] == [right.original]
    assert (await wrong(room)).digest == right.original.digest


async def test_a_start_after_a_cut_writes_it_down_where_it_belongs(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await take_back(room)
    visit = await right_visit(room)

    async def end(*_: object, **__: object) -> None:
        raise PowerCutError

    with monkeypatch.context() as patch:
        patch.setattr(PictureStore, "add", end)
        with pytest.raises(PowerCutError):
            await drop(room, visit)
    await start(room)
    (taken,) = await pictures_of(room, visit)
    assert len(warnings_of(taken)) == 1


@pytest.mark.parametrize("way", ("locked", "rebuilt"))
async def test_a_picture_that_waited_for_a_person_is_placed_with_the_same_warning(
    room: Room, way: str
) -> None:
    await take_back(room)
    if way == "locked":
        original = (await wait_one(room, 5)).held.original
    else:
        original, _ = await hold_strange(room)
    visit = await right_visit(room)
    (shelf, *_) = (await room.capture.sheet(visit)).shelves
    place = Placement(room.other.id, visit, "Week 4", shelf.slot)
    await placing_of(room).assign(original.id, room.study, place, WHY)
    (taken,) = await pictures_of(room, visit)
    assert len(warnings_of(taken)) == 1


async def test_words_about_a_picture_that_waits_say_what_hinders_it_first(room: Room) -> None:
    await take_back(room)
    places = await room.station.pictures.places_of((await wrong(room)).digest.sha256)
    assert "was taken back there" in elsewhere_words(places)
    await drop(room, await right_visit(room))
    places = await room.station.pictures.places_of((await wrong(room)).digest.sha256)
    assert "B-008" in elsewhere_words(places)
    assert "can't be placed twice" in elsewhere_words(places)
