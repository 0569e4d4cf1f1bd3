"""``haut-desktop outbox list``: what waits beside the pictures, and whose account it needs."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from haut_desktop.domain.clock import system_clock
from haut_desktop.domain.delivery import (
    ImageEvent,
    RegistrationEvent,
    RegistrationState,
    Waiting,
)
from haut_desktop.domain.errors import EntryTakenError, RefusedError, UnreachableError
from haut_desktop.domain.ids import CompanyId, PlatformBatchId
from haut_desktop.domain.session import Account, SignedIn, Tokens
from haut_desktop.outbox_command import run_outbox_command
from haut_desktop.services.troubles import trouble_of
from haut_desktop.viewmodels.words import ago
from tests.commands import read, run
from tests.photographs import encode, portrait
from tests.services.rooms import Room, open_room


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    """A station with a finished visit, its clock at the hour of this computer."""
    async with open_room(tmp_path) as opened:
        await opened.take_face()
        await opened.capture.finish(opened.visit)
        await sign_in(opened, opened.study.company_id)
        yield opened


async def sign_in(room: Room, company_id: CompanyId) -> None:
    account = Account(room.study.server, company_id, 1, "somebody")
    await room.station.credentials.save(SignedIn(account, Tokens("kept")))


def test_the_list_explains_what_it_tells(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run_outbox_command(["list", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    for words in ("wait to be registered or are held", "left behind", "account of another company"):
        assert words in told


def without_age(words: str) -> str:
    """What stands before the age that the room's old clock gives everything."""
    return words.partition(", ")[0]


# ---- registrations


async def test_the_list_names_the_subjects_that_wait_to_be_registered(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    held, waits = room.subject.registrations[0], room.other.registrations[0]
    store = room.station.registrations
    again_at = system_clock() + timedelta(hours=1)
    await store.set_waiting(waits.id, Waiting(1, again_at, trouble_of(UnreachableError())))
    found = Waiting(trouble=trouble_of(EntryTakenError()))
    await store.move(held.id, RegistrationEvent.HOLD, waiting=found)
    listed = (await read(room, capsys, "list"))["registrations"]
    by_id = {one["registration_id"]: one for one in listed}
    assert by_id.keys() == {held.id, waits.id}
    one = by_id[held.id]
    assert (one["subject"], one["subject_id"], one["state"]) == ("B-007", room.subject.id, "HELD")
    assert without_age(one["words"]) == f"Held: {EntryTakenError.default_title}"
    assert one["reason"] == EntryTakenError.default_message
    assert (one["study"], one["company_id"]) == (room.study.name, room.study.company_id)
    assert one["age_s"] > 0
    one = by_id[waits.id]
    assert (one["subject"], one["state"]) == ("B-008", "DRAFT")
    assert without_age(one["words"]) == "Waiting for the network"
    assert one["next_try_at"] == again_at.isoformat()
    await run(room, "list")
    out = capsys.readouterr().out
    assert f"registration of B-007: Held: {EntryTakenError.default_title}" in out
    assert held.id in out
    assert EntryTakenError.default_message in out


async def test_a_subject_that_is_registered_is_not_listed(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    await room.register()
    (left,) = (await read(room, capsys, "list"))["registrations"]
    assert left["subject"] == room.other.code
    assert left["state"] == RegistrationState.DRAFT
    assert without_age(left["words"]) == "Waiting for its turn"


# ---- batches left behind


async def test_the_list_names_what_was_begun_on_the_platform_and_left_behind(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = await room.deliver()
    await room.outbox.abandon(batch.id, "the addresses had expired")
    (visit,) = (await read(room, capsys, "list"))["visits"]
    ((left,),) = [one["abandoned"] for one in visit["batches"]]
    assert (left["platform_id"], left["state"]) == (PlatformBatchId("there-1"), "ABANDONED")
    assert left["reason"] == "the addresses had expired"
    assert {one["image_id"] for one in left["images"]} == {image.id for image in batch.images}
    assert left["age_s"] > 0
    await run(room, "list")
    out = capsys.readouterr().out
    assert "left behind on the platform: batch there-1 (begun, never computed)" in out
    assert "the addresses had expired" in out


# ---- age and reason


async def test_a_batch_is_as_old_as_its_finish_and_not_as_its_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with open_room(tmp_path) as room:
        photographed = encode(portrait(), taken="2025:12:24 10:00:00")
        await room.capture.take_in(room.visit, room.file("front.jpg", photographed))
        await room.capture.finish(room.visit)
        (one,) = (await read(room, capsys, "list"))["visits"][0]["batches"]
        due_at = room.clock() + timedelta(seconds=room.study.plan.resting_s)
        assert one["due_at"] == due_at.isoformat()
        by_age = system_clock() - timedelta(seconds=one["age_s"])
        assert abs(by_age - due_at) < timedelta(minutes=1)
        await run(room, "list")
        assert f"(due {ago(due_at, system_clock())})" in capsys.readouterr().out


async def test_a_batch_that_rests_is_not_due_yet(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    room.clock.now = system_clock()
    await room.capture.reopen(room.visit)
    await room.capture.finish(room.visit)
    (one,) = (await read(room, capsys, "list"))["visits"][0]["batches"]
    assert one["age_s"] == 0
    await run(room, "list")
    assert "(not due yet)" in capsys.readouterr().out


async def test_the_list_gives_the_whole_reason_of_a_held_picture(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = await room.deliver()
    refused = Waiting(trouble=trouble_of(RefusedError(403, "x", "", who="The object store")))
    image = batch.images[0]
    await room.outbox.move_image(image.id, ImageEvent.HOLD, waiting=refused)
    await run(room, "list")
    out = capsys.readouterr().out
    assert "Held: The object store refused it" in out
    assert "The object store gave no reason (status 403)." in out


# ---- whose account


async def test_the_list_says_whose_account_a_batch_needs(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    await room.register()
    listed = await read(room, capsys, "list")
    assert listed["signed_in_to"]["company_id"] == room.study.company_id
    assert without_age(listed["visits"][0]["batches"][0]["words"]) == "Waiting for its turn"
    await sign_in(room, CompanyId("another"))
    listed = await read(room, capsys, "list")
    (batch,) = listed["visits"][0]["batches"]
    assert listed["signed_in_to"]["company_id"] == "another"
    assert without_age(batch["words"]) == "Waiting for an account of its company"
    assert f"company {room.study.company_id}" in batch["reason"]
    assert room.study.name in batch["reason"]
    (other,) = listed["registrations"]
    assert without_age(other["words"]) == "Waiting for an account of its company"
    await run(room, "list")
    assert "goes by itself when somebody signs in" in capsys.readouterr().out
