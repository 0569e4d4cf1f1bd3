"""A part of the fault matrix for every change, and proofs that the matrix can fail.

``python -m tests.faults.matrix`` plays all of it and prints the table.
"""

import inspect
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from haut_desktop.api.client import HautApi
from haut_desktop.domain import errors
from haut_desktop.domain.delivery import BatchEvent, ImageEvent, Route, Waiting
from haut_desktop.domain.errors import ItemError, RefusedError
from haut_desktop.services import computing, registration
from haut_desktop.services.computing import Computing
from haut_desktop.services.inline_route import InlineRoute
from haut_desktop.services.registration import Registrar
from haut_desktop.services.signed_route import SignedRoute
from haut_desktop.services.troubles import trouble_of
from tests.conftest import ExpectedLogs
from tests.faults.matrix.cells import Cell, all_cells
from tests.faults.matrix.faults import FAULTS, QUIRKS, WRONG_CLOCKS
from tests.faults.matrix.lanes import Lane, open_lane
from tests.faults.matrix.playing import Outcome, play, play_all
from tests.faults.matrix.reasons import REASONS, WHY
from tests.faults.matrix.steps import STEPS
from tests.faults.matrix.table import draw

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(autouse=True)
def _warnings_are_part_of_it(expected_log: ExpectedLogs) -> None:
    expected_log.allow("haut_desktop|asyncio")


@pytest.fixture(scope="module")
def lane() -> Iterator[Lane]:
    """One platform for the cells that a test picks."""
    with open_lane() as opened:
        yield opened


_QUESTIONS = ((Route.SIGNED, "settle"), (Route.INLINE, "list"))


def _quick_part() -> list[Cell]:
    """Some of each table; of the first so many that every fault meets both routes."""
    cells = list(all_cells())
    first = [cell for cell in cells if cell.table == "one"]
    rest = [cell for cell in cells if cell.table != "one"]
    of_store = [cell for cell in first if cell.column == "put"][-3:]
    # refused questions about what arrived already: a batch is the one that could be called failed
    asked = [_find("refuse_early 413", *where) for where in _QUESTIONS]
    part = [*first[::4], *of_store, *rest[::97]]
    return [*part, *(cell for cell in asked if cell not in part)]


def _find(row: str, route: Route, column: str) -> Cell:
    return next(
        cell
        for cell in all_cells()
        if (cell.table, cell.row, cell.route, cell.column) == ("one", row, route, column)
    )


async def test_every_promise_is_kept_in_a_part_of_the_matrix() -> None:
    outcomes = await play_all(_quick_part(), lanes=4)
    broken = [f"{o.cell}: {words}" for o in outcomes for words in o.broken]
    assert not broken, draw(outcomes, 0.0)


def test_the_quick_part_has_every_fault_and_every_step() -> None:
    part = [cell for cell in _quick_part() if cell.table == "one"]
    assert {cell.row for cell in part} == {fault.name for fault in FAULTS}
    columns = {(route, step.name) for route, steps in STEPS.items() for step in steps}
    assert {(cell.route, cell.column) for cell in part} == columns


def test_the_matrix_is_whole() -> None:
    cells = list(all_cells())
    assert len({str(cell) for cell in cells}) == len(cells)
    tables = Counter(cell.table for cell in cells)
    columns = sum(len(steps) for steps in STEPS.values())
    anywhere = sum(not fault.of_store_alone for fault in FAULTS)
    assert tables["one"] == tables["again"] == anywhere * columns + len(FAULTS) - anywhere
    assert tables["quirk"] == (len(QUIRKS) + len(WRONG_CLOCKS)) * (columns + len(STEPS))


def test_every_reason_for_a_person_is_an_error_of_the_items() -> None:
    kinds = {
        name
        for module in (errors, registration, computing)
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, ItemError)
    }
    assert set(REASONS) <= kinds
    assert set(REASONS.values()) <= set(WHY)


def test_the_table_names_rows_and_columns() -> None:
    cell = _find("offline", Route.SIGNED, "compute")
    said = draw([Outcome(cell, signs=["c"])], took_s=1.0)
    assert "offline" in said
    assert "compute" in said
    assert WHY["c"] in said
    assert "computed twice: 0" in said


# ---- the matrix can fail -----------------------------------------------------------------


async def _broken(cell: Cell, lane: Lane) -> str:
    return "; ".join((await play(cell, lane)).broken)


async def test_it_sees_what_is_computed_twice(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    async def send_again(self: InlineRoute, image: Any, _found: object) -> None:
        await self._outbox.move_image(image.id, ImageEvent.RELEASE, waiting=Waiting())

    monkeypatch.setattr(InlineRoute, "_settle_one", send_again)
    assert "computed twice" in await _broken(_find("drop_answer", Route.INLINE, "post"), lane)


async def test_it_sees_what_is_said_to_be_sent(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    async def believe(self: HautApi, company: str, batch: str) -> None:
        where = f"/api/v3/companies/{company}/batches/{batch}/compute/"
        await self._platform.send("compute", "POST", where, body={"app_args": {}})

    monkeypatch.setattr(HautApi, "compute", believe)
    assert "wrong sent" in await _broken(_find("empty", Route.SIGNED, "compute"), lane)


async def test_it_sees_what_is_said_to_have_failed(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def give_up(self: SignedRoute, image: Any, _error: object, _to: object) -> None:
        refused = trouble_of(RefusedError(400, "invalid", "No."))
        await self._outbox.move_image(image.id, ImageEvent.HOLD, waiting=Waiting(trouble=refused))

    monkeypatch.setattr(SignedRoute, "_lose", give_up)
    assert "wrong failed" in await _broken(_find("drop_answer", Route.SIGNED, "put"), lane)


async def test_it_sees_a_batch_that_is_said_to_have_failed(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def give_up(self: Computing, batch: Any, _to: object) -> None:
        refused = trouble_of(RefusedError(400, "invalid", "No."))
        await self._outbox.move_batch(batch.id, BatchEvent.HOLD, waiting=Waiting(trouble=refused))

    monkeypatch.setattr(Computing, "settle", give_up)
    broken = await _broken(_find("drop_answer", Route.SIGNED, "compute"), lane)
    assert "wrong failed: the batch" in broken


async def test_it_sees_a_registration_that_is_said_to_have_failed(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def give_up(self: Registrar, registration: Any, _subject: object, _found: object) -> None:
        await self._hold(registration, RefusedError(400, "invalid", "No."))

    monkeypatch.setattr(Registrar, "_judge", give_up)
    broken = await _broken(_find("drop_answer", Route.INLINE, "register"), lane)
    assert "wrong failed: the subject" in broken


async def test_it_sees_a_fault_that_never_struck(lane: Lane) -> None:
    cell = Cell("one", "nothing", "nowhere", Route.INLINE, ((("kind", "5xx"), ("path", "/no/")),))
    assert "never met" in await _broken(cell, lane)
