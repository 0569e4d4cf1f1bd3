"""Where the same bytes were taken in before, and whether that keeps them from coming again."""

from dataclasses import replace

import pytest

from haut_desktop.domain.ids import OriginalId, SlotId, SubjectId, VisitId
from haut_desktop.domain.overviews import PicturePlace

_MINE, _ANOTHERS = SubjectId("mine"), SubjectId("another's")
_PLACED = PicturePlace(
    OriginalId("original"), _ANOTHERS, "B-007", VisitId("visit"), "Baseline", SlotId("slot")
)


def test_what_lies_in_a_visit_is_refused_whosever_it_is() -> None:
    assert all(_PLACED.refuses(subject_id) for subject_id in (_MINE, _ANOTHERS, None))


def test_what_has_no_place_is_refused_for_nobody() -> None:
    nowhere = replace(_PLACED, subject_id=None, visit_id=None, slot_id=None)
    assert not any(nowhere.refuses(subject_id) for subject_id in (_MINE, None))


@pytest.mark.parametrize(
    ("subject_id", "refused"), [(_MINE, False), (_ANOTHERS, True), (None, True)]
)
def test_what_was_taken_back_gives_way_to_another_subject_alone(
    subject_id: SubjectId | None, refused: bool
) -> None:
    assert replace(_PLACED, is_taken_back=True).refuses(subject_id) is refused
