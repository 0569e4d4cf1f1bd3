"""What was confirmed is asked for again, once a day; a new version of the program proves itself."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from haut_desktop.domain.audit import Act
from haut_desktop.domain.delivery import BatchEvent, ImageEvent, RetryPolicy, Route
from haut_desktop.domain.errors import (
    HautError,
    OtherAccountError,
    PermissionRefusedError,
    PictureError,
    RefusedError,
    ServerTroubleError,
    TooManyRequestsError,
    UnreachableError,
)
from haut_desktop.domain.ids import BatchId, PlatformBatchId
from haut_desktop.domain.imaging import Batch, Digest, Image, PlatformImage
from haut_desktop.domain.session import SessionState
from haut_desktop.domain.tenant import Tenant
from haut_desktop.services.blame import Judge
from haut_desktop.services.changes import Change, Changes
from haut_desktop.services.connectivity import Connectivity
from haut_desktop.services.rechecks import RecheckPace, Rechecks, Ways
from haut_desktop.services.tasks import TaskScope
from haut_desktop.store.driver import Connection
from haut_desktop.store.rows import text_of
from haut_desktop.store.secrets import MemorySecrets
from tests.e2e.stations import QUICK, open_workplace
from tests.e2e.studies import make_study
from tests.fakes.builders import make_address, make_proof
from tests.fakes.practice import PracticePlatform, practice_platform, shared_practice
from tests.fakes.timers import FakeTime, settle
from tests.photographs import marked
from tests.services.rooms import Room, open_room
from tests.waiting import eventually, in_time

__all__ = ["practice_platform", "shared_practice"]

DAY = timedelta(days=1)


@dataclass
class Desk:
    """Somebody who is signed in to a platform whose lists a test decides."""

    room: Room
    time: FakeTime
    pace: RecheckPace = field(default_factory=RecheckPace)
    pictures: dict[str, list[PlatformImage]] = field(default_factory=dict)
    """What the platform lists, by its batch."""
    keeps_images: bool = True
    is_same: bool = True
    gone: HautError | None = None
    """What the object store says instead of giving bytes out."""
    meanwhile: Callable[[], Awaitable[object]] | None = None
    """What happens while the next batch is asked for."""
    trouble: HautError | None = None
    refused: dict[str, HautError] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    read_back: list[str] = field(default_factory=list)
    state: SessionState = SessionState.SIGNED_IN
    is_quiet: bool = True
    quiet_for: int | None = None
    """After so many batches pictures go; None for never."""
    may_begin: bool = True
    version: str = "2.0"

    def __post_init__(self) -> None:
        self.tenant = Tenant(self.room.study.server, self.room.study.company_id)
        self.changes = Changes()
        self.heard = list[Change]()
        self.changes.subscribe(self.heard.append)
        self.rechecks = self.begin(self.version)

    def begin(self, version: str) -> Rechecks:
        """Start the program anew."""
        connectivity = Connectivity(self.changes, policy=RetryPolicy((600.0,), 0.0))
        judge = Judge(
            connectivity=connectivity,
            clock=self.time,
            policy=RetryPolicy((300.0,), 0.0),
            uptime=self.time.uptime,
        )
        ways = Ways(
            self,  # type: ignore[arg-type]
            self,  # type: ignore[arg-type]
            self,  # type: ignore[arg-type]
            judge,
            is_quiet=self._is_quiet,
            may_begin=lambda: self.may_begin,
            uptime=self.time.uptime,
            pause=self.time.pause,
        )
        station = self.room.station
        self.rechecks = Rechecks(
            ways,
            store=station.rechecks,
            outbox=station.outbox,
            destinations=station.destinations,
            act=lambda reason: Act(reason=reason),
            changes=self.changes,
            clock=self.time,
            version=version,
            pace=self.pace,
        )
        return self.rechecks

    def _is_quiet(self) -> bool:
        return self.is_quiet and (self.quiet_for is None or len(self.asked) < self.quiet_for)

    @property
    def account(self) -> "Desk":
        return self

    async def batch_images(self, *where: object) -> tuple[PlatformImage, ...]:
        name = str(where[-1])
        self.asked.append(name)
        if (meanwhile := self.meanwhile) is not None:
            self.meanwhile = None
            await meanwhile()
        if (error := self.refused.get(name) or self.trouble) is not None:
            raise error
        return tuple(self.pictures[name])

    async def dataset(self, *_: object) -> "Desk":
        return self

    async def holds(self, url: str, _: Digest) -> bool:
        self.read_back.append(url)
        if self.gone is not None:
            raise self.gone
        return self.is_same

    def hold(self, batch: Batch) -> None:
        """Have on the platform what is confirmed of ``batch``."""
        assert batch.platform_id is not None
        self.pictures[batch.platform_id] = [
            PlatformImage(
                image.platform_id or there, batch.platform_id, image.name, image.side,
                original_url=f"https://store.example/{image.id}",
            )
            for image in batch.images
            if (there := image.platform_id) is not None
        ]  # fmt: skip

    async def look(self, after: timedelta = DAY) -> list[str]:
        """Which batches are asked for ``after`` a while."""
        self.asked.clear()
        self.time.advance(after.total_seconds())
        self.time.uptime_s += max(0.0, after.total_seconds())
        await self.rechecks.look()
        return list(self.asked)

    async def tick(self, seconds: float = 60.0) -> None:
        """Let the loop's time pass until it has looked once more."""
        await self.time.pass_time(seconds)
        await eventually(lambda: self.time.waits_s)

    async def trail(self, *actions: str) -> list[tuple[str, str]]:
        lines = await self.room.station.audit.entries()
        return [(line.action, line.new) for line in reversed(lines) if line.action in actions]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_room(tmp_path) as room:
        time = FakeTime()
        room.clock = time
        for store in (room.station.rechecks, room.station.outbox):
            store._clock = time
        await room.register()
        yield Desk(room, time)


