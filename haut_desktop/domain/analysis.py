"""What the algorithms said: values by algorithm, version and area, with the raw answer kept."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from haut_desktop.domain.ids import (
    BatchId,
    PlatformImageId,
    RenditionId,
)
from haut_desktop.domain.imaging import REGULAR, Side


class Purpose(StrEnum):
    """What an application is for."""

    METRICS = "metrics"
    SIMULATION = "simulation"


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One measure at one version, as the dictionaries describe it."""

    version_id: int | None
    tech_name: str
    """The bare word, lower case, without the family's prefix: ``redness``."""
    version: str
    """As the platform writes it; empty when it does not say."""
    name: str
    description_html: str = ""


@dataclass(frozen=True, slots=True)
class Application:
    """A named set of algorithms for one image type and one purpose."""

    id: str
    tech_name: str
    name: str
    image_type: str
    """An ``ImageType``'s word, or one that is not known here."""
    purpose: Purpose
    algorithms: tuple[Algorithm, ...]
    description: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """One value; text for categories."""

    tech_name: str
    name: str
    value: float | str
    unit: str | None = None
    widget: str = "numeric"
    """The platform's ``widget_type``: ``bad_good_line`` is 0…100, higher is better."""


@dataclass(frozen=True, slots=True)
class AreaResult:
    """An area of the face or skin with its main metric and the finer ones."""

    area: str
    main: Metric | None
    subs: tuple[Metric, ...] = ()


@dataclass(frozen=True, slots=True)
class MaskShape:
    """One vector feature in picture pixels; ``points`` are (x, y) or (x, y, radius)."""

    kind: str
    """``polygon``, ``line`` or ``points``."""
    points: tuple[tuple[float, ...], ...]
    intensity: float = 1.0
    """Recommended opacity 0…1."""


@dataclass(frozen=True, slots=True)
class Mask:
    """Where an algorithm saw something, as shapes in a picture space or as a picture of its own."""

    tech_name: str
    side: Side
    space: str
    """``original``, ``aligned_face``, ``restored`` or ``anonymised``: the picture it lies on."""
    space_width: float = 0.0
    space_height: float = 0.0
    shapes: tuple[MaskShape, ...] = ()
    fill: str = ""
    """Recommended colour, ``rgba(r, g, b, a)``, or empty."""
    raster_url: str = ""
    """Address of a ready-made raster (v3), which expires: fetched at once, never stored."""


@dataclass(frozen=True, slots=True)
class AlgorithmResult:
    """What one algorithm at one version said about one picture (or one batch, in v3)."""

    algorithm: str
    """Bare technical name, lower case."""
    version: str
    """Shown beside every value; empty when the platform does not say."""
    version_id: int | None
    name: str
    application: str
    """Technical name of the application, as far as it is known."""
    side: Side
    is_ok: bool
    error: str = ""
    areas: tuple[AreaResult, ...] = ()
    masks: tuple[Mask, ...] = ()
    platform_image_id: PlatformImageId | None = None
    created_at: datetime | None = None
    raw: bytes = b""
    """The platform's own JSON of this result, byte for byte where possible."""
    light: str = REGULAR
    """In which the picture was taken, as the record or else the platform has it."""


@dataclass(frozen=True, slots=True)
class RemotePicture:
    """A picture that the platform made or kept: aligned face, anonymised, predicted, restored."""

    side: Side
    space: str
    url: str
    is_predicted: bool = False
    """True for a simulation's picture: shown as predicted, never mixed with captured ones."""
    name: str = ""
    platform_image_id: PlatformImageId | None = None
    """The picture that it was made of, where the platform says so."""
    light: str = ""
    """In which that one was taken; empty where the platform does not say of which it was made."""


@dataclass(frozen=True, slots=True)
class BatchResults:
    """One answer about one batch."""

    results: tuple[AlgorithmResult, ...] = ()
    pictures: tuple[RemotePicture, ...] = ()
    is_complete_by_platform: bool | None = None
    """The platform's own flag, where it has one (v3); None where it has none (v1)."""
    raw: bytes = b""


class Completeness(StrEnum):
    """How far a submitted batch's analysis has come, as seen from here."""

    PENDING = "pending"
    PARTIAL = "partial"
    COMPLETE = "complete"
    OVERDUE = "overdue"


def completeness(
    expected: Iterable[str],
    arrived: Iterable[str],
    *,
    age_s: float,
    overdue_s: float,
    platform_says: bool | None = None,
) -> Completeness:
    """Judge a batch by its applications' algorithm list; a failed result counts as arrived.

    ``expected`` and ``arrived`` are bare technical names (with version where both are known);
    ``age_s`` is the time since submission in seconds. Nothing documents a "done" flag in v1, so
    the application's own list decides; v3's flag wins where it is given.
    """
    have, want = set(arrived), set(expected)
    if platform_says or (platform_says is None and want and want <= have):
        return Completeness.COMPLETE
    if age_s > overdue_s:
        return Completeness.OVERDUE
    return Completeness.PARTIAL if have else Completeness.PENDING


@dataclass(frozen=True, slots=True)
class MetricKey:
    """Identity of a line in a chart: versions are never mixed in one."""

    algorithm: str
    version: str
    area: str
    metric: str
    side: Side = Side.FRONT
    """The picture's side: a left cheek seen from the left is another measurement."""
    light: str = REGULAR
    """The picture's light: what ultraviolet light shows is another measurement, too."""


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A result as kept here, keyed by rendition × algorithm × version × area × metric."""

    batch_id: BatchId
    rendition_id: RenditionId | None
    result: AlgorithmResult
    received_at: datetime
    is_set_aside: bool = False
    """Its picture counts no longer: another one was taken in its place."""


@dataclass(frozen=True, slots=True)
class VisitValue:
    """One point of a trend: a metric's value at a visit."""

    visit_name: str
    at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Trend:
    """A metric over the visits, oldest first."""

    key: MetricKey
    name: str
    unit: str | None
    points: tuple[VisitValue, ...] = field(default_factory=tuple)

    @property
    def change_from_baseline(self) -> float | None:
        """Last value minus first; None with fewer than two visits."""
        return self.points[-1].value - self.points[0].value if len(self.points) > 1 else None


@dataclass(frozen=True, slots=True)
class Change:
    """How far a value lies from the same metric's first value, at the same algorithm version."""

    amount: float
    since: str
    """The baseline visit's name."""
    higher_is_better: bool | None
    """None where the platform does not say which direction is good."""

    @property
    def is_better(self) -> bool | None:
        """Whether the skin is better than at the baseline; None for no change or no direction."""
        if self.higher_is_better is None or self.amount == 0:
            return None
        return (self.amount > 0) == self.higher_is_better


def bare_name(tech_name: str) -> str:
    """Strip a family prefix and fold case: ``selfie_v2.Redness`` → ``redness``.

    The platform has two vocabularies, family and internal names, that join on the suffix, and the
    casing has varied (contract §7.2).
    """
    return tech_name.rsplit(".", 1)[-1].strip().lower()
