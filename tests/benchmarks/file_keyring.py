"""A keyring in a plain file, so that a benchmark's child opens the station its parent made."""

import json
import os
from pathlib import Path
from typing import Final

import keyring.backend

PLACE: Final = "HAUT_BENCHMARK_KEYRING"
"""Environment variable with the file's path."""


class FileKeyring(keyring.backend.KeyringBackend):
    """Keeps passwords in a JSON file; ``PYTHON_KEYRING_BACKEND`` chooses it."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._file = Path(os.environ[PLACE])

    def get_password(self, service: str, username: str) -> str | None:
        """Give a password."""
        return self._kept().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a password."""
        kept = self._kept() | {f"{service}/{username}": password}
        self._file.write_text(json.dumps(kept), "utf-8")

    def delete_password(self, service: str, username: str) -> None:
        """Forget a password."""
        kept = self._kept()
        kept.pop(f"{service}/{username}", None)
        self._file.write_text(json.dumps(kept), "utf-8")

    def _kept(self) -> dict[str, str]:
        if not self._file.exists():
            return {}
        kept: dict[str, str] = json.loads(self._file.read_text("utf-8"))
        return kept
