"""Reading back what a store took without proof: what each refusal and each trouble says of it."""

import pytest

from haut_desktop.domain.destination import SubjectAddress
from haut_desktop.domain.errors import (
    AddressExpiredError,
    HautError,
    PermissionRefusedError,
    RefusedError,
    UnexpectedAnswerError,
)
from haut_desktop.domain.ids import (
    CompanyId,
    PlatformBatchId,
    PlatformDatasetId,
    PlatformImageId,
    PlatformSubjectId,
)
from haut_desktop.domain.imaging import Image, ImageType, PlatformImage, Side
from haut_desktop.domain.tenant import Tenant
from haut_desktop.services.read_back import ReadBack
from tests.fakes.builders import (
    make_address,
    make_batch,
    make_picture,
    make_slots,
    make_study,
    make_visit,
)

_TO = SubjectAddress(
    Tenant("https://saas.haut.ai", CompanyId("company-1")),
    PlatformDatasetId("data set"),
    PlatformSubjectId("subject"),
    ImageType.SELFIE,
)
_BATCH = PlatformBatchId("there")
_DATA = b"sealed"


class Listing:
    """The platform's list of one batch, and the store behind it; either may refuse."""

    def __init__(self, name: str, listing: HautError | None, store: HautError | None) -> None:
        self._name = name
        self._listing = listing
        self._store = store

    async def batch_images(self, *_: object) -> tuple[PlatformImage, ...]:
        if self._listing is not None:
            raise self._listing
        url = "https://store.example/picture"
        picture = PlatformImageId("picture")
        return (PlatformImage(picture, _BATCH, self._name, Side.FRONT, original_url=url),)

    async def get(self, _url: str) -> bytes:
        if self._store is not None:
            raise self._store
        return _DATA


def _image() -> Image:
    study = make_study()
    visit = make_visit(study, None)
    (slot,) = make_slots(visit, (Side.FRONT,))
    _original, rendition, _take = make_picture(slot, _DATA)
    return make_batch(visit, study.datasets[0], ((slot, rendition),)).images[0]


async def _read_back(listing: HautError | None = None, store: HautError | None = None) -> None:
    image = _image()
    there = Listing(image.name, listing, store)
    read_back = ReadBack(there, there.get)  # type: ignore[arg-type]
    await read_back(image, make_address(image), _BATCH, _TO)


async def test_what_the_platform_gives_back_byte_for_byte_is_proven() -> None:
    await _read_back()


async def test_a_list_that_may_not_be_read_is_a_refused_question() -> None:
    with pytest.raises(PermissionRefusedError) as refused:
        await _read_back(listing=PermissionRefusedError())
    assert refused.value.is_of_question


@pytest.mark.parametrize(
    ("listing", "store"),
    (
        (RefusedError(404, "not_found", "Not found."), None),
        (RefusedError(400, "invalid", "Invalid."), None),
        (None, AddressExpiredError()),
    ),
    ids=("not listed", "not told", "not given"),
)
async def test_what_is_not_given_back_is_not_proven(
    listing: HautError | None, store: HautError | None
) -> None:
    with pytest.raises(UnexpectedAnswerError):
        await _read_back(listing, store)
