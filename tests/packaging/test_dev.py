"""The developer's command: it renews what changed, hides no failure, and names what is missing."""

import platform
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import dev
import system_packages


@dataclass
class Processes:
    """Stands in for the operating system: notes every command and answers with an exit code."""

    commands: list[list[str]] = field(default_factory=list)
    environments: list[dict[str, str]] = field(default_factory=list)
    codes: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    """What a part of the fault suite writes down before it ends."""

    def run(self, command: list[str], extra: dict[str, str] | None = None, *_: object) -> int:
        """Note the command; the first of `codes` whose word is in it answers."""
        self.commands.append(command)
        self.environments.append(extra or {})
        for words in (words for word, words in self.reasons.items() if word in command):
            Path(self.environments[-1][dev.NOT_RUN_LIST]).write_text(words, "utf-8")
        return next((code for word, code in self.codes.items() if word in command), 0)

    def check(self, command: list[str]) -> None:
        """Note the command, and end as the real one does when it fails."""
        if self.run(command):
            sys.exit("failed")


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> Processes:
    """Processes that are never started."""
    fake = Processes()
    for module in (dev, system_packages):
        monkeypatch.setattr(module, "run", fake.run)
    monkeypatch.setattr(dev, "check", fake.check)
    return fake


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, processes: Processes) -> Processes:
    """Processes of a computer where nothing is missing and the environment is there."""
    monkeypatch.setattr(dev.Environment, "ensure", lambda _: None)
    monkeypatch.setattr(dev, "require_libraries", lambda _: None)
    monkeypatch.setattr(dev, "offer_packages", lambda *_: None)
    return processes


@pytest.fixture
def environment(tmp_path: Path) -> dev.Environment:
    """An environment with a lock of its own, whose interpreter exists already."""
    lock = tmp_path / "requirements.txt"
    lock.write_text("nothing==1.0\n", "utf-8")
    environment = dev.Environment(tmp_path / "venv", lock, holds_project=True)
    environment.python.parent.mkdir(parents=True)
    environment.python.touch()
    made_with = f"version = {platform.python_version()}\n"
    (environment.folder / "pyvenv.cfg").write_text(made_with, "utf-8")
    return environment


def test_a_second_call_with_nothing_changed_starts_no_process(
    environment: dev.Environment, processes: Processes
) -> None:
    environment.ensure()
    processes.commands.clear()
    environment.ensure()
    assert processes.commands == []


def test_a_changed_lock_is_installed(environment: dev.Environment, processes: Processes) -> None:
    environment.ensure()
    processes.commands.clear()
    environment.lock.write_text("nothing==2.0\n", "utf-8")
    environment.ensure()
    assert any("--require-hashes" in command for command in processes.commands)


def test_an_environment_of_another_python_is_made_anew(
    environment: dev.Environment, processes: Processes
) -> None:
    (environment.folder / "pyvenv.cfg").write_text("version = 3.10.0\n", "utf-8")
    environment.ensure()
    assert processes.commands[0][1:4] == ["-m", "venv", "--clear"]


def test_an_install_that_failed_is_done_again(
    environment: dev.Environment, processes: Processes
) -> None:
    processes.codes["--require-hashes"] = 1
    with pytest.raises(SystemExit):
        environment.ensure()
    processes.codes.clear()
    processes.commands.clear()
    environment.ensure()
    assert any("--require-hashes" in command for command in processes.commands)


def test_run_without_a_display_does_the_tour(
    made: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev, "has_display", lambda: False)
    made.codes["tour"] = 1
    assert dev.main(["run"]) == 1
    assert made.commands[0][1:5] == ["-m", "haut_desktop", "tour", "--out"]


def test_run_with_a_display_opens_the_practice_platform(
    made: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev, "has_display", lambda: True)
    assert dev.main(["run"]) == 0
    assert made.commands[0][1:] == ["-m", "haut_desktop", "--practice"]


def test_tour_goes_to_the_folder_that_was_asked_for(made: Processes) -> None:
    dev.main(["tour", "--out", "elsewhere"])
    assert made.commands[0][3:] == ["tour", "--out", "elsewhere"]


@pytest.mark.parametrize("word", ["format", "check", "mypy", "pytest"])
def test_a_failure_of_any_step_fails_the_whole(made: Processes, word: str) -> None:
    made.codes[word] = 1
    assert dev.main(["test"]) != 0


def test_the_tests_run_last_even_when_a_check_fails(
    made: Processes, capfd: pytest.CaptureFixture[str]
) -> None:
    made.codes["format"] = 1
    dev.main(["test", "-x"])
    assert len(made.commands) == 4
    assert made.commands[-1][1:] == ["-m", "pytest", "-x"]
    assert "format" in capfd.readouterr().out
    assert made.environments[-1]["HAUT_FAILED_CHECKS"] == "format"


