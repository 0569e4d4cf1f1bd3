"""The spool: sealed without any key, opened and proven with it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from haut_desktop.domain.errors import KeyringLockedError, VaultError
from haut_desktop.store.files import remove
from haut_desktop.store.sealing import new_identity, recipient_of, seal, unseal
from haut_desktop.store.spool import Spool
from tests.fakes.clock import START, FakeClock

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


@pytest.mark.parametrize(
    ("stands", "forged", "says"),
    [
        pytest.param(b"B-007", b"B-\xff07", "can't be read", id="no text"),
        pytest.param(
            b'{"original_id"',
            b'{"x":%b%b,"original_id"' % (b"[" * 100_000, b"]" * 100_000),
            "can't be read",
            id="without a bottom",
        ),
        pytest.param(b'"md5":"', b'"md5":"0', "not the one", id="no hash"),
        pytest.param(b'"2026-', b'"0000-', "can't be read", id="no year"),
        pytest.param(
            b'Z","file_name"', b'+14:00","file_name"', "can't be read", id="no moment in UTC"
        ),
    ],
)
def test_a_forged_note_is_told_in_words_whatever_stands_in_it(
    tmp_path: Path, stands: bytes, forged: bytes, says: str
) -> None:
    earliest = datetime(1, 1, 1, tzinfo=UTC) if stands.startswith(b"Z") else START
    spool = Spool(tmp_path / "spool", recipient_of(IDENTITY), FakeClock(earliest))
    note = spool.folder / f"{spool.seal(b'a picture', WORDS).original_id}.side.age"
    written = unseal(note.read_bytes(), IDENTITY)
    assert stands in written
    remove(note)
    note.write_bytes(seal(written.replace(stands, forged), [recipient_of(IDENTITY)]))
    with pytest.raises(VaultError, match=says):
        spool.open(spool.names()[0], IDENTITY)
