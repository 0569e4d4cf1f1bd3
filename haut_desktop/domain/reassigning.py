"""A picture on the wrong subject: taken back there first, then taken in where it belongs."""

from collections.abc import Iterable
from typing import Final

from haut_desktop.domain.errors import ItemError
from haut_desktop.domain.ids import RenditionId, SubjectId
from haut_desktop.domain.imaging import Verdict, VerdictLevel
from haut_desktop.domain.overviews import PicturePlace

TAKEN_BACK_ELSEWHERE: Final = "taken-back-elsewhere"
"""The verdict's code."""


class AnotherSubjectsPictureError(ItemError):
    """A picture that was taken in for another subject since its batch was taken back."""

    default_title = "Another subject's picture"
    default_message = (
        "A picture of this visit was taken in for another subject after it had been taken back "
        "here. Nothing was changed and nothing goes. Take it out of this visit, then finish it."
    )

    def __init__(self, place: PicturePlace) -> None:
        super().__init__(
            f"A picture of this visit was taken in for {whose(place)}, visit "
            f"“{place.visit_name}”, after it had been taken back here. Nothing was changed and "
            "nothing goes. Take it out of this visit, then finish it; if it does belong here, take "
            "it out there."
        )


def whose(place: PicturePlace) -> str:
    """Name whose a picture is: ``subject B-007``."""
    return f"subject {place.subject_code}" if place.subject_code else "nobody yet"


def warning_of(rendition_id: RenditionId, former: PicturePlace) -> Verdict:
    """Say beside a picture where the same one was before."""
    text = (
        f"The same picture was in the finished visit “{former.visit_name}” of {whose(former)}, "
        "and was taken back there. Make sure that it is this subject's."
    )
    return Verdict(rendition_id, "station", TAKEN_BACK_ELSEWHERE, VerdictLevel.WARN, text)


def standing_elsewhere(
    places: Iterable[PicturePlace], subject_id: SubjectId | None
) -> PicturePlace | None:
    """Give the first other subject's place that the same bytes still have."""
    return next(
        (
            place
            for place in places
            if place.subject_id not in (None, subject_id) and place.refuses(subject_id)
        ),
        None,
    )
