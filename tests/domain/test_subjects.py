"""A subject's code is checked the same way wherever it is typed."""

import pytest

from haut_desktop.domain.study import ImagingPlan
from haut_desktop.domain.subjects import LONGEST_CODE, code_problem, normalise_code

PLAN = ImagingPlan(code_pattern=r"[A-Z]-\d{3}", code_example="B-007")


def test_typed_code_is_brought_into_its_one_form() -> None:
    assert normalise_code("  b-007 \n") == "B-007"
    assert normalise_code("Ｂ－００７") == "B-007"


def test_good_code_has_no_problem() -> None:
    assert code_problem("B-007", PLAN) is None


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("", "Type or scan"),
        ("B-7", "looks like B-007"),
        ("B" * 500, f"at most {LONGEST_CODE} characters; this one has 500"),
        ("В-007", "another script"),
        ("Ω-001", "another script"),
    ],
)
def test_bad_code_is_told_what_is_wrong(code: str, words: str) -> None:
    assert words in (code_problem(normalise_code(code), PLAN) or "")


def test_wrong_check_character_is_found() -> None:
    plan = ImagingPlan(code_pattern=r"\d{4}", check_character="luhn")
    assert code_problem("1230", plan) is None
    assert "check character" in (code_problem("1231", plan) or "")
