"""The outbox for people, on a real platform: pause, hold, retry, order, three at once, no spin."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from haut_desktop.domain.delivery import BatchState, ImageState, Route
from haut_desktop.domain.session import Connection
from haut_desktop.domain.subjects import Registration
from haut_desktop.practice.pictures.person import SkinTone
from haut_desktop.services.delivery import REGISTRATIONS_AT_ONCE
from tests.conftest import ExpectedLogs
from tests.e2e.conftest import MakeStudy, Pictures
from tests.e2e.stations import QUICK, HeadlessStation, OwnStation
from tests.e2e.studies import PlatformStudy
from tests.photographs import drawn_face, encode
from tests.waiting import eventually, in_time

pytestmark = pytest.mark.timeout(120)


def count_rounds(station: HeadlessStation, monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """Grows by one with each round of the delivery loop."""
    rounds: list[None] = []
    due = station.work.store.registrations.due

    async def counted(now: datetime, *more: Any) -> tuple[Registration, ...]:
        rounds.append(None)
        return await due(now, *more)

    monkeypatch.setattr(station.work.store.registrations, "due", counted)
    return rounds


def draw_pictures(folder: Path, count: int) -> Pictures:
    """Write so many small pictures, each with other bytes."""
    paths = tuple(folder / f"{number}.jpg" for number in range(count))
    for number, path in enumerate(paths):
        path.write_bytes(encode(drawn_face(SkinTone.TAN, size=200 + 8 * number)))
    return paths


async def let_pass(seconds: float) -> None:
    """Give what must not happen the time to happen."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    await eventually(lambda: loop.time() > end)


