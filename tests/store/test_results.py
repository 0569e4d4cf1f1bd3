"""Results: each kept once with its versions, what was said differently later beside it."""

from dataclasses import replace

import pytest
import pytest_asyncio

from haut_desktop.domain.analysis import (
    Algorithm,
    AlgorithmResult,
    Application,
    AreaResult,
    BatchResults,
    Completeness,
    Mask,
    MaskShape,
    Metric,
    Purpose,
)
from haut_desktop.domain.delivery import BatchEvent
from haut_desktop.domain.ids import BatchId, PlatformBatchId, PlatformImageId
from haut_desktop.domain.imaging import Batch, ImageType, Side
from haut_desktop.store.driver import Connection
from haut_desktop.store.results import ResultStore
from haut_desktop.store.retractions import RetractionStore
from tests.fakes.builders import make_batch, make_slots, make_visit
from tests.store.conftest import Record
from tests.store.test_outbox import submit

MASK = Mask(
    "spots",
    Side.FRONT,
    "original",
    3000,
    4000,
    (MaskShape("points", ((10.0, 20.0, 3.0),)),),
    "rgba(1, 2, 3, 0.5)",
    "https://store.example/mask?expires=1",
)


def make_result(algorithm: str = "redness", value: float | str = 71.5) -> AlgorithmResult:
    return AlgorithmResult(
        algorithm=algorithm,
        version="1.2",
        version_id=12,
        name="Redness",
        application="face_skin_metrics_3.0",
        side=Side.FRONT,
        is_ok=True,
        areas=(
            AreaResult(
                "face",
                Metric("score", "Score", value, "%", "bad_good_line"),
                (Metric("density", "Density", 0.25), Metric("type", "Type", "dry")),
            ),
            AreaResult("left_cheek", None, (Metric("score", "Score", 60.0),)),
        ),
        masks=(MASK,),
        raw=b'{"tech_name": "redness"}',
    )


@pytest.fixture
def results(record: Record) -> ResultStore:
    return ResultStore(record.database, record.clock)


@pytest_asyncio.fixture
async def batch(record: Record) -> Batch:
    finished = await record.finish(await record.register())
    return await record.outbox.move_batch(
        finished.id, BatchEvent.SUBMITTED, platform_id=PlatformBatchId("p-1")
    )


async def save(record: Record, batch: Batch, *said: AlgorithmResult, raw: bytes = b"{}") -> None:
    store = ResultStore(record.database, record.clock)
    await store.save(batch.id, BatchResults(said, raw=raw), ("app",), record.clock())


async def test_a_result_comes_back_with_areas_masks_and_raw(
    record: Record, results: ResultStore, batch: Batch
) -> None:
    await save(record, batch, make_result(), raw=b'{"whole": "answer"}')
    (stored,) = await results.of_batch(batch.id)
    expected = replace(make_result(), masks=(replace(MASK, raster_url=""),))
    assert stored.result == expected
    assert stored.rendition_id == batch.images[0].rendition.id
    assert stored.received_at == record.clock()
    assert await results.document(batch.id) == b'{"whole": "answer"}'


async def test_the_same_answer_again_adds_nothing(
    record: Record, results: ResultStore, batch: Batch
) -> None:
    await save(record, batch, make_result())
    renewed = replace(MASK, raster_url="https://store.example/mask?expires=2")
    await save(record, batch, replace(make_result(), masks=(renewed,)), raw=b"")
    assert await record.database.read(_rows) == 1
    assert await results.document(batch.id) == b"{}"


async def test_another_answer_becomes_current_and_the_first_row_stays(
    record: Record, results: ResultStore, batch: Batch
) -> None:
    failed = replace(make_result(), is_ok=False, error="No face detected", areas=(), masks=())
    await save(record, batch, failed)
    await save(record, batch, make_result())
    (stored,) = await results.of_batch(batch.id)
    assert stored.result.is_ok
    assert await record.database.read(_rows) == 2


async def test_a_picture_that_is_filed_under_another_side_since_has_one_current_result(
    record: Record, results: ResultStore
) -> None:
    batch = await submit(record, await record.finish(await record.register()))
    there = batch.images[0].platform_id
    assert there is not None
    named = replace(make_result(), platform_image_id=there, masks=())
    await save(record, batch, replace(named, side=Side.OTHER))
    await save(record, batch, named)
    (stored,) = await results.of_batch(batch.id)
    assert (stored.result.side, await record.database.read(_rows)) == (Side.FRONT, 2)


@pytest.mark.parametrize("is_id_known", [True, False])
async def test_a_result_is_of_the_light_in_which_its_picture_was_taken(
    record: Record, results: ResultStore, is_id_known: bool
) -> None:
    visit = make_visit(record.study, await record.register(), created_at=record.clock())
    front, uv, left = make_slots(visit, (Side.FRONT, Side.FRONT, Side.LEFT))
    slots = (front, replace(uv, light="uv"), left)
    await record.visits.add(visit, slots, record.act)
    pictures = tuple([(slot, await record.take_in(slot)) for slot in slots])
    finished = make_batch(visit, record.study.datasets[0], pictures)
    await record.hand_overs.finish(visit.id, (finished,), record.clock(), record.act)
    batch = await submit(record, finished) if is_id_known else finished
    ids = [image.platform_id or PlatformImageId(f"{n}") for n, image in enumerate(batch.images)]
    named = [
        replace(
            make_result(value=value), side=image.side, light=image.light, platform_image_id=there
        )
        for value, image, there in zip((10.0, 20.0, 30.0), batch.images, ids, strict=True)
    ]
    await save(record, batch, *named, replace(make_result("age"), side=Side.FRONT))
    kept = [(s.result.algorithm, s.result.light) for s in await results.of_batch(batch.id)]
    assert kept == [
        ("redness", "regular"),
        ("redness", "uv"),
        ("redness", "regular"),
        ("age", "regular"),
    ]


