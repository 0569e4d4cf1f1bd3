"""A picture that was taken anew after its delivery: what was said of the first one is no value."""

from pathlib import Path

from haut_desktop.domain.analysis import AlgorithmResult, AreaResult, BatchResults, Metric
from haut_desktop.domain.delivery import BatchEvent
from haut_desktop.domain.ids import BatchId, PlatformBatchId
from haut_desktop.domain.imaging import Side
from haut_desktop.services.changes import Changes
from haut_desktop.services.results import Results
from haut_desktop.store.rebuild import recover_station
from tests.photographs import marked
from tests.services.reading_room import results_over
from tests.services.rooms import Room, open_room
from tests.services.test_erasure import ACT, make_desk


def results_of_the_record(room: Room) -> Results:
    """Results of the record alone: there is no platform to ask."""
    return results_over(
        room.station,
        api=None,
        objects=None,
        session=None,
        connectivity=None,
        judge=None,
        changes=Changes(),
        clock=room.clock,
        uptime=lambda: room.clock().timestamp(),
    )


async def _say(room: Room, batch_id: BatchId, **values: float) -> None:
    """Let the platform say a score of each side."""
    said = tuple(
        AlgorithmResult(
            "redness",
            "1.0",
            7,
            "Redness",
            "app",
            Side(side),
            is_ok=True,
            areas=(AreaResult("face", Metric("score", "Score", value)),),
        )
        for side, value in values.items()
    )
    await room.station.results.save(batch_id, BatchResults(said), ("app",), room.clock())


async def _submit(room: Room, batch_id: BatchId) -> None:
    there = PlatformBatchId(f"{batch_id} there")
    await room.station.outbox.move_batch(batch_id, BatchEvent.SUBMITTED, platform_id=there)


async def test_a_retaken_picture_is_no_point_of_a_trend(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        await room.take_face()
        await room.capture.finish(room.visit)
        first = await room.submit()
        await _say(room, first.id, front=20.0, left=30.0)
        front = next(s.slot for s in (await room.sheet()).shelves if s.slot.side == "front")
        await room.capture.retake(room.visit, room.file("2.jpg", marked(9)), front.id, "blurred")
        again = next(one for one in await room.batches() if one.id != first.id)
        await _submit(room, again.id)
        await _say(room, again.id, front=70.0)
        trends = await results_of_the_record(room).trends(room.subject.id)
        values = {one.key.side: [point.value for point in one.points] for one in trends}
        assert values == {Side.FRONT: [70.0], Side.LEFT: [30.0]}
        kept = await room.station.results.of_batch(first.id)
    assert len(kept) == 2


async def test_a_replaced_picture_that_was_erased_is_no_point_after_a_rebuild(
    tmp_path: Path,
) -> None:
    async with open_room(tmp_path) as room:
        await room.take_face()
        await room.capture.finish(room.visit)
        first = await room.submit()
        front = next(s.slot for s in (await room.sheet()).shelves if s.slot.side == "front")
        await room.capture.retake(room.visit, room.file("2.jpg", marked(9)), front.id, "blurred")
        again = next(one for one in await room.batches() if one.id != first.id)
        await _submit(room, again.id)
        (replaced,) = (i for i in first.images if i.side is Side.FRONT)
        await make_desk(room).erasures.erase(replaced.rendition.original_id, ACT)
        await room.station.aclose()
        room.station, _ = await recover_station(room.station.folder, room.secrets, room.clock)
        await _submit(room, again.id)
        await _say(room, first.id, front=20.0, left=30.0)
        await _say(room, again.id, front=70.0)
        trends = await results_of_the_record(room).trends(room.subject.id)
        values = {one.key.side: [point.value for point in one.points] for one in trends}
        assert values == {Side.FRONT: [70.0], Side.LEFT: [30.0]}
        await room.station.aclose()
