"""Decisions about a held subject: nobody is given another participant's entry."""

from pathlib import Path
from typing import Any, cast

import pytest

from haut_desktop.domain.audit import Act
from haut_desktop.domain.delivery import RegistrationEvent, RegistrationState
from haut_desktop.domain.errors import EntryTakenError
from haut_desktop.domain.ids import PlatformSubjectId, StationId
from haut_desktop.services.decisions import Decisions
from haut_desktop.services.registration import Registrar
from haut_desktop.services.sidecars import Sidecars
from haut_desktop.services.subjects import CodeCheck
from tests.services.rooms import open_room


class _Outbox:
    """Says the same as the outbox does, by the real registrar."""

    def __init__(self, registrar: Registrar) -> None:
        self._registrar = registrar

    async def say_same(self, *decision: Any) -> None:
        registration, platform_id, reason = decision
        await self._registrar.say_same(registration, platform_id, Act(reason=reason))


async def test_an_entry_of_another_subject_is_refused_and_the_subject_stays_held(
    tmp_path: Path,
) -> None:
    async with open_room(tmp_path) as room:
        await room.register()
        subjects, registrations = room.station.subjects, room.station.registrations
        (theirs, *_) = (await subjects.get(room.subject.id)).registrations
        (ours, *_) = room.other.registrations
        held = await registrations.move(ours.id, RegistrationEvent.HOLD)
        registrar = Registrar(api=cast(Any, None), subjects=subjects, registrations=registrations)
        decisions = Decisions(
            api=cast(Any, None),
            outbox=cast(Any, _Outbox(registrar)),
            checks=cast(Any, None),
            subjects=subjects,
            studies=room.station.studies,
            destinations=room.station.destinations,
            session=cast(Any, None),
            visits=room.station.visits,
            sidecars=Sidecars(pictures=room.station.pictures, vault=room.vault),
            station_id=StationId("station"),
        )
        entry = theirs.platform_id or PlatformSubjectId("")
        with pytest.raises(EntryTakenError):
            await decisions.say_same(held, entry, "the same, I think")
        now = await registrations.of(room.other.id, ours.dataset_id)
        assert now is not None
        assert now.state is RegistrationState.HELD


class _Checks:
    """Finds every code free."""

    async def check_code(self, _study: object, code: str) -> CodeCheck:
        return CodeCheck(code, None, is_taken_here=False, is_taken_there=False)


class _Session:
    """Somebody at work."""

    def act(self, reason: str) -> Act:
        return Act(reason=reason)


async def test_the_notes_beside_the_pictures_name_the_new_code(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        await room.take_face()
        station = room.station
        decisions = Decisions(
            api=cast(Any, None),
            outbox=cast(Any, None),
            checks=cast(Any, _Checks()),
            subjects=station.subjects,
            studies=station.studies,
            destinations=station.destinations,
            session=cast(Any, _Session()),
            visits=station.visits,
            sidecars=Sidecars(pictures=station.pictures, vault=station.vault),
            station_id=StationId("station"),
        )
        (registration, *_) = room.subject.registrations
        await decisions.say_other(registration, "B-070", "another participant")
        notes = [room.vault.sidecar(name) for name in room.vault.names()]
    assert {note.subject_code for note in notes} == {"B-070"}
