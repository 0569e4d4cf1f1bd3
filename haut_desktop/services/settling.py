"""Settling what nobody answered for: by asking the platform, never by sending again on a guess."""

from collections.abc import Awaitable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from haut_desktop.api.client import HautApi
from haut_desktop.domain.destination import SubjectAddress
from haut_desktop.domain.errors import (
    HautError,
    NetworkError,
    PermissionRefusedError,
    RefusedError,
    ServerError,
)
from haut_desktop.domain.ids import ImageId, PlatformBatchId, PlatformImageId
from haut_desktop.domain.imaging import Batch, Image, PlatformImage, image_id_in

DROPS_THAT_REFUSE: Final = 2
"""An early refusal of a big body looks like a dropped connection (httpx: ``ReadError``)."""
_NOT_FOUND: Final = 404


class InDoubtError(ServerError):
    """The platform answers, and yet what became of one thing is open: that thing waits alone."""


class NotToldError(InDoubtError):
    """The platform refused to say what became of something that may well have arrived."""

    default_title = "The platform doesn't say what arrived"

    def __init__(self, refusal: RefusedError) -> None:
        super().__init__(
            "The station asked what became of it, and that question was refused. Nothing is sent "
            f"again; the station asks again by itself. {refusal.message}"
        )


@contextmanager
def asking() -> Iterator[None]:
    """Keep a refused question apart from a refused thing: it says nothing of the thing itself.

    Raises NotToldError in its place; that something is not there is an answer. A missing right is
    marked as one to ask.
    """
    try:
        yield
    except PermissionRefusedError as error:
        error.is_of_question = True
        raise
    except RefusedError as error:
        if error.status == _NOT_FOUND:
            raise
        raise NotToldError(error) from error


async def listed_by_our_ids(
    api: HautApi, batch: PlatformBatchId, to: SubjectAddress, *, or_none_if_missing: bool
) -> Mapping[ImageId | None, PlatformImage]:
    """Give the pictures that the platform lists in its batch, by our own ids in their names.

    Of a batch that it does not know: none ``or_none_if_missing``, or else raises RefusedError.
    """
    try:
        with asking():
            found = await api.batch_images(to.tenant, to.dataset_id, to.subject_id, batch)
    except RefusedError:
        if not or_none_if_missing:
            raise
        return {}
    return {image_id_in(picture.name): picture for picture in found}


class ResultsProbe:
    """Asks both generations of the platform for a first result of a batch."""

    def __init__(self, api: HautApi) -> None:
        self._api = api

    async def __call__(self, batch: Batch, to: SubjectAddress) -> bool:
        """Whether anything was computed of ``batch``; failed algorithms count, too.

        What one address does not know the other may: only both together say that there is nothing.
        """
        if batch.platform_id is None:
            return False
        if await _is_said(self._has_batch_results(batch.platform_id, to)):
            return True
        for image_id in await self._ids(batch, batch.platform_id, to):
            if await _is_said(self._has_rows(batch.platform_id, image_id, to)):
                return True
        return False

    async def _has_batch_results(self, batch_id: PlatformBatchId, to: SubjectAddress) -> bool:
        answer = await self._api.batch_results(to.tenant, batch_id)
        # a platform may leave out what failed; that everything is calculated is said all the same
        return bool(answer.results) or answer.is_complete_by_platform is True

    async def _has_rows(
        self, batch_id: PlatformBatchId, image_id: PlatformImageId, to: SubjectAddress
    ) -> bool:
        where = (to.tenant, to.dataset_id, to.subject_id, batch_id, image_id)
        return bool((await self._api.image_results(*where)).results)

    async def _ids(
        self, batch: Batch, batch_id: PlatformBatchId, to: SubjectAddress
    ) -> list[PlatformImageId]:
        """The pictures' ids: as the platform lists them where it did not tell all of them."""
        known = [image.platform_id for image in batch.images if image.platform_id is not None]
        if known and len(known) == len(batch.images):
            return known
        try:
            listed = await self._api.batch_images(to.tenant, to.dataset_id, to.subject_id, batch_id)
        except RefusedError as error:
            if error.status != _NOT_FOUND:
                raise
            return known
        return list(dict.fromkeys([*known, *(picture.id for picture in listed)]))


async def _is_said(answer: Awaitable[bool]) -> bool:
    """Give the answer; where the platform knows no such thing, nothing is said."""
    try:
        return await answer
    except RefusedError as error:
        if error.status != _NOT_FOUND:
            raise
        return False


async def count_drops(api: HautApi, to: SubjectAddress, image: Image, error: HautError) -> int:
    """How often the other side broke off in the middle of ``image``, with ``error`` counted in.

    Only a refusal leaves the platform within reach. A line too slow for the body is no refusal.
    """
    is_drop = getattr(error, "in_body", False) and not _has_timed_out(error)
    return image.body_drops + int(is_drop and await _is_platform_there(api, to))


async def _is_platform_there(api: HautApi, to: SubjectAddress) -> bool:
    try:
        await api.dataset(to.tenant, to.dataset_id)
    except NetworkError:
        return False
    except HautError:
        return True
    return True


def _has_timed_out(error: BaseException) -> bool:
    """Whether waiting too long is what broke it; the transport's own classes end in ``Timeout``."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, TimeoutError) or type(cause).__name__.endswith("Timeout"):
            return True
        cause = cause.__cause__
    return False
