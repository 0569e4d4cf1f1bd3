"""The walls of the house, held by reading every module's syntax tree."""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGE: Final = "haut_desktop"

TOP_LEVEL: Final = frozenset(
    {"pyproject.toml", "README.md", PACKAGE, "resources", "tests", "packaging"}
)

LAYERS: Final = {
    "domain": frozenset[str](),
    "api": frozenset({"domain"}),
    "store": frozenset({"domain"}),
    "services": frozenset({"domain", "api", "store"}),
    "desktop": frozenset({"domain", "services"}),
    "viewmodels": frozenset({"domain", "services"}),
    "widgets": frozenset({"domain", "viewmodels"}),
    "practice": frozenset[str](),
}
"""What each layer may import besides itself, `settings` and `__version__`."""

TOP_MODULES: Final = frozenset(
    {
        *("__init__", "__main__", "app", "opening", "shell", "tour", "self_test", "workplace"),
        *("logs", "outbox_command", "outbox_troubles", "practice_process", "settings"),
        *("signing_in", "starting", "work_opening"),
    }
)
COMPOSERS: Final = frozenset(
    {
        *("__main__", "app", "opening", "outbox_command", "outbox_troubles", "shell"),
        *("practice_process", "tour", "self_test", "workplace"),
        *("signing_in", "starting", "work_opening"),
    }
)
"""Modules that know every layer."""

DOMAIN_LIBRARIES: Final = frozenset({"stdnum"})

_WINDOWS: Final = frozenset(
    {"widgets", "app", "opening", "shell", "signing_in", "tour", "self_test"}
)
_QT: Final = frozenset({"desktop", "viewmodels", *_WINDOWS})

HOMES: Final = {
    "httpx": frozenset({"api"}),
    "truststore": frozenset({"api"}),
    "sqlcipher3": frozenset({"store"}),
    "pyrage": frozenset({"store"}),
    "keyring": frozenset({"store"}),
    "qasync": frozenset({"app", "tour"}),
    "starlette": frozenset({"practice"}),
    "uvicorn": frozenset({"practice"}),
    "pyqtgraph": frozenset({"widgets"}),
    "PySide6": _QT,
    "PySide6.QtWidgets": _WINDOWS,
    "PySide6.QtNetwork": frozenset({"desktop", "app"}),
    "PySide6.QtDBus": frozenset({"desktop"}),
    "unittest.mock": frozenset[str](),
}
"""The only layers or top modules that may import each library; `PySide6` covers its QtCore too."""

VIEWMODEL_QT: Final = frozenset({"PySide6.QtCore", "PySide6.QtGui"})

_TASKS: Final = "services/tasks.py"
_LOOPS: Final = frozenset({"exec", "exec_", "processEvents"})
_BARE_TASKS: Final = frozenset({"create_task", "ensure_future"})
_QASYNC_SLOTS: Final = frozenset({"asyncSlot", "asyncClose", "asyncWrap"})
_STATIC_DIALOGS: Final = {
    "QMessageBox": frozenset({"question", "information", "warning", "critical", "about"}),
    "QFileDialog": frozenset(
        {"getOpenFileName", "getOpenFileNames", "getSaveFileName", "getExistingDirectory"}
    ),
    "QInputDialog": frozenset({"getText", "getItem", "getInt", "getDouble", "getMultiLineText"}),
}
_NATIVE_SLEEPS: Final = frozenset({"time.sleep", "qSleep"})


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file: where it stands under the root, and its tree."""

    path: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The layer's name, or for a module at the package's top its own."""
        inside = self.path.removeprefix(f"{PACKAGE}/")
        return inside.partition("/")[0].removesuffix(".py")

    @property
    def is_product(self) -> bool:
        """Whether it belongs to the program rather than to its tests or tools."""
        return self.path.startswith(f"{PACKAGE}/")


Wall = Callable[[Module], Iterator[str]]


def read(path: str, source: str) -> Module:
    """Parse one file's text."""
    return Module(path, ast.parse(source, path))


def imports(module: Module) -> Iterator[str]:
    """Every absolute dotted name that a module imports; `from a import b` gives `a` and `a.b`."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def calls(module: Module) -> Iterator[tuple[ast.Call, str]]:
    """Every call with the dotted name as written: `time.sleep`, `.exec`, `create_task`."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            yield node, _dotted(node.func)


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return ""


def _last(dotted: str) -> str:
    return dotted.rpartition(".")[2]


# ------------------------------------------------------------------------------------------ walls


