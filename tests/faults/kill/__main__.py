"""Kills the program at every moment: ``python -m tests.faults.kill [--every N] [--random N]``."""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.kill.run import Chosen, run, table_of
from tests.faults.kill.trial import open_bench


def main() -> int:
    """Kill, start again, compare, print; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="tests.faults.kill", description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="only each so-manieth moment")
    parser.add_argument("--random", type=int, default=200, help="random moments")
    parser.add_argument("--seed", type=int, default=1, help="of the random moments")
    parser.add_argument("--jobs", type=int, default=2, help="visits at a time")
    asked = parser.parse_args()
    chosen = Chosen(asked.every, asked.random, asked.seed, asked.jobs)
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="haut-kill-"))
    with open_bench(folder) as bench:
        rows = run(bench, chosen, tell)
    tell(table_of(rows))
    tell(f"in {time.monotonic() - began:.0f} s, seed {chosen.seed}")
    failures = [words for row in rows for words in row.failures]
    if failures:
        tell(f"{len(failures)} failures; their stations are kept in {folder}")
    else:
        shutil.rmtree(folder)
    return int(bool(failures))


def tell(words: str) -> None:
    """Say how it goes."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
