"""Vector masks of v1 results: GeoJSON-like, in several spellings, into plain shapes (§7.7)."""

from collections.abc import Iterator
from typing import Any, Final

from haut_desktop.api.fields import Fields
from haut_desktop.domain.analysis import Mask, MaskShape
from haut_desktop.domain.imaging import Side

GUESS_GEOMETRY_KINDS: Final = {
    "polygon": "polygon",
    "multipolygon": "polygon",
    "linestring": "line",
    "multilinestring": "line",
    "polyline": "line",
    "multipolyline": "line",
    "point": "points",
    "multipoint": "points",
}
"""§7.7: the documentation and the working renderer spell geometry types differently, and casing
varies; compared in lower case, any other word is skipped (the raw answer keeps it)."""

SPACES: Final = {"masks_original": "original", "masks_restored": "restored"}
"""Keys of a result and the picture their masks lie on."""

Point = tuple[float, ...]


def parse_masks(result: Fields, side: Side) -> Iterator[Mask]:
    """Every vector mask of a v1 ``result``, for both picture spaces."""
    for key, space in SPACES.items():
        for mask in result.parts(key):
            width, height = _parse_view_box(mask.get("view_box"))
            yield Mask(
                tech_name=mask.text("tech_name", "name"),
                side=side,
                space=space,
                space_width=width,
                space_height=height,
                shapes=tuple(s for f in mask.parts("features") for s in _parse_feature(f)),
                fill=mask.text("fill"),
            )


def _parse_feature(feature: Fields) -> Iterator[MaskShape]:
    geometry = feature.part("geometry")
    kind = GUESS_GEOMETRY_KINDS.get(geometry.text("type").lower())
    coordinates = geometry.get("coordinates")
    if kind is None:
        return
    intensity = _number(feature.part("properties").get("intensity"), 1.0)
    if kind == "points":
        paths = [tuple(_points(coordinates))]
    elif kind == "polygon":
        paths = list(_outer_rings(coordinates))
    else:
        paths = list(_paths(coordinates))
    yield from (MaskShape(kind, path, intensity) for path in paths if path)


def _points(value: Any) -> Iterator[Point]:
    """Every point at any depth; (x, y) or (x, y, radius)."""
    point = _point(value)
    if point is not None:
        yield point
    elif isinstance(value, list):
        for item in value:
            yield from _points(item)


def _paths(value: Any) -> Iterator[tuple[Point, ...]]:
    """Every list of points at any depth, in order."""
    if not isinstance(value, list) or not value:
        return
    if _point(value[0]) is not None:
        yield tuple(point for item in value if (point := _point(item)) is not None)
        return
    for item in value:
        yield from _paths(item)


def _outer_rings(value: Any) -> Iterator[tuple[Point, ...]]:
    """The first ring of each polygon; further rings of the same polygon are its holes."""
    depth = _depth(value)
    if depth == 4:
        for polygon in value:
            yield from list(_paths(polygon))[:1]
    else:
        # a list of rings without the polygons' own level, or one bare ring
        yield from _paths(value)


def _depth(value: Any) -> int:
    return 1 + _depth(value[0]) if isinstance(value, list) and value else 0


def _point(value: Any) -> Point | None:
    if not isinstance(value, list) or not 2 <= len(value) <= 3:
        return None
    if any(isinstance(n, bool) or not isinstance(n, int | float) for n in value):
        return None
    return tuple(float(number) for number in value)


def _parse_view_box(value: Any) -> tuple[float, float]:
    """Width and height of an SVG view box, written as text or as a list; 0 if it has none."""
    words = value.replace(",", " ").split() if isinstance(value, str) else value
    if not isinstance(words, list) or len(words) != 4:
        return 0.0, 0.0
    return _number(words[2], 0.0), _number(words[3], 0.0)


def _number(value: Any, default: float) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return default
