"""``python -m tests.faults.model``: the model test with thousands of steps, and what they were."""

import argparse
import logging
import sys
import time

from hypothesis import seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.faults.model.machine import Station, steps_so_far
from tests.faults.model.profiles import FULL


def main() -> int:
    """Run it; 0 when every promise was kept."""
    parser = argparse.ArgumentParser(prog="tests.faults.model", description=__doc__)
    parser.add_argument("--examples", type=int, default=FULL.max_examples, help="lives to live")
    parser.add_argument("--steps", type=int, default=FULL.stateful_step_count, help="steps in each")
    parser.add_argument("--seed", type=int, default=None, help="for the same lives again")
    asked = parser.parse_args()
    logging.disable(logging.CRITICAL)
    lives = settings(FULL, max_examples=asked.examples, stateful_step_count=asked.steps)
    number = time.time_ns() % 2**32 if asked.seed is None else asked.seed
    begin = time.monotonic()
    try:
        run_state_machine_as_test(seed(number)(Station), settings=lives)
    finally:
        took_s = time.monotonic() - begin
        sys.stdout.write(f"{steps_so_far()} steps in {took_s:.0f} s, seed {number}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
