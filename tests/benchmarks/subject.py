"""Opening a subject with many visits, beside bare queries for the same rows and one visit alone."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt

from haut_desktop.domain.analysis import (
    AlgorithmResult,
    AreaResult,
    BatchResults,
    Completeness,
    Mask,
    MaskShape,
    Metric,
)
from haut_desktop.domain.audit import Act
from haut_desktop.domain.clock import system_clock
from haut_desktop.domain.delivery import BatchEvent
from haut_desktop.domain.ids import CompanyId, PlatformBatchId, SubjectId, new_id
from haut_desktop.domain.imaging import Side
from haut_desktop.domain.session import Account
from haut_desktop.domain.subjects import Subject
from haut_desktop.store.driver import Connection
from haut_desktop.store.keys import NoRecovery
from haut_desktop.store.secrets import MemorySecrets
from haut_desktop.store.station import Station, create_station
from haut_desktop.viewmodels.desk import Desk
from haut_desktop.viewmodels.results import ResultsViewModel
from haut_desktop.widgets.results_page import ResultsPage
from haut_desktop.workplace import Workplace
from tests.benchmarks.table import Report, Row, median
from tests.fakes.builders import (
    make_batch,
    make_picture,
    make_slots,
    make_study,
    make_subject,
    make_visit,
)
from tests.qt_runner import qt_runner
from tests.waiting import emitted

ALGORITHMS: Final = 15
"""About as many as the platform's largest application for faces has; for each of three sides."""
AREAS: Final = ("face", "forehead", "nose", "left_cheek", "right_cheek", "chin", "eyes")
SUBS: Final = 3
SPOTS: Final = 60

_OF_SUBJECT: Final = """
FROM visit
JOIN batch ON batch.visit_id = visit.id
JOIN result ON result.batch_id = batch.id AND result.is_current = 1
"""
_RESULTS: Final = f"SELECT result.* {_OF_SUBJECT} WHERE subject_id = ? ORDER BY result.rowid"
_VALUES: Final = f"""
SELECT result_value.* {_OF_SUBJECT}
JOIN result_value ON result_value.result_id = result.id
WHERE subject_id = ? ORDER BY result.rowid, position
"""
_SAME_ROWS: Final = (_RESULTS, _VALUES)
"""Everything that the page shows, bare: no objects are made of it."""


@dataclass(frozen=True, slots=True)
class Opened:
    """One run, in seconds."""

    read_s: float
    sql_s: float
    page_s: float
    page_of_one_s: float


def measure_subject(runs: int, visits: int) -> Report:
    """Read and show a subject with ``visits`` visits, ``runs`` times."""
    with (
        tempfile.TemporaryDirectory(prefix="haut-bench-") as folder,
        qt_runner() as runner,
    ):
        done = runner.run(_measure(Path(folder), runs, visits))
    read = Row(
        f"reading a subject's {visits} visits",
        median([run.read_s for run in done]),
        "bare queries, same rows",
        median([run.sql_s for run in done]),
    )
    page = Row(
        f"results page of {visits} visits",
        median([run.page_s for run in done]),
        "results page of 1 visit",
        median([run.page_of_one_s for run in done]),
        aim=float(visits),
    )
    return Report((read, page))


async def _measure(folder: Path, runs: int, visits: int) -> list[Opened]:
    store = await create_station(
        folder / "station",
        MemorySecrets(),
        system_clock,
        recovery=NoRecovery("benchmark"),
        site_code="B01",
        zone="Europe/Berlin",
        station_name="Capture 1",
    )
    station = await store.studies.station()
    assert station is not None
    work = Workplace(store, station.id, report=_raise, server="http://127.0.0.1:9")
    try:
        many, one = await _fill(store, visits), await _fill(store, 1)
        await _run(work, many, one)  # the first run fills the caches
        return [await _run(work, many, one) for _ in range(runs)]
    finally:
        await work.aclose()


async def _run(work: Workplace, many: Subject, one: Subject) -> Opened:
    return Opened(
        read_s=await _read(work, many.id),
        sql_s=await _query(work.store, many.id),
        page_s=await _open_page(work, many),
        page_of_one_s=await _open_page(work, one),
    )


