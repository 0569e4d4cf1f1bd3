"""The question before pictures are computed once more, in words."""

from collections.abc import Sequence

import pytest

from haut_desktop.domain.computed_before import ComputedBefore
from haut_desktop.domain.ids import BatchId
from haut_desktop.domain.imaging import Side
from haut_desktop.domain.retraction import Computed
from haut_desktop.domain.visits import Shelf, VisitSheet
from haut_desktop.viewmodels.computed_words import again_question
from tests.fakes.builders import make_slots, make_study, make_subject, make_taken, make_visit
from tests.fakes.clock import START

YES, UNKNOWN = Computed.YES, Computed.UNKNOWN


def words(*computed: Computed | None, is_dated: bool = True) -> tuple[str, str]:
    """Ask about front, left and right, of which this is known."""
    study = make_study()
    visit = make_visit(study, make_subject(study))
    shelves, before = list[Shelf](), list[ComputedBefore]()
    sides: Sequence[Side] = (Side.FRONT, Side.LEFT, Side.RIGHT)[: len(computed)]
    for slot, known in zip(make_slots(visit, tuple(sides)), computed, strict=True):
        taken = make_taken(slot, slot.side.encode())
        shelves.append(Shelf(slot, (taken,)))
        if known is not None:
            sha256, at = taken.rendition.digest.sha256, START if is_dated else None
            before.append(ComputedBefore(sha256, BatchId("first"), known, at))
    question = again_question(VisitSheet(visit, tuple(shelves)), before, "Europe/Berlin")
    return (question.title, question.message) if question else ("", "")


@pytest.mark.parametrize(
    ("computed", "title"),
    (
        ((YES, YES, YES), "These pictures were computed already on 1 Mar 2026."),
        ((YES,), "This picture was computed already on 1 Mar 2026."),
        ((YES, YES, None), "Front and left were computed already on 1 Mar 2026."),
        ((UNKNOWN, None), "Front may have been computed already on 1 Mar 2026."),
        (
            (YES, UNKNOWN),
            (
                "Front was computed already on 1 Mar 2026. "
                "Left may have been computed already on 1 Mar 2026."
            ),
        ),
        ((None, None), ""),
    ),
)
def test_it_says_which_pictures_and_when(computed: tuple[Computed | None, ...], title: str) -> None:
    assert words(*computed)[0] == title


def test_without_a_moment_it_says_none() -> None:
    assert words(YES, is_dated=False)[0] == "This picture was computed already."


def test_it_says_what_a_yes_does_and_what_else_can_be_done() -> None:
    _, message = words(YES, YES)
    assert "compute them once more" in message
    assert "take them out" in message
    assert "compute it once more" in words(None, YES)[1]
