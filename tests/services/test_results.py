"""Results of a real practice platform, read by v3 and v1, kept, and shown without it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from functools import cache
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image

from haut_desktop.api.object_store import ObjectStore
from haut_desktop.domain.analysis import Completeness
from haut_desktop.domain.errors import DiskFullError, NetworkError, RefusedError
from haut_desktop.domain.ids import BatchId
from haut_desktop.domain.imaging import ImageType, Side
from haut_desktop.practice.pictures import Person, SkinTone, draw_face
from haut_desktop.services.results import VisitResults
from haut_desktop.services.results_awaited import awaited
from haut_desktop.services.results_following import Look, Pace
from haut_desktop.services.results_masks import MasksAway
from haut_desktop.services.tasks import TaskScope
from haut_desktop.store.results import ResultStore
from tests.fakes.builders import make_batch, make_picture, make_slots, make_visit
from tests.fakes.clock import START, FakeClock
from tests.fakes.practice import PracticePlatform, running_practice
from tests.services.reading_room import ReadingRoom, open_reading_room
from tests.waiting import DEADLINE_S, eventually

V1, V3 = "face_skin_metrics_2.0", "face_skin_metrics_3.0"
SIMULATION = "product_effect_simulation"


@cache
def _face(visit: int = 1) -> bytes:
    person = Person(seed=7, skin_tone=SkinTone("light"))
    return _jpeg(Image.fromarray(draw_face(person, visit=visit, size=500).rgb))


@cache
def _wall() -> bytes:
    return _jpeg(Image.new("RGB", (500, 600), (120, 130, 140)))


def _jpeg(image: Image.Image) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


@pytest_asyncio.fixture
async def room(tmp_path: Path, practice_platform: PracticePlatform) -> AsyncIterator[ReadingRoom]:
    clock = FakeClock()
    async with open_reading_room(tmp_path, practice_platform, clock, V1, V3, SIMULATION) as made:
        yield made


async def _complete(room: ReadingRoom) -> tuple[VisitResults, ...]:
    """Follow until every batch is complete."""
    return await _followed(room, lambda visits: all(map(_is_complete, visits)))


async def _followed(
    room: ReadingRoom, is_there: Callable[[tuple[VisitResults, ...]], bool]
) -> tuple[VisitResults, ...]:
    """Follow until the visits are as they should be."""
    following = asyncio.create_task(room.results.run())
    try:
        async with asyncio.timeout(DEADLINE_S):
            while True:
                room.news.clear()
                visits = await room.results.visits(room.subject.id)
                if visits and is_there(visits):
                    return visits
                await room.news.wait()
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


def _is_complete(visit: VisitResults) -> bool:
    return visit.completeness is Completeness.COMPLETE


async def test_a_batch_made_elsewhere_becomes_a_visit_with_results(room: ReadingRoom) -> None:
    await room.batch_elsewhere({Side.FRONT: _face()}, visit="Week 4", at=START)
    assert await room.results.discover(room.subject.id) == 1
    (visit,) = await _complete(room)
    assert visit.visit.name == "Week 4"
    assert {s.result.algorithm for s in visit.results} >= {"redness", "pigmentation", "quality"}
    assert room.results_changed()


async def test_a_batch_is_adopted_once(room: ReadingRoom) -> None:
    await room.batch_elsewhere({Side.FRONT: _face()}, visit="Baseline", at=START)
    assert await room.results.discover(room.subject.id) == 1
    assert await room.results.discover(room.subject.id) == 0


async def test_two_who_look_at_once_adopt_a_batch_once(room: ReadingRoom) -> None:
    await room.batch_elsewhere({Side.FRONT: _face()}, visit="Baseline", at=START)
    found = await asyncio.gather(*(room.results.discover(room.subject.id) for _ in range(2)))
    assert sorted(found) == [0, 1]


async def test_a_batch_without_pictures_is_not_adopted(room: ReadingRoom) -> None:
    dataset = room.study.datasets[0].platform_id
    await room.api.create_batch(room.study.tenant, dataset, room.there.id, created_at=START)
    assert await room.results.discover(room.subject.id) == 0


async def test_our_own_batch_that_was_left_behind_is_not_adopted(room: ReadingRoom) -> None:
    here = await room.station.studies.station()
    assert here is not None
    await room.batch_elsewhere(
        {Side.FRONT: _face()}, visit="Baseline", at=START, station_id=here.id, is_computed=False
    )
    assert await room.results.discover(room.subject.id) == 0


async def test_batches_of_one_visit_elsewhere_are_one_visit_here(room: ReadingRoom) -> None:
    for _ in range(2):
        await room.batch_elsewhere(
            {Side.FRONT: _face()}, visit="Baseline", at=START, visit_id="visit-1"
        )
    assert await room.results.discover(room.subject.id) == 2
    visits = await room.results.visits(room.subject.id)
    assert len({found.visit.id for found in visits}) == 1
    assert len({found.batch.id for found in visits}) == 2


async def test_a_finished_visit_is_under_way_until_it_is_taken_back(room: ReadingRoom) -> None:
    station, act = room.station, room.session.act("wrong lamp")
    visit = make_visit(room.study, room.subject, created_at=START)
    (slot,) = slots = make_slots(visit, (Side.FRONT,))
    original, rendition, take = make_picture(slot)
    batch = make_batch(visit, room.study.datasets[0], ((slot, rendition),))
    await station.visits.add(visit, slots, act)
    await station.pictures.add(original, rendition, take, (), act)
    assert not await room.results.is_under_way(room.subject.id)
    await station.hand_overs.finish(visit.id, (batch,), START, act)
    assert await room.results.is_under_way(room.subject.id)
    await station.retractions.ask(batch.id, act)
    assert not await room.results.is_under_way(room.subject.id)


async def test_results_that_could_not_be_kept_are_kept_at_the_next_look(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    await room.batch_elsewhere({Side.FRONT: _face()}, visit="Baseline", at=START)
    await room.results.discover(room.subject.id)
    (visit,) = await room.results.visits(room.subject.id)
    with monkeypatch.context() as full_disk:
        full_disk.setattr(ResultStore, "save", _refuse)
        with pytest.raises(DiskFullError):
            await _look_for_ever(room, visit.batch.id)
    (visit,) = await _complete(room)
    assert len({kept.result.algorithm for kept in visit.results}) >= 8


async def _look_for_ever(room: ReadingRoom, batch_id: BatchId) -> None:
    while True:
        await room.results.refresh(batch_id)


async def _refuse(*_: object) -> None:
    raise DiskFullError


async def test_results_of_both_generations_carry_versions(room: ReadingRoom) -> None:
    await room.batch_elsewhere({Side.FRONT: _face()}, visit="Baseline", at=START)
    await room.results.discover(room.subject.id)
    (visit,) = await _complete(room)
    redness = [s.result for s in visit.results if s.result.algorithm == "redness"]
    assert {(r.platform_image_id is None, r.version) for r in redness} == {
        (True, "2.0"),
        (False, "1.0"),
        (False, "2.0"),
    }


async def test_every_result_keeps_its_raw_json(room: ReadingRoom) -> None:
    await room.batch_elsewhere({Side.FRONT: _face()}, visit="Baseline", at=START)
    await room.results.discover(room.subject.id)
    (visit,) = await _complete(room)
    assert all(s.result.raw.startswith(b"{") for s in visit.results)


async def test_a_picture_without_a_face_is_complete_with_reasons(room: ReadingRoom) -> None:
    await room.batch_elsewhere({Side.FRONT: _wall()}, visit="Baseline", at=START)
    await room.results.discover(room.subject.id)
    (visit,) = await _complete(room)
    by_image = [s.result for s in visit.results if s.result.platform_image_id is not None]
    assert by_image
    assert {r.error for r in by_image if not r.is_ok} == {"No face detected"}


async def test_pictures_and_masks_open_after_the_platform_is_gone(tmp_path: Path) -> None:
    with running_practice(tmp_path / "platform") as platform:
        clock = FakeClock()
        async with open_reading_room(tmp_path, platform, clock, V1, V3, SIMULATION) as room:
            await room.batch_elsewhere({Side.FRONT: _face()}, visit="Baseline", at=START)
            await room.results.discover(room.subject.id)
            (visit,) = await _complete(room)
            platform.kill()
            keys = [p.key for p in visit.pictures] + [m.key for m in visit.masks if m.key]
            opened = [await room.results.picture(key) for key in keys]
    assert {picture.space for picture in visit.pictures} >= {"original", "aligned_face"}
    assert any(picture.is_predicted for picture in visit.pictures)
    assert any(mask.key for mask in visit.masks)
    assert any(mask.mask.shapes for mask in visit.masks)
    assert all(data and data[:2] in (b"\xff\xd8", b"\x89P") for data in opened)


async def test_values_are_read_while_the_masks_are_still_being_fetched(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def wait(*_: object) -> bytes:
        (visit,) = await room.results.visits(room.subject.id)
        if not visit.results:
            raise RefusedError(400, "expired", "")
        never: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        return await never

    monkeypatch.setattr(ObjectStore, "get", wait)
    await room.batch_elsewhere({Side.FRONT: _face()}, visit="Baseline", at=START)
    await room.results.discover(room.subject.id)
    (visit,) = await _followed(room, lambda visits: visits[0].results != ())
    assert visit.completeness is not Completeness.COMPLETE


async def test_masks_that_could_not_be_fetched_are_said_to_be_away(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as expired:
        expired.setattr(ObjectStore, "get", _gone)
        await room.batch_elsewhere({Side.FRONT: _face()}, visit="Baseline", at=START)
        await room.results.discover(room.subject.id)
        (visit,) = await _complete(room)
        assert (Side.FRONT, "regular", "aligned_face") in visit.masks_away.places
        assert not visit.masks_away.is_being_fetched
    await room.results.refresh(visit.batch.id)
    (visit,) = await room.results.visits(room.subject.id)
    assert visit.masks_away == MasksAway()


async def _gone(*_: object) -> bytes:
    raise RefusedError(400, "expired", "")


async def test_following_waits_while_the_network_is_away(
    room: ReadingRoom, practice_platform: PracticePlatform
) -> None:
    await room.batch_elsewhere({Side.FRONT: _face()}, visit="Baseline", at=START)
    await room.results.discover(room.subject.id)
    practice_platform.add_fault("offline", path="results", count=3)
    (visit,) = await _complete(room)
    assert visit.results


async def test_a_batch_that_is_never_computed_becomes_overdue(room: ReadingRoom) -> None:
    await room.batch_elsewhere({Side.FRONT: _face()}, visit="Baseline", at=START, is_computed=False)
    await room.results.discover(room.subject.id)
    (visit,) = await room.results.visits(room.subject.id)
    assert await room.results.refresh(visit.batch.id) is Completeness.PENDING
    room.clock.advance(timedelta(minutes=11).total_seconds())
    assert await room.results.refresh(visit.batch.id) is Completeness.OVERDUE
    (visit,) = await room.results.visits(room.subject.id)
    assert {"Redness", "Pigmentation"} <= set(visit.awaited)
    assert visit.image_type is ImageType.SELFIE


def test_an_overdue_batch_is_asked_for_ever_less_often_and_never_given_up() -> None:
    pace, overdue = Pace(), Look(Completeness.OVERDUE, grew=False)
    pauses = [pace.slowest_s]
    while pauses[-1] < pace.rarest_s:
        pauses.append(pace.next_s(pauses[-1], overdue))
    assert pauses[1] == pace.after_overdue_s
    assert all(later > sooner for sooner, later in pairwise(pauses))
    assert pace.next_s(pauses[-1], overdue) == pace.rarest_s
    assert pace.next_s(pauses[-1], Look(Completeness.PARTIAL, grew=True)) == pace.first_s


async def test_somebody_who_opens_the_results_has_them_looked_for_at_once(
    room: ReadingRoom,
) -> None:
    await room.batch_elsewhere({Side.FRONT: _face()}, visit="Baseline", at=START, is_computed=False)
    await room.results.discover(room.subject.id)
    looks: list[None] = []
    follower = room.results._follower

    async def look(_batch_id: BatchId) -> Look:
        looks.append(None)
        return Look(Completeness.OVERDUE, grew=False)

    follower._look = look
    tasks = TaskScope("test", lambda _error: None)
    tasks.start(follower.run(), name="follow")
    await eventually(lambda: looks)
    before = len(looks)
    room.results.wake()
    await eventually(lambda: len(looks) > before)
    await tasks.aclose()


async def test_nothing_is_awaited_once_everything_has_arrived(room: ReadingRoom) -> None:
    await room.batch_elsewhere({Side.FRONT: _face()}, visit="Baseline", at=START)
    await room.results.discover(room.subject.id)
    (visit,) = await _complete(room)
    catalog = await room.station.results.applications()
    said = [stored.result for stored in visit.results]
    applications = room.study.datasets[0].applications
    assert awaited(applications, catalog, said, pictures=1) == ()
    redness = [result for result in said if result.algorithm == "redness"]
    others = [result for result in said if result not in redness]
    assert awaited(applications, catalog, others, pictures=1) == ("Redness",)
    assert visit.awaited == ()


async def test_trends_run_over_the_visits_and_never_mix_versions(room: ReadingRoom) -> None:
    for number, name in enumerate(("Baseline", "Week 4")):
        at = START + timedelta(weeks=4 * number)
        await room.batch_elsewhere({Side.FRONT: _face(number + 1)}, visit=name, at=at)
    await room.results.discover(room.subject.id)
    await _complete(room)
    trends = await room.results.trends(room.subject.id)
    redness = [t for t in trends if t.key.algorithm == "redness" and t.key.area == "face"]
    main = [t for t in redness if t.key.metric == "redness_score"]
    assert {t.key.version for t in main} == {"1.0", "2.0"}
    assert all([p.visit_name for p in t.points] == ["Baseline", "Week 4"] for t in main)


async def test_the_dictionarys_description_is_given(room: ReadingRoom) -> None:
    await room.batch_elsewhere({Side.FRONT: _face()}, visit="Baseline", at=START)
    await room.results.discover(room.subject.id)
    (visit,) = await _complete(room)
    result = next(s.result for s in visit.results if s.result.algorithm == "pores")
    html = await room.results.description(result.algorithm, result.version_id)
    assert "<p>" in html
    assert await room.results.description("moonlight", None) == ""


async def test_a_copy_that_is_gone_hides_no_other_while_the_platform_is_away(
    tmp_path: Path,
) -> None:
    with running_practice(tmp_path / "platform") as platform:
        async with open_reading_room(tmp_path, platform, FakeClock(), V1, V3) as room:
            await room.batch_elsewhere({Side.FRONT: _face()}, visit="Baseline", at=START)
            await room.results.discover(room.subject.id)
            (visit,) = await _complete(room)
            platform.kill()
            gone, *others = [p.key for p in visit.pictures] + [m.key for m in visit.masks if m.key]
            room.station.cache.forget(gone, shelf="/".join(gone.split("/")[:2]))
            with pytest.raises(NetworkError):
                await room.results.picture(gone)
            (visit,) = await room.results.visits(room.subject.id)
    kept = [p.key for p in visit.pictures] + [m.key for m in visit.masks if m.key]
    assert others
    assert kept == others


async def test_a_visit_from_elsewhere_gets_a_number_that_no_visit_has(room: ReadingRoom) -> None:
    repeat = make_visit(room.study, room.subject, "Week 4", occurrence=2)
    await room.station.visits.add(repeat, (), room.session.act())
    await room.batch_elsewhere({Side.FRONT: _face()}, visit="Week 4", at=START, is_computed=False)
    assert await room.results.discover(room.subject.id) == 1
    visits = await room.station.visits.of_subject(room.subject.id)
    assert sorted(visit.occurrence for visit in visits if visit.name == "Week 4") == [2, 3]
