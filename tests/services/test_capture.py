import asyncio
import errno
import logging
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from haut_desktop.domain.audit import Act
from haut_desktop.domain.computed_before import ComputedAlreadyError
from haut_desktop.domain.delivery import (
    BatchState,
    ImageState,
    RegistrationState,
    Route,
)
from haut_desktop.domain.errors import (
    DiskFullError,
    HautError,
    PictureError,
    StoreIOError,
    VisitClosedError,
)
from haut_desktop.domain.ids import CompanyId, OriginalId
from haut_desktop.domain.imaging import Batch, ImageType, Side, image_id_in
from haut_desktop.domain.retraction import Computed
from haut_desktop.domain.session import Account
from haut_desktop.domain.space import GIB
from haut_desktop.domain.subjects import CodeKind
from haut_desktop.domain.visits import VisitKind, VisitStatus
from haut_desktop.services import intake, looking, pictures, previews, quality
from haut_desktop.services.capture import IntakeOutcome, Pasted
from haut_desktop.services.changes import Change, Topic
from haut_desktop.services.disk_space import DiskSpace
from haut_desktop.store.vault import Sidecar, Vault
from tests.conftest import ExpectedLogs
from tests.fakes.builders import make_subject
from tests.photographs import bricks, encode, marked, portrait
from tests.services.rooms import Room, open_room
from tests.waiting import DEADLINE_S, eventually, in_time


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room(tmp_path) as opened:
        yield opened


A_WHILE_S = 0.5
"""Long enough for what should wait, and does not, to come to its end."""


def hold_up(
    monkeypatch: pytest.MonkeyPatch, method: str
) -> tuple[threading.Event, threading.Event]:
    """Let the vault's ``method`` wait: it has begun, and it may go on."""
    begun, go_on = threading.Event(), threading.Event()
    original = getattr(Vault, method)

    def wait(*arguments: object) -> object:
        begun.set()
        go_on.wait(DEADLINE_S)
        return original(*arguments)

    monkeypatch.setattr(Vault, method, wait)
    return begun, go_on


# ---- visits


async def test_a_visit_opens_with_the_plans_slots(room: Room) -> None:
    sheet = await room.sheet()
    assert [s.slot.side for s in sheet.shelves] == [Side.FRONT, Side.LEFT, Side.RIGHT]
    assert [s.slot.is_required for s in sheet.shelves] == [True, False, False]
    assert sheet.visit.kind is VisitKind.PLANNED


async def test_the_visits_date_is_the_sites(room: Room) -> None:
    room.clock.now = room.clock.now.replace(hour=23, minute=30)
    visit = await room.capture.open_visit(room.study, room.subject.id, "Week 4")
    assert visit.local_date.day == room.clock.now.day + 1


async def test_an_open_visit_is_given_back_instead_of_a_second_one(room: Room) -> None:
    again = await room.capture.open_visit(room.study, room.subject.id, " Baseline ")
    assert again.id == room.visit


async def test_a_visit_that_is_started_twice_at_once_is_one_visit(room: Room) -> None:
    start = room.capture.open_visit
    one, two = await asyncio.gather(
        *(start(room.study, room.subject.id, "Week 4") for _ in range(2))
    )
    assert one == two


async def test_a_finished_visits_name_makes_a_repeat(room: Room) -> None:
    await room.take_face()
    await room.capture.finish(room.visit)
    again = await room.capture.open_visit(room.study, room.subject.id, "Baseline")
    assert (again.occurrence, again.kind) == (2, VisitKind.REPEAT)


async def test_an_unplanned_name_makes_an_unscheduled_visit(room: Room) -> None:
    visit = await room.capture.open_visit(room.study, room.subject.id, "Rash")
    assert visit.kind is VisitKind.UNSCHEDULED


async def test_planned_names_are_those_still_to_come(room: Room) -> None:
    names = await room.capture.planned_names(room.study, room.subject.id)
    assert names == ("Week 4", "Week 8", "Week 12")


# ---- taking in


async def test_nothing_is_written_where_a_picture_comes_from(room: Room, tmp_path: Path) -> None:
    """A card may be write-protected, and its owner may not want it touched in any case."""
    card = tmp_path / "card"
    card.mkdir()
    (card / "front.jpg").write_bytes(marked(1))
    card.chmod(0o555)

    def state() -> list[tuple[str, int, int, int]]:
        found = [(path, path.stat()) for path in (card, *card.iterdir())]
        return [(path.name, s.st_mtime_ns, s.st_ctime_ns, s.st_mode) for path, s in found]

    before = state()
    (picture,) = intake.expand(card)
    await room.capture.take_in(room.visit, picture)
    assert state() == before


async def test_a_picture_is_sealed_and_described(room: Room) -> None:
    data = encode(portrait(), orientation=6, taken="2026:03:01 10:00:00", offset="+01:00")
    taken = await room.capture.take_in(room.visit, room.file("front.jpg", data))
    assert await room.capture.picture(taken.original.id) == data
    assert taken.original.orientation == 6
    assert taken.original.captured.source == "exif-original"
    assert taken.original.captured.utc.hour == 9
    assert taken.rendition.digest == taken.original.digest
    assert taken.rendition.vault_name == taken.original.vault_name
    kept = (await room.sheet()).shelves[0].counting
    assert kept is not None
    assert kept.original == taken.original
    assert kept.verdicts == taken.verdicts


