"""The vault: sealed on the disk before anything is promised, opened only as what it was."""

import errno
import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from haut_desktop.domain.errors import DiskFullError, KeyringLockedError, VaultError
from haut_desktop.domain.ids import OriginalId, StationId, SubjectId, new_id
from haut_desktop.store import files
from haut_desktop.store import vault as vault_module
from haut_desktop.store.cache import PictureCache
from haut_desktop.store.sealing import new_identity, recipient_of, seal
from haut_desktop.store.vault import Sidecar, Vault
from tests.fakes.builders import make_digest
from tests.fakes.clock import START

DATA = b"\xff\xd8 a picture \xff\xd9" * 1000
IDENTITY = new_identity()
HMAC_KEY = b"h" * 32


def make_sidecar(data: bytes = DATA) -> Sidecar:
    return Sidecar(
        original_id=OriginalId(new_id()),
        digest=make_digest(data),
        study_id=None,
        subject_id=None,
        subject_code="B-007",
        visit_id=None,
        visit_name="Baseline",
        slot="front view",
        take=1,
        captured_at=START,
        received_at=START,
        station_id=StationId("station-1"),
        operator_id=None,
        media_type="image/jpeg",
        file_name="Müller front.jpg",
    )


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "vault", recipient_of(IDENTITY), IDENTITY, HMAC_KEY)


def test_a_sealed_picture_opens_as_it_was(vault: Vault) -> None:
    sidecar = make_sidecar()
    name = vault.seal(DATA, sidecar)
    assert vault.open(name, sidecar.digest.sha256) == DATA
    assert vault.sidecar(name) == sidecar
    assert vault.names() == (name,)


def test_a_vault_is_empty_until_a_picture_is_sealed(vault: Vault) -> None:
    assert vault.is_empty()
    vault.folder.mkdir()
    (vault.folder / f"{new_id()}.side.age").write_bytes(b"a note without its picture")
    assert vault.is_empty()
    sidecar = make_sidecar()
    assert not vault.holds(vault.name_for(sidecar.original_id))
    name = vault.seal(DATA, sidecar)
    assert vault.holds(name)
    assert not vault.is_empty()


def test_neither_names_nor_files_give_the_subject_away(vault: Vault) -> None:
    vault.seal(DATA, make_sidecar())
    for path in vault.folder.iterdir():
        assert b"a picture" not in path.read_bytes()
        assert "Müller" not in path.name
        assert b"B-007" not in path.read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_a_sealed_picture_is_read_only(vault: Vault) -> None:
    name = vault.seal(DATA, make_sidecar())
    assert not (vault.folder / name).stat().st_mode & 0o222


def test_bytes_that_are_not_the_sidecars_are_not_sealed(vault: Vault) -> None:
    with pytest.raises(VaultError, match="changed while it was being read"):
        vault.seal(DATA + b"x", make_sidecar())
    assert vault.names() == ()


def test_a_picture_is_sealed_once(vault: Vault) -> None:
    sidecar = make_sidecar()
    vault.seal(DATA, sidecar)
    with pytest.raises(VaultError, match="sealed already"):
        vault.seal(DATA, sidecar)


def test_another_picture_in_its_place_is_noticed(vault: Vault) -> None:
    first, second = make_sidecar(), make_sidecar(b"other")
    name, other = vault.seal(DATA, first), vault.seal(b"other", second)
    files.remove(vault.folder / name)
    (vault.folder / name).write_bytes((vault.folder / other).read_bytes())
    with pytest.raises(VaultError, match="not the one"):
        vault.open(name, first.digest.sha256)


def test_a_damaged_file_and_a_missing_one_are_told_in_words(vault: Vault) -> None:
    sidecar = make_sidecar()
    name = vault.seal(DATA, sidecar)
    files.remove(vault.folder / name)
    with pytest.raises(VaultError, match="missing"):
        vault.open(name, sidecar.digest.sha256)
    (vault.folder / name).write_bytes(b"age-encryption.org/v1 nonsense")
    with pytest.raises(VaultError, match="damaged"):
        vault.open(name, sidecar.digest.sha256)


@pytest.mark.parametrize("name", ("../keys.age", "a/b.age"))
def test_a_name_never_leads_out_of_the_vault(vault: Vault, name: str) -> None:
    with pytest.raises(VaultError, match="no name"):
        vault.open(name, "")


def test_a_sidecar_follows_the_assignment(vault: Vault) -> None:
    sidecar = make_sidecar()
    name = vault.seal(DATA, sidecar)
    assigned = replace(sidecar, subject_id=SubjectId("subject-1"), subject_code="B-008")
    vault.set_sidecar(name, assigned)
    assert vault.sidecar(name) == assigned
    assert vault.open(name, sidecar.digest.sha256) == DATA


def test_a_sidecar_of_another_picture_does_not_authenticate(vault: Vault) -> None:
    name, other = vault.seal(DATA, make_sidecar()), vault.seal(b"x", make_sidecar(b"x"))
    beside = vault.folder / name.replace(".age", ".side.age")
    files.remove(beside)
    beside.write_bytes((vault.folder / other.replace(".age", ".side.age")).read_bytes())
    with pytest.raises(VaultError, match="not written by us"):
        vault.sidecar(name)


def test_a_sidecar_that_is_no_sidecar_is_told_in_words(vault: Vault) -> None:
    name = vault.seal(DATA, make_sidecar())
    stranger = PictureCache(vault.folder, recipient_of(IDENTITY), IDENTITY)
    stranger.put("x", b"no json")
    (made,) = set(vault.names()) - {name}
    beside = vault.folder / name.replace(".age", ".side.age")
    files.remove(beside)
    (vault.folder / made).rename(beside)
    with pytest.raises(VaultError, match="can't be read"):
        vault.sidecar(name)


