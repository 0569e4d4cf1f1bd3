"""Verification says what differs, here and there, and changes nothing."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from haut_desktop.domain.audit import Act
from haut_desktop.domain.days import day_words
from haut_desktop.domain.delivery import BatchEvent, ImageEvent, Route
from haut_desktop.domain.errors import (
    HautError,
    PermissionRefusedError,
    RefusedError,
    ServerTroubleError,
    TooManyRequestsError,
    UnreachableError,
)
from haut_desktop.domain.ids import CompanyId, PlatformBatchId, PlatformImageId
from haut_desktop.domain.imaging import Batch, PlatformImage, Side
from haut_desktop.domain.session import SignedIn
from haut_desktop.domain.verification import Holder, VerificationReport
from haut_desktop.services.verification import Verification
from haut_desktop.store.driver import Connection
from haut_desktop.store.files import remove
from haut_desktop.store.secrets import MemorySecrets
from tests.e2e.stations import QUICK, HeadlessStation, open_workplace, verify
from tests.e2e.studies import make_study
from tests.fakes.builders import make_address, make_proof
from tests.fakes.practice import PracticePlatform, practice_platform, shared_practice
from tests.photographs import marked
from tests.services.rooms import Room, open_room
from tests.store.test_vault import DATA, make_sidecar

__all__ = ["practice_platform", "shared_practice"]


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room(tmp_path) as opened:
        await opened.take_face()
        await opened.capture.finish(opened.visit)
        yield opened


def kinds(report: VerificationReport) -> list[str]:
    return [one.kind for one in report.differences]


async def test_an_untouched_station_has_no_difference(room: Room) -> None:
    report = await room.verify()
    assert (report.pictures, kinds(report), report.not_asked) == (3, [], "a test")
    assert report.bytes_read == sum(len(marked(n)) for n in range(3))


async def test_a_missing_picture_and_a_damaged_one_are_named(room: Room) -> None:
    missing, damaged, _ = room.vault.names()
    remove(room.vault.folder / missing)
    remove(room.vault.folder / damaged)
    (room.vault.folder / damaged).write_bytes(b"nonsense")
    report = await room.verify()
    assert sorted(kinds(report)) == ["picture-damaged", "picture-missing"]
    assert report.pictures == 1
    on = (await room.sheet()).visit.local_date
    places = {str(one.place) for one in report.differences}
    assert len(places) == 2
    views = {f"B-007, Baseline of {day_words(on)}, {side}" for side in ("front", "left", "right")}
    assert places < views
    assert {one.tenant for one in report.differences} == {room.study.tenant}
    assert {one.entity_id for one in report.differences} == {
        missing.removesuffix(".age"),
        damaged.removesuffix(".age"),
    }


async def test_a_missing_note_is_named(room: Room) -> None:
    (name, *_) = room.vault.names()
    remove(room.vault.folder / name.replace(".age", ".side.age"))
    assert kinds(await room.verify()) == ["sidecar-missing"]


async def test_a_note_that_names_another_subject_is_named(room: Room) -> None:
    (name, *_) = room.vault.names()
    other = replace(room.vault.sidecar(name), subject_id=room.other.id)
    room.vault.set_sidecar(name, other)
    assert kinds(await room.verify()) == ["sidecar-differs"]


async def test_a_picture_that_nobody_knows_is_named(room: Room) -> None:
    room.vault.seal(DATA, make_sidecar())
    report = await room.verify()
    assert kinds(report) == ["picture-unknown"]
    assert (report.differences[0].tenant, report.holders) == (None, ())


async def test_a_rewritten_trail_is_named(room: Room) -> None:
    def rewrite(connection: Connection) -> None:
        connection.execute("DROP TRIGGER audit_unchanged")
        connection.execute("UPDATE audit SET reason = 'another one' WHERE number = 2")

    await room.station.database.write(rewrite)
    report = await room.verify()
    assert [(one.kind, one.entity_id) for one in report.differences] == [("trail-broken", "2")]


# ---- the platform --------------------------------------------------------------------------------


async def lost_there(
    station: HeadlessStation, platform: PracticePlatform, batch: Batch
) -> list[str]:
    """What is said once the platform's disk has emptied one picture and lost another."""
    emptied, gone = (
        platform.data / "objects" / "images" / str(image.platform_id) / "original"
        for image in batch.images
    )
    emptied.write_bytes(b"")
    gone.unlink()
    report = await verify(station.work)
    assert report.asked_pictures == 2
    assert all(one.place and one.tenant for one in report.differences)
    return sorted(kinds(report))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("route", list(Route))
