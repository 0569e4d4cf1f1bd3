"""What every verb answers with: its exit code, and lines or JSON on standard output."""

import dataclasses
import io
import json
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Final

from haut_desktop.domain.tenant import platform_words

WELL: Final = 0
DIFFERS: Final = 1
NOT_DONE: Final = 2


def write_as_made() -> None:
    """Let standard output take every letter and line end as they are.

    Windows would write another code page there, which lacks letters, and two carriage returns for
    each line of a CSV file.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")


def held_by(server: str, company_id: str) -> str:
    """Name the platform and the company that hold what was delivered."""
    return f"{platform_words(server)}, company {company_id}"


def say(line: str) -> None:
    """Write one line for people."""
    sys.stdout.write(f"{line}\n")


def write_json(value: object) -> None:
    """Write a value for a program: times as ISO 8601, dataclasses as objects."""
    json.dump(value, sys.stdout, default=_plain, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(type(value).__name__)
