"""Turns a measurement into the contract's JSON: a v1 result, a v3 parameter."""

import re
from typing import Any, Final

from haut_desktop.practice.algorithms.catalog import Algorithm
from haut_desktop.practice.algorithms.measurement import Area, Mask, Measurement, Metric
from haut_desktop.practice.mask_pictures import Matrix, move_coordinates

_GRADES: Final = ((90, 1, "Great"), (80, 2, "Good"), (50, 3, "Average"), (30, 4, "Poor"))
_COUNT: Final = re.compile(r"(number|amount|count)")
_MAIN_AREA: Final = ("face", "skin", "image")

Size = tuple[int, int]
"""Width and height in pixels."""


def shape_v1(
    algorithm: Algorithm,
    measurement: Measurement,
    image_type: str,
    size: Size,
    restored: tuple[Size, Matrix] | None,
) -> dict[str, Any]:
    """``result`` of a v1 row; restored masks only where there is a restored face."""
    masks = measurement.masks
    return {
        "algorithm_tech_name": algorithm.tech_name,
        "image_type": image_type,
        "area_results": [_shape_area(area) for area in measurement.areas],
        "masks_restored": (
            [_shape_mask(mask, restored[0], restored[1]) for mask in masks]
            if restored and masks
            else None
        ),
        "masks_original": [_shape_mask(mask, size, None) for mask in masks] or None,
    }


def shape_failure(algorithm: Algorithm, image_type: str, message: str) -> dict[str, Any]:
    """``result`` of a row whose ``is_ok`` is false."""
    return {
        "error": message,
        "algorithm_tech_name": algorithm.tech_name,
        "image_type": image_type,
        "area_results": [],
        "masks_restored": None,
        "masks_original": None,
    }


def shape_parameter(algorithm: Algorithm, measurement: Measurement) -> dict[str, Any]:
    """What one picture adds to a v3 parameter, without masks."""
    main = next((area for area in measurement.areas if area.area_name in _MAIN_AREA), None)
    if main is None and measurement.areas:
        main = measurement.areas[0]
    parameter = {} if main is None else _shape_fields(main, algorithm.parameter)
    others = [area for area in measurement.areas if area is not main]
    areas = {area.area_name: _shape_fields(area, algorithm.parameter) for area in others}
    return {**parameter, "areas": areas} if areas else parameter


def grade_of(score: float) -> tuple[int, str]:
    """Grade and tag of a 0..100 score (haut-api §8.2)."""
    return next(((grade, tag) for least, grade, tag in _GRADES if score >= least), (5, "Poor"))


def _shape_area(area: Area) -> dict[str, Any]:
    return {
        "area_name": area.area_name,
        "main_metric": _shape_metric(area.main_metric),
        "sub_metrics": [_shape_metric(metric) for metric in area.sub_metrics],
    }


def _shape_metric(metric: Metric) -> dict[str, Any]:
    return {
        "value": metric.value,
        "widget_type": metric.widget_type,
        "name": metric.name,
        "tech_name": metric.tech_name,
        "widget_meta": metric.widget_meta,
        "units": metric.units,
    }


def _shape_mask(mask: Mask, size: Size, matrix: Matrix | None) -> dict[str, Any]:
    return {
        "tech_name": mask.tech_name,
        "mask_type": mask.mask_type,
        "view_box": f"0 0 {size[0]} {size[1]}",
        "fill": mask.fill,
        "features": [
            {
                "properties": feature.get("properties", {}),
                "geometry": {
                    "type": feature["geometry"]["type"],
                    "coordinates": move_coordinates(feature["geometry"], matrix),
                },
            }
            for feature in mask.features
        ],
    }


def _shape_fields(area: Area, parameter: str) -> dict[str, Any]:
    fields = _shape_value(area.main_metric, parameter)
    for metric in area.sub_metrics:
        if _COUNT.search(metric.tech_name) and metric.widget_type == "numeric":
            fields.setdefault("amount", metric.value)
        elif "density" in metric.tech_name:
            fields.setdefault("density", metric.value)
    return fields


def _shape_value(metric: Metric, parameter: str) -> dict[str, Any]:
    value = metric.value
    if metric.widget_type == "bad_good_line" and not isinstance(value, str):
        grade, tag = grade_of(value)
        return {"score": value, "tag": tag, "grade": grade}
    if metric.widget_type == "category":
        return {parameter: value, "tag": value}
    if metric.widget_type == "density":
        return {"density": value}
    if "grade" in metric.tech_name:
        return {"grade": value}
    if _COUNT.search(metric.tech_name):
        return {"amount": value}
    return {parameter: value}
