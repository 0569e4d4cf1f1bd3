"""Keyrings for tests, one for each situation that a real one can be in."""

from dataclasses import dataclass, field

import keyring.errors
from keyring.backend import KeyringBackend

from haut_desktop.domain.errors import (
    KeyringAbsentError,
    KeyringDeniedError,
    KeyringError,
    KeyringLockedError,
    KeyringUninitialisedError,
)


@dataclass
class FakeSecrets:
    """Secrets in memory; with ``trouble`` every call raises it, as a real keyring would."""

    kept: dict[str, str] = field(default_factory=dict)
    trouble: type[KeyringError] | None = None

    def get(self, name: str) -> str | None:
        """Give a secret."""
        self._complain()
        return self.kept.get(name)

    def set(self, name: str, value: str) -> None:
        """Keep a secret."""
        self._complain()
        self.kept[name] = value

    def delete(self, name: str) -> None:
        """Forget a secret."""
        self._complain()
        self.kept.pop(name, None)

    def _complain(self) -> None:
        if self.trouble is not None:
            raise self.trouble


def locked() -> FakeSecrets:
    """A keyring that is locked."""
    return FakeSecrets(trouble=KeyringLockedError)


def denied() -> FakeSecrets:
    """A keyring whose question somebody answered with no."""
    return FakeSecrets(trouble=KeyringDeniedError)


def absent() -> FakeSecrets:
    """No keyring at all."""
    return FakeSecrets(trouble=KeyringAbsentError)


def uninitialised() -> FakeSecrets:
    """A keyring service without a keyring in it."""
    return FakeSecrets(trouble=KeyringUninitialisedError)


class FakeBackend(KeyringBackend):
    """A backend of the ``keyring`` library, in memory, that raises the library's own errors."""

    priority = 1

    def __init__(self, trouble: Exception | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}
        self.trouble = trouble

    def get_password(self, service: str, username: str) -> str | None:
        """Give a secret."""
        self._complain()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a secret."""
        self._complain()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        """Forget a secret."""
        self._complain()
        if self.kept.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError("not found")

    def _complain(self) -> None:
        if self.trouble is not None:
            raise self.trouble
