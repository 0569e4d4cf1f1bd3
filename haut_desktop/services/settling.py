"""Whether a computation that nobody answered for was accepted after all: its results appear."""

from haut_desktop.api.client import HautApi
from haut_desktop.domain.destination import SubjectAddress
from haut_desktop.domain.imaging import Batch


class ResultsProbe:
    """Asks both generations of the platform for a first result of a batch."""

    def __init__(self, api: HautApi) -> None:
        self._api = api

    async def __call__(self, batch: Batch, to: SubjectAddress) -> bool:
        """Whether anything was computed of ``batch``; failed algorithms count, too."""
        if batch.platform_id is None:
            return False
        answer = await self._api.batch_results(to.company_id, batch.platform_id)
        if answer.results:
            return True
        for image in batch.images:
            if image.platform_id is None:
                continue
            rows = await self._api.image_results(
                to.company_id, to.dataset_id, to.subject_id, batch.platform_id, image.platform_id
            )
            if rows.results:
                return True
        return False
