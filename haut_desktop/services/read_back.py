"""Reading back what a store took without a word of proof: only the platform can show it.

An empty answer with status 200 comes from a store that proves nothing, and from a proxy that never
passed the picture on. Only the bytes themselves tell the two apart.
"""

import hashlib
from collections.abc import Awaitable, Callable

from haut_desktop.api.client import HautApi
from haut_desktop.domain.destination import SubjectAddress
from haut_desktop.domain.errors import ItemError, UnexpectedAnswerError
from haut_desktop.domain.ids import PlatformBatchId
from haut_desktop.domain.imaging import Image, PlatformImage, UploadAddress
from haut_desktop.services.settling import NotToldError, asking


class ReadBack:
    """Fetches a picture from where the platform lists it, and compares."""

    def __init__(self, api: HautApi, fetch: Callable[[str], Awaitable[bytes]]) -> None:
        self._api = api
        self._fetch = fetch

    async def __call__(
        self, image: Image, address: UploadAddress, batch: PlatformBatchId, to: SubjectAddress
    ) -> None:
        """Return when the platform holds the sealed bytes; raises UnexpectedAnswerError else.

        Raises also what asking for it meets; the outcome is unknown then.
        """
        try:
            url = await self._url(image, address, batch, to)
            data = await self._fetch(url) if url else b""
        except (ItemError, NotToldError):
            data = b""
        if hashlib.sha256(data).hexdigest() != image.rendition.digest.sha256:
            raise UnexpectedAnswerError("put picture", "proof")

    async def _url(
        self, image: Image, address: UploadAddress, batch: PlatformBatchId, to: SubjectAddress
    ) -> str:
        with asking():
            listed = await self._api.batch_images(to.tenant, to.dataset_id, to.subject_id, batch)
        return next((one.original_url for one in listed if _is(one, image, address)), "")


def _is(listed: PlatformImage, image: Image, address: UploadAddress) -> bool:
    return listed.id == address.platform_id or listed.name == image.name
