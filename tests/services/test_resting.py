"""How long finished visits and retakes rest: what the station sets, else the study's plan."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from haut_desktop.domain.traffic import SendingRules
from haut_desktop.services.capture import Pasted
from tests.photographs import marked
from tests.services.rooms import Room, open_room


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room(tmp_path) as opened:
        yield opened


async def _set_rest(room: Room, minutes: int) -> None:
    kept = msgspec.json.encode(SendingRules(rest_minutes=minutes)).decode()
    await room.station.studies.set_setting("sending-rules", kept)


@pytest.mark.parametrize("minutes", (0, 1, 60))
async def test_a_visit_rests_for_as_long_as_the_station_says(room: Room, minutes: int) -> None:
    await _set_rest(room, minutes)
    await room.take_face()
    visit = await room.capture.finish(room.visit)
    (batch,) = await room.batches()
    assert batch.not_before == visit.not_before == room.clock.now + timedelta(minutes=minutes)


async def test_a_changed_rest_holds_for_visits_that_are_finished_from_then_on(room: Room) -> None:
    await room.take_face()
    told = await room.capture.finish(room.visit)
    await _set_rest(room, 20)
    assert (await room.station.visits.get(room.visit)).not_before == told.not_before
    await room.capture.reopen(room.visit)
    again = await room.capture.finish(room.visit)
    assert again.not_before == room.clock.now + timedelta(minutes=20)


async def test_a_retake_rests_for_as_long_as_the_station_says(room: Room) -> None:
    await room.take_face()
    await room.capture.finish(room.visit)
    gone = await room.deliver()
    await _set_rest(room, 20)
    slot = (await room.sheet()).shelves[0].slot
    await room.capture.retake(room.visit, Pasted(marked(9)), slot.id, "eyes were closed")
    fresh = next(batch for batch in await room.batches() if batch.id != gone.id)
    assert fresh.not_before == room.clock.now + timedelta(minutes=20)
