"""The power goes while the real program works: a fixed part of every disk that can be left."""

from dataclasses import replace
from pathlib import Path

import pytest

from haut_desktop.store.station import DATABASE
from tests.faults.power_loss.disk import Disk
from tests.faults.power_loss.operations import Node, Said, Sync, Write
from tests.faults.power_loss.recording import Recording, record, why_not
from tests.faults.power_loss.replay import STATION, Chosen, cuts, near_commits, replay
from tests.faults.power_loss.sample import run_sample
from tests.faults.power_loss.shapes import Shape
from tests.faults.power_loss.trial import try_out

_LOG = f"{STATION}/{DATABASE}-wal"
_TAKEN_IN = ("sealed", "spooled", "finished")

pytestmark = [pytest.mark.skipif(bool(why_not()), reason=why_not()), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """The program's two visits."""
    return record(tmp_path_factory.mktemp("power") / "recording")


def test_the_model_ends_with_what_lies_on_the_real_disk(recording: Recording) -> None:
    disk = Disk(recording.folders)
    for index, operation in enumerate(recording.operations):
        disk.apply(index, operation)
    kept = next(cut for cut in disk.cuts() if cut.kind == "all kept")
    modelled = {name: disk.bytes_of(content) for name, content in kept.files}
    root = recording.folder / "disk"
    real = {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}
    assert modelled == real


def test_the_disks_around_every_other_flush_open_and_keep_what_was_promised(
    recording: Recording,
) -> None:
    outcome = replay(recording, near_commits(recording.operations, every=2))
    assert not outcome.failures
    assert outcome.states.total() > 500


def test_the_whole_program_finishes_the_work_after_a_cut(recording: Recording) -> None:
    sample = run_sample(recording, every=150)
    assert not sample.failures
    assert sample.delivered >= 2


@pytest.mark.parametrize(
    ("what", "words"),
    (
        ("station/vault", "VaultMissingError"),
        ("station/vault/", "VaultError"),
        ("station/station.db-wal", "BrokenPromiseError"),
        ("station", "BrokenPromiseError"),
    ),
    ids=("names in the vault", "sealed files", "write-ahead log", "names in the station's folder"),
)
def test_what_is_not_flushed_is_missed(recording: Recording, what: str, words: str) -> None:
    outcome = replay(without_flushes(recording, what), promising(recording))
    assert words in {failure.words.partition(":")[0] for failure in outcome.failures}


def test_what_was_sealed_while_the_keyring_was_locked_is_there_after_a_cut(tmp_path: Path) -> None:
    spooled = record(tmp_path / "recording", Shape.SPOOL)
    assert not replay(spooled, promising(spooled)).failures
    unflushed = replay(without_flushes(spooled, STATION), promising(spooled))
    assert "BrokenPromiseError" in {one.words.partition(":")[0] for one in unflushed.failures}


def test_what_the_inline_route_writes_first_is_there_after_a_cut(tmp_path: Path) -> None:
    inline = record(tmp_path / "recording", Shape.INLINE)
    steps = (
        ("finished", "/batches/", "initiated unwritten"),
        ("/batches/", "/images/", "a picture left unwritten"),
        ("/images/", "stored", "a confirmed picture is"),
    )
    for since, moment, words in steps:
        at_that = right_after(inline, moment)
        assert not replay(inline, at_that).failures
        unflushed = without_flushes(inline, _LOG, since=since)
        assert any(words in one.words for one in replay(unflushed, at_that).failures), words


def test_an_erasure_that_was_answered_stays_after_a_cut(tmp_path: Path) -> None:
    erasure = record(tmp_path / "recording", Shape.ERASURE)
    answered = right_after(erasure, "erased")
    assert not replay(erasure, answered).failures
    for what, words in (
        (_LOG, "as if it was never erased"),
        (f"{STATION}/vault", "a picture that left the disk is back"),
    ):
        unflushed = without_flushes(erasure, what, since="erasing")
        assert any(words in one.words for one in replay(unflushed, answered).failures), words


async def test_a_cut_while_the_log_is_moved_is_no_damage(
    recording: Recording, tmp_path: Path
) -> None:
    paths = recording.paths()
    moved = {
        index
        for index, operation in enumerate(recording.operations)
        if isinstance(operation, Write) and paths[operation.node] == f"{STATION}/{DATABASE}"
    }
    tried = 0
    for cut in cuts(recording, moved.__contains__):
        if not cut.promises.is_made or cut.remains.kind != "last write torn" or cut.after % 7:
            continue
        folder = tmp_path / str(tried)
        folder.mkdir()
        cut.disk.leave(cut.remains, folder)
        # damage was met before: now the program proves every page at its start
        (folder / STATION / f"{DATABASE}.suspect").touch()
        await try_out(folder / STATION, cut.promises)
        tried += 1
    assert tried


def promising(recording: Recording) -> Chosen:
    """Choose the moments right after a picture was sealed or a visit finished."""
    return frozenset(
        index
        for index, operation in enumerate(recording.operations)
        if isinstance(operation, Said) and operation.words.get("promise") in _TAKEN_IN
    ).__contains__


def right_after(recording: Recording, what: str) -> Chosen:
    """Choose the moment right after a promise, or a request to an address, was first made."""
    return frozenset((first(recording, what),)).__contains__


def first(recording: Recording, what: str) -> int:
    """The operation with which a promise, or a request that changes an address, was first made."""
    for index, operation in enumerate(recording.operations):
        if isinstance(operation, Said):
            words = operation.words
            asks = words.get("asks") == "POST" and str(words["path"]).endswith(what)
            if asks or words.get("promise") == what:
                return index
    raise AssertionError(f"the program never came to {what}")


def without_flushes(recording: Recording, what: str, *, since: str = "") -> Recording:
    """The same program on a disk that does not flush a file, or with ``/`` a folder's files.

    It flushed everything until the promise or the request ``since``.
    """
    paths = recording.paths()
    begin = first(recording, since) if since else 0

    def is_meant(node: Node) -> bool:
        return paths[node].startswith(what) if what.endswith("/") else paths[node] == what

    operations = tuple(
        Said({})
        if index >= begin and isinstance(operation, Sync) and is_meant(operation.node)
        else operation
        for index, operation in enumerate(recording.operations)
    )
    return replace(recording, operations=operations)
