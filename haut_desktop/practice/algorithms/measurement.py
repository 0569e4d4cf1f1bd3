"""What an algorithm says about one picture: areas with metrics, vector masks, and a raster."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

WidgetType = Literal["bad_good_line", "numeric", "density", "category", "ITA"]
MaskType = Literal["polygon_mask", "polyline_mask", "point_mask", "heatmap_mask"]
GeometryType = Literal["MultiPolygon", "MultiLineString", "MultiPoint"]

Feature = dict[str, Any]
"""GeoJSON-like: `{"properties": {"intensity": 0..1}, "geometry": {"type", "coordinates"}}`."""


class AlgorithmFailedError(Exception):
    """An algorithm cannot judge a picture; the message is what the platform reports."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One value with the widget that shows it."""

    tech_name: str
    name: str
    value: int | float | str
    widget_type: WidgetType
    units: str | None = None
    widget_meta: None = None


@dataclass(frozen=True, slots=True)
class Area:
    """The metrics of one area of the face or skin."""

    area_name: str
    main_metric: Metric
    sub_metrics: tuple[Metric, ...] = ()


@dataclass(frozen=True, slots=True)
class Mask:
    """Where the skin shows the thing, in pixels of the original picture."""

    tech_name: str
    mask_type: MaskType
    fill: str
    features: tuple[Feature, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """All that one algorithm said about one picture."""

    areas: tuple[Area, ...]
    masks: tuple[Mask, ...] = ()
    raster: NDArray[np.uint8] | None = None
    """Height x width of the picture, 0..255: how strongly each pixel shows the thing."""


def score(name: str, tech_name: str, value: float) -> Metric:
    """A 0..100 score, higher is better, rounded to one decimal."""
    return Metric(tech_name, name, round(min(100.0, max(0.0, value)), 1), "bad_good_line")


def count(name: str, tech_name: str, value: int) -> Metric:
    """A number of things."""
    return Metric(tech_name, name, value, "numeric")


def density(name: str, tech_name: str, value: float, units: str | None = None) -> Metric:
    """An amount per area or a mean intensity, higher is more."""
    return Metric(tech_name, name, round(value, 2), "density", units)
