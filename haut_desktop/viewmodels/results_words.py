"""Results in words: values with units, changes, areas, failures; pure functions."""

from collections.abc import Iterable, Sequence
from typing import Final

from haut_desktop.domain.analysis import AlgorithmResult, Change, Completeness, Metric, MetricKey
from haut_desktop.domain.imaging import REGULAR, ImageType, Side, light_words
from haut_desktop.domain.trends import SCORE_UNIT, unit_of
from haut_desktop.domain.words import plain_words, side_words
from haut_desktop.services.results_masks import MasksState
from haut_desktop.viewmodels.phrase import Mood, Phrase

MAIN_AREAS: Final = ("face", "skin", "hair", "image")
"""Areas that stand for the whole picture; an algorithm's first line shows one of them."""

_FAILURES: Final = {
    "no face detected": (
        "No face was found",
        "Take it again: the whole face, straight to the camera, evenly lit, hair tied back.",
    ),
    "not full face": (
        "The face is cut off",
        "Take it again from further away: forehead, chin and both cheeks must be in it.",
    ),
}
_UNITS: Final = {"deg": "°", "degree": "°", "degrees": "°", "percent": "%"}
_STATES: Final = {
    Completeness.PENDING: Phrase("Being computed", Mood.ACCENT),
    Completeness.PARTIAL: Phrase("Partly computed", Mood.ACCENT),
    Completeness.COMPLETE: Phrase("Complete", Mood.GOOD),
    Completeness.OVERDUE: Phrase("Overdue", Mood.WARN),
}
_EXPLANATIONS: Final = {
    Completeness.PENDING: "The platform is computing. Results appear here by themselves, "
    "usually within a minute or two.",
    Completeness.PARTIAL: "More results are on their way; what has arrived is shown.",
    Completeness.COMPLETE: "",
    Completeness.OVERDUE: "Some results are late. The station keeps looking; if they stay away, "
    "ask your study's support and name the batch.",
}
_MAIN_NAMES: Final = {"score", "value"}
"""What the platform calls the main number of a measure: the measure's own name says more."""
_NAMED_AT_MOST: Final = 4
_IMAGE_TYPES: Final = {
    ImageType.SELFIE: "Face",
    ImageType.VISIA: "VISIA",
    ImageType.SKIN: "Skin",
    ImageType.HAIR: "Hair",
}
_SPACES: Final = {
    "original": "As captured",
    "aligned_face": "Aligned face",
    "restored": "Restored face",
    "anonymised": "Anonymised",
}


_MASKS: Final = {
    MasksState.COMING: "Fetching the masks…",
    MasksState.AWAY: "The masks could not be fetched. “Look again” (F5) asks for them once more.",
    MasksState.NONE: "No masks lie on this picture.",
}


def masks_words(state: MasksState) -> str:
    """Why no mask is offered for a picture."""
    return _MASKS[state]


def state_phrase(state: Completeness) -> Phrase:
    """A batch's analysis in a word or two."""
    return _STATES[state]


def state_explanation(state: Completeness) -> str:
    """What a person should make of it; empty when all is there."""
    return _EXPLANATIONS[state]


def awaited_words(names: Sequence[str]) -> str:
    """Name what is still awaited: ``Still awaited: Acne, Pores and 3 more.``."""
    if not names:
        return ""
    shown = [plain_words(name) for name in names[:_NAMED_AT_MOST]]
    if (rest := len(names) - len(shown)) > 0:
        return f"Still awaited: {', '.join(shown)} and {rest} more."
    *first, last = shown
    return f"Still awaited: {', '.join(first)} and {last}." if first else f"Still awaited: {last}."


def image_type_words(image_type: ImageType | None) -> str:
    """What kind of pictures, in a word."""
    return _IMAGE_TYPES[image_type] if image_type is not None else ""


def space_words(space: str) -> str:
    """The name of a picture space; an unknown one by its own word."""
    return _SPACES.get(space, plain_words(space))


def value_words(metric: Metric, score_decimals: int = 0) -> str:
    """A value with its unit: ``83 / 100``, ``455``, ``3 ‰``, ``Oily``.

    A score has at least ``score_decimals`` (0 or 1), so that scores stand under each other.
    """
    if isinstance(metric.value, str):
        return metric.value
    unit = unit_of(metric) or ""
    if unit == SCORE_UNIT and score_decimals:
        return f"{metric.value:.1f}\u202f{unit}"
    unit = _UNITS.get(unit, unit)
    gap = "" if unit in {"", "°", "%"} else "\u202f"
    return f"{number_words(metric.value)}{gap}{unit}"


def is_score(metric: Metric) -> bool:
    """Whether the value is one of 0 to 100."""
    return unit_of(metric) == SCORE_UNIT


def score_decimals(metrics: Iterable[Metric]) -> int:
    """How many decimals the scores of one table need: 1 as soon as one of them is not whole."""
    scores = (m.value for m in metrics if is_score(m))
    return int(any(not isinstance(value, str) and value % 1 for value in scores))


def number_words(value: float) -> str:
    """As many digits as mean something: whole numbers whole, others with one decimal or two."""
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:.1f}" if abs(value) >= 1 else f"{value:.2f}"


def change_words(change: Change | None, decimals: int = 0) -> str:
    """A change with an arrow and, where a direction is good, the word for it.

    ``decimals`` (0 or 1) are the least it has, so that changes read like their values.
    """
    if change is None:
        return ""
    if abs(change.amount) < 0.005:
        return "= no change"
    arrow = "▲" if change.amount > 0 else "▼"
    sign = "+" if change.amount > 0 else "−"
    verdict = {True: " better", False: " worse", None: ""}[change.is_better]
    amount = abs(change.amount)
    words = f"{amount:.1f}" if decimals and amount >= 1 else number_words(amount)
    return f"{arrow} {sign}{words}{verdict}"


def change_mood(change: Change | None) -> Mood:
    """The colour that goes with the words."""
    if change is None or change.is_better is None:
        return Mood.NEUTRAL
    return Mood.GOOD if change.is_better else Mood.BAD


def failure_words(result: AlgorithmResult) -> tuple[str, str]:
    """What failed, and what to do; an unknown reason is shown as the platform says it."""
    known = _FAILURES.get(result.error.strip().rstrip(".").lower())
    if known is not None:
        return known
    return (
        result.error or "Not computed",
        "The platform could not compute this; the other results hold. A new picture may help.",
    )


def application_words(tech_name: str) -> str:
    """An application's name made readable: ``skin_metrics_3.0`` → ``Skin metrics 3.0``."""
    return plain_words(tech_name) if tech_name else "Other results"


def version_words(result: AlgorithmResult) -> str:
    """The algorithm's version as it is shown beside every value."""
    if result.version:
        return result.version
    return f"#{result.version_id}" if result.version_id is not None else "–"


def key_words(key: MetricKey, name: str) -> str:
    """A trend's title: algorithm, metric unless it is the algorithm's own number, area, view."""
    view = side_words(key.side).lower().removesuffix(" view")
    side = "" if key.side is Side.FRONT else f", {view} view"
    light = "" if key.light == REGULAR else f", {light_words(key.light)}"
    algorithm = plain_words(key.algorithm)
    is_itself = name.lower() in _MAIN_NAMES or name.lower().startswith(algorithm.lower())
    measured = algorithm if name.lower() in _MAIN_NAMES else name
    metric = "" if is_itself else f"{algorithm}: "
    return f"{metric}{measured}, {plain_words(key.area).lower()}{side}{light}"
