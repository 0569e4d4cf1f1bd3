"""A placed picture that was delivered before the record was lost: asked for, never sent twice."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from haut_desktop.domain.clock import system_clock
from haut_desktop.domain.delivery import BatchState, RegistrationState, Route
from haut_desktop.domain.former import NotAskedYetError
from haut_desktop.domain.subjects import Registration
from haut_desktop.services.placing import Placement
from haut_desktop.store.rebuild import recover_station
from haut_desktop.store.secrets import MemorySecrets
from haut_desktop.store.vault import Vault
from tests.conftest import ExpectedLogs
from tests.e2e.conftest import MakeStudy
from tests.e2e.stations import QUICK, HeadlessStation, open_workplace
from tests.e2e.studies import PlatformStudy
from tests.waiting import eventually, in_time

pytestmark = pytest.mark.timeout(120)

PACING = replace(QUICK, settling_s=60.0, look_again_s=0.1)
both_routes = pytest.mark.parametrize("route", list(Route))


async def lose(folder: Path, secrets: MemorySecrets) -> None:
    """Lose the record, with notes that this station's keys did not write and that name nothing."""
    async with open_workplace(folder, secrets, is_working=False) as station:
        vault = station.work.store.vault
        stranger = Vault(vault.folder, station.work.store.keys.recipient, None, None)
        for name in vault.names():
            stranger.set_sidecar(name, replace(vault.sidecar(name), record=None))
    rebuilt, _ = await recover_station(folder, secrets, system_clock)
    await rebuilt.aclose()


async def place(station: HeadlessStation, there: PlatformStudy, pictures: tuple[Path, ...]) -> None:
    """Say whose the pictures are, each in its own view, and finish their visit."""
    await station.sign_in(there.platform.url)
    study = await station.choose_study(there.name)
    subject = await station.register(study, "B-007")
    visit = await station.work.capture.open_visit(study, subject.id, "Baseline")
    views = [hashlib.sha256(path.read_bytes()).hexdigest() for path in pictures]
    placing = station.work.placing
    for one in await placing.waiting():
        shelves = (await station.work.capture.sheet(visit.id)).shelves
        slot = shelves[views.index(one.held.original.digest.sha256)].slot
        chosen = Placement(subject.id, visit.id, visit.name, slot)
        await placing.assign(one.held.original.id, study, chosen, "the paper list says so")
    await station.work.capture.finish(visit.id)


async def finish(station: HeadlessStation, there: PlatformStudy, *pictures: Path) -> None:
    await station.sign_in(there.platform.url)
    await station.finish_first_visit(there.name, *pictures)


async def say_same(station: HeadlessStation) -> None:
    """A person says that the platform's entry is the subject, whose record was lost as well."""

    async def held() -> Registration | None:
        deliveries = await station.work.outbox.overview(limit=10)
        (registration,) = deliveries[0].registrations
        return registration if registration.state is RegistrationState.HELD else None

    registration = await in_time(held)
    assert registration is not None
    (entry,) = await station.work.decisions.entries(registration)
    await station.work.decisions.say_same(registration, entry.platform_id, "same on the paper list")


@both_routes
async def test_what_was_delivered_is_found_by_its_bytes_and_not_sent_again(
    tmp_path: Path,
    study_by: MakeStudy,
    small_pictures: tuple[Path, ...],
    route: Route,
    expected_log: ExpectedLogs,
) -> None:
    expected_log("is held: CodeTakenError")
    there, folder, secrets = study_by(route), tmp_path / "station", MemorySecrets()
    async with open_workplace(folder, secrets) as station:
        await finish(station, there, *small_pictures)
        await station.until_delivered()
    there.check_each_once(small_pictures)
    await lose(folder, secrets)
    async with open_workplace(folder, secrets, pacing=PACING) as station:
        await place(station, there, small_pictures)
        await say_same(station)
        await station.until_delivered()
        (batch,) = await station.batches()
        assert batch.platform_id == there.batches()[0]["id"]
        assert all(image.proof and "found as" in image.proof.detail for image in batch.images)
    there.check_each_once(small_pictures)
    assert len(there.batches()) == 1


@both_routes
async def test_what_never_left_waits_while_nobody_can_be_asked_and_then_goes_once(
    tmp_path: Path, study_by: MakeStudy, small_pictures: tuple[Path, ...], route: Route
) -> None:
    there, folder, secrets = study_by(route), tmp_path / "station", MemorySecrets()
    async with open_workplace(folder, secrets, is_working=False) as station:
        await finish(station, there, *small_pictures)
    await lose(folder, secrets)
    there.platform.add_fault("offline", method="GET", path="*/batches/")
    async with open_workplace(folder, secrets, pacing=PACING) as station:
        await place(station, there, small_pictures)

        async def says_why() -> bool:
            (batch,) = await station.batches()
            trouble = batch.waiting.trouble
            return trouble is not None and trouble.kind == NotAskedYetError.__name__

        await in_time(says_why)
        await eventually(lambda: there.platform.struck() > 1)
        assert await station.batch_states() == {BatchState.OPEN}
    # killed while it waits: the next start knows that it has to ask
    there.platform.clear_faults()
    assert there.images() == []
    async with open_workplace(folder, secrets, pacing=PACING) as station:
        await station.until_delivered()
        assert await station.work.store.former.unexplained() == ()
    there.check_each_once(small_pictures)


async def test_nothing_is_asked_before_the_kept_sending_rules_are_known(
    tmp_path: Path, study_by: MakeStudy
) -> None:
    there = study_by(Route.SIGNED)
    async with open_workplace(tmp_path / "one", MemorySecrets(), is_working=False) as station:
        await station.sign_in(there.platform.url)
        assert not station.work.may_ask
    async with open_workplace(tmp_path / "two", MemorySecrets()) as station:
        await station.sign_in(there.platform.url)
        await eventually(lambda: station.work.may_ask)
        station.work.delivery.pause()
        assert not station.work.may_ask


async def test_a_record_lost_again_before_the_asking_still_asks(
    tmp_path: Path,
    study_by: MakeStudy,
    small_pictures: tuple[Path, ...],
    expected_log: ExpectedLogs,
) -> None:
    expected_log("is held: CodeTakenError")
    there, folder, secrets = study_by(Route.INLINE), tmp_path / "station", MemorySecrets()
    async with open_workplace(folder, secrets) as station:
        await finish(station, there, *small_pictures)
        await station.until_delivered()
    await lose(folder, secrets)
    async with open_workplace(folder, secrets, is_working=False) as station:
        await place(station, there, small_pictures)
    rebuilt, found = await recover_station(folder, secrets, system_clock)
    await rebuilt.aclose()
    assert (found.waiting_batches, found.held) == (1, ())
    async with open_workplace(folder, secrets, pacing=PACING) as station:
        await station.sign_in(there.platform.url)
        await say_same(station)
        await station.until_delivered()
    there.check_each_once(small_pictures)
