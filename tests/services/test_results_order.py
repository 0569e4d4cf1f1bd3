"""Results in the dictionary's order, whenever and in whichever order they came."""

from datetime import UTC, datetime
from itertools import permutations

from haut_desktop.domain.analysis import (
    Algorithm,
    AlgorithmResult,
    Application,
    Purpose,
    StoredResult,
)
from haut_desktop.domain.ids import BatchId
from haut_desktop.domain.imaging import Side
from haut_desktop.services.results_order import UNKNOWN, ordered, place_among_all, place_of

_AT = datetime(2025, 3, 4, tzinfo=UTC)
_CATALOG = tuple(
    Application(
        word,
        word,
        word,
        "selfie",
        next(iter(Purpose)),
        (
            Algorithm(first, "redness", "1.0", "Redness"),
            Algorithm(first + 1, "redness", "2.0", "Redness"),
            Algorithm(first + 2, "pores", "1.0", "Pores"),
        ),
    )
    for word, first in (("skin_2", 10), ("skin_3", 20))
)


def _stored(application: str, algorithm: str, version_id: int | None) -> StoredResult:
    result = AlgorithmResult(algorithm, "", version_id, "", application, Side.FRONT, is_ok=True)
    return StoredResult(BatchId("batch"), None, result, _AT)


def test_the_order_is_the_dictionarys_in_whichever_order_results_came() -> None:
    wanted = (
        _stored("skin_2", "redness", 10),
        _stored("skin_2", "redness", 11),
        _stored("skin_2", "pores", None),
        _stored("skin_3", "redness", 20),
        _stored("", "tone", None),
    )
    assert {ordered(came, _CATALOG) for came in permutations(wanted)} == {wanted}


def test_a_place_goes_by_the_version_and_by_the_name_without_one() -> None:
    def place(version_id: int | None, algorithm: str = "redness") -> int:
        return place_of(_stored("skin_2", algorithm, version_id).result, _CATALOG)

    assert [place(10), place(11), place(None)] == [0, 1, 0]
    assert place(None, "wrinkles") == UNKNOWN


def test_a_place_among_all_is_nobody_elses_and_the_same_in_any_catalogs_order() -> None:
    found = [
        _stored(application, *algorithm).result
        for application, first in (("skin_2", 10), ("skin_3", 20))
        for algorithm in (("redness", first), ("redness", first + 1), ("pores", None))
    ]
    for catalog in (_CATALOG, _CATALOG[::-1]):
        assert [place_among_all(result, catalog) for result in found] == list(range(6))
    for application, algorithm in (("skin_2", "wrinkles"), ("hair", "redness")):
        assert place_among_all(_stored(application, algorithm, None).result, _CATALOG) == UNKNOWN
