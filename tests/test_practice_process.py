"""The practice platform as a child: one that never becomes ready holds nobody up."""

import sys
from pathlib import Path

import pytest

from haut_desktop import practice_process
from haut_desktop.practice_process import PracticeProcess, PracticeStartError


@pytest.mark.parametrize(
    "code", ["input()", "raise SystemExit(3)", "print('no JSON')", "print('{}')"]
)
def test_a_platform_that_does_not_become_ready_is_ended(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(practice_process, "_program", lambda: [sys.executable, "-c", code])
    with pytest.raises(PracticeStartError):
        PracticeProcess.start(tmp_path, ready_s=0.5)
