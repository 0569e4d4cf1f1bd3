"""Pictures: what was said of one comes back, its bytes are found again, it is assigned once."""

from dataclasses import replace

import pytest

from haut_desktop.domain.errors import VisitClosedError
from haut_desktop.domain.ids import SlotId, TakeId, new_id
from haut_desktop.domain.imaging import Side, Take
from haut_desktop.store import pictures
from haut_desktop.store.driver import DatabaseError
from haut_desktop.store.erasures import ErasureStore
from tests.fakes.builders import make_picture, make_slots, make_verdict
from tests.store.conftest import Record


async def test_a_picture_comes_back_with_everything_said_about_it(record: Record) -> None:
    _, (front, *_) = await record.open_visit(await record.register())
    original, rendition, take = make_picture(front)
    verdict = make_verdict(rendition)
    await record.pictures.add(original, rendition, take, (verdict,), record.act)
    reader = replace(verdict, author="reader", code="checked")
    await record.pictures.add_verdicts((reader,), record.act)
    (picture,) = (await record.visits.sheet(front.visit_id)).shelves[0].takes
    assert picture.original == original == await record.pictures.original(original.id)
    assert picture.rendition == rendition
    assert picture.verdicts == (verdict, reader)
    assert picture.image is None


async def test_nothing_is_added_to_a_finished_visit(record: Record) -> None:
    batch = await record.finish(await record.register())
    visit = await record.visits.get(batch.visit_id)
    (late,) = make_slots(visit, (Side.OTHER,))
    with pytest.raises(VisitClosedError, match="no longer open"):
        await record.visits.add_slot(late, record.act)
    front = (await record.visits.sheet(visit.id)).shelves[0].slot
    with pytest.raises(VisitClosedError, match="no longer open"):
        await record.take_in(front, number=2)
    original, rendition, _ = make_picture(None)
    await record.pictures.add(original, rendition, None, (), record.act)
    take = Take(TakeId(new_id()), front.id, 2, counts=True)
    with pytest.raises(VisitClosedError, match="no longer open"):
        await record.pictures.assign(original.id, take, record.act)
    assert await record.takes_of(front) == [(1, True)]


async def test_the_same_bytes_are_found_again_until_they_are_removed(record: Record) -> None:
    subject = await record.register()
    visit, (front, *_) = await record.open_visit(subject)
    rendition = await record.take_in(front, b"same")
    (place,) = await record.pictures.places_of(rendition.digest.sha256)
    assert (place.subject_id, place.subject_code) == (subject.id, subject.code)
    assert (place.visit_id, place.visit_name, place.slot_id) == (visit.id, visit.name, front.id)
    await record.takes.remove(await record.take_id(front, 1), record.act)
    assert await record.pictures.places_of(rendition.digest.sha256) == ()


async def test_a_picture_taken_before_registration_waits_to_be_assigned(record: Record) -> None:
    original, rendition, _ = make_picture(None)
    await record.pictures.add(original, rendition, None, (), record.act)
    (place,) = await record.pictures.places_of(original.digest.sha256)
    assert (place.subject_id, place.subject_code, place.visit_id) == (None, "", None)
    _, (front, *_) = await record.open_visit(await record.register())
    _, _, take = make_picture(front)
    await record.pictures.assign(original.id, take, record.act)
    assert (await record.pictures.original(original.id)).take_id == take.id
    assert await record.takes_of(front) == [(1, True)]
    with pytest.raises(VisitClosedError):
        await record.pictures.assign(original.id, take, record.act)


async def test_a_picture_comes_with_its_new_slot_or_not_at_all(record: Record) -> None:
    visit, _ = await record.open_visit(await record.register())
    (slot,) = make_slots(visit, (Side.OTHER,))
    sent = (*make_picture(slot), (), record.act)
    await record.pictures.add(*sent, new_slot=slot)
    again = replace(slot, id=SlotId(new_id()), replicate=2)
    with pytest.raises(DatabaseError):
        await record.pictures.add(*sent, new_slot=again)
    slots = [shelf.slot.id for shelf in (await record.visits.sheet(visit.id)).shelves]
    assert slot.id in slots
    assert again.id not in slots


async def test_an_erased_picture_is_assigned_to_nobody(record: Record) -> None:
    original, rendition, _ = make_picture(None)
    await record.pictures.add(original, rendition, None, (), record.act)
    visit, (front, *_) = await record.open_visit(await record.register())
    _, _, take = make_picture(front)
    await ErasureStore(record.database, record.clock).write(original.id, record.act)
    (late,) = make_slots(visit, (Side.OTHER,))
    with pytest.raises(VisitClosedError, match="erased it meanwhile"):
        await record.pictures.assign(
            original.id, replace(take, slot_id=late.id), record.act, new_slot=late
        )
    with pytest.raises(VisitClosedError, match="erased it meanwhile"):
        await record.pictures.assign(original.id, take, record.act)
    assert await record.takes_of(front) == []
    assert len((await record.visits.sheet(visit.id)).shelves) == 3


@pytest.fixture
async def named(record: Record) -> tuple[str, ...]:
    """Names of the vault that the record knows; the last one by a rendition alone."""
    batch = await record.finish(await record.register())
    original, rendition, _ = make_picture(None)
    rendition = replace(rendition, vault_name="made-of-it.age")
    await record.pictures.add(original, rendition, None, (), record.act)
    known = {image.rendition.vault_name for image in batch.images}
    return (*sorted(known), original.vault_name, rendition.vault_name)


@pytest.mark.parametrize("part", (1, 2, 500))
async def test_only_what_the_record_never_knew_is_a_stranger_in_the_vault(
    record: Record, named: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    monkeypatch.setattr(pictures, "_PART", part)
    assert len(named) == 5
    assert await record.pictures.strangers(()) == ()
    assert await record.pictures.strangers(named) == ()
    unknown = ("a.age", "no text \udcff.age", "z.age")
    among = (unknown[0], *named[:3], unknown[1], *named[3:], unknown[2])
    assert await record.pictures.strangers(among) == unknown


async def test_an_erased_pictures_file_is_no_stranger(record: Record) -> None:
    original, rendition, _ = make_picture(None)
    await record.pictures.add(original, rendition, None, (), record.act)
    await ErasureStore(record.database, record.clock).write(original.id, record.act)
    assert await record.pictures.strangers([original.vault_name]) == ()


async def test_the_vaults_names_are_found_by_an_index(record: Record) -> None:
    plan = await record.database.read(
        lambda c: c.execute(f"EXPLAIN QUERY PLAN {pictures._NOT_AN_ORIGINAL}", ("[]",)).fetchall()
    )
    (line,) = [row["detail"] for row in plan if "original" in row["detail"]]
    assert line.startswith("SEARCH original USING COVERING INDEX")
