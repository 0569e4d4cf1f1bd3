"""Results of an invented face, for the tests of the results' words, table and page."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from io import BytesIO

from PIL import Image as Picture

from haut_desktop.domain.analysis import (
    AlgorithmResult,
    AreaResult,
    Completeness,
    Mask,
    MaskShape,
    Metric,
    StoredResult,
    Trend,
)
from haut_desktop.domain.delivery import BatchState
from haut_desktop.domain.errors import HautError
from haut_desktop.domain.ids import PlatformImageId, SubjectId
from haut_desktop.domain.imaging import Side
from haut_desktop.domain.subjects import Subject
from haut_desktop.domain.trends import Occasion, trends
from haut_desktop.services.results import MaskLayer, ResultPicture, VisitResults
from tests.fakes.builders import make_batch, make_picture, make_slots, make_study, make_visit
from tests.fakes.clock import START

WIDTH, HEIGHT = 80, 100


def png(width: int = WIDTH, height: int = HEIGHT, colour: str = "#808080") -> bytes:
    """A plain picture."""
    buffer = BytesIO()
    Picture.new("RGB", (width, height), colour).save(buffer, "PNG")
    return buffer.getvalue()


def make_result(
    algorithm: str = "redness",
    value: float | str = 70.0,
    *,
    version: str = "1.0",
    application: str = "face_skin_metrics_2.0",
    side: Side = Side.FRONT,
    light: str = "regular",
    error: str = "",
    masks: tuple[Mask, ...] = (),
) -> AlgorithmResult:
    """One result with a score of the face, a count, and a score of the nose."""
    score = Metric(f"{algorithm}_score", algorithm.capitalize(), value, widget="bad_good_line")
    nose = Metric(f"{algorithm}_score", algorithm.capitalize(), 55.0, widget="bad_good_line")
    areas = (
        AreaResult("face", score, (Metric("spots_number", "Spots", 12.0),)),
        AreaResult("nose", nose),
    )
    return AlgorithmResult(
        algorithm,
        version,
        1,
        algorithm.capitalize(),
        application,
        side,
        is_ok=not error,
        error=error,
        areas=() if error else areas,
        masks=masks,
        platform_image_id=PlatformImageId("image-1"),
        light=light,
    )


def square(tech_name: str = "redness_mask", space: str = "original") -> Mask:
    """A square that covers the upper left quarter of the picture."""
    corners = ((0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5))
    shape = MaskShape("polygon", corners)
    return Mask(tech_name, Side.FRONT, space, 1.0, 1.0, (shape,))


def make_findings(
    *results: AlgorithmResult,
    visit: str = "Baseline",
    weeks: int = 0,
    completeness: Completeness = Completeness.COMPLETE,
    spaces: tuple[str, ...] = ("original",),
) -> VisitResults:
    """A visit with results and a front picture in each space."""
    study = make_study()
    at = START + timedelta(weeks=weeks)
    made = replace(make_visit(study, None, visit, created_at=at), local_date=at.date())
    (slot,) = make_slots(made, (Side.FRONT,))
    batch = make_batch(
        made, study.datasets[0], ((slot, make_picture(slot)[1]),), state=BatchState.SUBMITTED
    )
    stored = tuple(StoredResult(batch.id, None, result, START) for result in results)
    return VisitResults(
        visit=made,
        batch=batch,
        completeness=completeness,
        results=stored,
        pictures=tuple(ResultPicture(Side.FRONT, space, f"{visit}/{space}") for space in spaces),
        masks=tuple(MaskLayer(result, mask) for result in results for mask in result.masks),
    )


def in_two_lights(*, visit: str = "Baseline", weeks: int = 0, uv: float = 20.0) -> VisitResults:
    """A visit whose front was taken in regular and in ultraviolet light, with a mask on each."""
    said = [make_result(masks=(square(),)), make_result(value=uv, masks=(square(),), light="uv")]
    found = make_findings(*said, visit=visit, weeks=weeks)
    (front,) = found.pictures
    return replace(
        found,
        pictures=(front, replace(front, key=f"{visit}/uv", light="uv")),
        masks=tuple(replace(layer, light=layer.result.light) for layer in found.masks),
    )


@dataclass
class FakeResults:
    """Results in memory."""

    found: tuple[VisitResults, ...] = ()
    trouble: HautError | None = None
    discovered: list[SubjectId] = field(default_factory=list)
    data: bytes | None = field(default_factory=png)
    is_awaited: bool = False
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """Pictures and descriptions wait here."""
    asked: list[str] = field(default_factory=list)
    """Keys of pictures that somebody wanted."""

    def __post_init__(self) -> None:
        """Let everything through until a test closes the gate."""
        self.gate.set()

    async def visits(self, subject_id: SubjectId) -> tuple[VisitResults, ...]:
        if self.trouble is not None:
            raise self.trouble
        return self.found

    async def trends(self, subject_id: SubjectId) -> tuple[Trend, ...]:
        return trends(
            Occasion(v.visit.name, v.batch.created_at, tuple(s.result for s in v.results))
            for v in self.found
        )

    async def is_under_way(self, subject_id: SubjectId) -> bool:
        return self.is_awaited

    async def discover(self, subject_id: SubjectId) -> int:
        self.discovered.append(subject_id)
        return 0

    async def picture(self, key: str) -> bytes | None:
        self.asked.append(key)
        await self.gate.wait()
        return self.data

    async def description(self, algorithm: str, version_id: int | None) -> str:
        await self.gate.wait()
        return f"<p>About {algorithm}.</p><script>alert(1)</script>"


@dataclass
class FakeDesk:
    """A subject that lies open."""

    subject: Subject | None = None
