"""Results of both shapes, whatever arrives in them."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from haut_desktop.api.fields import Fields
from haut_desktop.api.wire_masks import parse_masks
from haut_desktop.api.wire_results import parse_batch_results
from haut_desktop.api.wire_rows import parse_aux_picture, parse_rows
from haut_desktop.domain.analysis import AlgorithmResult, BatchResults, MaskShape
from haut_desktop.domain.errors import UnexpectedAnswerError
from haut_desktop.domain.imaging import Side

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-1e6, 1e6) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)


def _row(**fields: Any) -> AlgorithmResult:
    row = {"id": "r", "is_ok": True, "image_id": "i", **fields}
    (result,) = parse_rows("results", [msgspec.json.encode(row)], Side.LEFT).results
    return result


def _batch(**applications: Any) -> BatchResults:
    return parse_batch_results("results", msgspec.json.encode(applications))


# ---- v1


def test_a_row_gives_areas_metrics_and_where_it_comes_from() -> None:
    result = _row(
        algorithm_version_id=51,
        creation_time="2024-10-03 13:52:19",
        application_name="Face Skin Metrics 2.0",
        algorithm_family_tech_name="selfie_v2.eyes_age",
        result={
            "algorithm_tech_name": "eye_age",
            "area_results": [
                {
                    "area_name": "face",
                    "main_metric": {
                        "value": 24,
                        "widget_type": "numeric",
                        "name": "Eye Age",
                        "tech_name": "eye_age",
                        "units": "years",
                    },
                    "sub_metrics": [{"value": "Oily", "tech_name": "class", "name": "Class"}],
                },
                {
                    "area_name": "left_eye_area",
                    "main_metric": None,
                    "submetrics": [{"value": 1.5, "tech_name": "x"}],
                },
            ],
        },
    )
    face, eye = result.areas
    assert (result.algorithm, result.version_id, result.name) == ("eyes_age", 51, "Eye Age")
    assert (result.application, result.side) == ("Face Skin Metrics 2.0", Side.LEFT)
    assert face.main is not None
    assert (face.main.value, face.main.unit) == (24, "years")
    assert face.subs[0].value == "Oily"
    assert eye.area == "left_eye_area"
    assert [metric.value for metric in eye.subs] == [1.5]


def test_a_rows_own_bytes_are_kept() -> None:
    raw = b'{ "algorithm_family_tech_name": "x.y",  "new": [1, 2] , "result": 41.0 }'
    (result,) = parse_rows("results", [raw], Side.FRONT).results
    assert result.raw == raw
    assert result.areas[0].main is not None
    assert (result.algorithm, result.areas[0].main.value) == ("y", 41.0)


def test_flattened_areas_are_read_too() -> None:
    area = {"area_name": "face", "tech_name": "eye_age", "value": 38, "sub_metrics": []}
    (parsed,) = _row(result={"area_results": [area]}).areas
    assert parsed.main is not None
    assert parsed.main.value == 38


@pytest.mark.parametrize(
    ("is_ok", "result", "error"),
    (
        (False, {"error": "No face detected"}, "No face detected"),
        (True, {"error": "Not full face"}, "Not full face"),
        (False, "internal", "internal"),
        (False, None, "The platform gives no reason."),
    ),
)
def test_a_failure_has_words_and_no_values(is_ok: bool, result: object, error: str) -> None:
    row = _row(is_ok=is_ok, result=result, algorithm_family_tech_name="selfie_v2.redness")
    assert (row.is_ok, row.error, row.areas) == (False, error, ())


def test_a_product_structure_is_kept_raw_and_is_no_error() -> None:
    row = _row(result={"products": {"spf": ["2_7"]}}, algorithm_family_tech_name="reco")
    assert (row.is_ok, row.areas) == (True, ())
    assert b"2_7" in row.raw


@given(st.dictionaries(st.sampled_from(["result", "is_ok", "image_id"]), json_values))
def test_no_row_of_any_shape_is_an_error(row: dict[str, Any]) -> None:
    assert parse_rows("results", [msgspec.json.encode(row)], Side.FRONT).results


# ---- masks


def _shapes(kind: str, coordinates: Any) -> tuple[MaskShape, ...]:
    geometry = {"type": kind, "coordinates": coordinates}
    mask = {
        "tech_name": "m",
        "view_box": "0 0 812 600",
        "fill": "rgba(1,2,3,1)",
        "features": [{"properties": {"intensity": 0.7}, "geometry": geometry}],
    }
    (parsed,) = parse_masks(Fields("results", {"masks_restored": [mask]}), Side.FRONT)
    assert (parsed.space, parsed.space_width, parsed.space_height) == ("restored", 812, 600)
    return parsed.shapes


RING = [[0, 0], [4, 0], [4, 4]]
HOLE = [[1, 1], [2, 1], [2, 2]]
POINTS = ((0.0, 0.0), (4.0, 0.0), (4.0, 4.0))


@pytest.mark.parametrize(
    ("kind", "coordinates", "shapes"),
    (
        ("MultiPolygon", [[RING, HOLE], [RING]], 2),
        ("Multipolygon", [[RING]], 1),
        ("Polygon", [RING], 1),
        ("multipolygon", RING, 1),
        ("MultiLineString", [RING, RING], 2),
        ("Multipolyline", [RING], 1),
        ("LineString", RING, 1),
    ),
)
def test_every_spelling_of_a_geometry_gives_its_outlines(
    kind: str, coordinates: Any, shapes: int
) -> None:
    parsed = _shapes(kind, coordinates)
    assert [shape.points for shape in parsed] == [POINTS] * shapes
    assert {shape.intensity for shape in parsed} == {0.7}


def test_points_keep_their_radius() -> None:
    (shape,) = _shapes("MultiPoint", [[1, 2, 3], [4, 5, 0]])
    assert (shape.kind, shape.points) == ("points", ((1, 2, 3), (4, 5, 0)))


def test_an_unknown_geometry_is_left_out() -> None:
    assert _shapes("Spiral", [[1, 2]]) == ()


@given(
    st.sampled_from(["MultiPolygon", "MultiPoint", "MultiLineString", "Polygon", "x"]), json_values
)
def test_no_coordinates_of_any_shape_are_an_error(kind: str, coordinates: Any) -> None:
    _shapes(kind, coordinates)


def test_both_picture_spaces_are_told_apart() -> None:
    mask = {"tech_name": "m", "features": []}
    masks = parse_masks(
        Fields("results", {"masks_restored": [mask], "masks_original": [mask]}), Side.FRONT
    )
    assert sorted(mask.space for mask in masks) == ["original", "restored"]


# ---- v3


def test_whatever_parameters_arrive_become_results() -> None:
    results = _batch(
        face_skin_metrics_3={
            "all_algorithms_calculated": True,
            "predicted_images": {"front": {"aligned_face": "https://x/a"}},
            "parameters": {
                "lines": {
                    "grade": 2,
                    "tag": "Good",
                    "score": 83,
                    "areas": {"forehead": {"score": 70}, "nose": {}},
                    "masks": {
                        "front": {"aligned_face": "https://x/m"},
                        "left": {"original": "https://x/l"},
                    },
                },
                "age": {"age": 34},
                "eyes_age": {"eyes_age": 31},
                "freckles": {"density": 3},
                "skin_type": {"tag": "Oily", "skin_type": "Oily"},
                "from_the_future": {"brightness_index": 7},
            },
        }
    )
    by_name = {result.algorithm: result for result in results.results}
    mains = {name: area.areas[0].main for name, area in by_name.items()}
    assert {name: (m.tech_name, m.value) for name, m in mains.items() if m} == {
        "lines": ("score", 83),
        "age": ("age", 34),
        "eyes_age": ("eyes_age", 31),
        "freckles": ("density", 3),
        "skin_type": ("skin_type", "Oily"),
        "from_the_future": ("brightness_index", 7),
    }
    lines = by_name["lines"]
    assert [metric.tech_name for metric in lines.areas[0].subs] == ["grade", "tag"]
    assert [area.area for area in lines.areas] == ["face", "forehead"]
    assert {(m.side, m.space, m.raster_url) for m in lines.masks} == {
        (Side.FRONT, "aligned_face", "https://x/m"),
        (Side.LEFT, "original", "https://x/l"),
    }
    (picture,) = results.pictures
    assert (picture.space, picture.url, picture.is_predicted) == (
        "aligned_face",
        "https://x/a",
        False,
    )
    assert results.is_complete_by_platform is True


@pytest.mark.parametrize(
    ("answer", "is_complete"),
    (
        ({}, False),
        ({"face_skin_metrics_3": {"parameters": {}}}, False),
        ({"face_skin_metrics_3": {"all_algorithms_calculated": True}}, True),
        (
            {
                "face_skin_metrics_3": {"all_algorithms_calculated": True},
                "other_4": {"all_algorithms_calculated": False},
            },
            False,
        ),
        ({"message": "hello"}, False),
    ),
)
def test_a_batch_is_complete_when_every_application_says_so(
    answer: dict[str, Any], is_complete: bool
) -> None:
    assert _batch(**answer).is_complete_by_platform is is_complete


@pytest.mark.parametrize("parameter", ({"error": "No face detected"}, {"is_ok": False}, None))
def test_a_failed_parameter_is_a_failed_result(parameter: object) -> None:
    (result,) = _batch(app={"parameters": {"lines": parameter}}).results
    assert (result.is_ok, result.areas) == (False, ())
    assert result.error


def test_a_bare_value_is_a_parameters_value() -> None:
    (result,) = _batch(app={"parameters": {"ita": 31.5}}).results
    assert result.areas[0].main is not None
    assert (result.areas[0].main.value, result.is_ok) == (31.5, True)


@given(st.dictionaries(st.text(max_size=5), json_values))
def test_no_parameter_of_any_shape_is_an_error(parameters: dict[str, Any]) -> None:
    assert len(_batch(app={"parameters": parameters}).results) == len(parameters)


@pytest.mark.parametrize("answer", (b"[]", b'{"app": {"parameters": [1]}}'))
def test_an_answer_of_another_shape_names_the_call(answer: bytes) -> None:
    with pytest.raises(UnexpectedAnswerError) as caught:
        parse_batch_results("results", answer)
    assert caught.value.call == "results"


# ---- aux pictures


@pytest.mark.parametrize(
    ("record", "side", "space", "is_predicted"),
    (
        (
            {
                "aux_image_type": {"tech_name": "selfie_left_face_restored_rgba"},
                "urls": {"original": "u"},
            },
            Side.LEFT,
            "restored",
            False,
        ),
        (
            {"aux_image_type": "skingpt_generated", "signed_url": "u", "algo_app": "SkinGPT"},
            Side.FRONT,
            "skingpt_generated",
            True,
        ),
    ),
)
def test_both_shapes_of_an_aux_picture_are_read(
    record: dict[str, Any], side: Side, space: str, is_predicted: bool
) -> None:
    picture = parse_aux_picture(Fields("aux", record))
    assert picture is not None
    assert (picture.side, picture.space, picture.is_predicted) == (side, space, is_predicted)
    assert picture.url == "u"


def test_an_aux_picture_without_an_address_is_none() -> None:
    assert parse_aux_picture(Fields("aux", {"id": "x", "urls": {"original": None}})) is None
