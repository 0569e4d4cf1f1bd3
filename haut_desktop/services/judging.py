"""Judging pictures that are sealed: after the sealing, one by one, never in its way."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from haut_desktop.domain.audit import BY_ITSELF
from haut_desktop.domain.days import day_words
from haut_desktop.domain.ids import VisitId
from haut_desktop.domain.imaging import CaptureTime, ImageType, Side, Slot, VerdictLevel
from haut_desktop.domain.visits import OTHER_DAY, TakenPicture, Visit, other_day
from haut_desktop.services import quality
from haut_desktop.services.tasks import TaskScope

if TYPE_CHECKING:
    from haut_desktop.services.quality import View
    from haut_desktop.store.pictures import PictureStore

_log = logging.getLogger(__name__)

_SHOWS_A_FACE: Final = frozenset({ImageType.SELFIE, ImageType.VISIA})


@dataclass(frozen=True, slots=True)
class Sealed:
    """A picture that was taken in, with what a judgement needs."""

    taken: TakenPicture
    slot: Slot
    visit: Visit
    view: "View"
    zone: str
    """The site's."""


class Judgements:
    """Adds the station's verdicts; whatever goes wrong here leaves the picture taken in."""

    def __init__(
        self, pictures: "PictureStore", tasks: TaskScope, on_judged: Callable[[VisitId], None]
    ) -> None:
        self._pictures = pictures
        self._tasks = tasks
        self._on_judged = on_judged
        self._sealing = 0
        self._is_quiet = asyncio.Event()
        self._is_quiet.set()
        self._turn = asyncio.Lock()

    @contextmanager
    def put_off(self) -> Iterator[None]:
        """Let what is put into the queue wait while the block seals pictures."""
        self._sealing += 1
        self._is_quiet.clear()
        try:
            yield
        finally:
            self._sealing -= 1
            if not self._sealing:
                self._is_quiet.set()

    def queue(self, sealed: Sealed) -> asyncio.Task[None]:
        """Judge a picture when it is its turn, whatever becomes of who asked for it."""
        return self._tasks.start(self._judge_in_turn(sealed), name="judge picture")

    async def judge(self, sealed: Sealed) -> TakenPicture:
        """Judge a picture now, and give it with its verdicts."""
        taken = sealed.taken
        try:
            findings = await asyncio.to_thread(_find, sealed)
            verdicts = tuple(finding.of(taken.rendition.id) for finding in findings)
            await self._pictures.add_verdicts(verdicts, BY_ITSELF)
        except Exception:  # noqa: BLE001 - it is taken in already
            _log.exception("picture %s could not be judged", taken.original.id)
            return taken
        return replace(taken, verdicts=verdicts)

    async def _judge_in_turn(self, sealed: Sealed) -> None:
        async with self._turn:
            await self._is_quiet.wait()
            await self.judge(sealed)
        self._on_judged(sealed.visit.id)


def _find(sealed: Sealed) -> tuple[quality.Finding, ...]:
    slot = sealed.slot
    needs_face = slot.image_type in _SHOWS_A_FACE and slot.side is not Side.OTHER
    findings = quality.judge_view(sealed.view, needs_face=needs_face, side=slot.side)
    day = _other_day(sealed.taken.original.captured, sealed.visit, sealed.zone)
    return (*findings, day) if day else findings


def _other_day(captured: CaptureTime, visit: Visit, zone: str) -> quality.Finding | None:
    day = other_day(captured, visit, zone)
    if day is None:
        return None
    text = (
        f"By the camera's clock it was taken on {day_words(day)}, and the visit is on "
        f"{day_words(visit.local_date)}. Check the clock, and that it is this visit's picture."
    )
    return quality.Finding(OTHER_DAY, VerdictLevel.WARN, text)
