"""The practice platform as a child of the program: started, awaited, ended with it."""

import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from haut_desktop.domain.errors import StationError

ENDING_S: Final = 10.0
READY_S: Final = 60.0
"""A slow computer that scans every file of a new program needs a good part of this."""


class PracticeStartError(StationError):
    """The practice platform did not become ready."""

    default_title = "Practice can't start"
    default_message = (
        "The practice platform did not answer on this computer. Restart the program; if it stays "
        "so, send the support bundle to your study's support. Your study's work is not affected."
    )


@dataclass(frozen=True, slots=True)
class PracticeAccount:
    """An account of the practice platform, offered to pick."""

    username: str
    password: str
    role: str
    mfa: bool

    def __repr__(self) -> str:
        return f"PracticeAccount(role={self.role!r})"


class PracticeProcess:
    """A running practice platform on this computer; it ends at the latest when we do."""

    def __init__(self, process: "subprocess.Popen[str]", ready: dict[str, Any]) -> None:
        self._process = process
        self.url = str(ready["url"])
        self.accounts = tuple(
            PracticeAccount(a["username"], a["password"], a["role"], bool(a["mfa"]))
            for a in ready["accounts"]
        )

    @classmethod
    def start(cls, data: Path, *options: str, ready_s: float = READY_S) -> "PracticeProcess":
        """Start it on ``data`` and wait for its ready line; blocks, so call it in a thread.

        Raises PracticeStartError when it is not ready after ``ready_s``.
        """
        try:
            data.mkdir(parents=True, exist_ok=True)
            process = _launch(data, options)
        except OSError as error:
            raise PracticeStartError from error
        watchdog = threading.Timer(ready_s, process.kill)
        watchdog.start()
        try:
            return cls(process, json.loads(process.stdout.readline() if process.stdout else ""))
        except (ValueError, LookupError, TypeError) as error:
            process.kill()
            process.communicate()
            raise PracticeStartError from error
        finally:
            watchdog.cancel()

    def stop(self) -> None:
        """End it and wait; blocks for a moment."""
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(ENDING_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()


def _launch(data: Path, options: tuple[str, ...]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [
            *_program(),
            "practice-platform",
            "--port",
            "0",
            "--data",
            str(data),
            "--exit-with-parent",
            *options,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _program() -> list[str]:
    if getattr(sys, "frozen", False):
        return [sys.executable]
    return [sys.executable, "-m", "haut_desktop"]
