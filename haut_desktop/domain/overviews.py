"""What the lists on the screen are made of: rows that join several things of the record."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from haut_desktop.domain.days import day_words
from haut_desktop.domain.ids import OriginalId, SlotId, SubjectId, VisitId
from haut_desktop.domain.imaging import Slot
from haut_desktop.domain.subjects import Subject

SUBJECTS_AT_MOST: Final = 200
"""So many subjects fit into one list; a person types a code to see others."""


@dataclass(frozen=True, slots=True)
class SubjectRow:
    """A subject as the list shows it."""

    subject: Subject
    visit_count: int
    last_visit_at: datetime | None
    waiting_images: int
    """Pictures of finished visits that are not yet proven to be on the platform."""


@dataclass(frozen=True, slots=True)
class PicturePlace:
    """Where the same bytes were taken in before."""

    original_id: OriginalId
    subject_id: SubjectId | None
    subject_code: str
    """Empty while the picture is unassigned."""
    visit_id: VisitId | None
    visit_name: str
    slot_id: SlotId | None
    is_sent: bool = False
    """It is in a batch that stands, or that is being taken back."""
    is_taken_back: bool = False
    """It was in batches, and all of them were taken back to the end."""

    def gives_way_to(self, subject_id: SubjectId | None) -> bool:
        """Whether the same bytes may be taken in for ``subject_id``, with a warning.

        Only what was taken back to the end, and only for another subject.
        """
        is_anothers = None not in (subject_id, self.subject_id) and subject_id != self.subject_id
        return self.is_taken_back and is_anothers

    def refuses(self, subject_id: SubjectId | None) -> bool:
        """Whether the same bytes are refused for ``subject_id``: they are in a visit and stay."""
        return self.visit_id is not None and not self.gives_way_to(subject_id)


@dataclass(frozen=True, slots=True)
class Aside:
    """A picture that stays behind: set aside or removed, and never part of a batch."""

    original_id: OriginalId
    slot: Slot
    number: int
    """The take's, within its slot."""
    reason: str
    """Why it does not count."""
    received_at: datetime
    removed_at: datetime | None
    """None for one that was only set aside."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a picture or a batch is found, as a person looks for it."""

    subject_code: str
    """Empty while the visit is nobody's."""
    visit_name: str
    local_date: date
    view: str = ""
    """Side, and light where it is not the usual one; empty for the whole visit."""

    def __str__(self) -> str:
        visit = f"{self.visit_name} of {day_words(self.local_date)}"
        return ", ".join(filter(None, (self.subject_code, visit, self.view)))


@dataclass(frozen=True, slots=True)
class SealedPicture:
    """A file of the vault and what the record says of it."""

    vault_name: str
    sha256: str
    original_id: OriginalId
    original_sha256: str
    subject_id: SubjectId | None
    is_held: bool
    """Nobody has said whose it is: the note beside it proves nothing."""
    place: Whereabouts | None = None
    """None for what nobody has placed."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One move of an image, a batch or a registration, as it was made."""

    entity: str
    entity_id: str
    event: str
    old: str
    new: str
    at: datetime
    attempt: int = 0
    error_kind: str = ""
    reason: str = ""
