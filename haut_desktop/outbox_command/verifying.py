"""``verify``: every sealed picture read, every confirmed one asked for."""

import argparse
from typing import Final

from haut_desktop.api.object_store import ObjectStore
from haut_desktop.domain.clock import system_clock
from haut_desktop.domain.verification import VerificationReport
from haut_desktop.outbox_command.kept_sign_in import KeptSignIn, OpenAlone
from haut_desktop.outbox_command.output import (
    DIFFERS,
    NOT_DONE,
    WELL,
    held_by,
    say,
    write_json,
)
from haut_desktop.services.verification import Verification
from haut_desktop.store.spool import SPOOL, Spool
from haut_desktop.store.station import Station
from haut_desktop.viewmodels.words import count, size

_OFFLINE: Final = "--offline was given."
_NOBODY: Final = "Nobody is signed in on this station. Open the program, sign in, and try again."


async def verify(chosen: argparse.Namespace, station: Station, open_alone: OpenAlone) -> int:
    """Compare the record with the vault and the platform, and say what differs."""
    kept = await station.credentials.load()
    reason = _OFFLINE if chosen.offline else _NOBODY if kept is None else ""
    api = None
    if kept is not None and not reason:
        api = KeptSignIn(kept, station, open_alone).api
    objects = ObjectStore(clock=system_clock)
    verification = Verification(
        pictures=station.pictures,
        outbox=station.outbox,
        destinations=station.destinations,
        audit=station.audit,
        vault=station.vault,
        clock=system_clock,
        api=api,
        objects=objects,
        no_api=reason,
        spool=(
            Spool(station.folder / SPOOL, station.keys.recipient, system_clock),
            station.keys.identity,
        ),
    )
    try:
        report = await verification.verify()
    finally:
        await objects.aclose()
        if api is not None:
            await api.aclose()
    return _tell_verification(chosen, report)


def _tell_verification(chosen: argparse.Namespace, report: VerificationReport) -> int:
    if chosen.json:
        write_json(report)
    else:
        for one in report.differences:
            where = f"{one.place}: " if one.place else ""
            say(f"{one.kind}  {where}{one.words}  ({one.entity} {one.entity_id})")
            if one.tenant is not None:
                say(f"    {held_by(one.tenant.server, one.tenant.company_id)}")
        for picture in report.unanswered:
            say(f"could not be asked for  {picture.place}: {picture.words}  ({picture.image_id})")
        for holder in report.holders:
            say(
                f"{held_by(holder.tenant.server, holder.tenant.company_id)}: "
                f"{count(holder.confirmed_pictures, 'picture')} delivered, "
                f"{holder.asked_pictures} looked for there"
            )
        say(
            f"{count(report.pictures, 'sealed picture')} read here "
            f"({size(report.bytes_read)}), {report.asked_pictures} looked for on the "
            f"platform, {count(len(report.differences), 'difference')}"
        )
        if report.spooled_pictures:
            say(
                f"{count(report.spooled_pictures, 'picture')} more read that "
                "were sealed while the keyring was locked: start the program, it places them"
            )
        if report.not_asked:
            say(f"Not everything was looked for on the platform: {report.not_asked}")
        if report.only_listed_pictures:
            say(
                f"{count(report.only_listed_pictures, 'picture')} of those only listed there: the "
                "platform did not give them out, so that their bytes were not compared"
            )
    if not report.is_clean:
        return DIFFERS
    return NOT_DONE if report.not_asked and not chosen.offline else WELL
