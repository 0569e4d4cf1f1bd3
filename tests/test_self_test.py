"""The self-test: green on a whole program, red and in words when a part is missing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from haut_desktop import self_test
from haut_desktop.services import faces

_LONGEST_S = 100


def test_every_part_of_this_checkout_works_and_nothing_is_left(tmp_path: Path) -> None:
    surroundings = os.environ | {"TMPDIR": str(tmp_path), "TEMP": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "haut_desktop", "--self-test"],
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=_LONGEST_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [line.split("  ")[0] for line in lines[:-1]] == list(self_test.CHECKS)
    assert lines[-1] == "everything works"
    assert not done.stderr
    assert not list(tmp_path.iterdir())


def test_a_part_that_fails_is_named_and_the_others_are_still_checked(
    qapp: object, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken(_folder: Path) -> str:
        raise OSError("no such library")

    async def whole(_folder: Path) -> str:
        return "as ever"

    assert self_test.run_self_test({"first": broken, "second": whole}) == 1
    said = capsys.readouterr().out.splitlines()
    assert "FAILED" in said[0]
    assert "OSError: no such library" in said[0]
    assert "as ever" in said[1]
    assert said[-1] == "1 failed: first"


async def test_a_missing_cascade_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faces, "cascade_folder", lambda: tmp_path)
    with pytest.raises(self_test.CheckFailed, match="haarcascade_frontalface_alt2"):
        await self_test.check_faces(tmp_path)


async def test_missing_icons_are_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(self_test, "resources_folder", lambda: tmp_path)
    with pytest.raises(self_test.CheckFailed, match="icons, fonts, help"):
        await self_test.check_resources(tmp_path)


async def test_a_computer_without_a_keyring_is_said_so_and_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(self_test, "backend_name", lambda: "")
    assert "none" in await self_test.check_keyring(tmp_path)
