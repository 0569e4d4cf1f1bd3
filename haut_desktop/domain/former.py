"""Pictures that may have been delivered before the record of it was lost: why their batch waits."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from haut_desktop.domain.errors import ItemError
from haut_desktop.domain.ids import DatasetId, PlatformSubjectId, SubjectId


@dataclass(frozen=True, slots=True)
class FormerSubject:
    """Whose a picture was by the note beside it, before a person said whose it is."""

    id: SubjectId
    code: str
    entries: Mapping[DatasetId, PlatformSubjectId] = field(default_factory=dict)
    """The subject's entries on the platform, as far as the note knew them."""


class NotAskedYetError(ItemError):
    """The platform has not been asked yet whether it has a picture of the batch."""

    default_title = "Asking first whether it is there already"
    default_message = (
        "A picture of this batch may have been sent before the station's record was lost. Nothing "
        "of the batch goes before the platform was asked whether it has the picture; then it goes "
        "on by itself."
    )


class RebuiltError(ItemError):
    """A batch of a rebuilt outbox: whether the platform has it already is not known yet."""

    default_title = "Asking the platform what it has"
    default_message = (
        "The record was rebuilt. Before this batch goes, the platform is asked what it has of it; "
        "then only what is missing there is sent, by itself."
    )


class MayBeThereError(ItemError):
    """The platform has a picture of the batch, or may have it, and only a person can say more."""

    default_title = "There already?"
    default_message = (
        "The platform has a picture of this batch already, or may have it. Look at the subject in "
        "the web portal. If it is there, take the batch back; if it is not, let it go on. What is "
        "there and goes on is computed a second time."
    )


def may_be_with_another(code: str) -> MayBeThereError:
    """As above, for a picture that was another subject's by the note beside it."""
    return MayBeThereError(
        f"The note beside a picture of this batch says that it was taken for subject {code}, and "
        "the platform has it there already, or may have it. Look at both subjects in the web "
        "portal and on the study's paper list. If the picture was placed with the wrong subject, "
        "take the batch back. If it was placed rightly, let the batch go on: the picture is then "
        "computed for this subject, and what lies with the other one stays there until the study "
        "removes it."
    )
