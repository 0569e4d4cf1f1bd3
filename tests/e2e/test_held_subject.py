"""A code that the platform knows already: the pictures wait until a person says who it is."""

from typing import Any

import httpx
import pytest

from haut_desktop.domain.delivery import RegistrationState
from haut_desktop.domain.errors import SubjectCodeError
from haut_desktop.domain.study import Study
from haut_desktop.domain.subjects import Registration, Subject
from haut_desktop.services.decisions import Maker
from tests.conftest import ExpectedLogs
from tests.e2e.conftest import Pictures
from tests.e2e.stations import HeadlessStation, OwnStation
from tests.e2e.studies import PlatformStudy
from tests.fakes.practice import PASSWORD, TECHNICIAN


def make_in_portal(there: PlatformStudy, code: str) -> str:
    """Make a subject as the web portal does; its id."""
    url = there.platform.url
    words = {"username": TECHNICIAN, "password": PASSWORD}
    token = httpx.post(f"{url}/api/v1/auth/login/", json=words, trust_env=False).json()
    where = (
        f"{url}/api/v1/companies/{there.platform.company_id}/datasets/{there.dataset_id}/subjects/"
    )
    made = httpx.post(
        where,
        json={"name": code, "birth_date": "1971-05-02"},
        headers={"Authorization": f"Bearer {token['access_token']}"},
        trust_env=False,
    )
    subject_id: str = made.raise_for_status().json()["id"]
    return subject_id


async def hold_one(
    station: HeadlessStation, there: PlatformStudy, pictures: Pictures
) -> tuple[Study, Subject, Registration]:
    """Register a code that the portal knows, with a finished visit."""
    await station.sign_in(there.platform.url)
    study = await station.choose_study(there.name)
    subject = await station.register(study, "B-001")
    await station.finish_visit(study, subject, *pictures)
    return study, subject, await station.until_registration(subject, RegistrationState.HELD)


def pictures_of(there: PlatformStudy, subject_id: str) -> list[Any]:
    batches = [batch for batch in there.batches() if batch["subject_id"] == subject_id]
    return [image for batch in batches for image in batch["images"]]


async def audited(station: HeadlessStation, thing: str) -> list[tuple[str, str]]:
    entries = await station.work.store.audit.of_entity(thing)
    return [(entry.action, entry.reason) for entry in entries if entry.reason]


@pytest.fixture
def expected_hold(expected_log: ExpectedLogs) -> None:
    expected_log("registration .* is held: CodeTakenError")


@pytest.mark.usefixtures("expected_hold")
async def test_the_same_participants_pictures_go_to_the_portals_entry(
    there: PlatformStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    entry_id = make_in_portal(there, "B-001")
    async with here.open() as station:
        _, _, registration = await hold_one(station, there, small_pictures)
        decisions = station.work.decisions
        (entry,) = await decisions.entries(registration)
        assert (entry.platform_id, entry.maker) == (entry_id, Maker.PORTAL)
        assert entry.created_at is not None
        assert not pictures_of(there, entry_id)
        await decisions.say_same(registration, entry.platform_id, "same on the paper list")
        await station.until_delivered()
        assert len(pictures_of(there, entry_id)) == 3
        assert len(there.subjects()) == 1
        assert ("registration.confirm", "same on the paper list") in await audited(
            station, registration.id
        )


@pytest.mark.usefixtures("expected_hold")
async def test_another_participant_gets_a_new_code_and_an_entry_of_its_own(
    there: PlatformStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    entry_id = make_in_portal(there, "B-001")
    async with here.open() as station:
        _, subject, registration = await hold_one(station, there, small_pictures)
        await station.work.decisions.say_other(registration, "b-002", "misread on the label")
        await station.until_delivered()
        (new,) = [row for row in there.subjects() if row["id"] != entry_id]
        assert new["name"] == "B-002"
        assert len(pictures_of(there, new["id"])) == 3
        assert not pictures_of(there, entry_id)
        changed = await station.work.subjects.get(subject.id)
        assert [code.code for code in changed.codes] == ["B-001", "B-002"]
        assert ("subject.corrected", "misread on the label") in await audited(station, subject.id)
        assert ("registration.resume", "misread on the label") in await audited(
            station, registration.id
        )


@pytest.mark.usefixtures("expected_hold")
async def test_a_new_code_must_be_free_and_another_one(
    there: PlatformStudy, small_pictures: Pictures, here: OwnStation
) -> None:
    make_in_portal(there, "B-001")
    make_in_portal(there, "B-003")
    async with here.open() as station:
        study, subject, registration = await hold_one(station, there, small_pictures)
        await station.register(study, "B-004")
        for code in ("", "b-001", "B-003", "B-004", "Б-002"):
            with pytest.raises(SubjectCodeError):
                await station.work.decisions.say_other(registration, code, "a try")
        assert (await station.work.subjects.get(subject.id)).code == "B-001"
