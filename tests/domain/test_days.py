"""Dates in words, as they stand on screens and in receipts."""

from datetime import date

import pytest

from haut_desktop.domain.days import day_words


class _GermanDate(date):
    """A date on a computer that speaks German: Qt hands its language on to ``strftime``."""

    def strftime(self, format: str) -> str:  # noqa: A002 - the base class's name
        return super().strftime(format.replace("%b", "Mär"))

    def __format__(self, spec: str) -> str:
        return self.strftime(spec)


@pytest.mark.parametrize("kind", [date, _GermanDate])
def test_a_day_is_said_in_english_on_every_computer(kind: type[date]) -> None:
    assert day_words(kind(2026, 3, 1)) == "1 Mar 2026"
    assert day_words(kind(2026, 12, 31)) == "31 Dec 2026"
