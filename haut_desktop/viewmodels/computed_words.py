"""What is asked before pictures are computed once more that were computed before."""

from collections.abc import Iterable
from dataclasses import dataclass

from haut_desktop.domain.computed_before import ComputedBefore
from haut_desktop.domain.retraction import Computed
from haut_desktop.domain.visits import VisitSheet
from haut_desktop.viewmodels.capture_words import slot_title
from haut_desktop.viewmodels.words import day


@dataclass(frozen=True, slots=True)
class AgainQuestion:
    """Which pictures it is about, and what a yes with a reason does."""

    title: str
    message: str


def again_question(
    sheet: VisitSheet, before: Iterable[ComputedBefore], zone: str
) -> AgainQuestion | None:
    """Word the question; None when nothing that would go was computed before."""
    known = {one.sha256: one for one in before}
    groups: dict[tuple[Computed, str], list[str]] = {}
    going = [(shelf.slot, shelf.to_go) for shelf in sheet.shelves if shelf.to_go]
    for slot, taken in going:
        if (one := known.get(taken.rendition.digest.sha256)) is not None:
            when = f" on {day(one.at, zone)}" if one.at else ""
            groups.setdefault((one.computed, when), []).append(slot_title(slot))
    if not groups:
        return None
    lines = [_line(titles, len(going), *about) for about, titles in groups.items()]
    number = sum(map(len, groups.values()))
    return AgainQuestion(" ".join(lines), _once_more("it" if number == 1 else "them"))


def _line(titles: list[str], going: int, computed: Computed, when: str) -> str:
    is_one = len(titles) == 1
    if len(titles) == going:
        what = "This picture" if is_one else "These pictures"
    else:
        first, *others = titles[0], *(title.lower() for title in titles[1:])
        what = first if is_one else f"{', '.join([first, *others[:-1]])} and {others[-1]}"
    if computed is Computed.UNKNOWN:
        return f"{what} may have been computed already{when}."
    return f"{what} {'was' if is_one else 'were'} computed already{when}."


def _once_more(them: str) -> str:
    return (
        f"Finishing has the platform compute {them} once more. If that is meant, say why: it "
        f"stands in the audit trail. If not, go back and take {them} out."
    )
