"""The errors: each one has its place in the drawing at the head of its module."""

import pytest

from haut_desktop.domain import errors
from haut_desktop.domain.errors import HautError, KeyringError, RefusedError, StoreError


def test_the_drawing_names_every_error() -> None:
    assert errors.__doc__ is not None
    drawn = set(errors.__doc__.split())
    by_outcome = (StoreError, KeyringError)  # drawn as one, with a class for each outcome
    missing = [
        kind.__name__
        for kind in vars(errors).values()
        if isinstance(kind, type)
        and issubclass(kind, HautError)
        and not any(issubclass(kind, one) and kind is not one for one in by_outcome)
        and kind.__name__ not in drawn
    ]
    assert missing == []


def test_every_outcome_of_the_database_has_words_of_its_own() -> None:
    outcomes: tuple[type[StoreError], ...] = (StoreError, *StoreError.__subclasses__())
    assert len({kind.default_title for kind in outcomes}) == len(outcomes)
    assert len({kind.default_message for kind in outcomes}) == len(outcomes)


@pytest.mark.parametrize(
    ("error", "message"),
    (
        (RefusedError(400, "c", "Too long.", "name"), "The platform says: Too long. (name)"),
        (RefusedError(400, "c", "Too long."), "The platform says: Too long."),
        (RefusedError(409, "c", ""), "The platform gave no reason (status 409)."),
        (RefusedError(409, "c", "", "name"), "The platform gave no reason (status 409, name)."),
        (RefusedError(403, "c", "No.", who="The object store"), "The object store says: No."),
    ),
)
def test_a_refusal_says_what_was_said_and_of_which_field(error: RefusedError, message: str) -> None:
    assert error.message == message


def test_a_refusal_names_who_refused() -> None:
    assert RefusedError(400, "c", "d").title == "The platform refused it"
    assert (
        RefusedError(400, "c", "d", who="The object store").title == "The object store refused it"
    )
