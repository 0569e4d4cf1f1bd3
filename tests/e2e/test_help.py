"""The help knows every key of the window and every word in which the outbox tells a state."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractButton, QWidget
from pytestqt.qtbot import QtBot

from haut_desktop.domain.delivery import ImageState
from haut_desktop.domain.errors import HautError, ServerError
from haut_desktop.domain.words import state_words
from haut_desktop.settings import resources_folder
from haut_desktop.store.secrets import MemorySecrets
from haut_desktop.viewmodels import outbox_ages, outbox_late, outbox_words, recheck_words
from haut_desktop.widgets.rail import Place
from tests.e2e.stations import open_workplace
from tests.e2e.windows import open_shell

_HELP: Final = (resources_folder() / "help" / "help.md").read_text("utf-8")
_CODE: Final = re.compile(r"`([^`]+)`")
_TEXT: Final = QKeySequence.SequenceFormat.PortableText
_ANYTHING: Final = "\0"
"""Stands in a pattern for what the program fills in: a number, a time, a reason."""


# ---- keys ------------------------------------------------------------------------------------


async def test_every_key_of_the_window_is_in_the_help(qtbot: QtBot, tmp_path: Path) -> None:
    async with open_workplace(tmp_path / "station", MemorySecrets()) as station:
        shell = await open_shell(station)
        for place in Place:
            shell.window.go(place)
        used = dict(_keys(shell.window))
        shell.close()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert len(used) > 20
    assert {key: wearer for key, wearer in used.items() if key not in _told_keys()} == {}


def _keys(window: QWidget) -> Iterator[tuple[str, str]]:
    """Every key that works somewhere in the window, and what it is for."""
    for button in window.findChildren(QAbstractButton):
        if button.shortcut() != QKeySequence.mnemonic(button.text()):
            yield _portable(button.shortcut()), button.accessibleName()
    for action in window.findChildren(QAction):
        yield from ((_portable(key), action.text()) for key in action.shortcuts())
    for shortcut in window.findChildren(QShortcut):
        yield from (
            (key, type(shortcut.parent()).__name__) for key in map(_portable, shortcut.keys())
        )


def _portable(key: QKeySequence) -> str:
    return key.toString(_TEXT)


def _told_keys() -> set[str]:
    """Keys of the help's table; ``a … b`` stands for the digits from one to the other."""
    table = _HELP.split("\n## Keys\n")[1].split("\n## ")[0]
    told: set[str] = set()
    for line in table.splitlines():
        cell = line.split("|")[1] if line.startswith("|") else ""
        keys = [_portable(QKeySequence(key)) for key in _CODE.findall(cell)]
        told.update(keys)
        if "…" in cell:
            first, last = keys
            told.update(f"{first[:-1]}{n}" for n in range(int(first[-1]), int(last[-1]) + 1))
    return told


# ---- words -----------------------------------------------------------------------------------


def _templates(module: ModuleType) -> Iterator[str]:
    """Every text that a module makes a phrase of, with a mark where it fills something in."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Phrase" and node.args:
            yield from _texts(node.args[0])
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "text":
            yield from _texts(node.value)


def _texts(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(str(p.value) if isinstance(p, ast.Constant) else _ANYTHING for p in parts)
        case ast.IfExp(body=one, orelse=other):
            yield from _texts(one)
            yield from _texts(other)


_STATES: Final = sorted(
    {
        *_templates(outbox_words),
        *_templates(outbox_ages),
        *_templates(recheck_words),
        *(text.replace("{age}", _ANYTHING) for text in outbox_late._PHRASES.values()),
        *(
            state_words(state, is_proven=is_proven, is_taken_back=is_taken_back)
            for state in ImageState
            for is_proven in (False, True)
            for is_taken_back in (False, True)
        ),
    }
)


def _kinds(base: type[HautError]) -> list[type[HautError]]:
    """The program's kinds of trouble from ``base`` on that have words of their own."""
    below = [base, *(kind for direct in base.__subclasses__() for kind in _kinds(direct))]
    own = {
        kind
        for kind in below
        if "default_title" in vars(kind) and kind.__module__.startswith("haut_desktop.")
    }
    return sorted(own, key=lambda kind: kind.__name__)


def _told_words() -> list[str]:
    """First cells of the help's tables of states."""
    table = _HELP.split("\n## What the outbox says\n")[1].split("\n## ")[0]
    return [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("|")]


def test_no_word_of_the_outbox_is_explained_twice() -> None:
    told = [words for words in _told_words() if words != "words" and words.strip("- ")]
    assert len(told) > 30
    assert sorted(told) == sorted(set(told))


def test_states_are_found_in_the_source() -> None:
    assert {"Arrived", "Waiting for its turn", f"Held: {_ANYTHING}"} <= set(_STATES)
    assert len(_STATES) > 30


@pytest.mark.parametrize("state", _STATES)
def test_every_word_of_the_outbox_is_in_the_help(state: str) -> None:
    pattern = re.compile(re.escape(state).replace(_ANYTHING, ".+"))
    assert any(pattern.fullmatch(told) for told in _told_words())


@pytest.mark.parametrize("kind", _kinds(ServerError), ids=lambda kind: kind.__name__)
def test_every_trouble_that_a_row_waits_for_is_in_the_help(kind: type[HautError]) -> None:
    assert kind.default_title in _told_words()
