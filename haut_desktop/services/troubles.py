"""Errors turned into what a row remembers of them."""

from haut_desktop.domain.delivery import Trouble
from haut_desktop.domain.errors import HautError


def trouble_of(error: HautError) -> Trouble:
    """Keep an error's stable word, its blame and its words for a person."""
    return Trouble(error.kind, error.blame, error.title, error.message)
