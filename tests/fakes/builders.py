"""Things of the record with everything filled in, so that a test names only what it is about."""

import hashlib
from dataclasses import replace
from datetime import date, datetime
from typing import overload

from haut_desktop.domain.delivery import (
    BatchState,
    ImageState,
    Proof,
    RegistrationState,
    Route,
)
from haut_desktop.domain.ids import (
    BatchId,
    CompanyId,
    DatasetId,
    ImageId,
    OriginalId,
    PlatformDatasetId,
    PlatformImageId,
    RegistrationId,
    RenditionId,
    SlotId,
    StationId,
    StudyId,
    SubjectId,
    TakeId,
    VisitId,
    new_id,
)
from haut_desktop.domain.imaging import (
    Batch,
    CaptureTime,
    Digest,
    Image,
    ImageType,
    Original,
    ProofOfDelivery,
    Rendition,
    Side,
    Slot,
    Take,
    Transform,
    UploadAddress,
    Verdict,
    VerdictLevel,
    image_name,
)
from haut_desktop.domain.study import Dataset, Study
from haut_desktop.domain.subjects import (
    CodeKind,
    Registration,
    Subject,
    SubjectCode,
    SubjectDetails,
)
from haut_desktop.domain.visits import TakenPicture, Visit, VisitKind, VisitStatus
from tests.fakes.clock import START


def make_study(name: str = "Barrier cream", *, image_type: ImageType = ImageType.SELFIE) -> Study:
    """A study with one dataset: faces go by the signed route, everything else inline."""
    study_id = StudyId(new_id())
    route = Route.SIGNED if image_type is ImageType.SELFIE else Route.INLINE
    dataset = Dataset(
        id=DatasetId(new_id()),
        study_id=study_id,
        image_type=image_type,
        platform_id=PlatformDatasetId(f"platform-{image_type}"),
        name=f"{name} {image_type}",
        route=route,
        applications=("face_skin_metrics_3.0",),
    )
    return Study(
        study_id,
        CompanyId("company-1"),
        name,
        (dataset,),
        created_at=START,
        server="https://saas.haut.ai",
    )


def make_subject(
    study: Study,
    code: str = "B-007",
    *,
    state: RegistrationState = RegistrationState.DRAFT,
    station_id: StationId | None = None,
) -> Subject:
    """A subject with one registration per dataset of the study."""
    subject_id = SubjectId(new_id())
    registrations = tuple(
        Registration(RegistrationId(new_id()), subject_id, dataset.id, RegistrationState.DRAFT)
        for dataset in study.datasets
    )
    return Subject(
        id=subject_id,
        study_id=study.id,
        station_id=station_id or StationId(new_id()),
        codes=(SubjectCode(code, CodeKind.SCREENING, "", START),),
        details=SubjectDetails(birth_year=1980, biological_sex="female", phototype=3),
        created_at=START,
        registrations=tuple(replace(r, state=state) for r in registrations),
    )


def make_visit(
    study: Study,
    subject: Subject | None,
    name: str = "Baseline",
    *,
    occurrence: int = 1,
    created_at: datetime = START,
) -> Visit:
    """An open visit."""
    return Visit(
        id=VisitId(new_id()),
        study_id=study.id,
        subject_id=subject.id if subject else None,
        name=name,
        occurrence=occurrence,
        kind=VisitKind.PLANNED,
        status=VisitStatus.OPEN,
        local_date=date(2026, 3, 1),
        created_at=created_at,
        observations=(("skin condition", "dry"),),
    )


def make_slots(
    visit: Visit,
    sides: tuple[Side, ...] = (Side.FRONT, Side.LEFT, Side.RIGHT),
    *,
    image_type: ImageType = ImageType.SELFIE,
) -> tuple[Slot, ...]:
    """The slots of a visit, the front one required."""
    return tuple(
        Slot(
            SlotId(new_id()),
            visit.id,
            image_type,
            side,
            position=position,
            is_required=side is Side.FRONT,
        )
        for position, side in enumerate(sides)
    )


def make_digest(data: bytes) -> Digest:
    """What identifies ``data``."""
    return Digest(
        hashlib.sha256(data).hexdigest(),
        hashlib.md5(data, usedforsecurity=False).hexdigest(),
        len(data),
    )


@overload
def make_picture(
    slot: Slot,
    data: bytes | None = None,
    *,
    number: int = 1,
    counts: bool = True,
    vault_name: str | None = None,
) -> tuple[Original, Rendition, Take]: ...
@overload
def make_picture(
    slot: None,
    data: bytes | None = None,
    *,
    number: int = 1,
    counts: bool = True,
    vault_name: str | None = None,
) -> tuple[Original, Rendition, None]: ...
def make_picture(
    slot: Slot | None,
    data: bytes | None = None,
    *,
    number: int = 1,
    counts: bool = True,
    vault_name: str | None = None,
) -> tuple[Original, Rendition, Take | None]:
    """A picture with its two descriptions and, in a slot, its take."""
    take = None if slot is None else Take(TakeId(new_id()), slot.id, number, counts)
    digest = make_digest(data if data is not None else new_id().encode())
    original = Original(
        id=OriginalId(new_id()),
        take_id=take.id if take else None,
        digest=digest,
        media_type="image/jpeg",
        width=3000,
        height=4000,
        orientation=6,
        file_name="IMG_0001.JPG",
        captured=CaptureTime("2026:03:01 10:12:44", "+01:00", "exif-original", START),
        received_at=START,
        vault_name=vault_name or f"{new_id()}.age",
    )
    rendition = Rendition(
        RenditionId(new_id()),
        original.id,
        Transform(),
        digest,
        "image/jpeg",
        original.vault_name,
    )
    return original, rendition, take


def make_taken(slot: Slot, data: bytes | None = None, *, number: int = 1) -> TakenPicture:
    """A picture in its slot, of which nothing was said yet."""
    original, rendition, take = make_picture(slot, data, number=number)
    return TakenPicture(take, original, rendition)


def make_verdict(rendition: Rendition, code: str = "sharp") -> Verdict:
    """A good word about a picture."""
    return Verdict(rendition.id, "station", code, VerdictLevel.GOOD, "Sharp.", 92.0)


def make_batch(
    visit: Visit,
    dataset: Dataset,
    pictures: tuple[tuple[Slot, Rendition], ...],
    *,
    state: BatchState = BatchState.OPEN,
) -> Batch:
    """A batch of sealed pictures."""
    batch_id = BatchId(new_id())
    images = []
    for slot, rendition in pictures:
        image_id = ImageId(new_id())
        name = image_name(visit=visit.name, slot=slot, take=1, image_id=image_id, suffix="jpg")
        images.append(
            Image(image_id, batch_id, rendition, slot.side, slot.light, name, ImageState.SEALED)
        )
    return Batch(
        batch_id, visit.id, dataset.id, dataset.route, state, tuple(images), visit.created_at
    )


def make_address(image: Image, platform_id: str | None = None) -> UploadAddress:
    """A signed address for one picture."""
    return UploadAddress(
        f"https://store.example/{image.id}?signature=secret",
        "PUT",
        (("content-type", "image/jpeg"),),
        PlatformImageId(platform_id or f"platform-{image.id}"),
    )


def make_proof(at: datetime = START) -> ProofOfDelivery:
    """The strongest proof."""
    return ProofOfDelivery(Proof.STORE_HASH, "md5=00", at)