async def test_the_platform_is_asked_for_every_confirmed_picture(
    tmp_path: Path, practice_platform: PracticePlatform, route: Route
) -> None:
    there = make_study(practice_platform, f"Verified {route}", route)
    pictures = [tmp_path / f"{side}.jpg" for side in (Side.FRONT, Side.LEFT)]
    for number, path in enumerate(pictures):
        path.write_bytes(marked(number))
    async with open_workplace(tmp_path / "station", MemorySecrets(), pacing=QUICK) as station:
        await station.sign_in(practice_platform.url)
        study = await station.choose_study(there.name)
        subject = await station.register(study, "B-007")
        await station.finish_visit(study, subject, *pictures)
        await station.until_delivered()
        report = await verify(station.work)
        assert (report.asked_pictures, kinds(report), report.not_asked) == (2, [], "")
        assert report.holders == (Holder(study.tenant, 2, 2),)
        assert report.only_listed_pictures == 0
        (batch,) = await station.batches()
        assert await lost_there(station, practice_platform, batch) == [
            "bytes-not-on-platform",
            "other-bytes-on-platform",
        ]
        to = (await station.work.store.destinations.of_batch(batch.id)).address
        assert batch.platform_id is not None
        await station.work.api.delete_batch(
            to.tenant, to.dataset_id, to.subject_id, batch.platform_id
        )
        report = await verify(station.work)
        assert kinds(report) == ["batch-not-on-platform"]
        assert report.differences[0].tenant == study.tenant
        assert report.differences[0].place is not None
        assert report.differences[0].place.subject_code == "B-007"
        kept = await station.work.store.credentials.load()
        assert kept is not None
        other = replace(kept.account, company_id=CompanyId("another"))
        station.work.keeper.use(SignedIn(other, kept.tokens))
        report = await verify(station.work)
        assert (report.asked_pictures, kinds(report)) == (0, [])
        assert report.holders == (Holder(study.tenant, 2, 0),)
        assert report.not_asked.endswith("another company or server: 1.")


async def test_a_store_that_can_not_be_reached_is_no_difference(
    tmp_path: Path, practice_platform: PracticePlatform
) -> None:
    there = make_study(practice_platform, "Store away", Route.SIGNED)
    picture = tmp_path / "front.jpg"
    picture.write_bytes(marked(1))
    async with open_workplace(tmp_path / "station", MemorySecrets(), pacing=QUICK) as station:
        await station.sign_in(practice_platform.url)
        await station.finish_first_visit(there.name, picture)
        await station.until_delivered()
        practice_platform.add_fault("offline", target="store", method="GET")
        report = await verify(station.work)
        assert (report.asked_pictures, kinds(report)) == (0, [])
        assert report.not_asked
        practice_platform.clear_faults()
        practice_platform.add_fault("address_expired", target="store", method="GET")
        report = await verify(station.work)
        assert (report.asked_pictures, kinds(report)) == (1, [])
        assert (report.only_listed_pictures, report.not_asked) == (1, "")


@dataclass
class OneByOne:
    """A platform and its store of which each thing asked for may meet trouble of its own."""

    troubles: list[HautError | None]
    """What each batch's list meets, in turn."""
    of_picture: HautError | None = None
    """What the first picture of each batch meets."""
    listed: list[tuple[PlatformImage, ...]] = field(default_factory=list)
    asked: int = 0
    keeps_images: bool = True

    async def dataset(self, *_: object) -> "OneByOne":
        return self

    async def batch_images(self, *_: object) -> tuple[PlatformImage, ...]:
        self.asked += 1
        trouble = self.troubles[self.asked - 1]
        if trouble is not None:
            raise trouble
        return self.listed[self.asked - 1]

    async def holds(self, url: str, _digest: object) -> bool:
        if self.of_picture is not None and url.endswith("0"):
            raise self.of_picture
        return True


async def gone(room: Room, count: int) -> list[Batch]:
    """Deliver the visit and ``count - 1`` more of the same subject."""
    await room.arrive()
    for number in range(1, count):
        visit = await room.capture.open_visit(room.study, room.subject.id, f"Week {number}")
        path = room.file(f"week-{number}.jpg", marked(10 + number))
        await room.capture.take_in(visit.id, path)
        await room.capture.finish(visit.id)
        (batch,) = await room.outbox.of_visit(visit.id)
        (image,) = batch.images
        await room.outbox.move_batch(batch.id, BatchEvent.INITIATE)
        there = PlatformBatchId(f"there-{number + 1}")
        await room.outbox.initiated(batch.id, there, {image.id: make_address(image)})
        await room.outbox.move_image(image.id, ImageEvent.CLAIM)
        await room.outbox.move_image(image.id, ImageEvent.CONFIRM, proof=make_proof())
    return list(await room.batches())


