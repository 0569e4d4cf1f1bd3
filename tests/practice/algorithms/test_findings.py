"""What was drawn is found: where it lies, and more of it when there is more."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from haut_desktop.practice.algorithms.catalog import analyse
from haut_desktop.practice.algorithms.picture import Picture
from haut_desktop.practice.algorithms.spots import find_spots
from haut_desktop.practice.algorithms.tone import classify_angle, typology_angle
from haut_desktop.practice.pictures import DrawnPicture, Person, SkinTone, Spot, draw_skin
from haut_desktop.practice.pictures.complexion import severity_at
from tests.practice.algorithms.looking import Draw, face_algorithm, main_value, points_of


def match(picture: Picture, drawn: DrawnPicture) -> tuple[float, float, float]:
    """Recall, precision, and the mean distance in pixels of the spots inside the skin."""
    scale = picture.working.scale
    found = [((b.x + 0.5) * scale, (b.y + 0.5) * scale) for b in find_spots(picture)]

    def nearest(spot: Spot) -> float:
        return min((float(np.hypot(x - spot.x, y - spot.y)) for x, y in found), default=1e9)

    def is_real(x: float, y: float) -> bool:
        return any(np.hypot(x - s.x, y - s.y) < 1.2 * s.radius + 2 for s in drawn.truth.spots)

    reach = cv2.erode(picture.skin.astype(np.uint8), np.ones((13, 13), np.uint8)) > 0
    inside = [spot for spot in drawn.truth.spots if reach[int(spot.y), int(spot.x)]]
    hits = [spot for spot in inside if nearest(spot) < spot.radius + 2]
    return (
        len(hits) / len(inside),
        sum(is_real(x, y) for x, y in found) / len(found),
        float(np.mean([nearest(spot) for spot in hits])),
    )


@pytest.mark.parametrize("tone", SkinTone)
def test_drawn_spots_are_found_where_they_are(draw: Draw, tone: SkinTone) -> None:
    recall, precision, distance_px = match(*draw(tone))
    assert recall >= 0.7
    assert precision >= 0.55
    assert distance_px < 2.5


@pytest.mark.parametrize("tone", SkinTone)
def test_spots_on_a_patch_of_skin_are_found(tone: SkinTone) -> None:
    drawn = draw_skin(Person(8, tone), size=900)
    recall, precision, distance_px = match(Picture(drawn.rgb), drawn)
    assert recall >= 0.85
    assert precision >= 0.85
    assert distance_px < 3.0


def redden(picture: Picture, by: float) -> Picture:
    """The picture with both cheeks redder by that much a*."""
    lab = cv2.cvtColor(picture.rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    assert picture.face is not None
    for name in ("left_cheek", "right_cheek"):
        x, y = picture.face.areas[name].mean(axis=0)
        rows, columns = np.indices(lab.shape[:2])
        lab[..., 1] += by * np.exp(-(np.hypot(rows - y, columns - x) ** 2) / 40**2)
    rgb: NDArray[np.uint8] = np.asarray(
        np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB) * 255, 0, 255), np.uint8
    )
    return Picture(rgb)


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("tone", [SkinTone.VERY_LIGHT, SkinTone.TAN, SkinTone.DARK])
def test_more_redness_scores_lower(draw: Draw, tone: SkinTone, version: str) -> None:
    redness = face_algorithm("redness", version)
    calm, _ = draw(tone)
    values = [main_value(analyse(redness, redden(calm, by))) for by in (0, 6, 12)]
    assert values[0] > values[1] > values[2]


def test_the_redness_mask_lies_on_the_red_patches(draw: Draw) -> None:
    picture, drawn = draw(SkinTone.LIGHT)
    raster = analyse(face_algorithm("redness", "2.0"), picture).raster
    assert raster is not None
    for patch in drawn.truth.red_patches:
        assert raster[int(patch.y), int(patch.x)] > 60


def test_typology_angles_order_the_six_tones(draw: Draw) -> None:
    angles = [main_value(analyse(face_algorithm("skin_tone"), draw(t)[0])) for t in SkinTone]
    assert angles == sorted(angles, reverse=True)


@pytest.mark.parametrize("tone", SkinTone)
def test_each_tone_falls_into_its_class(draw: Draw, tone: SkinTone) -> None:
    measured = analyse(face_algorithm("skintone_classification"), draw(tone)[0])
    drawn = str(measured.areas[0].main_metric.value)
    assert drawn.lower().replace(" ", "_") == tone.value


@pytest.mark.parametrize(
    ("angle", "name"),
    [(55.1, "Very light"), (55, "Light"), (41, "Intermediate"), (28, "Tan"), (-10, "Brown"),
     (-30, "Dark"), (-90, "Dark")],
)  # fmt: skip
def test_class_bounds_belong_to_the_darker_class(angle: float, name: str) -> None:
    assert classify_angle(angle) == name


def test_the_typology_angle_follows_its_formula() -> None:
    assert typology_angle(65.0, 15.0) == pytest.approx(45.0)
    assert typology_angle(35.0, 15.0) == pytest.approx(-45.0)


def test_more_lines_score_lower(draw: Draw) -> None:
    picture, _ = draw(SkinTone.LIGHT)
    assert picture.face is not None
    x, y, w, h = picture.face.box
    rgb = picture.rgb.copy()
    values = [main_value(analyse(face_algorithm("lines"), picture))]
    for column in (0.22, 0.78):
        across = int(x + column * w)
        ends = (across, int(y + 0.48 * h)), (across + 4, int(y + 0.72 * h))
        cv2.line(rgb, *ends, (150, 105, 85), 2, cv2.LINE_AA)
        values.append(main_value(analyse(face_algorithm("lines"), Picture(rgb.copy()))))
    assert values[0] > values[1] > values[2]


def test_drawn_forehead_lines_are_found(draw: Draw) -> None:
    picture, drawn = draw(SkinTone.LIGHT)
    raster = analyse(face_algorithm("lines"), picture).raster
    assert raster is not None
    near = cv2.dilate(raster, np.ones((7, 7), np.uint8)) > 0
    for line in drawn.truth.lines[:2]:
        middle = line[len(line) // 4 : -len(line) // 4]
        assert np.mean([near[int(y), int(x)] for x, y in middle]) > 0.5


def test_pores_are_points_on_nose_and_cheeks(draw: Draw) -> None:
    picture, _ = draw(SkinTone.LIGHT)
    measured = analyse(face_algorithm("pores"), picture)
    points = list(points_of(measured.masks[0]))
    assert len(points) == measured.areas[0].sub_metrics[0].value
    assert len(points) > 30


def test_blurring_lowers_the_focus_score(draw: Draw) -> None:
    picture, _ = draw(SkinTone.LIGHT)
    blurred = Picture(np.asarray(cv2.GaussianBlur(picture.rgb, (0, 0), 3), np.uint8))
    sharp, soft = (
        {m.tech_name: m.value for m in analyse(face_algorithm("quality"), p).areas[0].sub_metrics}
        for p in (picture, blurred)
    )
    assert float(soft["focus_score"]) < 50 < float(sharp["focus_score"])


def test_a_turned_face_has_a_lower_rotation_score(draw: Draw) -> None:
    front, side = (
        {m.tech_name: m.value for m in analyse(face_algorithm("quality"), p).areas[0].sub_metrics}
        for p in (draw(SkinTone.LIGHT)[0], draw(SkinTone.LIGHT, side="left")[0])
    )
    assert float(side["rotation_score"]) < float(front["rotation_score"])


@pytest.mark.parametrize("tech_name", ["pigmentation", "redness"])
def test_scores_follow_the_skin_over_four_visits(draw: Draw, tech_name: str) -> None:
    person = Person(50, SkinTone.LIGHT)
    improves = severity_at(person, 4) < severity_at(person, 1)
    algorithm = face_algorithm(tech_name, "2.0")
    first, last = (main_value(analyse(algorithm, draw(visit=v)[0])) for v in (1, 4))
    assert (last > first) == improves
    assert abs(last - first) > 3