def imports_run_downwards(module: Module) -> Iterator[str]:
    """Hold widgets → viewmodels → services → {api, store} → domain, and practice apart."""
    if not module.is_product or module.room in COMPOSERS:
        return
    allowed = LAYERS.get(module.room, frozenset()) | {module.room, "settings", "__version__"}
    if module.room in {"domain", "practice"}:
        allowed -= {"settings"}
    for name in imports(module):
        parts = name.split(".")
        if parts[0] == "" or name == ".":
            yield "relative import"
        if parts[0] == PACKAGE and len(parts) > 1 and parts[1] not in allowed:
            yield f"{module.room} imports {name}"


def every_room_is_on_the_plan(module: Module) -> Iterator[str]:
    """Let no module stand outside the layers and the named top modules."""
    if module.is_product and module.room not in LAYERS.keys() | TOP_MODULES:
        yield f"{module.room} is no layer of the design"


def libraries_stay_in_their_rooms(module: Module) -> Iterator[str]:
    """Keep each library behind the layer that hides it."""
    if not module.is_product:
        return
    for name in set(imports(module)):
        for library, homes in HOMES.items():
            if _is_within(name, library) and module.room not in homes:
                yield f"{library} imported in {module.room}"


def domain_needs_no_library(module: Module) -> Iterator[str]:
    """Let the domain import the standard library and stdnum only."""
    if not module.is_product or module.room != "domain":
        return
    known = sys.stdlib_module_names | DOMAIN_LIBRARIES | {PACKAGE}
    for name in imports(module):
        if name.partition(".")[0] not in known:
            yield f"domain imports {name}"


def viewmodels_draw_nothing(module: Module) -> Iterator[str]:
    """Let view models import QtCore and QtGui, no other part of Qt."""
    if not module.is_product or module.room != "viewmodels":
        return
    for name in imports(module):
        if name.startswith("PySide6.") and not any(_is_within(name, part) for part in VIEWMODEL_QT):
            yield f"viewmodels import {name}"


def no_nested_event_loops(module: Module) -> Iterator[str]:
    """Ban everything that runs a second event loop inside the first."""
    for node, name in calls(module):
        if isinstance(node.func, ast.Name | ast.Attribute) and _last(name) in _LOOPS:
            yield f"line {node.lineno}: {name}()"
        owner, _, method = name.rpartition(".")
        if method in _STATIC_DIALOGS.get(_last(owner), ()):
            yield f"line {node.lineno}: {name}()"


def tasks_start_in_scopes(module: Module) -> Iterator[str]:
    """Let only TaskScope start tasks, and nobody use qasync's decorators or QThread."""
    names = {_last(name) for name in imports(module)}
    if bad := names & (_QASYNC_SLOTS | {"QThread", "QtAsyncio"}):
        yield f"uses {', '.join(sorted(bad))}"
    for node, name in calls(module):
        last = _last(name)
        if last in _QASYNC_SLOTS | {"QThread"}:
            yield f"line {node.lineno}: {name}()"
        is_group = name.rpartition(".")[0] in {"group", "tasks"} and last == "create_task"
        if last in _BARE_TASKS and module.is_product and not _may_start(module, is_group):
            yield f"line {node.lineno}: {name}() outside TaskScope"


def _may_start(module: Module, is_group: bool) -> bool:
    return module.path.endswith(_TASKS) or is_group


def nobody_sleeps(module: Module) -> Iterator[str]:
    """Ban time.sleep in the program, and every sleep of a constant other than zero in the tests."""
    sleeps_by_name = "time.sleep" in set(imports(module))
    for node, name in calls(module):
        if name in _NATIVE_SLEEPS or (sleeps_by_name and name == "sleep"):
            yield f"line {node.lineno}: {name}()"
        elif not module.is_product and _last(name) == "sleep" and _first_constant(node):
            yield f"line {node.lineno}: sleeps a fixed time"


def _first_constant(node: ast.Call) -> object:
    first = node.args[0] if node.args else None
    return first.value if isinstance(first, ast.Constant) else None


def decoders_are_made_at_import(module: Module) -> Iterator[str]:
    """Ban ``msgspec.json.decode(type=…)`` in the store: its threads would learn a class at once."""
    if not module.path.startswith(f"{PACKAGE}/store/"):
        return
    for node, name in calls(module):
        if name == "msgspec.json.decode" and any(word.arg == "type" for word in node.keywords):
            yield f"line {node.lineno}: make the decoder when the module is imported"


