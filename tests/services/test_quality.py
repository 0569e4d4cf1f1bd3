import subprocess
import sys

import cv2
import numpy as np
import pytest

from haut_desktop.domain.errors import PictureError
from haut_desktop.domain.ids import RenditionId
from haut_desktop.domain.imaging import Side, VerdictLevel
from haut_desktop.practice.pictures.person import SkinTone
from haut_desktop.services import pictures, quality
from haut_desktop.services.faces import LOOK_AT_PX, cascade_folder
from tests.photographs import Pixels, bricks, drawn_face, encode, marked, portrait


def _codes(pixels: Pixels, *, needs_face: bool = True, side: Side = Side.FRONT) -> set[str]:
    return {f.code for f in quality.judge_pixels(pixels, needs_face=needs_face, side=side)}


def _blurred(pixels: Pixels, radius_px: float) -> Pixels:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), radius_px), np.uint8)


def test_the_portraits_face_is_found() -> None:
    codes = _codes(portrait())
    assert codes & {"face", "small-face", "off-centre"}
    assert "sharp" in codes
    assert "light" in codes


@pytest.mark.parametrize("tone", tuple(SkinTone))
def test_a_face_of_every_tone_is_found_and_sharp(tone: SkinTone) -> None:
    codes = _codes(drawn_face(tone))
    assert {"face", "sharp", "light"} <= codes


@pytest.mark.parametrize("tone", tuple(SkinTone))
def test_a_blurred_face_of_every_tone_is_noticed(tone: SkinTone) -> None:
    assert "blurred" in _codes(_blurred(drawn_face(tone), 4))


@pytest.mark.parametrize("tone", (SkinTone.VERY_LIGHT, SkinTone.DARK))
def test_a_side_view_counts_as_a_face(tone: SkinTone) -> None:
    assert "face" in _codes(drawn_face(tone, "left"), side=Side.LEFT)
    assert "face" in _codes(drawn_face(tone, "right"), side=Side.RIGHT)


def test_the_other_side_in_a_sides_place_is_noticed() -> None:
    assert "other-side" in _codes(drawn_face(SkinTone.LIGHT, "left"), side=Side.RIGHT)
    assert "other-side" in _codes(drawn_face(SkinTone.LIGHT, "right"), side=Side.LEFT)


def test_a_picture_without_a_face_is_bad_where_one_is_needed() -> None:
    finding = quality.judge_pixels(bricks(), needs_face=True)[0]
    assert (finding.code, finding.level) == ("no-face", VerdictLevel.BAD)


def test_a_skin_picture_needs_no_face() -> None:
    assert not _codes(bricks(), needs_face=False) & {"no-face", "face"}


def test_too_dark_and_too_bright_are_noticed() -> None:
    dim = np.asarray(portrait() // 5, np.uint8)
    bright = np.asarray(np.minimum(portrait().astype(int) * 3, 255), np.uint8)
    assert "underexposed" in _codes(dim)
    assert "overexposed" in _codes(bright)


def test_few_pixels_are_a_warning_with_the_numbers() -> None:
    finding = quality.judge_pixels(portrait(), needs_face=False)[-1]
    assert (finding.code, finding.level) == ("low-resolution", VerdictLevel.WARN)
    assert "512 × 512" in finding.text


def test_many_pixels_are_good() -> None:
    large = np.asarray(cv2.resize(portrait(), (2600, 2600)), np.uint8)
    finding = quality.judge_pixels(large, needs_face=False)[-1]
    assert (finding.code, finding.level, finding.score) == ("resolution", VerdictLevel.GOOD, 100.0)


def test_an_even_surface_is_bad() -> None:
    grey = np.full((300, 300, 3), 120, np.uint8)
    assert "flat" in _codes(grey, needs_face=False)


def test_a_turned_picture_is_judged_upright() -> None:
    lying = np.ascontiguousarray(np.rot90(portrait()))
    upright = {f.code for f in quality.judge(encode(lying, orientation=6), needs_face=True)}
    assert "no-face" not in upright


def test_scores_stay_between_nothing_and_a_hundred() -> None:
    for pixels in (portrait(), _blurred(portrait(), 8), drawn_face(SkinTone.TAN)):
        for finding in quality.judge_pixels(pixels, needs_face=True):
            assert finding.score is None or 0 <= finding.score <= 100


def test_a_finding_becomes_the_stations_verdict() -> None:
    finding = quality.judge(marked(1), needs_face=True)[0]
    verdict = finding.of(RenditionId("rendition"))
    assert (verdict.author, verdict.code, verdict.text) == ("station", finding.code, finding.text)


def test_damaged_bytes_are_a_picture_error() -> None:
    with pytest.raises(PictureError):
        quality.judge(b"no picture", needs_face=True)


def test_the_cascades_are_where_the_program_looks() -> None:
    assert (cascade_folder() / "haarcascade_frontalface_alt2.xml").is_file()
    assert (cascade_folder() / "haarcascade_profileface.xml").is_file()


def test_importing_the_services_loads_no_picture_library() -> None:
    code = (
        "import sys, haut_desktop.services.capture, haut_desktop.services.subjects\n"
        "print([m for m in ('cv2', 'numpy', 'PIL', 'httpx') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("blur_px", (0.0, 9.0))
def test_a_picture_that_was_decoded_small_is_judged_alike(blur_px: float) -> None:
    face = drawn_face(SkinTone.TAN, size=2600)
    data = encode(_blurred(face, blur_px) if blur_px else face)
    facts, small = pictures.inspect(data, LOOK_AT_PX)
    view = quality.view_of(small, (facts.width, facts.height))
    found = quality.judge_view(view, needs_face=True)
    whole = quality.judge(data, needs_face=True)
    assert [(f.code, f.level) for f in found] == [(f.code, f.level) for f in whole]
