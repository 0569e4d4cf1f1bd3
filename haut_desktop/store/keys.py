"""The station's keys: one sealed file that every account of the station, or the recovery, opens.

``keys.age`` is an age file with one recipient per account of the computer, whose identity lies in
that account's keyring, and one for recovery. ``vault.pub`` holds the vault's public key, with which
pictures can be sealed while the keyring is locked. ``recovery.age`` is the recovery identity,
sealed with the printed passphrase. A dead station's pictures open with the ordinary tool::

    age --decrypt --identity recovery.age keys.age      asks for the passphrase, prints JSON
    age --decrypt --identity vault.txt vault/<name>.age > picture.jpg

where ``vault.txt`` holds the JSON's ``vault_identity``. With a study's own recovery key its
identity file takes the place of ``recovery.age``.
"""

import re
import secrets as randomness
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import msgspec

from haut_desktop.domain.errors import KeyringStrangerError, RecoveryKeyError, StationError
from haut_desktop.store.database import KEY_BYTES, fingerprint
from haut_desktop.store.files import write_atomically
from haut_desktop.store.sealing import (
    SealBrokenError,
    SealTooSlowError,
    new_identity,
    recipient_of,
    seal,
    seal_with_passphrase,
    unseal,
    unseal_with_passphrase,
)
from haut_desktop.store.secrets import KeyringSecrets, MemorySecrets, Secrets

__all__ = [
    "KeyChest",
    "KeyringSecrets",
    "Keys",
    "MemorySecrets",
    "NoRecovery",
    "Recovery",
    "RecoveryPassphrase",
    "RecoveryRecipient",
    "Secrets",
    "make_recovery_passphrase",
]

_VERSION: Final = 1
_TOO_SLOW: Final = (
    "This computer is too busy, or too slow, to check a recovery key at the moment: it may be the "
    "right one. Nothing was changed. Close other programs and try again."
)
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: no I, L, O and U, which are misread; five bits a character."""
_GROUPS: Final = 8
_GROUP: Final = 4
_MISREAD: Final = str.maketrans("OIL", "011")
_PRINTED: Final = re.compile(f"[{_ALPHABET}]{{{_GROUPS * _GROUP}}}")


@dataclass(frozen=True, slots=True)
class RecoveryPassphrase:
    """Recovery by a printed passphrase."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RecoveryRecipient:
    """Recovery by the study's own age key, of which the station knows the public half."""

    public_key: str


@dataclass(frozen=True, slots=True)
class NoRecovery:
    """An administrator declined recovery, or it is practice."""

    reason: str


Recovery = RecoveryPassphrase | RecoveryRecipient | NoRecovery


@dataclass(frozen=True, slots=True)
class Keys:
    """The opened keys; their ``repr`` never shows them."""

    database_key: bytes = field(repr=False)
    identity: str = field(repr=False)
    """The vault's age identity."""
    hmac_key: bytes = field(repr=False)
    """Authenticates the sidecars."""
    recipient: str
    """The vault's public key."""
    fingerprint: str
    """Of the database key."""
    accounts: tuple[str, ...] = ()
    """Public keys of the computer accounts that may open."""
    recovery: str = ""
    """Public key of the recovery; empty when it was declined. Both of them, with a space between,
    while one takes the place of another."""


class _Payload(msgspec.Struct, kw_only=True):
    """What stands in ``keys.age``."""

    version: int
    database_key: str
    vault_identity: str
    hmac_key: str
    fingerprint: str
    accounts: list[str]
    recovery: str


# made at import, not at first use: msgspec breaks down when two threads learn a class at once
_PAYLOADS: Final = msgspec.json.Decoder(_Payload)


