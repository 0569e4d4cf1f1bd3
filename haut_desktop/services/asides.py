"""Pictures that stay behind: what a visit set aside or removed, and erasing it for ever."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from haut_desktop.domain.errors import ErasureRefusedError
from haut_desktop.domain.ids import OriginalId, VisitId
from haut_desktop.domain.overviews import Aside

if TYPE_CHECKING:
    from haut_desktop.store.asides import AsideStore


class Asides:
    """Lists what stays behind of a visit, and erases it by a person's act."""

    def __init__(
        self,
        *,
        store: "AsideStore",
        erase: Callable[[OriginalId, str], Awaitable[None]],
        changing: asyncio.Lock,
    ) -> None:
        self._store = store
        self._erase = erase
        self._changing = changing

    async def of_visit(self, visit_id: VisitId) -> tuple[Aside, ...]:
        """Give a visit's pictures that were set aside or removed, in the slots' order."""
        return await self._store.of_visit(visit_id)

    async def erase(self, visit_id: VisitId, original_id: OriginalId, reason: str) -> None:
        """Erase one of them for ever; raises ErasureRefusedError for one that counts meanwhile.

        Also raises ItemError without a reason, and VaultError when a file can't go yet.
        """
        async with self._changing:
            behind = {one.original_id for one in await self._store.of_visit(visit_id)}
            if original_id not in behind:
                raise ErasureRefusedError(
                    "The picture stays behind no longer: it counts, or it was erased already. "
                    "Nothing was erased. Look at the visit again.",
                    title="The visit has changed",
                )
            await self._erase(original_id, reason)
