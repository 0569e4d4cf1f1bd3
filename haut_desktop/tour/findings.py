"""The ids, states, hashes, values and masks of the tour's visit, as the program keeps them."""

import asyncio
import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from haut_desktop.domain.analysis import Mask
from haut_desktop.domain.ids import VisitId
from haut_desktop.domain.imaging import Batch
from haut_desktop.domain.subjects import Subject
from haut_desktop.services.report_lines import MetricLine, PictureLine, VisitReport
from haut_desktop.services.results import MaskLayer
from haut_desktop.tour.report import TourReport
from haut_desktop.workplace import Workplace

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


async def gather(work: Workplace, subject: Subject, visit_id: VisitId, into: TourReport) -> None:
    """Read what is kept about a visit and write it into the tour's report."""
    made = await work.reports.visit_report(visit_id)
    into.subject = _subject(subject)
    into.visit = _visit(made)
    into.metrics = [_metric(line) for line in made.metrics if line.value is not None]
    into.images = [_image(line) for line in made.pictures if line.image_id]
    found = [v for v in await work.results.visits(subject.id) if v.visit.id == visit_id]
    into.batches = [_batch(each.batch) | {"completeness": each.completeness} for each in found]
    into.masks = [await _mask(work, layer) for each in found for layer in each.masks]
    ids = [*_moving(subject, (each.batch for each in found))]
    for entity_id in ids:
        moves = await work.store.outbox.transitions(entity_id)
        into.transitions += [dataclasses.asdict(move) for move in moves]


def _moving(subject: Subject, batches: Iterable[Batch]) -> Iterator[str]:
    yield from (registration.id for registration in subject.registrations)
    for batch in batches:
        yield batch.id
        yield from (image.id for image in batch.images)


def _subject(subject: Subject) -> dict[str, Any]:
    return {
        "id": subject.id,
        "code": subject.code,
        "station_id": subject.station_id,
        "registrations": [
            {"dataset_id": r.dataset_id, "platform_id": r.platform_id, "state": r.state}
            for r in subject.registrations
        ],
    }


def _visit(made: VisitReport) -> dict[str, Any]:
    return {
        "id": made.visit_id,
        "name": made.visit,
        "study": made.study,
        "site": made.site,
        "local_date": made.local_date.isoformat(),
        "status": made.status,
        "finished_at": made.finished_at,
    }


def _metric(line: MetricLine) -> dict[str, Any]:
    return {
        "algorithm": line.algorithm,
        "version": line.version,
        "area": line.area,
        "metric": line.metric,
        "value": line.value,
        "unit": line.unit,
        "side": line.side,
        "application": line.application,
    }


def _image(line: PictureLine) -> dict[str, Any]:
    return {
        "id": line.image_id,
        "platform_id": line.platform_image_id,
        "batch_id": line.batch_id,
        "platform_batch_id": line.platform_batch_id,
        "slot": line.slot,
        "name": line.name,
        "state": line.state,
        "proof": line.proof,
        "proof_detail": line.proof_detail,
        "original_id": line.original_id,
        "original_sha256": line.original_sha256,
        "original_size_bytes": line.original_size_bytes,
        "transform": line.transform,
        "rendition_sha256": line.rendition_sha256,
        "rendition_md5": line.rendition_md5,
    }


def _batch(batch: Batch) -> dict[str, Any]:
    return {
        "id": batch.id,
        "platform_id": batch.platform_id,
        "route": batch.route,
        "state": batch.state,
        "submitted_at": batch.submitted_at,
        "abandoned": batch.abandoned,
    }


async def _mask(work: Workplace, layer: MaskLayer) -> dict[str, Any]:
    mask = layer.mask
    size, box = (mask.space_width, mask.space_height), _box_of_shapes(mask)
    if layer.key:
        size, box = await asyncio.to_thread(_raster, await work.results.picture(layer.key))
    return {
        "algorithm": layer.result.algorithm,
        "version": layer.result.version,
        "application": layer.result.application,
        "side": mask.side,
        "space": mask.space,
        "space_size": size,
        "shapes": len(mask.shapes),
        "is_raster": bool(layer.key),
        "box": box,
    }


def _box_of_shapes(mask: Mask) -> Box | None:
    """Around every shape, in the pixels of the mask's space; radii of points count."""
    points = [
        (p[0], p[1], p[2] if shape.kind == "points" and len(p) > 2 else 0.0)
        for shape in mask.shapes
        for p in shape.points
    ]
    if not points:
        return None
    return (
        min(x - r for x, _, r in points),
        min(y - r for _, y, r in points),
        max(x + r for x, _, r in points),
        max(y + r for _, y, r in points),
    )


def _raster(data: bytes | None) -> tuple[tuple[float, float], Box | None]:
    """Size of a raster mask and the box around what it covers."""
    image = QImage.fromData(data) if data else QImage()
    if image.isNull():
        return (0.0, 0.0), None
    size = float(image.width()), float(image.height())
    rows, columns = np.nonzero(_strengths(image))
    if not rows.size:
        return size, None
    left, top, right, bottom = columns.min(), rows.min(), columns.max(), rows.max()
    return size, (float(left), float(top), float(right) + 1.0, float(bottom) + 1.0)


def _strengths(image: QImage) -> NDArray[np.uint8]:
    """Height x width, uint8: how much of the mask is there."""
    kind = (
        QImage.Format.Format_Alpha8 if image.hasAlphaChannel() else QImage.Format.Format_Grayscale8
    )
    flat = image.convertToFormat(kind)
    pixels = np.frombuffer(flat.constBits(), np.uint8).reshape(flat.height(), flat.bytesPerLine())
    return pixels[:, : flat.width()].copy()
