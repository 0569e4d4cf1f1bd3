"""Cuts the power after every operation and tries out each disk that can result."""

import asyncio
import logging
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.power_loss.disk import Disk, Remains
from tests.faults.power_loss.operations import Entry, Operation, Said, Sync
from tests.faults.power_loss.promises import Promises
from tests.faults.power_loss.recording import Recording
from tests.faults.power_loss.trial import try_out

STATION = "station"
Chosen = Callable[[int], bool]
"""Whether the disks after this operation are tried."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A disk on which something was broken."""

    after: int
    """The operation before the cut."""
    kind: str
    words: str


@dataclass(slots=True)
class Outcome:
    """What was tried, and what broke."""

    states: Counter[str] = field(default_factory=Counter)
    """Distinct disks by how they came about."""
    failures: list[Failure] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        """Put two parts together."""
        self.states.update(other.states)
        self.failures.extend(other.failures)


@dataclass(frozen=True, slots=True)
class Cut:
    """One moment without power: the disk, what may be left of it, what had been promised."""

    after: int
    disk: Disk
    remains: Remains
    promises: Promises


def cuts(recording: Recording, chosen: Chosen = lambda _: True) -> Iterator[Cut]:
    """Every distinct outcome of a cut after each chosen operation; read before the next one."""
    disk = Disk(recording.folders)
    promises = Promises()
    heard = 0
    seen: set[tuple[int, Remains]] = set()
    for index, operation in enumerate(recording.operations):
        disk.apply(index, operation)
        if isinstance(operation, Said):
            promises.hear(operation)
            heard += 1
        if not chosen(index):
            continue
        for remains in disk.cuts():
            if (heard, remains) not in seen:
                seen.add((heard, remains))
                yield Cut(index, disk, remains, promises)


def replay(
    recording: Recording, chosen: Chosen = lambda _: True, *, part: int = 0, parts: int = 1
) -> Outcome:
    """Try out every distinct disk; of several parts, one."""
    outcome = Outcome()
    with (
        _silence(),
        tempfile.TemporaryDirectory(dir=fast_folder()) as folder,
        asyncio.Runner() as runner,
    ):
        for number, cut in enumerate(cuts(recording, chosen)):
            if number % parts != part:
                continue
            outcome.states[cut.remains.kind] += 1
            place = Path(folder) / str(number)
            place.mkdir()
            cut.disk.leave(cut.remains, place)
            try:
                runner.run(try_out(place / STATION, deepcopy(cut.promises)))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is a failure to report
                words = f"{type(error).__name__}: {error}"
                outcome.failures.append(Failure(cut.after, cut.remains.kind, words))
            shutil.rmtree(place)
    return outcome


@contextmanager
def _silence() -> Iterator[None]:
    """Keep thousands of expected warnings off the screen; afterwards the program is heard again."""
    log = logging.getLogger("haut_desktop")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


def replay_part(folder: Path, parts: int, part: int) -> Outcome:
    """Try out one of several parts of a recording, in a process of its own."""
    recording = Recording.load(folder)
    begin = recording.shape.begin(recording.operations)
    return replay(recording, lambda index: index >= begin, part=part, parts=parts)


def near_commits(operations: tuple[Operation, ...], *, every: int = 1) -> Chosen:
    """Choose what lies right before and after every so-manieth flush or change of a name."""
    commits = [i for i, o in enumerate(operations) if isinstance(o, Sync | Entry)]
    near = {index - before for index in commits[::every] for before in (0, 1)}
    return near.__contains__


def fast_folder() -> str | None:
    """Memory, where there is some: what is tried there is not flushed to any disk."""
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() else None
