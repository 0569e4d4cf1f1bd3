"""One command for a developer's day: run, tour, test, bench, faults, build, lock; standard library.

Every command first makes its environment from the locked, hashed requirements; when nothing has
changed since the last time, that costs one comparison of a stamp.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from processes import ROOT, check, run, say
from system_packages import (
    DISPLAY_LIBRARIES,
    QT_LIBRARIES,
    TEST_PROGRAMS,
    WAYLAND_LIBRARIES,
    has_display,
    install_command,
    missing_programs,
    offer_packages,
    require_libraries,
)

OUTPUT = ROOT / ".out"
"""Everything that a command leaves behind: the tour's pictures, the frozen program."""

ALL_CORES = ["-n", "auto", "--dist", "worksteal"]
"""Runs the tests on every core; whoever names a few tests wants them in one process."""

LOCKS = {"requirements": [], "requirements-dev": ["dev"], "requirements-build": ["build"]}
"""Lock file in packaging/ → the project's extras that it contains."""

OFFSCREEN = {"QT_QPA_PLATFORM": "offscreen"}
"""No window may need a display."""

FAULT_SUITE = {
    "model": ["tests.faults.model"],
    "power-loss": ["tests.faults.power_loss"],
    "kill": ["tests.faults.kill"],
    "matrix": ["tests.faults.matrix"],
    "night": ["tests.faults.night"],
    "tests": ["pytest", "tests/faults", "tests/e2e"],
}
"""The parts of the fault suite, each with the module that runs the whole of it."""

NOT_RUN = 3
"""How a part ends, and the whole of it, when something could not run here and nothing failed."""

NOT_RUN_LIST = "HAUT_NOT_RUN"
"""Tells a part in which file to write why it was not run, or not all of it: a reason on a line."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment that is made from one lock file, and made again when that changes."""

    folder: Path
    lock: Path
    holds_project: bool

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.tool("python")

    def tool(self, name: str) -> Path:
        """Path of a program that the environment brings."""
        scripts, suffix = ("Scripts", ".exe") if os.name == "nt" else ("bin", "")
        return self.folder / scripts / (name + suffix)

    def ensure(self) -> None:
        """Make or renew the environment unless its stamp says that nothing has changed."""
        stamp = self.folder / "haut-desktop.stamp"
        wanted = self._fingerprint()
        if stamp.is_file() and stamp.read_text("utf-8") == wanted and self.python.exists():
            return
        stamp.unlink(missing_ok=True)
        if not self.python.exists() or self._version() != platform.python_version():
            say(f"making {self.folder.name}")
            self._create()
        say(f"installing {self.lock.name}")
        pip = [str(self.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        check([*pip, "--require-hashes", "-r", str(self.lock)])
        if self.holds_project:
            check([*pip, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)])
        stamp.write_text(wanted, "utf-8")

    def _create(self) -> None:
        made = run([sys.executable, "-m", "venv", "--clear", str(self.folder)])
        if made:
            hint = install_command(["python3-venv"]) if sys.platform == "linux" else "reinstall it"
            sys.exit(f"This Python cannot make virtual environments. To mend that: {hint}")

    def _version(self) -> str:
        """Version of the Python that the environment was made with; empty when it does not say."""
        settings = self.folder / "pyvenv.cfg"
        lines = settings.read_text("utf-8").splitlines() if settings.is_file() else []
        pairs = dict(line.split(" = ", 1) for line in lines if " = " in line)
        return pairs.get("version", "")

    def _fingerprint(self) -> str:
        digest = hashlib.sha256(f"{sys.version}{sys.executable}".encode())
        for path in (self.lock, ROOT / "pyproject.toml"):
            digest.update(path.read_bytes())
        return digest.hexdigest()


DEVELOPMENT = Environment(ROOT / ".venv", ROOT / "packaging" / "requirements-dev.txt", True)
BUILD = Environment(ROOT / ".venv-build", ROOT / "packaging" / "requirements-build.txt", False)


# --------------------------------------------------------------------------------------- commands


def command_run(extra: list[str]) -> int:
    """Open the program on the practice platform; without a display, do the tour."""
    if not has_display():
        say(
            "There is no display here, so the tour runs instead, without a window: a minute or two."
        )
        return command_tour(extra)
    require_libraries({**QT_LIBRARIES, **DISPLAY_LIBRARIES})
    DEVELOPMENT.ensure()
    return run([str(DEVELOPMENT.python), "-m", "haut_desktop", "--practice", *extra])


def command_tour(extra: list[str]) -> int:
    """Do the main job without hands and leave pictures and tour.json in a folder."""
    require_libraries(QT_LIBRARIES)
    DEVELOPMENT.ensure()
    folder = OUTPUT / "tour"
    where = [] if any(word.split("=")[0] == "--out" for word in extra) else ["--out", str(folder)]
    command = [str(DEVELOPMENT.python), "-m", "haut_desktop", "tour", *where, *extra]
    code = run(command, {"QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen")})
    if where:
        say(f"tour {'ended well' if code == 0 else 'FAILED'}: {folder / 'tour.json'}")
    return code


