"""A station's folder: made once, opened again, by the recovery key too; its frame comes back."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from haut_desktop.domain.audit import BY_ITSELF
from haut_desktop.domain.errors import (
    KeyringStrangerError,
    RecoveryKeyError,
    StoreError,
    StoreMissingError,
)
from haut_desktop.domain.ids import CompanyId, StudyId
from haut_desktop.domain.imaging import CameraClock
from haut_desktop.domain.session import Account, SignedIn, Tokens
from haut_desktop.domain.study import ImagingPlan, Study
from haut_desktop.store.clocks import CameraClockStore
from haut_desktop.store.credentials import CredentialStore
from haut_desktop.store.database import Database
from haut_desktop.store.keys import (
    KeyChest,
    NoRecovery,
    Recovery,
    RecoveryPassphrase,
    RecoveryRecipient,
)
from haut_desktop.store.sealing import new_identity, recipient_of
from haut_desktop.store.secrets import Secrets
from haut_desktop.store.station import Station, create_station, has_station, open_station
from haut_desktop.store.subjects import SubjectStore
from tests.fakes.builders import make_subject
from tests.fakes.clock import FakeClock
from tests.fakes.keyring import FakeSecrets, absent, denied, locked, uninitialised
from tests.store.conftest import Record
from tests.store.test_vault import DATA, make_sidecar

DECLINED = NoRecovery("practice")


async def create(
    folder: Path, secrets: Secrets, clock: FakeClock, recovery: Recovery = DECLINED
) -> Station:
    return await create_station(
        folder,
        secrets,
        clock,
        recovery=recovery,
        site_code="BER-01",
        zone="Europe/Berlin",
        station_name="Room 2",
    )


async def test_a_station_opens_again_as_the_same_one(tmp_path: Path, clock: FakeClock) -> None:
    secrets = FakeSecrets()
    assert not has_station(tmp_path)
    first = await create(tmp_path, secrets, clock)
    made = await first.studies.station()
    await first.aclose()
    assert has_station(tmp_path)
    again = await open_station(tmp_path, secrets, clock)
    assert await again.studies.station() == made
    site = await again.studies.site()
    assert site is not None
    assert (site.code, site.zone) == ("BER-01", "Europe/Berlin")
    await again.aclose()


async def test_declined_recovery_is_in_the_trail_with_its_reason(
    tmp_path: Path, clock: FakeClock
) -> None:
    station = await create(tmp_path, FakeSecrets(), clock)
    (entry, *_) = await station.audit.entries()
    assert (entry.action, entry.new, entry.reason) == ("recovery.set-up", "declined", "practice")
    await station.aclose()


async def test_another_account_comes_in_by_the_recovery_key(
    tmp_path: Path, clock: FakeClock
) -> None:
    recovery = RecoveryPassphrase("correct horse battery staple")
    await (await create(tmp_path, FakeSecrets(), clock, recovery)).aclose()
    other = FakeSecrets()
    with pytest.raises(KeyringStrangerError):
        await open_station(tmp_path, other, clock)
    opened = await open_station(tmp_path, other, clock, recovery_secret=recovery.text)
    await opened.aclose()
    await (await open_station(tmp_path, other, clock)).aclose()


@pytest.mark.parametrize("keyring", (locked, denied, absent, uninitialised))
async def test_the_recovery_key_opens_where_the_keyring_keeps_no_key(
    tmp_path: Path, clock: FakeClock, keyring: Callable[[], FakeSecrets]
) -> None:
    identity = new_identity()
    recovery = RecoveryRecipient(recipient_of(identity))
    await (await create(tmp_path, FakeSecrets(), clock, recovery)).aclose()
    before = (tmp_path / "keys.age").read_bytes()
    opened = await open_station(tmp_path, keyring(), clock, recovery_secret=identity)
    assert await opened.studies.station() is not None
    assert (await opened.audit.entries())[0].action == "recovery.used"
    await opened.aclose()
    assert (tmp_path / "keys.age").read_bytes() == before


async def test_pictures_without_their_database_are_an_error(
    tmp_path: Path, clock: FakeClock
) -> None:
    secrets = FakeSecrets()
    station = await create(tmp_path, secrets, clock)
    station.vault.seal(DATA, make_sidecar())
    await station.aclose()
    (tmp_path / "station.db").unlink()
    with pytest.raises(StoreMissingError):
        await open_station(tmp_path, secrets, clock)


async def test_pictures_without_their_keys_are_not_given_new_ones(
    tmp_path: Path, clock: FakeClock
) -> None:
    station = await create(tmp_path, FakeSecrets(), clock)
    await station.aclose()
    (tmp_path / "keys.age").unlink()
    with pytest.raises(StoreMissingError, match="keys"):
        await create(tmp_path, FakeSecrets(), clock)


async def test_a_half_made_station_is_completed(tmp_path: Path, clock: FakeClock) -> None:
    secrets = FakeSecrets()
    first = await create(tmp_path, secrets, clock)
    made = await first.studies.station()
    await first.aclose()
    second = await create(tmp_path, secrets, clock)
    assert await second.studies.station() == made
    await second.aclose()


# ---- the frame -----------------------------------------------------------------------------


async def test_nothing_is_written_before_the_station_has_a_site(
    database: Database, clock: FakeClock
) -> None:
    study = Study(StudyId("s"), CompanyId("c"), "x", ())
    with pytest.raises(StoreError, match="no site yet"):
        await SubjectStore(database, clock).add(make_subject(study), BY_ITSELF)


async def test_a_study_comes_back_and_a_changed_plan_is_a_version(record: Record) -> None:
    assert await record.studies.study(record.study.id) == record.study
    assert await record.studies.studies(record.study.tenant) == (record.study,)
    dataset = replace(record.study.datasets[0], applications=("a", "b"))
    plan = ImagingPlan(resting_s=60.0)
    changed = replace(record.study, name="Renamed", datasets=(dataset,), plan=plan)
    await record.studies.save_study(changed, record.act)
    await record.studies.save_study(changed, record.act)
    assert await record.studies.study(record.study.id) == changed
    actions = [entry.new for entry in await record.audit.of_entity(record.study.id)]
    assert actions[-1] == "version 2"


async def test_the_last_study_is_remembered(record: Record) -> None:
    assert await record.studies.last_study() is None
    await record.studies.set_last_study(record.study.id)
    await record.studies.set_last_study(record.study.id)
    assert await record.studies.last_study() == record.study.id


async def test_an_account_is_one_operator(record: Record) -> None:
    account = Account("https://saas.haut.ai", CompanyId("company-1"), 7, "tech@example.com")
    assert await record.studies.operator_for(account) == record.operator
    assert await record.studies.operator(record.operator.id) == record.operator


async def test_the_same_name_at_another_server_is_another_operator(record: Record) -> None:
    there = Account("https://staging.haut.ai", CompanyId("company-1"), 7, "tech@example.com")
    other = await record.studies.operator_for(there)
    assert other.id != record.operator.id
    assert (other.server, record.operator.server) == (
        "https://staging.haut.ai",
        "https://saas.haut.ai",
    )


async def test_a_study_of_another_server_is_not_this_ones(record: Record) -> None:
    await record.finish(await record.register())
    here, now = record.study.tenant, record.clock()
    there = replace(here, server="https://staging.haut.ai")
    assert await record.studies.studies(there) == ()
    assert await record.studies.unsent_pictures(here) == 3
    assert await record.studies.unsent_pictures(there) == 0
    assert len(await record.outbox.due_batches(now, 10, here)) == 1
    assert await record.outbox.due_batches(now, 10, there) == ()


async def test_a_study_without_a_server_goes_to_the_first_of_its_company(record: Record) -> None:
    await record.database.write(lambda c: c.execute("UPDATE study SET server = ''").rowcount)
    await record.database.write(lambda c: c.execute("UPDATE operator SET server = ''").rowcount)
    here = record.study.tenant
    assert await record.studies.settle_servers(replace(here, company_id=CompanyId("d"))) == 0
    assert await record.studies.settle_servers(here) == 1
    assert await record.studies.settle_servers(replace(here, server="https://late.example")) == 0
    assert await record.studies.study(record.study.id) == record.study
    assert await record.studies.operator(record.operator.id) == record.operator
    entries = await record.audit.of_entity(record.study.id)
    assert [(e.action, e.new) for e in entries if "server" in e.action] == [
        ("study.server-settled", here.server)
    ]
    assert await record.audit.verify() is None


async def test_a_study_never_moves_to_another_server(record: Record) -> None:
    await record.studies.save_study(replace(record.study, server="https://x.example"), record.act)
    assert (await record.studies.study(record.study.id)).server == record.study.server


async def test_a_sign_in_is_kept_until_it_is_cleared(database: Database, clock: FakeClock) -> None:
    store = CredentialStore(database, clock)
    assert await store.load() is None
    account = Account("https://saas.haut.ai", CompanyId("c"), 7, "tech@example.com")
    signed_in = SignedIn(account, Tokens("a" * 3000, "r", clock() + timedelta(hours=1)))
    await store.save(signed_in)
    assert await store.load() == signed_in
    await store.clear_tokens()
    assert await store.load() is None
    assert await store.last_account() == account


async def test_the_latest_measurement_of_a_cameras_clock_counts(record: Record) -> None:
    clocks = CameraClockStore(record.database, record.clock)
    first = CameraClock("Canon 1", 30.0, record.clock())
    second = CameraClock("Canon 1", 42.5, record.clock.advance(3600))
    for measured in (first, second):
        await clocks.add(measured, record.act)
    assert await clocks.at("Canon 1", first.measured_at + timedelta(seconds=1)) == first
    assert await clocks.at("Canon 1", record.clock()) == second
    assert await clocks.at("Nikon", record.clock()) is None


async def test_a_station_half_made_takes_the_recovery_of_the_new_attempt(
    tmp_path: Path, clock: FakeClock
) -> None:
    secrets = FakeSecrets()
    KeyChest(tmp_path, secrets).create(RecoveryPassphrase("on a lost sheet of paper"))
    station = await create(tmp_path, secrets, clock, RecoveryPassphrase("on the new sheet"))
    await station.aclose()
    stranger = FakeSecrets()
    with pytest.raises(RecoveryKeyError):
        await open_station(tmp_path, stranger, clock, recovery_secret="on a lost sheet of paper")
    opened = await open_station(tmp_path, stranger, clock, recovery_secret="on the new sheet")
    assert await opened.studies.site() is not None
    await opened.aclose()
