"""From the start of the process to a sign-in window that can be typed in, beside a bare window."""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from haut_desktop.domain.clock import system_clock
from haut_desktop.services.early_session import SignedOutNote
from haut_desktop.settings import FOLDER_VARIABLE, AppPaths
from haut_desktop.store.keys import NoRecovery
from haut_desktop.store.secrets import KeyringSecrets
from haut_desktop.store.station import create_station
from tests.benchmarks.file_keyring import PLACE, FileKeyring
from tests.benchmarks.table import Report, Row, median

ROOT: Final = Path(__file__).resolve().parents[2]
TIMES_BARE: Final = 3.0
"""The aim: so many times a bare window."""

BARE_WINDOW: Final = """
import os, time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QWidget

def end():
    print(time.monotonic(), flush=True)
    os._exit(0)

class Window(QWidget):
    def paintEvent(self, event):
        QTimer.singleShot(0, end)

application = QApplication([])
window = Window()
window.resize(880, 680)
window.show()
application.exec()
"""
"""The least that PySide6 can show, in the size of the sign-in window."""

_NO_BYTECODE: Final = "PYTHONDONTWRITEBYTECODE"
_IMPORT: Final = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")


def measure_start(runs: int) -> Report:
    """Start both in turn, ``runs`` times, and compare the medians."""
    with tempfile.TemporaryDirectory(prefix="haut-bench-") as folder:
        surroundings = prepare(Path(folder))
        bare, ours = ["-c", BARE_WINDOW], ["-m", "tests.benchmarks.sign_in_child"]
        for command in (bare, ours):
            _start(command, surroundings)  # the first start reads the disk
        pairs = [(_start(ours, surroundings), _start(bare, surroundings)) for _ in range(runs)]
        ours_s, bare_s = (median(values) for values in zip(*pairs, strict=True))
        notes = _digest(ours, surroundings, ours_s)
    row = Row("process start to sign-in window", ours_s, "bare PySide6 window", bare_s, TIMES_BARE)
    return Report((row,), notes)


def prepare(folder: Path) -> dict[str, str]:
    """Make a station where nobody is signed in; the environment of a program that opens it."""
    os.environ[PLACE] = str(folder / "keyring.json")
    asyncio.run(_make_station(AppPaths(folder)))
    return compiled_once(folder) | {
        FOLDER_VARIABLE: str(folder),
        "PYTHON_KEYRING_BACKEND": f"{FileKeyring.__module__}.{FileKeyring.__name__}",
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONPATH": str(ROOT),
    }


def compiled_once(folder: Path) -> dict[str, str]:
    """The environment of a program that is compiled at its first start, as at its users'.

    This computer may keep no bytecode, as developers' and test computers do.
    """
    kept = {name: value for name, value in os.environ.items() if name != _NO_BYTECODE}
    return kept | {"PYTHONPYCACHEPREFIX": str(folder / "bytecode")}


async def _make_station(paths: AppPaths) -> None:
    store = await create_station(
        paths.station,
        KeyringSecrets(FileKeyring),
        system_clock,
        recovery=NoRecovery("benchmark"),
        site_code="B01",
        zone="Europe/Berlin",
        station_name="Capture 1",
    )
    await store.aclose()
    SignedOutNote(paths.station).write()


def _start(command: list[str], surroundings: Mapping[str, str]) -> float:
    """Seconds until the child says that its window is painted."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, *command],
        env=surroundings,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
    )
    return float(done.stdout) - began


def _digest(command: list[str], surroundings: Mapping[str, str], ours_s: float) -> tuple[str, ...]:
    """Say what the imports cost up to the window, by package; measuring makes them dearer."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *command],
        env=surroundings,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    spent = Counter[str]()
    for microseconds, module in _IMPORT.findall(done.stderr):
        spent[_owner(module)] += int(microseconds)
    whole = sum(spent.values())
    shares = ", ".join(f"{name} {cost / whole:.0%}" for name, cost in spent.most_common(5))
    return (
        f"start: imports until the window is painted: {shares}",
        f"start: {ours_s * 1000:.0f} ms in all; what is no import builds and paints the dialog",
    )


def _owner(module: str) -> str:
    """The package that an import is counted to."""
    root = module.partition(".")[0]
    if root == "haut_desktop":
        return ".".join(module.split(".")[:2])
    if root in {"PySide6", "shiboken6", "shibokensupport"}:
        return "PySide6"
    return "standard library" if root.lstrip("_") in _STANDARD or root in _STANDARD else root


_STANDARD: Final = sys.stdlib_module_names
