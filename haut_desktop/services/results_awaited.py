"""Which algorithms of a dataset's applications have not spoken yet; known without the platform."""

from collections.abc import Iterable, Iterator, Sequence

from haut_desktop.domain.analysis import Algorithm, AlgorithmResult, Application, bare_name
from haut_desktop.domain.dictionary import find_application
from haut_desktop.services.results_reading import is_read_by_v3


def awaited(
    applications: Iterable[str],
    catalog: Sequence[Application],
    results: Sequence[AlgorithmResult],
    pictures: int,
) -> tuple[str, ...]:
    """Names of algorithms that some picture still lacks, in the applications' order, each once.

    What v3 computes comes per batch; what v1 computes comes for each of ``pictures``. A failed
    result has arrived. An application that is not in ``catalog`` promises nothing that is known.
    """
    names = dict.fromkeys(
        algorithm.name or algorithm.tech_name
        for word in applications
        if (application := find_application(word, catalog)) is not None
        for algorithm in _missing(application, results, pictures)
    )
    return tuple(names)


def _missing(
    application: Application, results: Sequence[AlgorithmResult], pictures: int
) -> Iterator[Algorithm]:
    wanted = 1 if is_read_by_v3(application.tech_name) else max(1, pictures)
    own = [r for r in results if r.application in ("", application.tech_name)]
    for algorithm in application.algorithms:
        if sum(is_by(result, algorithm) for result in own) < wanted:
            yield algorithm


def is_by(result: AlgorithmResult, algorithm: Algorithm) -> bool:
    """Whether a result is this algorithm's: by its version's id, or by its name."""
    if result.version_id is not None and result.version_id == algorithm.version_id:
        return True
    return bare_name(result.algorithm) == bare_name(algorithm.tech_name)