@pytest.fixture
async def old(desk: Desk) -> Desk:
    """A station whose program has proven itself."""
    value = json.dumps([desk.version, text_of(desk.time()), True])
    await desk.room.station.studies.set_setting("program", value)
    return desk


async def deliver(desk: Desk, name: str) -> Batch:
    """Deliver one picture of a visit, and have it on the platform."""
    room, move = desk.room, desk.room.outbox.move_batch
    visit = await room.capture.open_visit(room.study, room.subject.id, name)
    await room.capture.take_in(visit.id, room.file(f"{name}.jpg", marked(len(desk.pictures))))
    await room.capture.finish(visit.id)
    batch = next(one for one in await room.batches() if one.visit_id == visit.id)
    await move(batch.id, BatchEvent.INITIATE)
    addresses = {image.id: make_address(image) for image in batch.images}
    await room.outbox.initiated(batch.id, PlatformBatchId(name), addresses)
    for image in batch.images:
        await room.outbox.move_image(image.id, ImageEvent.CLAIM)
        proof = make_proof(desk.time.advance(1))
        await room.outbox.move_image(image.id, ImageEvent.CONFIRM, proof=proof)
    await move(batch.id, BatchEvent.SUBMIT)
    desk.hold(found := await move(batch.id, BatchEvent.SUBMITTED))
    return found


async def complete(desk: Desk, batch: Batch) -> None:
    """Let the batch's results be here."""

    def work(connection: Connection) -> None:
        connection.execute("UPDATE batch SET completeness = 'complete' WHERE id = ?", (batch.id,))

    await desk.room.station.database.write(work)


async def kinds(desk: Desk) -> list[tuple[str, bool]]:
    """What nobody has read, and whether the results are here."""
    found = await desk.rechecks.unread()
    return [(one.kind, each.has_results) for each in found for one in each.recheck.differences]


@asynccontextmanager
async def at_work(desk: Desk) -> AsyncIterator[None]:
    """Let it look in the background."""
    scope = TaskScope("test", lambda error: pytest.fail(str(error)))
    scope.start(desk.rechecks.run(), name="rechecks")
    await settle()
    yield
    await scope.aclose()


# ---- once a day ----------------------------------------------------------------------------------


async def test_what_was_confirmed_is_asked_for_once_a_day_and_written_down(old: Desk) -> None:
    await deliver(old, "one")
    assert await old.look() == ["one"]
    assert await old.trail("platform.asked-again") == [
        ("platform.asked-again", "batches 1, pictures 1, differing 0, not asked 0")
    ]
    await deliver(old, "two")
    assert await old.look(timedelta(hours=1)) == []
    assert await old.look() == ["two"]
    assert await old.look() == []
    assert not old.read_back
    assert await kinds(old) == []


