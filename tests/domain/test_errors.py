"""The errors: each one has its place in the drawing at the head of its module."""

from haut_desktop.domain import errors
from haut_desktop.domain.errors import HautError, KeyringError, StoreError


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
