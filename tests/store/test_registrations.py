"""Registrations: due until confirmed, moved by the table alone, one entry for one subject."""

from dataclasses import replace
from datetime import timedelta

import pytest

from haut_desktop.domain.delivery import (
    RegistrationEvent,
    RegistrationState,
    TransitionError,
    Trouble,
    Waiting,
)
from haut_desktop.domain.errors import Blame, EntryTakenError
from haut_desktop.domain.ids import CompanyId, PlatformSubjectId, SubjectId
from haut_desktop.store.driver import IntegrityError
from tests.fakes.builders import make_subject
from tests.store.conftest import Record

TROUBLE = Trouble("UnreachableError", Blame.NETWORK, "No connection", "It waits.")


async def test_a_registration_is_due_until_it_is_confirmed(record: Record) -> None:
    subject = await record.register(is_registered=False)
    (due,) = await record.registrations.due(record.clock())
    assert due == subject.registrations[0]
    await record.registrations.move(due.id, RegistrationEvent.CLAIM)
    (claimed,) = await record.registrations.due(record.clock())
    assert claimed.state is RegistrationState.REGISTERING
    await record.registrations.move(
        due.id, RegistrationEvent.CONFIRM, platform_id=PlatformSubjectId("p-1")
    )
    assert await record.registrations.due(record.clock()) == ()
    found = await record.subjects.by_platform_id(due.dataset_id, PlatformSubjectId("p-1"))
    assert found is not None
    assert found.id == subject.id


async def test_registrations_are_due_oldest_first_of_one_company_and_as_many_as_asked_for(
    record: Record,
) -> None:
    start = record.clock()
    for number in (2, 0, 1):
        subject = make_subject(record.study, f"C-{number}", station_id=record.station.id)
        created_at = start + timedelta(seconds=number)
        await record.subjects.add(replace(subject, created_at=created_at), record.act)
    due = await record.registrations.due(record.clock(), 2, record.study.tenant)
    found = [(await record.subjects.get(registration.subject_id)).code for registration in due]
    assert found == ["C-0", "C-1"]
    for other in (
        replace(record.study.tenant, company_id=CompanyId("another")),
        replace(record.study.tenant, server="https://staging.haut.ai"),
    ):
        assert not await record.registrations.due(record.clock(), 2, other)


async def test_a_waiting_registration_is_due_after_its_time(record: Record) -> None:
    subject = await record.register(is_registered=False)
    waiting = Waiting(1, record.clock() + timedelta(seconds=5), TROUBLE)
    registration = await record.registrations.set_waiting(subject.registrations[0].id, waiting)
    assert registration.waiting == waiting
    assert await record.registrations.due(record.clock()) == ()
    assert len(await record.registrations.due(record.clock.advance(5))) == 1


async def test_a_held_registration_keeps_what_it_was_and_resumes_there(record: Record) -> None:
    subject = await record.register(is_registered=False)
    registration = subject.registrations[0]
    await record.registrations.move(registration.id, RegistrationEvent.CLAIM)
    held = await record.registrations.move(
        registration.id, RegistrationEvent.HOLD, waiting=Waiting(trouble=TROUBLE)
    )
    assert (held.state, held.held_from) == (RegistrationState.HELD, RegistrationState.REGISTERING)
    assert held.waiting.trouble == TROUBLE
    resumed = await record.registrations.move(
        registration.id, RegistrationEvent.RESUME, act=record.act
    )
    assert resumed.state is RegistrationState.REGISTERING
    assert resumed.waiting == Waiting()


@pytest.mark.parametrize("is_claimed", [False, True])
async def test_a_person_confirms_a_held_registration_in_one_piece(
    record: Record, is_claimed: bool
) -> None:
    theirs = (await record.register("B-007")).registrations[0]
    subject = await record.register("B-008", is_registered=False)
    registration = subject.registrations[0]
    if is_claimed:
        await record.registrations.move(registration.id, RegistrationEvent.CLAIM)
    held = await record.registrations.move(
        registration.id, RegistrationEvent.HOLD, waiting=Waiting(trouble=TROUBLE)
    )
    assert theirs.platform_id is not None
    with pytest.raises(EntryTakenError):
        await record.registrations.confirm_held(held.id, theirs.platform_id, record.act)
    assert await record.registrations.of(subject.id, held.dataset_id) == held
    own = PlatformSubjectId("7")
    confirmed = await record.registrations.confirm_held(held.id, own, record.act)
    assert (confirmed.state, confirmed.platform_id) == (RegistrationState.REGISTERED, own)
    assert confirmed.waiting == Waiting()


async def test_a_move_that_is_not_in_the_table_changes_nothing(record: Record) -> None:
    subject = await record.register(is_registered=False)
    registration = subject.registrations[0]
    with pytest.raises(TransitionError):
        await record.registrations.move(registration.id, RegistrationEvent.CONFIRM)
    kept = await record.registrations.of(subject.id, registration.dataset_id)
    assert kept == registration
    assert await record.outbox.transitions(registration.id) == ()


async def test_registered_without_the_platforms_id_is_impossible(record: Record) -> None:
    subject = await record.register(is_registered=False)
    registration = subject.registrations[0]
    await record.registrations.move(registration.id, RegistrationEvent.CLAIM)
    with pytest.raises(IntegrityError):
        await record.registrations.move(registration.id, RegistrationEvent.CONFIRM)


async def test_one_entry_of_the_platform_belongs_to_one_subject(record: Record) -> None:
    first = await record.register("B-007")
    second = await record.register("B-008", is_registered=False)
    registration = second.registrations[0]
    await record.registrations.move(registration.id, RegistrationEvent.CLAIM)
    with pytest.raises(EntryTakenError):
        await record.registrations.move(
            registration.id,
            RegistrationEvent.CONFIRM,
            platform_id=first.registrations[0].platform_id,
        )


async def test_a_registration_in_one_more_dataset_is_added_once(record: Record) -> None:
    subject = make_subject(record.study, station_id=record.station.id)
    registration = subject.registrations[0]
    await record.register("B-1")
    await record.subjects.add(
        make_subject(record.study, "B-2", station_id=record.station.id), record.act
    )
    with pytest.raises(IntegrityError):
        await record.registrations.add(registration, record.act)


async def test_an_unknown_registration_is_none(record: Record) -> None:
    found = await record.registrations.of(SubjectId("x"), record.study.datasets[0].id)
    assert found is None