_JPEG = b"\xff\xe0\x00\x10JFIF\x00"
"""How a picture or a thumbnail begins; fewer bytes stand by chance in what is sealed."""


def _contents(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


async def test_no_plain_picture_lies_on_the_disk(room: Room, tmp_path: Path) -> None:
    data = marked(1)
    taken = await room.capture.take_in(room.visit, Pasted(data))
    small = await room.capture.thumbnail(taken.original.id, 96)
    assert all(_JPEG in plain for plain in (data, small))
    for content in _contents(tmp_path):
        assert data[2000:2060] not in content
        assert _JPEG not in content


async def test_a_pasted_picture_is_made_into_bytes_away_from_the_loop(room: Room) -> None:
    ran_in: list[int] = []

    def encode() -> bytes:
        ran_in.append(threading.get_ident())
        return marked(1)

    taken = await room.capture.take_in(room.visit, Pasted(encode))
    assert await room.capture.picture(taken.original.id) == marked(1)
    assert ran_in
    assert threading.get_ident() not in ran_in


async def test_the_sidecar_says_whose_picture_it_is(room: Room) -> None:
    taken = await room.capture.take_in(room.visit, room.file("left.jpg", marked(1)))
    sidecar = room.vault.sidecar(taken.original.vault_name)
    assert sidecar.subject_code == "B-007"
    assert sidecar.visit_name == "Baseline"
    assert sidecar.digest == taken.original.digest
    assert sidecar.original_id == taken.original.id


async def test_the_sidecar_follows_a_moved_picture(room: Room) -> None:
    taken = await room.capture.take_in(room.visit, room.file("left.jpg", marked(1)))
    right = (await room.sheet()).shelves[2]
    await room.capture.move_take(taken.take.id, right.slot.id, "sides were swapped")
    assert room.vault.sidecar(taken.original.vault_name).slot == "right view"
    assert (await room.sheet()).shelves[2].counting is not None


async def test_a_visit_before_registration_is_given_its_subject(room: Room) -> None:
    visit = await room.capture.open_visit(room.study, None, "Baseline")
    taken = await room.capture.take_in(visit.id, room.file("front.jpg", marked(1)))
    assert room.vault.sidecar(taken.original.vault_name).subject_code == ""
    await room.capture.assign(visit.id, room.other.id)
    sidecar = room.vault.sidecar(taken.original.vault_name)
    assert (sidecar.subject_id, sidecar.subject_code) == (room.other.id, "B-008")


@pytest.mark.parametrize(
    ("name", "side"),
    (("left.jpg", Side.LEFT), ("B-007_R.jpg", Side.RIGHT), ("IMG_0001.JPG", Side.FRONT)),
)
async def test_a_picture_finds_its_slot_by_its_name(room: Room, name: str, side: Side) -> None:
    assert await room.side_of(room.file(name, marked(1))) is side


async def test_pictures_without_a_name_fill_the_slots_in_order_and_then_free_ones(
    room: Room,
) -> None:
    sides = [await room.side_of(room.file(f"IMG_{n}.JPG", marked(n))) for n in range(4)]
    assert sides == [Side.FRONT, Side.LEFT, Side.RIGHT, Side.OTHER]


async def test_a_second_picture_of_a_side_is_a_retake_that_counts(room: Room) -> None:
    await room.capture.take_in(room.visit, room.file("front.jpg", marked(1)))
    second = await room.capture.take_in(room.visit, room.file("front.jpg", marked(2)))
    shelf = (await room.sheet()).shelves[0]
    assert [t.take.number for t in shelf.takes] == [1, 2]
    assert shelf.counting is not None
    assert shelf.counting.take.id == second.take.id


async def test_a_chosen_slot_is_stronger_than_the_name(room: Room) -> None:
    slot = (await room.sheet()).shelves[2].slot
    taken = await room.capture.take_in(room.visit, room.file("left.jpg", marked(1)), slot.id)
    assert taken.take.slot_id == slot.id


async def test_the_next_number_follows_a_removed_take(room: Room) -> None:
    first = await room.capture.take_in(room.visit, room.file("front.jpg", marked(1)))
    await room.capture.remove_take(first.take.id, "moved")
    second = await room.capture.take_in(room.visit, room.file("front.jpg", marked(2)))
    assert second.take.number == 2


async def test_a_removed_picture_can_be_added_again(room: Room) -> None:
    path = room.file("front.jpg", marked(1))
    first = await room.capture.take_in(room.visit, path)
    await room.capture.remove_take(first.take.id)
    await room.capture.take_in(room.visit, path)
    assert (await room.sheet()).shelves[0].counting is not None


async def test_a_wrong_extension_does_not_matter(room: Room) -> None:
    taken = await room.capture.take_in(room.visit, room.file("front.txt", marked(1, "PNG")))
    assert taken.original.media_type == "image/png"


async def test_a_picture_without_a_face_is_taken_in_and_said(room: Room) -> None:
    taken = await room.capture.take_in(room.visit, room.file("front.jpg", encode(bricks())))
    assert "no-face" in {verdict.code for verdict in taken.verdicts}


async def test_a_picture_of_another_day_is_said(room: Room) -> None:
    data = encode(portrait(), taken="2025:12:24 10:00:00")
    taken = await room.capture.take_in(room.visit, room.file("front.jpg", data))
    (said,) = (verdict.text for verdict in taken.verdicts if verdict.code == "other-day")
    assert "taken on 24 Dec 2025, and the visit is on 1 Mar 2026." in said


@pytest.mark.parametrize("is_day_checked", [True, False])
async def test_a_yes_to_a_picture_of_another_day_stands_in_the_trail(
    room: Room, is_day_checked: bool
) -> None:
    account = Account("https://saas.haut.ai", CompanyId("company-1"), 7, "tech@example.com")
    room.at_work.append((await room.station.studies.operator_for(account)).id)
    data = encode(portrait(), taken="2025:12:24 10:00:00")
    strange = await room.capture.take_in(room.visit, room.file("front.jpg", data))
    usual = await room.capture.take_in(room.visit, room.file("left.jpg", marked(1)))
    shown = (await room.sheet()).arrangement
    await room.capture.finish(room.visit, shown=shown, is_day_checked=is_day_checked)
    said = [
        (entry.entity_id, entry.operator_id, entry.old, entry.new, entry.reason)
        for taken in (strange, usual)
        for entry in await room.station.audit.of_entity(taken.original.id)
        if entry.action == "picture.day-confirmed"
    ]
    yes = (strange.original.id, room.at_work[0], "2025-12-24", "2026-03-01", "")
    assert said == ([yes] if is_day_checked else [])


async def test_the_screen_hears_of_a_new_picture(room: Room) -> None:
    room.changes.clear()
    await room.capture.take_in(room.visit, Pasted(marked(1)))
    assert room.changes == [Change(Topic.VISITS, frozenset({room.visit}))]


# ---- bad input


async def _refused(room: Room, source: Path | Pasted) -> HautError:
    before = room.vault.names()
    with pytest.raises(HautError) as caught:
        await room.capture.take_in(room.visit, source)
    assert room.vault.names() == before
    assert all(not shelf.takes for shelf in (await room.sheet()).shelves)
    return caught.value


@pytest.mark.parametrize(
    ("data", "words"),
    (
        (b"", "empty"),
        (b"a letter", "not a picture"),
        (marked(1)[:9000], "damaged or not complete"),
        (encode(np.zeros((1, 1, 3), np.uint8), "PNG"), "1 × 1"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "export it as JPEG"),
    ),
)
async def test_a_bad_picture_is_refused_without_a_trace(
    room: Room, data: bytes, words: str
) -> None:
    error = await _refused(room, room.file("front.jpg", data))
    assert isinstance(error, PictureError)
    assert words.lower() in error.message.lower()


async def test_forty_megabytes_are_refused(room: Room) -> None:
    path = room.file("front.jpg", b"")
    with path.open("wb") as file:
        file.truncate(40 * 2**20)
    assert "40.0 MB" in (await _refused(room, path)).message


async def test_a_file_that_vanished_is_refused(room: Room) -> None:
    assert "no longer there" in (await _refused(room, room.folder / "front.jpg")).message


async def test_the_same_picture_twice_is_refused_with_its_place(room: Room) -> None:
    await room.capture.take_in(room.visit, room.file("front.jpg", marked(1)))
    with pytest.raises(PictureError, match="in this visit already as front view"):
        await room.capture.take_in(room.visit, room.file("left.jpg", marked(1)))


async def test_the_same_picture_dropped_twice_at_once_is_taken_once(room: Room) -> None:
    path = room.file("front.jpg", marked(1))
    outcomes = await asyncio.gather(
        *(room.capture.take_in(room.visit, path) for _ in range(3)), return_exceptions=True
    )
    assert sum(isinstance(outcome, PictureError) for outcome in outcomes) == 2


async def test_a_picture_of_another_subject_is_refused_with_the_code(room: Room) -> None:
    theirs = await room.capture.open_visit(room.study, room.other.id, "Week 4")
    await room.capture.take_in(theirs.id, room.file("front.jpg", marked(1)))
    error = await _refused(room, room.file("again.jpg", marked(1)))
    assert "B-008" in error.message
    assert "Week 4" in error.message


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("B-008_front.jpg", "rename the file"),
        ("front b-008 (2).jpg", "rename the file"),
        ("B-008/IMG_0001.jpg", "rename the folder"),
        ("B-008, Baseline/front.jpg", "rename the folder"),
        ("B-007/B-008_front.jpg", "rename the file"),
    ],
)
async def test_a_name_with_another_subjects_code_is_refused_with_the_code(
    room: Room, name: str, advice: str
) -> None:
    error = await _refused(room, room.file(name, marked(1)))
    assert error.title == "This may be another subject's picture"
    assert "B-008" in error.message
    assert "B-007" in error.message
    assert "open subject B-008" in error.message
    assert advice in error.message