def command_test(extra: list[str]) -> int:
    """Check format, lint and types, then run every test; extra words go to pytest."""
    require_libraries(QT_LIBRARIES)
    offer_packages(
        missing_programs(TEST_PROGRAMS),
        "Without them the tests of keyring, recovery, power loss and display are skipped.",
    )
    DEVELOPMENT.ensure()
    ruff, python = str(DEVELOPMENT.tool("ruff")), str(DEVELOPMENT.python)
    steps = {
        "format": [ruff, "format", "--check", "."],
        "lint": [ruff, "check", "."],
        "types": [python, "-m", "mypy"],
    }
    failed = [name for name, command in steps.items() if not passes(name, command)]
    if failed:
        say(f"FAILED before the tests: {', '.join(failed)}")
    # tests/conftest.py says it again above pytest's last line, where it is still seen.
    code = run(
        [python, "-m", "pytest", *(extra or ALL_CORES)],
        {**OFFSCREEN, "HAUT_FAILED_CHECKS": ", ".join(failed)},
    )
    return code or int(bool(failed))


def command_bench(extra: list[str]) -> int:
    """Run the benchmarks and print one table."""
    require_libraries(QT_LIBRARIES)
    DEVELOPMENT.ensure()
    return run([str(DEVELOPMENT.python), "-m", "tests.benchmarks", *extra])


def command_faults(extra: list[str]) -> int:
    """Run the whole fault suite, or only the parts that are named, and say how each ended.

    Ends with 1 when something failed, and with 3 when nothing failed and something was not run.
    """
    if unknown := set(extra) - set(FAULT_SUITE):
        sys.exit(f"No such part: {', '.join(sorted(unknown))}. There are {', '.join(FAULT_SUITE)}.")
    require_libraries(QT_LIBRARIES)
    DEVELOPMENT.ensure()
    offer_packages(missing_programs(TEST_PROGRAMS), "Without them parts of it are not run.")
    chosen = [name for name in FAULT_SUITE if not extra or name in extra]
    failed, not_run = [], []
    for name in chosen:
        code, reasons = run_part(name)
        not_run += [f"{name}, because {reason}" for reason in reasons]
        if code not in (0, NOT_RUN):
            failed.append(name)
    for words in not_run:
        say(f"NOT RUN: {words}")
    if failed:
        say(f"FAILED: {', '.join(failed)}")
    elif not not_run:
        say(f"{len(chosen)} parts of the fault suite: ok")
    return 1 if failed else NOT_RUN if not_run else 0


