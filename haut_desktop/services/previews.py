"""Pictures out of the vault for the screen: whole, or small and upright."""

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from haut_desktop.domain.errors import HautError
from haut_desktop.domain.ids import OriginalId
from haut_desktop.services import pictures
from haut_desktop.services.writing import to_its_end

if TYPE_CHECKING:
    from haut_desktop.domain.imaging import Original
    from haut_desktop.store.cache import PictureCache
    from haut_desktop.store.pictures import PictureStore
    from haut_desktop.store.vault import Vault

PREVIEW_EDGE_PX: Final = 640
"""Longer edge of a preview: sharp on a card of 300 pixels at 200 %."""

_log = logging.getLogger(__name__)


class Previews:
    """Opens sealed pictures; previews are kept sealed too."""

    def __init__(self, *, pictures: "PictureStore", vault: "Vault", cache: "PictureCache") -> None:
        self._pictures = pictures
        self._vault = vault
        self._cache = cache

    async def picture(self, original_id: OriginalId) -> bytes:
        """Open the original's bytes, exactly as they came."""
        original = await self._pictures.original(original_id)
        return await asyncio.to_thread(self._open, original)

    async def thumbnail(self, original_id: OriginalId, edge_px: int) -> bytes:
        """Give a JPEG, orientation applied, whose longer edge is at most ``edge_px`` pixels."""
        key = _key(original_id, edge_px)
        kept = await asyncio.to_thread(self._cache.get, key)
        if kept is not None:
            return kept
        original = await self._pictures.original(original_id)
        try:
            return await to_its_end(self._make, original, key, edge_px)
        finally:
            await self._let_go_if_erased(original_id, key)

    async def keep(self, original_id: OriginalId, small: bytes) -> None:
        """Keep a preview that was made on the way in."""
        key = _key(original_id, PREVIEW_EDGE_PX)
        try:
            await to_its_end(self._keep, original_id, key, small)
        finally:
            await self._let_go_if_erased(original_id, key)

    async def _let_go_if_erased(self, original_id: OriginalId, key: str) -> None:
        """Keep none of a picture that was erased meanwhile, also when nobody waits for it any more.

        What a stop leaves here all the same goes at the next start (``services/erasure.py``).
        """
        if await self._pictures.is_erased(original_id):
            await to_its_end(self._cache.forget, key)

    def _open(self, original: "Original") -> bytes:
        return self._vault.open(original.vault_name, original.digest.sha256)

    def _make(self, original: "Original", key: str, edge_px: int) -> bytes:
        made = pictures.thumbnail(self._open(original), edge_px)
        self._keep(original.id, key, made)
        return made

    def _keep(self, original_id: OriginalId, key: str, made: bytes) -> None:
        try:
            self._cache.put(key, made)
        except (HautError, OSError) as error:
            # a preview that can't be kept is made again the next time
            _log.info("preview of %s not kept: %s", original_id, type(error).__name__)


def forget_previews(cache: "PictureCache", original_id: OriginalId) -> None:
    """Keep no preview of a picture any longer; blocking."""
    cache.forget(_key(original_id, PREVIEW_EDGE_PX))


def _key(original_id: OriginalId, edge_px: int) -> str:
    return f"thumbnail/{original_id}/{edge_px}"
