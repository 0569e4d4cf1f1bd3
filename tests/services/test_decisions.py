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
            station_id=StationId("station"),
        )
        entry = theirs.platform_id or PlatformSubjectId("")
        with pytest.raises(EntryTakenError):
            await decisions.say_same(held, entry, "the same, I think")
        now = await registrations.of(room.other.id, ours.dataset_id)
        assert now is not None
        assert now.state is RegistrationState.HELD