async def test_a_result_of_a_picture_that_the_record_has_no_more_is_of_no_other(
    record: Record, results: ResultStore
) -> None:
    batch = await submit(record, await record.finish(await record.register()))
    lost = replace(make_result(), platform_image_id=PlatformImageId("erased before a rebuild"))
    await save(record, batch, lost)
    (stored,) = await results.of_batch(batch.id)
    assert stored.rendition_id is None


async def test_pictures_that_the_record_has_no_more_keep_a_light_each(
    record: Record, results: ResultStore
) -> None:
    batch = await submit(record, await record.finish(await record.register()))
    lost = [
        replace(make_result(value=value), light=light, platform_image_id=PlatformImageId(light))
        for value, light in ((5.0, "uv"), (7.0, "regular"))
    ]
    for _ in range(2):
        await save(record, batch, *lost)
    kept = [s.result for s in await results.of_batch(batch.id)]
    assert [(r.light, r.platform_image_id) for r in kept] == [("uv", "uv"), ("regular", "regular")]
    assert await record.database.read(_rows) == 2


def _rows(connection: Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM result").fetchone()[0])


async def test_two_versions_of_an_algorithm_stand_side_by_side(
    record: Record, results: ResultStore, batch: Batch
) -> None:
    newer = replace(make_result(), version="2.0", version_id=20)
    await save(record, batch, make_result(), newer)
    versions = [stored.result.version for stored in await results.of_batch(batch.id)]
    assert versions == ["1.2", "2.0"]


async def test_an_unknown_algorithm_is_kept_and_takes_the_batchs_only_application(
    record: Record, results: ResultStore, batch: Batch
) -> None:
    unknown = replace(make_result("sparkle", "high"), application="", side=Side.OTHER)
    await save(record, batch, unknown)
    (stored,) = await results.of_batch(batch.id)
    assert stored.result.algorithm == "sparkle"
    assert stored.result.application == "app"
    assert stored.rendition_id is None


async def test_a_subjects_results_come_by_visit_oldest_first(
    record: Record, results: ResultStore
) -> None:
    subject = await record.register()
    for name in ("Baseline", "Week 4", "Week 8"):
        batch = await record.finish(subject, name)
        record.clock.advance(60)
        if name != "Week 8":
            submitted = await record.outbox.move_batch(batch.id, BatchEvent.SUBMITTED)
            await save(record, submitted, make_result())
    rows = await results.of_subject(subject.id)
    assert [visit.name for visit, _, _ in rows] == ["Baseline", "Week 4"]
    assert [len(kept) for _, _, kept in rows] == [1, 1]


async def test_what_is_taken_back_is_no_result_of_the_subject(
    record: Record, results: ResultStore
) -> None:
    subject = await record.register()
    batches = [await record.finish(subject, name) for name in ("Baseline", "Week 4")]
    for number, batch in enumerate(batches):
        submitted = await record.outbox.move_batch(
            batch.id, BatchEvent.SUBMITTED, platform_id=PlatformBatchId(f"p-{number}")
        )
        await save(record, submitted, make_result())
    wrong = batches[1].id
    await RetractionStore(record.database, record.clock).ask(wrong, record.act)
    assert [visit.name for visit, _, _ in await results.of_subject(subject.id)] == ["Baseline"]
    assert await results.of_batch(wrong)


async def test_a_complete_batch_is_asked_for_no_more(
    record: Record, results: ResultStore, batch: Batch
) -> None:
    assert await results.completeness(batch.id) is Completeness.PENDING
    await results.mark_complete(batch.id, Completeness.PARTIAL)
    assert len(await record.outbox.submitted_incomplete(record.clock())) == 1
    await results.mark_complete(batch.id, Completeness.COMPLETE)
    assert await results.completeness(batch.id) is Completeness.COMPLETE
    assert await record.outbox.submitted_incomplete(record.clock()) == ()


async def test_a_batch_without_an_answer_has_no_document(results: ResultStore) -> None:
    assert await results.document(BatchId("x")) is None


async def test_words_of_the_dictionaries_stay_for_old_results(results: ResultStore) -> None:
    old = Algorithm(12, "redness", "1.2", "Redness", "<p>Red.</p>")
    new = Algorithm(20, "redness", "2.0", "Redness")
    await results.save_algorithms((old,))
    await results.save_algorithms((new,))
    assert set(await results.algorithms()) == {old, new}
    application = Application(
        "1", "face_skin_metrics_3.0", "Face", ImageType.SELFIE, Purpose.METRICS, (new,)
    )
    await results.save_applications((application,))
    assert await results.applications() == (application,)