@pytest.mark.parametrize(
    "name",
    [
        "B-007_front.jpg",
        "B-008/B-007 front.jpg",
        "B-007 not B-008.jpg",
        "AB-008.jpg",
        "B-0081.jpg",
        "B-009_front.jpg",
    ],
)
async def test_a_name_that_is_no_other_subjects_stops_nothing(room: Room, name: str) -> None:
    await room.capture.take_in(room.visit, room.file(name, marked(1)))


@pytest.mark.parametrize("code", ["1", "001", "0001", "10-01", "V2"])
async def test_a_code_that_a_camera_could_have_counted_is_looked_for_as_a_folder_alone(
    room: Room, code: str
) -> None:
    await room.station.subjects.add(make_subject(room.study, code), Act())
    error = await _refused(room, room.file(f"{code}/IMG_0001.jpg", marked(9)))
    assert f"subject {code}" in error.message
    names = (f"IMG_{code}.jpg", f"{code}.jpg", f"{code} front.jpg", f"{code} days/IMG.jpg")
    for number, name in enumerate(names):
        await room.capture.take_in(room.visit, room.file(name, marked(number)))


async def test_a_name_with_another_subjects_former_code_is_refused_with_both(room: Room) -> None:
    change = room.station.subjects.change_code
    await change(room.other.id, "R-0100", CodeKind.RANDOMISATION, Act(None, "randomised"))
    error = await _refused(room, room.file("B-008 front.jpg", marked(1)))
    assert "“B-008”" in error.message
    assert "subject R-0100" in error.message


