"""The picture maker: same arguments, same pixels, and the truth it tells about them."""

from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO

import numpy as np
import pytest
from PIL import ExifTags, Image

from haut_desktop.practice.pictures import (
    Person,
    SkinTone,
    draw_face,
    draw_skin,
    encode_jpeg,
)

PERSON = Person(11, SkinTone.LIGHT)
TAKEN_AT = datetime(2026, 3, 4, 9, 5, 6, 789000, tzinfo=timezone(timedelta(hours=-3, minutes=-30)))


def test_the_same_arguments_give_the_same_pixels() -> None:
    first = draw_face(PERSON, side="left", visit=2, size=320)
    draw_face(Person(12, SkinTone.DARK), size=320)
    again = draw_face(PERSON, side="left", visit=2, size=320)
    assert np.array_equal(first.rgb, again.rgb)
    assert first.truth == again.truth


def test_another_seed_gives_another_picture() -> None:
    other = draw_face(Person(12, SkinTone.LIGHT), size=320)
    assert not np.array_equal(draw_face(PERSON, size=320).rgb, other.rgb)


def test_a_portrait_is_a_quarter_higher_than_wide() -> None:
    assert draw_face(PERSON, size=320).rgb.shape == (400, 320, 3)


def test_a_patch_of_skin_is_broader_than_high_and_has_spots_in_it() -> None:
    drawn = draw_skin(PERSON, size=400)
    assert drawn.rgb.shape == (300, 400, 3)
    assert drawn.truth.face_box is None
    assert all(0 < spot.x < 400 and 0 < spot.y < 300 for spot in drawn.truth.spots)
    assert len(drawn.truth.spots) >= 8


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_side_shows_spots_that_the_front_shows_too_or_hides(side: str) -> None:
    front = draw_face(PERSON, size=320).truth
    turned = draw_face(PERSON, side="left" if side == "left" else "right", size=320).truth
    assert front.spots
    assert turned.spots
    assert {round(s.y) for s in turned.spots} & {round(s.y) for s in front.spots}


def test_the_nose_of_a_left_picture_points_to_the_left_of_the_picture() -> None:
    left = draw_face(PERSON, side="left", size=320).truth.lines
    right = draw_face(PERSON, side="right", size=320).truth.lines
    forehead_left, forehead_right = left[0], right[0]
    assert np.mean([x for x, _ in forehead_left]) < 160 < np.mean([x for x, _ in forehead_right])


def test_visits_change_the_picture() -> None:
    assert not np.array_equal(
        draw_face(PERSON, visit=1, size=320).rgb, draw_face(PERSON, visit=2, size=320).rgb
    )


def test_findings_stay_where_they_are_from_visit_to_visit() -> None:
    first, last = (draw_face(PERSON, visit=visit, size=320).truth for visit in (1, 4))
    assert [(s.x, s.y) for s in first.spots] == [(s.x, s.y) for s in last.spots]
    assert first.lines == last.lines


def test_lights_change_the_picture_and_ultraviolet_has_hardly_any_colour() -> None:
    regular, polarised, ultraviolet = (
        draw_face(PERSON, light=name, size=320).rgb.astype(int)
        for name in ("regular", "cross_polarised", "uv")
    )
    assert not np.array_equal(regular, polarised)
    assert np.abs(ultraviolet[..., 0] - ultraviolet[..., 1]).max() < 25


def test_an_unknown_light_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="candle"):
        draw_face(PERSON, light="candle", size=320)


def test_a_saved_picture_carries_what_a_camera_writes() -> None:
    data = encode_jpeg(draw_face(PERSON, size=320), taken_at=TAKEN_AT, camera="Practice Camera 2")
    with Image.open(BytesIO(data)) as image:
        exif = image.getexif()
        details = exif.get_ifd(ExifTags.IFD.Exif)
    assert exif[ExifTags.Base.Model] == "Practice Camera 2"
    assert exif[ExifTags.Base.Make]
    assert details[ExifTags.Base.DateTimeOriginal] == "2026:03:04 09:05:06"
    assert details[ExifTags.Base.OffsetTimeOriginal] == "-03:30"
    assert details[ExifTags.Base.SubsecTimeOriginal] == "789"
    assert details[ExifTags.Base.BodySerialNumber]


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        encode_jpeg(draw_skin(PERSON, size=200), taken_at=datetime(2026, 1, 1))  # noqa: DTZ001 - the point


def test_saving_is_deterministic() -> None:
    drawn, taken_at = draw_skin(PERSON, size=200), datetime(2026, 1, 1, tzinfo=UTC)
    assert encode_jpeg(drawn, taken_at=taken_at) == encode_jpeg(drawn, taken_at=taken_at)
