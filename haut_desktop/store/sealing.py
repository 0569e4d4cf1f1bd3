"""Sealing with age: whoever has the public key can seal, only the identity opens.

Whole bytes at a time: ``pyrage.encrypt`` releases the interpreter's lock, 30 MiB take 70 ms.
"""

from collections.abc import Iterable
from typing import Final

import msgspec
import pyrage  # type: ignore[import-untyped] # ships no types

NONSENSE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading a note may raise that is none: anybody can seal one who has the public key."""


class SealBrokenError(Exception):
    """Sealed bytes that do not open with this identity, or are damaged."""


def new_identity() -> str:
    """Make an identity, the secret half: ``AGE-SECRET-KEY-1…``."""
    return str(pyrage.x25519.Identity.generate())


def recipient_of(identity: str) -> str:
    """Give an identity's public half: ``age1…``; raises ValueError for what is no identity."""
    try:
        return str(pyrage.x25519.Identity.from_str(identity.strip()).to_public())
    except pyrage.IdentityError as error:
        raise ValueError("not an age identity") from error


def seal(data: bytes, recipients: Iterable[str]) -> bytes:
    """Seal for every recipient; raises ValueError for one that is no age recipient."""
    try:
        keys = [pyrage.x25519.Recipient.from_str(text.strip()) for text in recipients]
    except pyrage.RecipientError as error:
        raise ValueError("not an age recipient") from error
    sealed: bytes = pyrage.encrypt(data, keys)
    return sealed


def unseal(sealed: bytes, identity: str) -> bytes:
    """Open with one identity; raises SealBrokenError."""
    try:
        data: bytes = pyrage.decrypt(sealed, [pyrage.x25519.Identity.from_str(identity.strip())])
    except (pyrage.DecryptError, pyrage.IdentityError) as error:
        raise SealBrokenError from error
    return data


def seal_with_passphrase(data: bytes, passphrase: str) -> bytes:
    """Seal so that the passphrase alone opens it; takes seconds on purpose (scrypt)."""
    sealed: bytes = pyrage.passphrase.encrypt(data, passphrase)
    return sealed


def unseal_with_passphrase(sealed: bytes, passphrase: str) -> bytes:
    """Open with the passphrase; raises SealBrokenError; takes seconds on purpose."""
    try:
        data: bytes = pyrage.passphrase.decrypt(sealed, passphrase)
    except pyrage.DecryptError as error:
        raise SealBrokenError from error
    return data
