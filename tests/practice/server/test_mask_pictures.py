"""Mask pictures lie on the pixels that their vectors name, in both spaces."""

import cv2
import numpy as np
import pytest

from haut_desktop.practice.algorithms.measurement import Mask, Measurement
from haut_desktop.practice.mask_pictures import MaskPicture, draw_masks, move_coordinates
from tests.practice.server.running import Json


def _mask(kind: str, coordinates: Json, fill: str = "rgba(200, 10, 20, 1)") -> Measurement:
    feature = {
        "properties": {"intensity": 0.6},
        "geometry": {"type": kind, "coordinates": coordinates},
    }
    return Measurement((), (Mask("mask", "polygon_mask", fill, (feature,)),))


def _pixels(picture: MaskPicture | None) -> Json:
    """Height x width x 4, BGRA, as a reader of the PNG sees it."""
    assert picture is not None
    return cv2.imdecode(np.frombuffer(picture.encode(), np.uint8), cv2.IMREAD_UNCHANGED)


@pytest.mark.parametrize(
    ("kind", "coordinates", "inside"),
    [
        ("MultiPolygon", [[[[10, 10], [30, 10], [30, 20], [10, 20]]]], (20, 15)),
        ("MultiPoint", [[20, 15, 4]], (22, 15)),
        ("MultiLineString", [[[5, 15], [35, 15]]], (20, 15)),
    ],
)
def test_each_geometry_is_drawn_where_it_lies(
    kind: str, coordinates: Json, inside: tuple[int, int]
) -> None:
    pixels = _pixels(draw_masks(_mask(kind, coordinates), 40, 30))
    assert pixels.shape == (30, 40, 4)
    assert pixels[inside[1], inside[0]].tolist() == [20, 10, 200, 153]
    assert pixels[2, 2, 3] == 0


def test_a_fill_may_be_hexadecimal() -> None:
    measurement = _mask("MultiPoint", [[5, 5, 2]], "#0A1420")
    assert _pixels(draw_masks(measurement, 10, 10))[5, 5, :3].tolist() == [0x20, 0x14, 0x0A]


def test_a_raster_alone_is_a_mask_too() -> None:
    raster = np.zeros((8, 8), np.uint8)
    raster[3, 4] = 120
    pixels = _pixels(draw_masks(Measurement((), (), raster), 8, 8))
    assert (pixels[3, 4, 3], pixels[0, 0, 3]) == (120, 0)


def test_without_masks_there_is_no_picture() -> None:
    assert draw_masks(Measurement(()), 8, 8) is None


def test_the_aligned_mask_lies_where_the_moved_vectors_do() -> None:
    matrix = np.array([[2.0, 0.0, 5.0], [0.0, 2.0, -3.0]])
    measurement = _mask("MultiPoint", [[10, 10, 3]])
    ((x, y, radius),) = move_coordinates(
        {"type": "MultiPoint", "coordinates": [[10, 10, 3]]}, matrix
    )
    assert (x, y, radius) == (25.0, 17.0, 6.0)
    picture = draw_masks(measurement, 20, 20)
    assert picture is not None
    pixels = _pixels(picture.aligned(matrix, 50, 40))
    assert pixels[17, 25, 3] == 153
    assert pixels[17, 25 + 9, 3] == 0


def test_more_colours_than_a_palette_holds_are_still_drawn() -> None:
    masks = tuple(
        _mask("MultiPoint", [[n % 20, n // 20, 0]], f"rgb({n // 2}, {n % 256}, 7)").masks[0]
        for n in range(300)
    )
    pixels = _pixels(draw_masks(Measurement((), masks), 20, 15))
    assert (pixels[..., 3] > 0).all()
