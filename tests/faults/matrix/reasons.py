"""Why only a person can decide: the design's reasons (§6), and no others."""

from typing import Final

REASONS: Final = {
    "ComputationUnknownError": "c",
    "AddressExpiredError": "x",
    "BodyRefusedError": "b",
    "ContentMismatchError": "m",
    "RefusedError": "r",
    "NotListedError": "l",
}
"""What holds a promise → its sign in the table."""

HELD: Final = frozenset(REASONS.values())

WHY: Final = {
    "c": "computing costs money, its answer was lost and no results appeared in time",
    "x": "new addresses were got once by itself; they ended, too",
    "b": "the other side broke off twice in mid-body, which is how it refuses",
    "m": "the object store says that it holds other bytes than were sealed",
    "r": "the platform or its store refused this item in so many words (4xx)",
    "l": "the platform confirmed the subject and does not list it after several looks",
    "s": "the account was refused: somebody signs in again",
    "p": "the account lacks a right: somebody is given it and asks to try again",
    "w": "the platform's answers can't be used: the station says so and goes on trying",
}
"""A sign in the table → the reason why the station does not go on by itself."""
