"""Registration on a real platform: made once, and never on the wrong person."""

from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from pytestqt.qtbot import QtBot

from haut_desktop.domain.delivery import RegistrationState, Route
from haut_desktop.domain.ids import PlatformSubjectId
from haut_desktop.domain.subjects import Registration, Subject
from haut_desktop.store.secrets import MemorySecrets
from haut_desktop.widgets.rail import Place
from tests.conftest import ExpectedLogs
from tests.e2e.conftest import MakeStudy, Pictures
from tests.e2e.stations import HeadlessStation, OwnStation, open_workplace
from tests.e2e.studies import PlatformStudy
from tests.e2e.windows import open_shell
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(120)

HELD = "registration .* is held"


async def start_subject(
    station: HeadlessStation, there: PlatformStudy, pictures: Pictures
) -> Subject:
    """Register B-007 and finish a visit of theirs."""
    await station.sign_in(there.platform.url)
    return await station.finish_first_visit(there.name, *pictures)


async def until_held(station: HeadlessStation, subject: Subject, kind: str) -> Registration:
    """Wait until the registration is held for this reason."""
    held = await station.until_registration(subject, RegistrationState.HELD)
    assert held.waiting.trouble is not None
    assert held.waiting.trouble.kind == kind
    assert (await station.work.outbox.summary()).held == 1
    return held


async def test_practice_shows_a_code_as_its_subjects_have_them(
    qtbot: QtBot, here: OwnStation
) -> None:
    async with here.open() as station:
        shell = await open_shell(station)
        shell.window.go(Place.SUBJECTS)
        assert shell.subject_form is not None
        assert shell.subject_form.plan.code_example.startswith("P-")
        shell.close()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


async def test_two_equal_names_hold_the_subject_until_a_person_says_which(
    there: PlatformStudy, small_pictures: Pictures, expected_log: ExpectedLogs, here: OwnStation
) -> None:
    expected_log(HELD)
    _, right = there.platform.make_subjects(there.dataset_id, "B-007", "B-007")
    async with here.open() as station:
        subject = await start_subject(station, there, small_pictures)
        held = await until_held(station, subject, "CodeTwiceError")
        assert not there.batches()
        await station.work.outbox.say_same(held, PlatformSubjectId(right), "paper list, line 7")
        await station.until_delivered()
        assert not station.errors
    assert {batch["subject_id"] for batch in there.batches()} == {right}
    there.check_each_once(small_pictures)


async def test_a_name_from_the_portal_is_nobodys_until_a_person_says_so(
    study_by: MakeStudy, small_pictures: Pictures, expected_log: ExpectedLogs, here: OwnStation
) -> None:
    expected_log(HELD)
    there = study_by(Route.INLINE)
    (made,) = there.platform.make_subjects(there.dataset_id, "B-007")
    async with here.open() as station:
        subject = await start_subject(station, there, small_pictures)
        held = await until_held(station, subject, "CodeTakenError")
        assert not there.images()
        await station.work.outbox.say_same(held, PlatformSubjectId(made), "the nurse made it")
        await station.until_delivered()
        assert not station.errors
    assert len(there.subjects()) == 1
    there.check_each_once(small_pictures)


async def test_another_stations_name_holds_the_subject_and_its_pictures(
    tmp_path: Path,
    there: PlatformStudy,
    small_pictures: Pictures,
    expected_log: ExpectedLogs,
    here: OwnStation,
) -> None:
    expected_log(HELD)
    async with open_workplace(tmp_path / "first", MemorySecrets()) as first:
        await first.sign_in(there.platform.url)
        study = await first.choose_study(there.name)
        await first.until_registered(await first.register(study, "B-007"))
    async with here.open() as second:
        subject = await start_subject(second, there, small_pictures)
        await until_held(second, subject, "CodeTakenError")
        assert not second.errors
    assert len(there.subjects()) == 1
    assert not there.batches()


async def test_what_was_put_right_on_the_platform_is_looked_up_again(
    there: PlatformStudy, small_pictures: Pictures, expected_log: ExpectedLogs, here: OwnStation
) -> None:
    expected_log(HELD)
    (other,) = there.platform.make_subjects(there.dataset_id, "B-007")
    async with here.open() as station:
        subject = await start_subject(station, there, small_pictures)
        held = await until_held(station, subject, "CodeTakenError")
        there.platform.delete_subject(there.dataset_id, other)
        await station.work.outbox.look_again(held, "a trial entry, deleted")
        await station.until_delivered()
        assert not station.errors
    assert len(there.subjects()) == 1
    there.check_each_once(small_pictures)


async def test_a_name_on_the_second_page_is_found(
    there: PlatformStudy, small_pictures: Pictures, expected_log: ExpectedLogs, here: OwnStation
) -> None:
    expected_log(HELD)
    # a search for B-007 lists them all, wherever the exact one is
    before = [f"B-007-{number}" for number in range(105)]
    after = [f"B-007-{number}-later" for number in range(105)]
    there.platform.make_subjects(there.dataset_id, *before, "B-007", *after)
    async with here.open() as station:
        subject = await start_subject(station, there, small_pictures)
        await until_held(station, subject, "CodeTakenError")
    assert len(there.subjects()) == 211


async def test_trying_now_wakes_a_registration_that_waits_for_long(
    there: PlatformStudy, here: OwnStation
) -> None:
    there.platform.add_fault("429", method="GET", path="*/subjects/", count=1, retry_after_s=600)
    async with here.open() as station:
        await station.sign_in(there.platform.url)
        study = await station.choose_study(there.name)
        subject = await station.register(study, "B-007")
        await eventually(lambda: there.platform.struck() == 1)
        registration = await station.until_registration(subject, RegistrationState.DRAFT)
        while registration.waiting.retry_at is None:
            registration = await station.until_registration(subject, RegistrationState.DRAFT)
        await station.work.outbox.retry_now()
        await station.until_registered(subject)
        assert not station.errors
