"""Plays one cell: a delivery under faults, a person where one is needed, and what came of it."""

import asyncio
import hashlib
import shutil
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Final

from haut_desktop.domain.analysis import Completeness
from haut_desktop.domain.delivery import BatchState, Route
from haut_desktop.domain.imaging import Batch
from haut_desktop.domain.outbox import VisitDelivery
from haut_desktop.practice.quirks import Quirk
from haut_desktop.services.results import Pace
from haut_desktop.store.secrets import MemorySecrets
from tests.e2e.stations import QUICK, HeadlessStation, open_workplace
from tests.e2e.studies import PlatformStudy
from tests.faults.matrix.cells import Cell
from tests.faults.matrix.lanes import Lane, open_lane
from tests.faults.matrix.person import Person
from tests.faults.matrix.reasons import WHY
from tests.faults.matrix.truth import differences, final_differences, held_reasons
from tests.waiting import in_time

PACING: Final = replace(
    QUICK,
    quiet_s=1.2,
    second_look_s=0.2,
    quiet_registration_s=1.2,
    settling_s=2.5,
    settle_again_s=0.2,
    results=Pace(
        first_s=0.05, slowest_s=0.2, refused_s=0.3, account_s=0.3, after_overdue_s=0.3, idle_s=0.5
    ),
)
"""Every delay short, and the quiet times longer than a late commit is late and a list lags."""
PATIENCE_S: Final = 60.0
"""Longer than any cell needs; what takes so long is stuck."""
_LOOK_S: Final = 0.03
_NEVER_BY_ITSELF: Final[dict[tuple[Quirk | None, Route], str]] = {
    (Quirk.INITIATE_FEWER_SIDES, Route.SIGNED): "UnexpectedAnswerError",
}
"""A platform with which nothing can arrive, and in what words the station says so."""


@dataclass
class Outcome:
    """What came of a cell."""

    cell: Cell
    signs: list[str] = field(default_factory=list)
    """A person's decisions, as the reasons' signs."""
    broken: list[str] = field(default_factory=list)
    """Broken promises; empty for a good cell."""
    unmet: int = 0
    """Faults that the delivery never came to, because of an earlier one."""
    took_s: float = 0.0

    @property
    def sign(self) -> str:
        """The cell's word in the table: ``.`` arrived by itself."""
        return "FAIL" if self.broken else "".join(dict.fromkeys(self.signs)) or "."


async def play_all(
    cells: Sequence[Cell],
    lanes: int,
    on_outcome: Callable[[Outcome], None] = lambda _outcome: None,
) -> list[Outcome]:
    """Play the cells, as many at once as there are lanes, each lane on a platform of its own."""
    todo, outcomes = list(reversed(cells)), list[Outcome]()

    async def run(lane: Lane) -> None:
        while todo:
            outcome = await play(todo.pop(), lane)
            outcomes.append(outcome)
            on_outcome(outcome)

    with ExitStack() as stack:
        opened = [stack.enter_context(open_lane()) for _ in range(min(lanes, len(todo)))]
        await asyncio.gather(*map(run, opened))
    return outcomes


async def play(cell: Cell, lane: Lane) -> Outcome:
    """Play ``cell`` to its end."""
    outcome, begin = Outcome(cell), time.monotonic()
    there = await lane.prepare(cell)
    folder = lane.folder / there.name
    try:
        async with open_workplace(folder, MemorySecrets(), pacing=PACING) as station:
            game = _Game(cell, lane, there, station, outcome)
            await game.play()
    except Exception as error:  # noqa: BLE001 - a cell that breaks is a failed cell, not the end
        outcome.broken.append(f"{type(error).__name__}: {error}")
    finally:
        await lane.relent()
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    outcome.took_s = time.monotonic() - begin
    return outcome


