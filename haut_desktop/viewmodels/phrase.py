"""A state in words, with how it is meant; colour and icon follow the mood, never replace words."""

from dataclasses import dataclass
from enum import StrEnum


class Mood(StrEnum):
    """How a phrase is meant; the phrase always says it in words too."""

    NEUTRAL = "neutral"
    ACCENT = "accent"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Phrase:
    """A state in words."""

    text: str
    mood: Mood = Mood.NEUTRAL
