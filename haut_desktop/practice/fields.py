"""Reads the fields of a request's body and refuses them as Django REST Framework does."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from haut_desktop.practice.answers import invalid
from haut_desktop.practice.clock import parse_time

Body = Mapping[str, Any]


def read_text(body: Body, name: str, *, max_length: int = 512) -> str:
    """A required, non-empty string."""
    if name not in body:
        raise invalid(name, "This field is required.", "required")
    if body[name] is None:
        raise invalid(name, "This field may not be null.", "null")
    text = read_optional_text(body, name, max_length=max_length)
    assert text is not None
    return text


def read_optional_text(body: Body, name: str, *, max_length: int = 512) -> str | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise invalid(name, "Not a valid string.")
    if not value.strip():
        raise invalid(name, "This field may not be blank.", "blank")
    if len(value) > max_length:
        detail = f"Ensure this field has no more than {max_length} characters."
        raise invalid(name, detail, "max_length")
    return value


def read_choice(body: Body, name: str, choices: Collection[str]) -> str:
    """A required string that is one of choices."""
    text = read_text(body, name)
    if text not in choices:
        raise invalid(name, f'"{text[:40]}" is not a valid choice.', "invalid_choice")
    return text


def read_integer(
    body: Body, name: str, *, minimum: int | None = None, maximum: int | None = None
) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise invalid(name, "A valid integer is required.")
    if maximum is not None and value > maximum:
        detail = f"Ensure this value is less than or equal to {maximum}."
        raise invalid(name, detail, "max_value")
    if minimum is not None and value < minimum:
        detail = f"Ensure this value is greater than or equal to {minimum}."
        raise invalid(name, detail, "min_value")
    return value


def read_boolean(body: Body, name: str) -> bool:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise invalid(name, "Must be a valid boolean.")
    return bool(value)


def read_time(body: Body, name: str) -> float | None:
    """Seconds since the epoch."""
    text = read_optional_text(body, name)
    if text is None:
        return None
    try:
        return parse_time(text)
    except (ValueError, OverflowError) as error:
        raise invalid(name, "Datetime has wrong format.") from error


def read_date(body: Body, name: str) -> str | None:
    """``YYYY-MM-DD``."""
    text = read_optional_text(body, name)
    if text is None:
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        detail = "Date has wrong format. Use one of these formats instead: YYYY-MM-DD."
        raise invalid(name, detail) from error
