"""The delivery loop tells a person's act from a fault of ours, and a fault is never passed over."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from haut_desktop.domain.audit import Act
from haut_desktop.domain.delivery import (
    RegistrationEvent,
    RegistrationState,
    Route,
    TransitionError,
    Trouble,
    Waiting,
)
from haut_desktop.domain.destination import SubjectAddress
from haut_desktop.domain.errors import Blame
from haut_desktop.domain.ids import PlatformSubjectId
from haut_desktop.domain.imaging import Batch
from haut_desktop.domain.subjects import PlatformSubject
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.clock_steps import ClockSteps
from haut_desktop.services.connectivity import Connectivity
from haut_desktop.services.delivery import Carrier, Delivery
from haut_desktop.services.outbox import Outbox
from haut_desktop.services.registration import Registrar
from haut_desktop.services.tasks import TaskScope
from haut_desktop.store.outbox import OutboxStore
from tests.services.askings import listing_of, ways_to
from tests.services.rooms import Room, open_room

_UNUSED = (
    *("retractions", "sidecars", "erasures", "registrations", "registrar", "traffic"),
    *("wake_lookers", "judge", "connectivity", "progress"),
)
"""What holding a batch and letting it go on has no need of."""


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room(tmp_path) as opened:
        yield opened


class Breaking:
    """A route that meets a move which the state machine does not have."""

    def __init__(self, before: Callable[[Batch], Awaitable[None]]) -> None:
        self._before = before

    async def carry(self, batch: Batch, to: SubjectAddress, meta: Mapping[str, str]) -> None:
        await self._before(batch)
        raise TransitionError("no such move")

    def was_kept_back(self) -> None: ...


async def nobody(_batch: Batch) -> None:
    """Nobody comes between."""


class Idle:
    """A route, and who registers, that does nothing."""

    async def register(self, *_: object) -> None: ...
    async def carry(self, *_: object) -> None: ...
    def was_kept_back(self) -> None: ...


def delivery_by(room: Room, route: Carrier, registrar: object | None = None) -> Delivery:
    ways = ways_to(room, listing_of(room))
    return Delivery(
        outbox=room.outbox,
        registrations=room.station.registrations,
        destinations=room.station.destinations,
        registrar=registrar or Idle(),  # type: ignore[arg-type]
        retracting=None,  # type: ignore[arg-type]
        retractions=room.station.retractions,
        routes={Route.SIGNED: route},
        session=ways.session,
        connectivity=Connectivity(Changes()),
        judge=ways.judge,
        changes=Changes(),
        tasks=TaskScope("test", lambda _error: None),
        steps=ClockSteps(waits=room.station.waits, clock=room.clock),
        clock=room.clock,
    )


class Signed:
    """Nobody who is signed in, and decides all the same."""

    account = None

    def act(self, reason: str) -> Act:
        return Act(reason=reason)


async def let_go_on(room: Room, at_work: Delivery, batch: Batch) -> None:
    """A person holds the batch and lets it go on."""
    outbox = Outbox(
        store=room.outbox,
        destinations=room.station.destinations,
        delivery=at_work,
        session=Signed(),  # type: ignore[arg-type]
        changes=Changes(),
        **dict.fromkeys(_UNUSED),  # type: ignore[arg-type]
    )
    await outbox.hold(batch.id, "a person wants to look")
    await outbox.resume_held(batch.id, "looked into")


async def finished(room: Room) -> Batch:
    await room.take_face()
    await room.capture.finish(room.visit)
    await room.register()
    (batch,) = await room.batches()
    return batch


async def test_what_a_person_lets_go_on_during_a_step_is_no_fault_of_ours(room: Room) -> None:
    batch = await finished(room)
    at_work = delivery_by(room, Breaking(lambda found: let_go_on(room, at_work, found)))
    await at_work._carry(batch)()


async def test_a_fault_with_what_a_person_let_go_on_before_is_still_one(room: Room) -> None:
    batch = await finished(room)
    at_work = delivery_by(room, Breaking(nobody))
    await let_go_on(room, at_work, batch)
    with pytest.raises(TransitionError):
        await at_work._carry(batch)()


async def erase_one(room: Room, batch: Batch) -> None:
    """A person has one of the batch's pictures erased."""
    original_id = batch.images[0].rendition.original_id
    await room.station.erasures.write(original_id, Act(reason="withdrawn"))


async def test_what_a_person_has_erased_during_a_step_is_no_fault_of_ours(room: Room) -> None:
    batch = await finished(room)
    await delivery_by(room, Breaking(lambda found: erase_one(room, found)))._carry(batch)()


async def test_a_fault_with_what_a_person_had_erased_of_before_is_still_one(room: Room) -> None:
    batch = await finished(room)
    await erase_one(room, batch)
    with pytest.raises(TransitionError):
        await delivery_by(room, Breaking(nobody))._carry(batch)()


async def test_a_step_that_ends_well_reads_no_moves(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = await finished(room)

    async def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(OutboxStore, "transitions", refuse)
    await delivery_by(room, Idle())._carry(batch)()


@pytest.mark.parametrize("blame", Blame)
async def test_who_signs_in_waits_for_no_refusal_of_somebody_else(room: Room, blame: Blame) -> None:
    batch = await finished(room)
    told = Trouble("PermissionRefusedError", blame, "Not allowed", "Ask for the right.")
    waiting = Waiting(2, room.clock() + timedelta(hours=1), told)
    await room.outbox.set_waiting_batch(batch.id, waiting)
    at_work = delivery_by(room, Idle())
    at_work._on_change(Change(Topic.SESSION))
    await at_work._start_due(room.clock())
    await at_work._tasks.aclose()
    now = (await room.outbox.batch(batch.id)).waiting
    assert now == (Waiting(2) if blame is Blame.ACCOUNT else waiting)


class Platform:
    """Lists an entry, and does something while it is asked for it."""

    def __init__(self, entry: PlatformSubject, meanwhile: Callable[[], Awaitable[None]]) -> None:
        self._entry = entry
        self._meanwhile = meanwhile

    async def find_subjects(self, *_: object) -> tuple[PlatformSubject, ...]:
        await self._meanwhile()
        return (self._entry,)


@pytest.mark.parametrize("is_confirmed", [True, False])
async def test_who_was_found_in_the_platforms_list_meanwhile_is_registered_without_a_fault(
    room: Room, is_confirmed: bool
) -> None:
    (registration,) = room.subject.registrations
    store = room.station.registrations
    entry = PlatformSubject(PlatformSubjectId("there"), "B-007", room.subject.id, None)

    async def bring_in() -> None:
        await store.move(registration.id, RegistrationEvent.CLAIM)
        if is_confirmed:
            await store.move(registration.id, RegistrationEvent.CONFIRM, platform_id=entry.id)

    registrar = Registrar(
        api=Platform(entry, bring_in),  # type: ignore[arg-type]
        subjects=room.station.subjects,
        registrations=store,
    )
    at = await room.station.destinations.of_registration(registration.id)
    await delivery_by(room, Idle(), registrar)._register(registration, at)()
    now = await store.of(registration.subject_id, registration.dataset_id)
    assert now is not None
    assert (now.state, now.platform_id) == (RegistrationState.REGISTERED, entry.id)


async def test_a_fault_with_a_registration_is_still_one(room: Room) -> None:
    (registration,) = room.subject.registrations

    class Broken:
        async def register(self, *_: object) -> None:
            raise TransitionError("no such move")

    at = await room.station.destinations.of_registration(registration.id)
    with pytest.raises(TransitionError):
        await delivery_by(room, Idle(), Broken())._register(registration, at)()
