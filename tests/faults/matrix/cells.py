"""The cells of the matrix: which faults, at which steps, with which quirk; and the whole product.

one          every fault at every step of both routes, once
again        the same fault at the same step's next request
other        two different faults at one step in a row, one of each kind of outcome (CLASSES)
following    a fault at a step and one at the step after it, one of each kind of outcome
quirk        every hostile quirk, and a clock that is wrong all the time: without a fault, and with
             a lost answer at every step
quirk again  … and with two lost answers in a row at every step
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Final

from haut_desktop.domain.delivery import Route
from haut_desktop.practice.quirks import Quirk
from tests.faults.matrix.faults import CLASSES, DROPPED, FAULTS, QUIRKS, WRONG_CLOCKS
from tests.faults.matrix.steps import NEEDED, STEPS, Fields, Step

NO_STEP: Final = "no fault"


@dataclass(frozen=True)
class Cell:
    """One delivery under faults."""

    table: str
    row: str
    column: str
    route: Route
    faults: tuple[tuple[tuple[str, object], ...], ...] = ()
    quirk: Quirk | None = None

    def __str__(self) -> str:
        return f"{self.table}: {self.row} at {self.route} {self.column}"

    def fault_fields(self) -> list[Fields]:
        """The faults as the platform takes them."""
        return [dict(fields) for fields in self.faults]


def all_cells() -> Iterator[Cell]:
    """The whole product, table by table."""
    yield from _one()
    yield from _again()
    yield from _quirks()
    yield from _other()
    yield from _following()


def _columns() -> Iterator[tuple[Route, Step]]:
    for route, steps in STEPS.items():
        for step in steps:
            yield route, step


def _one() -> Iterator[Cell]:
    for fault, (route, step) in product(FAULTS, _columns()):
        if fault.fits(step):
            yield _cell("one", fault.name, route, step, fault.at(step, count=1))


def _again() -> Iterator[Cell]:
    for fault, (route, step) in product(FAULTS, _columns()):
        if fault.fits(step):
            yield _cell("again", fault.name, route, step, fault.at(step, count=2))


def _other() -> Iterator[Cell]:
    for (first, second), (route, step) in product(product(CLASSES, CLASSES), _columns()):
        if first is not second:
            faults = first.at(step, count=1), second.at(step, count=1)
            yield _cell("other", f"{first.name} + {second.name}", route, step, *faults)


def _following() -> Iterator[Cell]:
    for route, steps in STEPS.items():
        for (step, after), (first, second) in product(pairwise(steps), product(CLASSES, CLASSES)):
            faults = first.at(step, count=1), second.at(after, count=1)
            row = f"{first.name} > {second.name}"
            yield _cell("following", row, route, step, *faults, after=after)


def _quirks() -> Iterator[Cell]:
    for quirk in QUIRKS:
        for route in STEPS:
            yield Cell("quirk", quirk, NO_STEP, route, quirk=quirk)
        for route, step in _columns():
            for table, count in (("quirk", 1), ("quirk again", 2)):
                fault = DROPPED.at(step, count=count)
                yield _cell(table, quirk, route, step, fault, quirk=quirk)
    for name, skew_s in WRONG_CLOCKS.items():
        clock: Fields = {"kind": "clock_skew", "target": "both", "skew_s": skew_s}
        for route in STEPS:
            yield Cell("quirk", name, NO_STEP, route, (tuple(sorted(clock.items())),))
        for route, step in _columns():
            for table, count in (("quirk", 1), ("quirk again", 2)):
                yield _cell(table, name, route, step, clock, DROPPED.at(step, count=count))


def _cell(
    table: str,
    row: str,
    route: Route,
    step: Step,
    *faults: Fields,
    after: Step | None = None,
    quirk: Quirk | None = None,
) -> Cell:
    # what brings a step about strikes before what is aimed at it
    needed = [NEEDED[each] for each in (step, after) if each in NEEDED]
    frozen = tuple(tuple(sorted(fields.items())) for fields in (*needed, *faults))
    return Cell(table, row, step.name, route, frozen, quirk)
