"""Which moments are deadly, and what came of each; two visits at a time."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from tests.faults.kill.points import AT_THE_STORE, ON_THE_DISK, ON_THE_NETWORK, Kind, Point
from tests.faults.kill.shapes import SHAPES, Shape
from tests.faults.kill.trial import Bench, DryRun, Outcome

_BEYOND: Final = 2
"""One moment more than the dry run had: a poll more or less is a matter of luck."""


@dataclass
class Row:
    """What became of one kind of visit."""

    shape: Shape
    dry: DryRun
    tried: Counter[Kind] = field(default_factory=Counter)
    """Kills at a counted moment, by kind."""
    at_random: int = 0
    over: int = 0
    """The visit had ended before its moment came; it was looked at all the same."""
    delivered: int = 0
    held: Counter[str] = field(default_factory=Counter)
    """Trials in which a person decided about what was held for this."""
    failures: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome, kind: Kind | None) -> None:
        """Count one trial."""
        if not outcome.was_killed:
            self.over += 1
        elif kind is None:
            self.at_random += 1
        else:
            self.tried[kind] += 1
        self.held.update(set(outcome.held))
        self.delivered += not outcome.failures
        self.failures += [f"{outcome.moment}: {words}" for words in outcome.failures]

    def killed(self, kinds: Sequence[Kind]) -> int:
        """How many kills there were at such moments."""
        return sum(self.tried[kind] for kind in kinds)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which moments are tried."""

    every: int = 1
    """Of all counted moments, each so-manieth."""
    at_random: int = 200
    seed: int = 1
    jobs: int = 2


def run(bench: Bench, chosen: Chosen, tell: Callable[[str], None]) -> list[Row]:
    """Try all of them."""
    rows = [Row(shape, bench.dry_run(shape)) for shape in SHAPES]
    delays = random.Random(chosen.seed)
    with ThreadPoolExecutor(chosen.jobs) as pool:
        for number, row in enumerate(rows):
            points = list(points_of(row.dry))[number % chosen.every :: chosen.every]
            share = len(range(number, chosen.at_random, len(rows)))
            moments = [delays.uniform(0, row.dry.seconds) for _ in range(share)]
            tell(f"{row.shape.name}: {len(points)} points, {share} random moments")
            at = [(point.kind, pool.submit(bench.kill_at, row.shape, point)) for point in points]
            after = [pool.submit(bench.kill_after, row.shape, delay) for delay in moments]
            for kind, done in [*at, *((None, one) for one in after)]:
                row.add(done.result(), kind)
                for words in done.result().failures:
                    tell(f"  {done.result().moment}: {words}")
    return rows


def points_of(dry: DryRun) -> Iterator[Point]:
    """Every moment that a visit has."""
    for kind in Kind:
        for number in range(1, dry.account.passed.get(kind, 0) + _BEYOND):
            yield Point(kind, number)


def table_of(rows: Sequence[Row]) -> str:
    """The rows for people."""
    words = ["visit", "commits", "renames", "network", "random", "over", "delivered", "failures"]
    lines = ["{:22}{:>9}{:>9}{:>9}{:>8}{:>6}{:>11}{:>10}  held".format(*words)]
    for row in rows:
        kinds = (AT_THE_STORE, ON_THE_DISK, ON_THE_NETWORK)
        numbers = "".join(f"{row.killed(each):>9}" for each in kinds)
        held = ", ".join(f"{count} for {kind}" for kind, count in sorted(row.held.items()))
        lines.append(
            f"{row.shape.name:22}{numbers}{row.at_random:>8}{row.over:>6}{row.delivered:>11}"
            f"{len(row.failures):>10}  {held or 'none'}"
        )
    return "\n".join(lines)