async def test_a_code_that_both_have_had_stops_nothing(room: Room) -> None:
    change = room.station.subjects.change_code
    await change(room.other.id, "R-0100", CodeKind.RANDOMISATION, Act(None, "a mistake"))
    await change(room.subject.id, "B-008", CodeKind.RANDOMISATION, Act(None, "a mistake"))
    await room.capture.take_in(room.visit, room.file("B-008 front.jpg", marked(1)))


async def test_a_code_that_was_given_up_is_the_subjects_that_has_it_now(room: Room) -> None:
    change = room.station.subjects.change_code
    await change(room.other.id, "R-0100", CodeKind.RANDOMISATION, Act(None, "a mistake"))
    await change(room.subject.id, "B-008", CodeKind.RANDOMISATION, Act(None, "a mistake"))
    theirs = await room.capture.open_visit(room.study, room.other.id, "Week 4")
    with pytest.raises(PictureError, match="open subject B-008"):
        await room.capture.take_in(theirs.id, room.file("B-008 front.jpg", marked(1)))


async def test_a_description_with_another_subjects_code_is_refused_with_the_code(
    room: Room,
) -> None:
    for data in (
        encode(portrait(), described="B-008, week 0"),
        encode(portrait(), comment="id B-008"),
    ):
        error = await _refused(room, room.file("B-007 front.jpg", data))
        assert "inside the file" in error.message
        assert "B-008" in error.message
    own = encode(portrait(), described="B-007, not B-008")
    await room.capture.take_in(room.visit, room.file("B-007 front.jpg", own))


