"""Visits go from the disk to results with no window, over real sockets and a real database."""

import hashlib
from pathlib import Path

import pytest

from haut_desktop.domain.analysis import Completeness
from haut_desktop.domain.delivery import BatchState, Proof, RegistrationState, Route
from haut_desktop.domain.imaging import Side
from haut_desktop.domain.session import SessionState
from haut_desktop.domain.study import Shot
from haut_desktop.store.secrets import MemorySecrets
from tests.e2e.conftest import MakeStudy
from tests.e2e.stations import open_workplace
from tests.e2e.studies import PlatformStudy, make_study
from tests.fakes.practice import VISIA, PracticePlatform, running_practice
from tests.waiting import eventually, in_time

pytestmark = pytest.mark.timeout(180)


async def test_visit_is_sealed_delivered_and_computed_once(
    tmp_path: Path,
    practice_platform: PracticePlatform,
    faces: str,
    visit_pictures: tuple[Path, ...],
) -> None:
    async with open_workplace(tmp_path / "station", MemorySecrets()) as station:
        await station.sign_in(practice_platform.url)
        subject = await station.finish_first_visit(faces, *visit_pictures)
        await station.until_delivered()

        images = await station.images()
        assert {image.proof.kind for image in images if image.proof} == {Proof.STORE_HASH}
        sealed = {image.rendition.digest.sha256 for image in images}
        assert sealed == {hashlib.sha256(p.read_bytes()).hexdigest() for p in visit_pictures}

        async def is_complete() -> bool:
            found = await station.work.results.visits(subject.id)
            return [f.completeness for f in found] == [Completeness.COMPLETE]

        await in_time(is_complete, deadline_s=120)
        (visit,) = await station.work.results.visits(subject.id)
        assert len({stored.result.algorithm for stored in visit.results}) >= 8
        assert not station.errors
    assert not practice_platform.violations()


@pytest.mark.parametrize("route", [Route.SIGNED, Route.INLINE])
async def test_platform_bills_each_algorithm_of_each_picture_once(
    route: Route,
    tmp_path: Path,
    platform: PracticePlatform,
    study_by: MakeStudy,
    small_pictures: tuple[Path, ...],
) -> None:
    there = study_by(route)
    async with open_workplace(tmp_path / "station", MemorySecrets()) as station:
        await station.sign_in(platform.url)
        await station.finish_first_visit(there.name, *small_pictures[:2])
        await station.until_delivered()
        await eventually(lambda: not platform.state()["queue_length"], deadline_s=60)
        assert not station.errors
    there.check_each_once(small_pictures[:2])
    assert [batch["signed"] for batch in there.batches()] == [route is Route.SIGNED]
    first, second = there.images()
    assert first["billed_transactions"] == second["billed_transactions"] > 0
    assert (first["puts"], second["puts"]) == (1, 1)


async def test_pictures_of_several_lights_keep_their_lights(
    tmp_path: Path, platform: PracticePlatform, small_pictures: tuple[Path, ...]
) -> None:
    name = "Several lights"
    there = PlatformStudy(platform, name, platform.make_dataset(name, VISIA, "visia_metrics"))
    shots = tuple(Shot(Side.FRONT, light) for light in ("regular", "cross_polarised", "uv"))
    async with open_workplace(tmp_path / "station", MemorySecrets()) as station:
        await station.sign_in(platform.url)
        study = await station.choose_study(name, shots=shots)
        subject = await station.register(study, "B-007")
        visit = await station.work.capture.open_visit(study, subject.id, "Baseline")
        sheet = await station.work.capture.sheet(visit.id)
        for shelf, picture in zip(sheet.shelves, small_pictures, strict=True):
            await station.work.capture.take_in(visit.id, picture, shelf.slot.id)
        await station.work.capture.finish(visit.id)
        await station.until_delivered()
        assert not station.errors
    there.check_each_once(small_pictures)
    by_light = {image["light"]: image["sha256"] for image in there.images()}
    assert list(by_light) != []
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in small_pictures]
    assert by_light == dict(zip(("regular", "cross_polarised", "uv"), digests, strict=True))


