"""Sealed pictures on their way out: opened for sending, or held with the reason."""

import asyncio
import logging

from haut_desktop.domain.delivery import ImageEvent, Waiting
from haut_desktop.domain.errors import HautError, VaultError
from haut_desktop.domain.imaging import Image
from haut_desktop.services.troubles import trouble_of
from haut_desktop.store.outbox import OutboxStore
from haut_desktop.store.vault import Vault

_log = logging.getLogger(__name__)


class SealedImages:
    """What both routes do with a picture of the vault."""

    def __init__(self, outbox: OutboxStore, vault: Vault) -> None:
        self._outbox = outbox
        self._vault = vault

    async def data_of(self, image: Image) -> bytes | None:
        """Open the sealed bytes, checked against their SHA-256; an unreadable one is held."""
        rendition = image.rendition
        try:
            return await asyncio.to_thread(
                self._vault.open, rendition.vault_name, rendition.digest.sha256
            )
        except VaultError as error:
            await self.hold(image, error)
            return None

    async def hold(self, image: Image, error: HautError, *, body_drops: int | None = None) -> None:
        """Keep a picture back for a person, with ``error`` as the reason."""
        _log.warning("image %s is held: %s", image.id, error.kind)
        await self._outbox.move_image(
            image.id,
            ImageEvent.HOLD,
            waiting=Waiting(trouble=trouble_of(error)),
            body_drops=body_drops,
        )
