"""What a verification of the station found: what was looked at, and what differs."""

from dataclasses import dataclass
from datetime import datetime

from haut_desktop.domain.overviews import Whereabouts
from haut_desktop.domain.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as the record has it."""

    kind: str
    """A stable word: ``picture-missing``, ``picture-damaged``, ``not-on-platform``, …"""
    entity: str
    entity_id: str
    words: str
    tenant: Tenant | None = None
    """The company, on its platform, to which it goes or went; None for what goes to nobody."""
    place: Whereabouts | None = None
    """Whose it is and where it is found; None for what has no place."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A confirmed picture that the platform was asked for without an answer."""

    image_id: str
    words: str
    tenant: Tenant
    place: Whereabouts


@dataclass(frozen=True, slots=True)
class Holder:
    """A company on a platform that holds pictures of this station."""

    tenant: Tenant
    confirmed_pictures: int
    """Pictures that the record says are there, also those that were erased here."""
    asked_pictures: int = 0
    """Those of them that the platform was asked for."""


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """What was looked at and what differs."""

    made_at: datetime
    pictures: int = 0
    """Sealed pictures that were read again, each to its end."""
    spooled_pictures: int = 0
    """Pictures that were read in the spool: sealed without the keys, in nobody's record yet."""
    bytes_read: int = 0
    asked_pictures: int = 0
    """Confirmed pictures that the platform was asked for."""
    only_listed_pictures: int = 0
    """Those of them that the platform lists without giving them out: their bytes were not seen."""
    not_asked: str = ""
    """Why the platform was not asked, or not for everything; empty when it was."""
    unanswered: tuple[Unanswered, ...] = ()
    """Confirmed pictures that could not be asked for while others could."""
    holders: tuple[Holder, ...] = ()
    """Who holds what was delivered, most pictures first."""
    differences: tuple[Difference, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether everything that was looked at is as the record has it."""
        return not self.differences
