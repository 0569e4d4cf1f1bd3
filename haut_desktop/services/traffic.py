"""Traffic: when and how fast the station sends, as a person has set it; kept over restarts."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from haut_desktop.domain.audit import Act
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.study import Study
from haut_desktop.domain.traffic import SendingRules
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.tasks import TaskScope

if TYPE_CHECKING:
    from haut_desktop.api.throttle import Throttle
    from haut_desktop.store.studies import StudyStore

_SETTING: Final = "sending-rules"
_log = logging.getLogger(__name__)


async def kept_rules(studies: "StudyStore") -> SendingRules:
    """Read the rules that were kept; ones that can't be read limit nothing."""
    if kept := await studies.setting(_SETTING):
        try:
            return msgspec.json.decode(kept, type=SendingRules)
        except (msgspec.DecodeError, ValueError):
            _log.warning("the kept sending rules can't be read")
    return SendingRules()


async def rest_of(studies: "StudyStore", study: Study) -> timedelta:
    """How long what is finished now in ``study``, or retaken, rests before it is sent."""
    return (await kept_rules(studies)).rest(study.plan)


class Traffic:
    """Holds the rules, lets the uploads' line obey them, and writes down who changed them."""

    def __init__(
        self,
        *,
        studies: "StudyStore",
        throttle: "Throttle",
        act: Callable[[str], Act],
        changes: Changes,
        tasks: TaskScope,
        clock: Clock,
    ) -> None:
        self._studies = studies
        self._throttle = throttle
        self._act = act
        self._changes = changes
        self._tasks = tasks
        self._clock = clock
        self._rules = SendingRules()
        self._zone = "UTC"
        self._known = asyncio.Event()
        self._is_pause_said = False
        # one change after the other, or the later one would write down the rules before the first
        self._keeping = asyncio.Lock()

    @property
    def rules(self) -> SendingRules:
        """What holds now."""
        return self._rules

    @property
    def zone(self) -> str:
        """The site's zone, in which the window's times are meant."""
        return self._zone

    def opens_at(self) -> datetime | None:
        """When sending may begin again by the window; None while it may."""
        return self._rules.opens_at(self._clock(), self._zone)

    async def load(self) -> None:
        """Take up the rules that were kept; ones that can't be read limit nothing.

        Somebody who paused before they were known, or let sending go on, has the last word.
        """
        async with self._keeping:
            site = await self._studies.site()
            kept = await kept_rules(self._studies)
            self._zone = site.zone if site else "UTC"
            self._take_up(self._paused_as_now(kept) if self._is_pause_said else kept)
            self._known.set()

    async def set_rules(self, rules: SendingRules, reason: str = "") -> None:
        """Keep and obey other rules; they stand in the trail with who set them. A pause stays."""
        async with self._keeping:
            await self._keep(self._paused_as_now(rules), reason)
            # somebody may have paused meanwhile; what that writes waits for this
            self._take_up(self._paused_as_now(rules))

    def note_pause(self, is_paused: bool) -> None:
        """Keep that somebody paused sending, or let it go on; delivery obeys already."""
        self._is_pause_said = True
        rules = replace(self._rules, is_paused=is_paused)
        if rules != self._rules:
            self._rules = rules
            self._tasks.start(self._keep_pause(is_paused), name="keep pause")

    def _paused_as_now(self, rules: SendingRules) -> SendingRules:
        return replace(rules, is_paused=self._rules.is_paused)

    async def _keep_pause(self, is_paused: bool) -> None:
        await self._known.wait()  # or it would write down defaults in the place of what was kept
        async with self._keeping:
            await self._keep(replace(self._rules, is_paused=is_paused), "")

    async def _keep(self, rules: SendingRules, reason: str) -> None:
        value = msgspec.json.encode(rules).decode()
        await self._studies.change_setting(_SETTING, value, self._act(reason))

    def _take_up(self, rules: SendingRules) -> None:
        self._rules = rules
        self._throttle.bytes_per_s = rules.most_bytes_per_s
        self._changes.send(Change(Topic.OUTBOX))
