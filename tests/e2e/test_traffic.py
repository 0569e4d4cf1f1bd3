"""The rules of sending on a real platform: a limit, a window, a pause that outlives the program."""

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from haut_desktop.domain.delivery import ImageState, Route
from haut_desktop.domain.imaging import ProofOfDelivery
from haut_desktop.domain.traffic import SendingRules, Window
from haut_desktop.store.secrets import MemorySecrets
from tests.e2e.conftest import MakeStudy
from tests.e2e.stations import HeadlessStation, open_workplace
from tests.e2e.studies import PlatformStudy
from tests.e2e.test_delivery_faults import PUT
from tests.e2e.test_outbox_service import let_pass
from tests.fakes.practice import PracticePlatform
from tests.waiting import eventually, in_time

pytestmark = pytest.mark.timeout(120)


async def finish(
    station: HeadlessStation, there: PlatformStudy, pictures: tuple[Path, ...]
) -> None:
    """Sign in and finish a visit."""
    await station.sign_in(there.platform.url)
    await station.finish_first_visit(there.name, *pictures)


@pytest.mark.parametrize("route", Route)
async def test_every_byte_of_a_picture_waits_for_its_turn_on_a_limited_line(
    tmp_path: Path, study_by: MakeStudy, small_pictures: tuple[Path, ...], route: Route
) -> None:
    there = study_by(route)
    sent_bytes = sum(path.stat().st_size for path in small_pictures)
    async with open_workplace(tmp_path / "station", MemorySecrets()) as station:
        turns: list[int] = []
        throttle = station.work.network.throttle
        turn = throttle.turn

        async def counted(size_bytes: int) -> None:
            assert throttle.bytes_per_s == 100_000
            turns.append(size_bytes)
            await turn(size_bytes)

        throttle.turn = counted  # type: ignore[method-assign]
        await station.work.outbox.set_rules(SendingRules(most_bytes_per_s=100_000))
        await finish(station, there, small_pictures)
        await station.until_delivered()
        assert not station.errors
    assert sum(turns) >= sent_bytes
    there.check_each_once(small_pictures)


async def test_outside_of_the_window_nothing_is_begun(
    tmp_path: Path,
    study_by: MakeStudy,
    small_pictures: tuple[Path, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = study_by(Route.SIGNED)
    async with open_workplace(tmp_path / "station", MemorySecrets()) as station:
        await in_time(lambda: has_zone(station))
        work = station.work
        here = work.clock().astimezone(ZoneInfo(work.traffic.zone)).replace(second=0, microsecond=0)
        later = (here + timedelta(hours=2)).time()
        await work.outbox.set_rules(
            SendingRules(window=Window(later, (here + timedelta(hours=3)).time()))
        )
        await finish(station, there, small_pictures)
        summary = await work.outbox.summary()
        assert summary.opens_at is not None
        # two hours by the site's clock; one or three where it changes to or from summer time
        assert timedelta() < summary.opens_at - work.clock() <= timedelta(hours=3)
        now = work.clock()
        monkeypatch.setattr(work.store.outbox, "_clock", lambda: now + timedelta(hours=3))
        assert (await work.outbox.summary()).late == 0, "it waits for the sending times alone"
        work.outbox.pause()
        assert (await work.outbox.summary()).late == 1
        work.outbox.resume()
        monkeypatch.undo()
        await let_pass(0.3)
        assert not there.subjects()
        await work.outbox.set_rules(SendingRules())
        await station.until_delivered()
        assert not station.errors
    there.check_each_once(small_pictures)


async def test_a_pause_begins_no_other_picture_and_its_expired_addresses_hold_nothing(
    tmp_path: Path,
    platform: PracticePlatform,
    study_by: MakeStudy,
    small_pictures: tuple[Path, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("haut_desktop.workplace.IMAGES_IN_FLIGHT", 1)
    there = study_by(Route.SIGNED)
    async with open_workplace(tmp_path / "station", MemorySecrets()) as station:
        work, puts = station.work, 0
        put = work.objects.put

        async def paused_in_the_first(*args: Any, **options: Any) -> ProofOfDelivery:
            nonlocal puts
            puts += 1
            if puts == 1:
                work.outbox.pause()
                summary = await work.outbox.summary()
                assert (summary.is_paused, summary.uploading) == (True, 1)
            return await put(*args, **options)

        work.objects.put = paused_in_the_first  # type: ignore[method-assign]
        await finish(station, there, small_pictures)
        await station.until_image(ImageState.STORED)
        await eventually(lambda: not work.delivery._carrying)
        states = Counter(image.state for image in await station.images())
        assert states == {ImageState.STORED: 1, ImageState.SEALED: len(small_pictures) - 1}
        await let_pass(0.3)
        assert puts == 1
        # the first time they outlived the pause; only the second time would be an address's fault
        platform.add_fault("address_expired", **{**PUT.fields(), "count": 2})
        work.outbox.resume()
        await station.until_delivered()
        (batch,) = await station.batches()
        assert batch.abandoned == 2
        assert not station.errors
    there.check_each_once(small_pictures)


async def test_a_pause_is_remembered_over_a_restart(
    tmp_path: Path, study_by: MakeStudy, small_pictures: tuple[Path, ...]
) -> None:
    there, secrets = study_by(Route.SIGNED), MemorySecrets()
    async with open_workplace(tmp_path / "station", secrets) as station:
        await station.sign_in(there.platform.url)
        station.work.outbox.pause()
        await station.finish_first_visit(there.name, *small_pictures)
        await in_time(lambda: is_kept(station))
    async with open_workplace(tmp_path / "station", secrets) as station:
        await in_time(lambda: is_paused(station))
        await let_pass(0.3)
        assert not there.subjects()
        station.work.outbox.resume()
        await station.until_delivered()
        assert not station.errors
        changed = [e for e in await station.work.store.audit.entries() if "setting" in e.action]
        assert len(changed) == 2
        assert all(entry.operator_id is not None for entry in changed)
    there.check_each_once(small_pictures)


async def test_a_pause_and_other_rules_at_the_same_moment_are_both_kept(tmp_path: Path) -> None:
    async with open_workplace(tmp_path / "station", MemorySecrets()) as station:
        await in_time(lambda: has_zone(station))
        outbox, traffic = station.work.outbox, station.work.traffic

        async def pause() -> None:
            outbox.pause()

        await asyncio.gather(outbox.set_rules(SendingRules(most_bytes_per_s=100_000)), pause())
        both = SendingRules(is_paused=True, most_bytes_per_s=100_000)
        assert traffic.rules == both
        # as the next start reads it
        await in_time(lambda: is_written(station, both))
        await outbox.set_rules(SendingRules())
        assert traffic.rules == SendingRules(is_paused=True)


async def is_written(station: HeadlessStation, rules: SendingRules) -> bool:
    """Whether just these rules stand in the record."""
    kept = await station.work.store.studies.setting("sending-rules")
    return kept == msgspec.json.encode(rules).decode()


async def has_zone(station: HeadlessStation) -> bool:
    """Whether the kept rules were read."""
    return station.work.traffic.zone != "UTC"


async def is_kept(station: HeadlessStation) -> bool:
    """Whether the pause stands in the record."""
    return bool(await station.work.store.studies.setting("sending-rules"))


async def is_paused(station: HeadlessStation) -> bool:
    """Whether the program knows that it was paused."""
    return (await station.work.outbox.summary()).is_paused
