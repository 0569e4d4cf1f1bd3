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
TODOS: Final = {
    LateKind.NOT_COMPUTED.value: (
        "Try now asks at once. If sending is paused, let it go on; if it stays so, tell the "
        "study's support."
    ),
    LateKind.NO_RESULTS.value: (
        "Try now looks at once. If they stay away, give the number on the platform to the study's "
        "administrator."
    ),
}
"""What a person can do, by the trouble's kind."""


def late_phrase(late: Late, now: datetime) -> Phrase:
    """The row's words, with the age."""
    return Phrase(_PHRASES[late.kind].format(age=_age(late, now)), Mood.WARN)


def late_trouble(late: Late, now: datetime) -> Trouble:
    """The words beside the row."""
    message = _MESSAGES[late.kind].format(age=_age(late, now))
    return Trouble(late.kind.value, Blame.SERVER, _TITLES[late.kind], message)


def _age(late: Late, now: datetime) -> str:
    return span((now - late.since).total_seconds())