async def _read(work: Workplace, subject_id: SubjectId) -> float:
    began = time.monotonic()
    await work.results.visits(subject_id)
    return time.monotonic() - began


async def _query(store: Station, subject_id: SubjectId) -> float:
    def rows(connection: Connection) -> int:
        found = [connection.execute(query, (subject_id,)).fetchall() for query in _SAME_ROWS]
        return min(map(len, found))

    began = time.monotonic()
    assert await store.database.read(rows)
    return time.monotonic() - began


async def _open_page(work: Workplace, subject: Subject) -> float:
    """Seconds from opening the subject to the page that shows its last visit, painted."""
    desk, scope = Desk(), work.tasks.child("page")
    view_model = ResultsViewModel(
        results=work.results, desk=desk, changes=work.changes, tasks=scope
    )
    page = ResultsPage(view_model)
    page.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
    page.resize(1280, 720)
    page.show()
    try:
        page.grab()
        began = time.monotonic()
        async with emitted(view_model.side_chosen):
            desk.open_subject(subject)
        page.grab()
        return time.monotonic() - began
    finally:
        view_model.close()
        await scope.aclose()
        page.close()
        page.deleteLater()


# ------------------------------------------------------------------------------------ what is read


async def _fill(store: Station, visits: int) -> Subject:
    """A subject with computed visits; each picture has the results of a full application."""
    account = Account("http://127.0.0.1:9", CompanyId("company-1"), 7, "tech@example.com")
    operator = await store.studies.operator_for(account)
    act, study = Act(operator.id), make_study(f"Study {visits}")
    await store.studies.save_study(study, act)
    station = await store.studies.station()
    assert station is not None
    subject = make_subject(study, "B-007", station_id=station.id)
    await store.subjects.add(subject, act)
    for number in range(visits):
        visit = make_visit(study, subject, f"Week {number}", created_at=system_clock())
        slots = make_slots(visit)
        await store.visits.add(visit, slots, act)
        pictures = []
        for slot in slots:
            original, rendition, take = make_picture(slot, new_id().encode())
            await store.pictures.add(original, rendition, take, (), act)
            pictures.append((slot, rendition))
        batch = make_batch(visit, study.datasets[0], tuple(pictures))
        await store.hand_overs.finish(visit.id, (batch,), system_clock(), act)
        await store.outbox.move_batch(
            batch.id,
            BatchEvent.SUBMITTED,
            platform_id=PlatformBatchId(f"p-{new_id()}"),
            submitted_at=system_clock(),
        )
        answer = BatchResults(
            tuple(_result(n, side, number) for side in _SIDES for n in range(ALGORITHMS)), raw=b"{}"
        )
        await store.results.save(batch.id, answer, ("face_skin_metrics_3.0",), system_clock())
        await store.results.mark_complete(batch.id, Completeness.COMPLETE)
    return await store.subjects.get(subject.id)


_SIDES: Final = (Side.FRONT, Side.LEFT, Side.RIGHT)


def _result(number: int, side: Side, visit: int) -> AlgorithmResult:
    spots = tuple(
        MaskShape("points", ((spot / SPOTS, (spot * 7 % SPOTS) / SPOTS, 0.01),))
        for spot in range(SPOTS)
    )
    subs = tuple(Metric(f"sub_{n}", f"Sub {n}", n + visit / 7) for n in range(SUBS))
    return AlgorithmResult(
        algorithm=f"algorithm_{number}",
        version="1.2",
        version_id=number,
        name=f"Algorithm {number}",
        application="face_skin_metrics_3.0",
        side=side,
        is_ok=True,
        areas=tuple(
            AreaResult(area, Metric("score", "Score", 50 + visit / 3, "%"), subs) for area in AREAS
        ),
        masks=(Mask(f"mask_{number}", side, "original", 1.0, 1.0, spots),),
        raw=b'{"tech_name": "algorithm"}',
    )


def _raise(error: Exception) -> None:
    raise error