def test_all_tests_run_on_every_core(made: Processes) -> None:
    dev.main(["test"])
    assert made.commands[-1][1:] == ["-m", "pytest", *dev.ALL_CORES]


def test_tests_after_good_checks_have_nothing_to_repeat(made: Processes) -> None:
    assert dev.main(["test"]) == 0
    assert made.environments[-1]["HAUT_FAILED_CHECKS"] == ""


@pytest.mark.parametrize("command", list(dev.COMMANDS))
@pytest.mark.parametrize("word", ["-h", "--help"])
def test_asking_for_help_runs_nothing(
    made: Processes, capfd: pytest.CaptureFixture[str], command: str, word: str
) -> None:
    assert dev.main([command, word]) == 0
    said = capfd.readouterr().out
    assert f"usage: dev.py {command}" in said
    assert str(dev.COMMANDS[command].__doc__) in said
    assert all(words[-1] == "--help" for words in made.commands)
    assert "ended well" not in said


def test_help_for_the_fault_suite_names_its_parts(
    made: Processes, capfd: pytest.CaptureFixture[str]
) -> None:
    dev.main(["faults", "--help"])
    assert ", ".join(dev.FAULT_SUITE) in capfd.readouterr().out
    assert not made.commands


linux_only = pytest.mark.skipif(sys.platform != "linux", reason="Linux's own libraries")


@linux_only
def test_a_missing_library_is_named_with_the_command_that_installs_it(
    processes: Processes, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(SystemExit, match=r"libnowhere\.so\.1"):
        system_packages.require_libraries({"libnowhere.so.1": "libnowhere1"})
    said = capfd.readouterr().out
    assert "libnowhere.so.1" in said
    assert "libnowhere1" in said.split("To install:")[1]
    assert processes.commands == []


@linux_only
def test_a_library_that_is_there_is_not_missing() -> None:
    assert system_packages.missing_libraries({"libc.so.6": "libc6"}) == {}


def test_frozen_program_is_started_from_elsewhere_and_measured(
    processes: Processes, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "part").write_bytes(b"x" * 2**21)
    assert dev.check_frozen(tmp_path) == 0
    assert [command[1:] for command in processes.commands] == [["--self-test"], ["--self-test"]]
    assert "2 MiB" in capfd.readouterr().out


def test_a_failed_self_test_fails_the_build(processes: Processes, tmp_path: Path) -> None:
    processes.codes["--self-test"] = 3
    assert dev.check_frozen(tmp_path) == 3


def test_every_part_of_the_fault_suite_is_run_whatever_failed_before(made: Processes) -> None:
    made.codes = {"tests.faults.power_loss": 1}
    assert dev.command_faults([]) == 1
    run = [command[2] for command in made.commands]
    assert run == [words[0] for words in dev.FAULT_SUITE.values()]


def test_a_part_that_was_not_run_is_named_and_is_neither_good_nor_a_failure(
    made: Processes, capfd: pytest.CaptureFixture[str]
) -> None:
    made.codes = {"tests.faults.power_loss": dev.NOT_RUN}
    made.reasons = {"tests.faults.power_loss": "strace is not installed\n"}
    assert dev.command_faults(["power-loss", "night"]) == dev.NOT_RUN
    said = capfd.readouterr().out
    assert "NOT RUN: power-loss, because strace is not installed\n" in said
    assert "power-loss: ok" not in said
    assert "night: ok" in said
    assert "parts of the fault suite: ok" not in said


def test_tests_that_were_skipped_are_named_whatever_else_failed(
    made: Processes, capfd: pytest.CaptureFixture[str]
) -> None:
    made.codes = {"pytest": 1}
    made.reasons = {"pytest": "needs a (tests: 2)\nneeds b (tests: 1)\n"}
    assert dev.command_faults(["tests"]) == 1
    said = capfd.readouterr().out
    assert "NOT RUN: tests, because needs a (tests: 2)" in said
    assert "NOT RUN: tests, because needs b (tests: 1)" in said
    assert "FAILED: tests" in said


def test_a_part_that_ends_with_that_code_for_no_reason_has_failed(made: Processes) -> None:
    made.codes = {"pytest": dev.NOT_RUN}
    assert dev.command_faults(["tests"]) == 1


def test_a_part_that_names_a_reason_is_not_good_however_it_ended(made: Processes) -> None:
    made.reasons = {"pytest": "needs a (tests: 2)\n"}
    assert dev.command_faults(["tests"]) == dev.NOT_RUN


def test_only_the_parts_that_are_named_are_run(made: Processes) -> None:
    assert dev.command_faults(["night"]) == 0
    assert [command[2] for command in made.commands] == ["tests.faults.night"]


def test_a_part_that_is_not_there_is_refused(made: Processes) -> None:
    with pytest.raises(SystemExit, match="No such part: day"):
        dev.command_faults(["day"])
    assert not made.commands