def mocks_stay_in_fakes(module: Module) -> Iterator[str]:
    """Allow unittest.mock in tests/fakes only."""
    if module.is_product or module.path.startswith("tests/fakes/"):
        return
    if any(_is_within(name, "unittest.mock") for name in imports(module)):
        yield "unittest.mock outside tests/fakes"


def signals_carry_objects(module: Module) -> Iterator[str]:
    """Ban Signal(dict) and Signal(list): Qt turns them into its own maps and loses keys."""
    for node, name in calls(module):
        if _last(name) == "Signal":
            for argument in node.args:
                if isinstance(argument, ast.Name) and argument.id in {"dict", "list"}:
                    yield f"line {node.lineno}: Signal({argument.id})"


def _is_within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


WALLS: Final[tuple[Wall, ...]] = (
    imports_run_downwards,
    every_room_is_on_the_plan,
    libraries_stay_in_their_rooms,
    domain_needs_no_library,
    viewmodels_draw_nothing,
    no_nested_event_loops,
    tasks_start_in_scopes,
    nobody_sleeps,
    decoders_are_made_at_import,
    mocks_stay_in_fakes,
    signals_carry_objects,
)


# ---------------------------------------------------------------------------------- the real house


def house() -> Iterator[Module]:
    """Every Python module of the program, its tests and its tools."""
    for folder in (PACKAGE, "tests", "packaging"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield read(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))


@pytest.mark.parametrize("wall", WALLS, ids=lambda wall: wall.__name__)
def test_wall_stands(wall: Wall) -> None:
    cracks = [f"{module.path}: {crack}" for module in house() for crack in wall(module)]
    assert not cracks, "\n".join(cracks)


SAMPLES: Final = (
    (imports_run_downwards, "widgets/a.py", "from haut_desktop.services import capture"),
    (imports_run_downwards, "widgets/a.py", "import haut_desktop.store.outbox"),
    (imports_run_downwards, "viewmodels/a.py", "from haut_desktop.store.outbox import Outbox"),
    (imports_run_downwards, "services/a.py", "from haut_desktop import viewmodels"),
    (imports_run_downwards, "api/a.py", "from haut_desktop.store import keys"),
    (imports_run_downwards, "domain/a.py", "from haut_desktop.settings import Settings"),
    (imports_run_downwards, "practice/a.py", "from haut_desktop.domain.ids import SubjectId"),
    (imports_run_downwards, "services/a.py", "from haut_desktop.practice import server"),
    (imports_run_downwards, "settings.py", "from haut_desktop.services import session"),
    (imports_run_downwards, "services/a.py", "from . import session"),
    (every_room_is_on_the_plan, "lib/a.py", ""),
    (every_room_is_on_the_plan, "globals.py", ""),
    (libraries_stay_in_their_rooms, "services/a.py", "import httpx"),
    (libraries_stay_in_their_rooms, "api/a.py", "from sqlcipher3 import dbapi2"),
    (libraries_stay_in_their_rooms, "services/a.py", "import pyrage"),
    (libraries_stay_in_their_rooms, "app.py", "import keyring.errors"),
    (libraries_stay_in_their_rooms, "viewmodels/a.py", "from PySide6.QtWidgets import QLabel"),
    (libraries_stay_in_their_rooms, "services/a.py", "from PySide6.QtCore import QObject"),
    (libraries_stay_in_their_rooms, "practice/a.py", "import PySide6"),
    (libraries_stay_in_their_rooms, "widgets/a.py", "import qasync"),
    (libraries_stay_in_their_rooms, "store/a.py", "from unittest import mock"),
    (domain_needs_no_library, "domain/a.py", "import numpy"),
    (viewmodels_draw_nothing, "viewmodels/a.py", "from PySide6 import QtWidgets"),
    (viewmodels_draw_nothing, "viewmodels/a.py", "from PySide6.QtNetwork import QLocalSocket"),
    (no_nested_event_loops, "widgets/a.py", "dialog.exec()"),
    (no_nested_event_loops, "widgets/a.py", "make_dialog().exec_()"),
    (no_nested_event_loops, "app.py", "QApplication.processEvents()"),
    (no_nested_event_loops, "widgets/a.py", "QMessageBox.question(self, 'a', 'b')"),
    (no_nested_event_loops, "widgets/a.py", "QtWidgets.QFileDialog.getOpenFileNames(self)"),
    (tasks_start_in_scopes, "services/a.py", "asyncio.create_task(f())"),
    (tasks_start_in_scopes, "widgets/a.py", "loop.create_task(f())"),
    (tasks_start_in_scopes, "widgets/a.py", "ensure_future(f())"),
    (tasks_start_in_scopes, "widgets/a.py", "from qasync import asyncSlot"),
    (tasks_start_in_scopes, "widgets/a.py", "@qasync.asyncSlot()\ndef f(): ..."),
    (tasks_start_in_scopes, "widgets/a.py", "from PySide6.QtCore import QThread"),
    (nobody_sleeps, "store/a.py", "time.sleep(0)"),
    (nobody_sleeps, "store/a.py", "from time import sleep\nsleep(x)"),
    (nobody_sleeps, "../tests/a.py", "await asyncio.sleep(0.1)"),
    (nobody_sleeps, "../tests/a.py", "from asyncio import sleep\nawait sleep(1)"),
    (decoders_are_made_at_import, "store/a.py", "msgspec.json.decode(row, type=Mask)"),
    (mocks_stay_in_fakes, "../tests/a.py", "from unittest.mock import MagicMock"),
    (signals_carry_objects, "viewmodels/a.py", "changed = Signal(dict)"),
)


