"""Keys: opened by each account's keyring or by the recovery, and by nobody else."""

import re
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import keyring.backends.fail
import keyring.errors
import pyrage  # type: ignore[import-untyped] # ships no types
import pytest

from haut_desktop.domain.errors import (
    KeyringAbsentError,
    KeyringDeniedError,
    KeyringError,
    KeyringLockedError,
    KeyringStrangerError,
    KeyringUninitialisedError,
    RecoveryKeyError,
    StationError,
)
from haut_desktop.store.files import write_atomically
from haut_desktop.store.keys import (
    KeyChest,
    MemorySecrets,
    NoRecovery,
    RecoveryPassphrase,
    RecoveryRecipient,
    make_recovery_passphrase,
    printed_form,
)
from haut_desktop.store.sealing import (
    SealBrokenError,
    new_identity,
    recipient_of,
    seal_with_passphrase,
    unseal_with_passphrase,
)
from haut_desktop.store.secrets import LONGEST_SECRET, KeyringSecrets
from haut_desktop.store.vault import Vault
from tests.fakes.keyring import (
    FakeBackend,
    FakeSecrets,
    absent,
    denied,
    locked,
    uninitialised,
)
from tests.store.test_vault import DATA, make_sidecar

NONE = NoRecovery("practice")


def test_the_same_account_opens_what_it_made(tmp_path: Path) -> None:
    secrets = FakeSecrets()
    chest = KeyChest(tmp_path, secrets)
    assert not chest.exists()
    made = chest.create(NONE)
    assert chest.exists()
    assert chest.open() == made
    assert chest.recipient() == made.recipient


def test_no_secret_is_longer_than_windows_allows_and_none_is_readable(tmp_path: Path) -> None:
    secrets = FakeSecrets()
    made = KeyChest(tmp_path, secrets).create(NONE)
    assert all(len(value) <= LONGEST_SECRET for value in secrets.kept.values())
    for path in tmp_path.iterdir():
        assert made.identity.encode() not in path.read_bytes()
        assert made.database_key.hex().encode() not in path.read_bytes()
    assert made.identity not in repr(made)


def test_keys_are_never_replaced(tmp_path: Path) -> None:
    chest = KeyChest(tmp_path, FakeSecrets())
    chest.create(NONE)
    with pytest.raises(StationError, match="never replaced"):
        chest.create(NONE)


@pytest.mark.parametrize(
    ("secrets", "error"),
    (
        (locked(), KeyringLockedError),
        (denied(), KeyringDeniedError),
        (absent(), KeyringAbsentError),
        (uninitialised(), KeyringUninitialisedError),
    ),
)
def test_a_keyring_that_says_no_leaves_nothing_behind(
    tmp_path: Path, secrets: FakeSecrets, error: type[KeyringError]
) -> None:
    with pytest.raises(error):
        KeyChest(tmp_path, secrets).create(NONE)
    assert list(tmp_path.iterdir()) == []


def test_the_public_key_is_there_while_the_keyring_is_locked(tmp_path: Path) -> None:
    made = KeyChest(tmp_path, FakeSecrets()).create(NONE)
    chest = KeyChest(tmp_path, locked())
    assert chest.recipient() == made.recipient
    with pytest.raises(KeyringLockedError):
        chest.open()


def test_another_account_opens_after_the_recovery_let_it_in(tmp_path: Path) -> None:
    passphrase = make_recovery_passphrase()
    first = FakeSecrets()
    made = KeyChest(tmp_path, first).create(RecoveryPassphrase(passphrase))
    second = KeyChest(tmp_path, FakeSecrets())
    with pytest.raises(KeyringStrangerError):
        second.open()
    typed = passphrase.lower().replace("-", " ")
    second.add_account(second.open_with_recovery(typed))
    assert second.open().identity == made.identity
    assert KeyChest(tmp_path, first).open().database_key == made.database_key
    assert len(second.open().accounts) == 2


def test_an_account_with_a_secret_of_another_chest_is_a_stranger(tmp_path: Path) -> None:
    secrets = FakeSecrets()
    KeyChest(tmp_path, secrets).create(NONE)
    secrets.kept = dict.fromkeys(secrets.kept, new_identity())
    with pytest.raises(KeyringStrangerError):
        KeyChest(tmp_path, secrets).open()


