"""``python -m tests.faults.matrix``: plays the whole matrix and prints its table of outcomes."""

import argparse
import asyncio
import logging
import sys
import time
from typing import Final

from tests.faults.matrix.cells import all_cells
from tests.faults.matrix.playing import Outcome, play_all
from tests.faults.matrix.table import draw

_TELL_EVERY: Final = 200


class _Teller:
    """Says at once what is broken, and now and then how far it has come."""

    def __init__(self, cells: int) -> None:
        self._cells, self._done = cells, 0

    def __call__(self, outcome: Outcome) -> None:
        self._done += 1
        for words in outcome.broken:
            self._say(f"{outcome.cell}: {words}")
        if not self._done % _TELL_EVERY:
            self._say(f"{self._done} of {self._cells} cells")

    def _say(self, words: str) -> None:
        sys.stderr.write(words + "\n")
        sys.stderr.flush()


def main() -> int:
    """Play the matrix; 1 when a promise was broken anywhere."""
    parser = argparse.ArgumentParser(prog="tests.faults.matrix", description=__doc__)
    parser.add_argument("--lanes", type=int, default=10, help="cells at once, each a platform")
    parser.add_argument("--table", action="append", default=[], help="only this table")
    parser.add_argument("--row", default="", help="only rows with this word")
    parser.add_argument("--column", default="", help="only this column")
    parser.add_argument("--every", type=int, default=1, help="only every n-th cell")
    parser.add_argument("--repeat", type=int, default=1, help="each cell so often")
    asked = parser.parse_args()
    cells = [
        cell
        for cell in all_cells()
        if (not asked.table or cell.table in asked.table)
        and asked.row in cell.row
        and asked.column in ("", cell.column)
    ][:: asked.every] * asked.repeat
    logging.disable(logging.CRITICAL)
    begin = time.monotonic()
    outcomes = asyncio.run(play_all(cells, asked.lanes, _Teller(len(cells))))
    sys.stdout.write(draw(outcomes, time.monotonic() - begin))
    return int(any(outcome.broken for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