@pytest.mark.parametrize(("wall", "path", "source"), SAMPLES)
def test_wall_notices_a_breach(wall: Wall, path: str, source: str) -> None:
    assert list(wall(_sample(path, source)))


ALLOWED: Final = (
    ("widgets/a.py", "from haut_desktop.viewmodels.capture import CaptureViewModel"),
    ("viewmodels/a.py", "from PySide6.QtCore import QObject\nfrom PySide6 import QtGui"),
    ("services/tasks.py", "asyncio.get_running_loop().create_task(f())"),
    ("services/a.py", "scope.start(f())\nawait asyncio.sleep(delay_s)"),
    ("app.py", "import qasync\nfrom haut_desktop.store import database"),
    ("domain/a.py", "from stdnum import luhn\nimport datetime"),
    ("store/a.py", "NOTES = msgspec.json.Decoder(Note)\nNOTES.decode(row)"),
    ("store/a.py", "connection.execute('x')\nconnection.executescript('y')"),
    ("../tests/a.py", "await asyncio.sleep(0)"),
    ("../tests/fakes/a.py", "from unittest.mock import patch"),
)


@pytest.mark.parametrize(("path", "source"), ALLOWED)
def test_walls_let_good_code_through(path: str, source: str) -> None:
    module = _sample(path, source)
    assert not [crack for wall in WALLS for crack in wall(module)]


def _sample(path: str, source: str) -> Module:
    where = path.removeprefix("../") if path.startswith("../") else f"{PACKAGE}/{path}"
    return read(where, source)


# ---------------------------------------------------------------------------- files beside the code


def tracked_files() -> list[str]:
    """Every file that belongs to the project: tracked, or new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def test_top_level_holds_the_cards_entries_only() -> None:
    entries = {name.partition("/")[0] for name in tracked_files()}
    assert {entry for entry in entries if not entry.startswith(".")} <= TOP_LEVEL


def test_every_migration_has_a_test_that_names_it() -> None:
    texts = [path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    migrations = sorted((ROOT / PACKAGE / "store" / "migrations").glob("*.sql"))
    unnamed = [path.name for path in migrations if not _is_named(path, texts)]
    assert not unnamed


def _is_named(migration: Path, texts: list[str]) -> bool:
    return any(migration.stem in text for text in texts)


_HOSTS: Final = (
    "pypi" + ".org",
    "files.python" + "hosted.org",
    "--index" + "-url",
    "--find" + "-links",
)
_MACHINE_PATH: Final = re.compile(r"(?<![\w./~-])/(?:work|root|home/\w+|Users/\w+)/(?!\{)")


def leaks(text: str) -> list[str]:
    """Addresses of package registries and absolute paths of somebody's computer."""
    return [host for host in _HOSTS if host in text] + _MACHINE_PATH.findall(text)


def test_files_name_no_registry_and_no_computer() -> None:
    found = {}
    for name in tracked_files():
        content = (ROOT / name).read_bytes()
        if b"\0" not in content and (leaked := leaks(content.decode("utf-8", "replace"))):
            found[name] = leaked
    assert not found


@pytest.mark.parametrize(
    "text",
    ("--index" + "-url https://x", "https://pypi" + ".org/simple", "'/ho" + "me/someone/x'"),
)
def test_a_leaked_address_is_noticed(text: str) -> None:
    assert leaks(text)