async def test_what_is_not_there_any_more_is_told_until_somebody_has_read_it(old: Desk) -> None:
    computed, lost = await deliver(old, "computed"), await deliver(old, "lost")
    await complete(old, computed)
    old.refused["computed"] = RefusedError(404, "not-found", "Not found.")
    old.pictures["lost"] = []
    assert await old.look() == ["lost", "computed"]
    told = [("not-on-platform", False), ("batch-not-on-platform", True)]
    assert sorted(await kinds(old)) == sorted(told)
    assert {one for change in old.heard for one in change.ids} == {computed.id, lost.id}
    assert len(await old.trail("batch.differs-on-platform")) == 2
    listed = await old.room.outbox.deliveries(10)
    assert {d.rechecks[d.batches[0].id].is_gone for d in listed} == {True}
    found = await old.rechecks.unread()
    assert {str(one.place) for one in found} == {
        "B-007, computed of 1 Mar 2026",
        "B-007, lost of 1 Mar 2026",
    }
    await old.rechecks.read(found)
    assert sorted(await old.look()) == ["computed", "lost"]  # once more, it may come back
    assert await kinds(old) == []
    assert await old.look() == []
    assert len(await old.trail("difference.read")) == 2


async def test_what_nobody_was_shown_is_not_taken_for_read(old: Desk) -> None:
    await deliver(old, "lost")
    old.pictures["lost"] = []
    await old.look()
    shown = await old.rechecks.unread()
    old.refused["lost"] = RefusedError(404, "not-found", "Not found.")
    await old.look()
    await old.rechecks.read(shown)
    assert await kinds(old) == [("batch-not-on-platform", False)]
    assert await old.trail("difference.read") == []
    await old.rechecks.read(await old.rechecks.unread())
    assert await kinds(old) == []
    assert len(await old.trail("difference.read")) == 1


async def test_what_comes_back_is_not_told_any_more(old: Desk) -> None:
    lost = await deliver(old, "lost")
    old.pictures["lost"] = []
    await old.look()
    assert await kinds(old) == [("not-on-platform", False)]
    old.hold(lost)
    await old.look()
    assert await kinds(old) == []


async def erase(desk: Desk, batch: Batch, number: int = 0) -> None:
    """Let one of a batch's pictures leave this station."""
    original_id = batch.images[number].rendition.original_id
    await desk.room.station.erasures.write(original_id, Act(reason="asked for"))


async def test_what_was_erased_here_is_asked_for_as_well(old: Desk) -> None:
    kept, lost = await deliver(old, "kept"), await deliver(old, "lost")
    for batch in (kept, lost):
        await erase(old, batch)
    old.pictures["lost"] = []
    assert await old.look() == ["lost", "kept"]
    assert await old.trail("platform.asked-again") == [
        ("platform.asked-again", "batches 2, pictures 2, differing 1, not asked 0")
    ]
    (finding,) = await old.rechecks.unread()
    (difference,) = finding.recheck.differences
    assert difference.kind == "not-on-platform"
    assert difference.words.endswith("It was erased on this station.")


async def test_a_picture_that_is_erased_after_it_was_asked_for_is_not_asked_for_anew(
    old: Desk,
) -> None:
    batch = await deliver(old, "one")
    assert await old.look() == ["one"]
    await erase(old, batch)
    assert await old.look() == []


async def test_what_was_erased_of_a_batch_left_behind_is_not_looked_for_in_the_next(
    old: Desk,
) -> None:
    room = old.room
    visit = await room.capture.open_visit(room.study, room.subject.id, "Week 1")
    for side in ("front", "left"):
        await room.capture.take_in(visit.id, room.file(f"{side}.jpg", marked(len(side))))
    await room.capture.finish(visit.id)
    (batch,) = await room.batches()
    erased, kept = batch.images
    await begin(old, batch, "behind", erased)
    await erase(old, batch)
    await room.outbox.abandon(batch.id, "addresses expired")
    batch = await begin(old, batch, "next", kept)
    await room.outbox.move_batch(batch.id, BatchEvent.SUBMIT)
    batch = await room.outbox.move_batch(batch.id, BatchEvent.SUBMITTED)
    old.hold(batch)
    old.pictures["next"] = [p for p in old.pictures["next"] if p.name == kept.name]
    assert await old.look() == ["next"]
    assert await kinds(old) == []
    assert await old.look() == []


async def begin(desk: Desk, batch: Batch, name: str, arrives: Image) -> Batch:
    """Begin a batch on the platform and let one of its pictures arrive."""
    outbox = desk.room.outbox
    await outbox.move_batch(batch.id, BatchEvent.INITIATE)
    await outbox.initiated(batch.id, PlatformBatchId(name), {arrives.id: make_address(arrives)})
    await outbox.move_image(arrives.id, ImageEvent.CLAIM)
    proof = make_proof(desk.time.advance(1))
    await outbox.move_image(arrives.id, ImageEvent.CONFIRM, proof=proof)
    return await outbox.batch(batch.id)


async def test_a_data_set_that_keeps_no_pictures_lists_none(old: Desk) -> None:
    await deliver(old, "one")
    old.pictures["one"], old.keeps_images = [], False
    assert await old.look() == ["one"]
    assert await kinds(old) == []


