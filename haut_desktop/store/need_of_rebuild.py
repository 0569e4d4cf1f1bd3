"""Whether a station's record needs to be made anew from the vault, which knows less than it."""

import asyncio
from enum import StrEnum
from pathlib import Path

from haut_desktop.domain.errors import StoreCorruptError, StoreError, StoreMissingError
from haut_desktop.store.database import Database
from haut_desktop.store.secrets import Secrets
from haut_desktop.store.station import DATABASE, read_keys


class Why(StrEnum):
    """Why the record is made anew; the word stands in the name of the file that is kept."""

    DAMAGED = "damaged"
    ASKED_FOR = "replaced"


class NeedlessRebuildError(StoreError):
    """The record is in order: a rebuild would only lose what is not in the vault."""

    default_title = "The record is in order"
    default_message = (
        "Nothing was changed. A rebuild knows only what lies in the vault: the record would lose "
        "subjects and visits without pictures, what was erased, what was begun on the platform "
        "and left behind, what the quality checks said in visits that were not finished, camera "
        "clocks, the pause, times and limit for sending, limits of disk space, how long pictures "
        "stay, the sign-in and the audit trail so far. They would be left in the file that is put "
        "aside, where the program no longer shows them."
    )


async def refuse_needless_rebuild(
    folder: Path, secrets: Secrets, *, recovery_secret: str | None = None
) -> None:
    """Return when the record of the station in ``folder`` is damaged or missing.

    The caller holds the instance lock. Raises NeedlessRebuildError for a record that is in order,
    and the KeyringError or StoreError of a trouble that a rebuild would not mend.
    """
    keys = await asyncio.to_thread(read_keys, folder, secrets, recovery_secret)
    try:
        await asyncio.to_thread(Database.prove, folder / DATABASE, keys.database_key)
    except (StoreCorruptError, StoreMissingError):
        return
    raise NeedlessRebuildError
