"""Start other programs in the project's folder, and say what happens; plain standard library."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The project's folder."""


def run(command: list[str], extra: dict[str, str] | None = None, folder: Path = ROOT) -> int:
    """Run a command to its end with the caller's input and output; its exit code."""
    environment = {**os.environ, "PYTHONUTF8": "1", **(extra or {})}
    try:
        return subprocess.run(command, cwd=folder, env=environment, check=False).returncode
    except KeyboardInterrupt:
        return 130


def check(command: list[str]) -> None:
    """Run a command and end everything when it fails."""
    if code := run(command):
        sys.exit(f"Failed with exit code {code}: {' '.join(command)}")


def say(text: str) -> None:
    """Print one line of our own, in order with what the commands print."""
    print(f"[dev] {text}", flush=True)
