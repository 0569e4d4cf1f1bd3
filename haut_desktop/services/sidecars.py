"""The notes beside the sealed pictures, kept true when a picture's place changes."""

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from haut_desktop.domain.errors import HautError
from haut_desktop.domain.ids import SubjectId, VisitId
from haut_desktop.domain.visits import VisitSheet
from haut_desktop.services.finishing import slot_words

if TYPE_CHECKING:
    from haut_desktop.store.subjects import SubjectStore
    from haut_desktop.store.vault import Vault
    from haut_desktop.store.visits import VisitStore

_log = logging.getLogger(__name__)


class Sidecars:
    """Rewrites what lies beside a visit's pictures from what the record says."""

    def __init__(self, *, visits: "VisitStore", subjects: "SubjectStore", vault: "Vault") -> None:
        self._visits = visits
        self._subjects = subjects
        self._vault = vault

    async def follow(self, visit_id: VisitId) -> None:
        """Bring the visit's sidecars up to date; the record stays right where one fails."""
        sheet = await self._visits.sheet(visit_id)
        subject_id = sheet.visit.subject_id
        code = (await self._subjects.get(subject_id)).code if subject_id else ""
        try:
            await asyncio.to_thread(self._rewrite, sheet, subject_id, code)
        except HautError:
            _log.exception("the sidecars of visit %s could not be rewritten", visit_id)

    def _rewrite(self, sheet: VisitSheet, subject_id: SubjectId | None, code: str) -> None:
        for shelf in sheet.shelves:
            for taken in shelf.takes:
                name = taken.original.vault_name
                before = self._vault.sidecar(name)
                after = replace(
                    before,
                    subject_id=subject_id,
                    subject_code=code,
                    visit_id=sheet.visit.id,
                    visit_name=sheet.visit.name,
                    slot=slot_words(shelf.slot),
                    take=taken.take.number,
                )
                if after != before:
                    self._vault.set_sidecar(name, after)