async def test_a_round_is_bounded_and_goes_on_where_it_stopped(old: Desk) -> None:
    old.pace = RecheckPace(most_batches=2)
    old.begin(old.version)
    for name in ("one", "two", "three"):
        await deliver(old, name)
    assert await old.look() == ["three", "two"]
    assert await old.look() == ["one"]
    assert await old.look() == []


async def test_what_is_due_is_looked_up_once_and_not_for_every_batch(
    old: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two", "three"):
        await deliver(old, name)
    store, looked = old.room.station.rechecks, list[int]()
    due = store.due

    async def counted(*where: Any, **how: Any) -> tuple[BatchId, ...]:
        found = await due(*where, **how)
        looked.append(len(found))
        return found

    monkeypatch.setattr(store, "due", counted)
    assert await old.look() == ["three", "two", "one"]
    assert looked == [3]


@pytest.mark.parametrize("name", ("one", "two"))
async def test_what_is_taken_back_meanwhile_is_told_of_no_more(old: Desk, name: str) -> None:
    batches = {each: await deliver(old, each) for each in ("one", "two")}
    old.pictures[name] = []

    async def take_back() -> None:
        await old.room.station.retractions.ask(batches[name].id, Act(reason="wrong participant"))

    old.meanwhile = take_back
    assert await old.look() == ["two", "one"][: 1 + (name == "two")]
    assert await kinds(old) == []


async def test_what_was_confirmed_just_now_is_asked_for_with_the_next_round(old: Desk) -> None:
    await deliver(old, "one")
    assert await old.look(timedelta(seconds=5)) == []
    assert await old.look() == ["one"]


async def test_a_clock_that_is_set_back_keeps_nothing_from_being_asked_for(old: Desk) -> None:
    await old.look()
    await deliver(old, "one")
    assert await old.look(-2 * DAY) == ["one"]


# ---- in nobody's way -----------------------------------------------------------------------------


async def test_nothing_is_asked_while_pictures_go_or_nothing_may_go(old: Desk) -> None:
    await deliver(old, "one")
    old.is_quiet = False
    assert await old.look() == []
    old.is_quiet, old.may_begin = True, False
    assert await old.look() == []
    old.may_begin, old.state = True, SessionState.SIGNED_OUT
    assert await old.look() == []
    old.state, old.tenant = SessionState.SIGNED_IN, replace(old.tenant, server="https://other")
    assert await old.look() == []
    old.tenant = replace(old.tenant, server=old.room.study.server)
    assert await old.look() == ["one"]


async def test_a_round_that_pictures_interrupt_goes_on_after_them(old: Desk) -> None:
    for name in ("one", "two"):
        await deliver(old, name)
    old.quiet_for = 1
    assert await old.look() == ["two"]
    assert await old.trail("platform.asked-again") == []
    old.quiet_for = None
    assert await old.look(timedelta(minutes=1)) == ["one"]
    assert await old.trail("platform.asked-again") == [
        ("platform.asked-again", "batches 2, pictures 2, differing 0, not asked 0")
    ]


@pytest.mark.parametrize(
    ("trouble", "rests_s"),
    (
        (UnreachableError(), 60),
        (OtherAccountError(), 60),
        (ServerTroubleError(503), 300),
        (TooManyRequestsError(retry_after_s=900.0), 900),
    ),
)
async def test_trouble_is_sat_out_and_proves_nothing(
    old: Desk, trouble: HautError, rests_s: int
) -> None:
    await deliver(old, "one")
    await deliver(old, "two")
    old.trouble = trouble
    assert await old.look() == ["two"]
    assert await kinds(old) == []
    assert await old.look(timedelta(seconds=rests_s - 1)) == []
    old.trouble = None
    asked = await old.look(timedelta(seconds=1))
    assert "one" in asked


async def test_a_dataset_that_may_not_be_read_is_asked_for_once_a_round(old: Desk) -> None:
    await deliver(old, "one")
    await deliver(old, "two")
    old.trouble = PermissionRefusedError()
    assert await old.look() == ["two"]
    assert await kinds(old) == []
    assert await old.trail("platform.asked-again") == [
        ("platform.asked-again", "batches 0, pictures 0, differing 0, not asked 2")
    ]
    old.trouble = None
    assert await old.look() == ["two", "one"]


async def test_a_batch_that_can_not_be_asked_for_keeps_no_other(old: Desk) -> None:
    await deliver(old, "one")
    await deliver(old, "poison")
    old.refused["poison"] = PictureError("Something else.", title="Something else")
    assert await old.look() == ["poison", "one"]
    assert await old.trail("platform.asked-again") == [
        ("platform.asked-again", "batches 1, pictures 1, differing 0, not asked 1")
    ]
    assert await old.look() == ["poison"]


# ---- the first upload of a version ---------------------------------------------------------------


async def test_the_first_upload_of_a_version_is_read_back_with_its_bytes(desk: Desk) -> None:
    await desk.look(timedelta())
    first = await deliver(desk, "first")
    await deliver(desk, "second")
    assert await desk.look(timedelta(minutes=1)) == ["first"]
    assert desk.read_back == [f"https://store.example/{image.id}" for image in first.images]
    lines = await desk.trail("program.first-upload-read-back", "program.changed")
    assert lines == [("program.first-upload-read-back", "as it was sent")]
    assert await desk.look(timedelta(minutes=1)) == []
    desk.begin(desk.version)
    await deliver(desk, "third")
    assert "third" not in await desk.look(timedelta(minutes=1))


async def test_after_an_update_the_next_upload_is_read_back_and_a_difference_told(
    old: Desk,
) -> None:
    await deliver(old, "before")
    old.time.advance(60)
    old.begin("2.1")
    await old.rechecks.look()
    assert "before" not in old.asked or not old.read_back
    old.begin("2.1")  # closed and opened again before anything went
    await deliver(old, "after")
    old.is_same = False
    await old.look(timedelta(minutes=1))
    assert len(old.read_back) == 1
    assert await old.trail("program.first-upload-read-back", "program.changed") == [
        ("program.changed", "2.1"),
        ("program.first-upload-read-back", "other-bytes-on-platform"),
    ]
    (found,) = await old.rechecks.unread()
    assert found.recheck.program == "2.1"
    assert not found.recheck.is_gone


async def test_a_first_upload_that_can_not_be_read_back_keeps_no_round(desk: Desk) -> None:
    await desk.look(timedelta())
    await deliver(desk, "first")
    desk.refused["first"] = PictureError("Something else.", title="Something else")
    await desk.look(timedelta(minutes=30))
    await deliver(desk, "second")
    assert "second" in await desk.look()
    desk.refused.clear()
    assert "first" in await desk.look()
    lines = await desk.trail("program.first-upload-read-back")
    assert lines == [("program.first-upload-read-back", "as it was sent")]


@pytest.mark.parametrize("is_listed", (True, False))
async def test_bytes_that_are_kept_nowhere_are_not_said_to_be_as_they_were_sent(
    desk: Desk, is_listed: bool
) -> None:
    await desk.look(timedelta())
    await deliver(desk, "first")
    desk.keeps_images = False
    if is_listed:
        desk.gone = RefusedError(404, "gone", "No such key.")
    else:
        desk.pictures["first"] = []
    await desk.look(timedelta(minutes=1))
    assert await kinds(desk) == []
    assert await desk.trail("program.first-upload-read-back") == [
        ("program.first-upload-read-back", "deleted there by the data set's rule, not compared")
    ]


# ---- in the background ---------------------------------------------------------------------------


async def test_it_looks_by_the_loops_clock_and_ends_when_it_is_cancelled(old: Desk) -> None:
    old.time.advance(DAY.total_seconds())
    await deliver(old, "one")
    old.time.advance(DAY.total_seconds())
    async with at_work(old):
        await old.time.pass_time(59)
        assert not old.asked
        await old.tick(1)
        assert old.asked == ["one"]
    await deliver(old, "two")
    await old.time.pass_time(2 * DAY.total_seconds())
    assert old.asked == ["one"]


@pytest.mark.timeout(60)
async def test_a_station_at_work_reads_its_first_upload_back(
    tmp_path: Path, practice_platform: PracticePlatform
) -> None:
    there = make_study(practice_platform, "Read back", Route.SIGNED)
    picture = tmp_path / "front.jpg"
    picture.write_bytes(marked(1))
    soon = RecheckPace(look_s=0.1, rested=timedelta(), read_back=timedelta())
    pacing = replace(QUICK, rechecks=soon)
    async with open_workplace(tmp_path / "station", MemorySecrets(), pacing=pacing) as station:
        await station.sign_in(practice_platform.url)
        await station.finish_first_visit(there.name, picture)
        await station.until_delivered()
        (batch,) = await station.batches()

        async def read_back() -> list[str]:
            lines = await station.work.store.audit.of_entity(batch.id)
            return [one.new for one in lines if one.action == "program.first-upload-read-back"]

        assert await in_time(read_back) == ["as it was sent"]
        assert await station.work.rechecks.unread() == ()
