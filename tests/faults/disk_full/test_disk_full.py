"""The disk fills up while the program seals, commits, sends and lets its log grow."""

import hashlib
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from haut_desktop.domain.delivery import ImageState, Route
from haut_desktop.domain.errors import DiskFullError
from haut_desktop.domain.space import SpaceLimits
from haut_desktop.domain.study import Study
from haut_desktop.domain.subjects import Subject
from haut_desktop.domain.visits import VisitStatus
from haut_desktop.practice.pictures import Person, SkinTone, draw_face, encode_jpeg
from haut_desktop.services.disk_space import DiskSpace
from haut_desktop.store.driver import Connection
from tests.conftest import ExpectedLogs
from tests.e2e.stations import HeadlessStation, open_workplace
from tests.e2e.studies import PlatformStudy, make_study
from tests.fakes.keyring import FakeSecrets
from tests.fakes.practice import PracticePlatform, practice_platform, shared_practice
from tests.faults.disk_full.small_disk import ROOM_BYTES, SmallDisk, small_disk, why_not
from tests.waiting import eventually

__all__ = ["practice_platform", "shared_practice"]

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())


@pytest.fixture
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk of its own for the station; its size is the parameter, where there is one."""
    room_bytes: int = getattr(request, "param", ROOM_BYTES)
    try:
        with small_disk(tmp_path / "small", room_bytes) as mounted:
            yield mounted
    except PermissionError as error:
        pytest.skip(str(error))


@pytest.fixture
def study(practice_platform: PracticePlatform, request: pytest.FixtureRequest) -> PlatformStudy:
    """A fresh study for faces."""
    return make_study(practice_platform, f"Full {request.node.name}"[:60], Route.SIGNED)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """Front, left and right view."""
    folder = tmp_path_factory.mktemp("pictures")
    person = Person(seed=21, skin_tone=list(SkinTone)[4])
    taken_at = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    paths = []
    for side in ("front", "left", "right"):
        path = folder / f"{side}.jpg"
        path.write_bytes(encode_jpeg(draw_face(person, side=side, size=320), taken_at=taken_at))
        paths.append(path)
    return tuple(paths)


async def begin(
    station: HeadlessStation, study: PlatformStudy, *, is_guarded: bool = False
) -> tuple[Study, Subject]:
    """Sign in, choose the study, register a subject.

    Unguarded it is as when something else fills the disk between the look and the write.
    """
    if not is_guarded:
        station.work.capture._looker._space = DiskSpace(
            station.work.store.folder, SpaceLimits(0, 0)
        )
    await station.sign_in(study.platform.url)
    chosen = await station.choose_study(study.name)
    return chosen, await station.register(chosen, "B-001")


def parts(folder: Path) -> list[Path]:
    """What a write left beside its target."""
    return list(folder.rglob("*.part"))


@pytest.mark.parametrize("disk", (700 * 1024**2,), indirect=True)
async def test_a_disk_that_is_nearly_full_takes_no_more_pictures_and_says_how_much_is_free(
    disk: SmallDisk, study: PlatformStudy, pictures: tuple[Path, ...]
) -> None:
    async with open_workplace(disk.folder / "station", FakeSecrets(), is_working=False) as station:
        chosen, subject = await begin(station, study, is_guarded=True)
        visit = await station.work.capture.open_visit(chosen, subject.id, "Baseline")
        disk.fill(but_bytes=300 * 1024**2)
        with pytest.raises(DiskFullError, match="300 MB are free"):
            await station.work.capture.take_in(visit.id, pictures[0])
        disk.empty()
        await station.work.capture.take_in(visit.id, pictures[0])


@pytest.mark.parametrize("but_bytes", (0, 4096, 12 * 1024, 24 * 1024, 40 * 1024, 200 * 1024))
async def test_a_picture_is_sealed_whole_or_not_at_all(
    disk: SmallDisk, study: PlatformStudy, pictures: tuple[Path, ...], but_bytes: int
) -> None:
    async with open_workplace(disk.folder / "station", FakeSecrets(), is_working=False) as station:
        chosen, subject = await begin(station, study)
        visit = await station.work.capture.open_visit(chosen, subject.id, "Baseline")
        await station.work.capture.take_in(visit.id, pictures[0])
        disk.fill(but_bytes=but_bytes)
        error = await trouble_of(station.work.capture.take_in(visit.id, pictures[1]))
        sheet = await station.work.capture.sheet(visit.id)
        assert sum(len(shelf.takes) for shelf in sheet.shelves) == (1 if error else 2)
        assert error is None or "Make room" in error.message
        assert not parts(disk.folder)
        disk.empty()
        there = {
            taken.original.digest.sha256
            for shelf in (await station.work.capture.sheet(visit.id)).shelves
            for taken in shelf.takes
        }
        for picture in pictures:
            if hashlib.sha256(picture.read_bytes()).hexdigest() not in there:
                await station.work.capture.take_in(visit.id, picture)
        sheet = await station.work.capture.sheet(visit.id)
        taken = [taken for shelf in sheet.shelves for taken in shelf.takes]
        assert len(taken) == len(pictures)
        for each in taken:
            station.work.store.vault.open(each.original.vault_name, each.original.digest.sha256)


async def test_what_was_committed_stays_and_what_was_not_leaves_nothing(
    disk: SmallDisk, study: PlatformStudy
) -> None:
    async with open_workplace(disk.folder / "station", FakeSecrets(), is_working=False) as station:
        chosen, _ = await begin(station, study)
        disk.fill_whole()
        registered = await register_until_full(station, chosen)
        assert await codes(station, chosen) == registered
        disk.empty()
        await station.register(chosen, "C-001")
        assert await codes(station, chosen) == [*registered, "C-001"]
        assert await station.work.store.audit.verify() is None


async def test_a_log_that_cannot_grow_any_more_costs_nothing_that_was_committed(
    disk: SmallDisk, study: PlatformStudy
) -> None:
    folder, secrets = disk.folder / "station", FakeSecrets()
    async with open_workplace(folder, secrets, is_working=False) as station:
        chosen, _ = await begin(station, study)
        disk.fill(but_bytes=512 * 1024)
        log = folder / "station.db-wal"
        before = log.stat().st_size
        with looking(station):
            registered = await register_until_full(station, chosen)
        assert log.stat().st_size > before
        assert await codes(station, chosen) == registered
        disk.empty()
        await station.register(chosen, "C-001")
    async with open_workplace(folder, secrets, is_working=False) as station:
        assert await codes(station, chosen) == [*registered, "C-001"]


async def test_a_visit_is_finished_whole_or_not_at_all(
    disk: SmallDisk, study: PlatformStudy, pictures: tuple[Path, ...]
) -> None:
    async with open_workplace(disk.folder / "station", FakeSecrets(), is_working=False) as station:
        chosen, subject = await begin(station, study)
        visit = await station.work.capture.open_visit(chosen, subject.id, "Baseline")
        for picture in pictures:
            await station.work.capture.take_in(visit.id, picture)
        disk.fill_whole()
        with pytest.raises(DiskFullError):
            await station.work.capture.finish(visit.id)
        assert (await station.work.store.visits.get(visit.id)).status is VisitStatus.OPEN
        assert not await station.batches()
        assert not parts(disk.folder)
        disk.empty()
        await station.work.capture.finish(visit.id)
        assert len(await station.images()) == len(pictures)


async def test_a_full_disk_stops_sending_and_room_lets_it_go_on_by_itself(
    disk: SmallDisk,
    study: PlatformStudy,
    pictures: tuple[Path, ...],
    expected_log: ExpectedLogs,
) -> None:
    expected_log.allow("delivery rests: DiskFullError")
    async with open_workplace(disk.folder / "station", FakeSecrets()) as station:
        chosen, subject = await begin(station, study)
        await station.until_registered(subject)
        station.work.outbox.pause()
        await station.finish_visit(chosen, subject, *pictures)
        disk.fill_whole()
        station.work.outbox.resume()
        await eventually(lambda: station.errors or expected_log.records)
        assert {type(error) for error in station.errors} <= {DiskFullError}
        assert ImageState.STORED not in {image.state for image in await station.images()}
        disk.empty()
        await station.until_delivered(deadline_s=100)
    study.check_each_once(pictures)


async def trouble_of(work: Awaitable[object]) -> DiskFullError | None:
    """What came of it, when the disk was full."""
    try:
        await work
    except DiskFullError as error:
        return error
    return None


async def register_until_full(station: HeadlessStation, study: Study) -> list[str]:
    """Register subjects until there is no room; the codes of those that were registered."""
    registered = ["B-001"]
    for number in range(2, 1000):
        code = f"B-{number:03}"
        if await trouble_of(station.register(study, code)):
            return registered
        registered.append(code)
    raise AssertionError("the disk was never full")


async def codes(station: HeadlessStation, study: Study) -> list[str]:
    """The codes of all subjects."""
    rows = await station.work.subjects.search(study)
    return sorted(row.subject.code for row in rows)


@contextmanager
def looking(station: HeadlessStation) -> Iterator[None]:
    """Let somebody read the record meanwhile, so that the log cannot be emptied."""
    lane = station.work.store.database._reads

    def do(statement: str) -> None:
        def run(connection: Connection, _: object) -> None:
            connection.execute(statement).fetchall()

        lane.submit(run, lambda _: None).result()

    do("BEGIN")
    do("SELECT count(*) FROM subject")
    try:
        yield
    finally:
        do("ROLLBACK")
