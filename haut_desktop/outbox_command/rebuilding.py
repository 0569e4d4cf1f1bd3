"""``rebuild``: a damaged or missing record made anew from the sealed pictures."""

import argparse
from pathlib import Path
from typing import Final

from haut_desktop.domain.clock import system_clock
from haut_desktop.domain.errors import StoreError
from haut_desktop.outbox_command.output import DIFFERS, WELL, say, write_json
from haut_desktop.outbox_command.record import alone
from haut_desktop.store.need_of_rebuild import NeedlessRebuildError, Why, refuse_needless_rebuild
from haut_desktop.store.rebuild import Rebuilt, recover_station
from haut_desktop.store.secrets import Secrets
from haut_desktop.viewmodels.words import count

_ANYWAY: Final = "With --anyway it is rebuilt all the same."


async def rebuild(
    chosen: argparse.Namespace, folder: Path, secrets: Secrets, key: str | None
) -> int:
    """Rebuild the record in ``folder``, which no window may hold, and say what was found."""
    with alone(folder):
        rebuilt = await _rebuild_alone(folder, secrets, key, is_anyway=chosen.anyway)
    return _tell_rebuilt(chosen, rebuilt)


async def _rebuild_alone(
    folder: Path, secrets: Secrets, key: str | None, *, is_anyway: bool
) -> Rebuilt:
    """Rebuild what needs it, or, when that is wanted, whatever lies there."""
    why = Why.DAMAGED
    try:
        await refuse_needless_rebuild(folder, secrets, recovery_secret=key)
    except NeedlessRebuildError as error:
        if not is_anyway:
            raise NeedlessRebuildError(f"{error.message} {_ANYWAY}") from error
        why = Why.ASKED_FOR
    except StoreError:
        if not is_anyway:
            raise
        why = Why.ASKED_FOR
    station, rebuilt = await recover_station(
        folder, secrets, system_clock, recovery_secret=key, why=why
    )
    await station.aclose()
    return rebuilt


def _tell_rebuilt(chosen: argparse.Namespace, rebuilt: Rebuilt) -> int:
    if chosen.json:
        write_json(rebuilt)
    else:
        for left in rebuilt.held:
            say(f"held: {left.vault_name}: {left.reason}")
        for left in rebuilt.unreadable:
            say(f"does not open: {left.vault_name}: {left.reason}")
        say(
            f"{count(rebuilt.pictures, 'picture')} of {count(rebuilt.visits, 'visit')} and "
            f"{count(rebuilt.subjects, 'subject')}; before anything is sent the platform is asked "
            f"for {count(rebuilt.waiting_batches, 'batch', 'batches')}"
        )
        say(f"not in the vault, and so not in the new record: {', '.join(rebuilt.lost)}")
        if rebuilt.moved_to is not None:
            say(f"the former database lies in {rebuilt.moved_to}")
    return DIFFERS if rebuilt.held or rebuilt.unreadable else WELL
