"""What the platform said when it was asked again, in words for a technician; pure functions."""

from collections.abc import Callable, Sequence
from typing import Final

from haut_desktop.domain.rechecks import Finding, Recheck
from haut_desktop.viewmodels.notices import Notice, Weight
from haut_desktop.viewmodels.phrase import Mood, Phrase

READ: Final = "I have read it"
_NAMED: Final = 3
"""So many visits are named in a notice; the outbox has all of them."""

_GONE: Final = "They are no longer on the platform. Their results are here and stay."
_WHY_GONE: Final = (
    "Results are here and stay. The platform deletes pictures once they are computed where the "
    "study wants it so, and people can remove them there. There is nothing to do if that was meant."
)
_MISSING: Final = "The platform had confirmed them and no longer has them, and no results are here."
_WHAT_IF_MISSING: Final = (
    "The platform had confirmed them, and no results are here. The station sends nothing again by "
    "itself and keeps what it has. Tell the study's support which visits these are."
)
_OTHER: Final = "What the platform has is not what was sent."
_WHAT_IF_OTHER: Final = (
    "Nothing was changed, here or there. Tell the study's support which visits these are before "
    "anybody relies on their results."
)


def recheck_phrase(recheck: Recheck, *, is_computed: bool) -> Phrase | None:
    """A batch's words where something differs; None where nothing does."""
    if not recheck.differences:
        return None
    if not recheck.is_gone:
        return Phrase("Arrived, not as it was sent", Mood.BAD)
    if is_computed:
        return Phrase("Computed, no longer on the platform")
    return Phrase("Had arrived, missing on the platform", Mood.WARN)


def recheck_words(recheck: Recheck, *, is_computed: bool) -> str:
    """What the platform said, for the facts beside a batch."""
    if not recheck.differences:
        return "Nothing is missing that should be there."
    if not recheck.is_gone:
        return _OTHER
    return _GONE if is_computed else _MISSING


def findings_notice(
    findings: Sequence[Finding], read: Callable[[Sequence[Finding]], None]
) -> Notice | None:
    """Word one notice for the worst kind that nobody has read; the others come once it is."""
    other = [one for one in findings if not one.recheck.is_gone]
    missing = [one for one in findings if one.recheck.is_gone and not one.has_results]
    if other:
        is_first = any(one.recheck.program for one in other)
        title = "The platform has something else than was sent"
        if is_first:
            title = "The first upload after the update is not as it was sent"
        return Notice(title, _message(other, _WHAT_IF_OTHER), Weight.BAD, READ, lambda: read(other))
    if missing:
        title = "Pictures that had arrived are missing on the platform"
        message = _message(missing, _WHAT_IF_MISSING)
        return Notice(title, message, Weight.WARN, READ, lambda: read(missing))
    if findings:
        title = "Pictures are no longer on the platform"
        return Notice(
            title, _message(findings, _WHY_GONE), Weight.INFO, READ, lambda: read(findings)
        )
    return None


def _message(findings: Sequence[Finding], words: str) -> str:
    places = list(dict.fromkeys(str(one.place) for one in findings))
    more = f", and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
    return f"{'; '.join(places[:_NAMED])}{more}. {words}"
