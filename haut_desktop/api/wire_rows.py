"""Results and derived pictures of one image in v1: one row per algorithm (§7.2, §6.6)."""

from collections.abc import Iterable
from typing import Final

import msgspec

from haut_desktop.api.fields import Fields, scalar, words_of
from haut_desktop.api.wire import SIDES, side_of
from haut_desktop.api.wire_catalog import is_simulation
from haut_desktop.api.wire_masks import parse_masks
from haut_desktop.domain.analysis import (
    AlgorithmResult,
    AreaResult,
    BatchResults,
    Metric,
    RemotePicture,
    bare_name,
)
from haut_desktop.domain.ids import PlatformImageId
from haut_desktop.domain.imaging import Side

WHOLE_AREA: Final = "face"
"""The area of values that are said of the whole picture."""

NO_REASON: Final = "The platform gives no reason."
"""Shown for a failed algorithm without an error text."""


def parse_rows(call: str, rows: Iterable[bytes], side: Side) -> BatchResults:
    """Results of one picture (v1) from the JSON of its rows; every row's bytes are kept."""
    kept = tuple(rows)
    results = tuple(_parse_row(call, row, side) for row in kept)
    return BatchResults(results=results, raw=b"[" + b",".join(kept) + b"]")


def parse_aux_picture(fields: Fields) -> RemotePicture | None:
    """A picture made from an image, in the older and the newer shape (§6.6); None without address.

    Its side and space are read from the words of its type:
    ``selfie_front_face_restored_rgba``.
    """
    kind = fields.part("aux_image_type").text("tech_name", "name") or fields.text("aux_image_type")
    urls = fields.part("urls")
    url = fields.text("signed_url") or urls.text("original", *urls)
    if not url:
        return None
    words = kind.lower().split("_")
    return RemotePicture(
        side=next((side_of(word) for word in words if word in SIDES), Side.FRONT),
        space="restored" if "restored" in words else kind,
        url=url,
        is_predicted=is_simulation(kind, fields.text("application_name", "algo_app")),
        name=fields.part("aux_image_type").text("name") or kind,
    )


def _parse_row(call: str, raw: bytes, side: Side) -> AlgorithmResult:
    row = Fields.of(call, msgspec.json.decode(raw), "results[]")
    result, value = row.part("result"), row.get("result")
    family = row.text("algorithm_family_tech_name", "algorithm_tech_name")
    algorithm = bare_name(family or result.text("algorithm_tech_name") or "unknown")
    error = result.text("error") or (value if isinstance(value, str) else "")
    is_ok = row.get("is_ok") is not False and not result.text("error")
    image_id = row.text("image_id")
    areas = _parse_areas(result) if result.items("area_results") else _whole(algorithm, value)
    name = areas[0].main.name if areas and areas[0].main else ""
    return AlgorithmResult(
        algorithm=algorithm,
        version=row.text("algorithm_version"),
        version_id=row.integer("algorithm_version_id"),
        name=name or algorithm,
        application=row.text("application_tech_name", "application_name", "application_id"),
        side=side,
        is_ok=is_ok,
        error="" if is_ok else error or NO_REASON,
        areas=areas if is_ok else (),
        masks=tuple(parse_masks(result, side)) if is_ok else (),
        platform_image_id=PlatformImageId(image_id) if image_id else None,
        created_at=row.moment("creation_time"),
        raw=raw,
    )


def _whole(algorithm: str, value: object) -> tuple[AreaResult, ...]:
    """A bare number (the oldest application's form) as the value of the whole picture."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ()
    return (AreaResult(WHOLE_AREA, Metric(algorithm, words_of(algorithm), float(value))),)


def _parse_areas(result: Fields) -> tuple[AreaResult, ...]:
    return tuple(_parse_area(area) for area in result.parts("area_results"))


def _parse_area(area: Fields) -> AreaResult:
    # a webhook's area is flattened: the main metric's fields stand in the area itself (§9.1)
    main = area.part("main_metric") if area.get("main_metric") else area
    subs = area.parts("sub_metrics") or area.parts("submetrics")
    return AreaResult(
        area=area.text("area_name") or WHOLE_AREA,
        main=_parse_metric(main),
        subs=tuple(metric for sub in subs if (metric := _parse_metric(sub)) is not None),
    )


def _parse_metric(metric: Fields) -> Metric | None:
    value = scalar(metric.get("value"))
    tech_name = metric.text("tech_name", "name")
    if value is None or not tech_name:
        return None
    return Metric(
        tech_name=tech_name,
        name=metric.text("name") or words_of(tech_name),
        value=value,
        unit=metric.text("units", "unit") or None,
        widget=metric.text("widget_type") or "numeric",
    )