async def test_what_was_registered_and_shot_offline_goes_when_the_platform_is_back(
    tmp_path: Path, small_pictures: tuple[Path, ...]
) -> None:
    data = tmp_path / "platform"
    async with open_workplace(tmp_path / "station", MemorySecrets()) as station:
        with running_practice(data) as platform:
            there = make_study(platform, "Offline", Route.SIGNED)
            await station.sign_in(platform.url)
            study = await station.choose_study(there.name)
        subject = await station.register(study, "B-007")
        await station.finish_visit(study, subject, *small_pictures)
        registration = await station.until_registration(subject, RegistrationState.DRAFT)
        assert registration.platform_id is None
        with running_practice(data) as platform:
            there = PlatformStudy(platform, there.name, there.dataset_id)
            await station.until_delivered()
            there.check_each_once(small_pictures)
            assert [subject["name"] for subject in there.subjects()] == ["B-007"]
            assert not platform.violations()
        assert not station.errors


async def test_tokens_of_four_seconds_last_through_a_slow_upload(
    tmp_path: Path, small_pictures: tuple[Path, ...]
) -> None:
    arguments = ("--token-seconds", "4", "--logins-per-minute", "1000")
    with running_practice(tmp_path / "platform", *arguments) as platform:
        there = make_study(platform, "Short tokens", Route.SIGNED)
        await _deliver_slowly(tmp_path / "station", there, small_pictures, seconds=8)
        assert platform.state()["refreshes"] >= 2


async def test_tokens_of_twenty_seconds_last_through_a_slow_upload(
    tmp_path: Path, small_pictures: tuple[Path, ...]
) -> None:
    with running_practice(tmp_path / "platform", "--token-seconds", "20") as platform:
        there = make_study(platform, "Short tokens", Route.SIGNED)
        await _deliver_slowly(tmp_path / "station", there, small_pictures, seconds=18)
        assert platform.state()["refreshes"] >= 1


async def _deliver_slowly(
    folder: Path, there: PlatformStudy, pictures: tuple[Path, ...], *, seconds: float
) -> None:
    """Deliver at a rate at which it takes so long; one sign-in must do."""
    platform = there.platform
    rate = sum(path.stat().st_size for path in pictures) / len(pictures) / seconds
    platform.add_fault("slow", target="store", method="PUT", bytes_per_s=rate)
    logins = platform.state()["logins"]
    async with open_workplace(folder, MemorySecrets()) as station:
        await station.sign_in(platform.url)
        await station.finish_first_visit(there.name, *pictures)
        await station.until_delivered()
        assert station.work.session.state is SessionState.SIGNED_IN
        assert not station.errors
    there.check_each_once(pictures)
    assert platform.state()["logins"] == logins + 1
    assert not platform.violations()


async def test_a_restart_goes_on_with_kept_tokens_and_no_network(
    tmp_path: Path, small_pictures: tuple[Path, ...]
) -> None:
    folder, secrets, data = tmp_path / "station", MemorySecrets(), tmp_path / "platform"
    with running_practice(data) as platform:
        there = make_study(platform, "Restart", Route.SIGNED)
        async with open_workplace(folder, secrets) as station:
            await station.sign_in(platform.url)
            study = await station.choose_study(there.name)
    async with open_workplace(folder, secrets) as station:
        assert station.work.session.state is SessionState.SIGNED_IN
        subject = await station.register(study, "B-007")
        await station.finish_visit(study, subject, *small_pictures)
        with running_practice(data) as platform:
            logins = platform.state()["logins"]
            await station.until_delivered()
            assert platform.state()["logins"] == logins
            PlatformStudy(platform, there.name, there.dataset_id).check_each_once(small_pictures)
        assert not station.errors


async def test_another_companys_account_never_sends_what_is_not_its_own(
    tmp_path: Path,
    platform: PracticePlatform,
    study_by: MakeStudy,
    small_pictures: tuple[Path, ...],
) -> None:
    there = study_by(Route.SIGNED)
    folder, secrets = tmp_path / "station", MemorySecrets()
    async with open_workplace(folder, secrets, is_working=False) as station:
        await station.sign_in(platform.url)
        await station.finish_first_visit(there.name, *small_pictures)
    with running_practice(tmp_path / "elsewhere") as elsewhere:
        async with open_workplace(folder, secrets, is_working=False) as station:
            await station.sign_in(elsewhere.url)
            station.work.start()
            own = await station.choose_study(make_study(elsewhere, "Own", Route.SIGNED).name)
            await station.until_registered(await station.register(own, "E-001"))
            assert await station.batch_states() == {BatchState.OPEN}
            await station.sign_in(platform.url)
            await station.until_delivered()
            assert not station.errors
        assert [there["name"] for there in elsewhere.state()["subjects"]] == ["E-001"]
        assert not elsewhere.violations()
    there.check_each_once(small_pictures)
