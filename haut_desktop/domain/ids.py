"""Identities: ours are UUIDs made on the station, the platform's are kept beside them.

A row of ours is found by our id alone; a subject's code, a file name or a platform id may change or
repeat and is never a key.
"""

from typing import NewType
from uuid import uuid4

StationId = NewType("StationId", str)
SiteId = NewType("SiteId", str)
OperatorId = NewType("OperatorId", str)
StudyId = NewType("StudyId", str)
DatasetId = NewType("DatasetId", str)
SubjectId = NewType("SubjectId", str)
RegistrationId = NewType("RegistrationId", str)
VisitId = NewType("VisitId", str)
SlotId = NewType("SlotId", str)
TakeId = NewType("TakeId", str)
OriginalId = NewType("OriginalId", str)
RenditionId = NewType("RenditionId", str)
BatchId = NewType("BatchId", str)
ImageId = NewType("ImageId", str)

CompanyId = NewType("CompanyId", str)
PlatformDatasetId = NewType("PlatformDatasetId", str)
PlatformSubjectId = NewType("PlatformSubjectId", str)
PlatformBatchId = NewType("PlatformBatchId", str)
PlatformImageId = NewType("PlatformImageId", str)


def new_id() -> str:
    """Make an identity that no other station will ever make; wrap it in the row's own id type."""
    return str(uuid4())
