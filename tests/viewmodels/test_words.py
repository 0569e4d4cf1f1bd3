"""Numbers and times in words."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from haut_desktop.domain.imaging import Side
from haut_desktop.domain.subjects import SubjectDetails
from haut_desktop.domain.visits import Shelf
from haut_desktop.viewmodels.capture_words import slot_line
from haut_desktop.viewmodels.subject_form import parse_birth
from haut_desktop.viewmodels.subject_words import details_words
from haut_desktop.viewmodels.words import ago, clock_time, count, day, size, span
from tests.fakes.builders import make_slots, make_study, make_taken, make_visit
from tests.fakes.clock import START

NOON = datetime(2026, 7, 1, 12, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    (
        (0, "less than a minute"),
        (59, "less than a minute"),
        (60, "1 min"),
        (3599, "59 min"),
        (7200, "2 h"),
        (2 * 86400, "2 days"),
    ),
)
def test_a_span_is_said_roughly(seconds: int, words: str) -> None:
    assert span(seconds) == words


def test_what_has_just_been_is_just_now() -> None:
    assert ago(NOON, NOON + timedelta(seconds=10)) == "just now"
    assert ago(NOON, NOON + timedelta(minutes=3)) == "3 min ago"


def test_times_carry_the_sites_zone() -> None:
    assert clock_time(NOON, "Europe/Berlin") == "14:05 CEST"
    assert day(datetime(2026, 7, 1, 23, 5, tzinfo=UTC), "Europe/Berlin") == "2 Jul 2026"


def test_numbers_carry_their_units() -> None:
    assert (count(1, "picture"), count(1200, "picture")) == ("1 picture", "1,200 pictures")
    assert (size(820_000), size(4_200_000), size(2_500_000_000)) == ("820 kB", "4.2 MB", "2.5 GB")
    assert (size(999_600), size(999_960_000)) == ("1.0 MB", "1.0 GB")


@pytest.mark.parametrize(
    ("text", "expected"),
    (
        ("", (None, None, "")),
        (" 1984 ", (1984, None, "")),
        ("1984-03-21", (None, date(1984, 3, 21), "")),
    ),
)
def test_birth_is_a_year_or_a_date(
    text: str, expected: tuple[int | None, date | None, str]
) -> None:
    assert parse_birth(text, NOON.date()) == expected


@pytest.mark.parametrize("text", ("84", "21.03.1984", "1984-02-30", "1850", "2031", "soon"))
def test_a_birth_that_cannot_be_is_refused_in_words(text: str) -> None:
    year, born, problem = parse_birth(text, NOON.date())
    assert (year, born) == (None, None)
    assert problem


def test_an_erased_slot_says_so_and_offers_none_of_its_takes() -> None:
    visit = make_visit(make_study(), None)
    (slot,) = make_slots(visit, (Side.FRONT,))
    gone = replace(make_taken(slot), erased_at=START)
    line = slot_line(Shelf(slot, (gone,)), "Europe/Berlin")
    assert (line.takes, line.counting) == ((), None)
    assert line.erased == "Erased 1 Mar 2026, 10:12 CET"
    there = make_taken(slot, number=2)
    assert slot_line(Shelf(slot, (gone, there)), "UTC").erased == ""


def test_a_birth_date_reads_as_every_other_date() -> None:
    details = SubjectDetails(birth_date=date(1984, 5, 7), biological_sex="female")
    assert details_words(details) == "born 7 May 1984 · female"