def test_the_studys_own_key_recovers(tmp_path: Path) -> None:
    identity = new_identity()
    chest = KeyChest(tmp_path, FakeSecrets())
    made = chest.create(RecoveryRecipient(recipient_of(identity)))
    assert chest.open_with_recovery(f" {identity}\n").database_key == made.database_key


def test_a_mistyped_study_key_is_noticed_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not an age recipient"):
        KeyChest(tmp_path, FakeSecrets()).create(RecoveryRecipient("age1mistyped"))


@pytest.mark.parametrize(
    "secret",
    ("wrong", "AGE-SECRET-KEY-1WRONG", pytest.param(new_identity(), id="another station's")),
)
def test_a_recovery_key_that_does_not_fit_says_so(tmp_path: Path, secret: str) -> None:
    chest = KeyChest(tmp_path, FakeSecrets())
    chest.create(NONE)
    with pytest.raises(RecoveryKeyError, match="does not fit"):
        chest.open_with_recovery(secret)


def _asks_for_much(sealed: bytes) -> bytes:
    """Say of sealed bytes that opening them takes longer than any computer has."""
    return re.sub(rb" \d+\n", b" 60\n", sealed, count=1)


def test_a_recovery_key_that_this_computer_is_too_slow_for_is_not_called_wrong(
    tmp_path: Path,
) -> None:
    passphrase = make_recovery_passphrase()
    chest = KeyChest(tmp_path, FakeSecrets())
    chest.create(RecoveryPassphrase(passphrase))
    file = tmp_path / "recovery.age"
    file.write_bytes(_asks_for_much(file.read_bytes()))
    with pytest.raises(RecoveryKeyError, match="busy") as untold:
        chest.open_with_recovery(passphrase)
    assert "fit" not in untold.value.title + untold.value.message


def test_a_computer_that_was_busy_as_it_was_timed_opens_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sealed = seal_with_passphrase(b"sealed", "correct horse")
    given, decrypt = iter([_asks_for_much(sealed)] * 2), pyrage.passphrase.decrypt

    def decrypt_when_idle(sealed: bytes, passphrase: str) -> bytes:
        data: bytes = decrypt(next(given, sealed), passphrase)
        return data

    monkeypatch.setattr("pyrage.passphrase.decrypt", decrypt_when_idle)
    assert unseal_with_passphrase(sealed, "correct horse") == b"sealed"