@dataclass
class _Game:
    """One cell being played."""

    cell: Cell
    lane: Lane
    there: PlatformStudy
    station: HeadlessStation
    outcome: Outcome
    has_compared: bool = False

    def __post_init__(self) -> None:
        self.person = Person(self.station, self.lane, self.there)

    async def play(self) -> None:
        before = await self.lane.violations()
        await self.station.sign_in(self.lane.platform.url)
        study = await self.station.choose_study(self.there.name)
        await self.lane.begin(self.cell)
        subject = await self.station.register(study, "M-001")
        await self.station.finish_visit(study, subject, *self.lane.pictures)
        try:
            await in_time(self._look, deadline_s=PATIENCE_S, every_s=_LOOK_S)
        except AssertionError as error:
            standing = [*await self.station.standing(), *self.station.errors]
            self.outcome.broken.append(f"stuck: {error}: {standing} {self.outcome.signs}")
        if not self.outcome.broken:
            await self._check_end(before)

    async def _look(self) -> bool:
        """Whether the delivery has come to its end, or broken a promise."""
        if await self._has_ended():
            return True
        await self._compare_once_submitted()
        await self._compare_and_decide()
        if "w" not in self.outcome.signs:
            await self._relent_if_it_waits()
        return bool(self.outcome.broken)

    async def _check_end(self, violations_before: int) -> None:
        visit, truth = await self._visit(), await self.lane.truth(self.there)
        hashes = Counter(hashlib.sha256(p.read_bytes()).hexdigest() for p in self.lane.pictures)
        broken = self.outcome.broken
        broken.extend(differences(visit, truth))
        broken.extend(final_differences(visit, truth, self.lane.pictures, hashes))
        unmet = await self.lane.unmet()
        if unmet and self.cell.table in ("one", "again"):
            broken.append("never met: the fault did not strike")
        self.outcome.unmet = unmet
        if self.station.errors:
            broken.append(f"reported: {[error.kind for error in self.station.errors]}")
        if await self.lane.violations() != violations_before:
            broken.append("the token was shown to the object store")
        for batch in visit.batches:
            for image in batch.images:
                rendition = image.rendition
                await asyncio.to_thread(
                    self.station.work.store.vault.open,
                    rendition.vault_name,
                    rendition.digest.sha256,
                )

    async def _has_ended(self) -> bool:
        visit = await self._visit()
        return await self._is_sent() and all([await self._has_results(b) for b in visit.batches])

    async def _is_sent(self) -> bool:
        states = {batch.state for batch in (await self._visit()).batches}
        return states == {BatchState.SUBMITTED}

    async def _has_results(self, batch: Batch) -> bool:
        state = await self.station.work.store.results.completeness(batch.id)
        if self.cell.quirk is Quirk.RESULTS_SOME_SIDES:
            return state is not Completeness.PENDING
        return state is Completeness.COMPLETE

    async def _visit(self) -> VisitDelivery:
        (visit,) = await self.station.work.outbox.overview(limit=2)
        return visit

    async def _compare_and_decide(self) -> None:
        """Where the station stands still, compare, and let the person decide."""
        visit = await self._visit()
        if any(held_reasons(visit)):
            await self._compare()
        for reason in await self.person.decide(visit):
            (self.outcome.signs if reason in WHY else self.outcome.broken).append(reason)

    async def _compare_once_submitted(self) -> None:
        """What is said to be submitted must be so at that very moment, whatever comes later."""
        if not self.has_compared and await self._is_sent():
            self.has_compared = True
            await self._compare()

    async def _compare(self) -> None:
        visit, truth = await self._visit(), await self.lane.truth(self.there)
        self.outcome.broken.extend(differences(visit, truth))

    async def _relent_if_it_waits(self) -> None:
        """Let the platform be as it should where nothing can arrive, once the station says why."""
        words = _NEVER_BY_ITSELF.get((self.cell.quirk, self.cell.route))
        batches = (await self._visit()).batches
        if words in {batch.waiting.trouble.kind for batch in batches if batch.waiting.trouble}:
            self.outcome.signs.append("w")
            await self.lane.be_normal()
