"""What is late in words: what happened, what happens next, what to do; pure functions."""

from datetime import datetime
from typing import Final

from haut_desktop.domain.ageing import Late, LateKind
from haut_desktop.domain.delivery import Trouble
from haut_desktop.domain.errors import Blame
from haut_desktop.viewmodels.phrase import Mood, Phrase
from haut_desktop.viewmodels.words import span

_PHRASES: Final = {
    LateKind.NOT_COMPUTED: "Arrived, not computed for {age}",
    LateKind.NO_RESULTS: "Arrived, results late: {age}",
}
_TITLES: Final = {
    LateKind.NOT_COMPUTED: "The analysis is not asked for yet",
    LateKind.NO_RESULTS: "The results are late",
}
_MESSAGES: Final = {
    LateKind.NOT_COMPUTED: (
        "All pictures arrived {age} ago and are safe. The station asks for the analysis as soon "
        "as sending goes on."
    ),
    LateKind.NO_RESULTS: (
        "The analysis was asked for {age} ago, and not all results are here. The pictures are "
        "safe; the station keeps looking."
    ),
}
_KEPT: Final = "-kept"
_KEPT_PHRASES: Final = {
    LateKind.NOT_COMPUTED: "not computed for {age}",
    LateKind.NO_RESULTS: "results late: {age}",
}
_KEPT_MESSAGES: Final = {
    LateKind.NOT_COMPUTED: (
        "All pictures arrived {age} ago and are safe. {obstacle}. When that is over the station "
        "asks for the analysis by itself."
    ),
    LateKind.NO_RESULTS: (
        "The analysis was asked for {age} ago, and not all results are here. The pictures are "
        "safe. {obstacle}. When that is over the station looks by itself."
    ),
}
_KEPT_TODO: Final = (
    "Mend what is named here; trying before does nothing. If it stays so afterwards, tell the "
    "study's support."
)
TODOS: Final = {
    LateKind.NOT_COMPUTED.value: (
        "Try now asks at once. If it stays so, tell the study's support."
    ),
    LateKind.NO_RESULTS.value: (
        "Try now looks at once. If they stay away, give the number on the platform to the study's "
        "administrator."
    ),
    f"{LateKind.NOT_COMPUTED}{_KEPT}": _KEPT_TODO,
    f"{LateKind.NO_RESULTS}{_KEPT}": _KEPT_TODO,
}
"""What a person can do, by the trouble's kind."""


def late_phrase(late: Late, now: datetime, obstacle: Phrase | None = None) -> Phrase:
    """The row's words, with the age; behind an obstacle, which weighs what it weighs elsewhere."""
    age = _age(late, now)
    if obstacle is not None:
        return Phrase(f"{obstacle.text}, {_KEPT_PHRASES[late.kind].format(age=age)}", obstacle.mood)
    return Phrase(_PHRASES[late.kind].format(age=age), Mood.WARN)


def late_trouble(late: Late, now: datetime, obstacle: Phrase | None = None) -> Trouble:
    """The words beside the row; an obstacle is named, for nothing is asked before it is gone."""
    kind, messages = late.kind.value, _MESSAGES
    if obstacle is not None:
        kind, messages = f"{kind}{_KEPT}", _KEPT_MESSAGES
    kept_by = obstacle.text if obstacle else ""
    message = messages[late.kind].format(age=_age(late, now), obstacle=kept_by)
    return Trouble(kind, Blame.SERVER, _TITLES[late.kind], message)


def _age(late: Late, now: datetime) -> str:
    return span((now - late.since).total_seconds())
