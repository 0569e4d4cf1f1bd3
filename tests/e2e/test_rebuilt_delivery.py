"""After a rebuild the next delivery settles with the platform what it already has."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from haut_desktop.domain.clock import system_clock
from haut_desktop.domain.delivery import BatchState, ImageState, Route
from haut_desktop.store.rebuild import Rebuilt, recover_station
from haut_desktop.store.secrets import MemorySecrets
from tests.conftest import ExpectedLogs
from tests.e2e.conftest import MakeStudy
from tests.e2e.stations import QUICK, HeadlessStation, open_workplace
from tests.e2e.studies import PlatformStudy
from tests.waiting import in_time

pytestmark = pytest.mark.timeout(120)

PACING = replace(QUICK, settling_s=60.0, look_again_s=0.1)
both_routes = pytest.mark.parametrize("route", list(Route))


@dataclass
class Disaster:
    """A station that finished a visit, and its vault as it was at that moment."""

    folder: Path
    secrets: MemorySecrets
    vault: Path
    there: PlatformStudy

    async def strike(self) -> Rebuilt:
        """Lose the database and everything that the sidecars learned since the visit's end."""
        shutil.rmtree(self.folder / "vault")
        shutil.copytree(self.vault, self.folder / "vault")
        station, rebuilt = await recover_station(self.folder, self.secrets, system_clock)
        await station.aclose()
        return rebuilt

    @asynccontextmanager
    async def work(self, *, is_working: bool = True) -> AsyncIterator[HeadlessStation]:
        """Let the station work; after a rebuild somebody signs in anew."""
        async with open_workplace(
            self.folder, self.secrets, pacing=PACING, is_working=is_working
        ) as station:
            await station.sign_in(self.there.platform.url)
            yield station


async def finish(tmp_path: Path, there: PlatformStudy, pictures: tuple[Path, ...]) -> Disaster:
    """Finish a visit with nobody delivering, and keep the vault as it is then."""
    disaster = Disaster(tmp_path / "station", MemorySecrets(), tmp_path / "copy", there)
    async with disaster.work(is_working=False) as station:
        await station.finish_first_visit(there.name, *pictures)
    shutil.copytree(disaster.folder / "vault", disaster.vault)
    return disaster


async def nothing_pending(station: HeadlessStation) -> bool:
    """Whether the platform was asked for everything that the rebuild left open."""
    return not await station.work.store.rebuilt.is_pending()


@both_routes
async def test_what_was_computed_before_the_rebuild_is_not_sent_again(
    tmp_path: Path, study_by: MakeStudy, small_pictures: tuple[Path, ...], route: Route
) -> None:
    there = study_by(route)
    disaster = await finish(tmp_path, there, small_pictures)
    async with disaster.work() as station:
        await station.until_delivered()
    there.check_each_once(small_pictures)
    rebuilt = await disaster.strike()
    assert rebuilt.waiting_batches == 1
    async with disaster.work() as station:
        await station.until_delivered()
        await in_time(lambda: nothing_pending(station))
    there.check_each_once(small_pictures)
    assert len(there.batches()) == 1


@both_routes
async def test_what_never_left_before_the_rebuild_is_sent_once(
    tmp_path: Path, study_by: MakeStudy, small_pictures: tuple[Path, ...], route: Route
) -> None:
    there = study_by(route)
    disaster = await finish(tmp_path, there, small_pictures)
    await disaster.strike()
    async with disaster.work() as station:
        await station.until_delivered()
    there.check_each_once(small_pictures)
    assert len(there.subjects()) == 1


async def test_a_batch_that_is_there_in_part_is_left_behind_and_sent_anew(
    tmp_path: Path,
    study_by: MakeStudy,
    small_pictures: tuple[Path, ...],
    expected_log: ExpectedLogs,
) -> None:
    expected_log("is held: RefusedError")
    there = study_by(Route.SIGNED)
    disaster = await finish(tmp_path, there, small_pictures)
    there.platform.add_fault("403", target="store", method="PUT", path="*", count=1)
    async with disaster.work() as station:
        await station.until_image(ImageState.HELD)
        await in_time(lambda: _two_are_there(station))
    there.platform.clear_faults()
    await disaster.strike()
    async with disaster.work() as station:
        await station.until_delivered()
        (batch,) = await station.batches()
        assert batch.abandoned == 1
    there.check_each_once(small_pictures)


async def test_a_batch_that_lies_there_whole_is_never_computed_on_a_guess(
    tmp_path: Path, study_by: MakeStudy, small_pictures: tuple[Path, ...]
) -> None:
    there = study_by(Route.SIGNED)
    disaster = await finish(tmp_path, there, small_pictures)
    there.platform.add_fault("offline", method="POST", path="*/compute/")
    async with disaster.work() as station:
        await in_time(lambda: _is_stored(station))
    there.platform.clear_faults()
    await disaster.strike()
    async with disaster.work() as station:
        batch = await station.until_batch(BatchState.SUBMITTING)
        assert {image.state for image in batch.images} == {ImageState.STORED}
    assert there.computed() == []


async def test_a_post_that_is_not_listed_is_settled_before_it_is_repeated(
    tmp_path: Path, study_by: MakeStudy, small_pictures: tuple[Path, ...]
) -> None:
    there = study_by(Route.INLINE)
    disaster = await finish(tmp_path, there, small_pictures)
    there.platform.add_fault("drop_answer", method="POST", path="*/images/", count=1)
    async with disaster.work() as station:
        await in_time(lambda: _one_is_there(station))
    there.platform.clear_faults()
    await disaster.strike()
    async with disaster.work() as station:
        await station.until_delivered()
    there.check_each_once(small_pictures)


async def _two_are_there(station: HeadlessStation) -> bool:
    return [i.state for i in await station.images()].count(ImageState.STORED) == 2


async def _is_stored(station: HeadlessStation) -> bool:
    return all(batch.is_stored for batch in await station.batches())


async def _one_is_there(station: HeadlessStation) -> bool:
    return any(image.state is ImageState.STORED for image in await station.images())