class KeyChest:
    """Makes, opens and shares the keys of one station folder; everything here blocks."""

    def __init__(self, folder: Path, secrets: Secrets) -> None:
        self._secrets = secrets
        self._keys_file = folder / "keys.age"
        self._public_file = folder / "vault.pub"
        self._recovery_file = folder / "recovery.age"

    def exists(self) -> bool:
        """Whether the station has keys."""
        return self._keys_file.is_file()

    def create(self, recovery: Recovery) -> Keys:
        """Make the keys of a new station; nothing is left behind when the keyring says no."""
        if self.exists():
            raise StationError("This folder has keys already; they are never replaced.")
        identity, account = new_identity(), new_identity()
        database_key = randomness.token_bytes(KEY_BYTES)
        keys = Keys(
            database_key=database_key,
            identity=identity,
            hmac_key=randomness.token_bytes(KEY_BYTES),
            recipient=recipient_of(identity),
            fingerprint=fingerprint(database_key),
            accounts=(recipient_of(account),),
        )
        self._secrets.set(_secret_name(keys.recipient), account)
        public_key, sealed = _prepare(recovery)
        keys = replace(keys, recovery=public_key)
        if sealed is not None:
            write_atomically(self._recovery_file, sealed)
        write_atomically(self._public_file, f"{keys.recipient}\n".encode())
        # Last: from now on the folder has keys.
        self._write(keys)
        return keys

    def open(self) -> Keys:
        """Open with this account's secret; raises the KeyringError that fits."""
        account = self._secrets.get(_secret_name(self.recipient()))
        if account is None:
            raise KeyringStrangerError
        try:
            return self._read(account)
        except SealBrokenError as error:
            raise KeyringStrangerError from error

    def open_with_recovery(self, secret: str) -> Keys:
        """Open with the printed passphrase, or with the study's age identity.

        Raises RecoveryKeyError when it does not fit, or can't be checked just now.
        """
        try:
            return self._read(self._recovery_identity(secret))
        except SealTooSlowError as error:
            raise RecoveryKeyError(_TOO_SLOW, title="Recovery key not checked") from error
        except (SealBrokenError, ValueError) as error:
            raise RecoveryKeyError from error

    def add_account(self, keys: Keys) -> Keys:
        """Let this computer account open the station from now on by itself."""
        account = new_identity()
        self._secrets.set(_secret_name(keys.recipient), account)
        shared = replace(keys, accounts=(*keys.accounts, recipient_of(account)))
        self._write(shared)
        return shared

    def change_recovery(self, keys: Keys, recovery: Recovery) -> Keys:
        """Let ``recovery`` open the station in place of the one before.

        A power cut on the way leaves one of the two, never a passphrase that opens nothing.
        """
        public_key, sealed = _prepare(recovery)
        if sealed is not None:
            self._write(replace(keys, recovery=f"{keys.recovery} {public_key}".strip()))
            write_atomically(self._recovery_file, sealed)
        changed = replace(keys, recovery=public_key)
        self._write(changed)
        return changed

    def recipient(self) -> str:
        """Give the vault's public key, which needs no keyring."""
        try:
            return self._public_file.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise _damaged(self._public_file) from error

    def _recovery_identity(self, secret: str) -> str:
        if secret.strip().upper().startswith("AGE-SECRET-KEY-"):
            return secret.strip().upper()
        try:
            sealed = self._recovery_file.read_bytes()
        except OSError as error:
            raise SealBrokenError from error
        return unseal_with_passphrase(sealed, printed_form(secret)).decode().strip()

    def _write(self, keys: Keys) -> None:
        payload = _Payload(
            version=_VERSION,
            database_key=keys.database_key.hex(),
            vault_identity=keys.identity,
            hmac_key=keys.hmac_key.hex(),
            fingerprint=keys.fingerprint,
            accounts=list(keys.accounts),
            recovery=keys.recovery,
        )
        recipients = [*keys.accounts, *keys.recovery.split()]
        write_atomically(self._keys_file, seal(msgspec.json.encode(payload), recipients))

    def _read(self, identity: str) -> Keys:
        try:
            sealed = self._keys_file.read_bytes()
        except OSError as error:
            raise _damaged(self._keys_file) from error
        try:
            payload = _PAYLOADS.decode(unseal(sealed, identity))
            return _keys(payload)
        except (msgspec.DecodeError, ValueError) as error:
            raise _damaged(self._keys_file) from error


def _prepare(recovery: Recovery) -> tuple[str, bytes | None]:
    """Give a recovery's public key, and its identity sealed with the passphrase if it has one."""
    if isinstance(recovery, RecoveryRecipient):
        seal(b"", [recovery.public_key])  # a mistyped key is noticed now, not in ten years
        return recovery.public_key.strip(), None
    if isinstance(recovery, NoRecovery):
        return "", None
    identity = new_identity()
    sealed = seal_with_passphrase(f"{identity}\n".encode(), printed_form(recovery.text))
    return recipient_of(identity), sealed


def make_recovery_passphrase() -> str:
    """Make a passphrase to be printed: eight groups of four characters, 160 bits."""
    letters = "".join(randomness.choice(_ALPHABET) for _ in range(_GROUPS * _GROUP))
    return _grouped(letters)


def printed_form(text: str) -> str:
    """Bring what somebody typed into the printed form; a passphrase of another kind stays."""
    bare = re.sub(r"[\s-]", "", text).upper().translate(_MISREAD)
    return _grouped(bare) if _PRINTED.fullmatch(bare) else text.strip()


def _grouped(letters: str) -> str:
    return "-".join(letters[start : start + _GROUP] for start in range(0, len(letters), _GROUP))


def _secret_name(recipient: str) -> str:
    """Name the account's secret after the vault, so that several stations do not meet."""
    return f"station {recipient[-20:]}"


def _keys(payload: _Payload) -> Keys:
    return Keys(
        database_key=bytes.fromhex(payload.database_key),
        identity=payload.vault_identity,
        hmac_key=bytes.fromhex(payload.hmac_key),
        recipient=recipient_of(payload.vault_identity),
        fingerprint=payload.fingerprint,
        accounts=tuple(payload.accounts),
        recovery=payload.recovery,
    )


def _damaged(path: Path) -> StationError:
    return StationError(
        f"The file {path.name} in the station's folder is missing or damaged. Nothing was changed; "
        "restore it from a backup, or call your study's IT.",
        title="The station's keys can't be read",
    )
