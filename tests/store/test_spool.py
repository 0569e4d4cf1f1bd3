"""The spool: sealed without any key, opened and proven with it."""

from pathlib import Path

import pytest

from haut_desktop.domain.errors import KeyringLockedError, VaultError
from haut_desktop.store.files import remove
from haut_desktop.store.sealing import new_identity, recipient_of
from haut_desktop.store.spool import Spool
from tests.fakes.clock import FakeClock

IDENTITY = new_identity()
WORDS = {"subject_code": "B-007", "visit": "Baseline"}


@pytest.fixture
def spool(tmp_path: Path, clock: FakeClock) -> Spool:
    return Spool(tmp_path / "spool", recipient_of(IDENTITY), clock)


def test_a_picture_comes_back_with_its_words(spool: Spool) -> None:
    note = spool.seal(b"a picture", WORDS, file_name="front.jpg")
    (name,) = spool.names()
    assert spool.open(name, IDENTITY) == (note, b"a picture")
    spool.remove(name)
    assert list(spool.folder.iterdir()) == []


def test_nothing_readable_lies_in_the_spool(spool: Spool) -> None:
    spool.seal(b"a picture", WORDS, file_name="front.jpg")
    for path in spool.folder.iterdir():
        assert b"a picture" not in path.read_bytes()
        assert b"B-007" not in path.read_bytes()


def test_a_locked_keyring_opens_nothing(spool: Spool) -> None:
    spool.seal(b"a picture", WORDS)
    with pytest.raises(KeyringLockedError):
        spool.open(spool.names()[0], None)


def test_an_empty_picture_is_not_sealed(spool: Spool) -> None:
    with pytest.raises(VaultError, match="empty"):
        spool.seal(b"", WORDS)
    assert spool.names() == ()


def test_a_note_of_another_picture_is_noticed(spool: Spool) -> None:
    first, second = spool.seal(b"1", WORDS), spool.seal(b"2", WORDS)
    note = spool.folder / f"{first.original_id}.side.age"
    remove(note)
    note.write_bytes((spool.folder / f"{second.original_id}.side.age").read_bytes())
    with pytest.raises(VaultError, match="not the one"):
        spool.open(f"{first.original_id}.age", IDENTITY)
