"""How long a study's pictures stay on this station, as a person has set it.

Setting it erases nothing: retention does, by the platform's time, and only what is proven to be
there, or in a closed study was never to go there (``services/retention.py``).
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from haut_desktop.domain.audit import Act
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.errors import ItemError
from haut_desktop.domain.study import Study
from haut_desktop.services.retention import CLOSED, rule_words

if TYPE_CHECKING:
    from haut_desktop.store.asides import AsideStore
    from haut_desktop.store.erasures import ErasureStore
    from haut_desktop.store.studies import StudyStore

_MOST_DAYS: Final = 36_500
_ALL: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Kept:
    """What stays on the station of a study, and for how long."""

    study: Study
    rule: str
    """In words."""
    delivered: int
    """Pictures here that are proven to be on the platform."""
    leaving: int
    """Those of them whose time is over, by this computer's clock."""
    aside: int
    """Pictures here that were set aside or removed, of visits that have gone: they leave when the
    study is closed."""


class Keeping:
    """Says and changes for how long pictures are kept."""

    def __init__(
        self,
        *,
        studies: "StudyStore",
        erasures: "ErasureStore",
        asides: "AsideStore",
        clock: Clock,
    ) -> None:
        self._studies = studies
        self._erasures = erasures
        self._asides = asides
        self._clock = clock

    async def every(self) -> tuple[Kept, ...]:
        """Say it of every study that was worked on here."""
        return tuple([await self._kept(one) for one in await self._studies.every_study()])

    async def find(self, words: str) -> Study:
        """Find a study by its number or its name; raises ItemError unless exactly one has it."""
        found = [s for s in await self._studies.every_study() if words in (s.id, s.name)]
        if len(found) != 1:
            how_many = "Several studies have" if found else "No study of this station has"
            raise ItemError(
                f"{how_many} this name or number. Look at the list and give the number.",
                title="Which study?",
            )
        return found[0]

    async def planned(self, study: Study, days: int | None) -> Kept:
        """Say what another rule would mean; nothing is changed. Raises ItemError for a bad one."""
        if days is not None and not CLOSED <= days <= _MOST_DAYS:
            raise ItemError(
                f"Choose from 1 to {_MOST_DAYS:,} days.", title="The time was not changed"
            )
        return await self._kept(replace(study, plan=replace(study.plan, keep_days=days)))

    async def set(self, kept: Kept, act: Act) -> None:
        """Let it be so from now on; the plan's new version and the trail say who and why."""
        await self._studies.save_study(kept.study, replace(act, reason=f"{kept.rule} {act.reason}"))

    async def _kept(self, study: Study) -> Kept:
        now, days = self._clock(), study.plan.keep_days
        delivered = await self._erasures.outlived(study.id, now, _ALL)
        leaving: tuple[object, ...] = ()
        if days is not None:
            leaving = await self._erasures.outlived(study.id, now - timedelta(days=days), _ALL)
        aside = await self._asides.outlived(study.id, now, _ALL)
        return Kept(study, rule_words(days), len(delivered), len(leaving), len(aside))
