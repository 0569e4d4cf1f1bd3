"""Runs every benchmark and prints one table; ``--quick`` only shows that they run."""

import argparse
import logging
import os
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_LOGGING_RULES", "qt.qpa.*=false")

from tests.benchmarks.delivery import measure_delivery
from tests.benchmarks.frozen import measure_frozen
from tests.benchmarks.intake import measure_intake
from tests.benchmarks.link import FULL_COURSES, QUICK_COURSES, Course, measure_link
from tests.benchmarks.outbox import FULL_OUTBOXES, QUICK_OUTBOXES, Outboxes, measure_outbox
from tests.benchmarks.start import measure_start
from tests.benchmarks.subject import measure_subject
from tests.benchmarks.table import Report, table
from tests.benchmarks.together import measure_together


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured."""

    starts: int
    deliveries: int
    pictures: int
    size_bytes: int
    openings: int
    visits: int
    courses: Sequence[Course]
    sent_bytes: int
    """Size of one picture over a link."""
    photographs: int
    meanwhile: int
    """Photographs that are taken in while others are sent."""
    photograph_bytes: int
    outboxes: Outboxes


FULL = Scale(
    starts=11,
    deliveries=3,
    pictures=100,
    size_bytes=5_000_000,
    openings=7,
    visits=12,
    courses=FULL_COURSES,
    sent_bytes=4_000_000,
    photographs=300,
    meanwhile=60,
    photograph_bytes=8_000_000,
    outboxes=FULL_OUTBOXES,
)
QUICK = Scale(
    starts=1,
    deliveries=1,
    pictures=4,
    size_bytes=100_000,
    openings=1,
    visits=2,
    courses=QUICK_COURSES,
    sent_bytes=100_000,
    photographs=3,
    meanwhile=3,
    photograph_bytes=100_000,
    outboxes=QUICK_OUTBOXES,
)


def benchmarks(scale: Scale) -> Mapping[str, Callable[[], Report]]:
    """The benchmarks by their names."""
    return {
        "start": lambda: measure_start(scale.starts),
        "frozen": lambda: measure_frozen(scale.starts),
        "subject": lambda: measure_subject(scale.openings, scale.visits),
        "delivery": lambda: measure_delivery(scale.deliveries, scale.pictures, scale.size_bytes),
        "link": lambda: measure_link(scale.courses, scale.sent_bytes),
        "intake": lambda: measure_intake(scale.photographs, scale.photograph_bytes),
        "together": lambda: measure_together(scale.meanwhile, scale.photograph_bytes),
        "outbox": lambda: measure_outbox(scale.outboxes),
    }


def main(arguments: list[str]) -> int:
    """Measure, print; a missed aim is no error, for figures are for people to judge."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, one run")
    names = ", ".join(benchmarks(QUICK))
    parser.add_argument("names", nargs="*", help=f"only these: {names}")
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.names) - set(benchmarks(QUICK)):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}. There are {names}")
    scale = QUICK if chosen.quick else FULL
    logging.getLogger("haut_desktop").setLevel(logging.ERROR)
    reports = []
    for name, measure in benchmarks(scale).items():
        if not chosen.names or name in chosen.names:
            sys.stderr.write(f"measuring {name}\n")
            reports.append(measure())
    print(table([row for report in reports for row in report.rows]))
    for note in (note for report in reports for note in report.notes):
        print(f"  {note}")
    print(f"  {platform.platform()}, {os.cpu_count()} processors, load {_load()}")
    return 0


def _load() -> str:
    """How busy the computer is with other things: the figures suffer from it."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