async def test_another_subjects_code_stops_its_picture_alone_and_is_in_no_log(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sources = [room.file(name, marked(n)) for n, name in enumerate(("a.jpg", "B-008.jpg", "c.jpg"))]
    outcomes: list[IntakeOutcome] = []
    await room.capture.take_in_all(room.visit, sources, outcomes.append)
    assert [outcome.error is None for outcome in outcomes] == [True, False, True]
    assert len(list(room.vault.names())) == 2
    assert "B-008" not in caplog.text


async def test_a_retake_with_another_subjects_code_is_refused(room: Room) -> None:
    await room.take_face()
    await room.capture.finish(room.visit)
    await room.arrive()
    slot = (await room.sheet()).shelves[0].slot
    source = room.file("B-008 front.jpg", marked(9))
    with pytest.raises(PictureError, match="B-008"):
        await room.capture.retake(room.visit, source, slot.id, "blurred")


async def test_a_picture_of_an_earlier_visit_is_refused_with_the_visit(room: Room) -> None:
    earlier = await room.capture.open_visit(room.study, room.subject.id, "Week 4")
    await room.capture.take_in(earlier.id, room.file("front.jpg", marked(1)))
    error = await _refused(room, room.file("front.jpg", marked(1)))
    assert "Week 4" in error.message


async def test_a_disk_that_is_nearly_full_refuses_before_it_is_too_late(room: Room) -> None:
    room.free_bytes[0] = GIB // 2 - 1
    error = await _refused(room, room.file("front.jpg", marked(1)))
    assert isinstance(error, DiskFullError)
    assert "511 MB" in error.message or "512 MB" in error.message


async def test_a_disk_that_is_getting_full_takes_pictures_in(room: Room) -> None:
    room.free_bytes[0] = GIB - 1
    await room.capture.take_in(room.visit, Pasted(marked(1)))


async def test_one_bad_file_stops_no_other(room: Room) -> None:
    sources = [
        room.file("a/front.jpg", marked(1)),
        room.file("a/left.jpg", b"a letter"),
        room.folder / "gone.jpg",
        room.file("a/right.jpg", marked(2)),
    ]
    outcomes: list[IntakeOutcome] = []
    await room.capture.take_in_all(room.visit, sources, outcomes.append)
    assert [outcome.error is None for outcome in outcomes] == [True, False, False, True]


@pytest.mark.parametrize("method", ("read", "inspect"))
async def test_what_nobody_foresaw_in_one_picture_stops_no_other(
    room: Room, monkeypatch: pytest.MonkeyPatch, expected_log: ExpectedLogs, method: str
) -> None:
    expected_log("a picture failed with AssertionError")
    module = intake if method == "read" else pictures
    original = getattr(module, method)
    sources = [room.file("odd.jpg", marked(1)), room.file("front.jpg", marked(2))]

    def fail_at_the_odd_one(given: object, *more: object) -> object:
        if given in {sources[0], marked(1)}:
            raise AssertionError("a bug of ours")
        return original(given, *more)

    monkeypatch.setattr(module, method, fail_at_the_odd_one)
    outcomes: list[IntakeOutcome] = []
    await room.capture.take_in_all(room.visit, sources, outcomes.append)
    odd, good = outcomes
    assert odd.error is not None
    assert "Nothing of it was kept" in odd.error.message
    assert good.taken is not None


async def test_all_are_sealed_before_any_is_judged_and_all_are_judged_in_the_end(
    room: Room,
) -> None:
    sources = [room.file(f"IMG_{n}.jpg", marked(n)) for n in range(3)]
    told: list[str] = []
    await room.capture.take_in_all(
        room.visit,
        sources,
        lambda outcome: told.append(outcome.name),
        on_judged=lambda: told.append("judged"),
    )
    assert told == ["IMG_0.jpg", "IMG_1.jpg", "IMG_2.jpg", *["judged"] * 3]
    takes = [taken for shelf in (await room.sheet()).shelves for taken in shelf.takes]
    assert all(taken.verdicts for taken in takes)


async def test_what_was_sealed_before_a_drop_was_stopped_is_judged(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = [room.file(f"IMG_{n}.jpg", marked(n)) for n in range(6)]
    outcomes: list[IntakeOutcome] = []
    original = Vault.seal
    second, go_on = threading.Event(), threading.Event()

    def seal(self: Vault, data: bytes, sidecar: Sidecar) -> str:
        if outcomes:
            second.set()
            go_on.wait(DEADLINE_S)
        return original(self, data, sidecar)

    monkeypatch.setattr(Vault, "seal", seal)
    drop = asyncio.create_task(room.capture.take_in_all(room.visit, sources, outcomes.append))
    await eventually(second.is_set)
    drop.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await drop
    assert len(outcomes) == 1

    async def is_judged() -> bool:
        counting = (await room.sheet()).shelves[0].counting
        return counting is not None and bool(counting.verdicts)

    await in_time(is_judged)


async def test_a_drop_that_is_stopped_just_after_a_commit_leaves_nothing_unjudged(
    room: Room,
) -> None:
    source, keep = room.file("IMG_0.jpg", marked(0)), room.capture._previews.keep

    async def stopped(original_id: OriginalId, small: bytes) -> None:
        drop.cancel()
        await keep(original_id, small)

    room.capture._previews.keep = stopped  # type: ignore[method-assign]
    drop = asyncio.create_task(room.capture.take_in_all(room.visit, [source], lambda _: None))
    with pytest.raises(asyncio.CancelledError):
        await drop

    async def is_judged() -> bool:
        counting = (await room.sheet()).shelves[0].counting
        return counting is not None and bool(counting.verdicts)

    await in_time(is_judged)


async def test_pictures_come_in_their_order_however_long_each_is_looked_at(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = [room.file(f"IMG_{n}.jpg", marked(n)) for n in range(4)]
    original, second = intake.read, threading.Event()

    def read(source: Path) -> intake.ReadPicture:
        if source == sources[0]:
            assert second.wait(DEADLINE_S), "the next one is looked at meanwhile"
        if source == sources[1]:
            second.set()
        return original(source)

    monkeypatch.setattr(intake, "read", read)
    outcomes: list[IntakeOutcome] = []
    await room.capture.take_in_all(room.visit, sources, outcomes.append)
    assert [outcome.name for outcome in outcomes] == [path.name for path in sources]
    numbers = [s.takes[0].original.file_name for s in (await room.sheet()).shelves if s.takes]
    assert numbers == [path.name for path in sources]


async def test_few_pictures_are_in_memory_however_many_are_dropped(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = [room.file(f"IMG_{n}.jpg", marked(n)) for n in range(looking.AHEAD + 4)]
    original, read = intake.read, list[Path]()
    sealed: list[int] = []

    def note(source: Path) -> intake.ReadPicture:
        read.append(source)
        return original(source)

    monkeypatch.setattr(intake, "read", note)
    await room.capture.take_in_all(
        room.visit, sources, lambda _outcome: sealed.append(len(read) - len(sealed))
    )
    assert max(sealed) <= looking.AHEAD + 1
    assert len(read) == len(sources)


async def test_a_drops_thumbnails_are_made_on_the_way_in(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = await room.capture.take_in(room.visit, Pasted(marked(1)))
    monkeypatch.delattr(Vault, "open")
    assert await room.capture.thumbnail(taken.original.id, previews.PREVIEW_EDGE_PX)


async def test_a_disk_that_does_not_answer_is_said(room: Room) -> None:
    def fail(_: Path) -> int:
        raise OSError(errno.EIO, "Input/output error")

    space = DiskSpace(room.folder, free_bytes_of=fail)
    with pytest.raises(StoreIOError):
        space.check()
    with pytest.raises(StoreIOError):
        space.room()


async def test_a_folder_that_may_not_be_looked_at_is_refused(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "is_dir", refuse)
    with pytest.raises(PictureError, match="may not open the folder"):
        intake.expand(Path("card"))


async def test_a_picture_that_is_in_stays_in_whatever_its_check_does(
    room: Room, monkeypatch: pytest.MonkeyPatch, expected_log: ExpectedLogs
) -> None:
    expected_log("could not be judged")

    def fail(*_: object, **__: object) -> None:
        raise OverflowError("date value out of range")

    monkeypatch.setattr(quality, "judge_view", fail)
    taken = await room.capture.take_in(room.visit, Pasted(marked(1)))
    assert taken.verdicts == ()


async def test_a_folder_is_taken_in_by_name(room: Room) -> None:
    for number, name in enumerate(("right.jpg", "front.jpg", "left.jpg")):
        room.file(f"visit/{name}", marked(number))
    room.file("visit/notes.txt", b"x")
    outcomes: list[IntakeOutcome] = []
    await room.capture.take_in_all(room.visit, [room.folder / "visit"], outcomes.append)
    assert [outcome.name for outcome in outcomes] == ["front.jpg", "left.jpg", "right.jpg"]
    assert all(shelf.counting for shelf in (await room.sheet()).shelves)


async def test_a_folder_of_five_hundred_is_refused_and_the_rest_goes_on(room: Room) -> None:
    for number in range(500):
        room.file(f"archive/IMG_{number:03}.jpg", b"x")
    outcomes: list[IntakeOutcome] = []
    sources = [room.folder / "archive", room.file("front.jpg", marked(1))]
    await room.capture.take_in_all(room.visit, sources, outcomes.append)
    assert outcomes[0].error is not None
    assert "this visit's pictures" in outcomes[0].error.message
    assert outcomes[1].taken is not None
    assert len(room.vault.names()) == 1


async def test_a_disk_that_fills_up_while_sealing_leaves_no_row(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Vault, data: bytes, sidecar: object) -> str:
        raise DiskFullError from OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Vault, "seal", fail)
    assert isinstance(await _refused(room, room.file("front.jpg", marked(1))), DiskFullError)


# ---- previews


@pytest.mark.parametrize("orientation", tuple(range(1, 9)))
async def test_a_thumbnail_lies_as_the_decoded_picture_does(room: Room, orientation: int) -> None:
    data = encode(portrait()[:, :300], orientation=orientation)
    taken = await room.capture.take_in(room.visit, Pasted(data))
    jpeg = await room.capture.thumbnail(taken.original.id, 128)
    small = np.asarray(Image.open(BytesIO(jpeg)), np.uint8)
    upright = pictures.decode(data)
    assert max(small.shape[:2]) == 128
    assert (small.shape[0] > small.shape[1]) == (upright.shape[0] > upright.shape[1])
    shrunk = np.asarray(Image.fromarray(upright).resize(small.shape[1::-1]), int)
    assert np.abs(shrunk - small).mean() < 6
    assert await room.capture.thumbnail(taken.original.id, 128) == jpeg


async def test_the_previous_front_is_the_latest_earlier_one(room: Room) -> None:
    first = await room.capture.take_in(room.visit, room.file("front.jpg", marked(1)))
    room.clock.advance(60)
    week_4 = await room.capture.open_visit(room.study, room.subject.id, "Week 4")
    assert await room.capture.previous_front(room.subject.id, week_4.id) == first.original.id
    assert await room.capture.previous_front(room.subject.id, room.visit) is None


# ---- finishing


async def test_an_empty_visit_is_not_finished(room: Room) -> None:
    assert room.capture.problems(await room.sheet()) == ("The visit has no picture yet.",)
    with pytest.raises(PictureError, match="no new picture"):
        await room.capture.finish(room.visit, "nobody came")


async def test_a_missing_required_view_needs_a_reason(room: Room) -> None:
    await room.capture.take_in(room.visit, room.file("left.jpg", marked(1)))
    assert room.capture.problems(await room.sheet()) == ("The front view is missing.",)
    with pytest.raises(PictureError, match="front view is missing"):
        await room.capture.finish(room.visit, "  ")
    visit = await room.capture.finish(room.visit, "bandage on the forehead")
    assert visit.status is VisitStatus.FINISHED
    trail = await room.station.audit.of_entity(visit.id)
    assert "bandage on the forehead" in {entry.reason for entry in trail}


async def test_a_finished_visits_face_is_one_signed_batch_that_rests(room: Room) -> None:
    await room.take_face()
    visit = await room.capture.finish(room.visit)
    (batch,) = await room.batches()
    assert (batch.route, batch.state) == (Route.SIGNED, BatchState.OPEN)
    assert {image.side for image in batch.images} == {Side.FRONT, Side.LEFT, Side.RIGHT}
    assert {image.state for image in batch.images} == {ImageState.SEALED}
    assert all(image_id_in(image.name) == image.id for image in batch.images)
    assert batch.not_before == visit.not_before
    assert visit.not_before is not None
    assert (visit.not_before - room.clock.now).total_seconds() == room.study.plan.resting_s
    assert Topic.OUTBOX in {change.topic for change in room.changes}


async def test_a_subject_without_an_entry_in_the_dataset_is_drafted_there(room: Room) -> None:
    stranger = replace(make_subject(room.study, "B-009"), registrations=())
    await room.station.subjects.add(stranger, Act())
    visit = await room.capture.open_visit(room.study, stranger.id, "Baseline")
    await room.capture.take_in(visit.id, room.file("front.jpg", marked(1)))
    await room.capture.finish(visit.id)
    known = await room.station.registrations.of(stranger.id, room.study.datasets[0].id)
    assert known is not None
    assert known.state is RegistrationState.DRAFT


async def test_only_the_take_that_counts_goes(room: Room) -> None:
    first = await room.capture.take_in(room.visit, room.file("front.jpg", marked(1)))
    await room.capture.take_in(room.visit, room.file("front.jpg", marked(2)))
    await room.capture.choose_take(first.take.id, "sharper")
    await room.capture.finish(room.visit)
    (batch,) = await room.batches()
    assert [image.rendition.id for image in batch.images] == [first.rendition.id]


async def test_what_the_signed_way_has_no_place_for_goes_inline(room: Room) -> None:
    await room.take_face()
    slot = await room.capture.add_free_slot(room.visit, Side.OTHER)
    await room.capture.take_in(room.visit, room.file("mole.jpg", marked(9)), slot.id)
    await room.capture.finish(room.visit)
    ways = {batch.route: len(batch.images) for batch in await room.batches()}
    assert ways == {Route.SIGNED: 3, Route.INLINE: 1}


async def test_a_picture_without_a_dataset_is_said_before_anything_goes(room: Room) -> None:
    await room.take_face()
    slot = await room.capture.add_free_slot(room.visit, Side.OTHER, ImageType.HAIR)
    await room.capture.take_in(room.visit, room.file("hair.jpg", marked(9)), slot.id)
    with pytest.raises(PictureError, match="no dataset for hair pictures"):
        await room.capture.finish(room.visit)
    assert (await room.sheet()).visit.status is VisitStatus.OPEN


async def test_a_visit_without_a_subject_is_not_finished(room: Room) -> None:
    visit = await room.capture.open_visit(room.study, None, "Baseline")
    await room.capture.take_in(visit.id, room.file("front.jpg", marked(1)))
    with pytest.raises(PictureError, match="whose pictures"):
        await room.capture.finish(visit.id)


async def test_a_finished_visit_takes_nothing_in(room: Room) -> None:
    await room.take_face()
    await room.capture.finish(room.visit)
    with pytest.raises(VisitClosedError, match="Reopen"):
        await room.capture.take_in(room.visit, Pasted(marked(9)))
    with pytest.raises(VisitClosedError):
        await room.capture.finish(room.visit)


async def test_a_picture_that_is_being_sealed_is_waited_for_by_finishing(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await room.take_face()
    begun, go_on = hold_up(monkeypatch, "seal")
    sealing = asyncio.create_task(room.capture.take_in(room.visit, Pasted(marked(9))))
    await eventually(begun.is_set)
    finishing = asyncio.create_task(room.capture.finish(room.visit))
    await asyncio.wait((finishing,), timeout=A_WHILE_S)
    go_on.set()
    taken = await sealing
    await finishing
    gone = [image.rendition.id for batch in await room.batches() for image in batch.images]
    assert (len(gone), taken.rendition.id in gone) == (4, True)


async def test_a_picture_is_not_removed_while_its_visit_is_being_finished(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await room.take_face()
    (gone, *_) = [shelf.counting for shelf in (await room.sheet()).shelves]
    assert gone is not None
    begun, go_on = hold_up(monkeypatch, "set_sidecar")
    finishing = asyncio.create_task(room.capture.finish(room.visit))
    await eventually(begun.is_set)
    removing = asyncio.create_task(room.capture.remove_take(gone.take.id, "wrong person"))
    await asyncio.wait((removing,), timeout=A_WHILE_S)
    go_on.set()
    await finishing
    with pytest.raises(VisitClosedError, match="Reopen"):
        await removing


async def test_what_has_changed_since_it_was_shown_is_not_finished(room: Room) -> None:
    await room.take_face()
    shown = (await room.sheet()).arrangement
    await room.capture.take_in(room.visit, room.file("front.jpg", marked(9)))
    with pytest.raises(VisitClosedError, match="no longer those that you have looked at"):
        await room.capture.finish(room.visit, shown=shown)
    await room.capture.finish(room.visit, shown=(await room.sheet()).arrangement)


async def test_a_resting_visit_is_reopened_and_finished_again(room: Room) -> None:
    await room.take_face()
    await room.capture.finish(room.visit)
    assert (await room.capture.reopen(room.visit)).status is VisitStatus.OPEN
    assert await room.batches() == ()
    await room.capture.take_in(room.visit, room.file("front.jpg", marked(9)))
    await room.capture.finish(room.visit)
    assert len(await room.batches()) == 1


async def test_a_visit_that_has_left_is_not_reopened(room: Room) -> None:
    await room.take_face()
    await room.capture.finish(room.visit)
    await room.deliver()
    with pytest.raises(VisitClosedError):
        await room.capture.reopen(room.visit)


async def test_a_retake_after_delivery_supersedes_and_sends_only_the_new_picture(
    room: Room,
) -> None:
    await room.take_face()
    await room.capture.finish(room.visit)
    gone = await room.deliver()
    slot = (await room.sheet()).shelves[0].slot
    taken = await room.capture.retake(
        room.visit, room.file("front.jpg", marked(9)), slot.id, "eyes were closed"
    )
    fresh = next(batch for batch in await room.batches() if batch.id != gone.id)
    assert fresh.supersedes == gone.id
    assert [image.rendition.id for image in fresh.images] == [taken.rendition.id]


async def test_what_was_taken_back_goes_again_by_a_later_act_only(room: Room) -> None:
    await room.take_face()
    await room.capture.finish(room.visit)
    (first,) = await room.batches()
    await room.station.retractions.ask(first.id, Act(reason="left and right are mixed up"))
    front = (await room.sheet()).shelves[0].slot
    new = room.file("again.jpg", marked(40))
    await room.capture.retake(room.visit, new, front.id, "blurred")
    _, second = await room.batches()
    assert (second.supersedes, len(second.images)) == (first.id, 1)


async def test_a_visit_that_was_taken_back_is_reopened_and_finished_again(room: Room) -> None:
    await room.take_face()
    await room.capture.finish(room.visit)
    (first,) = await room.batches()
    await room.station.retractions.ask(first.id, Act(reason="left and right are mixed up"))
    await room.capture.reopen(room.visit)
    await room.capture.finish(room.visit)
    old, new = await room.batches()
    assert (old.id, old.state) == (first.id, BatchState.RETRACTED)
    assert (new.supersedes, new.state, len(new.images)) == (first.id, BatchState.OPEN, 3)
    assert {image.id for image in new.images}.isdisjoint(image.id for image in old.images)
    sheet = await room.sheet()
    going = {taken.image.id for s in sheet.shelves for taken in s.takes if taken.image}
    assert going == {image.id for image in new.images}


async def computed_and_taken_back(room: Room) -> Batch:
    """A visit whose pictures were computed, and then its batch was taken back."""
    await room.take_face()
    await room.capture.finish(room.visit)
    batch = await room.submit()
    await room.station.retractions.ask(batch.id, Act(reason="left and right are mixed up"))
    await room.station.retractions.end(batch.id, ())
    return batch


async def test_what_was_computed_is_finished_again_with_a_reason_only(room: Room) -> None:
    batch = await computed_and_taken_back(room)
    await room.capture.reopen(room.visit)
    before = await room.capture.computed_before(room.visit)
    assert {(one.batch_id, one.computed) for one in before} == {(batch.id, Computed.YES)}
    for again in ("", "   "):
        with pytest.raises(ComputedAlreadyError, match="computed already"):
            await room.capture.finish(room.visit, again=again)
    (shelf, *_) = (await room.sheet()).shelves
    assert shelf.counting is not None
    record = room.vault.sidecar(shelf.counting.original.vault_name).record
    assert record is not None
    assert record.batch is None or record.batch.id == batch.id
    await room.capture.finish(room.visit, again=" the scores were lost ")
    _, fresh = await room.batches()
    assert (fresh.again, fresh.supersedes) == ("the scores were lost", batch.id)
    assert await room.capture.computed_before(room.visit) == ()


async def test_beside_a_new_picture_only_the_computed_ones_are_asked_about(room: Room) -> None:
    await computed_and_taken_back(room)
    await room.capture.reopen(room.visit)
    front = (await room.sheet()).shelves[0].slot
    await room.capture.take_in(room.visit, Pasted(marked(40)), front.id)
    assert len(await room.capture.computed_before(room.visit)) == 2
    for shelf in (await room.sheet()).shelves[1:]:
        assert shelf.counting is not None
        await room.capture.remove_take(shelf.counting.take.id)
    await room.capture.finish(room.visit, "only the front was retaken", again="not needed")
    _, fresh = await room.batches()
    assert (fresh.again, len(fresh.images)) == ("", 1)


async def test_bytes_that_were_computed_and_erased_are_no_retake(room: Room) -> None:
    await computed_and_taken_back(room)
    shelf = (await room.sheet()).shelves[0]
    assert shelf.counting is not None
    await room.station.erasures.write(shelf.counting.original.id, Act(reason="by mistake"))
    with pytest.raises(ComputedAlreadyError):
        await room.capture.retake(
            room.visit, Pasted(marked(0)), shelf.slot.id, "the same once more"
        )
    assert len((await room.sheet()).shelves[0].takes) == 1
    assert len(await room.batches()) == 1


async def test_a_retake_that_is_cut_short_leaves_no_picture_without_its_batch(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await room.take_face()
    await room.capture.finish(room.visit)
    await room.deliver()

    def fail(*_: object, **__: object) -> None:
        raise StoreIOError

    monkeypatch.setattr("haut_desktop.store.pictures.insert_batch", fail)
    front = (await room.sheet()).shelves[0]
    with pytest.raises(StoreIOError):
        await room.capture.retake(room.visit, Pasted(marked(9)), front.slot.id, "eyes were closed")
    assert (await room.sheet()).shelves[0].counting == front.counting


async def test_the_note_beside_a_retake_names_its_batch(room: Room) -> None:
    await room.take_face()
    await room.capture.finish(room.visit)
    gone = await room.deliver()
    slot = (await room.sheet()).shelves[0].slot
    taken = await room.capture.retake(room.visit, Pasted(marked(9)), slot.id, "eyes were closed")
    record = room.vault.sidecar(taken.original.vault_name).record
    assert record is not None
    assert record.batch is not None
    assert record.batch.supersedes == gone.id


async def test_a_retake_waits_while_the_visit_can_be_reopened(room: Room) -> None:
    await room.take_face()
    await room.capture.finish(room.visit)
    slot = (await room.sheet()).shelves[0].slot
    with pytest.raises(VisitClosedError, match="Reopen"):
        await room.capture.retake(room.visit, Pasted(marked(9)), slot.id, "eyes were closed")


async def test_the_batchs_moment_is_the_cameras_and_never_in_the_future(room: Room) -> None:
    data = encode(portrait(), taken="2026:03:01 09:00:00", offset="+01:00")
    await room.capture.take_in(room.visit, room.file("front.jpg", data))
    future = encode(portrait()[::-1].copy(), taken="2031:01:01 09:00:00")
    await room.capture.take_in(room.visit, room.file("left.jpg", future))
    await room.capture.finish(room.visit)
    (batch,) = await room.batches()
    assert batch.created_at.hour == 8
    assert batch.created_at <= room.clock.now
