"""News from the services: which things changed; the truth is always read again."""

from dataclasses import dataclass
from enum import StrEnum

from haut_desktop.domain.ids import ImageId
from haut_desktop.services.broadcast import Broadcast


class Topic(StrEnum):
    """What kind of thing changed."""

    SESSION = "session"
    STUDY = "study"
    SUBJECTS = "subjects"
    VISITS = "visits"
    OUTBOX = "outbox"
    RESULTS = "results"
    CONNECTIVITY = "connectivity"
    RECHECKS = "rechecks"
    """The platform was asked again for what it had confirmed."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something changed; no ids means anything of the topic may have."""

    topic: Topic
    ids: frozenset[str] = frozenset()


Changes = Broadcast[Change]


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of one picture has left this computer."""

    image_id: ImageId
    sent_bytes: int
    size_bytes: int
