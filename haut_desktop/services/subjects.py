"""Subjects of a study: found, checked, registered offline, and brought in from the platform."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from haut_desktop.domain.audit import Act
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.ids import StationId, SubjectId
from haut_desktop.domain.study import Study
from haut_desktop.domain.subjects import Subject, SubjectDetails

if TYPE_CHECKING:
    from haut_desktop.api.client import HautApi
    from haut_desktop.services.changes import Changes
    from haut_desktop.store.subjects import SubjectRow, SubjectStore

ASK_THERE_S: Final = 4.0
"""How long the check of a typed code waits for the platform, in seconds."""


@dataclass(frozen=True, slots=True)
class CodeCheck:
    """What is known about a code that is being typed."""

    code: str
    """In its one form (``normalise_code``)."""
    problem: str | None
    """What is wrong with its form, in words; None when nothing is."""
    is_taken_here: bool
    is_taken_there: bool | None
    """Whether the platform has a subject of this name; None when it was not asked or is away."""

    @property
    def is_free(self) -> bool:
        """Whether a new subject may have this code, as far as is known."""
        return self.problem is None and not self.is_taken_here and not self.is_taken_there


@dataclass(frozen=True, slots=True)
class SubjectSync:
    """What a synchronisation with the platform's list did."""

    added: int
    matched: int
    flagged: tuple[str, ...]
    """Codes that another entry of the platform also has: a person says same or different."""


class Subjects:
    """The subjects of the studies on this station."""

    def __init__(
        self,
        *,
        api: "HautApi",
        store: "SubjectStore",
        station_id: StationId,
        act: Callable[[str], Act],
        changes: "Changes",
        clock: Clock,
        ask_there_s: float = ASK_THERE_S,
    ) -> None:
        self._api = api
        self._store = store
        self._station_id = station_id
        self._act = act
        self._changes = changes
        self._clock = clock
        self._ask_there_s = ask_there_s

    async def search(self, study: Study, text: str = "") -> "tuple[SubjectRow, ...]":
        """Find subjects by any part of a code; an empty text lists all, at most 200."""
        raise NotImplementedError

    async def get(self, subject_id: SubjectId) -> Subject:
        """Read one subject."""
        raise NotImplementedError

    async def check_code(self, study: Study, text: str) -> CodeCheck:
        """Check a typed code's form, whether it is taken here, and, in bounded time, there."""
        raise NotImplementedError

    async def register(self, study: Study, text: str, details: SubjectDetails) -> Subject:
        """Add a subject with a draft registration per dataset; needs no network.

        Raises ``SubjectCodeError`` for a code that is malformed or in use.
        """
        raise NotImplementedError

    async def sync(self, study: Study) -> SubjectSync:
        """Bring the platform's subjects of every dataset of ``study`` into the local list."""
        raise NotImplementedError