@pytest.mark.parametrize(
    ("note", "says"),
    [
        pytest.param(b'{"sidecar":{},"hmac":"\xc3\xa9"}', "not written by us", id="no hash"),
        pytest.param(
            b'{"sidecar":{"original_id":"\xff"},"hmac":"00"}', "not written by us", id="no text"
        ),
        pytest.param(b'{"sidecar":{},"hmac":"\xff"}', "can't be read", id="no text as hash"),
        pytest.param(
            b'{"sidecar":%b%b,"hmac":"00"}' % (b"[" * 100_000, b"]" * 100_000),
            "can't be read",
            id="without a bottom",
        ),
    ],
)
def test_a_forged_note_is_told_in_words_whatever_stands_in_it(
    vault: Vault, note: bytes, says: str
) -> None:
    name = vault.seal(DATA, make_sidecar())
    beside = vault.folder / name.replace(".age", ".side.age")
    files.remove(beside)
    for path in (beside, vault.folder / "station.side.age"):
        path.write_bytes(seal(note, [recipient_of(IDENTITY)]))
    with pytest.raises(VaultError, match=says):
        vault.sidecar(name)
    assert vault.frame() is None


def test_a_locked_keyring_lets_seal_but_not_open(vault: Vault) -> None:
    locked = Vault(vault.folder, recipient_of(IDENTITY), None, None)
    sidecar = make_sidecar()
    name = locked.seal(DATA, sidecar)
    with pytest.raises(KeyringLockedError):
        locked.open(name, sidecar.digest.sha256)
    assert vault.open(name, sidecar.digest.sha256) == DATA
    with pytest.raises(VaultError, match="not written by us"):
        vault.sidecar(name)


def test_an_erased_picture_is_gone_with_its_sidecar(vault: Vault) -> None:
    name = vault.seal(DATA, make_sidecar())
    vault.erase(name)
    vault.erase(name)
    assert list(vault.folder.iterdir()) == []


def test_a_full_disk_leaves_nothing_half_written(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(DiskFullError):
        vault.seal(DATA, make_sidecar())
    assert list(vault.folder.iterdir()) == []


def test_a_failing_disk_is_told_in_words(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(handle: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(VaultError, match="could not be written"):
        vault.seal(DATA, make_sidecar())


@pytest.mark.parametrize("part", (1, 3, 1000))
def test_the_parts_of_a_vault_have_each_picture_once_and_no_old_half(
    vault: Vault, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    names = {vault.seal(DATA, make_sidecar()) for _ in range(4)}
    old, new = (vault.folder / f".{word}.age.1.part" for word in ("old", "new"))
    for path, at in ((old, START), (new, START + timedelta(minutes=1))):
        path.write_bytes(b"half")
        os.utime(path, (at.timestamp(), at.timestamp()))
    monkeypatch.setattr(vault_module, "_PART", part)
    listed = [name for names in vault.parts(START + timedelta(seconds=1)) for name in names]
    assert sorted(listed) == sorted(names)
    assert (old.exists(), new.exists()) == (False, True)


def test_a_vault_that_is_not_there_has_no_parts(vault: Vault) -> None:
    assert list(vault.parts(START)) == []


def test_what_a_crash_left_is_no_picture(vault: Vault) -> None:
    name = vault.seal(DATA, make_sidecar())
    (vault.folder / f".{name}.0123.part").write_bytes(b"half")
    assert vault.names() == (name,)


# ---- the cache -----------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path: Path) -> PictureCache:
    return PictureCache(tmp_path / "cache", recipient_of(IDENTITY), IDENTITY)


def test_cached_bytes_come_back_until_they_are_forgotten(cache: PictureCache) -> None:
    assert cache.get("batch/mask") is None
    cache.put("batch/mask", b"1")
    cache.put("batch/mask", b"2")
    assert cache.get("batch/mask") == b"2"
    cache.forget("batch/mask")
    assert cache.get("batch/mask") is None


def test_a_damaged_or_swapped_file_of_the_cache_is_not_there(
    cache: PictureCache, tmp_path: Path
) -> None:
    cache.put("a", b"of a")
    (file,) = (tmp_path / "cache").iterdir()
    sealed = file.read_bytes()
    file.write_bytes(b"nonsense")
    assert cache.get("a") is None
    cache.put("b", b"of b")
    (other,) = set((tmp_path / "cache").iterdir()) - {file}
    other.write_bytes(sealed)
    assert cache.get("b") is None


READING_AT_ONCE = """
import sys, threading
from pathlib import Path
from tests.store.test_vault import DATA, HMAC_KEY, IDENTITY, make_sidecar
from haut_desktop.store.sealing import recipient_of
from haut_desktop.store.vault import Vault

sys.setswitchinterval(1e-6)
vault = Vault(Path(sys.argv[1]), recipient_of(IDENTITY), IDENTITY, HMAC_KEY)
name = vault.seal(DATA, make_sidecar())
together = threading.Barrier(8)
read = []

def look():
    together.wait()
    read.append(vault.sidecar(name))

threads = [threading.Thread(target=look) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert len(read) == 8
"""


def test_the_first_notes_of_a_process_can_be_read_by_several_threads(tmp_path: Path) -> None:
    command = [sys.executable, "-c", READING_AT_ONCE, str(tmp_path / "vault")]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_what_an_earlier_process_removed_is_off_the_disk_before_it_counts_as_erased(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have been ended between removing the file and flushing that: a power cut undoes it."""
    name = vault.seal(DATA, make_sidecar())
    for path in vault.folder.iterdir():
        path.unlink()
    flushed: list[Path] = []
    monkeypatch.setattr("haut_desktop.store.vault.flush_folder", flushed.append)
    vault.erase(name)
    assert flushed == [vault.folder]