async def test_paused_by_hand_starts_nothing_until_it_goes_on(
    there: PlatformStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    async with here.open() as station:
        outbox = station.work.outbox
        await station.sign_in(there.platform.url)
        outbox.pause()
        await station.finish_first_visit(there.name, *small_pictures)
        station.work.delivery.wake()
        assert (await outbox.summary()).is_paused
        await let_pass(0.3)
        assert not there.subjects()
        outbox.resume()
        await station.until_delivered()
        assert not (await outbox.summary()).is_paused
        assert not station.errors
    there.check_each_once(small_pictures)


async def test_paused_while_the_network_is_away_stays_paused_when_it_is_back(
    there: PlatformStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    async with here.open() as station:
        await station.sign_in(there.platform.url)
        there.platform.add_fault("offline", path="*/upload/")
        await station.finish_first_visit(there.name, *small_pictures)
        await eventually(lambda: station.work.connectivity.state is Connection.OFFLINE)
        station.work.outbox.pause()
        there.platform.clear_faults()
        station.work.connectivity.network_changed()
        await let_pass(0.5)
        assert not there.batches()
        station.work.outbox.resume()
        await station.until_delivered()
        assert not station.errors
    there.check_each_once(small_pictures)


async def test_a_batch_held_in_the_middle_of_its_upload_goes_on_where_it_stood(
    there: PlatformStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    there.platform.add_fault("slow", target="store", method="PUT", delay_s=0.5)
    async with here.after_visit(there, *small_pictures) as station:
        image = await station.until_image(ImageState.UPLOADING)
        await station.work.outbox.hold(image.batch_id, "wrong participant?")

        async def is_stored() -> bool:
            return {image.state for image in await station.images()} == {ImageState.STORED}

        await in_time(is_stored)
        assert await station.batch_states() == {BatchState.HELD}
        assert not there.computed()
        await station.work.outbox.resume_held(image.batch_id, "it is the right one")
        await station.until_delivered()
        assert not station.errors
    there.check_each_once(small_pictures)
    assert len(there.batches()) == 1


async def test_a_batch_held_while_it_is_begun_is_begun_anew(
    there: PlatformStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    there.platform.add_fault("slow", path="*/upload/", delay_s=0.4, count=1)
    async with here.after_visit(there, *small_pictures) as station:
        batch = await station.until_batch(BatchState.INITIATING)
        await station.work.outbox.hold(batch.id, "wait")
        await eventually(there.batches)
        await let_pass(0.3)
        await station.work.outbox.resume_held(batch.id, "go")
        await station.until_delivered()
        assert not station.errors
    there.check_each_once(small_pictures)


async def test_trying_now_forgets_the_waiting_time_of_one_batch(
    there: PlatformStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    there.platform.add_fault("429", path="*/upload/", count=1, retry_after_s=3600)
    async with here.after_visit(there, *small_pictures) as station:

        async def waits() -> bool:
            return (await station.batches())[0].waiting.retry_at is not None

        await in_time(waits)
        (batch,) = await station.batches()
        await station.work.outbox.retry_now(batch.id)
        await station.until_delivered()
        assert not station.errors
    there.check_each_once(small_pictures)


async def test_oldest_visit_goes_first(
    tmp_path: Path, study_by: MakeStudy, here: OwnStation
) -> None:
    there = study_by(Route.INLINE)
    codes = [f"B-{number:03}" for number in range(6)]
    async with here.open() as station:
        await station.sign_in(there.platform.url)
        study = await station.choose_study(there.name)
        subjects = [await station.register(study, code) for code in codes]
        for subject in subjects:
            await station.until_registered(subject)
        station.work.outbox.pause()
        # the newest subject's visit is the oldest
        for subject, picture in zip(reversed(subjects), draw_pictures(tmp_path, 6), strict=True):
            await station.finish_visit(study, subject, picture)
        there.platform.add_fault("slow", path="*/images/", method="POST", delay_s=0.3)
        station.work.outbox.resume()
        await station.until_delivered()
        assert not station.errors
    names = {subject["id"]: subject["name"] for subject in there.subjects()}
    begun = [names[batch["subject_id"]] for batch in there.batches()]
    # three are begun at once, in whichever order their requests arrive
    assert set(begun[:3]) == set(codes[3:])


async def test_three_pictures_are_in_flight_at_most(
    tmp_path: Path, study_by: MakeStudy, here: OwnStation
) -> None:
    there = study_by(Route.INLINE)
    pictures = draw_pictures(tmp_path, 8)
    there.platform.add_fault("slow", path="*/images/", method="POST", delay_s=0.15)
    most = 0
    async with here.after_visit(there, *pictures) as station:

        async def is_done() -> bool:
            nonlocal most
            states = [image.state for image in await station.images()]
            most = max(most, states.count(ImageState.UPLOADING))
            return set(states) == {ImageState.STORED}

        await in_time(is_done)
        await station.until_delivered()
    assert most == 3
    there.check_each_once(pictures)


async def test_registrations_that_take_long_keep_no_picture_waiting(
    there: PlatformStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    async with here.open() as station:
        await station.sign_in(there.platform.url)
        study = await station.choose_study(there.name)
        first = await station.register(study, "B-001")
        await station.until_registered(first)
        there.platform.add_fault("slow", path="*/subjects/*", method="GET", delay_s=600)
        for number in range(2, 2 + REGISTRATIONS_AT_ONCE):
            await station.register(study, f"B-{number:03}")
        await eventually(lambda: there.platform.struck() == REGISTRATIONS_AT_ONCE)
        await station.finish_visit(study, first, *small_pictures)
        await station.until_delivered(deadline_s=25)
        there.platform.clear_faults()


async def test_waiting_costs_no_rounds(
    study_by: MakeStudy,
    small_pictures: Pictures,
    expected_log: ExpectedLogs,
    monkeypatch: pytest.MonkeyPatch,
    here: OwnStation,
) -> None:
    expected_log("image .* is held: RefusedError")
    there = study_by(Route.INLINE)
    there.platform.add_fault("5xx", path="*/images/", method="POST", status=400, count=1)
    there.platform.add_fault("drop_answer", path="*/images/", method="POST", count=1)
    pacing = replace(QUICK, quiet_s=600.0)
    async with here.after_visit(there, *small_pictures, pacing=pacing) as station:
        await station.until_image(ImageState.HELD)
        image = await station.until_image(ImageState.UNSETTLED)
        await station.work.outbox.hold(image.batch_id, "somebody looks")
        past = image.waiting.retry_at
        assert past is not None
        overdue = replace(image.waiting, retry_at=past - timedelta(days=1))
        await station.work.store.outbox.set_waiting_image(image.id, overdue)
        await let_pass(0.3)
        rounds = count_rounds(station, monkeypatch)
        await let_pass(1.0)
        assert len(rounds) <= 3
