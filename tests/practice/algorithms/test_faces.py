"""Faces are found in every tone and from every side, and nowhere else."""

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from haut_desktop.practice.algorithms.alignment import ALIGNED_SIDE_PX, align_face
from haut_desktop.practice.algorithms.face_model import fill
from haut_desktop.practice.algorithms.picture import Picture
from haut_desktop.practice.pictures import Person, SkinTone, draw_skin
from tests.practice.algorithms.looking import Draw


@pytest.mark.parametrize("side", ["front", "left", "right"])
@pytest.mark.parametrize("tone", SkinTone)
def test_a_face_is_found_with_its_side(draw: Draw, tone: SkinTone, side: str) -> None:
    picture, _ = draw(tone, side=side)
    assert picture.face is not None
    assert picture.face.side == side


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("tone", [SkinTone.VERY_LIGHT, SkinTone.DARK])
def test_a_face_is_found_in_other_people(draw: Draw, tone: SkinTone, seed: int) -> None:
    picture, _ = draw(tone, seed=seed)
    assert picture.face is not None
    assert picture.face.side == "front"


@pytest.mark.parametrize("tone", SkinTone)
def test_a_front_face_lies_where_it_was_drawn(draw: Draw, tone: SkinTone) -> None:
    picture, drawn = draw(tone)
    assert picture.face is not None
    assert drawn.truth.face_box is not None
    x, y, w, h = picture.face.box
    left, top, width, height = drawn.truth.face_box
    assert abs(x + w / 2 - left - width / 2) < 0.05 * width
    assert abs(y + h / 2 - top - height / 2) < 0.08 * height
    assert 0.75 < w / width < 1.15


@pytest.mark.parametrize("light", ["cross_polarised", "uv"])
def test_a_face_is_found_under_other_lights(draw: Draw, light: str) -> None:
    picture, _ = draw(SkinTone.TAN, light=light)
    assert picture.face is not None


def test_the_subjects_left_cheek_is_on_the_right_of_a_front_picture(draw: Draw) -> None:
    face = draw(SkinTone.LIGHT)[0].face
    assert face is not None
    assert face.areas["left_cheek"][:, 0].mean() > face.areas["right_cheek"][:, 0].mean()


def test_a_turned_face_has_one_cheek_only(draw: Draw) -> None:
    face = draw(SkinTone.LIGHT, side="left")[0].face
    assert face is not None
    assert "left_cheek" in face.areas
    assert "right_cheek" not in face.areas


def test_the_face_of_a_real_portrait_is_found(portrait: Picture) -> None:
    assert portrait.face is not None
    x, y, w, h = portrait.face.box
    assert 165 < x < 190
    assert 45 < y < 85
    assert 80 < w < 120
    assert 95 < h < 135


def test_skin_of_a_real_portrait_lies_inside_the_face(portrait: Picture) -> None:
    assert portrait.face is not None
    assert not (portrait.skin & ~fill(portrait.face.outline, portrait.skin.shape)).any()
    assert portrait.skin.sum() > 4000


@pytest.mark.parametrize(
    "rgb",
    [
        np.random.default_rng(1).integers(0, 255, (700, 500, 3), dtype=np.uint8),
        np.full((400, 400, 3), 128, np.uint8),
        draw_skin(Person(3, SkinTone.LIGHT), size=500).rgb,
        draw_skin(Person(4, SkinTone.DARK), size=500).rgb,
        data.coffee(),  # type: ignore[no-untyped-call]
        data.chelsea(),  # type: ignore[no-untyped-call]
        data.rocket(),  # type: ignore[no-untyped-call]
    ],
    ids=["noise", "grey", "light skin", "dark skin", "coffee", "cat", "rocket"],
)
def test_a_picture_without_a_face_has_none(
    rgb: NDArray[np.uint8],
) -> None:
    assert Picture(rgb).face is None


def test_an_aligned_face_has_its_eyes_in_the_same_place(draw: Draw) -> None:
    for seed in (50, 3):
        picture, drawn = draw(SkinTone.LIGHT, seed=seed)
        aligned = align_face(picture)
        assert aligned is not None
        crop, matrix = aligned
        eyes = matrix @ np.array([drawn.rgb.shape[1] / 2, drawn.rgb.shape[0] * 0.445, 1.0])
        assert crop.shape == (ALIGNED_SIDE_PX, ALIGNED_SIDE_PX, 3)
        assert abs(eyes[0] - 406) < 20
        assert abs(eyes[1] - 330) < 25


def test_there_is_nothing_to_align_without_a_face() -> None:
    assert align_face(Picture(np.zeros((50, 50, 3), np.uint8))) is None
