"""A side that was taken in two lights: what is read back of each, and drawn of each."""

from dataclasses import replace
from pathlib import Path

from haut_desktop.domain.analysis import BatchResults
from haut_desktop.domain.audit import Act
from haut_desktop.domain.delivery import BatchEvent
from haut_desktop.domain.ids import PlatformBatchId, PlatformImageId
from haut_desktop.domain.imaging import Batch, Side
from tests.fakes.builders import make_batch, make_picture, make_slots, make_visit
from tests.services.rooms import Room, open_room
from tests.services.test_results_retake import results_of_the_record
from tests.viewmodels.findings import make_result, square

_LIGHTS = ("regular", "uv")


async def _submit_two_lights(room: Room) -> Batch:
    """A visit with a front in regular and in ultraviolet light, whose analysis was asked for."""
    visit = make_visit(room.study, room.subject, "Week 4", created_at=room.clock())
    two = make_slots(visit, (Side.FRONT, Side.FRONT))
    slots = tuple(replace(slot, light=light) for slot, light in zip(two, _LIGHTS, strict=True))
    act = Act()
    await room.station.visits.add(visit, slots, act)
    pictures = []
    for slot in slots:
        original, rendition, take = make_picture(slot)
        await room.station.pictures.add(original, rendition, take, (), act)
        pictures.append((slot, rendition))
    batch = make_batch(visit, room.study.datasets[0], tuple(pictures))
    await room.station.hand_overs.finish(visit.id, (batch,), room.clock(), act)
    return await room.outbox.move_batch(
        batch.id, BatchEvent.SUBMITTED, platform_id=PlatformBatchId("there")
    )


async def test_pictures_masks_and_values_of_each_light_are_told_apart(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        batch = await _submit_two_lights(room)
        said = [
            replace(
                make_result(value=value, light=light, masks=(square(),)),
                platform_image_id=PlatformImageId(f"{light} there"),
            )
            for light, value in zip(_LIGHTS, (70.0, 20.0), strict=True)
        ]
        answer = BatchResults(tuple(said))
        await room.station.results.save(batch.id, answer, ("app",), room.clock())
        results = results_of_the_record(room)
        (visit,) = await results.visits(room.subject.id)
        assert tuple(picture.light for picture in visit.pictures) == _LIGHTS
        assert [(m.light, m.result.light) for m in visit.masks] == [(x, x) for x in _LIGHTS]
        trends = await results.trends(room.subject.id)
        scores = [t for t in trends if (t.key.area, t.key.metric) == ("face", "redness_score")]
        assert {t.key.light: [point.value for point in t.points] for t in scores} == {
            "regular": [70.0],
            "uv": [20.0],
        }
