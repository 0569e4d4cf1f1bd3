"""Tries everything: ``python -m tests.faults.power_loss [--shape S] [--jobs N]``."""

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from tests.faults.not_run import say_not_run
from tests.faults.power_loss.recording import record, why_not
from tests.faults.power_loss.replay import Outcome, replay_part
from tests.faults.power_loss.sample import run_sample
from tests.faults.power_loss.shapes import Shape


def main() -> int:
    """Record, replay, deliver, print; 1 when anything broke, 3 when nothing can be recorded."""
    parser = argparse.ArgumentParser(description="Proves that a power cut loses nothing.")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--sample-every", type=int, default=5)
    parser.add_argument("--shape", action="append", choices=[*Shape], help="only this kind of work")
    arguments = parser.parse_args()
    if reason := why_not():
        return say_not_run([reason])
    code = 0
    for shape in map(Shape, arguments.shape or Shape):
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            code |= _run(Path(folder) / shape, shape, arguments.jobs, arguments.sample_every)
        _tell(f"{shape}: {time.monotonic() - began:.0f} s\n")
    return code


def _run(folder: Path, shape: Shape, jobs: int, every: int) -> int:
    recording = record(folder, shape)
    _tell(f"{shape}:")
    kinds = Counter(type(operation).__name__ for operation in recording.operations)
    _tell(f"operations recorded: {len(recording.operations)}")
    _tell("  " + ", ".join(f"{count} {kind.lower()}" for kind, count in kinds.most_common()))
    outcome = Outcome()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        for part in pool.map(partial(replay_part, folder, jobs), range(jobs)):
            outcome.add(part)
        _tell(f"distinct disks opened: {outcome.states.total()}")
        for kind, count in outcome.states.most_common():
            _tell(f"  {count:6} {kind}")
    # one after the other: a restarted platform keeps its ports
    sample = run_sample(recording, every=every)
    _tell(f"work finished by the whole program: {sample.delivered}")
    for reason, count in sample.held.items():
        _tell(f"  {count:6} batches held: {reason}")
    failures = [*outcome.failures, *sample.failures]
    _tell(f"failures: {len(failures)}")
    for failure in failures[:100]:
        _tell(f"  after {failure.after}, {failure.kind}: {failure.words}")
    return 1 if failures else 0


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
