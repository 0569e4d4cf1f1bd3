"""``haut-desktop outbox``: the outbox on the command line, beside the window or without one.

Reading commands open the record for reading only and change nothing, but that ``verify`` renews a
sign-in that has ended while no window is open. That, ``rebuild`` and a change by ``keep`` take the
lock that the window takes. Exit codes: 0 it was done and nothing differs, 1 ``verify`` found a
difference, or ``rebuild`` a picture that waits for a person or does not open, 2 it could not be
done, or not wholly.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from haut_desktop.domain.clock import system_clock
from haut_desktop.domain.errors import HautError, StationError
from haut_desktop.outbox_command.arguments import make_parser
from haut_desktop.outbox_command.output import DIFFERS, NOT_DONE, WELL, write_as_made
from haut_desktop.outbox_command.record import alone, open_alone
from haut_desktop.outbox_troubles import for_a_command, no_station, read_recovery_key
from haut_desktop.settings import app_paths
from haut_desktop.store.secrets import KeyringSecrets, Secrets
from haut_desktop.store.station import (
    Station,
    has_station,
    open_station,
    open_station_for_reading,
)

__all__ = ["DIFFERS", "NOT_DONE", "WELL", "run_outbox_command"]


def run_outbox_command(arguments: Sequence[str], *, secrets: Secrets | None = None) -> int:
    """Do what the command line asks for; returns the exit code."""
    chosen = make_parser().parse_args(arguments)
    write_as_made()
    try:
        return asyncio.run(_run(chosen, secrets or KeyringSecrets()))
    except HautError as error:
        sys.stderr.write(f"{error.title}. {error.message}\n")
        return NOT_DONE


async def _run(chosen: argparse.Namespace, secrets: Secrets) -> int:
    paths = app_paths()
    usual = paths.practice_station if chosen.practice else paths.station
    folder: Path = chosen.folder or usual
    if not has_station(folder):
        raise no_station(folder, is_practice=chosen.practice)
    key = read_recovery_key(sys.stdin.readline()) if chosen.recovery_key_stdin else None
    try:
        return await _do(chosen, folder, secrets, key)
    except StationError as error:
        raise for_a_command(error, folder) from error


async def _do(chosen: argparse.Namespace, folder: Path, secrets: Secrets, key: str | None) -> int:
    """Do what changes the record alone on the folder, and the rest beside whoever works there."""
    if chosen.command == "rebuild":
        from haut_desktop.outbox_command.rebuilding import rebuild

        return await rebuild(chosen, folder, secrets, key)
    if chosen.command == "keep" and chosen.yes:
        with alone(folder):
            station = await open_station(folder, secrets, system_clock, recovery_secret=key)
            return await _answer(chosen, station)
    station = await open_station_for_reading(folder, secrets, system_clock, recovery_secret=key)
    if chosen.command == "verify":
        from haut_desktop.outbox_command.verifying import verify

        try:
            return await verify(chosen, station, partial(open_alone, folder, secrets, key))
        finally:
            await station.aclose()
    return await _answer(chosen, station)


async def _answer(chosen: argparse.Namespace, station: Station) -> int:
    """Do one verb on an open station and close it; imports only what that verb needs."""
    try:
        match chosen.command:
            case "list":
                from haut_desktop.outbox_command.listing import list_deliveries

                return await list_deliveries(chosen, station)
            case "keep":
                from haut_desktop.outbox_command.keeping import keep

                return await keep(chosen, station)
            case _:
                from haut_desktop.outbox_command.receipts import give_receipts

                return await give_receipts(chosen, station)
    finally:
        await station.aclose()
