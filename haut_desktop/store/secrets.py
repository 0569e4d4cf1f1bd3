"""Where an account of this computer keeps its one secret: the system's keyring, or nowhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol

import keyring
import keyring.errors
from keyring.backend import KeyringBackend

from haut_desktop.domain.errors import (
    KeyringAbsentError,
    KeyringDeniedError,
    KeyringError,
    KeyringLockedError,
    KeyringUninitialisedError,
)

SERVICE: Final = "Haut Desktop"
LONGEST_SECRET: Final = 1280
"""Characters; Windows' credential store takes 2,560 bytes of UTF-16."""
_KEEPS_NOTHING_SAFE: Final = ("keyrings.alt.", "keyring.backends.null", "keyring.backends.fail")


class Secrets(Protocol):
    """Keeps named secrets of the computer account; each call may raise a KeyringError."""

    def get(self, name: str) -> str | None:
        """Give a secret, or None."""
        ...

    def set(self, name: str, value: str) -> None:
        """Keep a secret of at most ``LONGEST_SECRET`` characters."""
        ...

    def delete(self, name: str) -> None:
        """Forget a secret; an unknown one is no error."""
        ...


class KeyringSecrets:
    """The system's keyring; blocking, and it may ask the user: call it in a thread."""

    def __init__(self, choose: Callable[[], KeyringBackend] = keyring.get_keyring) -> None:
        self._choose = choose

    def get(self, name: str) -> str | None:
        """Give a secret, or None."""
        with _situations():
            return self._backend().get_password(SERVICE, name)

    def set(self, name: str, value: str) -> None:
        """Keep a secret and make sure that it is really kept."""
        if len(value) > LONGEST_SECRET:
            raise ValueError(f"a secret has at most {LONGEST_SECRET} characters")
        with _situations():
            backend = self._backend()
            backend.set_password(SERVICE, name, value)
            if backend.get_password(SERVICE, name) != value:
                raise KeyringDeniedError("The keyring did not keep what it was given.")

    def delete(self, name: str) -> None:
        """Forget a secret."""
        with _situations():
            backend = self._backend()
            if backend.get_password(SERVICE, name) is not None:
                backend.delete_password(SERVICE, name)

    def _backend(self) -> KeyringBackend:
        backend = self._choose()
        # A plain file, or nothing at all, is no keyring: there is no plain-text fall-back.
        if _keeps_nothing_safe(type(backend)):
            raise KeyringAbsentError
        return backend


def backend_name() -> str:
    """Name the keyring that this account would use; empty when there is none that is safe."""
    backend = type(keyring.get_keyring())
    return "" if _keeps_nothing_safe(backend) else f"{backend.__module__}.{backend.__name__}"


def _keeps_nothing_safe(backend: type[KeyringBackend]) -> bool:
    return backend.__module__.startswith(_KEEPS_NOTHING_SAFE)


class MemorySecrets:
    """Secrets that end with the program: practice on a computer without a keyring."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        """Give a secret, or None."""
        return self._kept.get(name)

    def set(self, name: str, value: str) -> None:
        """Keep a secret while the program runs."""
        self._kept[name] = value

    def delete(self, name: str) -> None:
        """Forget a secret."""
        self._kept.pop(name, None)


@contextmanager
def _situations() -> Iterator[None]:
    """Tell a keyring's situations apart: absent, locked, without a keyring in it, denied."""
    try:
        yield
    except KeyringError:
        raise
    except keyring.errors.NoKeyringError as error:
        raise KeyringAbsentError from error
    except keyring.errors.KeyringLocked as error:
        raise KeyringLockedError from error
    except keyring.errors.InitError as error:
        raise KeyringUninitialisedError from error
    except keyring.errors.KeyringError as error:
        raise KeyringDeniedError from error
    except Exception as error:
        raise KeyringError(
            f"The keyring answered with {type(error).__name__}. Restart the computer account's "
            "session, or open the station with the recovery key."
        ) from error
