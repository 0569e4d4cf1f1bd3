"""The practice platform as a child of the program: started, awaited, ended with it."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ENDING_S: Final = 10.0


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
    def start(cls, data: Path, *options: str) -> "PracticeProcess":
        """Start it on ``data`` and wait for its ready line; blocks, so call it in a thread.

        Raises RuntimeError with its last words when it does not become ready.
        """
        data.mkdir(parents=True, exist_ok=True)
        process = subprocess.Popen(
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
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise RuntimeError(f"the practice platform ended with {process.wait()}")
        return cls(process, json.loads(line))

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


def _program() -> list[str]:
    if getattr(sys, "frozen", False):
        return [sys.executable]
    return [sys.executable, "-m", "haut_desktop"]