def there_of(batches: list[Batch], troubles: list[HautError | None]) -> OneByOne:
    listed = [
        tuple(
            PlatformImage(
                PlatformImageId(f"{image.platform_id or number}"),
                PlatformBatchId(f"{batch.platform_id}"),
                image.name,
                image.side,
                original_url=f"somewhere-{number}",
            )
            for number, image in enumerate(batch.images)
        )
        for batch in batches
    ]
    return OneByOne(troubles, listed=listed)


async def ask(room: Room, there: OneByOne) -> VerificationReport:
    return await Verification(
        pictures=room.station.pictures,
        outbox=room.outbox,
        destinations=room.station.destinations,
        audit=room.station.audit,
        vault=room.vault,
        clock=room.clock,
        api=there,  # type: ignore[arg-type]
        objects=there,  # type: ignore[arg-type]
    ).verify()


async def test_a_batch_that_can_not_be_asked_for_is_named_and_the_others_go_on(room: Room) -> None:
    await room.register()
    batches = await gone(room, 3)
    there = there_of(batches, [None, ServerTroubleError(500), None])
    report = await ask(room, there)
    assert (there.asked, kinds(report)) == (3, [])
    (missed,) = report.unanswered
    assert missed.image_id == batches[1].images[0].id
    assert str(missed.place).startswith("B-007, Week 1")
    assert report.asked_pictures == 4
    assert report.not_asked == "Pictures that the platform gave no answer for: 1."


async def test_a_picture_that_the_store_fails_on_is_named_and_the_others_are_looked_at(
    room: Room,
) -> None:
    await room.register()
    (batch,) = await gone(room, 1)
    there = there_of([batch], [None])
    there.of_picture = ServerTroubleError(503)
    report = await ask(room, there)
    assert [one.image_id for one in report.unanswered] == [batch.images[0].id]
    assert (report.asked_pictures, kinds(report)) == (2, [])
    assert report.holders == (Holder(room.study.tenant, 3, 2),)


async def test_only_what_is_not_there_is_missing_and_not_what_may_not_be_read(room: Room) -> None:
    await room.register()
    batches = await gone(room, 2)
    there = there_of(batches, [RefusedError(400, "invalid", "Try later."), None])
    there.of_picture = RefusedError(403, "AccessDenied", "", who="The object store")
    report = await ask(room, there)
    assert kinds(report) == []
    assert {one.image_id for one in report.unanswered} == {b.images[0].id for b in batches}


async def test_an_erased_picture_is_asked_for_there_and_not_read_here(room: Room) -> None:
    await room.register()
    (batch,) = await gone(room, 1)
    erased = batch.images[2]
    erase = room.station.erasures.write
    await erase(erased.rendition.original_id, Act(reason="asked for"))
    there = there_of([batch], [None, None])
    report = await ask(room, there)
    assert (report.pictures, report.asked_pictures, kinds(report)) == (2, 3, [])
    assert report.holders == (Holder(room.study.tenant, 3, 3),)
    for image in batch.images[:2]:
        await erase(image.rendition.original_id, Act(reason="asked for"))
    there.listed.append(there.listed[0][:2])
    report = await ask(room, there)
    missing = [one for one in report.differences if one.entity == "image"]
    assert [(one.kind, one.entity_id) for one in missing] == [("not-on-platform", erased.id)]
    assert missing[0].words.endswith("It was erased on this station.")
    assert missing[0].place is not None


@pytest.mark.parametrize("status", (404, 410))
async def test_a_batch_and_bytes_that_are_not_found_are_missing(room: Room, status: int) -> None:
    await room.register()
    there = there_of(await gone(room, 2), [RefusedError(status, "not-found", ""), None])
    there.of_picture = RefusedError(status, "NoSuchKey", "", who="The object store")
    report = await ask(room, there)
    assert kinds(report) == ["batch-not-on-platform", "bytes-not-on-platform"]
    assert report.unanswered == ()


@pytest.mark.parametrize(
    "error", (UnreachableError(), PermissionRefusedError(), TooManyRequestsError(600.0))
)
async def test_what_the_others_would_meet_as_well_ends_the_asking(
    room: Room, error: HautError
) -> None:
    await room.register()
    there = there_of(await gone(room, 3), [error, None, None])
    report = await ask(room, there)
    assert (there.asked, report.unanswered) == (1, ())
    assert report.not_asked.startswith(error.title)


async def test_many_in_a_row_that_can_not_be_asked_for_mean_the_platform(room: Room) -> None:
    await room.register()
    trouble: list[HautError | None] = [ServerTroubleError(500)] * 7
    there = there_of(await gone(room, 7), trouble)
    report = await ask(room, there)
    assert (there.asked, len(report.unanswered)) == (5, 5)
    assert report.not_asked.startswith(ServerTroubleError(500).title)
