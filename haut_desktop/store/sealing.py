"""Sealing with age: whoever has the public key can seal, only the identity opens.

Whole bytes at a time: ``pyrage.encrypt`` releases the interpreter's lock, 30 MiB take 70 ms.
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import Final

import msgspec
import pyrage  # type: ignore[import-untyped] # ships no types

NONSENSE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading a note may raise that is none: anybody can seal one who has the public key."""


class SealBrokenError(Exception):
    """Sealed bytes that do not open with this identity, or are damaged."""


class SealTooSlowError(Exception):
    """What a passphrase seals asks for more work than this computer seems to be able to do."""


_TOO_MUCH_WORK: Final = "Excessive work parameter"
"""How rage 0.11 begins the one refusal that is about this computer; the binding has one type."""
_MEASURES: Final = 20
"""How often the computer's speed may be measured until it is fast enough.

Rage times a single round of a millisecond: one that was interrupted, on a busy computer, makes it
refuse a passphrase that this same computer sealed with.
"""


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
    """Open with the passphrase; takes seconds on purpose.

    Raises SealBrokenError, and SealTooSlowError where nobody knows whether it would open.
    """
    for _ in range(_MEASURES):
        with suppress(SealTooSlowError):
            return _open_once(sealed, passphrase)
    raise SealTooSlowError


def _open_once(sealed: bytes, passphrase: str) -> bytes:
    try:
        data: bytes = pyrage.passphrase.decrypt(sealed, passphrase)
    except pyrage.DecryptError as error:
        is_too_much = _TOO_MUCH_WORK in str(error)
        raise (SealTooSlowError if is_too_much else SealBrokenError) from error
    return data
