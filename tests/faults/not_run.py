"""Says what of the fault suite could not run on this computer: nobody shall take it for proven."""

import os
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest

EXIT_CODE: Final = 3
"""How a part ends that broke no promise and was not run, or not all of it."""

LIST_VARIABLE: Final = "HAUT_NOT_RUN"
"""Names the file in which whoever started the part wants to find the reasons, one on a line."""


def say_not_run(reasons: Iterable[str]) -> int:
    """Say why something was not run, to a reader and to whoever started this; the exit code."""
    lines = [f"{reason}\n" for reason in reasons]
    sys.stdout.writelines(f"NOT RUN, because {line}" for line in lines)
    sys.stdout.flush()
    if path := os.environ.get(LIST_VARIABLE):
        with Path(path).open("a", encoding="utf-8") as file:
            file.writelines(lines)
    return EXIT_CODE


def reasons_of(skipped: Iterable[pytest.TestReport | pytest.CollectReport]) -> list[str]:
    """The reasons for which tests were skipped, each with the number of its tests."""
    words: Counter[str] = Counter()
    for report in skipped:
        longrepr = report.longrepr
        said = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)
        words[said.removeprefix("Skipped: ")] += 1
    return [f"{reason} (tests: {times})" for reason, times in words.items()]
