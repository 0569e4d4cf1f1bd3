"""Words of the command line that say themselves what they mean."""

from enum import StrEnum
from typing import Self


class WordedEnum(StrEnum):
    """A member is its word; ``words`` says in one sentence what it does, for ``--help``."""

    words: str

    def __new__(cls, value: str, words: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.words = words
        return member

    @classmethod
    def explain(cls) -> str:
        """One line for each member."""
        width = max(len(member.value) for member in cls)
        return "\n".join(f"  {member.value:<{width}}  {member.words}" for member in cls)
