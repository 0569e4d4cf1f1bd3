"""The catalog: applications, versions side by side, and what every algorithm must hold to."""

from dataclasses import replace

import numpy as np
import pytest

from haut_desktop.practice.algorithms.catalog import (
    ALGORITHMS,
    APPLICATIONS,
    Algorithm,
    Application,
    analyse,
    predict_effect,
)
from haut_desktop.practice.algorithms.face_model import fill
from haut_desktop.practice.algorithms.faces import Face
from haut_desktop.practice.algorithms.measurement import AlgorithmFailedError
from haut_desktop.practice.algorithms.picture import Picture
from haut_desktop.practice.algorithms.redness import find_redness
from haut_desktop.practice.algorithms.regions import require_full_face
from haut_desktop.practice.pictures import Person, SkinTone, draw_skin
from tests.practice.algorithms.looking import (
    FACE,
    Draw,
    face_algorithm,
    points_of,
)

SKIN = next(app for app in APPLICATIONS if app.tech_name == "skin_metrics")


def names(algorithm: Algorithm) -> str:
    return f"{algorithm.family_tech_name}-{algorithm.version}"


def test_the_five_applications_are_there() -> None:
    assert [app.tech_name for app in APPLICATIONS] == [
        "face_skin_metrics_3.0",
        "face_skin_metrics_2.0",
        "skin_metrics",
        "visia_metrics",
        "product_effect_simulation",
    ]


@pytest.mark.parametrize("app", APPLICATIONS, ids=lambda app: app.tech_name)
def test_no_two_algorithms_of_an_application_share_a_version_id(app: Application) -> None:
    ids = [algorithm.version_id for algorithm in app.algorithms]
    assert len(ids) == len(set(ids))


def test_version_ids_are_unique_everywhere() -> None:
    assert len({algorithm.version_id for algorithm in ALGORITHMS}) == len(ALGORITHMS)


def test_third_generation_parameters_are_unique() -> None:
    parameters = [algorithm.parameter for algorithm in APPLICATIONS[0].algorithms]
    assert len(parameters) == len(set(parameters)) >= 10


def test_redness_exists_in_two_versions_side_by_side() -> None:
    both = [a for a in FACE.algorithms if a.family_tech_name == "selfie_v2.redness"]
    assert [algorithm.version for algorithm in both] == ["1.0", "2.0"]


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=names)
def test_every_description_says_that_it_is_practice(algorithm: Algorithm) -> None:
    assert "practice value" in algorithm.html_description
    assert algorithm.measure.__doc__


@pytest.mark.parametrize("algorithm", FACE.algorithms, ids=names)
def test_face_algorithms_fail_without_a_face(algorithm: Algorithm) -> None:
    picture = Picture(draw_skin(Person(3, SkinTone.LIGHT), size=300).rgb)
    with pytest.raises(AlgorithmFailedError, match=r"^No face detected$"):
        analyse(algorithm, picture)


@pytest.mark.parametrize("algorithm", SKIN.algorithms, ids=names)
def test_skin_algorithms_work_on_a_patch_of_skin(algorithm: Algorithm) -> None:
    picture = Picture(draw_skin(Person(3, SkinTone.TAN), size=500).rgb)
    assert analyse(algorithm, picture).areas[0].area_name == "skin"


@pytest.mark.parametrize("algorithm", SKIN.algorithms, ids=names)
def test_skin_algorithms_fail_where_there_is_no_skin(algorithm: Algorithm) -> None:
    blue = np.full((200, 200, 3), (10, 60, 200), np.uint8)
    with pytest.raises(AlgorithmFailedError, match=r"^No skin detected$"):
        analyse(algorithm, Picture(blue))


@pytest.mark.parametrize("algorithm", FACE.algorithms, ids=names)
def test_masks_of_a_real_portrait_lie_inside_the_face(
    portrait: Picture, algorithm: Algorithm
) -> None:
    assert portrait.face is not None
    measurement = analyse(algorithm, portrait)
    x, y, w, h = portrait.face.box
    for mask in measurement.masks:
        for px, py in points_of(mask):
            assert x - 2 <= px <= x + w + 2
            assert y - 2 <= py <= y + h + 2
    if measurement.raster is not None:
        assert measurement.raster.shape == (portrait.height, portrait.width)
        inside = fill(portrait.face.outline, measurement.raster.shape)
        assert measurement.raster[~inside].sum() <= 0.03 * max(1, measurement.raster.sum())


def test_a_real_portrait_gives_at_least_eight_metrics(portrait: Picture) -> None:
    for app in APPLICATIONS[:2]:
        measured = [analyse(algorithm, portrait) for algorithm in app.algorithms]
        assert len([m for m in measured if m.areas]) >= 8


@pytest.mark.parametrize("tone", SkinTone)
def test_scores_stay_between_0_and_100(draw: Draw, tone: SkinTone) -> None:
    for algorithm in FACE.algorithms:
        for area in analyse(algorithm, draw(tone)[0]).areas:
            for metric in (area.main_metric, *area.sub_metrics):
                if metric.widget_type == "bad_good_line":
                    assert 0 <= float(metric.value) <= 100


def test_coordinates_are_those_of_the_original_picture(draw: Draw) -> None:
    picture, _ = draw(SkinTone.LIGHT)
    twice = Picture(np.repeat(np.repeat(picture.rgb, 2, axis=0), 2, axis=1))
    small = analyse(face_algorithm("front_face_areas"), picture)
    large = analyse(face_algorithm("front_face_areas"), twice)
    first, second = (np.array(list(points_of(m.masks[0]))).mean(axis=0) for m in (small, large))
    assert np.allclose(first * 2, second, atol=12)


def test_a_face_beyond_the_edge_is_not_a_full_face(draw: Draw) -> None:
    work = draw(SkinTone.LIGHT)[0].working
    assert work.face is not None
    x, y = work.face.pose.axis
    lower = replace(work.face.pose, axis=(x, y + 0.45 * work.skin.shape[0]))
    require_full_face(work)
    with pytest.raises(AlgorithmFailedError, match=r"^Not full face$"):
        require_full_face(replace(work, face=Face.posed("front", lower)))


def test_the_predicted_picture_is_less_red_and_no_other_size(draw: Draw) -> None:
    picture, _ = draw(SkinTone.LIGHT)
    after = predict_effect(picture)
    assert after.shape == picture.rgb.shape
    skin = picture.working.skin
    assert find_redness(Picture(after))[skin].mean() < 0.7 * find_redness(picture)[skin].mean()


def test_the_prediction_leaves_everything_but_skin_alone(draw: Draw) -> None:
    picture, _ = draw(SkinTone.LIGHT)
    assert np.array_equal(predict_effect(picture)[:100], picture.rgb[:100])
