"""The frozen program, where one was built: its size, and its start beside the start from source."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from haut_desktop.settings import FOLDER_VARIABLE
from tests.benchmarks.start import ROOT, prepare
from tests.benchmarks.table import Report, Row, median

FOLDER: Final = ROOT / ".out" / "dist" / "haut-desktop"
ENVIRONMENT: Final = ROOT / ".venv-build"
_PAINTED: Final = "sign-in window painted"
"""What the program's own log says when the window can be seen."""
_LOOK_AGAIN_S: Final = 0.002
_LONGEST_S: Final = 60.0


def measure_frozen(runs: int) -> Report:
    """Compare with the libraries it is made from, and with the same program from source."""
    program = FOLDER / ("haut-desktop.exe" if sys.platform == "win32" else "haut-desktop")
    if not program.is_file():
        return Report((), ("frozen program: not built here (python3 packaging/dev.py build)",))
    frozen, source = [str(program)], [sys.executable, "-m", "haut_desktop"]
    with tempfile.TemporaryDirectory(prefix="haut-bench-") as folder:
        surroundings = prepare(Path(folder))
        for command in (frozen, source):
            _start(command, surroundings)
        pairs = [(_start(frozen, surroundings), _start(source, surroundings)) for _ in range(runs)]
    frozen_s, source_s = (median(values) for values in zip(*pairs, strict=True))
    start = Row("frozen start to sign-in window", frozen_s, "the same from source", source_s)
    libraries = next((ENVIRONMENT / "lib").glob("python*/site-packages"), None)
    if libraries is None:
        return Report((start,))
    size = Row(
        "size of the frozen program", _mib(FOLDER), "the libraries installed", _mib(libraries), None
    )
    return Report((Row(size.what, size.ours, size.against, size.other, unit="MiB"), start))


def _mib(folder: Path) -> float:
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files) / 2**20


def _start(command: Sequence[str], surroundings: Mapping[str, str]) -> float:
    """Seconds until the log says that the window is painted; then the program is ended."""
    log = Path(surroundings[FOLDER_VARIABLE]) / "logs" / "haut-desktop.log"
    log.unlink(missing_ok=True)
    began = time.monotonic()
    process = subprocess.Popen(
        command, env=surroundings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        return _until_painted(process, log) - began
    finally:
        process.kill()
        process.wait()


def _until_painted(process: subprocess.Popen[bytes], log: Path) -> float:
    end = time.monotonic() + _LONGEST_S
    while time.monotonic() < end and process.poll() is None:
        if log.is_file() and _PAINTED in log.read_text("utf-8"):
            return time.monotonic()
        _nap(process)
    raise AssertionError(f"no window came; the program ended with {process.poll()}")


def _nap(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_LOOK_AGAIN_S)
    except subprocess.TimeoutExpired:
        return
