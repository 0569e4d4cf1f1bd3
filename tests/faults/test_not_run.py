"""A part of the fault suite that could not run is never taken for one that was proven."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import dev
from tests.faults.not_run import EXIT_CODE, LIST_VARIABLE
from tests.faults.power_loss import __main__ as power_loss

_TESTS = """
import pytest

@pytest.mark.skipif(True, reason="this and that is not installed")
def test_that_needs_something() -> None: ...

def test_that_needs_nothing() -> None:
    {body}
"""


@pytest.fixture
def reasons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which the fault suite looks for reasons."""
    path = tmp_path / "reasons"
    monkeypatch.setenv(LIST_VARIABLE, str(path))
    return path


def test_the_command_knows_the_code_and_the_file_of_the_parts() -> None:
    assert (dev.NOT_RUN, dev.NOT_RUN_LIST) == (EXIT_CODE, LIST_VARIABLE)


def test_power_loss_that_cannot_be_recorded_is_not_run(
    reasons: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(power_loss, "why_not", lambda: "strace is not installed")
    monkeypatch.setattr(sys, "argv", ["power_loss"])
    assert power_loss.main() == EXIT_CODE
    assert reasons.read_text("utf-8") == "strace is not installed\n"
    assert "NOT RUN, because strace is not installed" in capfd.readouterr().out


@pytest.mark.parametrize(("body", "code"), [("pass", EXIT_CODE), ("assert False", 1)])
def test_skipped_tests_are_named_and_hide_no_failure(
    reasons: Path, tmp_path: Path, body: str, code: int
) -> None:
    path = tmp_path / "test_something.py"
    path.write_text(_TESTS.format(body=body), "utf-8")
    plugins = ["-p", "no:cacheprovider", "-p", "tests.faults.conftest"]
    command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, *plugins, str(path)]
    root = Path(__file__).parents[2]
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=root, env=alone, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout
    assert reasons.read_text("utf-8") == "this and that is not installed (tests: 1)\n"
