"""Names and versions come from the dictionaries, as far as they know them."""

from dataclasses import replace

import pytest

from haut_desktop.domain.analysis import (
    Algorithm,
    AlgorithmResult,
    Application,
    BatchResults,
    Purpose,
)
from haut_desktop.domain.dictionary import describe, find_application, version_key
from haut_desktop.domain.imaging import ImageType, Side

DICTIONARY = (
    Algorithm(1, "redness", "1.9", "Redness"),
    Algorithm(2, "redness", "1.10", "Redness, newer"),
    Algorithm(3, "redness", "3.0", "Redness of another application"),
)
LISTED = tuple(replace(algorithm, version="") for algorithm in DICTIONARY[:2])
FACES = Application(
    "id-1",
    "face_skin_metrics_3.0",
    "Face Skin Metrics 3.0",
    ImageType.SELFIE,
    Purpose.METRICS,
    LISTED,
)


def _described(version_id: int | None = None, application: str = "") -> AlgorithmResult:
    result = AlgorithmResult("redness", "", version_id, "Red", application, Side.FRONT, is_ok=True)
    (described,) = describe(BatchResults((result,)), [FACES], DICTIONARY).results
    return described


def test_a_version_id_decides_by_itself() -> None:
    assert (_described(1).version, _described(1).name) == ("1.9", "Redness")


def test_without_an_id_the_applications_highest_version_is_meant() -> None:
    described = _described(application="face_skin_metrics_3")
    assert (described.version, described.version_id) == ("1.10", 2)
    assert described.application == "face_skin_metrics_3.0"


def test_what_nobody_knows_stays_as_it_is() -> None:
    described = _described(99, "somebody_elses")
    assert (described.version, described.name, described.application) == (
        "",
        "Red",
        "somebody_elses",
    )


def test_an_application_is_found_by_id_name_and_every_spelling() -> None:
    for word in ("id-1", "Face Skin Metrics 3.0", "face_skin_metrics_3", "face_skin_metrics_3.0"):
        assert find_application(word, [FACES]) is FACES
    assert find_application("face_skin_metrics_2.0", [FACES]) is None
    assert find_application("", [FACES]) is None


def test_versions_are_ordered_by_their_numbers() -> None:
    assert version_key("1.10") > version_key("1.9") > version_key("")


@pytest.mark.parametrize(
    ("parameter", "listed"),
    (
        ("breakouts", Algorithm(5, "acne", "2.0", "Acne")),
        ("breakouts", Algorithm(5, "spots", "2.0", "Breakouts")),
        ("ita", Algorithm(5, "skin_tone", "2.0", "Skin tone")),
    ),
)
def test_a_parameter_may_be_listed_under_its_older_word(parameter: str, listed: Algorithm) -> None:
    application = replace(FACES, algorithms=(listed,))
    result = AlgorithmResult(parameter, "", None, "", "id-1", Side.FRONT, is_ok=True)
    (described,) = describe(BatchResults((result,)), [application], [listed]).results
    assert (described.version, described.algorithm) == ("2.0", parameter)
