"""Joins what algorithms said with the dictionaries that describe them: names and versions."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from haut_desktop.domain.analysis import (
    Algorithm,
    AlgorithmResult,
    Application,
    BatchResults,
    bare_name,
)

GUESS_OTHER_WORDS: Final = {
    "breakouts": "acne",
    "eyes_age": "eye_age",
    "face_areas": "front_face_areas",
    "ita": "skin_tone",
    "skintone": "skintone_classification",
}
"""v3 parameters whose algorithm may be listed under the older word for the same measure.

The platform has two vocabularies and admits it (contract §7.2, §8.1 beside §8.2); no table of the
pairs is public. Asked only when no algorithm of the application bears the parameter's own word.
"""


def describe(
    results: BatchResults, applications: Sequence[Application], algorithms: Iterable[Algorithm]
) -> BatchResults:
    """Fill in application, version and name of every result as far as the dictionaries know them.

    A version id that the platform gave is looked up; where it gave none (v3) the highest version
    of the parameter's bare name within the application is taken. What nobody knows stays as it is.
    """
    by_id = {algorithm.version_id: algorithm for algorithm in algorithms}
    described = (_describe(result, applications, by_id) for result in results.results)
    return replace(results, results=tuple(described))


def keep_versions(
    said: BatchResults, described: BatchResults, kept: Iterable[AlgorithmResult]
) -> BatchResults:
    """Let a version that was found for a result stay, whatever is listed since.

    ``said`` is the answer as it came, ``described`` what ``describe`` made of it, ``kept`` what is
    in the record. Only where the platform gives no version itself: one that was listed later did
    not compute what had been said before.
    """
    known = {_line(one): one for one in kept if one.version}
    results = (
        one if raw.version or raw.version_id is not None else _as_kept(one, known.get(_line(one)))
        for raw, one in zip(said.results, described.results, strict=True)
    )
    return replace(described, results=tuple(results))


def _line(result: AlgorithmResult) -> tuple[object, ...]:
    return result.algorithm, result.application, result.side, result.platform_image_id


def _as_kept(result: AlgorithmResult, kept: AlgorithmResult | None) -> AlgorithmResult:
    if kept is None:
        return result
    return replace(result, version=kept.version, version_id=kept.version_id)


def find_application(word: str, applications: Iterable[Application]) -> Application | None:
    """Find the application that ``word`` means: its id, its name or a spelling of its tech name.

    v3 answers write ``face_skin_metrics_3`` for ``face_skin_metrics_3.0``.
    """
    for application in applications:
        known = (application.id, application.name, application.tech_name)
        if word and (word in known or _folded(word) == _folded(application.tech_name)):
            return application
    return None


def version_key(version: str) -> tuple[int, ...]:
    """Order versions by their numbers: ``1.10`` is above ``1.9``."""
    return tuple(int(number) for number in re.findall(r"\d+", version))


def _describe(
    result: AlgorithmResult,
    applications: Sequence[Application],
    by_id: dict[int | None, Algorithm],
) -> AlgorithmResult:
    application = find_application(result.application, applications)
    algorithm = _find_algorithm(result, application, by_id)
    tech_name = application.tech_name if application else result.application
    if algorithm is None:
        return replace(result, application=tech_name)
    return replace(
        result,
        application=tech_name,
        version=result.version or algorithm.version,
        version_id=algorithm.version_id if result.version_id is None else result.version_id,
        name=algorithm.name or result.name,
    )


def _find_algorithm(
    result: AlgorithmResult,
    application: Application | None,
    by_id: dict[int | None, Algorithm],
) -> Algorithm | None:
    if result.version_id is not None:
        return by_id.get(result.version_id)
    own = application.algorithms if application else ()
    # the application's own list has no versions; the dictionary has them under the same id
    full = [by_id.get(algorithm.version_id, algorithm) for algorithm in own]
    for word in (result.algorithm, GUESS_OTHER_WORDS.get(result.algorithm)):
        if named := [a for a in full if word in (bare_name(a.tech_name), _folded(a.name))]:
            return max(named, key=lambda a: version_key(a.version))
    return None


def _folded(tech_name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", tech_name.lower().removesuffix(".0")).strip("_")
