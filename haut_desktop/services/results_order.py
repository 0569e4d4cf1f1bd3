"""One order for results, whenever and in whichever order they came: the dictionary's."""

from collections.abc import Iterable, Sequence

from haut_desktop.domain.analysis import AlgorithmResult, Application, StoredResult
from haut_desktop.domain.dictionary import find_application
from haut_desktop.services.results_awaited import is_by

UNKNOWN = 10_000
"""The place of an algorithm that no list names: after every known one."""


def ordered(
    results: Iterable[StoredResult], catalog: Sequence[Application]
) -> tuple[StoredResult, ...]:
    """By the application's name, then as its list has them; others last, as they came."""

    def rank(stored: StoredResult) -> tuple[bool, str, int]:
        word = stored.result.application
        return (not word, word, place_of(stored.result, catalog))

    return tuple(sorted(results, key=rank))


def place_of(result: AlgorithmResult, catalog: Sequence[Application]) -> int:
    """Where the algorithm stands in its application's list, from 0; ``UNKNOWN`` without one."""
    application = find_application(result.application, catalog)
    listed = application.algorithms if application is not None else ()
    exact = (n for n, a in enumerate(listed) if a.version_id == result.version_id is not None)
    named = (n for n, a in enumerate(listed) if is_by(result, a))
    return next(exact, next(named, UNKNOWN))


def place_among_all(result: AlgorithmResult, catalog: Sequence[Application]) -> int:
    """Where the algorithm stands in all the lists one after the other, by the applications' names.

    No two algorithms of a catalog have the same place; ``UNKNOWN`` where no list names it.
    """
    application, place = find_application(result.application, catalog), place_of(result, catalog)
    if application is None or place == UNKNOWN:
        return UNKNOWN
    before = (one for one in catalog if one.tech_name < application.tech_name)
    return place + sum(len(one.algorithms) for one in before)
