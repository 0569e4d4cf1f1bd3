"""The dictionaries behind the results: described algorithms, applications with their lists."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from haut_desktop.domain.analysis import Algorithm, Application, BatchResults
from haut_desktop.domain.dictionary import describe, keep_versions
from haut_desktop.domain.ids import BatchId
from haut_desktop.domain.tenant import Tenant

if TYPE_CHECKING:
    from haut_desktop.api.client import HautApi
    from haut_desktop.store.results import ResultStore


class ResultDictionary:
    """Knows what platforms say of their algorithms; asks each once a start, keeps it for ever."""

    def __init__(self, *, api: "HautApi", store: "ResultStore") -> None:
        self._api = api
        self._store = store
        self._described = set[str]()
        """Servers that were asked for their algorithms."""
        self._fresh: dict[Tenant, frozenset[str]] = {}
        """What was asked for; an application the platform does not list is not asked for again."""

    async def refresh(self, tenant: Tenant, applications: Collection[str]) -> None:
        """Ask for what is not known yet; raises as every call to the platform does."""
        if tenant.server not in self._described:
            await self._store.save_algorithms(await self._api.algorithms())
            self._described.add(tenant.server)
        known = {application.tech_name for application in await self._store.applications()}
        asked = self._fresh.get(tenant)
        if asked is None or not set(applications) <= known | asked:
            await self._store.save_applications(await self._api.applications(tenant))
            self._fresh[tenant] = frozenset(applications) | (asked or frozenset())

    async def applications(self) -> tuple[Application, ...]:
        """Applications as they were last listed."""
        return await self._store.applications()

    async def describe(self, algorithm: str, version_id: int | None) -> str:
        """The platform's own description as HTML; empty for an algorithm it does not describe."""
        return (await self._find(algorithm, version_id)).description_html

    async def described(self, answer: BatchResults, batch_id: BatchId) -> BatchResults:
        """Add versions and names where the answer lacks them; the unknown stays as it is.

        What was added to the batch's results before stays so.
        """
        applications = await self._store.applications()
        described = describe(answer, applications, await self._store.algorithms())
        kept = await self._store.of_batch(batch_id)
        return keep_versions(answer, described, (one.result for one in kept))

    async def _find(self, algorithm: str, version_id: int | None) -> Algorithm:
        """By version where it is known, by name where the name has one version only."""
        entries = await self._store.algorithms()
        if version_id is not None:
            found = [e for e in entries if e.version_id == version_id]
        else:
            found = [e for e in entries if e.tech_name == algorithm]
        return found[0] if len(found) == 1 else Algorithm(None, algorithm, "", "")
