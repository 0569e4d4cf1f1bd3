"""The table of outcomes: rows are faults, columns are the steps of each route."""

from collections import Counter
from collections.abc import Iterator, Sequence

from haut_desktop.domain.delivery import Route
from tests.faults.matrix.cells import NO_STEP
from tests.faults.matrix.playing import Outcome
from tests.faults.matrix.reasons import HELD, WHY
from tests.faults.matrix.steps import STEPS

Key = tuple[Route, str]
_TITLES = {
    "one": "One fault at a step",
    "again": "The same fault twice in a row at a step",
    "quirk": "A quirk of the platform, alone and with a lost answer at a step",
    "quirk again": "A quirk of the platform, with two lost answers in a row at a step",
    "other": "Two faults in a row at a step",
    "following": "A fault at a step and one at the next step (column: the first of them)",
}


def draw(outcomes: Sequence[Outcome], took_s: float) -> str:
    """Everything that there is to say, for a terminal of any width."""
    parts = []
    for table in _TITLES:
        found = [outcome for outcome in outcomes if outcome.cell.table == table]
        if found:
            parts.append("\n".join([_TITLES[table], *_rows(found), ""]))
    return "\n".join([*parts, *_legend(outcomes), *_sums(outcomes, took_s), ""])


def _rows(outcomes: Sequence[Outcome]) -> Iterator[str]:
    by_place = {(o.cell.row, (o.cell.route, o.cell.column)): o.sign for o in outcomes}
    columns = _columns({key for _, key in by_place})
    rows = list(dict.fromkeys(outcome.cell.row for outcome in outcomes))
    width = max(len(row) for row in rows)
    order = {row: number for number, row in enumerate(dict.fromkeys(rows))}
    yield f"{'':<{width}}  " + _line([route for route, _ in columns], columns)
    yield f"{'':<{width}}  " + _line([name for _, name in columns], columns)
    for row in sorted(rows, key=lambda row: order[row]):
        signs = [by_place.get((row, key), "-") for key in columns]
        yield f"{row:<{width}}  " + _line(signs, columns)


def _columns(found: set[Key]) -> list[Key]:
    every = [
        (route, name)
        for route, steps in STEPS.items()
        for name in (NO_STEP, *(step.name for step in steps))
    ]
    return [key for key in every if key in found]


def _line(words: Sequence[str], columns: Sequence[Key]) -> str:
    cells = zip(words, columns, strict=True)
    return " ".join(f"{word:<{max(len(name), len(route), 4)}}" for word, (route, name) in cells)


def _legend(outcomes: Sequence[Outcome]) -> Iterator[str]:
    signs = Counter(sign for outcome in outcomes for sign in set(outcome.signs))
    yield ".  arrived by itself"
    yield "-  does not happen there"
    for sign, why in WHY.items():
        if signs[sign]:
            yield f"{sign}  {signs[sign]} cells: {why}"


def _sums(outcomes: Sequence[Outcome], took_s: float) -> Iterator[str]:
    words = Counter(words.partition(":")[0] for outcome in outcomes for words in outcome.broken)
    alone = sum(not outcome.signs and not outcome.broken for outcome in outcomes)
    helped = sum(bool(outcome.signs) and not outcome.broken for outcome in outcomes)
    yield ""
    yield (
        f"{len(outcomes)} cells in {took_s:.0f} s: {alone} arrived by themselves, {helped} after a"
        f" person's decision, {sum(bool(outcome.broken) for outcome in outcomes)} failed"
    )
    held = sum(bool(HELD & set(outcome.signs)) for outcome in outcomes)
    asked = sum(bool(set(outcome.signs) - HELD) for outcome in outcomes)
    yield f"held: {held} cells, for the reasons above"
    yield f"waited for the account or the platform: {asked} cells"
    yield f"of two faults one was never met: {sum(o.unmet > 0 for o in outcomes)} cells"
    for promise in ("lost", "computed twice", "wrong failed", "wrong sent"):
        yield f"{promise}: {words.pop(promise, 0)}"
    for other, count in words.items():
        yield f"{other}: {count}"
    slowest = sorted(outcomes, key=lambda outcome: -outcome.took_s)[:3]
    yield "slowest: " + "; ".join(f"{o.cell} {o.took_s:.1f} s" for o in slowest)
