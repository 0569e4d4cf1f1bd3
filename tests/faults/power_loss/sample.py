"""A sample of the disks on which the whole program is started and has to finish the work."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from tests.faults.power_loss.delivering import Delivered, deliver, place
from tests.faults.power_loss.operations import Operation, Said
from tests.faults.power_loss.recording import Recording
from tests.faults.power_loss.replay import STATION, Cut, Failure, cuts, fast_folder
from tests.faults.power_loss.shapes import Shape

WORST: Final = frozenset({"all lost", "all kept", "data lost, names kept", "last write torn"})


@dataclass(slots=True)
class Sample:
    """How the work ended on each disk."""

    delivered: int = 0
    held: Counter[str] = field(default_factory=Counter)
    """Batches that wait for a person, by the reason."""
    failures: list[Failure] = field(default_factory=list)


def moments(operations: Iterable[Operation]) -> frozenset[int]:
    """The operations around which the network or the technician is told something."""
    said = [index for index, operation in enumerate(operations) if isinstance(operation, Said)]
    return frozenset(index + near for index in said for near in (-1, 0, 2))


def run_sample(recording: Recording, *, every: int) -> Sample:
    """Finish the work on every so-many-th disk around the moments."""
    sample = Sample()
    begin = recording.shape.begin(recording.operations)
    chosen = frozenset(index for index in moments(recording.operations) if index >= begin)
    worst = (cut for cut in cuts(recording, chosen.__contains__) if cut.remains.kind in WORST)
    for cut in islice(worst, every // 2, None, every):
        with tempfile.TemporaryDirectory(dir=fast_folder()) as folder:
            try:
                outcome = _deliver(recording, cut, Path(folder))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is a failure to report
                words = f"{type(error).__name__}: {error}"
                sample.failures.append(Failure(cut.after, cut.remains.kind, words))
                continue
        sample.delivered += 1
        sample.held.update(outcome.held)
    return sample


def _deliver(recording: Recording, cut: Cut, folder: Path) -> Delivered:
    (folder / "disk").mkdir()
    cut.disk.leave(cut.remains, folder / "disk")
    station = folder / "disk" / STATION
    promises = deepcopy(cut.promises)
    if recording.shape is Shape.SPOOL:
        return asyncio.run(place(station, promises))
    return asyncio.run(deliver(recording, station, promises, folder / "platform"))
