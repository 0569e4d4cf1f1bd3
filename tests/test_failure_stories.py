"""The help's page of failures names tests that exist, some for each of the ten stories."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from haut_desktop.settings import resources_folder

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = (resources_folder() / "help" / "failures.md").read_text("utf-8")
NAMED: Final = tuple(re.findall(r"^- `(tests/[\w/]+\.py)::(\w+)`$", PAGE, re.MULTILINE))


@cache
def defined_in(path: str) -> frozenset[str]:
    """Names of the tests that a module defines."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in tree.body if isinstance(node, functions))


@pytest.mark.parametrize(("path", "name"), NAMED, ids=[name for _, name in NAMED])
def test_a_named_test_exists(path: str, name: str) -> None:
    assert name in defined_in(path)


def test_each_of_the_ten_stories_has_its_tests() -> None:
    stories = PAGE.split("\n## ")[1:]
    assert [story.partition(".")[0] for story in stories] == [str(n) for n in range(1, 11)]
    assert all(story.count("\n- `tests/") >= 3 for story in stories)


def test_nothing_that_looks_like_a_test_is_missed() -> None:
    assert PAGE.count("`tests/") == len(NAMED)
