"""The frame of the work: company, study, datasets, site, station, operator, imaging plan."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from haut_desktop.domain.delivery import Route
from haut_desktop.domain.ids import (
    CompanyId,
    DatasetId,
    OperatorId,
    PlatformDatasetId,
    SiteId,
    StationId,
    StudyId,
)
from haut_desktop.domain.imaging import ImageType, Side
from haut_desktop.domain.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Site:
    """The place where pictures are taken; its code is mandatory."""

    id: SiteId
    code: str
    zone: str
    """IANA zone, e.g. ``Europe/Berlin``; visit dates are dates in it."""


@dataclass(frozen=True, slots=True)
class Station:
    """One computer at a site; its id is in every row."""

    id: StationId
    site_id: SiteId
    name: str


@dataclass(frozen=True, slots=True)
class Operator:
    """Who works at the station: an account of the platform, known by its id and its role."""

    id: OperatorId
    company_id: CompanyId
    platform_user_id: int | None
    username: str
    server: str = ""
    """Where the account is; empty in a note or a row from before servers were kept."""


@dataclass(frozen=True, slots=True)
class PlatformDataset:
    """A dataset as the platform lists it."""

    id: PlatformDatasetId
    name: str
    image_type: ImageType | str
    applications: tuple[str, ...] | None
    """Technical names of the connected applications; None when the listing does not say."""
    keeps_images: bool = True
    """False when the platform deletes pictures as soon as they are computed."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A study's container on the platform for one image type."""

    id: DatasetId
    study_id: StudyId
    image_type: ImageType
    platform_id: PlatformDatasetId
    name: str
    route: Route
    applications: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture that the imaging plan expects at every visit."""

    side: Side
    light: str = "regular"
    step: str = ""
    replicate: int = 1
    is_required: bool = False


DEFAULT_SHOTS: Final = (
    Shot(Side.FRONT, is_required=True),
    Shot(Side.LEFT),
    Shot(Side.RIGHT),
)


@dataclass(frozen=True, slots=True)
class ImagingPlan:
    """The study's rules on the station; a study without a plan of its own has these."""

    code_pattern: str = r"[A-Z0-9][A-Z0-9-]{1,31}"
    """Regular expression that a whole subject code matches."""
    code_example: str = "B-007"
    check_character: str = ""
    """Name of a check-character scheme of ``stdnum`` (``luhn``, ``iso7064.mod_37_36``), or none."""
    planned_visits: tuple[str, ...] = ("Baseline", "Week 4", "Week 8", "Week 12")
    shots: tuple[Shot, ...] = DEFAULT_SHOTS
    resting_s: float = 300.0
    """How long a finished visit rests before it goes, in seconds."""
    keep_days: int | None = None
    """Days for which a picture stays on the station after its delivery is proven; None keeps it
    until the study is closed."""

    def matches_code(self, code: str) -> bool:
        """Whether ``code`` has the plan's form (the check character is checked apart)."""
        return re.fullmatch(self.code_pattern, code) is not None


@dataclass(frozen=True, slots=True)
class Study:
    """A study as the site knows it; owns one dataset per image type."""

    id: StudyId
    company_id: CompanyId
    name: str
    datasets: tuple[Dataset, ...]
    plan: ImagingPlan = field(default_factory=ImagingPlan)
    created_at: datetime | None = None
    server: str = ""
    """Where the study's datasets are; empty until somebody of the company signs in, for a study
    from before servers were kept."""

    @property
    def tenant(self) -> Tenant:
        """The company on its server to which everything of the study belongs."""
        return Tenant(self.server, self.company_id)

    def dataset_for(self, image_type: ImageType) -> Dataset | None:
        """The dataset that takes pictures of ``image_type``, if the study has one."""
        return next((d for d in self.datasets if d.image_type == image_type), None)