@pytest.fixture
def quick_passphrases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passphrases that cost no seconds, for what is not about their strength."""

    def close(data: bytes, text: str) -> bytes:
        return text.encode() + b"\0" + data

    def unclose(sealed: bytes, text: str) -> bytes:
        of, _, data = sealed.partition(b"\0")
        if of != text.encode():
            raise SealBrokenError
        return data

    monkeypatch.setattr("haut_desktop.store.keys.seal_with_passphrase", close)
    monkeypatch.setattr("haut_desktop.store.keys.unseal_with_passphrase", unclose)


@pytest.mark.usefixtures("quick_passphrases")
@pytest.mark.parametrize("written", (0, 1, 2, 3))
def test_a_recovery_is_never_changed_to_one_that_opens_nothing(
    tmp_path: Path, written: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chest = KeyChest(tmp_path, FakeSecrets())
    made = chest.create(RecoveryPassphrase("the one before"))
    left = [written]

    def until_the_cut(path: Path, data: bytes) -> None:
        if not left[0]:
            raise OSError
        left[0] -= 1
        write_atomically(path, data)

    with monkeypatch.context() as power:
        power.setattr("haut_desktop.store.keys.write_atomically", until_the_cut)
        with suppress(OSError):
            chest.change_recovery(made, RecoveryPassphrase("the new one"))
    before, after = (is_opened_by(chest, text) for text in ("the one before", "the new one"))
    assert (before, after) == (written < 2, written >= 2)
    chest.add_account(chest.open())
    assert is_opened_by(chest, "the new one" if after else "the one before")


def is_opened_by(chest: KeyChest, text: str) -> bool:
    try:
        return chest.open_with_recovery(text).fingerprint == chest.open().fingerprint
    except RecoveryKeyError:
        return False


def test_the_recovery_before_opens_no_longer(tmp_path: Path) -> None:
    identities = [new_identity(), new_identity()]
    first, second = (RecoveryRecipient(recipient_of(one)) for one in identities)
    chest = KeyChest(tmp_path, FakeSecrets())
    chest.change_recovery(chest.create(first), second)
    assert [is_opened_by(chest, one) for one in identities] == [False, True]


@pytest.mark.parametrize("name", ("keys.age", "vault.pub"))
def test_a_missing_key_file_is_told_by_its_name(tmp_path: Path, name: str) -> None:
    chest = KeyChest(tmp_path, FakeSecrets())
    chest.create(NONE)
    (tmp_path / name).unlink()
    with pytest.raises(StationError, match=name):
        chest.open()


def test_a_printed_passphrase_is_long_enough_and_forgives_misreading() -> None:
    passphrase = make_recovery_passphrase()
    assert [len(group) for group in passphrase.split("-")] == [4] * 8
    assert passphrase != make_recovery_passphrase()
    misread = passphrase.replace("0", "o").replace("1", "l").lower()
    assert printed_form(misread) == passphrase
    assert printed_form(" correct horse battery ") == "correct horse battery"


@pytest.mark.skipif(shutil.which("age") is None, reason="the age tool is not installed")
def test_the_ordinary_age_tool_opens_a_dead_stations_pictures(tmp_path: Path) -> None:
    passphrase = make_recovery_passphrase()
    keys = KeyChest(tmp_path, FakeSecrets()).create(RecoveryPassphrase(passphrase))
    vault = Vault(tmp_path / "vault", keys.recipient, keys.identity, keys.hmac_key)
    name = vault.seal(DATA, make_sidecar())
    # age asks for a passphrase on a terminal only; the format of that one step is age's own.
    recovery = tmp_path / "recovery.txt"
    recovery.write_bytes(
        unseal_with_passphrase((tmp_path / "recovery.age").read_bytes(), passphrase)
    )
    payload = age(recovery, tmp_path / "keys.age")
    assert keys.identity.encode() in payload
    vault_identity = tmp_path / "vault.txt"
    vault_identity.write_text(keys.identity)
    assert age(vault_identity, vault.folder / name) == DATA


def age(identity: Path, sealed: Path) -> bytes:
    command = ["age", "--decrypt", "--identity", str(identity), str(sealed)]
    return subprocess.run(command, capture_output=True, check=True).stdout


# ---- the keyring's situations --------------------------------------------------------------


def test_a_secret_is_kept_and_forgotten_by_the_keyring() -> None:
    backend = FakeBackend()
    secrets = KeyringSecrets(lambda: backend)
    assert secrets.get("a") is None
    secrets.set("a", "1")
    assert secrets.get("a") == "1"
    secrets.delete("a")
    secrets.delete("a")
    assert secrets.get("a") is None


@pytest.mark.parametrize(
    ("trouble", "error"),
    (
        (keyring.errors.KeyringLocked("locked"), KeyringLockedError),
        (keyring.errors.InitError("no collection"), KeyringUninitialisedError),
        (keyring.errors.PasswordSetError("denied"), KeyringDeniedError),
        (keyring.errors.NoKeyringError("none"), KeyringAbsentError),
        (ConnectionResetError("bus"), KeyringError),
    ),
)
def test_situations_of_the_keyring_are_told_apart(
    trouble: Exception, error: type[KeyringError]
) -> None:
    secrets = KeyringSecrets(lambda: FakeBackend(trouble))
    with pytest.raises(KeyringError) as caught:
        secrets.get("a")
    assert type(caught.value) is error


def test_a_backend_that_keeps_nothing_is_no_keyring() -> None:
    with pytest.raises(KeyringAbsentError):
        KeyringSecrets(keyring.backends.fail.Keyring).get("a")


def test_a_keyring_that_forgets_at_once_is_noticed() -> None:
    class Forgetful(FakeBackend):
        def set_password(self, service: str, username: str, password: str) -> None:
            """Keep nothing."""

    with pytest.raises(KeyringDeniedError):
        KeyringSecrets(Forgetful).set("a", "1")


def test_a_secret_that_is_too_long_is_our_bug() -> None:
    with pytest.raises(ValueError, match="at most"):
        KeyringSecrets(FakeBackend).set("a", "x" * (LONGEST_SECRET + 1))


def test_memory_secrets_keep_while_the_program_runs() -> None:
    secrets = MemorySecrets()
    secrets.set("a", "1")
    assert secrets.get("a") == "1"
    secrets.delete("a")
    assert secrets.get("a") is None