def run_part(name: str) -> tuple[int, list[str]]:
    """Run a part of the fault suite; how it ended, and why something of it was not run."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "reasons"
        command = [str(DEVELOPMENT.python), "-m", *FAULT_SUITE[name]]
        code = run(command, {**OFFSCREEN, NOT_RUN_LIST: str(path)})
        reasons = path.read_text("utf-8").splitlines() if path.is_file() else []
    if code in (0, NOT_RUN):
        # pytest that breaks inside ends with 3 as well; then it names no reason
        code = NOT_RUN if reasons else int(code == NOT_RUN)
    words = {0: "ok", NOT_RUN: "NOT RUN, or not all of it,"}.get(code, "FAILED")
    say(f"{name}: {words} in {time.monotonic() - began:.1f} s")
    return code, reasons


def command_build(extra: list[str]) -> int:
    """Freeze the program into one folder, run its self-test, print its size and start time."""
    # Qt's plug-ins for a display take the system's libraries with them into the folder.
    require_libraries({**QT_LIBRARIES, **DISPLAY_LIBRARIES, **WAYLAND_LIBRARIES})
    BUILD.ensure()
    folders = ["--distpath", str(OUTPUT / "dist"), "--workpath", str(OUTPUT / "build")]
    spec = str(ROOT / "packaging" / "haut_desktop.spec")
    freeze = [str(BUILD.python), "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
    check([*freeze, *folders, *extra, spec])
    folder = OUTPUT / "dist" / "haut-desktop"
    return check_frozen(folder)


def check_frozen(folder: Path) -> int:
    """Start the frozen program twice on itself: the second time is what a user waits for."""
    name = "haut-desktop-console.exe" if os.name == "nt" else "haut-desktop"
    # Nothing of the developer's environment may help the frozen program to find its parts.
    clean = {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": "", "VIRTUAL_ENV": ""}
    times = []
    with tempfile.TemporaryDirectory() as elsewhere:
        for _ in range(2):
            began = time.monotonic()
            code = run([str(folder / name), "--self-test"], clean, Path(elsewhere))
            times.append(time.monotonic() - began)
            if code:
                say(f"self-test FAILED ({code})")
                return code
    size = sum(path.stat().st_size for path in folder.rglob("*") if not path.is_symlink())
    say(f"{folder}: {size / 2**20:.0f} MiB")
    say(f"self-test {times[0]:.1f} s at the first start, {times[1]:.1f} s at the second")
    return 0


def command_lock(extra: list[str]) -> int:
    """Write the locks anew; `--upgrade` takes the newest versions that fit."""
    with tempfile.TemporaryDirectory() as scratch:
        uv = Environment(Path(scratch), ROOT, False)
        check([sys.executable, "-m", "venv", scratch])
        check([str(uv.python), "-m", "pip", "install", "--quiet", "uv"])
        for name, extras in LOCKS.items():
            lock_one(str(uv.tool("uv")), f"packaging/{name}.txt", extras, extra)
    return 0


def lock_one(uv: str, lock: str, extras: list[str], options: list[str]) -> None:
    """Resolve for every platform and Python that the project supports, and pin by hash."""
    command = [uv, "pip", "compile", "--no-config", "--quiet", "--universal", "--generate-hashes"]
    command += ["--python-version", "3.11", "--no-header", "--no-annotate"]
    # The lock says what, never from where: each computer has its own package index.
    command += ["--no-emit-index-url", "--no-emit-find-links"]
    for extra in extras:
        command += ["--extra", extra, "--constraint", "packaging/requirements.txt"]
    check([*command, *options, "pyproject.toml", "--output-file", lock])
    path = ROOT / lock
    header = "# Made by `python3 packaging/dev.py lock`.\n"
    path.write_text(header + path.read_text("utf-8"), "utf-8", newline="\n")


# -------------------------------------------------------------------------------------- processes


def passes(name: str, command: list[str], extra: dict[str, str] | None = None) -> bool:
    """Run one check and say how it went."""
    began = time.monotonic()
    code = run(command, extra)
    say(f"{name}: {'ok' if code == 0 else 'FAILED'} in {time.monotonic() - began:.1f} s")
    return code == 0


BEHIND = {
    "run": ["-m", "haut_desktop"],
    "tour": ["-m", "haut_desktop", "tour"],
    "bench": ["-m", "tests.benchmarks"],
}
"""The programs that say themselves which words may follow their command."""

FURTHER = {
    "test": "Words that follow go to pytest: a file, `-k WORD`, `-x`.",
    "build": "Words that follow go to PyInstaller.",
    "faults": f"Words that follow name the parts to run: {', '.join(FAULT_SUITE)}.",
    "lock": "Words that follow go to `uv pip compile`: `--upgrade`.",
}
"""What may follow the other commands."""

HELP_WORDS = frozenset({"-h", "--help"})

COMMANDS = {
    "run": command_run,
    "tour": command_tour,
    "test": command_test,
    "bench": command_bench,
    "build": command_build,
    "faults": command_faults,
    "lock": command_lock,
}


def main(arguments: list[str]) -> int:
    """Do one command; what follows its name goes to the program behind it."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is started by whatever python3 is
        sys.exit(f"Python 3.11 or newer is needed; this is {platform.python_version()}.")
    parser = argparse.ArgumentParser(prog="dev.py", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, function in COMMANDS.items():
        commands.add_parser(name, help=function.__doc__, add_help=False)
    chosen, extra = parser.parse_known_args(arguments[:1])[0], arguments[1:]
    if HELP_WORDS.intersection(extra):
        return explain(chosen.command)
    return COMMANDS[chosen.command](extra)


def explain(name: str) -> int:
    """Say what a command does and takes, and do nothing; its program adds its own words."""
    sys.stdout.write(f"usage: dev.py {name} ...\n\n{COMMANDS[name].__doc__}\n")
    if name in FURTHER:
        sys.stdout.write(f"{FURTHER[name]}\n")
    elif DEVELOPMENT.python.exists():
        sys.stdout.write("Words that follow go to the program behind it:\n\n")
        sys.stdout.flush()
        return run([str(DEVELOPMENT.python), *BEHIND[name], "--help"], OFFSCREEN)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
