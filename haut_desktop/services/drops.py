"""Drops: pictures that come together, looked at ahead, sealed in their order, judged afterwards."""

import asyncio
import logging
import traceback
from collections.abc import Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from haut_desktop.domain.errors import HautError, PictureError
from haut_desktop.domain.ids import SlotId, VisitId
from haut_desktop.domain.visits import TakenPicture
from haut_desktop.services import intake
from haut_desktop.services.intake import Source
from haut_desktop.services.judging import Judgements
from haut_desktop.services.looking import Looked, Looker
from haut_desktop.services.picture_intake import PictureIntake
from haut_desktop.services.tasks import TaskScope

_log = logging.getLogger(__name__)

_UNFORESEEN: Final = (
    "The picture could not be taken in, and the program does not know why. Nothing of it was kept; "
    "the file is as it was. Export it as JPEG once more and add that; the log says more."
)


@dataclass(frozen=True, slots=True)
class IntakeOutcome:
    """What became of one dropped picture: exactly one of ``taken`` and ``error`` is set."""

    name: str
    """The file's name, for the screen only."""
    taken: TakenPicture | None = None
    """Sealed and in the record; its verdicts follow."""
    error: HautError | None = None


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who wants to hear how a drop gets on."""

    on_outcome: Callable[[IntakeOutcome], None]
    """A picture was sealed, or was not taken in."""
    on_judged: Callable[[], None]
    """A picture that was sealed has its verdicts."""

    def hear(self, judgement: asyncio.Task[None]) -> None:
        """Tell of a judgement that came to its end."""
        if not judgement.cancelled():
            self.on_judged()


class Drops:
    """Takes in many pictures; an error of one does not stop the others."""

    def __init__(
        self,
        *,
        looker: Looker,
        intake: PictureIntake,
        judgements: Judgements,
        tasks: TaskScope,
        on_sealed: Callable[[VisitId], None],
    ) -> None:
        self._looker = looker
        self._intake = intake
        self._judgements = judgements
        self._tasks = tasks
        self._on_sealed = on_sealed

    async def take_in(
        self, visit_id: VisitId, sources: Iterable[Source], watcher: Watcher, slot_id: SlotId | None
    ) -> None:
        """Take in pictures and folders; comes back when all that were sealed are judged.

        Cancelled, it begins to seal no further picture; what is sealed is judged nevertheless.
        """
        found = await _expand(sources, watcher)
        place = slot_id if len(found) == 1 else None
        judging: list[asyncio.Task[None]] = []
        with self._judgements.put_off():
            async with aclosing(self._looker.ahead(found)) as looked_at:
                async for source, looking in looked_at:
                    outcome, judgement = await self._to_its_end(visit_id, source, looking, place)
                    if judgement is not None:
                        judgement.add_done_callback(watcher.hear)
                        judging.append(judgement)
                    watcher.on_outcome(outcome)
        if judging:
            await asyncio.wait(judging)

    async def _to_its_end(
        self,
        visit_id: VisitId,
        source: Source,
        looking: asyncio.Future[Looked],
        slot_id: SlotId | None,
    ) -> tuple[IntakeOutcome, asyncio.Task[None] | None]:
        """Seal one picture and queue its judgement; once begun, a stopped drop stops neither."""
        await asyncio.wait([looking])
        work = self._outcome(visit_id, source, looking, slot_id)
        return await asyncio.shield(self._tasks.start(work, name="seal picture"))

    async def _outcome(
        self,
        visit_id: VisitId,
        source: Source,
        looking: asyncio.Future[Looked],
        slot_id: SlotId | None,
    ) -> tuple[IntakeOutcome, asyncio.Task[None] | None]:
        try:
            sealed = await self._intake.take_in(visit_id, source, looking, slot_id)
        except HautError as error:
            return IntakeOutcome(source.name, error=error), None
        except Exception as error:  # noqa: BLE001 - one odd picture stops no other
            # only where, not what: the words of an error may carry the file's name
            where = "".join(traceback.format_tb(error.__traceback__))
            _log.error("a picture failed with %s\n%s", type(error).__name__, where)
            return IntakeOutcome(source.name, error=PictureError(_UNFORESEEN)), None
        self._on_sealed(visit_id)
        return IntakeOutcome(source.name, sealed.taken), self._judgements.queue(sealed)


async def _expand(sources: Iterable[Source], watcher: Watcher) -> list[Source]:
    found: list[Source] = []
    for source in sources:
        try:
            found.extend(await asyncio.to_thread(intake.expand, source))
        except HautError as error:
            watcher.on_outcome(IntakeOutcome(source.name, error=error))
    try:
        intake.check_count(len(found))
    except HautError as error:
        watcher.on_outcome(IntakeOutcome(f"{len(found)} pictures", error=error))
        return []
    return found
