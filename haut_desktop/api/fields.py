"""Reads JSON that may hold more, or other things, than we know; only what is needed is asked for.

A needed field that is missing or unusable becomes an ``UnexpectedAnswerError`` that names the call
and the field; everything else is taken as absent.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from haut_desktop.domain.errors import UnexpectedAnswerError

T = TypeVar("T")


class Fields:
    """A JSON object in the answer to a call."""

    __slots__ = ("_data", "call")

    def __init__(self, call: str, data: Mapping[str, Any]) -> None:
        self.call = call
        self._data = data

    @classmethod
    def of(cls, call: str, value: object, what: str) -> "Fields":
        """Take ``value`` as an object; ``what`` names it in the error."""
        if not isinstance(value, dict):
            raise UnexpectedAnswerError(call, what)
        return cls(call, value)

    def __contains__(self, name: object) -> bool:
        return name in self._data

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def get(self, name: str) -> Any:
        """The raw value, or None."""
        return self._data.get(name)

    def needed(self, *names: str) -> str:
        """The first of ``names`` that has a text or a number, as text."""
        found = self.text(*names)
        if not found:
            raise UnexpectedAnswerError(self.call, names[0])
        return found

    def text(self, *names: str) -> str:
        """The first of ``names`` that has a text or a number, as text; else empty."""
        for name in names:
            value = self._data.get(name)
            if isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
                return str(value)
        return ""

    def integer(self, name: str) -> int | None:
        """A whole number, also if it was written as text."""
        value = self._data.get(name)
        if isinstance(value, str) and value.isdecimal():
            return int(value)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def part(self, name: str) -> "Fields":
        """The object under ``name``; an empty one where there is none."""
        value = self._data.get(name)
        return Fields(self.call, value if isinstance(value, dict) else {})

    def needed_part(self, name: str) -> "Fields":
        """The object under ``name``."""
        return Fields.of(self.call, self._data.get(name), name)

    def items(self, name: str) -> list[Any]:
        """The list under ``name``; an empty one where there is none."""
        value = self._data.get(name)
        return value if isinstance(value, list) else []

    def parts(self, name: str) -> list["Fields"]:
        """The objects in the list under ``name``."""
        return [Fields(self.call, item) for item in self.items(name) if isinstance(item, dict)]

    def moment(self, *names: str) -> datetime | None:
        """A time as aware UTC, in the space form of v1 or in ISO 8601."""
        for name in names:
            if (moment := parse_moment(self._data.get(name))) is not None:
                return moment
        return None


def parse_moment(value: object) -> datetime | None:
    """Read ``2024-10-03 13:52:19`` (UTC, contract §1.2) or ISO 8601; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def iso_moment(moment: datetime) -> str:
    """Write a time as ISO 8601 in UTC with ``Z``, as requests have it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def scalar(value: object) -> float | str | None:
    """A value as a number or a text; None for truth values, objects, lists and empty text."""
    if isinstance(value, bool) or value == "":
        return None
    if isinstance(value, int | float):
        return float(value)
    return value if isinstance(value, str) else None


def words_of(tech_name: str) -> str:
    """A technical name as words for a person: ``dark_circles`` → ``Dark circles``."""
    return tech_name.replace("_", " ").strip().capitalize()


def decode_as(call: str, content: bytes, form: type[T]) -> T:
    """Decode JSON of a certain shape; another shape is an answer to ``call`` without results."""
    try:
        return msgspec.json.decode(content, type=form)
    except msgspec.DecodeError as error:
        raise UnexpectedAnswerError(call, "results") from error
