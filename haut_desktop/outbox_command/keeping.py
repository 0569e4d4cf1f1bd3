"""``keep``: how long delivered pictures stay on the station, said or changed."""

import argparse
import getpass
import sys
from typing import Any, Final

from haut_desktop.domain.audit import Act, given_reason
from haut_desktop.domain.clock import system_clock
from haut_desktop.domain.errors import StationError
from haut_desktop.outbox_command.output import NOT_DONE, WELL, held_by, say, write_json
from haut_desktop.services.keeping import Keeping, Kept
from haut_desktop.services.retention import CLOSED
from haut_desktop.store.station import Station

_HALF_A_CHANGE: Final = (
    "Name the study with --study, and one of --days, --until-closed and --closed; without any of "
    "them the command says what holds now."
)
_ONCE_MORE: Final = (
    "Nothing was changed. A picture that leaves is gone from this computer for ever; the program "
    "sees to it by itself when it runs the next time. What is not proven to be on the platform "
    "stays. Say the same once more with --yes."
)


async def keep(chosen: argparse.Namespace, station: Station) -> int:
    """Say how long pictures stay, or, once more with --yes, change it."""
    keeping = Keeping(
        studies=station.studies,
        erasures=station.erasures,
        asides=station.asides,
        clock=system_clock,
    )
    is_change = chosen.days is not None or chosen.until_closed or chosen.closed
    if not is_change or chosen.study is None:
        if is_change or chosen.yes or chosen.study is not None:
            raise StationError(_HALF_A_CHANGE, title="Nothing was changed")
        _tell_kept(chosen, await keeping.every())
        return WELL
    reason = given_reason(chosen.reason)
    days = CLOSED if chosen.closed else chosen.days
    planned = await keeping.planned(await keeping.find(chosen.study), days)
    if chosen.yes:
        by = f"{reason} (on the command line, computer account {getpass.getuser()})"
        await keeping.set(planned, Act(reason=by))
    _tell_kept(chosen, (planned,))
    if not chosen.yes:
        sys.stderr.write(f"{_ONCE_MORE}\n")
    return WELL if chosen.yes else NOT_DONE


def _tell_kept(chosen: argparse.Namespace, kept: tuple[Kept, ...]) -> None:
    if chosen.json:
        write_json({"studies": [_kept_in_json(one) for one in kept]})
        return
    for one in kept:
        study = one.study
        say(f"{study.name}  {study.id}")
        say(f"  for {held_by(study.server, study.company_id)}")
        say(f"  {one.rule}")
        say(f"  delivered pictures here: {one.delivered}; by this rule {one.leaving} of them leave")
        say(f"  {one.aside} set aside or removed {_aside_words(one)}")


def _aside_words(one: Kept) -> str:
    is_closed = one.study.plan.keep_days == CLOSED
    return "leave, because the study is closed" if is_closed else "stay until the study is closed"


def _kept_in_json(one: Kept) -> dict[str, Any]:
    return {
        "study_id": one.study.id,
        "study": one.study.name,
        "server": one.study.server,
        "company_id": one.study.company_id,
        "keep_days": one.study.plan.keep_days,
        "rule": one.rule,
        "delivered_pictures": one.delivered,
        "leaving_pictures": one.leaving,
        "aside_pictures": one.aside,
    }
