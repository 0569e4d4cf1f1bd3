"""Where a batch or a registration goes: the platform's ids on the way from company to subject."""

from dataclasses import dataclass

from haut_desktop.domain.ids import PlatformDatasetId, PlatformSubjectId
from haut_desktop.domain.imaging import ImageType
from haut_desktop.domain.tenant import Tenant


@dataclass(frozen=True, slots=True)
class DatasetAddress:
    """A dataset on the platform."""

    tenant: Tenant
    dataset_id: PlatformDatasetId


@dataclass(frozen=True, slots=True)
class SubjectAddress:
    """A registered subject in a dataset on the platform."""

    tenant: Tenant
    dataset_id: PlatformDatasetId
    subject_id: PlatformSubjectId
    image_type: ImageType
