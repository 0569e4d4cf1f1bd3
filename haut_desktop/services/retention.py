"""Retention: a delivered picture leaves the station when the imaging plan's time for it is over.

Only what is proven to be on the platform goes, and only by a plan that names a time; without one
the pictures are kept until the study is closed. What was set aside or removed is never proven to
be anywhere: it goes when the study is closed and its visit has gone whole. Each erasure is
audited, its reason is the rule.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from haut_desktop.domain.audit import Act
from haut_desktop.domain.errors import HautError, ItemError, VaultError
from haut_desktop.domain.ids import OriginalId, StudyId
from haut_desktop.domain.study import Study
from haut_desktop.services.erasure import Erasures
from haut_desktop.services.pauses import pause

if TYPE_CHECKING:
    from haut_desktop.store.asides import AsideStore
    from haut_desktop.store.erasures import ErasureStore
    from haut_desktop.store.studies import StudyStore

LOOK_AGAIN_S: Final = 3600.0
"""Seconds between two looks; a picture that stays an hour longer harms nobody."""
NOT_TOLD_S: Final = 15.0
"""Seconds between two looks before the platform has told its time: a program that is open for less
than an hour at a time erases as well."""
CLOSED: Final = 0
"""Days for which a closed study's pictures stay after their delivery is proven."""
ASIDE_RULE: Final = (
    "The study is closed: pictures that were set aside or removed leave once their visit is "
    "delivered."
)
AT_ONCE: Final = 50
"""Pictures between two looks at what is over, so that a long list holds nothing in memory."""

_Over = Callable[[StudyId, datetime, int], Awaitable[tuple[OriginalId, ...]]]

_log = logging.getLogger(__name__)


class Retention:
    """Looks now and then, quietly, and erases what the plans do not want kept any longer."""

    def __init__(
        self,
        *,
        studies: "StudyStore",
        store: "ErasureStore",
        asides: "AsideStore",
        erasures: Erasures,
        now: Callable[[], datetime | None],
        look_again_s: float = LOOK_AGAIN_S,
        not_told_s: float = NOT_TOLD_S,
    ) -> None:
        self._studies = studies
        self._store = store
        self._asides = asides
        self._erasures = erasures
        self._now = now
        self._look_again_s = look_again_s
        self._not_told_s = not_told_s

    async def run(self) -> None:
        """Finish what a crash interrupted, then look again and again until cancelled."""
        while True:
            is_time_told = self._now() is not None
            try:
                await self._erasures.finish_pending()
                await self.look()
            except HautError as error:
                _log.info("retention waits: %s", error.kind)
            await pause(asyncio.Event(), self._look_again_s if is_time_told else self._not_told_s)

    async def look(self) -> int:
        """Erase everything whose time is over; says how many pictures went.

        By the platform's time: a station's clock that was set ahead must not erase anything.
        """
        now, gone = self._now(), 0
        if now is None:
            return 0
        for study in await self._studies.every_study():
            gone += await self._clear(study, now)
        return gone

    async def _clear(self, study: Study, now: datetime) -> int:
        keep_days = study.plan.keep_days
        if keep_days is None:
            return 0
        until = now - timedelta(days=keep_days)
        gone = await self._clear_all(self._store.outlived, study.id, until, rule_words(keep_days))
        if keep_days == CLOSED:
            gone += await self._clear_all(self._asides.outlived, study.id, until, ASIDE_RULE)
        return gone

    async def _clear_all(self, find: _Over, study_id: StudyId, until: datetime, rule: str) -> int:
        act, gone = Act(reason=rule), 0
        while over := await find(study_id, until, AT_ONCE):
            erased = [original_id for original_id in over if await self._erase(original_id, act)]
            gone += len(erased)
            if not erased:
                break  # what is refused comes back with every look
        return gone

    async def _erase(self, original_id: OriginalId, act: Act) -> bool:
        """Erase one; trouble with it keeps no other picture here."""
        try:
            await self._erasures.erase(original_id, act)
        except (ItemError, VaultError) as error:
            _log.info("%s is not erased yet: %s", original_id, error.kind)
            return False
        return True


def rule_words(keep_days: int | None) -> str:
    """The rule in words, as it stands in the audit trail."""
    if keep_days is None:
        return "Pictures are kept until the study is closed."
    if keep_days == CLOSED:
        return "The study is closed: pictures leave once their delivery is proven."
    days = "1 day" if keep_days == 1 else f"{keep_days} days"
    return f"The imaging plan keeps pictures for {days} after their delivery is proven."
